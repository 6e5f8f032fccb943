//! What can go wrong, each with what to do about it.
//!
//! People read these, so each message says what happened, where, and what to do next.

use std::path::PathBuf;
use std::{fmt, io};

/// A failure to find, get or use a tool.
#[derive(Debug)]
pub enum Error {
    /// Something is needed and there is no way to get it from here.
    Missing {
        /// What is needed, as the middle of "Mote needs ...".
        what: String,
        /// Why it could not be got.
        why: String,
        /// What a person can do.
        by_hand: String,
    },
    /// `MOTE_TOOLCHAIN` has a value that means nothing.
    Choice(String),
    /// A program could not be started.
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed; what it had to say is on standard error.
    Command {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
    },
    /// A file could not be read or written.
    File {
        /// What was being done, as in "read".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A build went through, but what it made is not what was asked for.
    Artifact(String),
    /// A file is not the ELF that it should be.
    Elf {
        /// The file, or "the image" when it came from memory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The toolchain was found without this need, so it cannot do what it was asked.
    NotAskedFor(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what, why, by_hand } => {
                write!(
                    formatter,
                    "Mote needs {what}, and {why}.\n  To go on: {by_hand}"
                )
            }
            Self::Choice(value) => write!(
                formatter,
                "MOTE_TOOLCHAIN is {value:?}; it may be `rustup`, `debian` or unset"
            ),
            Self::Start { command, source } => {
                write!(formatter, "cannot start `{command}`: {source}")
            }
            Self::Command { command, status } => {
                write!(
                    formatter,
                    "`{command}` failed ({status}); see its messages above"
                )
            }
            Self::File {
                action,
                path,
                source,
            } => {
                write!(formatter, "cannot {action} {}: {source}", path.display())
            }
            Self::Artifact(message) => formatter.write_str(message),
            Self::Elf { path, why } => {
                write!(
                    formatter,
                    "{} is not a usable ELF file: {why}",
                    path.display()
                )
            }
            Self::NotAskedFor(what) => {
                write!(
                    formatter,
                    "{what} was not among the needs that the toolchain was made for"
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start { source, .. } | Self::File { source, .. } => Some(source),
            Self::Missing { .. }
            | Self::Choice(_)
            | Self::Command { .. }
            | Self::Artifact(_)
            | Self::Elf { .. }
            | Self::NotAskedFor(_) => None,
        }
    }
}
