//! Addresses, interrupts and frequencies of the board.
//!
//! Sources: Arm Application Note AN386, "ARM Cortex-M4 SMM on V2M-MPS2" (ARM DAI 0386), for where
//! things are; the Cortex-M System Design Kit Technical Reference Manual (ARM DDI 0479) for the
//! registers of the CMSDK timers and UARTs. All of it was checked against QEMU's models of them:
//! `hw/arm/mps2.c`, `hw/timer/cmsdk-apb-dualtimer.c`, `hw/char/cmsdk-apb-uart.c` and
//! `hw/misc/mps2-fpgaio.c`. It has not run on the board itself yet.

use cortex_m::interrupt::InterruptNumber;

/// The core's and the peripherals' clock (AN386: 25 MHz), in ticks a microsecond.
pub const TICKS_PER_US: u32 = 25;

/// CMSDK dual timer.
pub(crate) const DUAL_TIMER: usize = 0x4000_2000;

/// The dual timer's interrupt line (of its two halves together).
#[derive(Clone, Copy, Debug)]
pub struct DualTimerInterrupt;

// SAFETY: the number is the board's interrupt line of the dual timer, below the 32 that it has,
// and is always the same.
unsafe impl InterruptNumber for DualTimerInterrupt {
    fn number(self) -> u16 {
        10
    }
}

/// CMSDK UART 0, the one that QEMU calls the first serial line.
#[cfg(target_os = "none")]
pub(crate) const UART0: usize = 0x4000_4000;

/// LEDs, buttons and counters in the FPGA.
pub(crate) const FPGA_IO: usize = 0x4002_8000;
