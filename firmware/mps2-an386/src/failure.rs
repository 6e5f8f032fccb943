//! The firmware's own end: what it could not go on with, told on the line; then rest for ever.
//!
//! Nothing here counts on anything that may just have failed: the line is taken anew, nothing is
//! allocated, and a failure within it stops at once.

use core::arch::naked_asm;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::SCB;
use mote_board_mps2_an386::Uart;
use mote_supervisor::report::{Ending, Report};

use crate::line::Line;
use crate::report::Message;
use crate::stack;

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
    // SAFETY: whoever had the line is not returned to.
    let mut line = Line::new(unsafe { Uart::steal() });
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
    naked_asm!(
        "mrs r0, msp",
        "movw r1, #:lower16:_stack_start",
        "movt r1, #:upper16:_stack_start",
        "msr msp, r1",
        "b {report}",
        report = sym hard_fault,
    )
}

/// `CFSR.MSTKERR`: the core could not put its registers on the stack (Armv7-M Architecture Reference
/// Manual, B3.2.15, "Configurable Fault Status Register").
const STACKING_FAILED: u32 = 1 << 4;
/// `CFSR.MMARVALID`: `MMFAR` holds the address that was refused.
const ADDRESS_VALID: u32 = 1 << 7;
/// Where the program counter is in what the core puts on the stack (B1.5.6, "Exception entry").
const PROGRAM_COUNTER: usize = 24;

/// Reports a hard fault.
extern "C" fn hard_fault(frame: usize) -> ! {
    // SAFETY: the block is part of every Cortex-M, at that address.
    let scb = unsafe { &*SCB::PTR };
    let status = scb.cfsr.read();
    let address = usize::try_from(scb.mmfar.read()).unwrap_or(0);
    let below_stack = address < stack::lowest_address() && status & ADDRESS_VALID != 0;
    if status & STACKING_FAILED != 0 || frame < stack::lowest_address() || below_stack {
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
    let detail = Message::of(format_args!(
        "hard fault at {program_counter:#010x}, CFSR {status:#010x}"
    ));
    end_with(
        Some(("core", detail.text())),
        "the firmware did what the core forbids",
    );
}
