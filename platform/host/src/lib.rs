#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bench;
mod boards;
pub mod cli;
mod demo;
mod device;
mod device_image;
mod disassembly;
mod duration;
mod engine;
mod exit;
pub mod inspect;
mod inspect_command;
mod module;
mod present;
mod printable;
mod qemu;
mod recording;
mod replay;
mod run;
mod simulator;
mod terminal;
mod trace;
mod translate_command;
mod translation;
mod values;
pub mod wasi;
mod wasi_command;
mod watch;

pub use exit::{Code, Failure};
