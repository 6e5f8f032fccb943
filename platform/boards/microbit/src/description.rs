//! What the board is called and what it has.

use mote_traits::{BoardDescription, PinDescription};

/// What the board is called and what it has. The outputs come first.
pub const DESCRIPTION: BoardDescription = BoardDescription {
    name: "microbit",
    summary: "BBC micro:bit: nRF51822, Cortex-M0 at 16 MHz, 256 KB + 16 KB; also as emulated by QEMU",
    pins: &[
        PinDescription::output("led0"),
        PinDescription::output("led1"),
        PinDescription::input("button0"),
        PinDescription::input("button1"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use mote_traits::{Direction, PinIndex};

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
