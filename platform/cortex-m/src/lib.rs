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

mod block;
mod board;
mod clock;
mod core_sleep;
mod region;
mod registers;
#[cfg(target_os = "none")]
pub mod stack;

pub use block::Block;
pub use board::PinBoard;
pub use clock::{AlarmTimer, MonotonicClock};
pub use core_sleep::{CoreSleep, WaitForInterrupt};
pub use region::bundle_region;
pub use registers::{Mmio, Registers};
