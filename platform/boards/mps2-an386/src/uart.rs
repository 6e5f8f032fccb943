//! The CMSDK UART, for writing.
//!
//! Registers and bits: Cortex-M System Design Kit TRM (ARM DDI 0479), the UART's programmers model.
//! Writing waits while the one byte of buffer is full; nothing is ever dropped.

use core::convert::Infallible;

use embedded_io::{ErrorType, Write};
use mote_cortex_m::Registers;

use crate::memory_map::TICKS_PER_US;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVIDER: usize = 0x10;

/// `STATE`: the transmit buffer is full.
const TRANSMIT_FULL: u32 = 1 << 0;
/// `CONTROL`: transmission is enabled.
const TRANSMIT_ENABLE: u32 = 1 << 0;

/// Clock ticks a bit, for 115,200 baud. QEMU sends at once whatever this says, but not below 16.
const DIVIDER: u32 = (TICKS_PER_US * 1_000_000).div_ceil(115_200);

/// A serial line that is written to.
#[derive(Debug)]
pub struct Uart<R> {
    registers: R,
}

impl<R: Registers> Uart<R> {
    /// Sets the line up: 115,200 baud, 8 bits, no parity, one stop bit.
    pub fn new(mut registers: R) -> Self {
        registers.write(BAUD_DIVIDER, DIVIDER);
        registers.write(CONTROL, TRANSMIT_ENABLE);
        Self { registers }
    }
}

/// Sends bytes on the board's serial line, and waits until they are on their way.
///
/// There is nothing to take first, so that a firmware that fails can use it too. Only on the board.
#[cfg(target_os = "none")]
pub fn write_serial(bytes: &[u8]) {
    // SAFETY: this is the board, so the UART is there. Nothing else uses it, and who is interrupted
    // here by a fault is not returned to.
    let registers = unsafe { mote_cortex_m::Mmio::new(crate::memory_map::UART0) };
    let Ok(()) = Uart::new(registers).write_all(bytes);
}

impl<R> ErrorType for Uart<R> {
    type Error = Infallible;
}

impl<R: Registers> Write for Uart<R> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for &byte in bytes {
            self.flush()?;
            self.registers.write(DATA, u32::from(byte));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while self.registers.read(STATE) & TRANSMIT_FULL != 0 {
            core::hint::spin_loop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;
    use std::rc::Rc;
    use std::vec::Vec;

    use super::*;

    /// A UART that needs three looks to send a byte.
    #[derive(Clone, Default)]
    struct Fake(Rc<RefCell<(Vec<u8>, u32, u32)>>);

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            assert_eq!(offset, 0x04);
            let (_, busy, _) = &mut *self.0.borrow_mut();
            *busy = busy.saturating_sub(1);
            u32::from(*busy > 0)
        }

        fn write(&mut self, offset: usize, value: u32) {
            let (sent, busy, enabled) = &mut *self.0.borrow_mut();
            match offset {
                0x00 => {
                    assert_eq!(*busy, 0, "the byte before would be lost");
                    assert_ne!(*enabled, 0);
                    *busy = 3;
                    sent.push(u8::try_from(value).unwrap());
                }
                0x08 => *enabled = value & 1,
                0x10 => assert!(value >= 16),
                other => panic!("offset {other:#x}"),
            }
        }
    }

    #[test]
    fn uart_waits_for_each_byte_to_be_sent() {
        let fake = Fake::default();
        let mut uart = Uart::new(fake.clone());
        uart.write_all(b"frame\0").unwrap();
        uart.flush().unwrap();
        assert_eq!(fake.0.borrow().0, b"frame\0");
        assert_eq!(DIVIDER, 218, "115,200 baud within 0.5 %");
    }
}
