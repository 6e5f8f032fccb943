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
extern crate alloc;
#[cfg(test)]
extern crate std;

mod config;
mod engine;
mod rejected;
mod start;
mod value;

pub use config::Limits;
pub use engine::{WasmiEngine, trap_kind};
pub use rejected::Rejected;

/// The engine's name, by which the tool's `--engine` and a device's reports know it.
pub const NAME: &str = "wasmi";
