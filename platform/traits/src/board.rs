//! A board: everything that the runtime may ask of the hardware, and its description.

use crate::{Clock, Direction, Gpio, PinDescription, PinIndex};

/// What a board is called and what it has: data, so that a tool can read it without the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardDescription {
    /// The name that policies and the tool's `--board` use.
    pub name: &'static str,
    /// One line for a person.
    pub summary: &'static str,
    /// The pins that modules can be granted, by name.
    pub pins: &'static [PinDescription],
}

impl BoardDescription {
    /// Returns the place of the pin of that name and direction, or nothing where there is none.
    #[must_use]
    pub fn pin(&self, name: &str, direction: Direction) -> Option<PinIndex> {
        let place = self
            .pins
            .iter()
            .position(|pin| pin.name == name && pin.direction == direction)?;
        u8::try_from(place).ok().map(PinIndex)
    }
}

/// Everything that the runtime asks of the hardware.
pub trait Board: Gpio + Clock {
    /// Returns what the board is and has.
    fn description(&self) -> &'static BoardDescription;
}
