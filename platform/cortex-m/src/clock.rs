//! A board's clock: 64 bits of microseconds out of a counter of 32 bits.
//!
//! The counter wraps (at 25 MHz every 171.8 s). Each look compares it with the look before, so somebody
//! has to look at least once a wrap: [`Clock::computed`] does after every slice of a module's fuel, and
//! a rest ends after half a wrap at the latest. No interrupt counts wraps, so there is no race to
//! be had with one.

use mote_traits::Clock;

use crate::core_sleep::WaitForInterrupt;

/// A timer of 32 bits that counts for ever, and an alarm.
pub trait AlarmTimer {
    /// How often it counts in a microsecond.
    const TICKS_PER_US: u32;

    /// Returns the ticks since the start, modulo 2^32.
    fn ticks(&mut self) -> u32;

    /// Lets the alarm's interrupt be raised in so many ticks.
    fn set_alarm(&mut self, ticks: u32);

    /// Turns the alarm off, and takes its interrupt back.
    fn clear_alarm(&mut self);
}

/// Longest rest, in ticks: half a wrap, so that no wrap passes unseen.
const REST_MAX_TICKS: u32 = 1 << 31;

/// A counter of 32 bits, extended by looking at it often enough.
#[derive(Debug, Default)]
struct Extended {
    ticks: u64,
}

impl Extended {
    /// Takes what the counter shows now, less than a wrap after the time before.
    fn update(&mut self, counter: u32) -> u64 {
        let [b0, b1, b2, b3, ..] = self.ticks.to_le_bytes();
        let before = u32::from_le_bytes([b0, b1, b2, b3]);
        let passed = counter.wrapping_sub(before);
        self.ticks = self.ticks.saturating_add(u64::from(passed));
        self.ticks
    }
}

/// Microseconds since the clock was made, and rest until an alarm.
#[derive(Debug)]
pub struct MonotonicClock<T, C> {
    timer: T,
    core: C,
    extended: Extended,
}

impl<T: AlarmTimer, C: WaitForInterrupt> MonotonicClock<T, C> {
    /// Starts the clock at 0.
    pub fn new(timer: T, core: C) -> Self {
        Self {
            timer,
            core,
            extended: Extended::default(),
        }
    }

    fn now_ticks(&mut self) -> u64 {
        self.extended.update(self.timer.ticks())
    }

    /// Sleeps for so many ticks, or until some other interrupt.
    fn sleep(&mut self, ticks: u32) {
        self.timer.set_alarm(ticks);
        self.core.wait_for_interrupt();
        self.timer.clear_alarm();
        self.core.forget_interrupt();
    }
}

impl<T: AlarmTimer, C: WaitForInterrupt> Clock for MonotonicClock<T, C> {
    fn now_us(&mut self) -> u64 {
        self.now_ticks()
            .checked_div(u64::from(T::TICKS_PER_US))
            .unwrap_or(0)
    }

    fn rest_until_us(&mut self, deadline_us: Option<u64>) {
        let deadline_ticks =
            deadline_us.map(|deadline_us| deadline_us.saturating_mul(u64::from(T::TICKS_PER_US)));
        let left = deadline_ticks.map(|deadline| deadline.saturating_sub(self.now_ticks()));
        let ticks = left.map_or(REST_MAX_TICKS, |left| {
            u32::try_from(left).map_or(REST_MAX_TICKS, |left| left.min(REST_MAX_TICKS))
        });
        if ticks == 0 {
            return;
        }
        if cfg!(feature = "count-instructions") {
            // The caller asks again until it is time: that is the polling.
            return;
        }
        self.sleep(ticks);
        self.now_ticks();
    }

    fn computed(&mut self, _fuel: u64) {
        self.now_ticks();
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    const SECOND_US: u64 = 1_000_000;

    /// A timer of 25 ticks a microsecond and a core that share a time.
    #[derive(Default)]
    struct Fake {
        ticks: u64,
        alarm: Option<u64>,
        pending: bool,
        sleeps: u32,
    }

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Fake>>);

    impl AlarmTimer for Shared {
        const TICKS_PER_US: u32 = 25;

        fn ticks(&mut self) -> u32 {
            #[expect(clippy::cast_possible_truncation, reason = "the counter has 32 bits")]
            let ticks = self.0.borrow().ticks as u32;
            ticks
        }

        fn set_alarm(&mut self, ticks: u32) {
            let mut fake = self.0.borrow_mut();
            fake.alarm = Some(fake.ticks + u64::from(ticks));
        }

        fn clear_alarm(&mut self) {
            let mut fake = self.0.borrow_mut();
            fake.alarm = None;
            fake.pending = false;
        }
    }

    impl WaitForInterrupt for Shared {
        fn wait_for_interrupt(&mut self) {
            let mut fake = self.0.borrow_mut();
            fake.sleeps += 1;
            let alarm = fake.alarm.take().expect("nothing would wake the core");
            fake.ticks = fake.ticks.max(alarm);
            fake.pending = true;
        }

        fn forget_interrupt(&mut self) {
            assert!(!self.0.borrow().pending, "the source must be silent first");
        }
    }

    fn clock() -> (MonotonicClock<Shared, Shared>, Shared) {
        let shared = Shared::default();
        (MonotonicClock::new(shared.clone(), shared.clone()), shared)
    }

    /// Rests as the runtime does: until the clock shows the deadline.
    fn rest(clock: &mut MonotonicClock<Shared, Shared>, deadline_us: u64) {
        while clock.now_us() < deadline_us {
            clock.rest_until_us(Some(deadline_us));
        }
    }

    #[test]
    fn clock_counts_past_many_wraps_of_its_counter() {
        let (mut clock, shared) = clock();
        for second in (0..2_000).step_by(100) {
            shared.0.borrow_mut().ticks = second * SECOND_US * 25;
            assert_eq!(clock.now_us(), second * SECOND_US);
        }
    }

    #[test]
    fn clock_is_kept_while_a_module_only_computes() {
        let (mut clock, shared) = clock();
        for second in (0..2_000).step_by(100) {
            shared.0.borrow_mut().ticks = second * SECOND_US * 25;
            clock.computed(10_000);
        }
        assert_eq!(clock.now_us(), 1_900 * SECOND_US);
    }

    #[test]
    #[cfg_attr(feature = "count-instructions", ignore = "nothing sleeps then")]
    fn rest_longer_than_a_wrap_ends_on_time() {
        let (mut clock, shared) = clock();
        rest(&mut clock, 1_000 * SECOND_US);
        assert_eq!(clock.now_us(), 1_000 * SECOND_US);
        assert_eq!(
            shared.0.borrow().sleeps,
            12,
            "one each half wrap of 85.9 s, rounded up"
        );
        rest(&mut clock, 1_000 * SECOND_US + 7);
        assert_eq!(clock.now_us(), 1_000 * SECOND_US + 7);
    }

    #[test]
    #[cfg_attr(feature = "count-instructions", ignore = "nothing sleeps then")]
    fn rest_without_deadline_sleeps_half_a_wrap() {
        let (mut clock, shared) = clock();
        clock.rest_until_us(None);
        assert_eq!(shared.0.borrow().ticks, 1 << 31);
        clock.rest_until_us(Some(u64::MAX));
        assert_eq!(shared.0.borrow().ticks, 1 << 32);
    }

    #[test]
    fn rest_until_the_past_does_not_sleep() {
        let (mut clock, shared) = clock();
        shared.0.borrow_mut().ticks = 25 * 10;
        clock.rest_until_us(Some(10));
        clock.rest_until_us(Some(0));
        assert_eq!(shared.0.borrow().sleeps, 0);
    }
}
