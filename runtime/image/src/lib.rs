#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_code)]
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
#[cfg(test)]
extern crate std;

mod crc;
mod header;
mod image;
mod instruction;
mod kind;
mod shape;
mod symbols;
mod table;
mod verify;

pub use crc::{crc32, crc32_continue};
pub use header::{Features, HEADER_BYTES, Header, MAGIC, MemoryType, NONE, VERSION};
pub use image::{
    Export, ExportKind, FunctionRecord, Image, ImportRecord, PREAMBLE_BYTES, Rejected, SegmentMode,
    SegmentRecord, TableRecord, TypeRecord, export_record, import_record, preamble, segment_record,
    table_record, type_record,
};
pub use instruction::{
    Class, DOCUMENTATION, Description, Documentation, Encoded, INSTRUCTIONS, Instruction,
    OPERANDS_MAX, length, offset, opcode,
};
pub use kind::{Kind, instruction_length, operand_offset};
pub use shape::Shape;
pub use symbols::{
    Origin, SYMBOLS_HEADER_BYTES, SYMBOLS_MAGIC, SYMBOLS_VERSION, SymbolBytes, Symbols,
    SymbolsError, SymbolsHeader,
};
pub use verify::{BYTES_PER_UNIT, FRAME_WORDS_MAX, Verified, verify};
