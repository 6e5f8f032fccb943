//! Messages for people.

use mote_abi::LogLevel;

use crate::Error;
use crate::capability::Capability;
use crate::raw;

/// A `log`.
#[derive(Debug)]
pub struct Log(Capability);

impl Log {
    /// Opens the log of that name in the manifest.
    ///
    /// # Errors
    ///
    /// Where the manifest has none of that name, or the module was not granted it.
    pub fn open(name: &str) -> Result<Self, Error> {
        Capability::open(name).map(Self)
    }

    /// Writes a message; one below the level that was granted is dropped.
    ///
    /// # Errors
    ///
    /// Where it is longer than [`mote_abi::LOG_MESSAGE_MAX_BYTES`], or the log was revoked.
    pub fn write(&self, level: LogLevel, message: &str) -> Result<(), Error> {
        Error::check(raw::log_write(self.0.handle(), level.number(), message))
    }

    /// Writes a message of level info.
    ///
    /// # Errors
    ///
    /// As [`Log::write`].
    pub fn info(&self, message: &str) -> Result<(), Error> {
        self.write(LogLevel::Info, message)
    }

    /// Writes a message of level error.
    ///
    /// # Errors
    ///
    /// As [`Log::write`].
    pub fn error(&self, message: &str) -> Result<(), Error> {
        self.write(LogLevel::Error, message)
    }
}
