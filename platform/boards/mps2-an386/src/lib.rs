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

mod board;
mod dual_timer;
mod gpio;
mod memory_map;
mod stack_guard;
mod uart;

pub use board::{DESCRIPTION, Mps2An386, take};
pub use dual_timer::DualTimer;
pub use gpio::{Button, Led};
pub use memory_map::{DualTimerInterrupt, TICKS_PER_US};
pub use uart::Uart;
#[cfg(target_os = "none")]
pub use uart::write_serial;
