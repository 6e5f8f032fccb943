//! Standard output and standard error.
//!
//! Results go to standard output and everything about them to standard error, so that a script
//! can read the one and a person both. A reader that goes away (`| head`) is no error.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

/// Writes a line to standard output.
pub(crate) fn out(line: &str) {
    let mut stdout = std::io::stdout().lock();
    // Nobody is left to read: what is written from here on is nobody's loss.
    let _ = writeln!(stdout, "{line}");
}

/// Writes a line to standard error.
pub(crate) fn note(line: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "mote: {line}");
}

/// Shows the records of the `log` crate as notes: the runtime's, and those of the libraries.
struct Notes;

impl Log for Notes {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let level = record.level().as_str().to_lowercase();
        note(&format!("[{level}] {}: {}", record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Lets the records of the `log` crate be shown: none, those up to debug, or all.
pub(crate) fn set_up_log(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::Off,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    // It fails only where there is a logger already.
    if log::set_logger(&Notes).is_ok() {
        log::set_max_level(level);
    }
}
