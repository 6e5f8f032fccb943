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

mod engine;
mod trap;
mod value;

pub use engine::{CallError, Engine, Fault, FunctionIndex, Import, ImportIndex, Signature, Step};
pub use trap::{CodeLocation, Trap, TrapKind};
pub use value::{Value, ValueType, Values};
