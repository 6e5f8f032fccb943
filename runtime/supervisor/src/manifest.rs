//! The manifest: what a module is, and what it asks for.
//!
//! People write it as TOML (the host tool's `manifest.rs` reads that); a device gets it as
//! postcard. This is the postcard form, the same type on both sides: `N` is how names are held, in
//! the value itself ([`Name`]) where people's text is read, and borrowed from where the manifest lies
//! (`&str`) on a device, which has no RAM for them. Both are encoded alike.

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
pub struct Request<N = Name> {
    /// The name that the module opens it by.
    pub name: N,
    /// The kind of capability.
    pub interface: Interface,
    /// The pin, for an interface that is of one.
    pub pin: Option<N>,
    /// What the module wants to do with it.
    pub rights: Rights,
    /// The most talkative log level that is wanted, as [`LogLevel::number`]; 0 for other
    /// interfaces.
    pub log_level: u8,
    /// Whether the module can do without.
    pub optional: bool,
}

impl<N> Request<N> {
    /// Returns the request with names of another type.
    pub fn map<'a, M>(&'a self, name: impl Fn(&'a N) -> M) -> Request<M> {
        Request {
            name: name(&self.name),
            interface: self.interface,
            pin: self.pin.as_ref().map(name),
            rights: self.rights,
            log_level: self.log_level,
            optional: self.optional,
        }
    }

    /// Returns the log level that is wanted, or nothing where the number is none.
    #[must_use]
    pub fn log_level(&self) -> Option<LogLevel> {
        LogLevel::from_number(i32::from(self.log_level))
    }
}

/// What a module is, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest<N = Name> {
    /// The guest ABI that the module was built for: [`mote_abi::VERSION`].
    pub abi: u16,
    /// The module's name.
    pub name: N,
    /// The module's version.
    pub version: Version,
    /// Most bytes of memory that the module may have, if it says so.
    pub memory_max_bytes: Option<u32>,
    /// Most bytes of stack that its calls may take, if it says so. It is what a module gets whose
    /// calls have no bound; one that takes more by itself does not start. (wasmi has a stack of its own
    /// and does not look at it.)
    pub stack_max_bytes: Option<u32>,
    /// What it asks for.
    pub capabilities: Vec<Request<N>, CAPABILITIES_MAX>,
}

impl<N> Manifest<N> {
    /// Returns the manifest of a module that has none: it asks for nothing.
    #[must_use]
    pub fn nameless(name: N) -> Self {
        Self {
            abi: mote_abi::VERSION,
            name,
            version: Version::default(),
            memory_max_bytes: None,
            stack_max_bytes: None,
            capabilities: Vec::new(),
        }
    }
}

impl Manifest {
    /// Returns the manifest with names that are borrowed from here.
    #[must_use]
    pub fn borrowed(&self) -> Manifest<&str> {
        Manifest {
            abi: self.abi,
            name: &self.name,
            version: self.version,
            memory_max_bytes: self.memory_max_bytes,
            stack_max_bytes: self.stack_max_bytes,
            capabilities: self
                .capabilities
                .iter()
                .map(|request| request.map(|name| name.as_str()))
                .collect(),
        }
    }
}
