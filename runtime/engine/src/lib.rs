#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#[cfg(test)]
extern crate std;

mod cold;
mod context;
mod engine;
#[cfg(feature = "float")]
mod float;
mod image_engine;
mod instance;
mod interpreter;
mod raw;
mod slow;
#[cfg(feature = "trace")]
mod trace;
mod trap;
mod value;

pub use engine::{CallError, Engine, Fault, FunctionIndex, Import, ImportIndex, Signature, Step};
pub use image_engine::{ImageEngine, StartError};
pub use instance::InstanceSize;
pub use trap::{CodePlace, Trap, TrapKind};
pub use value::{Value, ValueType, Values};
