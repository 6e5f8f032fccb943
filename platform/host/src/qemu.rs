//! Boots a device image in QEMU, and hears what the device says while it runs.
//!
//! Two things come out, on different ways: the reports that the firmware writes to its serial line,
//! and QEMU's own trace of what was written to the LEDs' register, which no firmware can colour.
//!
//! ```text
//!   QEMU -- serial line --> file ---- followed --> frames --> Report --> on_report
//!        -- trace, errors -> pipe --- a thread --> LED writes, last lines
//! ```
//!
//! The serial line is a file, not a pipe: QEMU's line would be busy for as long as a pipe is full,
//! and the device would see more time pass the slower this program reads. With `-icount` and a file
//! each run of a device is the same, to the microsecond. The trace may wait for this program, since
//! that stops QEMU as a whole and the device's clock with it.
//!
//! QEMU is killed as soon as the session is over, the time is up or [`boot`] is left for any other
//! reason: it has nothing to save. A Ctrl-C at the terminal reaches it too, since it is in the same
//! process group; and where there is `setpriv` (util-linux), the kernel kills it when this program
//! is killed.

mod process;
mod serial;
mod trace;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mote_sim::Pace;
use mote_supervisor::report::Report;

pub(crate) use trace::{LedTrace, LedTransition};

use process::Qemu;
use serial::{Follower, Frames};

/// How often the serial line is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// How many of the last reports are shown where a session does not end well.
const REMEMBERED_REPORTS: usize = 5;

/// What to boot, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot<'a> {
    /// The emulator: `qemu-system-arm`, by its name or path.
    pub(crate) qemu: &'a Path,
    /// QEMU's name of the board.
    pub(crate) machine: &'a str,
    /// How it tells of the board's LEDs.
    pub(crate) leds: LedTrace,
    /// The device image.
    pub(crate) elf: &'a Path,
    /// Whether the device's time may run ahead of the host's where the device rests.
    pub pace: Pace,
    /// How long it may take, by the clock on the wall.
    pub(crate) wall_limit: Duration,
}

/// What was seen from outside of the device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Which LED changed and how, in order.
    pub(crate) leds: Vec<LedTransition>,
}

/// Boots a device and hands each of its reports to `on_report` as it comes, up to and including
/// [`Report::Ended`]; then ends QEMU.
///
/// A frame that is not a report is handed on as a warning, a [`Report::Diagnostic`] of the target
/// `qemu`.
///
/// # Errors
///
/// Where QEMU cannot be started, ends by itself, or the session is not over in time. The message
/// has the last that QEMU and the device said.
pub(crate) fn boot(boot: &Boot<'_>, on_report: &mut dyn FnMut(&Report<'_>)) -> Result<Observed> {
    let deadline = Instant::now() + boot.wall_limit;
    let mut qemu = Qemu::start(boot, &[])?;
    let mut follower = Follower::open(qemu.serial_file())?;
    let mut frames = Frames::default();
    let mut memory = Memory::default();
    loop {
        // Asked first: what a QEMU that is gone has written is all there by then.
        let exit = qemu.exit_status()?;
        let more = follower.read(&mut frames)?;
        while let Some(frame) = frames.next() {
            if hand_on(frame, &mut memory, on_report) == Session::Over {
                let leds = qemu.end()?.leds.into_transitions();
                return Ok(Observed { leds });
            }
        }
        if let Some(status) = exit {
            bail!(
                "QEMU ended by itself ({status}) before the device's session was over.\n{}\n{}",
                qemu.end()?.last_lines(),
                memory.text(),
            );
        }
        if Instant::now() >= deadline {
            bail!(
                "the device's session was not over after {} s. Give it more time, or bound the \
                 module by fuel or by time on the board.\n{}\n{}",
                boot.wall_limit.as_secs_f32(),
                qemu.end()?.last_lines(),
                memory.text(),
            );
        }
        if !more {
            std::thread::sleep(LOOK_INTERVAL);
        }
    }
}

/// Boots a device that says what it has to say in text, and returns what it said before the line
/// `end`; then ends QEMU. Nothing where the time was up before.
///
/// # Errors
///
/// Where QEMU cannot be started or ends by itself.
pub(crate) fn listen(boot: &Boot<'_>, options: &[OsString], end: &str) -> Result<Option<String>> {
    let deadline = Instant::now() + boot.wall_limit;
    let mut qemu = Qemu::start(boot, options)?;
    loop {
        // Asked first: what a QEMU that is gone has written is all there by then.
        let exit = qemu.exit_status()?;
        let said = std::fs::read(qemu.serial_file()).context("the serial line's file")?;
        let said = String::from_utf8_lossy(&said);
        let mut before = String::new();
        for line in said.split_inclusive('\n') {
            if line.trim_end() == end && line.ends_with('\n') {
                return Ok(Some(before));
            }
            before.push_str(line);
        }
        if let Some(status) = exit {
            bail!(
                "QEMU ended by itself ({status}).\n{}\nThe device said:\n{before}",
                qemu.end()?.last_lines(),
            );
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Session {
    Open,
    Over,
}

/// Hands a frame on as a report.
fn hand_on(
    frame: &mut [u8],
    memory: &mut Memory,
    on_report: &mut dyn FnMut(&Report<'_>),
) -> Session {
    let length = frame.len();
    let message;
    let report = match mote_supervisor::report::decode(frame) {
        Ok(report) => report,
        Err(error) => {
            message = format!("{length} bytes from the device: {error}");
            Report::Diagnostic {
                level: 2,
                target: "qemu",
                message: &message,
            }
        }
    };
    memory.keep(&report);
    on_report(&report);
    if matches!(report, Report::Ended { .. }) {
        Session::Over
    } else {
        Session::Open
    }
}

/// The last that the device said.
#[derive(Default)]
struct Memory {
    reports: VecDeque<String>,
    calls: u64,
}

impl Memory {
    fn keep(&mut self, report: &Report<'_>) {
        // Host calls are many, and say little about what went wrong.
        if matches!(report, Report::Call(_)) {
            self.calls += 1;
            return;
        }
        if self.reports.len() == REMEMBERED_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(format!("  {report:?}"));
    }

    fn text(&self) -> String {
        let Self { reports, calls } = self;
        if reports.is_empty() {
            return "The device said nothing.".to_owned();
        }
        let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
        format!(
            "The device told of {calls} host calls, and last:\n{}",
            reports.join("\n")
        )
    }
}

#[cfg(test)]
#[path = "qemu/tests.rs"]
mod tests;
