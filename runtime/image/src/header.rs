//! The header: what an image is, what it holds and what an instance of it needs.
//!
//! It comes first in the image and is written last: an image whose header is still erased was
//! never finished. It gives counts, not places: the parts follow each other in a fixed order.

use crate::crc::crc32_continue;

/// The first four bytes of an image.
pub const MAGIC: [u8; 4] = *b"MOTE";

/// The version of format and instruction set.
///
/// - 1 (2026-11): the first.
pub const VERSION: u16 = 1;

/// "None" where a word holds an index, and a null reference.
pub const NONE: u32 = u32::MAX;

/// Features that an image needs of an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Features(pub u16);

impl Features {
    /// It has instructions on floats.
    pub const FLOAT: Self = Self(1);
    /// Every feature that this version knows.
    pub const ALL: Self = Self(1);

    /// Tells whether all of these features are among those.
    #[must_use]
    pub const fn within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }
}

/// The memory that a module declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryType {
    /// Pages at the start.
    pub pages: u32,
    /// Pages at most.
    pub pages_max: u32,
    /// A page's size in bytes is 2 to this power: 16 or 0.
    pub page_log2: u8,
}

/// The header's contents but for length and CRC, which are the image's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What the engine must be able to do.
    pub features: Features,
    /// Bytes of code.
    pub code_bytes: u32,
    /// Functions, imported ones included.
    pub functions: u16,
    /// Function types, each there once.
    pub types: u16,
    /// Imported functions: the first of all functions.
    pub imports: u16,
    /// Exports.
    pub exports: u16,
    /// 32-bit words of globals.
    pub globals: u16,
    /// Tables.
    pub tables: u16,
    /// Element segments.
    pub elements: u16,
    /// Data segments.
    pub data: u16,
    /// The memory, if the module has one.
    pub memory: Option<MemoryType>,
    /// The start function, if the module has one.
    pub start: Option<u32>,
    /// Words of frames that the deepest chain of calls needs; nothing where there is no bound.
    pub stack_words: Option<u32>,
    /// Bytes of code of the longest function: `verify` needs a sixteenth of that as scratch.
    pub function_bytes_max: u32,
}

/// How many bytes the header takes.
pub const HEADER_BYTES: usize = 64;

/// Bytes of the header that the CRC does not cover: magic, version, length and the CRC itself.
const UNCOVERED_BYTES: usize = 16;

impl Header {
    /// Returns the header's bytes, for an image of that length. `body_crc` is a function that
    /// continues a CRC over the bytes after the header.
    #[must_use]
    pub fn to_bytes(&self, length: u32, body: impl FnOnce(u32) -> u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0u8; HEADER_BYTES];
        let memory = self.memory.unwrap_or(MemoryType {
            pages: 0,
            pages_max: 0,
            page_log2: 0xff,
        });
        let halves = [
            self.features.0,
            u16::from(memory.page_log2),
            self.functions,
            self.types,
            self.imports,
            self.exports,
            self.globals,
            self.tables,
            self.elements,
            self.data,
        ];
        let words = [
            self.code_bytes,
            memory.pages,
            memory.pages_max,
            self.start.unwrap_or(NONE),
            self.stack_words.unwrap_or(NONE),
            self.function_bytes_max,
        ];
        let mut put = |at: usize, value: &[u8]| {
            for (to, &from) in bytes.iter_mut().skip(at).zip(value) {
                *to = from;
            }
        };
        put(0, &MAGIC);
        put(4, &VERSION.to_le_bytes());
        put(6, &64u16.to_le_bytes());
        put(8, &length.to_le_bytes());
        for (index, half) in halves.iter().enumerate() {
            put(
                16usize.saturating_add(index.saturating_mul(2)),
                &half.to_le_bytes(),
            );
        }
        for (index, word) in words.iter().enumerate() {
            put(
                36usize.saturating_add(index.saturating_mul(4)),
                &word.to_le_bytes(),
            );
        }
        let covered = bytes.get(UNCOVERED_BYTES..).unwrap_or(&[]);
        let crc = body(crc32_continue(0, covered));
        for (to, from) in bytes.iter_mut().skip(12).zip(crc.to_le_bytes()) {
            *to = from;
        }
        bytes
    }

    /// Reads a header; its CRC is not looked at.
    pub(crate) fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Self {
        let half = |at: usize| {
            bytes
                .get(at..)
                .and_then(|b| b.first_chunk())
                .map_or(0, |b| u16::from_le_bytes(*b))
        };
        let word = |at: usize| word_at(bytes, at).unwrap_or(0);
        let optional = |value: u32| (value != NONE).then_some(value);
        let [page_log2, _] = half(18).to_le_bytes();
        let memory = MemoryType {
            pages: word(40),
            pages_max: word(44),
            page_log2,
        };
        Self {
            features: Features(half(16)),
            code_bytes: word(36),
            functions: half(20),
            types: half(22),
            imports: half(24),
            exports: half(26),
            globals: half(28),
            tables: half(30),
            elements: half(32),
            data: half(34),
            memory: (page_log2 != 0xff).then_some(memory),
            start: optional(word(48)),
            stack_words: optional(word(52)),
            function_bytes_max: word(56),
        }
    }
}

/// Reads a little-endian word.
pub(crate) fn word_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Returns the CRC that an image should have, and the one it states.
pub(crate) fn crcs(image: &[u8]) -> Option<(u32, u32)> {
    let stated = word_at(image, 12)?;
    Some((crc32_continue(0, image.get(UNCOVERED_BYTES..)?), stated))
}
