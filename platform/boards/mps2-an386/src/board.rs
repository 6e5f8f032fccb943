//! The board: its pins and its clock, in one value that the runtime gets.

use core::sync::atomic::{AtomicBool, Ordering};

use mote_cortex_m::{CoreSleep, Mmio, MonotonicClock, PinBoard};
use mote_traits::{BoardDescription, PinDescription};

use crate::dual_timer::DualTimer;
use crate::gpio::{Button, Led};
use crate::memory_map::{DUAL_TIMER, DualTimerInterrupt, FPGA_IO};
use crate::stack_guard;

/// What the board is called and what it has. The outputs come first.
pub const DESCRIPTION: BoardDescription = BoardDescription {
    name: "mps2-an386",
    summary: "Arm MPS2+ with AN386: Cortex-M4F at 25 MHz, 4 MB + 4 MB; also as emulated by QEMU",
    pins: &[
        PinDescription::output("led0"),
        PinDescription::output("led1"),
        PinDescription::input("button0"),
        PinDescription::input("button1"),
    ],
};

/// The board as the runtime sees it.
pub type Mps2An386 = PinBoard<Led<Mmio>, Button<Mmio>, BoardClock, 2, 2>;

type BoardClock = MonotonicClock<DualTimer<Mmio>, CoreSleep<DualTimerInterrupt>>;

/// Sets the board up and hands it out: once, and only on the board. Interrupts are masked from then on.
#[must_use]
pub fn take() -> Option<Mps2An386> {
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
    Some(PinBoard {
        description: &DESCRIPTION,
        outputs: [Led::new(fpga_io(), 1), Led::new(fpga_io(), 2)],
        inputs: [Button::new(fpga_io(), 1), Button::new(fpga_io(), 2)],
        clock: MonotonicClock::new(DualTimer::new(timer), core),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_traits::{Direction, PinIndex};

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
        assert!(take().is_none());
    }
}
