//! Digital pins, by their place in the board's table.
//!
//! A board's pins have different types in its HAL; the table makes them one, as trait objects of
//! embedded-hal. Any HAL's pins fit.

use embedded_hal::digital::{Error, InputPin, StatefulOutputPin};

/// A pin's place in [`BoardDescription::pins`](crate::BoardDescription::pins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PinIndex(pub u8);

/// Which way a pin is used. It is fixed by what is soldered to it, hence by the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The board samples it.
    Input,
    /// The board drives it.
    Output,
}

/// A pin that modules can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinDescription {
    /// The name that manifests and policies use.
    pub name: &'static str,
    /// Which way it is used.
    pub direction: Direction,
}

impl PinDescription {
    /// Describes an output.
    #[must_use]
    pub const fn output(name: &'static str) -> Self {
        Self {
            name,
            direction: Direction::Output,
        }
    }

    /// Describes an input.
    #[must_use]
    pub const fn input(name: &'static str) -> Self {
        Self {
            name,
            direction: Direction::Input,
        }
    }
}

/// The digital pins of a board.
pub trait Gpio {
    /// What a pin may fail with.
    type Error: Error;

    /// Returns an output, or nothing where the pin is none.
    fn output(&mut self, pin: PinIndex) -> Option<&mut dyn StatefulOutputPin<Error = Self::Error>>;

    /// Returns an input, or nothing where the pin is none.
    fn input(&mut self, pin: PinIndex) -> Option<&mut dyn InputPin<Error = Self::Error>>;
}
