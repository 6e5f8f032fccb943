//! Turns a start function into an export.
//!
//! wasmi runs a module's start function inside of instantiation, outside of its resumable calls:
//! there it could neither wait for the host nor be sliced. So the start section is taken out of
//! the file and an export of the same function put in; the engine then calls it like any other.
//!
//! ```text
//!   ... | export: a, b | start: 7 | code ...    becomes
//!   ... | export: a, b, "mote:start" = 7 | code ...
//! ```
//!
//! Only files that wasmi has found valid come here, so a section that cannot be read is answered
//! by doing nothing, not by an error of its own.

use alloc::string::String;
use alloc::vec::Vec;

const PREAMBLE_BYTES: usize = 8;
const EXPORT_SECTION: u8 = 7;
const START_SECTION: u8 = 8;
const EXPORT_KIND_FUNCTION: u8 = 0;

/// A module without its start section.
pub(crate) struct Rewritten {
    pub(crate) wasm: Vec<u8>,
    /// The name that the start function is now exported by.
    pub(crate) export: String,
}

/// Returns the module with its start function exported instead, or nothing where it has none.
pub(crate) fn export_start(wasm: &[u8]) -> Option<Rewritten> {
    let start = sections(wasm).find(|section| section.id == START_SECTION)?;
    let (function, _) = read_u32(start.contents)?;
    let mut export = String::from("mote:start");
    while has_export(wasm, &export) {
        export.push('\'');
    }
    let entry = export_entry(&export, function);

    let mut out = Vec::with_capacity(wasm.len().saturating_add(entry.len()).saturating_add(16));
    out.extend_from_slice(wasm.get(..PREAMBLE_BYTES)?);
    let mut done = false;
    for section in sections(wasm) {
        if section.id == EXPORT_SECTION {
            let (count, header) = read_u32(section.contents)?;
            let old = section.contents.get(header..)?;
            write_exports(&mut out, count.checked_add(1)?, old, &entry);
            done = true;
        } else if section.id == START_SECTION {
            // Sections come in order: where there was no export section, this is its place.
            if !done {
                write_exports(&mut out, 1, &[], &entry);
                done = true;
            }
        } else {
            out.extend_from_slice(section.whole);
        }
    }
    done.then_some(Rewritten { wasm: out, export })
}

struct Section<'a> {
    id: u8,
    contents: &'a [u8],
    /// With its id and size.
    whole: &'a [u8],
}

fn sections(wasm: &[u8]) -> impl Iterator<Item = Section<'_>> {
    let mut rest = wasm.get(PREAMBLE_BYTES..).unwrap_or(&[]);
    core::iter::from_fn(move || {
        let (&id, after_id) = rest.split_first()?;
        let (size, size_bytes) = read_u32(after_id)?;
        let header = size_bytes.checked_add(1)?;
        let end = header.checked_add(usize::try_from(size).ok()?)?;
        let (whole, next) = rest.split_at_checked(end)?;
        rest = next;
        Some(Section {
            id,
            contents: whole.get(header..)?,
            whole,
        })
    })
}

/// Returns where each section ends.
#[cfg(test)]
pub(crate) fn section_ends(wasm: &[u8]) -> impl Iterator<Item = usize> {
    let mut end = PREAMBLE_BYTES;
    sections(wasm).map(move |section| {
        end += section.whole.len();
        end
    })
}

fn has_export(wasm: &[u8], name: &str) -> bool {
    let Some(exports) = sections(wasm).find(|section| section.id == EXPORT_SECTION) else {
        return false;
    };
    export_names(exports.contents).any(|own| own == name.as_bytes())
}

fn export_names(contents: &[u8]) -> impl Iterator<Item = &[u8]> {
    let header = read_u32(contents).map_or(contents.len(), |(_, bytes)| bytes);
    let mut rest = contents.get(header..).unwrap_or(&[]);
    core::iter::from_fn(move || {
        let (length, bytes) = read_u32(rest)?;
        let after_length = rest.get(bytes..)?;
        let (name, after_name) = after_length.split_at_checked(usize::try_from(length).ok()?)?;
        let (_, after_kind) = after_name.split_first()?;
        let (_, index_bytes) = read_u32(after_kind)?;
        rest = after_kind.get(index_bytes..)?;
        Some(name)
    })
}

fn export_entry(name: &str, function: u32) -> Vec<u8> {
    let mut entry = Vec::new();
    write_len(&mut entry, name.len());
    entry.extend_from_slice(name.as_bytes());
    entry.push(EXPORT_KIND_FUNCTION);
    write_u32(&mut entry, function);
    entry
}

fn write_exports(out: &mut Vec<u8>, count: u32, old: &[u8], entry: &[u8]) {
    let mut contents = Vec::new();
    write_u32(&mut contents, count);
    contents.extend_from_slice(old);
    contents.extend_from_slice(entry);
    out.push(EXPORT_SECTION);
    write_len(out, contents.len());
    out.extend_from_slice(&contents);
}

/// Reads an unsigned LEB128 of 32 bits; returns it with the bytes that it took.
fn read_u32(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut value = 0u32;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        let shift = u32::try_from(index).ok()?.checked_mul(7)?;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((value, index.checked_add(1)?));
        }
    }
    None
}

fn write_len(out: &mut Vec<u8>, length: usize) {
    // A Wasm file is shorter than 4 GiB, and so is everything in it.
    write_u32(out, u32::try_from(length).unwrap_or(u32::MAX));
}

fn write_u32(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exports(wasm: &[u8]) -> Vec<String> {
        let engine = wasmi::Engine::new(&crate::config::config(false));
        let module = wasmi::Module::new(&engine, wasm).unwrap();
        module
            .exports()
            .map(|export| export.name().into())
            .collect()
    }

    #[test]
    fn start_function_becomes_an_export() {
        let source = r#"(module (func $a (export "a")) (func $s) (start $s) (memory 1))"#;
        let rewritten = export_start(&wat::parse_str(source).unwrap()).unwrap();
        assert_eq!(rewritten.export, "mote:start");
        assert_eq!(exports(&rewritten.wasm), ["a", "mote:start"]);
    }

    #[test]
    fn start_function_without_export_section_becomes_one() {
        let source = r#"(module (func $s) (start $s) (table 1 funcref) (elem (i32.const 0) $s))"#;
        let rewritten = export_start(&wat::parse_str(source).unwrap()).unwrap();
        assert_eq!(exports(&rewritten.wasm), ["mote:start"]);
    }

    #[test]
    fn start_export_takes_a_free_name() {
        let source =
            r#"(module (func $s (export "mote:start") (export "mote:start'")) (start $s))"#;
        let rewritten = export_start(&wat::parse_str(source).unwrap()).unwrap();
        assert_eq!(rewritten.export, "mote:start''");
    }

    #[test]
    fn module_without_start_or_none_at_all_is_left_alone() {
        assert!(export_start(&wat::parse_str("(module (func))").unwrap()).is_none());
        assert!(export_start(&[]).is_none());
        assert!(export_start(&[0xff; 64]).is_none());
    }
}
