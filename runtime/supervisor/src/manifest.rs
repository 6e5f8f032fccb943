//! The manifest: what a module is, and what it asks for.
//!
//! People write it as TOML (the host tool's `manifest.rs` reads that); a device gets it as
//! postcard. This is the postcard form, the same type on both sides.

use heapless::Vec;
use mote_abi::LogLevel;
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::capability::table::CAPABILITIES_MAX;
use crate::capability::{Interface, Rights};

/// A version number: greater is newer, part by part.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Version {
    /// Raised for a change that breaks something.
    pub major: u16,
    /// Raised for something new.
    pub minor: u16,
    /// Raised for a repair.
    pub patch: u16,
}

impl core::fmt::Display for Version {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// One capability that a module asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The name that the module opens it by.
    pub name: Name,
    /// The kind of capability.
    pub interface: Interface,
    /// The pin, for an interface that is of one.
    pub pin: Option<Name>,
    /// What the module wants to do with it.
    pub rights: Rights,
    /// The most talkative log level that is wanted, as [`LogLevel::number`]; 0 for other
    /// interfaces.
    pub log_level: u8,
    /// Whether the module can do without.
    pub optional: bool,
}

impl Request {
    /// Returns the log level that is wanted, or nothing where the number is none.
    #[must_use]
    pub fn log_level(&self) -> Option<LogLevel> {
        LogLevel::from_number(i32::from(self.log_level))
    }
}

/// What a module is, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The guest ABI that the module was built for: [`mote_abi::VERSION`].
    pub abi: u16,
    /// The module's name.
    pub name: Name,
    /// The module's version.
    pub version: Version,
    /// Most bytes of memory that the module may have, if it says so.
    pub memory_max_bytes: Option<u32>,
    /// Most bytes of stack that its calls may take, if it says so. It is what a module gets whose
    /// calls have no bound; one that takes more by itself does not start. (wasmi has a stack of its own
    /// and does not look at it.)
    pub stack_max_bytes: Option<u32>,
    /// What it asks for.
    pub capabilities: Vec<Request, CAPABILITIES_MAX>,
}

impl Manifest {
    /// Returns the manifest of a module that has none: it asks for nothing.
    #[must_use]
    pub fn nameless(name: Name) -> Self {
        Self {
            abi: mote_abi::VERSION,
            name,
            ..Self::default()
        }
    }
}
