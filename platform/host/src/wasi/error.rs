//! Why a program could not be run, in words for whoever ran it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use mote_engine::ValueType;

use crate::inspect::InspectError;
use crate::printable::Printable;

/// Why a program could not be run.
#[derive(Debug)]
pub enum WasiError {
    /// The file is no valid module.
    Invalid(InspectError),
    /// The module is valid and uses what wasmi is not made or told to run.
    Unsupported {
        /// The proposals that Mote does not support, by name.
        proposals: Vec<&'static str>,
        /// What wasmi says.
        detail: String,
    },
    /// It imports `wasi_unstable`.
    OldSnapshot,
    /// It imports from WASI and from Mote.
    Mixed {
        /// The first import from Mote.
        mote: String,
        /// The first import from WASI.
        wasi: String,
    },
    /// It imports what is not offered.
    Imports {
        /// What nobody here offers, all of it.
        unknown: Vec<String>,
        /// What is offered with another type, all of it.
        mistyped: Vec<String>,
    },
    /// It calls WASI and exports no memory.
    NoMemory,
    /// It is no command, and no export was named.
    NoEntry {
        /// The functions that it exports.
        functions: Vec<String>,
    },
    /// It exports no function of the name that was to be called.
    NoSuchExport {
        /// The name.
        name: String,
        /// The functions that it exports.
        functions: Vec<String>,
    },
    /// The export takes or gives something that cannot be written down.
    NotPlain(String),
    /// The export takes other arguments.
    WrongArguments {
        /// The export's name.
        name: String,
        /// What it takes.
        expected: Vec<ValueType>,
        /// What was given.
        given: Vec<ValueType>,
    },
    /// A directory could not be opened.
    Directory {
        /// Where it should be.
        host: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// Two directories have the same path for the program.
    DirectoryTwice(String),
    /// An argument, variable or path holds a zero byte, which would end it early.
    NulByte(String),
    /// A variable's name is empty or holds `=`.
    VariableName(String),
    /// Arguments or variables are more than a program's memory can hold.
    TooManyArguments(String),
    /// The memory that the module declares is larger than it may be, or than there is.
    MemoryTooLarge {
        /// How large it may be.
        memory_max_bytes: u64,
    },
    /// The module declares too many tables, or too large ones.
    TableTooLarge {
        /// How many there may be.
        tables_max: usize,
        /// How large each may be.
        elements_max: usize,
    },
    /// The program made a WASI call that has no answer, not even an error number: flags that WASI
    /// does not know, or a signal.
    Call(String),
    /// A fault of the tool.
    Internal(String),
}

/// Whose affair a [`WasiError`] is: what an exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WasiErrorKind {
    /// The program is not allowed, or not able, to run here.
    Refused,
    /// What was asked of the tool makes no sense.
    Usage,
    /// Something that was named does not exist.
    NotFound,
    /// The tool or the machine failed.
    Tool,
}

impl WasiError {
    /// Returns whose affair it is.
    #[must_use]
    pub fn kind(&self) -> WasiErrorKind {
        match self {
            Self::Invalid(_)
            | Self::Unsupported { .. }
            | Self::OldSnapshot
            | Self::Mixed { .. }
            | Self::Imports { .. }
            | Self::NoMemory
            | Self::MemoryTooLarge { .. }
            | Self::TableTooLarge { .. }
            | Self::Call(_) => WasiErrorKind::Refused,
            Self::NoEntry { .. }
            | Self::NotPlain(_)
            | Self::WrongArguments { .. }
            | Self::DirectoryTwice(_)
            | Self::NulByte(_)
            | Self::VariableName(_)
            | Self::TooManyArguments(_) => WasiErrorKind::Usage,
            Self::NoSuchExport { .. } => WasiErrorKind::NotFound,
            Self::Directory { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                WasiErrorKind::NotFound
            }
            Self::Directory { .. } | Self::Internal(_) => WasiErrorKind::Tool,
        }
    }
}

