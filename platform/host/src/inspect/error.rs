//! Why a file is no valid module, in words for whoever gave it.

use std::fmt;

use crate::printable::Printable;

/// Why a file is no valid module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectError {
    /// The file is empty.
    Empty,
    /// It does not begin as Wasm does.
    NotWasm {
        /// What it looks like, and what to do with such a file; nothing where it looks like
        /// nothing known.
        looks_like: Option<&'static str>,
        /// Its first bytes.
        first: Vec<u8>,
    },
    /// It is a component, not a core module.
    Component,
    /// It is of another version of the format.
    Version(u32),
    /// It breaks off.
    Truncated {
        /// How long it is.
        size_bytes: u64,
        /// In what it breaks off.
        inside: String,
        /// How long it would be at least, if that is known.
        needed_bytes: Option<u64>,
    },
    /// It breaks WebAssembly's rules.
    Invalid {
        /// Bytes from the beginning of the file to where.
        offset: u64,
        /// In which section that is.
        inside: Option<String>,
        /// Which rule.
        message: String,
    },
}

impl fmt::Display for InspectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("the file is empty, not a WebAssembly module"),
            Self::NotWasm { looks_like, first } => {
                formatter.write_str("the file is not a WebAssembly module: ")?;
                match looks_like {
                    Some(looks_like) => write!(formatter, "it looks like {looks_like}"),
                    None => {
                        formatter.write_str("one begins with the bytes 00 61 73 6d, this with")?;
                        for byte in first {
                            write!(formatter, " {byte:02x}")?;
                        }
                        Ok(())
                    }
                }
            }
            Self::Component => formatter.write_str(
                "the file is a WebAssembly component (WASI 0.2 or later), not a core module; build \
                 it for wasm32-wasip1 or wasm32v1-none, or take the core module out of it",
            ),
            Self::Version(version) => write!(
                formatter,
                "the file is WebAssembly of version {version}; only version 1 is known"
            ),
            Self::Truncated {
                size_bytes,
                inside,
                needed_bytes,
            } => {
                write!(
                    formatter,
                    "the file breaks off after {size_bytes} bytes, in {}",
                    Printable(inside)
                )?;
                if let Some(needed_bytes) = needed_bytes {
                    write!(formatter, "; it would have at least {needed_bytes}")?;
                }
                formatter.write_str("; copy or build it again")
            }
            Self::Invalid {
                offset,
                inside,
                message,
            } => {
                write!(formatter, "the module is invalid at byte {offset:#x}")?;
                if let Some(inside) = inside {
                    write!(formatter, " ({})", Printable(inside))?;
                }
                write!(
                    formatter,
                    ": {}; build it again, this is the compiler's or linker's doing",
                    Printable(message)
                )
            }
        }
    }
}

impl std::error::Error for InspectError {}

/// What a file's first bytes say that it is, with what to do.
const SIGNATURES: [(&[u8], &str); 14] = [
    (
        b"\x7fELF",
        "a program or object file for a computer or board (ELF); give the .wasm file",
    ),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\xfe\xed\xfa\xcf", "a macOS program"),
    (b"\xca\xfe\xba\xbe", "a macOS program or a Java class"),
    (b"BC\xc0\xde", "LLVM bitcode; link it with wasm-ld"),
    (
        b"!<arch>\n",
        "a library of object files (.a or .rlib); link it with wasm-ld",
    ),
    (b"\x1f\x8b", "gzip-compressed data; unpack it first"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data; unpack it first"),
    (b"\xfd7zXZ\0", "xz-compressed data; unpack it first"),
    (b"#!", "a script"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
];

/// Most bytes of a text that are looked at.
const TEXT_LOOKED_AT_BYTES: usize = 4096;

/// Says what a file looks like that is no module.
pub(super) fn looks_like(file: &[u8]) -> Option<&'static str> {
    let known = SIGNATURES
        .iter()
        .find(|(signature, _)| file.starts_with(signature));
    if let Some((_, name)) = known {
        return Some(name);
    }
    let beginning = file.get(..TEXT_LOOKED_AT_BYTES).unwrap_or(file);
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        // A character may be cut in two by the end of what is looked at.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(beginning.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    if text.contains('\0') {
        return None;
    }
    let first = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim_start)
        .find(|line| !line.is_empty() && !line.starts_with(";;"))?;
    let words = first.strip_prefix('(').map(str::trim_start);
    Some(match (words, first.chars().next()) {
        (Some(words), _) if words.starts_with("component") => {
            "a WebAssembly component in the text format; only core modules can be run"
        }
        (Some(words), _) if words.starts_with("module") || words.starts_with(';') => {
            "a WebAssembly module in the text format; translate it first, for example with wat2wasm \
             or wasm-tools parse"
        }
        (_, Some('{')) => "JSON text",
        (_, Some('[')) => "a manifest or another text; give the .wasm file that belongs to it",
        (_, _) => "text",
    })
}
