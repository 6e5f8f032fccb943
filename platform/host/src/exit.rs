//! Exit codes, and the errors that end the tool with one.
//!
//! The table in the README and in `mote --help` is this file's.

use std::path::Path;
use std::{fmt, io};

/// What the tool ends with where it is not the guest's own code.
///
/// 124 to 127 follow `timeout`, `env` and the shells; 134 is what a shell shows for an abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It went as it should.
    Success,
    /// The module used up the fuel that it was given.
    OutOfFuel,
    /// The command line is wrong, or the tool itself failed.
    Tool,
    /// The module was refused: not valid, not supported, or not granted what it needs.
    Refused,
    /// A file or an export is not there.
    NotFound,
    /// The module trapped.
    Trap,
    /// Two runs that should be equal are not.
    Different,
    /// What the module itself ended with, as the shell gets it.
    Guest(u8),
}

/// Highest exit code of a guest that is passed on as it is; a higher one is shown as this.
pub(crate) const GUEST_MAX: u8 = 123;

impl Code {
    /// Returns the code of a guest's own.
    #[must_use]
    pub fn guest(code: i32) -> Self {
        // A negative code, as an unsigned number, is high as well.
        Self::Guest(u8::try_from(code).unwrap_or(GUEST_MAX).min(GUEST_MAX))
    }

    /// Returns the number that the shell gets.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Different => 1,
            Self::OutOfFuel => 124,
            Self::Tool => 125,
            Self::Refused => 126,
            Self::NotFound => 127,
            Self::Trap => 134,
            Self::Guest(code) => code,
        }
    }
}

/// The exit codes as a table, for `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
  0-123  the module's own (a higher one shows as 123; --json has the true one)
  124    out of fuel
  125    wrong usage, or the tool's own failure
  126    refused: not a valid module, not supported, or not granted what it needs
  127    not found: the file, or the export
  134    trap";

/// An error that ends the tool.
#[derive(Debug)]
pub struct Failure {
    /// What the shell gets.
    pub code: Code,
    /// What a person gets: what happened, where, and what to do.
    pub message: String,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            code: Code::Tool,
            message: message.into(),
        }
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            code: Code::Refused,
            message: message.into(),
        }
    }

    /// A file that cannot be read: not found, or the machine's fault.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let message = format!("{}: cannot be read: {error}", path.display());
        if error.kind() == io::ErrorKind::NotFound {
            Self::not_found(message)
        } else {
            Self::usage(message)
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self {
            code: Code::NotFound,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self {
            code: Code::Tool,
            message: format!("{error:#}"),
        }
    }
}

impl From<mote_toolchain::Error> for Failure {
    fn from(error: mote_toolchain::Error) -> Self {
        Self {
            code: Code::Tool,
            message: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guest_codes_never_look_like_the_tools_own() {
        for (code, shown) in [
            (0, 0),
            (7, 7),
            (123, 123),
            (124, 123),
            (300, 123),
            (-1, 123),
        ] {
            assert_eq!(Code::guest(code).number(), shown, "{code}");
        }
    }

    #[test]
    fn table_of_codes_is_in_the_readme() {
        let readme = include_str!("../README.md");
        let codes = [
            Code::OutOfFuel,
            Code::Tool,
            Code::Refused,
            Code::NotFound,
            Code::Trap,
        ];
        for code in codes {
            let number = code.number().to_string();
            assert!(
                readme.contains(&format!("| {number} |")),
                "README.md: {number}"
            );
            assert!(TABLE.contains(&number), "--help: {number}");
        }
    }
}
