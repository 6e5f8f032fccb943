//! What to run, from the bundle's place: words, little-endian.
//!
//! ```text
//!   magic | starts | fuel, 2 | words of stack | bytes of memory | arguments | bytes of name |
//!   bytes of payload | an argument: type's byte, 2 words of value | ... | name, padded | payload
//! ```
//!
//! The payload is an image, or a Wasm file. `platform/host/src/bench/plan.rs` writes it.

use crate::board::bytes;

const MAGIC: u32 = u32::from_le_bytes(*b"BEN1");
const HEAD_WORDS: usize = 9;

/// What to run.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "mote"),
    expect(dead_code, reason = "other builds read it")
)]
pub(crate) struct Plan {
    /// How often to start.
    pub(crate) starts: u32,
    /// The fuel of the start function and of the call, each.
    pub(crate) fuel: u64,
    /// Words of frames.
    pub(crate) stack_words: u32,
    /// Bytes of memory that there is room for.
    pub(crate) memory_bytes: u32,
    values: &'static [u32],
    /// The export to call.
    pub(crate) name: &'static str,
    /// The image or the Wasm file; aligned.
    pub(crate) payload: &'static [u8],
}

impl Plan {
    /// Reads a plan; nothing where there is none.
    pub(crate) fn read(words: &'static [u32]) -> Option<Self> {
        let (head, rest) = words.split_at_checked(HEAD_WORDS)?;
        let &[
            MAGIC,
            starts,
            low,
            high,
            stack_words,
            memory_bytes,
            arguments,
            name_bytes,
            payload_bytes,
        ] = head
        else {
            return None;
        };
        let (values, rest) = rest.split_at_checked((arguments as usize).checked_mul(3)?)?;
        let (name, payload) = rest.split_at_checked((name_bytes as usize).div_ceil(4))?;
        let name = bytes(name).get(..name_bytes as usize)?;
        Some(Self {
            starts,
            fuel: u64::from(low) | u64::from(high) << 32,
            stack_words,
            memory_bytes,
            values,
            name: core::str::from_utf8(name).ok()?,
            payload: bytes(payload).get(..payload_bytes as usize)?,
        })
    }

    /// Returns each argument: its type's byte and its words.
    pub(crate) fn values(&self) -> impl Iterator<Item = (u32, [u32; 2])> {
        let (values, _) = self.values.as_chunks::<3>();
        values
            .iter()
            .map(|&[value_type, low, high]| (value_type, [low, high]))
    }
}
