//! LEDs and buttons: bits of two registers in the FPGA.
//!
//! AN386, registers of the FPGA's system control and I/O: `FPGAIO->LED0` at offset 0 has LED 0 and 1
//! in its bits 0 and 1, a set bit lights; `FPGAIO->BUTTON` at offset 8 has button 0 and 1 likewise.
//! QEMU 7.2 models the LEDs, but its buttons always read as 0, and nothing outside can press one.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};
use mote_cortex_m::Registers;

const LED0: usize = 0x00;
const BUTTON: usize = 0x08;

/// An LED, high when lit.
#[derive(Debug)]
pub struct Led<R> {
    registers: R,
    mask: u32,
}

impl<R: Registers> Led<R> {
    /// Makes an LED of the one whose bit is set in the mask.
    pub const fn new(registers: R, mask: u32) -> Self {
        Self { registers, mask }
    }

    /// Changes this LED's bit and leaves the others as they are. One core without interrupts needs
    /// no lock between the two accesses.
    fn write(&mut self, lit: bool) {
        let others = self.registers.read(LED0) & !self.mask;
        let own = if lit { self.mask } else { 0 };
        self.registers.write(LED0, others | own);
    }
}

impl<R> ErrorType for Led<R> {
    type Error = Infallible;
}

impl<R: Registers> OutputPin for Led<R> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.write(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.write(true);
        Ok(())
    }
}

impl<R: Registers> StatefulOutputPin for Led<R> {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.registers.read(LED0) & self.mask != 0)
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        self.is_set_high().map(|high| !high)
    }
}

/// A button, high while it is pressed.
#[derive(Debug)]
pub struct Button<R> {
    registers: R,
    mask: u32,
}

impl<R: Registers> Button<R> {
    /// Makes a button of the one whose bit is set in the mask.
    pub const fn new(registers: R, mask: u32) -> Self {
        Self { registers, mask }
    }
}

impl<R> ErrorType for Button<R> {
    type Error = Infallible;
}

impl<R: Registers> InputPin for Button<R> {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.registers.read(BUTTON) & self.mask != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    struct Fake {
        led0: Rc<Cell<u32>>,
        button: Rc<Cell<u32>>,
    }

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            match offset {
                0 => self.led0.get(),
                8 => self.button.get(),
                other => panic!("offset {other:#x}"),
            }
        }

        fn write(&mut self, offset: usize, value: u32) {
            assert_eq!(offset, 0, "only the LEDs are written");
            self.led0.set(value);
        }
    }

    #[test]
    fn led_changes_only_its_own_bit() {
        let fake = Fake::default();
        let mut led0 = Led::new(fake.clone(), 1);
        let mut led1 = Led::new(fake.clone(), 2);
        led0.set_high().unwrap();
        led1.set_high().unwrap();
        assert_eq!(fake.led0.get(), 3);
        assert!(led0.is_set_high().unwrap());
        led0.set_low().unwrap();
        assert_eq!(fake.led0.get(), 2);
        assert!(led0.is_set_low().unwrap());
        led1.toggle().unwrap();
        assert_eq!(fake.led0.get(), 0);
    }

    #[test]
    fn button_reads_its_own_bit() {
        let fake = Fake::default();
        let mut button0 = Button::new(fake.clone(), 1);
        let mut button1 = Button::new(fake.clone(), 2);
        assert!(button0.is_low().unwrap());
        fake.button.set(2);
        assert!(button0.is_low().unwrap());
        assert!(button1.is_high().unwrap());
    }
}
