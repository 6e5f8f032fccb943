#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod board;
mod clock;
mod gpio;

pub use board::{Board, BoardDescription};
pub use clock::Clock;
pub use gpio::{Direction, Gpio, PinDescription, PinIndex};
