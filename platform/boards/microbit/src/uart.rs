//! The serial line, for writing: P0.24, which the micro:bit's interface chip passes on by USB.
//!
//! nRF51 Series Reference Manual 3.0, chapter 29 "Universal Asynchronous Receiver/Transmitter (UART)",
//! for registers and bits. Each byte is waited for, so nothing is ever dropped. (The HAL's driver waits
//! for a byte that it writes before it starts the transmitter, which QEMU 7.2 never sends.)

use core::convert::Infallible;

use embedded_io::{ErrorType, Write};
use mote_cortex_m::Registers;

const TASK_START_TRANSMIT: usize = 0x008;
/// The byte in `TRANSMIT` is sent.
const EVENT_SENT: usize = 0x11c;
const ENABLE: usize = 0x500;
const TRANSMIT_PIN: usize = 0x50c;
const TRANSMIT: usize = 0x51c;
const BAUD_RATE: usize = 0x524;

/// `ENABLE`: the UART has its pins.
const ENABLED: u32 = 4;
/// `TRANSMIT_PIN`: P0.24 on the micro:bit.
const PIN: u32 = 24;
/// `BAUD_RATE`: 115,200.
const BAUD_115200: u32 = 0x01d7_e000;

/// A serial line that is written to.
#[derive(Debug)]
pub struct Uart<R> {
    registers: R,
}

impl<R: Registers> Uart<R> {
    /// Sets the line up: 115,200 baud, 8 bits, no parity, one stop bit.
    pub fn new(mut registers: R) -> Self {
        registers.write(TRANSMIT_PIN, PIN);
        registers.write(BAUD_RATE, BAUD_115200);
        registers.write(ENABLE, ENABLED);
        registers.write(TASK_START_TRANSMIT, 1);
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
    let registers = unsafe { mote_cortex_m::Mmio::new(nrf51_hal::pac::UART0::PTR.addr()) };
    let Ok(()) = Uart::new(registers).write_all(bytes);
}

impl<R> ErrorType for Uart<R> {
    type Error = Infallible;
}

impl<R: Registers> Write for Uart<R> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        for &byte in bytes {
            self.registers.write(EVENT_SENT, 0);
            self.registers.write(TRANSMIT, u32::from(byte));
            while self.registers.read(EVENT_SENT) == 0 {
                core::hint::spin_loop();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;
    use std::rc::Rc;
    use std::vec::Vec;

    use super::*;

    /// What was sent, how many looks the byte on its way still takes, whether the line is started.
    #[derive(Default)]
    struct Line {
        sent: Vec<u8>,
        busy: u32,
        is_enabled: bool,
        is_started: bool,
    }

    #[derive(Clone, Default)]
    struct Fake(Rc<RefCell<Line>>);

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            assert_eq!(offset, EVENT_SENT);
            let busy = &mut self.0.borrow_mut().busy;
            *busy = busy.saturating_sub(1);
            u32::from(*busy == 0)
        }

        fn write(&mut self, offset: usize, value: u32) {
            let mut line = self.0.borrow_mut();
            match offset {
                ENABLE => line.is_enabled = value == ENABLED,
                TASK_START_TRANSMIT => line.is_started = line.is_enabled && value == 1,
                TRANSMIT => {
                    assert!(line.is_started && line.busy == 0, "it would be lost");
                    line.busy = 3;
                    line.sent.push(u8::try_from(value).unwrap());
                }
                EVENT_SENT => assert_eq!(value, 0),
                TRANSMIT_PIN => assert_eq!(value, 24),
                BAUD_RATE => assert!(!line.is_enabled || line.busy == 0),
                other => panic!("offset {other:#x}"),
            }
        }
    }

    #[test]
    fn uart_waits_for_each_byte_to_be_sent() {
        let fake = Fake::default();
        let mut uart = Uart::new(fake.clone());
        uart.write_all(b"frame\0").unwrap();
        assert_eq!(fake.0.borrow().sent, b"frame\0");
    }
}
