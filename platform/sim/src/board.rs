//! The simulated board.

use std::convert::Infallible;

use embedded_hal::digital::{InputPin, StatefulOutputPin};
use mote_traits::{Board, BoardDescription, Clock, Direction, Gpio, PinDescription, PinIndex};

use crate::pins::{PinChange, ScheduledLevel, SimPin};
use crate::time::{Pace, VirtualTime};

/// The board that the tool simulates unless it is told another: a little of everything.
pub const SIM: BoardDescription = BoardDescription {
    name: "sim",
    summary: "simulated board: virtual time, 4 LEDs, 2 buttons",
    pins: &[
        PinDescription::output("led0"),
        PinDescription::output("led1"),
        PinDescription::output("led2"),
        PinDescription::output("led3"),
        PinDescription::input("button0"),
        PinDescription::input("button1"),
    ],
};

/// A simulated board. It can take on any board's description.
#[derive(Debug)]
pub struct SimBoard {
    description: &'static BoardDescription,
    pins: Vec<SimPin>,
    time: VirtualTime,
    /// What the world will do, the latest first.
    schedule: Vec<ScheduledLevel>,
    changes: Vec<PinChange>,
    /// The levels up to which `changes` is complete.
    seen: Vec<bool>,
}

impl SimBoard {
    /// Makes a board with all pins low, at time 0.
    #[must_use]
    pub fn new(description: &'static BoardDescription, pace: Pace) -> Self {
        Self {
            description,
            pins: vec![SimPin::default(); description.pins.len()],
            time: VirtualTime::new(pace),
            schedule: Vec::new(),
            changes: Vec::new(),
            seen: vec![false; description.pins.len()],
        }
    }

    /// Puts a level on an input at some time. What is not an input is left alone.
    pub fn schedule(&mut self, level: ScheduledLevel) {
        if self.direction(level.pin) == Some(Direction::Input) {
            self.schedule.push(level);
            // Stable, so that of two levels at one time the one that was asked for last holds.
            self.schedule.sort_by_key(|due| due.time_us);
            self.world();
        }
    }

    /// Returns all changes of outputs so far, in the order of time.
    pub fn changes(&mut self) -> &[PinChange] {
        self.note_changes();
        &self.changes
    }

    fn direction(&self, pin: PinIndex) -> Option<Direction> {
        self.description
            .pins
            .get(usize::from(pin.0))
            .map(|pin| pin.direction)
    }

    fn pin(&mut self, pin: PinIndex, direction: Direction) -> Option<&mut SimPin> {
        if self.direction(pin) != Some(direction) {
            return None;
        }
        self.pins.get_mut(usize::from(pin.0))
    }

    /// Lets the world do what is due.
    fn world(&mut self) {
        let now_us = self.time.now_us();
        let due = self
            .schedule
            .partition_point(|level| level.time_us <= now_us);
        for level in self.schedule.drain(..due) {
            if let Some(pin) = self.pins.get_mut(usize::from(level.pin.0)) {
                pin.high = level.high;
            }
        }
    }

    /// Notes what outputs changed since it was last called. An output is written through a trait
    /// object that knows no clock, so this is called before the clock can move on.
    fn note_changes(&mut self) {
        let time_us = self.time.now_us();
        let outputs = self
            .description
            .pins
            .iter()
            .zip(&self.pins)
            .zip(&mut self.seen)
            .enumerate();
        for (place, ((description, pin), seen)) in outputs {
            if description.direction == Direction::Output && pin.high != *seen {
                *seen = pin.high;
                if let Ok(index) = u8::try_from(place) {
                    let change = PinChange {
                        time_us,
                        pin: PinIndex(index),
                        high: pin.high,
                    };
                    self.changes.push(change);
                }
            }
        }
    }
}

impl Gpio for SimBoard {
    type Error = Infallible;

    fn output(&mut self, pin: PinIndex) -> Option<&mut dyn StatefulOutputPin<Error = Infallible>> {
        // A pin that is written twice in no time changed twice all the same.
        self.note_changes();
        self.pin(pin, Direction::Output).map(|pin| pin as _)
    }

    fn input(&mut self, pin: PinIndex) -> Option<&mut dyn InputPin<Error = Infallible>> {
        self.world();
        self.pin(pin, Direction::Input).map(|pin| pin as _)
    }
}

impl Clock for SimBoard {
    fn now_us(&mut self) -> u64 {
        self.time.now_us()
    }

    fn rest_until_us(&mut self, deadline_us: Option<u64>) {
        self.note_changes();
        let world_us = self.schedule.first().map(|level| level.time_us);
        match [deadline_us, world_us].into_iter().flatten().min() {
            Some(time_us) => self.time.pass_until_us(time_us),
            None => self.time.pass_idle(),
        }
        self.world();
    }

    fn computed(&mut self, fuel: u64) {
        self.note_changes();
        self.time.pass_fuel(fuel);
        self.world();
    }
}

impl Board for SimBoard {
    fn description(&self) -> &'static BoardDescription {
        self.description
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> SimBoard {
        SimBoard::new(&SIM, Pace::Unbounded)
    }

    fn pin(name: &str, direction: Direction) -> PinIndex {
        SIM.pin(name, direction).unwrap()
    }

    #[test]
    fn output_changes_are_noted_with_their_time() {
        let mut board = board();
        let led = pin("led1", Direction::Output);
        board.output(led).unwrap().set_high().unwrap();
        board.output(led).unwrap().set_high().unwrap();
        board.rest_until_us(Some(500));
        board.output(led).unwrap().set_low().unwrap();
        board.output(led).unwrap().set_high().unwrap();
        let seen: Vec<(u64, bool)> = board
            .changes()
            .iter()
            .map(|change| (change.time_us, change.high))
            .collect();
        assert_eq!(seen, [(0, true), (500, false), (500, true)]);
    }

    #[test]
    fn pins_are_only_what_they_are() {
        let mut board = board();
        let (led, button) = (
            pin("led0", Direction::Output),
            pin("button0", Direction::Input),
        );
        assert!(board.input(led).is_none());
        assert!(board.output(button).is_none());
        assert!(board.output(PinIndex(200)).is_none());
        assert_eq!(SIM.pin("led0", Direction::Input), None);
        assert_eq!(SIM.pin("led9", Direction::Output), None);
    }

    #[test]
    fn inputs_follow_their_schedule() {
        let mut board = board();
        let button = pin("button1", Direction::Input);
        board.schedule(ScheduledLevel {
            time_us: 1_000,
            pin: button,
            high: true,
        });
        board.schedule(ScheduledLevel {
            time_us: 2_000,
            pin: button,
            high: false,
        });
        let level = |board: &mut SimBoard| board.input(button).unwrap().is_high().unwrap();
        assert!(!level(&mut board));
        board.rest_until_us(Some(5_000));
        assert_eq!(board.now_us(), 1_000, "the world wakes the board");
        assert!(level(&mut board));
        board.rest_until_us(None);
        assert_eq!(board.now_us(), 2_000);
        assert!(!level(&mut board));
    }

    #[test]
    fn time_passes_with_fuel_and_never_goes_back() {
        let mut board = board();
        board.computed(5_000);
        assert_eq!(board.now_us(), 2_000);
        board.rest_until_us(Some(100));
        assert_eq!(board.now_us(), 2_000);
    }
}
