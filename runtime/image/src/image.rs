//! An image's parts, found and read where they lie.
//!
//! ```text
//!   header | code | functions | types | imports | exports | tables | elements | data | globals | rest
//! ```
//!
//! Everything but code and rest are arrays of records of fixed size, at multiples of four bytes;
//! the rest holds what they refer to: names, value types, contents of segments. [`Image::open`]
//! finds the parts; it looks at counts and lengths, not into the parts: that is for `verify`.

use core::fmt;

use crate::header::{HEADER_BYTES, Header, MAGIC, VERSION, crcs, word_at};
use crate::{Features, NONE};

/// Why an image is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rejected {
    /// It does not begin as an image does, or was never finished.
    NoImage,
    /// It has another version than this code knows.
    Version,
    /// It is shorter than it says, or its parts do not fit into it.
    Length,
    /// It does not begin at a multiple of four bytes.
    Alignment,
    /// Its CRC is wrong: what was stored is not what was written.
    Crc,
    /// It needs a feature that the engine was built without.
    Feature,
    /// A record refers to what is not there; the offset of the record in the image.
    Record(u32),
    /// An instruction is none, or an operand of it is not allowed; its offset in the code.
    Code(u32),
    /// A jump back or an entry charges too little for what it covers; its offset in the code.
    Charge(u32),
    /// The scratch memory is too small: see [`Image::scratch_bytes`].
    Scratch,
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoImage => {
                formatter.write_str("no executable image, or one that was never finished")
            }
            Self::Version => write!(
                formatter,
                "an executable image of another version than {VERSION}: translate the module anew"
            ),
            Self::Length => formatter.write_str("the image is cut off"),
            Self::Alignment => {
                formatter.write_str("the image does not begin at a multiple of four bytes")
            }
            Self::Crc => formatter.write_str("the image is damaged: its checksum is wrong"),
            Self::Feature => formatter.write_str("the image needs a feature that is not there"),
            Self::Record(at) => write!(
                formatter,
                "the image's record at {at:#x} refers to what is not there"
            ),
            Self::Code(at) => write!(formatter, "the image's code at {at:#x} is not allowed"),
            Self::Charge(at) => write!(
                formatter,
                "the image's code at {at:#x} charges too little fuel"
            ),
            Self::Scratch => formatter.write_str("too little memory to verify the image"),
        }
    }
}

/// A function's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionRecord {
    /// Where its code begins, in bytes from the start of the code; [`NONE`] for an import.
    pub code: u32,
    /// The fuel that an entry costs; 0 for an import.
    pub fuel: u32,
    /// The words of its frame, the link word included.
    pub frame_words: u32,
    /// The slot of the link word: after parameters and locals.
    pub link: u16,
    /// Its type.
    pub type_index: u16,
}

impl FunctionRecord {
    /// How many bytes a record takes.
    pub const BYTES: usize = 16;

    /// Returns the record's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let tail = u32::from(self.link) | u32::from(self.type_index) << 16;
        words_to_bytes([self.code, self.fuel, self.frame_words, tail])
    }

    /// Reads a record.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let [code, fuel, frame_words, tail] = words(bytes);
        let [l0, l1, t0, t1] = tail.to_le_bytes();
        Self {
            code,
            fuel,
            frame_words,
            link: u16::from_le_bytes([l0, l1]),
            type_index: u16::from_le_bytes([t0, t1]),
        }
    }
}

/// An export's record. A global's or a table's index is in its own index space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub kind: ExportKind,
    /// Which: a function's or table's index, or a global's first word.
    pub index: u32,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// The memory.
    Memory,
    /// A global, and the byte of its value type.
    Global(u8),
}

impl ExportKind {
    /// Returns the number that stands for it.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Function => 0,
            Self::Table => 1,
            Self::Memory => 2,
            Self::Global(value_type) => 3 | (value_type as u16) << 8,
        }
    }

    const fn from_number(number: u16) -> Option<Self> {
        match number.to_le_bytes() {
            [0, 0] => Some(Self::Function),
            [1, 0] => Some(Self::Table),
            [2, 0] => Some(Self::Memory),
            [3, value_type] => Some(Self::Global(value_type)),
            _ => None,
        }
    }
}

