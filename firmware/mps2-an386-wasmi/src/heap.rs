//! The heap: wasmi's, since nothing of Mote's own needs one.
//!
//! It is a fixed block, so that its size is known when the firmware is built and counts in the
//! budget. Counts what is asked for, to tell afterwards how large it has to be.

use core::alloc::{GlobalAlloc, Layout};
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicUsize, Ordering};

use embedded_alloc::TlsfHeap;

/// Size of the heap. A module as Rust and C build it by default begins with 17 pages of 64 KB; when
/// it grows by one, wasmi holds the old and the new memory for a moment: 2.3 MB.
pub(crate) const SIZE_BYTES: usize = 3 * 1024 * 1024;

#[unsafe(link_section = ".uninit.heap")]
static mut MEMORY: [MaybeUninit<u8>; SIZE_BYTES] = [MaybeUninit::uninit(); SIZE_BYTES];

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

/// Gives the heap its memory. To be called once, before anything is allocated; until then, and
/// where it is called again, allocation fails.
pub(crate) fn set_up() {
    let start = (&raw mut MEMORY).expose_provenance();
    // SAFETY: the memory is the static above, which nothing else uses, and this is called once, by
    // `main`, which is entered once.
    unsafe { HEAP.heap.init(start, SIZE_BYTES) }
}

/// Returns the most bytes that were in use at a time, without what the heap needs for itself.
pub(crate) fn peak_bytes() -> usize {
    HEAP.peak.load(Ordering::Relaxed)
}

// SAFETY: memory comes from and goes to `TlsfHeap`, which keeps the contract; counting changes
// nothing in it. Load and store instead of an atomic addition: one core, no interrupts.
unsafe impl GlobalAlloc for CountingHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        let pointer = unsafe { self.heap.alloc(layout) };
        if !pointer.is_null() {
            let used = self
                .used
                .load(Ordering::Relaxed)
                .saturating_add(layout.size());
            self.used.store(used, Ordering::Relaxed);
            let peak = self.peak.load(Ordering::Relaxed).max(used);
            self.peak.store(peak, Ordering::Relaxed);
        }
        pointer
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { self.heap.dealloc(pointer, layout) };
        let used = self
            .used
            .load(Ordering::Relaxed)
            .saturating_sub(layout.size());
        self.used.store(used, Ordering::Relaxed);
    }
}
