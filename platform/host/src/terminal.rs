//! Standard output and standard error.
//!
//! Results go to standard output and everything about them to standard error, so that a script
//! can read the one and a person both. A reader that goes away (`| head`) is no error.

use std::io::Write;

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