/// A table's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRecord {
    /// Entries at the start.
    pub entries: u32,
    /// Entries at most.
    pub entries_max: u32,
}

/// A data or element segment's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRecord<'a> {
    /// Its contents: bytes, or words of references.
    pub contents: &'a [u8],
    /// What a start does with it.
    pub mode: SegmentMode,
}

/// What becomes of a segment when an instance starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentMode {
    /// Nothing: it waits for `memory.init` or `table.init`.
    Passive,
    /// Nothing, and nothing can use it: it only declares references.
    Declared,
    /// It is copied there: the table (0 for data) and the place in it.
    Active {
        /// The table; 0 for data.
        table: u16,
        /// Where in it.
        offset: u32,
    },
}

/// An imported function's names and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportRecord<'a> {
    /// The module that it is asked of.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// Its type.
    pub type_index: u16,
}

/// A function type's value types, each a byte of Wasm's own encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeRecord<'a> {
    /// The parameters'.
    pub parameters: &'a [u8],
    /// The results'.
    pub results: &'a [u8],
}

/// The size of a record of each part, in the order of the parts.
pub(crate) const RECORD_BYTES: [usize; 8] = [16, 8, 16, 12, 8, 16, 16, 4];

/// The bytes of code that every image begins with: a call from outside returns to the `halt`.
pub const PREAMBLE_BYTES: u32 = 8;

/// Returns the bytes that all code begins with: no operand, for a call from outside has no frame
/// to go back to, and `halt`.
#[must_use]
pub const fn preamble() -> [u8; 8] {
    let [a, b] = crate::opcode::halt.to_le_bytes();
    [0, 0, 0, 0, a, b, 0, 0]
}

/// An image: its header is read and its parts are found.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    bytes: &'a [u8],
    header: Header,
    /// Where the parts begin, from the functions on; the last is the rest.
    parts: [u32; 9],
}

