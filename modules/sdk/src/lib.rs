#![doc = include_str!("../README.md")]
#![no_std]
#[cfg(test)]
extern crate std;

mod capability;
mod clock;
mod entry;
mod error;
mod event;
mod gpio;
mod log;
mod raw;

pub use clock::Clock;
pub use embedded_hal::delay::DelayNs;
pub use embedded_hal::digital::{InputPin, OutputPin, StatefulOutputPin};
pub use entry::ExitCode;
pub use error::Error;
pub use event::next_event;
pub use gpio::{Input, Output};
pub use log::Log;
pub use mote_abi::{ErrorCode, Event, EventKind, LogLevel};
