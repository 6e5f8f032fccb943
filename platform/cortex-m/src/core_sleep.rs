//! Sleep of the core until an interrupt is pending.
//!
//! Interrupts stay masked, for ever: a pending one wakes the core (Armv7-M
//! Architecture Reference Manual, B1.5.19 "Wait For Interrupt": with PRIMASK set too; Armv6-M, B1.5.17, likewise), and is then
//! dealt with where the core slept. No handler ever runs, hence nothing has to be shared with one,
//! and an interrupt that comes between the last look and the instruction is not missed.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;

/// Something that can sleep until the alarm's interrupt.
pub trait WaitForInterrupt {
    /// Returns when an interrupt is pending, at once if one is already; may return early.
    fn wait_for_interrupt(&mut self);

    /// Forgets the pending interrupt of the alarm, whose source is silent by now.
    fn forget_interrupt(&mut self);
}

/// The core, and the interrupt that wakes it.
#[derive(Debug)]
pub struct CoreSleep<I> {
    alarm: I,
}

impl<I: InterruptNumber> CoreSleep<I> {
    /// Masks all interrupts, and lets that of the alarm wake the core.
    ///
    /// # Safety
    ///
    /// Nothing else counts on interrupts being taken, or uses that of the alarm.
    pub unsafe fn new(alarm: I) -> Self {
        cortex_m::interrupt::disable();
        // SAFETY: no critical section is broken, since interrupts are masked and stay so.
        unsafe { NVIC::unmask(alarm) };
        Self { alarm }
    }
}

impl<I: InterruptNumber> WaitForInterrupt for CoreSleep<I> {
    fn wait_for_interrupt(&mut self) {
        // The alarm's last register must have been written before the core stops.
        cortex_m::asm::dsb();
        cortex_m::asm::wfi();
    }

    fn forget_interrupt(&mut self) {
        cortex_m::asm::dsb();
        NVIC::unpend(self.alarm);
    }
}
