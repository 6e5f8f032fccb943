//! The policy: what a board's owner lets modules have.
//!
//! People write it as TOML beside the firmware; the firmware holds it as postcard. A list of
//! grants, and what no grant covers is refused: there is no rule that takes away, so the order of
//! the list cannot matter.

use heapless::Vec;
use mote_abi::LogLevel;
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::capability::{Interface, Rights};

/// Most grants in a policy.
pub const GRANTS_MAX: usize = 16;

/// Most names in a grant's list of modules or pins.
pub const NAMES_MAX: usize = 8;

/// Who and what a grant is for: everyone, or those named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "no heap to put the list on")]
pub enum Names {
    /// Every name.
    Any,
    /// These names.
    Of(Vec<Name, NAMES_MAX>),
}

impl Names {
    /// Tells whether a name is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(names) => names.iter().any(|own| own == name),
        }
    }
}

/// Something that modules may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyGrant {
    /// Which modules.
    pub modules: Names,
    /// Which kind of capability.
    pub interface: Interface,
    /// Which pins, for an interface that is of pins.
    pub pins: Names,
    /// Which rights at the most.
    pub rights: Rights,
    /// The most talkative log level, as [`LogLevel::number`]; 0 for other interfaces.
    pub log_level: u8,
}

impl PolicyGrant {
    /// Returns the most talkative log level, or nothing where the number is none.
    #[must_use]
    pub fn log_level(&self) -> Option<LogLevel> {
        LogLevel::from_number(i32::from(self.log_level))
    }
}

/// What a board's owner lets modules have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The list. What none of them covers is refused.
    pub grants: Vec<PolicyGrant, GRANTS_MAX>,
}
