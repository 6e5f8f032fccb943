#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod board;
mod pins;
mod time;

pub use board::{SIM, SimBoard};
pub use pins::{PinChange, ScheduledLevel};
pub use time::{NANOSECONDS_PER_FUEL, Pace};
