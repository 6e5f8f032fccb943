//! wasmi, as the firmware of boards has it.

#![expect(unsafe_code, reason = "the global allocator")]

use core::alloc::{GlobalAlloc, Layout};
use core::sync::atomic::{AtomicUsize, Ordering};

// Its critical section is the heap's.
use cortex_m as _;
use embedded_alloc::TlsfHeap;
use mote_engine::Engine;
use mote_engine_wasmi::{Limits, WasmiEngine};

use crate::plan::Plan;
use crate::{board, clock, report, run};

#[global_allocator]
static HEAP: CountingHeap = CountingHeap {
    heap: TlsfHeap::empty(),
    used: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
};

struct CountingHeap {
    heap: TlsfHeap,
    used: AtomicUsize,
    peak: AtomicUsize,
}

// SAFETY: memory comes from and goes to `TlsfHeap`, which keeps the contract; counting changes
// nothing in it. Load and store instead of an atomic addition: one core, no interrupts.
unsafe impl GlobalAlloc for CountingHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        let pointer = unsafe { self.heap.alloc(layout) };
        if !pointer.is_null() {
            let used = self.used.load(Ordering::Relaxed) + layout.size();
            self.used.store(used, Ordering::Relaxed);
            let peak = self.peak.load(Ordering::Relaxed).max(used);
            self.peak.store(peak, Ordering::Relaxed);
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { self.heap.dealloc(pointer, layout) };
        let used = self.used.load(Ordering::Relaxed) - layout.size();
        self.used.store(used, Ordering::Relaxed);
    }
}

pub(crate) fn run(plan: &Plan) {
    let (start, bytes) = board::block_place();
    // SAFETY: the block is set apart by the linker, and this build gives it to nobody else.
    unsafe { HEAP.heap.init(start, bytes) };
    report::number("room", bytes as u64);
    let top = board::paint_stack();
    for _ in 1..plan.starts {
        if start_one(plan).is_none() {
            return;
        }
    }
    let Some(mut engine) = start_one(plan) else {
        return;
    };
    let memory = engine.memory().len();
    let used = HEAP.used.load(Ordering::Relaxed);
    HEAP.peak.store(used, Ordering::Relaxed);
    run::run(&mut engine, plan);
    let grown = engine.memory().len().saturating_sub(memory);
    let peak = HEAP.peak.load(Ordering::Relaxed);
    let of_call = peak.saturating_sub(used).saturating_sub(grown);
    report::pair("heap", used.saturating_sub(memory) as u64, of_call as u64);
    report::number("memory", engine.memory().len() as u64);
    report::number("stack", board::stack_used(top) as u64);
}

fn start_one(plan: &Plan) -> Option<WasmiEngine> {
    let limits = Limits {
        memory_max_bytes: Some(plan.memory_bytes),
    };
    let (engine, instructions) = clock::count(|| WasmiEngine::new(plan.payload, &limits));
    report::number("start", instructions);
    match engine {
        Ok(engine) => Some(engine),
        Err(_) => {
            report::line("rejected");
            None
        }
    }
}
