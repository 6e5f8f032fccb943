//! How far the stack has grown: `cortex-m-rt` paints it before `main`.
//!
//! A board's memory.x says where it lies, by `_stack_start` (its top) and `_stack_end`.

use cortex_m_rt::STACK_PAINT_VALUE;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Returns the stack's size in bytes.
#[must_use]
pub fn size_bytes() -> usize {
    (&raw const _stack_start)
        .addr()
        .saturating_sub((&raw const _stack_end).addr())
}

/// Returns the address of the stack's lowest byte.
#[must_use]
pub fn lowest_address() -> usize {
    (&raw const _stack_end).addr()
}

/// Returns the most bytes of the stack that were in use at a time.
#[must_use]
pub fn peak_bytes() -> usize {
    let start = &raw const _stack_start;
    let mut word = &raw const _stack_end;
    while word < start {
        // SAFETY: the word lies in the stack's region of RAM, which memory.x sets apart, and is
        // aligned; what lies there is any 32 bits.
        let value = unsafe { word.read_volatile() };
        if value != STACK_PAINT_VALUE {
            break;
        }
        word = word.wrapping_add(1);
    }
    start.addr().saturating_sub(word.addr())
}
