//! Simulated pins: what modules drive, and what the world drives.

use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};
use mote_traits::PinIndex;

/// A change of an output, as a logic analyser would see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinChange {
    /// When, by the board's clock.
    pub time_us: u64,
    /// Which pin.
    pub pin: PinIndex,
    /// Its new level.
    pub high: bool,
}

/// A level that the world puts on an input at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledLevel {
    /// When, by the board's clock.
    pub time_us: u64,
    /// Which pin.
    pub pin: PinIndex,
    /// Its new level.
    pub high: bool,
}

/// One pin of either direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SimPin {
    pub(crate) high: bool,
}

impl ErrorType for SimPin {
    type Error = Infallible;
}

impl OutputPin for SimPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.high = false;
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high = true;
        Ok(())
    }
}

impl StatefulOutputPin for SimPin {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.high)
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.high)
    }
}

impl InputPin for SimPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.high)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.high)
    }
}
