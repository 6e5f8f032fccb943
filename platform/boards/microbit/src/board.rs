//! The board: its pins and its clock, in one value that the runtime gets.

use core::convert::Infallible;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m::peripheral::NVIC;
use embedded_hal::digital::{InputPin, StatefulOutputPin};
use mote_cortex_m::{CoreSleep, Mmio, MonotonicClock};
use mote_traits::{Board, BoardDescription, Clock, Gpio, PinIndex};
use nrf51_hal::gpio::{Input, Level, Output, Pin, PullUp, PushPull, p0};
use nrf51_hal::pac::{Interrupt, Peripherals, TIMER0};

use crate::button::ActiveLow;
use crate::description::DESCRIPTION;
use crate::timer::Timer;

/// TIMER0, with what makes its interrupt pending.
type BoardTimer = Timer<Mmio, fn()>;

/// The board as the runtime sees it.
#[expect(missing_debug_implementations, reason = "the HAL's pins have none")]
pub struct Microbit {
    /// Rows 1 and 2 of the matrix, of which column 1 alone is connected to ground: one LED each.
    leds: [Pin<Output<PushPull>>; 2],
    /// Buttons A and B.
    buttons: [ActiveLow<Pin<Input<PullUp>>>; 2],
    clock: MonotonicClock<BoardTimer, CoreSleep<Interrupt>>,
}

impl Microbit {
    /// Sets the board up and hands it out: once. Interrupts are masked from then on.
    #[must_use]
    pub fn take() -> Option<Self> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        // Load and store instead of an exchange, which this core lacks; nothing comes between.
        if TAKEN.load(Ordering::Relaxed) {
            return None;
        }
        TAKEN.store(true, Ordering::Relaxed);
        // SAFETY: this is the board, nobody has taken the peripherals before, and what is used of
        // them here is not used by anything else: the UART has pins of its own.
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
        Some(Self {
            leds: [led(pins.p0_13.degrade()), led(pins.p0_14.degrade())],
            buttons: [button(pins.p0_17.degrade()), button(pins.p0_26.degrade())],
            clock: MonotonicClock::new(timer, core),
        })
    }
}

impl Gpio for Microbit {
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

impl Clock for Microbit {
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

impl Board for Microbit {
    fn description(&self) -> &'static BoardDescription {
        &DESCRIPTION
    }
}
