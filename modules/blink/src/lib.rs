//! Blinks an LED at 2 Hz, and says how often it has.
//!
//! Everything that it may do is in `manifest.toml` beside this folder.
#![no_std]
#[cfg(not(target_arch = "wasm32"))]
extern crate std;

use mote_sdk::{Clock, Error, Log, Output, OutputPin};

mote_sdk::entry!(blink);

/// Half of a blink, in microseconds.
const HALF_PERIOD_US: u64 = 250_000;

fn blink() -> Result<(), Error> {
    let log = Log::open("log")?;
    let clock = Clock::open("time")?;
    let mut led = Output::open("led")?;
    log.info("blinking at 2 Hz")?;
    let mut next_us = clock.now_us()?;
    loop {
        led.set_high()?;
        next_us += HALF_PERIOD_US;
        clock.sleep_until_us(next_us)?;
        led.set_low()?;
        next_us += HALF_PERIOD_US;
        clock.sleep_until_us(next_us)?;
    }
}
