//! Counts the instructions of a piece of work.

use crate::board;

/// Does the work; returns the instructions that it took, and those of the measurement itself, which
/// are always the same.
#[cfg(board = "mps2-an386")]
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> (T, u64) {
    /// Instructions of a tick, and of a round of waiting.
    const TICK: u64 = 40;
    const ROUND: u64 = 41;
    let (before, _) = board::aligned();
    board::mark();
    let result = work();
    board::mark();
    let (after, rounds) = board::aligned();
    let ticks = u64::from(after.wrapping_sub(before));
    let count = (ticks * TICK).wrapping_sub(u64::from(rounds) * ROUND);
    (result, count)
}

/// Does the work; returns the instructions that it took, to the 62 or 63 of a tick.
#[cfg(board = "microbit")]
pub(crate) fn count<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = board::ticks();
    board::mark();
    let result = work();
    board::mark();
    let ticks = u64::from(board::ticks().wrapping_sub(before));
    (result, (ticks * 125) >> 1)
}
