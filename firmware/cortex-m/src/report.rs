//! Whatever is to be told goes out through here: the session's reports, and log records.
//!
//! One line, shared by the supervisor's observer and the logger of the `log` crate. Both run on
//! the one core and no interrupt is taken, so neither waits for the other.

use core::cell::RefCell;
use core::fmt::Write as _;

use critical_section::Mutex;
use mote_cortex_m::stack;
use mote_supervisor::report::{Observer, PROTOCOL_VERSION, Report};
use mote_traits::BoardDescription;

use crate::EngineDescription;
use crate::line::{Line, Write};

/// Longest message of a log record that is sent, in bytes.
const MESSAGE_MAX_BYTES: usize = 256;

/// The most talkative log level of the firmware itself.
const LEVEL_MAX: log::LevelFilter = log::LevelFilter::Info;

static LINE: Mutex<RefCell<Option<Line<Write>>>> = Mutex::new(RefCell::new(None));

/// Takes the serial line, says hello on it, and lets log records go there too.
pub(crate) fn set_up(
    write: Write,
    board: &BoardDescription,
    engine: EngineDescription,
) -> Reporter {
    critical_section::with(|section| LINE.replace(section, Some(Line::new(write))));
    send(&Report::Hello {
        protocol: PROTOCOL_VERSION,
        board: board.name,
        engine: engine.name,
    });
    // The smallest cores lack the exchange that the safe functions need.
    // SAFETY: there is one core and no interrupt is taken, so nothing logs meanwhile.
    let is_set = unsafe { log::set_logger_racy(&Logger) };
    // It fails only where there is a logger already.
    if is_set.is_ok() {
        // SAFETY: as above.
        unsafe { log::set_max_level_racy(LEVEL_MAX) };
    }
    Reporter { engine }
}

fn send(report: &Report<'_>) {
    critical_section::with(|section| {
        // A report from within the sending of another is dropped; there is none.
        if let Ok(mut line) = LINE.borrow(section).try_borrow_mut()
            && let Some(line) = line.as_mut()
        {
            line.send(report);
        }
    });
}

/// A text, cut at its greatest length.
#[derive(Default)]
pub(crate) struct Message(heapless::String<MESSAGE_MAX_BYTES>);

impl Message {
    /// Writes a text down, as much of it as fits.
    pub(crate) fn of(arguments: core::fmt::Arguments<'_>) -> Self {
        let mut message = Self::default();
        // It fails only where the text is cut.
        let _ = message.write_fmt(arguments);
        message
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for character in text.chars() {
            self.0.push(character).map_err(|_| core::fmt::Error)?;
        }
        Ok(())
    }
}

/// Sends what a session tells.
pub(crate) struct Reporter {
    engine: EngineDescription,
}

impl Observer for Reporter {
    fn report(&mut self, report: &Report<'_>) {
        if matches!(report, Report::Ended { .. }) {
            // Before the last report, since whoever watches may end the board at that one.
            log::info!(
                target: "firmware",
                "RAM for modules: {} of {} bytes at the most; stack: {} of {} bytes",
                (self.engine.ram_used_bytes)(),
                self.engine.ram_bytes,
                stack::peak_bytes(),
                stack::size_bytes(),
            );
        }
        send(report);
    }
}

/// Sends log records as diagnostics.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= LEVEL_MAX
    }

    fn log(&self, record: &log::Record<'_>) {
        let message = Message::of(*record.args());
        send(&Report::Diagnostic {
            level: record.level() as u8, // its numbers are those of `LogLevel`
            target: record.target(),
            message: message.text(),
        });
    }

    fn flush(&self) {}
}
