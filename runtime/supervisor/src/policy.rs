//! The policy: what a board's owner lets modules have.
//!
//! People write it as TOML beside the firmware; the firmware holds it as postcard. A list of
//! grants, and what no grant covers is refused: there is no rule that takes away, so the order of
//! the list cannot matter. Names are borrowed from where the policy lies, so that a device needs no
//! RAM for them.

use heapless::Vec;
use mote_abi::LogLevel;
use serde::{Deserialize, Serialize};

use crate::capability::{Interface, Rights};

/// Most grants in a policy.
pub const GRANTS_MAX: usize = 16;

/// Who and what a grant is for: everyone, or those named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Names<'a> {
    /// Every name.
    Any,
    /// These names, with a space between: a name has none.
    #[serde(borrow)]
    Of(&'a str),
}

impl Names<'_> {
    /// Tells whether a name is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Of(names) => names.split(' ').any(|own| own == name),
        }
    }
}

/// Something that modules may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyGrant<'a> {
    /// Which modules.
    #[serde(borrow)]
    pub modules: Names<'a>,
    /// Which kind of capability.
    pub interface: Interface,
    /// Which pins, for an interface that is of pins.
    #[serde(borrow)]
    pub pins: Names<'a>,
    /// Which rights at the most.
    pub rights: Rights,
    /// The most talkative log level, as [`LogLevel::number`]; 0 for other interfaces.
    pub log_level: u8,
}

impl PolicyGrant<'_> {
    /// Returns the most talkative log level, or nothing where the number is none.
    #[must_use]
    pub fn log_level(&self) -> Option<LogLevel> {
        LogLevel::from_number(i32::from(self.log_level))
    }
}

/// What a board's owner lets modules have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy<'a> {
    /// The list. What none of them covers is refused.
    #[serde(borrow)]
    pub grants: Vec<PolicyGrant<'a>, GRANTS_MAX>,
}
