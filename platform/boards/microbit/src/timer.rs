//! TIMER0 as clock and alarm: 32 bits at 1 MHz.
//!
//! nRF51 Series Reference Manual 3.0, chapter 18 "Timer/counter (TIMER)", for registers and bits. The
//! counter is read by capturing it to a compare register; another one is the alarm. An alarm that is
//! set for a moment that has just passed would come a wrap later, in 71 minutes; so it is looked
//! whether it has, and the interrupt is made pending by hand then.

use mote_cortex_m::{AlarmTimer, Registers};

const TASK_START: usize = 0x000;
const TASK_STOP: usize = 0x004;
const TASK_CLEAR: usize = 0x00c;
/// Captures the counter to compare register 0.
const TASK_CAPTURE: usize = 0x040;
/// The counter has reached compare register 1.
const EVENT_ALARM: usize = 0x144;
const INTERRUPT_SET: usize = 0x304;
const INTERRUPT_CLEAR: usize = 0x308;
const MODE: usize = 0x504;
const BIT_MODE: usize = 0x508;
const PRESCALER: usize = 0x510;
const CAPTURED: usize = 0x540;
const ALARM: usize = 0x544;

/// `MODE`: counts time, not events.
const MODE_TIMER: u32 = 0;
/// `BIT_MODE`: the counter has 32 bits, which TIMER0 alone can have.
const BITS_32: u32 = 3;
/// `PRESCALER`: the 16 MHz of the clock are divided by 2 to this power.
const TO_1_MHZ: u32 = 4;
/// `INTERRUPT_*`: of compare register 1.
const ALARM_INTERRUPT: u32 = 1 << 17;

/// The timer. `P` makes the alarm's interrupt pending.
#[derive(Debug)]
pub struct Timer<R, P> {
    registers: R,
    pend: P,
}

impl<R: Registers, P: FnMut()> Timer<R, P> {
    /// Starts the counter; the alarm is off.
    pub fn new(mut registers: R, pend: P) -> Self {
        registers.write(TASK_STOP, 1);
        registers.write(MODE, MODE_TIMER);
        registers.write(BIT_MODE, BITS_32);
        registers.write(PRESCALER, TO_1_MHZ);
        registers.write(TASK_CLEAR, 1);
        registers.write(TASK_START, 1);
        let mut timer = Self { registers, pend };
        timer.clear_alarm();
        timer
    }
}

impl<R: Registers, P: FnMut()> AlarmTimer for Timer<R, P> {
    const TICKS_PER_US: u32 = 1;

    fn ticks(&mut self) -> u32 {
        self.registers.write(TASK_CAPTURE, 1);
        self.registers.read(CAPTURED)
    }

    fn set_alarm(&mut self, ticks: u32) {
        let before = self.ticks();
        self.registers.write(ALARM, before.wrapping_add(ticks));
        self.registers.write(INTERRUPT_SET, ALARM_INTERRUPT);
        if self.ticks().wrapping_sub(before) >= ticks {
            (self.pend)();
        }
    }

    fn clear_alarm(&mut self) {
        self.registers.write(INTERRUPT_CLEAR, ALARM_INTERRUPT);
        self.registers.write(EVENT_ALARM, 0);
    }
}

#[cfg(test)]
mod tests {
    use core::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::vec::Vec;

    use super::*;

    /// Registers whose counter goes on by three at each capture.
    #[derive(Clone, Default)]
    struct Fake {
        now: Rc<Cell<u32>>,
        written: Rc<RefCell<Vec<(usize, u32)>>>,
    }

    impl Registers for Fake {
        fn read(&self, offset: usize) -> u32 {
            assert_eq!(offset, CAPTURED, "only what was captured is read");
            self.now.get()
        }

        fn write(&mut self, offset: usize, value: u32) {
            if offset == TASK_CAPTURE {
                self.now.set(self.now.get().wrapping_add(3));
            } else {
                self.written.borrow_mut().push((offset, value));
            }
        }
    }

    #[test]
    fn alarm_is_a_distance_from_now_and_passes_a_wrap() {
        let fake = Fake::default();
        let mut timer = Timer::new(fake.clone(), || panic!("it has not passed"));
        fake.now.set(u32::MAX - 4);
        fake.written.take();
        timer.set_alarm(100);
        assert_eq!(
            fake.written.take(),
            [(ALARM, 98), (INTERRUPT_SET, ALARM_INTERRUPT)]
        );
        timer.clear_alarm();
        assert_eq!(
            fake.written.take(),
            [(INTERRUPT_CLEAR, ALARM_INTERRUPT), (EVENT_ALARM, 0)]
        );
    }

    #[test]
    fn alarm_that_has_passed_meanwhile_is_raised_at_once() {
        let raised = Cell::new(0);
        let mut timer = Timer::new(Fake::default(), || raised.set(raised.get() + 1));
        timer.set_alarm(3);
        timer.set_alarm(0);
        assert_eq!(raised.get(), 2);
    }
}
