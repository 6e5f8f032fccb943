//! Sleep of the core until an interrupt is pending.
//!
//! Interrupts stay masked on this board, for ever: a pending one wakes the core (Armv7-M
//! Architecture Reference Manual, B1.5.19 "Wait For Interrupt": with PRIMASK set too), and is then
//! dealt with where the core slept. No handler ever runs, hence nothing has to be shared with one,
//! and an interrupt that comes between the last look and the instruction is not missed.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;

use crate::memory_map::DUAL_TIMER_INTERRUPT;

/// Something that can sleep until the alarm's interrupt.
pub trait WaitForInterrupt {
    /// Returns when an interrupt is pending, at once if one is already; may return early.
    fn wait_for_interrupt(&mut self);

    /// Forgets the pending interrupt of the alarm, whose source is silent by now.
    fn forget_interrupt(&mut self);
}

/// The dual timer's interrupt line.
#[derive(Clone, Copy)]
struct DualTimerInterrupt;

// SAFETY: the number is the board's interrupt line of the dual timer, below the 32 that it has,
// and is always the same.
unsafe impl InterruptNumber for DualTimerInterrupt {
    fn number(self) -> u16 {
        DUAL_TIMER_INTERRUPT
    }
}

/// The core of the board.
#[derive(Debug)]
pub struct CoreSleep {
    _private: (),
}

impl CoreSleep {
    /// Masks all interrupts, and lets that of the alarm wake the core.
    ///
    /// # Safety
    ///
    /// Nothing else counts on interrupts being taken, or uses that of the dual timer.
    pub(crate) unsafe fn new() -> Self {
        cortex_m::interrupt::disable();
        // SAFETY: no critical section is broken, since interrupts are masked and stay so.
        unsafe { NVIC::unmask(DualTimerInterrupt) };
        Self { _private: () }
    }
}

impl WaitForInterrupt for CoreSleep {
    fn wait_for_interrupt(&mut self) {
        // The alarm's last register must have been written before the core stops.
        cortex_m::asm::dsb();
        cortex_m::asm::wfi();
    }

    fn forget_interrupt(&mut self) {
        cortex_m::asm::dsb();
        NVIC::unpend(DualTimerInterrupt);
    }
}
