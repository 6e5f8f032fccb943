//! The board: its pins and its clock, in one value that the runtime gets.

use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::NVIC;
use mote_cortex_m::{CoreSleep, Mmio, MonotonicClock, PinBoard};
use nrf51_hal::gpio::{Input, Level, Output, Pin, PullUp, PushPull, p0};
use nrf51_hal::pac::{Interrupt, Peripherals, TIMER0};

use crate::button::ActiveLow;
use crate::description::DESCRIPTION;
use crate::timer::Timer;

/// The board as the runtime sees it. Its outputs are rows 1 and 2 of the matrix, of which column 1 alone is
/// connected to ground: one LED each. Its inputs are buttons A and B.
pub type Microbit =
    PinBoard<Pin<Output<PushPull>>, ActiveLow<Pin<Input<PullUp>>>, BoardClock, 2, 2>;

type BoardClock = MonotonicClock<Timer<Mmio, fn()>, CoreSleep<Interrupt>>;

/// Sets the board up and hands it out: once. Interrupts are masked from then on.
#[must_use]
pub fn take() -> Option<Microbit> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    // Load and store instead of an exchange, which this core lacks; nothing comes between.
    if TAKEN.load(Ordering::Relaxed) {
        return None;
    }
    TAKEN.store(true, Ordering::Relaxed);
    // SAFETY: this is the board, nobody has taken the peripherals before, and what is used of them here
    // is not used by anything else: the UART has a pin of its own.
    let peripherals = unsafe { Peripherals::steal() };
    let pins = p0::Parts::new(peripherals.GPIO);
    // The level of a line at rest, until the UART has its pin.
    pins.p0_24.into_push_pull_output(Level::High);
    // Left as it is, which is low, for ever: a pin that is dropped stays as it was set up.
    pins.p0_04.into_push_pull_output(Level::Low);
    let led = |pin: Pin<_>| pin.into_push_pull_output(Level::Low);
    let button = |pin: Pin<_>| ActiveLow(pin.into_pullup_input());
    // SAFETY: this is the board, so the timer is there, and it is handed out once.
    let timer = unsafe { Mmio::new(TIMER0::PTR.addr()) };
    // SAFETY: the firmware has no interrupt handlers, and the timer is handed out once.
    let core = unsafe { CoreSleep::new(Interrupt::TIMER0) };
    let timer = Timer::new(timer, (|| NVIC::pend(Interrupt::TIMER0)) as fn());
    Some(PinBoard {
        description: &DESCRIPTION,
        outputs: [led(pins.p0_13.degrade()), led(pins.p0_14.degrade())],
        inputs: [button(pins.p0_17.degrade()), button(pins.p0_26.degrade())],
        clock: MonotonicClock::new(timer, core),
    })
}
