#![doc = include_str!("../README.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::alloc_instead_of_core
    )
)]
#[cfg(test)]
extern crate std;

#[cfg(target_os = "none")]
mod board;
mod button;
mod description;
mod timer;
mod uart;

#[cfg(target_os = "none")]
pub use board::{Microbit, take};
pub use button::ActiveLow;
pub use description::DESCRIPTION;
pub use timer::Timer;
pub use uart::Uart;
#[cfg(target_os = "none")]
pub use uart::write_serial;
