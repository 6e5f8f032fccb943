//! Time: a monotonic clock, and rest until it shows something.
//!
//! embedded-hal 1.0 has delays, which block, but no clock; hence a trait of our own.

/// A monotonic clock that a core can sleep by.
pub trait Clock {
    /// Returns the microseconds since the board started. Never less than the answer before.
    fn now_us(&mut self) -> u64;

    /// Rests until the clock shows `deadline_us`, or until something else happens that may be
    /// worth a look; without a deadline, until something happens.
    ///
    /// May return early, and at once: the caller looks at the clock and asks again.
    fn rest_until_us(&mut self, deadline_us: Option<u64>);

    /// Is told how much fuel was just spent on computing.
    ///
    /// Hardware needs no telling: its clock runs. A simulated board lets its virtual time pass.
    fn computed(&mut self, fuel: u64) {
        let _ = fuel;
    }
}
