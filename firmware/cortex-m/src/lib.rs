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

#[cfg(target_os = "none")]
mod failure;
mod line;
#[cfg(target_os = "none")]
mod report;
#[cfg(target_os = "none")]
mod run;

pub use line::{Line, Write};
#[cfg(target_os = "none")]
pub use run::{EngineDescription, Firmware, run, run_image};
