//! A board whose pins are a row of outputs and a row of inputs, with a clock.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin, StatefulOutputPin};
use mote_traits::{Board, BoardDescription, Clock, Gpio, PinIndex};

/// A board of such pins. Its description lists the outputs first, then the inputs, in their order.
#[expect(
    missing_debug_implementations,
    reason = "the pins of some HALs have none"
)]
pub struct PinBoard<O, I, C, const OUTPUTS: usize, const INPUTS: usize> {
    /// What the board is called and what it has.
    pub description: &'static BoardDescription,
    /// The outputs.
    pub outputs: [O; OUTPUTS],
    /// The inputs.
    pub inputs: [I; INPUTS],
    /// The clock.
    pub clock: C,
}

impl<O, I, C, const OUTPUTS: usize, const INPUTS: usize> Gpio for PinBoard<O, I, C, OUTPUTS, INPUTS>
where
    O: StatefulOutputPin + ErrorType<Error = Infallible>,
    I: InputPin + ErrorType<Error = Infallible>,
{
    type Error = Infallible;

    fn output(&mut self, pin: PinIndex) -> Option<&mut dyn StatefulOutputPin<Error = Infallible>> {
        let pin = self.outputs.get_mut(usize::from(pin.0))?;
        Some(pin)
    }

    fn input(&mut self, pin: PinIndex) -> Option<&mut dyn InputPin<Error = Infallible>> {
        let index = usize::from(pin.0).checked_sub(OUTPUTS)?;
        let pin = self.inputs.get_mut(index)?;
        Some(pin)
    }
}

impl<O, I, C: Clock, const OUTPUTS: usize, const INPUTS: usize> Clock
    for PinBoard<O, I, C, OUTPUTS, INPUTS>
{
    fn now_us(&mut self) -> u64 {
        self.clock.now_us()
    }

    fn rest_until_us(&mut self, deadline_us: Option<u64>) {
        self.clock.rest_until_us(deadline_us);
    }

    fn computed(&mut self, fuel: u64) {
        self.clock.computed(fuel);
    }
}

impl<O, I, C, const OUTPUTS: usize, const INPUTS: usize> Board
    for PinBoard<O, I, C, OUTPUTS, INPUTS>
where
    O: StatefulOutputPin + ErrorType<Error = Infallible>,
    I: InputPin + ErrorType<Error = Infallible>,
    C: Clock,
{
    fn description(&self) -> &'static BoardDescription {
        self.description
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use embedded_hal::digital::OutputPin;
    use mote_traits::{Direction, PinDescription};

    struct Level(bool);

    impl ErrorType for Level {
        type Error = Infallible;
    }

    impl OutputPin for Level {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.0 = false;
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.0 = true;
            Ok(())
        }
    }

    impl StatefulOutputPin for Level {
        fn is_set_high(&mut self) -> Result<bool, Infallible> {
            Ok(self.0)
        }

        fn is_set_low(&mut self) -> Result<bool, Infallible> {
            Ok(!self.0)
        }
    }

    impl InputPin for Level {
        fn is_high(&mut self) -> Result<bool, Infallible> {
            Ok(self.0)
        }

        fn is_low(&mut self) -> Result<bool, Infallible> {
            Ok(!self.0)
        }
    }

    static DESCRIPTION: BoardDescription = BoardDescription {
        name: "test",
        summary: "two outputs and an input",
        pins: &[
            PinDescription::output("a"),
            PinDescription::output("b"),
            PinDescription::input("c"),
        ],
    };

    struct NoClock;

    impl Clock for NoClock {
        fn now_us(&mut self) -> u64 {
            7
        }

        fn rest_until_us(&mut self, _: Option<u64>) {}
    }

    #[test]
    fn pins_are_where_the_description_says() {
        let mut board = PinBoard {
            description: &DESCRIPTION,
            outputs: [Level(false), Level(false)],
            inputs: [Level(true)],
            clock: NoClock,
        };
        let at = |name, direction| DESCRIPTION.pin(name, direction).unwrap();
        let b = at("b", Direction::Output);
        board.output(b).unwrap().set_high().unwrap();
        assert!(board.outputs[1].0 && !board.outputs[0].0);
        let c = at("c", Direction::Input);
        assert_eq!(board.input(c).unwrap().is_high(), Ok(true));
        // Neither row has what the other has, nor what is past both.
        assert!(board.input(b).is_none());
        assert!(board.output(c).is_none());
        assert!(board.input(PinIndex(3)).is_none());
        assert_eq!(board.now_us(), 7);
        assert_eq!(board.description().name, "test");
    }
}
