//! The board's clock.

use embedded_hal::delay::DelayNs;

use crate::Error;
use crate::capability::Capability;
use crate::raw;

/// A `clock`.
#[derive(Debug)]
pub struct Clock(Capability);

impl Clock {
    /// Opens the clock of that name in the manifest.
    ///
    /// # Errors
    ///
    /// Where the manifest has none of that name, or the module was not granted it.
    pub fn open(name: &str) -> Result<Self, Error> {
        Capability::open(name).map(Self)
    }

    /// Returns the microseconds since the board started.
    ///
    /// # Errors
    ///
    /// Where the clock was revoked, or the module may not look at it.
    pub fn now_us(&self) -> Result<u64, Error> {
        let now_us = raw::clock_now_us(self.0.handle());
        Error::check_long(now_us).map(|()| now_us.cast_unsigned())
    }

    /// Waits for so many microseconds at least.
    ///
    /// # Errors
    ///
    /// Where the clock was revoked, the module may not wait by it, or the time is 2^63 or more.
    pub fn sleep_us(&self, duration_us: u64) -> Result<(), Error> {
        Error::check(raw::clock_sleep_us(
            self.0.handle(),
            duration_us.cast_signed(),
        ))
    }

    /// Waits until the clock shows that.
    ///
    /// # Errors
    ///
    /// Where the clock was revoked, the module may not wait by it, or the time is 2^63 or more.
    pub fn sleep_until_us(&self, deadline_us: u64) -> Result<(), Error> {
        Error::check(raw::clock_sleep_until_us(
            self.0.handle(),
            deadline_us.cast_signed(),
        ))
    }
}

impl DelayNs for Clock {
    /// Waits for so many nanoseconds at least, rounded up to microseconds. Where the clock was
    /// revoked it does not wait: the trait has no way to say so.
    fn delay_ns(&mut self, ns: u32) {
        let _ = self.sleep_us(u64::from(ns).div_ceil(1_000));
    }
}
