//! The sections of a file, by their headers alone.
//!
//! Headers say how long each section is, so that a file that breaks off is told from one that is
//! wrong, which the validation of what is left of it could not.

use super::error::looks_like;
use super::{InspectError, Section};

/// What every core module begins with: the magic number, and version 1 in layer 0.
const MAGIC: [u8; 4] = *b"\0asm";
const HEADER_BYTES: usize = 8;
const VERSION: u32 = 1;

/// Version and layer of a component.
const COMPONENT_LAYER: u32 = 1;

/// Names of the sections, by number.
const NAMES: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

const CUSTOM: u8 = 0;
const START: u8 = 8;

/// Returns the sections in the file's order.
///
/// # Errors
///
/// Where the file is no core module, or breaks off.
pub(super) fn sections(wasm: &[u8]) -> Result<Vec<Section>, InspectError> {
    check_header(wasm)?;
    let mut sections = Vec::new();
    let mut reader = Reader {
        bytes: wasm,
        offset: HEADER_BYTES,
    };
    while reader.offset < wasm.len() {
        let header = reader.offset;
        let Some(id) = reader.byte() else { break };
        let size = match reader.number() {
            Number::Read(size) => size,
            Number::Cut => {
                return Err(truncated(
                    wasm,
                    &format!("the header of the {} section", name(id)),
                    None,
                ));
            }
            // The validation says what is wrong with it.
            Number::Malformed => break,
        };
        let payload_start = reader.offset;
        let end = payload_start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX));
        let Some(payload) = wasm.get(payload_start..end) else {
            let inside = format!("the {} section", name(id));
            return Err(truncated(wasm, &inside, Some(as_u64(end))));
        };
        sections.push(section(id, header, end, payload));
        reader.offset = end;
    }
    Ok(sections)
}

/// Names the section that an offset lies in.
pub(super) fn inside(sections: &[Section], offset: u64) -> Option<String> {
    let section = sections.iter().find(|section| {
        (section.offset..section.offset.saturating_add(section.size_bytes)).contains(&offset)
    })?;
    Some(if section.custom {
        format!("custom section \"{}\"", section.name)
    } else {
        format!("{} section", section.name)
    })
}

fn check_header(wasm: &[u8]) -> Result<(), InspectError> {
    if wasm.is_empty() {
        return Err(InspectError::Empty);
    }
    let (magic, rest) = wasm.split_at(MAGIC.len().min(wasm.len()));
    if !MAGIC.starts_with(magic) {
        return Err(InspectError::NotWasm {
            looks_like: looks_like(wasm),
            first: magic.to_vec(),
        });
    }
    let Some(version) = rest.first_chunk() else {
        let needed = Some(as_u64(HEADER_BYTES));
        return Err(truncated(wasm, "the header", needed));
    };
    let version = u32::from_le_bytes(*version);
    if version >> 16 == COMPONENT_LAYER {
        return Err(InspectError::Component);
    }
    if version != VERSION {
        return Err(InspectError::Version(version));
    }
    Ok(())
}

fn truncated(wasm: &[u8], inside: &str, needed_bytes: Option<u64>) -> InspectError {
    InspectError::Truncated {
        size_bytes: as_u64(wasm.len()),
        inside: inside.to_owned(),
        needed_bytes,
    }
}

fn name(id: u8) -> String {
    NAMES
        .get(usize::from(id))
        .map_or_else(|| format!("unknown ({id})"), |name| (*name).to_owned())
}

fn section(id: u8, header: usize, end: usize, payload: &[u8]) -> Section {
    let mut reader = Reader {
        bytes: payload,
        offset: 0,
    };
    let mut items = None;
    let mut name = name(id);
    if id == CUSTOM {
        if let Number::Read(length) = reader.number() {
            let start = reader.offset;
            let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
            let bytes = payload.get(start..end).unwrap_or_default();
            name = String::from_utf8_lossy(bytes).into_owned();
        }
    } else if id != START
        && let Number::Read(count) = reader.number()
    {
        items = Some(count);
    }
    Section {
        id,
        name,
        custom: id == CUSTOM,
        offset: as_u64(header),
        size_bytes: as_u64(end.saturating_sub(header)),
        items,
    }
}

/// Lengths of slices fit 64 bits on every machine that there is.
pub(super) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

enum Number {
    Read(u32),
    Cut,
    Malformed,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.offset).copied()?;
        self.offset = self.offset.saturating_add(1);
        Some(byte)
    }

    /// Reads an unsigned number of 32 bits in LEB128.
    fn number(&mut self) -> Number {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let Some(byte) = self.byte() else {
                return Number::Cut;
            };
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                return Number::Malformed;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Number::Read(value);
            }
        }
        Number::Malformed
    }
}