impl fmt::Display for WasiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => write!(formatter, "{error}"),
            Self::Unsupported { proposals, detail } => {
                formatter.write_str("the module is valid, but uses what is not supported here")?;
                if !proposals.is_empty() {
                    write!(formatter, ": {}", proposals.join(", "))?;
                }
                write!(
                    formatter,
                    " ({}); build it for a plain WebAssembly target, without these features",
                    Printable(detail)
                )
            }
            Self::OldSnapshot => formatter.write_str(
                "the program is built for wasi_unstable, the snapshot before WASI preview 1, which \
                 is not served; build it again with a toolchain from 2020 or later (target \
                 wasm32-wasip1, or wasi-libc)",
            ),
            Self::Mixed { mote, wasi } => write!(
                formatter,
                "the module imports both from WASI ({}) and from Mote ({}); a WASI program runs on \
                 the host alone and a Mote module on boards: take one of the two out",
                Printable(wasi),
                Printable(mote)
            ),
            Self::Imports { unknown, mistyped } => write_imports(formatter, unknown, mistyped),
            Self::NoMemory => formatter.write_str(
                "the program calls WASI, but exports no memory by the name \"memory\", through \
                 which WASI gives and takes everything; export it",
            ),
            Self::NoEntry { functions } => {
                formatter.write_str(
                    "the module is not a command: it exports no function \"_start\"; name an \
                     export with --invoke",
                )?;
                write_functions(formatter, functions)
            }
            Self::NoSuchExport { name, functions } => {
                write!(
                    formatter,
                    "the module exports no function \"{}\"",
                    Printable(name)
                )?;
                write_functions(formatter, functions)
            }
            Self::NotPlain(name) => write!(
                formatter,
                "the export \"{}\" takes or gives references, which cannot be written down; only \
                 i32, i64, f32 and f64 can",
                Printable(name)
            ),
            Self::WrongArguments {
                name,
                expected,
                given,
            } => write!(
                formatter,
                "the export \"{}\" takes {}, but was given {}",
                Printable(name),
                types(expected),
                types(given)
            ),
            Self::Directory { host, error } => write!(
                formatter,
                "cannot open the directory {}: {error}; check the path given with --dir",
                host.display()
            ),
            Self::DirectoryTwice(guest) => write!(
                formatter,
                "two directories are given to the program as {}; give them different names \
                 (--dir HOST::GUEST)",
                Printable(guest)
            ),
            Self::NulByte(text) => write!(
                formatter,
                "{} holds a zero byte, which would end it early for the program",
                Printable(text)
            ),
            Self::VariableName(name) => write!(
                formatter,
                "\"{}\" is no name of a variable: it must not be empty or hold \"=\" (--env \
                 NAME=VALUE)",
                Printable(name)
            ),
            Self::TooManyArguments(detail) => {
                write!(formatter, "arguments and variables are too long: {detail}")
            }
            Self::MemoryTooLarge { memory_max_bytes } => write!(
                formatter,
                "the memory that the module begins with is larger than it may be ({memory_max_bytes} \
                 bytes) or than this machine has; allow it more or link it with a smaller one"
            ),
            Self::TableTooLarge {
                tables_max,
                elements_max,
            } => write!(
                formatter,
                "the module has more than {tables_max} tables, or one of more than {elements_max} \
                 elements"
            ),
            Self::Call(detail) => write!(
                formatter,
                "the program made a WASI call that has no answer, not even an error number: {}",
                Printable(detail)
            ),
            Self::Internal(detail) => write!(
                formatter,
                "the tool itself failed while it ran the program: {}; this is a fault of mote, not \
                 of the program",
                Printable(detail)
            ),
        }
    }
}

impl std::error::Error for WasiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "all others have no cause but themselves"
        )]
        match self {
            Self::Directory { error, .. } => Some(error),
            _ => None,
        }
    }
}

fn write_imports(
    formatter: &mut fmt::Formatter<'_>,
    unknown: &[String],
    mistyped: &[String],
) -> fmt::Result {
    if !unknown.is_empty() {
        formatter.write_str("the program imports what is not offered to it:")?;
        for name in unknown {
            write!(formatter, "\n  {}", Printable(name))?;
        }
    }
    if !mistyped.is_empty() {
        if !unknown.is_empty() {
            formatter.write_str("\nand ")?;
        } else {
            formatter.write_str("the program ")?;
        }
        formatter.write_str("imports with another type than they have:")?;
        for name in mistyped {
            write!(formatter, "\n  {}", Printable(name))?;
        }
    }
    formatter.write_str(
        "\na WASI program gets the functions of wasi_snapshot_preview1 and nothing else; link what \
         is missing into it",
    )
}

fn write_functions(formatter: &mut fmt::Formatter<'_>, functions: &[String]) -> fmt::Result {
    /// Most names that are shown: enough to find a typing mistake in.
    const SHOWN_MAX: usize = 20;
    if functions.is_empty() {
        return formatter.write_str("; it exports no functions at all");
    }
    formatter.write_str("; it exports ")?;
    for (index, name) in functions.iter().take(SHOWN_MAX).enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(formatter, "{comma}{}", Printable(name))?;
    }
    match functions.len().checked_sub(SHOWN_MAX) {
        Some(more) if more > 0 => write!(formatter, " and {more} more"),
        Some(_) | None => Ok(()),
    }
}

fn types(types: &[ValueType]) -> String {
    let names: Vec<&str> = types.iter().map(|value_type| value_type.name()).collect();
    if names.is_empty() {
        "no arguments".to_owned()
    } else {
        format!("({})", names.join(", "))
    }
}
