//! Digital pins, as embedded-hal has them: drivers written for it run unchanged.

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};

use crate::Error;
use crate::capability::Capability;
use crate::raw;

/// A `gpio.out`.
#[derive(Debug)]
pub struct Output(Capability);

impl Output {
    /// Opens the output of that name in the manifest.
    ///
    /// # Errors
    ///
    /// Where the manifest has none of that name, or the module was not granted it.
    pub fn open(name: &str) -> Result<Self, Error> {
        Capability::open(name).map(Self)
    }

    fn write(&mut self, level: i32) -> Result<(), Error> {
        Error::check(raw::gpio_write(self.0.handle(), level))
    }
}

impl ErrorType for Output {
    type Error = Error;
}

impl OutputPin for Output {
    fn set_low(&mut self) -> Result<(), Error> {
        self.write(0)
    }

    fn set_high(&mut self) -> Result<(), Error> {
        self.write(1)
    }
}

impl StatefulOutputPin for Output {
    fn is_set_high(&mut self) -> Result<bool, Error> {
        read(&self.0)
    }

    fn is_set_low(&mut self) -> Result<bool, Error> {
        read(&self.0).map(|high| !high)
    }
}

/// A `gpio.in`.
#[derive(Debug)]
pub struct Input(Capability);

impl Input {
    /// Opens the input of that name in the manifest.
    ///
    /// # Errors
    ///
    /// Where the manifest has none of that name, or the module was not granted it.
    pub fn open(name: &str) -> Result<Self, Error> {
        Capability::open(name).map(Self)
    }
}

impl ErrorType for Input {
    type Error = Error;
}

impl InputPin for Input {
    fn is_high(&mut self) -> Result<bool, Error> {
        read(&self.0)
    }

    fn is_low(&mut self) -> Result<bool, Error> {
        read(&self.0).map(|high| !high)
    }
}

fn read(pin: &Capability) -> Result<bool, Error> {
    let level = raw::gpio_read(pin.handle());
    Error::check(level).map(|()| level != 0)
}
