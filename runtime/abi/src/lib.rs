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
#[cfg(test)]
extern crate std;

mod error;
mod event;
mod function;
mod handle;
mod limit;
mod log_level;

pub use error::ErrorCode;
pub use event::{Event, EventKind};
pub use function::{HostFunction, Type};
pub use handle::{Handle, INDEX_MAX, generation_after};
pub use limit::{ENTRY, IMPORT_MODULE, LOG_MESSAGE_MAX_BYTES, NAME_MAX_BYTES, VERSION};
pub use log_level::LogLevel;
