#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![deny(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#[cfg(test)]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod backend;
mod body;
mod branch;
mod buffers;
mod constant;
mod control;
mod entity;
mod error;
mod locals;
mod module;
mod operands;
mod operator;
mod reader;
mod sections;
mod storage;
mod translate;

pub use backend::{
    Address, Backend, Bulk, Call, Function, FunctionEnd, Label, Operand, Results, Slot, Target,
};
pub use buffers::{Buffers, Workspace};
pub use constant::NULL_REFERENCE;
pub use control::Control;
pub use entity::{
    DataSegment, ElementSegment, Export, ExportKind, FunctionType, Global, Import, Items, Memory,
    Mode, Table, words,
};
pub use error::{Error, Failure, Rule, RuleKind};
pub use locals::LocalRun;
pub use module::Module;
pub use operands::Entry;
pub use operator::{AccessOperator, BulkOperator, Operator};
pub use translate::{Options, translate};
