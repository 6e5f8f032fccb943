//! What the budgets need to know of a Wasm file.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other crate knows many payloads"
)]

use anyhow::Result;
use wasmparser::{DataKind, Parser, Payload};

/// Sizes of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    /// The contents of the code section.
    pub(super) code_bytes: u64,
    /// What active data segments copy.
    pub(super) data_bytes: u64,
}

/// Returns a module's sizes.
pub(super) fn sizes(wasm: &[u8]) -> Result<Sizes> {
    let mut sizes = Sizes::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::CodeSectionStart {
                unchecked_range: range,
                ..
            } => sizes.code_bytes = range.end.saturating_sub(range.start),
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    if matches!(segment.kind, DataKind::Active { .. }) {
                        sizes.data_bytes += segment.data.len() as u64;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found() {
        let wasm = [&b"\0asm\x01\0\0\0"[..], &[1, 2, 0, 0], &[10, 0x81, 0], &[0]].concat();
        assert_eq!(sizes(&wasm).unwrap().code_bytes, 1);
        assert_eq!(sizes(b"\0asm\x01\0\0\0").unwrap(), Sizes::default());
        assert!(sizes(&[]).is_err());
    }
}