impl<'a> Image<'a> {
    /// Finds the parts of an image. Bytes after its end are left alone.
    ///
    /// # Errors
    ///
    /// Where it is no image, or one of another version, or cut short.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Rejected> {
        let head = bytes
            .first_chunk::<HEADER_BYTES>()
            .ok_or(Rejected::NoImage)?;
        if !head.starts_with(&MAGIC) {
            return Err(Rejected::NoImage);
        }
        if !bytes.as_ptr().cast::<u32>().is_aligned() {
            return Err(Rejected::Alignment);
        }
        let [_, _, _, _, v0, v1, h0, h1, ..] = *head;
        if u16::from_le_bytes([v0, v1]) != VERSION || u16::from_le_bytes([h0, h1]) != 64 {
            return Err(Rejected::Version);
        }
        let length = word_at(head, 8).ok_or(Rejected::Length)?;
        let whole = usize::try_from(length)
            .ok()
            .and_then(|length| bytes.get(..length));
        let bytes = whole.ok_or(Rejected::Length)?;
        let header = Header::from_bytes(head);
        let counts = [
            header.functions,
            header.types,
            header.imports,
            header.exports,
            header.tables,
            header.elements,
            header.data,
            header.globals,
        ];
        // Code has an even length; what follows begins at a multiple of four.
        let mut at = header
            .code_bytes
            .checked_add(64 + 2)
            .ok_or(Rejected::Length)?
            & !3;
        let mut parts = [at; 9];
        let (_, ends) = parts.split_first_mut().ok_or(Rejected::Length)?;
        for ((end, count), size) in ends
            .iter_mut()
            .zip(counts)
            .zip([16u32, 8, 16, 12, 8, 16, 16, 4])
        {
            let part = u32::from(count).saturating_mul(size);
            at = at.checked_add(part).ok_or(Rejected::Length)?;
            *end = at;
        }
        if at > length {
            return Err(Rejected::Length);
        }
        Ok(Self {
            bytes,
            header,
            parts,
        })
    }

    /// Checks that the image is what was written.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn check_crc(&self) -> Result<(), Rejected> {
        match crcs(self.bytes) {
            Some((computed, stated)) if computed == stated => Ok(()),
            _ => Err(Rejected::Crc),
        }
    }

    /// Returns all bytes of the image.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the bytes of scratch memory that `verify` needs.
    #[must_use]
    pub const fn scratch_bytes(&self) -> usize {
        // One bit for each halfword of the longest function.
        (self.header.function_bytes_max as usize).div_ceil(16)
    }

    /// Returns the features that it needs.
    #[must_use]
    pub const fn features(&self) -> Features {
        self.header.features
    }

    /// Returns the code.
    #[must_use]
    pub fn code(&self) -> &'a [u8] {
        self.bytes
            .get(HEADER_BYTES..self.part_start(0))
            .unwrap_or(&[])
    }

    /// Returns the records of the functions, one after the other.
    #[must_use]
    pub fn function_records(&self) -> &'a [u8] {
        self.bytes
            .get(self.part_start(0)..self.part_start(1))
            .unwrap_or(&[])
    }

    fn part_start(&self, part: usize) -> usize {
        self.parts.get(part).map_or(usize::MAX, |&at| at as usize)
    }

    pub(crate) fn record<const BYTES: usize>(
        &self,
        part: usize,
        index: usize,
    ) -> Option<&'a [u8; BYTES]> {
        let start = self
            .part_start(part)
            .checked_add(index.checked_mul(BYTES)?)?;
        let end = self.part_start(part.checked_add(1)?);
        self.bytes.get(start..end)?.first_chunk()
    }

    /// Returns where in the image a record lies, for messages.
    pub(crate) fn record_place(&self, part: usize, index: usize) -> u32 {
        let size = RECORD_BYTES.get(part).copied().unwrap_or(0);
        let place = self
            .part_start(part)
            .saturating_add(index.saturating_mul(size));
        u32::try_from(place).unwrap_or(NONE)
    }

    fn rest(&self, offset: u32, length: u32) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        self.bytes.get(start..end)
    }

    fn text(&self, offset: u32, length: u16) -> Option<&'a str> {
        core::str::from_utf8(self.rest(offset, u32::from(length))?).ok()
    }

    /// Returns a function's record.
    #[must_use]
    pub fn function(&self, index: usize) -> Option<FunctionRecord> {
        Some(FunctionRecord::from_bytes(self.record::<16>(0, index)?))
    }

    /// Returns a type.
    #[must_use]
    pub fn function_type(&self, index: usize) -> Option<TypeRecord<'a>> {
        let [offset, counts] = words(self.record::<8>(1, index)?);
        let [p0, p1, r0, r1] = counts.to_le_bytes();
        let parameters = u32::from(u16::from_le_bytes([p0, p1]));
        let results = u32::from(u16::from_le_bytes([r0, r1]));
        let bytes = self.rest(offset, parameters.checked_add(results)?)?;
        let (parameters, results) = bytes.split_at_checked(usize::try_from(parameters).ok()?)?;
        Some(TypeRecord {
            parameters,
            results,
        })
    }

    /// Returns an import.
    #[must_use]
    pub fn import(&self, index: usize) -> Option<ImportRecord<'a>> {
        let [module, name, lengths, tail] = words(self.record::<16>(2, index)?);
        let [m0, m1, n0, n1] = lengths.to_le_bytes();
        let [t0, t1, ..] = tail.to_le_bytes();
        Some(ImportRecord {
            module: self.text(module, u16::from_le_bytes([m0, m1]))?,
            name: self.text(name, u16::from_le_bytes([n0, n1]))?,
            type_index: u16::from_le_bytes([t0, t1]),
        })
    }

    /// Returns an export.
    #[must_use]
    pub fn export(&self, index: usize) -> Option<Export<'a>> {
        let [name, lengths, index] = words(self.record::<12>(3, index)?);
        let [n0, n1, k0, k1] = lengths.to_le_bytes();
        Some(Export {
            name: self.text(name, u16::from_le_bytes([n0, n1]))?,
            kind: ExportKind::from_number(u16::from_le_bytes([k0, k1]))?,
            index,
        })
    }

    /// Returns all exports.
    pub fn exports(&self) -> impl Iterator<Item = Export<'a>> + '_ {
        (0..usize::from(self.header.exports)).map_while(|index| self.export(index))
    }

    /// Returns a table.
    #[must_use]
    pub fn table(&self, index: usize) -> Option<TableRecord> {
        let [entries, entries_max] = words(self.record::<8>(4, index)?);
        Some(TableRecord {
            entries,
            entries_max,
        })
    }

    /// Returns an element segment.
    #[must_use]
    pub fn element(&self, index: usize) -> Option<SegmentRecord<'a>> {
        self.segment(5, index, 4)
    }

    /// Returns a data segment.
    #[must_use]
    pub fn data(&self, index: usize) -> Option<SegmentRecord<'a>> {
        self.segment(6, index, 1)
    }

    fn segment(&self, part: usize, index: usize, size: u32) -> Option<SegmentRecord<'a>> {
        let [place, length, mode, offset] = words(self.record::<16>(part, index)?);
        let contents = self.rest(place, length.checked_mul(size)?)?;
        let [m0, m1, t0, t1] = mode.to_le_bytes();
        let mode = match u16::from_le_bytes([m0, m1]) {
            0 => SegmentMode::Active {
                table: u16::from_le_bytes([t0, t1]),
                offset,
            },
            1 => SegmentMode::Passive,
            2 => SegmentMode::Declared,
            _ => return None,
        };
        Some(SegmentRecord { contents, mode })
    }

    /// Returns the word that a global begins with.
    #[must_use]
    pub fn global(&self, word: usize) -> Option<u32> {
        let [value] = words(self.record::<4>(7, word)?);
        Some(value)
    }
}

