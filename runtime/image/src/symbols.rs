//! The symbols of an image: names of functions, and where in the Wasm file its code comes from.
//!
//! They are a part of their own, beside the image, so that a device can leave them out; whoever
//! has them can tell where a trap happened in the words of who wrote the module.
//!
//! ```text
//!   header 32 | map: a pair of differences each | names: index, length, bytes each
//! ```
//!
//! The map has an entry wherever the place in the Wasm changes from one instruction of the image
//! to the next; both numbers are differences to the entry before, so that most entries take two
//! bytes. It is read from the front to the back: it is for people, who can wait.
//! [`Symbols::open`] looks at all of it, so that reading it afterwards cannot fail.

use crate::crc::crc32_continue;
use crate::header::word_at;
use crate::{Image, NONE};

/// The first four bytes of symbols.
pub const SYMBOLS_MAGIC: [u8; 4] = *b"MSYM";

/// The version of the symbols' format.
///
/// - 1 (2026-11): the first.
pub const SYMBOLS_VERSION: u16 = 1;

/// How many bytes the header of symbols takes.
pub const SYMBOLS_HEADER_BYTES: usize = 32;

/// Bytes of the header that the CRC does not cover: magic, version, length and the CRC itself.
const UNCOVERED_BYTES: usize = 16;

/// The most bytes that an entry of the map takes, and the head of a name.
const ENTRY_BYTES_MAX: usize = 10;

/// Why symbols are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolsError {
    /// They do not begin as symbols do, or were never finished.
    NoSymbols,
    /// They have another version than this code knows.
    Version,
    /// They are shorter than they say, or map and names do not fill them.
    Length,
    /// Their CRC is wrong: what was stored is not what was written.
    Crc,
    /// An entry of the map is none; its offset in the symbols.
    Map(u32),
    /// A name is none; its offset in the symbols.
    Name(u32),
}

impl SymbolsError {
    /// Returns the error in words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoSymbols => "these are no symbols, or they were never finished",
            Self::Version => "the symbols are of another version",
            Self::Length => "the symbols are cut short",
            Self::Crc => "the symbols are damaged: their CRC is wrong",
            Self::Map(_) => "the symbols' map is damaged",
            Self::Name(_) => "a name in the symbols is damaged",
        }
    }
}

/// A place in the code of an image, and where in the Wasm file the instruction there comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Bytes from the start of the image's code. It is even.
    pub code_offset: u32,
    /// Bytes from the beginning of the Wasm file.
    pub wasm_offset: u32,
}

/// The head of symbols, for who writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolsHeader {
    /// The length of their image.
    pub image_bytes: u32,
    /// The CRC of their image, as its header states it.
    pub image_crc: u32,
    /// Bytes of the map.
    pub map_bytes: u32,
}

impl SymbolsHeader {
    /// Returns the header's bytes, for symbols of that length. `body` is a function that continues
    /// a CRC over the bytes after the header.
    #[must_use]
    pub fn to_bytes(
        &self,
        length: u32,
        body: impl FnOnce(u32) -> u32,
    ) -> [u8; SYMBOLS_HEADER_BYTES] {
        let [m0, m1, m2, m3] = SYMBOLS_MAGIC;
        let [v0, v1] = SYMBOLS_VERSION.to_le_bytes();
        let mut bytes = [0; SYMBOLS_HEADER_BYTES];
        let words = [
            u32::from_le_bytes([m0, m1, m2, m3]),
            u32::from_le_bytes([v0, v1, 32, 0]),
            length,
            0,
            self.image_bytes,
            self.image_crc,
            self.map_bytes,
            0,
        ];
        for (chunk, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *chunk = word.to_le_bytes();
        }
        let crc = body(crc32_continue(
            0,
            bytes.get(UNCOVERED_BYTES..).unwrap_or(&[]),
        ));
        if let Some(place) = bytes.as_chunks_mut::<4>().0.get_mut(3) {
            *place = crc.to_le_bytes();
        }
        bytes
    }
}

/// The bytes of an entry of the map, or of the head of a name: two integers in LEB128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolBytes {
    bytes: [u8; ENTRY_BYTES_MAX],
    length: u8,
}

