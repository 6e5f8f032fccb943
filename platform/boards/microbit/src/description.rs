//! What the board is called and what it has.

use mote_traits::{BoardDescription, Direction, PinDescription};

/// What the board is called and what it has. The outputs come first.
pub const DESCRIPTION: BoardDescription = BoardDescription {
    name: "microbit",
    summary: "BBC micro:bit: nRF51822, Cortex-M0 at 16 MHz, 256 KB + 16 KB; also as emulated by QEMU",
    pins: &[
        PinDescription {
            name: "led0",
            direction: Direction::Output,
        },
        PinDescription {
            name: "led1",
            direction: Direction::Output,
        },
        PinDescription {
            name: "button0",
            direction: Direction::Input,
        },
        PinDescription {
            name: "button1",
            direction: Direction::Input,
        },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use mote_traits::PinIndex;

    #[test]
    fn description_places_match_the_table_of_pins() {
        for (name, direction, place) in [
            ("led0", Direction::Output, 0),
            ("led1", Direction::Output, 1),
            ("button0", Direction::Input, 2),
            ("button1", Direction::Input, 3),
        ] {
            assert_eq!(DESCRIPTION.pin(name, direction), Some(PinIndex(place)));
        }
    }
}
