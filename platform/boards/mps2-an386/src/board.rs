//! The board: its pins and its clock, in one value that the runtime gets.

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, Ordering};

use embedded_hal::digital::{InputPin, StatefulOutputPin};
use mote_cortex_m::{CoreSleep, Mmio, MonotonicClock};
use mote_traits::{Board, BoardDescription, Clock, Direction, Gpio, PinDescription, PinIndex};

use crate::dual_timer::DualTimer;
use crate::gpio::{Button, Led};
use crate::memory_map::{DUAL_TIMER, DualTimerInterrupt, FPGA_IO};
use crate::stack_guard;

/// What the board is called and what it has. The order of pins is that of [`Mps2An386`]'s table.
pub const DESCRIPTION: BoardDescription = BoardDescription {
    name: "mps2-an386",
    summary: "Arm MPS2+ with AN386: Cortex-M4F at 25 MHz, 4 MB + 4 MB; also as emulated by QEMU",
    pins: &[
        PinDescription {
            name: "led0",
            direction: Direction::Output,
        },
        PinDescription {
            name: "led1",
            direction: Direction::Output,
        },
        PinDescription {
            name: "button0",
            direction: Direction::Input,
        },
        PinDescription {
            name: "button1",
            direction: Direction::Input,
        },
    ],
};

/// The board as the runtime sees it.
#[derive(Debug)]
pub struct Mps2An386 {
    leds: [Led<Mmio>; 2],
    buttons: [Button<Mmio>; 2],
    clock: MonotonicClock<DualTimer<Mmio>, CoreSleep<DualTimerInterrupt>>,
}

impl Mps2An386 {
    /// Sets the board up and hands it out: once, and only on the board. Interrupts are masked from
    /// then on.
    #[must_use]
    pub fn take() -> Option<Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        if !cfg!(target_os = "none") || TAKEN.swap(true, Ordering::Relaxed) {
            return None;
        }
        // SAFETY: this is the board, so the FPGA's registers are there; the users of this block
        // take turns, since they are on one core and no interrupt is taken.
        let fpga_io = || unsafe { Mmio::new(FPGA_IO) };
        // SAFETY: this is the board, so the timer is there, and it is handed out once.
        let timer = unsafe { Mmio::new(DUAL_TIMER) };
        // SAFETY: the firmware has nothing below its stack, and nothing else uses the MPU.
        unsafe { stack_guard::set() };
        // SAFETY: the firmware has no interrupt handlers, and the timer is handed out once.
        let core = unsafe { CoreSleep::new(DualTimerInterrupt) };
        Some(Self {
            leds: [Led::new(fpga_io(), 1), Led::new(fpga_io(), 2)],
            buttons: [Button::new(fpga_io(), 1), Button::new(fpga_io(), 2)],
            clock: MonotonicClock::new(DualTimer::new(timer), core),
        })
    }
}

impl Gpio for Mps2An386 {
    type Error = Infallible;

    fn output(&mut self, pin: PinIndex) -> Option<&mut dyn StatefulOutputPin<Error = Infallible>> {
        let [led0, led1] = &mut self.leds;
        match pin.0 {
            0 => Some(led0),
            1 => Some(led1),
            _ => None,
        }
    }

    fn input(&mut self, pin: PinIndex) -> Option<&mut dyn InputPin<Error = Infallible>> {
        let [button0, button1] = &mut self.buttons;
        match pin.0 {
            2 => Some(button0),
            3 => Some(button1),
            _ => None,
        }
    }
}

impl Clock for Mps2An386 {
    fn now_us(&mut self) -> u64 {
        self.clock.now_us()
    }

    fn rest_until_us(&mut self, deadline_us: Option<u64>) {
        self.clock.rest_until_us(deadline_us);
    }

    fn computed(&mut self, fuel: u64) {
        self.clock.computed(fuel);
    }
}

impl Board for Mps2An386 {
    fn description(&self) -> &'static BoardDescription {
        &DESCRIPTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn description_places_match_the_tables_of_pins() {
        for (name, direction, place) in [
            ("led0", Direction::Output, 0),
            ("led1", Direction::Output, 1),
            ("button0", Direction::Input, 2),
            ("button1", Direction::Input, 3),
        ] {
            assert_eq!(DESCRIPTION.pin(name, direction), Some(PinIndex(place)));
        }
        assert_eq!(DESCRIPTION.pin("led0", Direction::Input), None);
    }

    #[test]
    fn board_is_not_to_be_had_where_there_is_no_board() {
        assert!(Mps2An386::take().is_none());
    }
}
