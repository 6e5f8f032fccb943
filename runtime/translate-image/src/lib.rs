#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing
)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::alloc_instead_of_core
    )
)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "families, kinds and operators are many"
)]
#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod backend;
mod code;
mod forms;
mod lower;
mod operators;
mod output;
mod select;
mod stack;
mod symbols;
mod translator;
mod tree;
#[cfg(feature = "alloc")]
mod vector;

pub use code::Fixup;
pub use output::{Memory, Output, RECORD_BYTES};
pub use translator::{Buffers, ImageBackend, Limit};
#[cfg(feature = "alloc")]
pub use vector::{Translated, translate_to_vec, translate_with_symbols};
