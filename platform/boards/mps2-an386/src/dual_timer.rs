//! The CMSDK dual timer: one half counts for ever, the other is the alarm.
//!
//! Registers and bits: Cortex-M System Design Kit TRM (ARM DDI 0479), the dual timer's programmers
//! model. Both halves count down, at the peripherals' clock.

use mote_cortex_m::{AlarmTimer, Registers};

use crate::memory_map::TICKS_PER_US;

/// Offset of the second half's registers from the first's.
const ALARM: usize = 0x20;

const LOAD: usize = 0x00;
const VALUE: usize = 0x04;
const CONTROL: usize = 0x08;
const INTERRUPT_CLEAR: usize = 0x0c;

/// `CONTROL`: the counter runs.
const ENABLE: u32 = 1 << 7;
/// `CONTROL`: at zero the counter starts again from `LOAD`, not from its greatest value.
const PERIODIC: u32 = 1 << 6;
/// `CONTROL`: reaching zero raises the interrupt.
const INTERRUPT: u32 = 1 << 5;
/// `CONTROL`: the counter has 32 bits.
const BITS_32: u32 = 1 << 1;
/// `CONTROL`: the counter stops at zero.
const ONE_SHOT: u32 = 1 << 0;

/// The alarm's control word before it runs. QEMU 7.2 takes a new `LOAD` as the one-shot's length
/// only where `PERIODIC` is set too; the hardware does not look at that bit in one-shot mode.
const ALARM_READY: u32 = PERIODIC | BITS_32 | ONE_SHOT;

/// The dual timer.
#[derive(Debug)]
pub struct DualTimer<R> {
    registers: R,
}

impl<R: Registers> DualTimer<R> {
    /// Starts the counter; the alarm is off.
    pub fn new(mut registers: R) -> Self {
        registers.write(CONTROL, 0);
        registers.write(LOAD, u32::MAX);
        registers.write(CONTROL, BITS_32);
        registers.write(CONTROL, ENABLE | BITS_32);
        let mut timer = Self { registers };
        timer.clear_alarm();
        timer
    }
}

impl<R: Registers> AlarmTimer for DualTimer<R> {
    const TICKS_PER_US: u32 = TICKS_PER_US;

    fn ticks(&mut self) -> u32 {
        // It counts down from 2^32 - 1.
        !self.registers.read(VALUE)
    }

    fn set_alarm(&mut self, ticks: u32) {
        self.registers
            .write(ALARM.wrapping_add(CONTROL), ALARM_READY);
        // Zero would not start it.
        self.registers.write(ALARM.wrapping_add(LOAD), ticks.max(1));
        self.registers.write(
            ALARM.wrapping_add(CONTROL),
            ALARM_READY | INTERRUPT | ENABLE,
        );
    }

    fn clear_alarm(&mut self) {
        self.registers.write(ALARM.wrapping_add(CONTROL), 0);
        self.registers.write(ALARM.wrapping_add(INTERRUPT_CLEAR), 1);
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;
    use std::rc::Rc;
    use std::vec::Vec;

    use super::*;

    /// Registers that keep what is written, and count down from the top by five.
    #[derive(Clone, Default)]
    struct Fake(Rc<RefCell<Vec<(usize, u32)>>>);

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            assert_eq!(offset, 0x04, "only the counter is read");
            u32::MAX - 5
        }

        fn write(&mut self, offset: usize, value: u32) {
            self.0.borrow_mut().push((offset, value));
        }
    }

    #[test]
    fn alarm_is_loaded_while_it_stands_still_and_started_with_its_interrupt() {
        let fake = Fake::default();
        let mut timer = DualTimer::new(fake.clone());
        assert_eq!(timer.ticks(), 5);
        fake.0.borrow_mut().clear();
        timer.set_alarm(0);
        let written = fake.0.take();
        assert_eq!(written, [(0x28, 0x43), (0x20, 1), (0x28, 0xe3)]);
        timer.clear_alarm();
        assert_eq!(fake.0.take(), [(0x28, 0), (0x2c, 1)]);
    }
}
