//! Buttons that connect their pin to ground: high for the runtime while they are pressed.

use embedded_hal::digital::{ErrorType, InputPin};

/// An input whose low level means high.
#[derive(Debug)]
pub struct ActiveLow<P>(pub P);

impl<P: ErrorType> ErrorType for ActiveLow<P> {
    type Error = P::Error;
}

impl<P: InputPin> InputPin for ActiveLow<P> {
    fn is_high(&mut self) -> Result<bool, P::Error> {
        self.0.is_low()
    }

    fn is_low(&mut self) -> Result<bool, P::Error> {
        self.0.is_high()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;

    struct Level(bool);

    impl ErrorType for Level {
        type Error = Infallible;
    }

    impl InputPin for Level {
        fn is_high(&mut self) -> Result<bool, Infallible> {
            Ok(self.0)
        }

        fn is_low(&mut self) -> Result<bool, Infallible> {
            Ok(!self.0)
        }
    }

    #[test]
    fn button_is_high_while_its_pin_is_low() {
        assert_eq!(ActiveLow(Level(false)).is_high(), Ok(true));
        assert_eq!(ActiveLow(Level(true)).is_high(), Ok(false));
        assert_eq!(ActiveLow(Level(true)).is_low(), Ok(true));
    }
}
