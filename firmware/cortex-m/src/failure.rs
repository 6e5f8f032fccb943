//! The firmware's own end: what it could not go on with, told on the line; then rest for ever.
//!
//! Nothing here counts on anything that may just have failed: the line is taken anew, nothing is
//! allocated, and a failure within it stops at once.

use core::arch::naked_asm;
use core::cell::Cell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use critical_section::Mutex;
use mote_cortex_m::stack;
use mote_supervisor::report::{Backtrace, Ending, Report};

use crate::line::{Line, Write};
use crate::report::Message;

/// Where the end is told.
static WRITE: Mutex<Cell<Write>> = Mutex::new(Cell::new(|_| {}));

/// Says where the end is to be told.
pub(crate) fn set_up(write: Write) {
    critical_section::with(|section| WRITE.borrow(section).set(write));
}

/// How the message of a failed allocation begins (`alloc::alloc::handle_alloc_error`).
const ALLOCATION_FAILED: &str = "memory allocation of";

/// Rests for ever. No interrupt is taken, so nothing can go on from here.
pub(crate) fn stop() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

/// Reports that the session ended by the firmware's own fault, and stops.
pub(crate) fn end(message: &str) -> ! {
    end_with(None, message)
}

fn end_with(detail: Option<(&str, &str)>, message: &str) -> ! {
    static ENDED: AtomicBool = AtomicBool::new(false);
    if ENDED.load(Ordering::Relaxed) {
        stop();
    }
    ENDED.store(true, Ordering::Relaxed);
    // Not the line that reports go out on: this may have come while one was on its way.
    let mut line = Line::new(critical_section::with(|section| {
        WRITE.borrow(section).get()
    }));
    line.end_frame();
    if let Some((target, message)) = detail {
        line.send(&Report::Diagnostic {
            level: log::Level::Error as u8,
            target,
            message,
        });
    }
    line.send(&Report::Ended {
        ending: Ending::Fault { message },
        fuel_used: 0,
        time_us: 0,
        backtrace: Backtrace::default(),
    });
    stop();
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let text = Message::of(format_args!("{}", info.message()));
    if text.text().starts_with(ALLOCATION_FAILED) {
        end_with(
            Some(("heap", text.text())),
            "out of memory: the module needs more than the firmware's heap has left",
        );
    }
    let detail = match info.location() {
        Some(place) => Message::of(format_args!("{}: {}", place, info.message())),
        None => text,
    };
    end_with(Some(("panic", detail.text())), "the firmware panicked");
}

/// Takes a hard fault on a fresh stack, since the old one may be what failed, and gives the place of
/// the registers that the core has put there.
///
/// # Safety
///
/// To be called by the core alone, from the vector table.
#[unsafe(export_name = "HardFault")]
#[unsafe(naked)]
unsafe extern "C" fn hard_fault_entry() {
    // Instructions that the smallest cores have too.
    naked_asm!(
        "mrs r0, msp",
        "ldr r1, ={stack}",
        "msr msp, r1",
        "ldr r1, ={report}",
        "bx r1",
        ".ltorg",
        stack = sym _stack_start,
        report = sym hard_fault,
    )
}

unsafe extern "C" {
    static _stack_start: u32;
}

/// Where the program counter is in what the core puts on the stack (Armv7-M Architecture Reference
/// Manual, B1.5.6, "Exception entry"; Armv6-M, B1.5.6).
const PROGRAM_COUNTER: usize = 24;

/// Reports a hard fault.
extern "C" fn hard_fault(frame: usize) -> ! {
    let cause = Cause::read();
    if frame < stack::lowest_address() || cause.is_of_the_stack() {
        let detail = Message::of(format_args!("{} bytes are used up", stack::size_bytes()));
        end_with(
            Some(("stack", detail.text())),
            "the firmware's stack overflowed",
        );
    }
    let program_counter =
        core::ptr::with_exposed_provenance::<u32>(frame.saturating_add(PROGRAM_COUNTER));
    // SAFETY: the stack is intact, so what the core has put there can be read.
    let program_counter = unsafe { program_counter.read_volatile() };
    let detail = Message::of(format_args!("hard fault at {program_counter:#010x}{cause}"));
    end_with(
        Some(("core", detail.text())),
        "the firmware did what the core forbids",
    );
}

/// What the core says of a fault, where it says any. Armv6-M has no such registers, nor has it an
/// atomic exchange, by which the compiler tells them apart.
struct Cause {
    #[cfg(target_has_atomic = "32")]
    status: u32,
    #[cfg(target_has_atomic = "32")]
    address: u32,
}

#[cfg(target_has_atomic = "32")]
impl Cause {
    /// `CFSR.MSTKERR`: the core could not put its registers on the stack (Armv7-M Architecture
    /// Reference Manual, B3.2.15, "Configurable Fault Status Register").
    const STACKING_FAILED: u32 = 1 << 4;
    /// `CFSR.MMARVALID`: `MMFAR` holds the address that was refused.
    const ADDRESS_VALID: u32 = 1 << 7;

    fn read() -> Self {
        // SAFETY: the block is part of every Armv7-M core, at that address.
        let scb = unsafe { &*cortex_m::peripheral::SCB::PTR };
        Self {
            status: scb.cfsr.read(),
            address: scb.mmfar.read(),
        }
    }

    fn is_of_the_stack(&self) -> bool {
        let address = usize::try_from(self.address).unwrap_or(0);
        let below = address < stack::lowest_address();
        self.status & Self::STACKING_FAILED != 0
            || (below && self.status & Self::ADDRESS_VALID != 0)
    }
}

#[cfg(not(target_has_atomic = "32"))]
impl Cause {
    const fn read() -> Self {
        Self {}
    }

    const fn is_of_the_stack(&self) -> bool {
        false
    }
}

impl core::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        #[cfg(target_has_atomic = "32")]
        return write!(formatter, ", CFSR {:#010x}", self.status);
        #[cfg(not(target_has_atomic = "32"))]
        formatter.write_str("")
    }
}
