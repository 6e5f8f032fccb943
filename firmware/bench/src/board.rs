//! The parts of the board that a measurement takes: timer, serial line, memory, stack.

#![expect(
    unsafe_code,
    reason = "registers, and memory that the linker and the emulator have set apart"
)]

use core::arch::naked_asm;

unsafe extern "C" {
    static __bundle_start: u32;
    static __bundle_end: u32;
    static __block_start: u32;
    static __block_end: u32;
    static _stack_end: u32;
}

fn read(address: usize) -> u32 {
    // SAFETY: a register of the board, by the constants of this file.
    unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

fn write(address: usize, value: u32) {
    // SAFETY: a register of the board, by the constants of this file.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

/// Arm MPS2+ AN386: Application Note AN386 (DAI 0386), "Memory map"; CMSDK Technical Reference
/// Manual (DDI 0479), "Dual-input timers" and "UART".
#[cfg(board = "mps2-an386")]
mod registers {
    use super::{read, write};

    /// Timer 1 of the CMSDK dual timer, which counts 25 MHz down.
    const TIMER: usize = 0x4000_2000;
    pub(crate) const TIMER_VALUE: usize = TIMER + 4;
    /// Timer 2's reload value: reading it does nothing, but an emulator's plugin sees it.
    const MARK: usize = TIMER + 0x38;
    const UART: usize = 0x4000_4000;

    pub(crate) fn set_up() {
        write(UART + 8, 1);
        write(UART + 16, 16);
        write(TIMER, u32::MAX);
        // Enabled, 32 bits, without prescaler and interrupt.
        write(TIMER + 8, 0x82);
    }

    pub(crate) fn send(byte: u8) {
        while read(UART + 4) & 1 != 0 {}
        write(UART, byte.into());
    }

    pub(crate) fn mark() {
        let _ = read(MARK);
    }
}

/// Nordic nRF51822: nRF51 Series Reference Manual, chapters 18, "TIMER", and 29, "UART".
#[cfg(board = "microbit")]
mod registers {
    use super::{read, write};

    const TIMER: usize = 0x4000_8000;
    const UART: usize = 0x4000_2000;

    pub(crate) fn set_up() {
        // Pins: 24 sends on the micro:bit. 115,200 baud; enable; start to send.
        write(UART + 0x50c, 24);
        write(UART + 0x524, 0x01d7_e000);
        write(UART + 0x500, 4);
        write(UART + 0x008, 1);
        // Counter of 32 bits at 16 MHz; clear; start.
        write(TIMER + 0x508, 3);
        write(TIMER + 0x510, 0);
        write(TIMER + 0x00c, 1);
        write(TIMER, 1);
    }

    pub(crate) fn send(byte: u8) {
        write(UART + 0x11c, 0);
        write(UART + 0x51c, byte.into());
        while read(UART + 0x11c) == 0 {}
    }

    pub(crate) fn ticks() -> u32 {
        write(TIMER + 0x040, 1);
        read(TIMER + 0x540)
    }

    pub(crate) fn mark() {
        // Its mode: reading it does nothing, but an emulator's plugin sees it.
        let _ = read(TIMER + 0x504);
    }
}

pub(crate) use registers::{mark, send, set_up};

/// Returns the timer's ticks so far.
#[cfg(board = "microbit")]
pub(crate) use registers::ticks;

/// Waits until the timer steps exactly between two instructions of a known place, which is the
/// same at each call. Returns the ticks until then, and how many rounds it took.
///
/// A round is 41 instructions and a tick 40: each round sees the timer an instruction later, until
/// it has stepped twice. So a time can be told to the instruction.
#[cfg(board = "mps2-an386")]
#[inline(never)]
pub(crate) fn aligned() -> (u32, u32) {
    let (value, rounds): (u32, u32);
    // SAFETY: reads a register that reading does not change, and nothing else.
    unsafe {
        core::arch::asm!(
            "ldr {before}, [{timer}]",
            ".rept 40",
            "nop",
            ".endr",
            "2:",
            "ldr {value}, [{timer}]",
            "subs {passed}, {before}, {value}",
            "mov {before}, {value}",
            "adds {rounds}, {rounds}, #1",
            ".rept 35",
            "nop",
            ".endr",
            "cmp {passed}, #1",
            "beq 2b",
            timer = in(reg) registers::TIMER_VALUE,
            before = out(reg) _,
            passed = out(reg) _,
            value = out(reg) value,
            rounds = inout(reg) 0u32 => rounds,
            options(nostack),
        );
    }
    (!value, rounds)
}

/// Returns what the emulator has put at the bundle's place.
pub(crate) fn bundle() -> &'static [u32] {
    let start = &raw const __bundle_start;
    let words = (&raw const __bundle_end)
        .addr()
        .saturating_sub(start.addr())
        / 4;
    // SAFETY: the linker sets this region apart; nobody writes to it.
    unsafe { core::slice::from_raw_parts(start, words) }
}

#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
/// Returns the address and the bytes of the block.
pub(crate) fn block_place() -> (usize, usize) {
    let start = (&raw const __block_start).expose_provenance();
    (start, (&raw const __block_end).addr().saturating_sub(start))
}

/// Returns the block: all the memory that an instance can have. Each build calls it once.
#[cfg(any(feature = "mote", feature = "translate"))]
pub(crate) fn block() -> &'static mut [u32] {
    let (start, bytes) = block_place();
    let start = core::ptr::with_exposed_provenance_mut(start);
    // SAFETY: the linker sets this region apart, any bits are words, and it is handed out once.
    unsafe { core::slice::from_raw_parts_mut(start, bytes / 4) }
}

/// Returns words as bytes.
#[cfg(any(feature = "verify", feature = "translate"))]
pub(crate) fn bytes_of(words: &mut [u32]) -> &mut [u8] {
    // SAFETY: any bits are bytes, and these are all of the words'.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

/// Returns words as bytes.
pub(crate) fn bytes(words: &[u32]) -> &[u8] {
    // SAFETY: any bits are bytes, and these are all of the words'.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
const PAINT: u32 = 0xcccc_cccc;

#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
/// Bytes below the caller's frame that are left alone: the painter's own.
const OWN_BYTES: usize = 128;

#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
/// Paints the stack that is not in use. Returns where that begins.
#[inline(never)]
pub(crate) fn paint_stack() -> usize {
    let here = 0u32;
    let top = (&raw const here).addr().saturating_sub(OWN_BYTES) & !3;
    let mut word = (&raw const _stack_end).cast_mut();
    while word.addr() < top {
        // SAFETY: the word is in the stack's region, below all that is in use.
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
    top
}

#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
/// Returns how many bytes below that place were used since the stack was painted.
pub(crate) fn stack_used(top: usize) -> usize {
    let mut word = &raw const _stack_end;
    while word.addr() < top {
        // SAFETY: the word is in the stack's region.
        if unsafe { word.read_volatile() } != PAINT {
            break;
        }
        word = word.wrapping_add(1);
    }
    top.saturating_sub(word.addr()).saturating_add(OWN_BYTES)
}

/// Takes a hard fault on a fresh stack, since the old one may be what failed.
///
/// # Safety
///
/// To be called by the core alone, from the vector table.
#[unsafe(export_name = "HardFault")]
#[unsafe(naked)]
unsafe extern "C" fn hard_fault_entry() {
    naked_asm!(
        "ldr r0, =_stack_start",
        "mov sp, r0",
        "bl {faulted}",
        faulted = sym crate::faulted,
    )
}
