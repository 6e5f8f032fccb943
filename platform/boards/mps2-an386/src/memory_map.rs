//! Addresses, interrupts and frequencies of the board.
//!
//! Sources: Arm Application Note AN386, "ARM Cortex-M4 SMM on V2M-MPS2" (ARM DAI 0386), sections
//! "Memory map", "FPGA system control and I/O" and "Interrupts"; for the peripherals' registers the
//! Cortex-M System Design Kit Technical Reference Manual (ARM DDI 0479), chapter "Advanced
//! peripheral bus components". QEMU's `hw/arm/mps2.c` has the same numbers.

/// The core's and the peripherals' clock (AN386, "Clocks": 25 MHz), in ticks a microsecond.
pub const TICKS_PER_US: u32 = 25;

/// CMSDK dual timer (AN386, "Memory map").
pub(crate) const DUAL_TIMER: usize = 0x4000_2000;

/// The dual timer's interrupt line (AN386, "Interrupts").
pub(crate) const DUAL_TIMER_INTERRUPT: u16 = 10;

/// CMSDK UART 0, the one that QEMU calls the first serial line (AN386, "Memory map").
pub(crate) const UART0: usize = 0x4000_4000;

/// LEDs, buttons and counters in the FPGA (AN386, "FPGA system control and I/O").
pub(crate) const FPGA_IO: usize = 0x4002_8000;
