//! Interfaces: the kinds of capability there are.

use mote_traits::Direction;
use serde::{Deserialize, Serialize};

use super::Rights;

/// A kind of capability.
///
/// The order is that of the postcard encoding: new kinds go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Interface {
    /// A digital output: [`gpio`](super::gpio).
    GpioOut,
    /// A digital input: [`gpio`](super::gpio).
    GpioIn,
    /// The board's clock: [`clock`](super::clock).
    Clock,
    /// The log: [`log`](super::log).
    Log,
}

impl Interface {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::GpioOut, Self::GpioIn, Self::Clock, Self::Log];

    /// Returns the name that manifests and policies use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GpioOut => "gpio.out",
            Self::GpioIn => "gpio.in",
            Self::Clock => "clock",
            Self::Log => "log",
        }
    }

    /// Returns the interface of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|interface| interface.name() == name)
    }

    /// Returns the rights that mean something there, which are also what is asked for by default.
    #[must_use]
    pub const fn rights(self) -> Rights {
        match self {
            Self::GpioOut => Rights::WRITE.union(Rights::READ),
            Self::GpioIn => Rights::READ,
            Self::Clock => Rights::READ.union(Rights::WAIT),
            Self::Log => Rights::WRITE,
        }
    }

    /// Returns which kind of pin the interface is for, or nothing where it is for none.
    #[must_use]
    pub const fn pin_direction(self) -> Option<Direction> {
        match self {
            Self::GpioOut => Some(Direction::Output),
            Self::GpioIn => Some(Direction::Input),
            Self::Clock | Self::Log => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_round_trip() {
        for interface in Interface::ALL {
            assert_eq!(Interface::from_name(interface.name()), Some(interface));
            assert!(!interface.rights().is_empty());
        }
        assert_eq!(Interface::from_name("gpio"), None);
    }
}
