//! Virtual time.
//!
//! It stands still unless something lets it pass: computing, by the fuel it costs, and rest, which
//! jumps to the next thing that is due. So a run takes as long as it takes the host, shows the
//! times that a device would, and is the same each time.

use std::time::{Duration, Instant};

/// How long a unit of fuel takes: about ten instructions on a core of 25 MHz that needs one cycle
/// an instruction. A model, to let endless loops meet their deadlines; no promise.
pub const NANOSECONDS_PER_FUEL: u64 = 400;

/// How virtual time goes with the host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As fast as the host can.
    Unbounded,
    /// Not ahead of the host's clock.
    Real,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct VirtualTime {
    nanoseconds: u64,
    pace: Pace,
    begun: Instant,
}

impl VirtualTime {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            nanoseconds: 0,
            pace,
            begun: Instant::now(),
        }
    }

    pub(crate) const fn now_us(&self) -> u64 {
        self.nanoseconds / 1_000
    }

    pub(crate) fn pass_fuel(&mut self, fuel: u64) {
        let spent = fuel.saturating_mul(NANOSECONDS_PER_FUEL);
        self.nanoseconds = self.nanoseconds.saturating_add(spent);
    }

    /// Lets time pass until the clock shows that; never goes back.
    pub(crate) fn pass_until_us(&mut self, time_us: u64) {
        self.nanoseconds = self.nanoseconds.max(time_us.saturating_mul(1_000));
        if self.pace == Pace::Real {
            let ahead = Duration::from_nanos(self.nanoseconds).saturating_sub(self.begun.elapsed());
            std::thread::sleep(ahead);
        }
    }

    /// Lets time pass while nothing is due, as slowly as the host's: whoever waits for ever should
    /// not burn a core.
    pub(crate) fn pass_idle(&mut self) {
        const IDLE: Duration = Duration::from_millis(10);
        std::thread::sleep(IDLE);
        self.nanoseconds = self.nanoseconds.saturating_add(10_000_000);
    }
}