/// Returns the bytes of a type's record: its value types are at that offset in the image.
#[must_use]
pub fn type_record(offset: u32, parameters: u16, results: u16) -> [u8; 8] {
    words_to_bytes([offset, u32::from(parameters) | u32::from(results) << 16])
}

/// Returns the bytes of an import's record: offset and length of its two names, and its type.
#[must_use]
pub fn import_record(module: (u32, u16), name: (u32, u16), type_index: u16) -> [u8; 16] {
    let lengths = u32::from(module.1) | u32::from(name.1) << 16;
    words_to_bytes([module.0, name.0, lengths, u32::from(type_index)])
}

/// Returns the bytes of an export's record.
#[must_use]
pub fn export_record(name: (u32, u16), kind: ExportKind, index: u32) -> [u8; 12] {
    words_to_bytes([
        name.0,
        u32::from(name.1) | u32::from(kind.number()) << 16,
        index,
    ])
}

/// Returns the bytes of a table's record.
#[must_use]
pub fn table_record(table: TableRecord) -> [u8; 8] {
    words_to_bytes([table.entries, table.entries_max])
}

/// Returns the bytes of a segment's record: where its contents are, and how many bytes or words.
#[must_use]
pub fn segment_record(offset: u32, length: u32, mode: SegmentMode) -> [u8; 16] {
    let (mode, place) = match mode {
        SegmentMode::Active { table, offset } => (u32::from(table) << 16, offset),
        SegmentMode::Passive => (1, 0),
        SegmentMode::Declared => (2, 0),
    };
    words_to_bytes([offset, length, mode, place])
}

fn words<const BYTES: usize, const WORDS: usize>(bytes: &[u8; BYTES]) -> [u32; WORDS] {
    let mut words = [0; WORDS];
    for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*chunk);
    }
    words
}

fn words_to_bytes<const WORDS: usize, const BYTES: usize>(words: [u32; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *chunk = word.to_le_bytes();
    }
    bytes
}