impl SymbolBytes {
    /// Encodes an entry of the map that comes after another; before the first is
    /// [`Origin::default`]. Its place in the code has to be a later one, but for the first's.
    #[must_use]
    pub fn of_origin(before: Origin, entry: Origin) -> Self {
        let code = entry.code_offset.wrapping_sub(before.code_offset) / 2;
        let wasm = entry.wasm_offset.wrapping_sub(before.wasm_offset);
        Self::of_pair(code, zigzag(wasm))
    }

    /// Encodes what comes before the bytes of a name: the function that has it, and its length.
    #[must_use]
    pub fn of_name(function: u32, length: u32) -> Self {
        Self::of_pair(function, length)
    }

    fn of_pair(first: u32, second: u32) -> Self {
        let mut encoded = Self {
            bytes: [0; ENTRY_BYTES_MAX],
            length: 0,
        };
        for mut value in [first, second] {
            loop {
                let [low, ..] = value.to_le_bytes();
                value >>= 7;
                let more = if value == 0 { 0 } else { 0x80 };
                if let Some(place) = encoded.bytes.get_mut(usize::from(encoded.length)) {
                    *place = low & 0x7f | more;
                    encoded.length = encoded.length.saturating_add(1);
                }
                if value == 0 {
                    break;
                }
            }
        }
        encoded
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// A difference of 32 bits as a number that is small if the difference is, whatever its sign.
const fn zigzag(difference: u32) -> u32 {
    difference << 1 ^ (difference.cast_signed() >> 31).cast_unsigned()
}

const fn unzigzag(number: u32) -> u32 {
    number >> 1 ^ (number & 1).wrapping_neg()
}

/// Reads map and names.
#[derive(Clone, Copy, Debug)]
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u32> {
        let mut value = 0u32;
        for shift in [0u32, 7, 14, 21, 28] {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            let low = u32::from(byte & 0x7f);
            if shift == 28 && byte > 0x0f {
                return None;
            }
            value |= low.wrapping_shl(shift);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn origin(&mut self, before: Option<Origin>) -> Option<Origin> {
        let code = self.number()?.checked_mul(2)?;
        let wasm = unzigzag(self.number()?);
        if before.is_some() && code == 0 {
            return None;
        }
        let before = before.unwrap_or_default();
        Some(Origin {
            code_offset: before.code_offset.checked_add(code)?,
            wasm_offset: before.wasm_offset.wrapping_add(wasm),
        })
    }

    fn name(&mut self) -> Option<(u32, &'a str)> {
        let function = self.number()?;
        let length = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some((function, core::str::from_utf8(name).ok()?))
    }
}

/// The symbols of an image, checked.
#[derive(Clone, Copy, Debug)]
pub struct Symbols<'a> {
    image_bytes: u32,
    image_crc: u32,
    map: &'a [u8],
    names: &'a [u8],
}

impl<'a> Symbols<'a> {
    /// Checks symbols, all of them. Bytes after their end are left alone.
    ///
    /// # Errors
    ///
    /// Where they are none, or were damaged.
    pub fn open(bytes: &'a [u8]) -> Result<Self, SymbolsError> {
        let word = |at| word_at(bytes, at).ok_or(SymbolsError::NoSymbols);
        if !bytes.starts_with(&SYMBOLS_MAGIC) || bytes.len() < SYMBOLS_HEADER_BYTES {
            return Err(SymbolsError::NoSymbols);
        }
        let [v0, v1] = SYMBOLS_VERSION.to_le_bytes();
        if word(4)? != u32::from_le_bytes([v0, v1, 32, 0]) {
            return Err(SymbolsError::Version);
        }
        let length = usize::try_from(word(8)?).map_err(|_| SymbolsError::Length)?;
        let all = bytes.get(..length).ok_or(SymbolsError::Length)?;
        let body = all
            .get(SYMBOLS_HEADER_BYTES..)
            .ok_or(SymbolsError::Length)?;
        let covered = all.get(UNCOVERED_BYTES..).ok_or(SymbolsError::Length)?;
        if crc32_continue(0, covered) != word(12)? {
            return Err(SymbolsError::Crc);
        }
        let map_bytes = usize::try_from(word(24)?).map_err(|_| SymbolsError::Length)?;
        let (map, names) = body
            .split_at_checked(map_bytes)
            .ok_or(SymbolsError::Length)?;
        let symbols = Self {
            image_bytes: word(16)?,
            image_crc: word(20)?,
            map,
            names,
        };
        symbols.check(all.len())?;
        Ok(symbols)
    }

    /// Reads map and names to their ends.
    fn check(&self, length: usize) -> Result<(), SymbolsError> {
        let place = |left: usize| u32::try_from(length.saturating_sub(left)).unwrap_or(NONE);
        let mut reader = Reader { bytes: self.map };
        let mut before = None;
        while !reader.bytes.is_empty() {
            let left = reader.bytes.len().saturating_add(self.names.len());
            before = reader.origin(before);
            if before.is_none() {
                return Err(SymbolsError::Map(place(left)));
            }
        }
        let mut reader = Reader { bytes: self.names };
        while !reader.bytes.is_empty() {
            let left = reader.bytes.len();
            if reader.name().is_none() {
                return Err(SymbolsError::Name(place(left)));
            }
        }
        Ok(())
    }

    /// Tells whether they are that image's.
    #[must_use]
    pub fn belong_to(&self, image: &Image<'_>) -> bool {
        let stated = (
            word_at(image.bytes(), 8).unwrap_or(0),
            word_at(image.bytes(), 12).unwrap_or(0),
        );
        (self.image_bytes, self.image_crc) == stated
    }

    /// Returns the entries of the map, in the order of the code.
    pub fn origins(&self) -> impl Iterator<Item = Origin> + 'a {
        let mut reader = Reader { bytes: self.map };
        let mut before = None;
        core::iter::from_fn(move || {
            before = reader.origin(before);
            before
        })
    }

    /// Returns where in the Wasm file that place in the code comes from: of an instruction's
    /// first byte or any other. Nothing for the code before the first function.
    #[must_use]
    pub fn wasm_offset(&self, code_offset: u32) -> Option<u32> {
        let before = self
            .origins()
            .take_while(|origin| origin.code_offset <= code_offset);
        before.last().map(|origin| origin.wasm_offset)
    }

    /// Returns functions' names, in the order of the Wasm file.
    pub fn names(&self) -> impl Iterator<Item = (u32, &'a str)> + 'a {
        let mut reader = Reader { bytes: self.names };
        core::iter::from_fn(move || reader.name())
    }

    /// Returns a function's name, if it has one.
    #[must_use]
    pub fn name(&self, function: u32) -> Option<&'a str> {
        let mut names = self.names();
        names
            .find(|&(index, _)| index == function)
            .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    fn write(origins: &[Origin], names: &[(u32, String)]) -> Vec<u8> {
        let mut body = Vec::new();
        let mut before = Origin::default();
        for &origin in origins {
            body.extend_from_slice(SymbolBytes::of_origin(before, origin).as_bytes());
            before = origin;
        }
        let map_bytes = u32::try_from(body.len()).unwrap();
        for (function, name) in names {
            let length = u32::try_from(name.len()).unwrap();
            body.extend_from_slice(SymbolBytes::of_name(*function, length).as_bytes());
            body.extend_from_slice(name.as_bytes());
        }
        finish(map_bytes, &body)
    }

    fn finish(map_bytes: u32, body: &[u8]) -> Vec<u8> {
        let header = SymbolsHeader {
            image_bytes: 100,
            image_crc: 7,
            map_bytes,
        };
        let length = u32::try_from(body.len() + SYMBOLS_HEADER_BYTES).unwrap();
        let mut bytes = header
            .to_bytes(length, |crc| crc32_continue(crc, body))
            .to_vec();
        bytes.extend_from_slice(body);
        bytes
    }

    fn origins() -> impl Strategy<Value = Vec<Origin>> {
        let entry = (1u32..0x4000, any::<u32>(), any::<bool>());
        proptest::collection::vec(entry, 0..40).prop_map(|steps| {
            let mut code = 0;
            let one = |(step, wasm, near): (u32, u32, bool)| {
                code += 2 * step;
                Origin {
                    code_offset: code,
                    wasm_offset: if near { 0x200 + wasm % 64 } else { wasm },
                }
            };
            steps.into_iter().map(one).collect()
        })
    }

    fn names() -> impl Strategy<Value = Vec<(u32, String)>> {
        proptest::collection::vec((any::<u32>(), ".{0,20}"), 0..10)
    }

    proptest! {
        #[test]
        fn symbols_read_back_as_they_were_written(origins in origins(), names in names()) {
            let bytes = write(&origins, &names);
            let symbols = Symbols::open(&bytes).unwrap();
            prop_assert_eq!(symbols.origins().collect::<Vec<_>>(), origins.clone());
            let read: Vec<_> = symbols.names().map(|(f, n)| (f, String::from(n))).collect();
            prop_assert_eq!(read, names);
            for origin in origins {
                let found = [0, 1].map(|more| symbols.wasm_offset(origin.code_offset + more));
                prop_assert_eq!(found, [Some(origin.wasm_offset); 2]);
            }
        }

        // Damage is told by the CRC; with the CRC made right again, by what is read, or it makes
        // other symbols. Never a panic, and never more entries than there are bytes.
        #[test]
        fn damaged_symbols_are_refused_or_read(
            origins in origins(),
            names in names(),
            at in any::<prop::sample::Index>(),
            bits in 1u8..,
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = write(&origins, &names);
            let mut damaged = bytes.clone();
            let at = at.index(damaged.len());
            damaged[at] ^= bits;
            prop_assert!(Symbols::open(&damaged).is_err());
            let crc = crc32_continue(0, &damaged[16..]);
            damaged[12..16].copy_from_slice(&crc.to_le_bytes());
            if let Ok(symbols) = Symbols::open(&damaged) {
                prop_assert!(symbols.origins().count() + symbols.names().count() <= damaged.len());
                let last = symbols.origins().last().map(|origin| origin.wasm_offset);
                prop_assert_eq!(symbols.wasm_offset(u32::MAX), last);
                let first = symbols.names().next();
                prop_assert!(first.is_none_or(|(f, name)| symbols.name(f) == Some(name)));
            }
            let cut = cut.index(bytes.len());
            prop_assert!(Symbols::open(&bytes[..cut]).is_err());
        }

        #[test]
        fn rubbish_is_refused_or_read(
            body in proptest::collection::vec(any::<u8>(), 0..80),
            map_bytes in 0u32..90,
        ) {
            let bytes = finish(map_bytes, &body);
            if let Ok(symbols) = Symbols::open(&bytes) {
                prop_assert!(symbols.origins().count() + symbols.names().count() <= bytes.len());
            }
            let _ = Symbols::open(&body);
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let name = [(3, String::from("run"))];
        let good = write(
            &[Origin {
                code_offset: 8,
                wasm_offset: 0x40,
            }],
            &name,
        );
        assert_eq!(Symbols::open(&good).unwrap().name(3), Some("run"));
        assert_eq!(Symbols::open(&good).unwrap().wasm_offset(7), None);
        let mut bad = good.clone();
        bad[4] = 9;
        assert_eq!(Symbols::open(&bad).unwrap_err(), SymbolsError::Version);
        assert_eq!(
            Symbols::open(&good[..20]).unwrap_err(),
            SymbolsError::NoSymbols
        );
        assert_eq!(
            Symbols::open(&good[..34]).unwrap_err(),
            SymbolsError::Length
        );
        let open = |map_bytes, body: &[u8]| Symbols::open(&finish(map_bytes, body)).map(|_| ());
        assert_eq!(open(9, &[1, 1]), Err(SymbolsError::Length));
        // Two entries at one place; a number that is cut, and one too long.
        assert_eq!(open(4, &[1, 1, 0, 1]), Err(SymbolsError::Map(34)));
        assert_eq!(open(2, &[1, 0x80]), Err(SymbolsError::Map(32)));
        let long = [0x80, 0x80, 0x80, 0x80, 0x80, 0, 0];
        assert_eq!(open(7, &long), Err(SymbolsError::Map(32)));
        // A name that is cut, and one that is not UTF-8.
        assert_eq!(open(0, &[1, 2, b'a']), Err(SymbolsError::Name(32)));
        assert_eq!(open(0, &[1, 1, 0xff]), Err(SymbolsError::Name(32)));
        assert!(!SymbolsError::Crc.message().is_empty());
    }
}
