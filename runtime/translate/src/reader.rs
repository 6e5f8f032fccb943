//! The reader: bytes, integers and names of a Wasm binary.
//!
//! It reads from a part of the file, never past the part's end, and its position is the file's,
//! so that whoever fails can say where. A reader that failed gives zeros and remembers the first
//! rule that was broken: whoever reads asks once, at the end of an instruction or section, instead
//! of after each byte (which took 0.8 KB of flash more). Integers are checked as the specification
//! demands: no longer than their width allows, no bits that do not fit.

use crate::Rule;
use mote_engine::ValueType;

/// Reads a part of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    /// The file up to the part's end.
    bytes: &'a [u8],
    position: usize,
    /// The first thing that went wrong.
    failed: Option<Rule>,
}

impl<'a> Reader<'a> {
    /// Reads a file from an offset on.
    pub(crate) const fn new(bytes: &'a [u8], position: usize) -> Self {
        Self {
            bytes,
            position,
            failed: None,
        }
    }

    /// Notes what went wrong, if it is the first thing. There is nothing left to read then.
    pub(crate) fn fail(&mut self, rule: Rule) {
        self.failed = self.failed.or(Some(rule));
        self.bytes = self.bytes.get(..self.position).unwrap_or(&[]);
    }

    /// Tells whether all was well until here.
    pub(crate) fn check(&self) -> Result<(), Rule> {
        self.failed.map_or(Ok(()), Err)
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// The position as errors and events give it. Files of 4 GiB are refused.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the file is smaller than 4 GiB"
    )]
    pub(crate) const fn offset(&self) -> u32 {
        self.position as u32
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.position..).unwrap_or(&[])
    }

    /// The next byte, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.peek() {
            Some(byte) => {
                self.position = self.position.wrapping_add(1);
                byte
            }
            None => {
                self.fail(Rule::UnexpectedEnd);
                0
            }
        }
    }

    /// So many bytes, or none; the rule is what it breaks if they are not there.
    pub(crate) fn bytes(&mut self, length: u32, rule: Rule) -> &'a [u8] {
        match self.rest().get(..length as usize) {
            Some(bytes) => {
                self.position = self.position.wrapping_add(length as usize);
                bytes
            }
            None => {
                self.fail(rule);
                &[]
            }
        }
    }

    /// A part of so many bytes, which is skipped here.
    pub(crate) fn part(&mut self, length: u32) -> Self {
        let position = self.position;
        self.bytes(length, Rule::LengthOutOfBounds);
        Self {
            bytes: self.bytes.get(..self.position).unwrap_or(&[]),
            position,
            failed: None,
        }
    }

    /// An integer of so many bits in LEB128; a signed one's sign is extended to 64 bits.
    fn leb128(&mut self, bits: u32, signed: bool) -> u64 {
        let mut value = 0u64;
        let mut shift = 0u32;
        loop {
            let byte = self.byte();
            let low = byte & 0x7f;
            value |= u64::from(low).wrapping_shl(shift);
            let left = bits.wrapping_sub(shift);
            shift = shift.wrapping_add(7);
            let last = byte & 0x80 == 0;
            if left <= 7 {
                // Only so many bits of this byte count: the others are zeros or copies of the
                // sign.
                let kept = if signed { left.wrapping_sub(1) } else { left };
                let above = low.wrapping_shr(kept);
                let all = 0x7fu8.wrapping_shr(kept);
                if !last {
                    self.fail(Rule::IntegerTooLong);
                } else if above != 0 && !(signed && above == all) {
                    self.fail(Rule::IntegerTooLarge);
                }
            }
            if last || left <= 7 {
                if signed && byte & 0x40 != 0 && shift < 64 {
                    value |= u64::MAX.wrapping_shl(shift);
                }
                return value;
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "32 bits were asked for")]
    pub(crate) fn u32(&mut self) -> u32 {
        match self.peek() {
            // Nearly all are short.
            Some(byte) if byte < 0x80 => {
                self.position = self.position.wrapping_add(1);
                u32::from(byte)
            }
            _ => self.leb128(32, false) as u32,
        }
    }

    /// An `i32`'s bits.
    #[expect(clippy::cast_possible_truncation, reason = "32 bits were asked for")]
    pub(crate) fn i32(&mut self) -> u32 {
        self.leb128(32, true) as u32
    }

    /// The type index of a block, whose encoding has a sign: it is not negative.
    pub(crate) fn block_index(&mut self) -> u32 {
        let index = self.leb128(33, true);
        u32::try_from(index).unwrap_or_else(|_| {
            self.fail(Rule::MalformedType);
            0
        })
    }

    /// An `i64`'s bits.
    pub(crate) fn i64(&mut self) -> u64 {
        self.leb128(64, true)
    }

    /// So many bytes, the lowest first: a float's bits.
    pub(crate) fn bits(&mut self, length: u32) -> u64 {
        let bytes = self.bytes(length, Rule::UnexpectedEnd);
        bytes
            .iter()
            .rev()
            .fold(0, |bits, &byte| bits << 8 | u64::from(byte))
    }

    /// A vector's length; each of its elements takes a byte at least.
    pub(crate) fn count(&mut self) -> u32 {
        let count = self.u32();
        if count as usize > self.rest().len() {
            self.fail(Rule::UnexpectedEnd);
            return 0;
        }
        count
    }

    pub(crate) fn name(&mut self) -> &'a str {
        let length = self.u32();
        let bytes = self.bytes(length, Rule::LengthOutOfBounds);
        core::str::from_utf8(bytes).unwrap_or_else(|_| {
            self.fail(Rule::Utf8);
            ""
        })
    }

    /// A value type.
    pub(crate) fn value_type(&mut self, floats: bool) -> ValueType {
        let byte = self.byte();
        value_type(byte, floats).unwrap_or_else(|rule| {
            self.fail(rule);
            ValueType::I32
        })
    }

    /// A reference type.
    pub(crate) fn reference_type(&mut self) -> ValueType {
        let value_type = self.value_type(true);
        if !matches!(value_type, ValueType::FuncRef | ValueType::ExternRef) {
            self.fail(Rule::ReferenceType);
        }
        value_type
    }
}

/// The value type of a byte, or the name of the proposal that has it.
pub(crate) fn value_type(byte: u8, floats: bool) -> Result<ValueType, Rule> {
    match ValueType::from_byte(byte) {
        Some(ValueType::F32 | ValueType::F64) if !floats => Err(Rule::Floats),
        Some(value_type) => Ok(value_type),
        None => Err(match byte {
            0x7b => Rule::Simd,
            0x63 | 0x64 => Rule::FunctionReferences,
            0x69 | 0x74 => Rule::Exceptions,
            0x68 | 0x75 => Rule::StackSwitching,
            0x65 | 0x6a..=0x6e | 0x71..=0x73 => Rule::GarbageCollection,
            _ => Rule::MalformedType,
        }),
    }
}

/// The limit of the host's validators, which keeps the work for each call bounded.
pub(crate) const MAX_PARAMETERS: u32 = 1000;

/// A function's parameters or results: their types' bytes, where they lie.
pub(crate) fn result_type<'a>(reader: &mut Reader<'a>, floats: bool) -> Result<&'a [u8], Rule> {
    let count = reader.u32();
    if count > MAX_PARAMETERS {
        return Err(Rule::TypeSize);
    }
    let bytes = reader.bytes(count, Rule::UnexpectedEnd);
    for &byte in bytes {
        value_type(byte, floats)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader of these bytes reads, or why it fails.
    fn read<'a, T>(bytes: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> T) -> Result<T, Rule> {
        let mut reader = Reader::new(bytes, 0);
        let value = read(&mut reader);
        reader.check().map(|()| value)
    }

    #[test]
    fn integers_are_read() {
        assert_eq!(read(&[0xe5, 0x8e, 0x26], Reader::u32), Ok(624_485));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x00], Reader::u32), Ok(0));
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0x0f], Reader::u32),
            Ok(u32::MAX)
        );
        assert_eq!(read(&[0x7f], Reader::i32), Ok(u32::MAX));
        assert_eq!(
            read(&[0x80, 0x80, 0x80, 0x80, 0x78], Reader::i32),
            Ok(0x8000_0000)
        );
        assert_eq!(read(&[0x7f], Reader::i64), Ok(u64::MAX));
        let least = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];
        assert_eq!(read(&least, Reader::i64), Ok(1 << 63));
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0x0f], Reader::block_index),
            Ok(u32::MAX)
        );
    }

    #[test]
    fn integers_that_are_too_long_are_refused() {
        let long = Err(Rule::IntegerTooLong);
        assert_eq!(
            read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Reader::u32),
            long
        );
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Reader::i32),
            long
        );
        assert_eq!(read(&[0x80; 11], Reader::i64), Err(Rule::IntegerTooLong));
        assert_eq!(read(&[0x80], Reader::u32), Err(Rule::UnexpectedEnd));
    }

    #[test]
    fn integers_that_are_too_large_are_refused() {
        let large = Err(Rule::IntegerTooLarge);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x1f], Reader::u32), large);
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x70], Reader::i32), large);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0x0f], Reader::i32), large);
        let bytes = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7e];
        assert_eq!(read(&bytes, Reader::i64), Err(Rule::IntegerTooLarge));
    }

    #[test]
    fn parts_end_where_they_say() {
        let mut outer = Reader::new(&[1, 2, 3, 4], 0);
        outer.byte();
        let mut inner = outer.part(2);
        assert_eq!((inner.byte(), inner.byte(), inner.check()), (2, 3, Ok(())));
        assert_eq!((inner.byte(), inner.check()), (0, Err(Rule::UnexpectedEnd)));
        assert_eq!(outer.byte(), 4);
        outer.part(1);
        assert_eq!(outer.check(), Err(Rule::LengthOutOfBounds));
    }

    #[test]
    fn what_fails_first_is_what_is_told() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f, 1], 0);
        reader.u32();
        assert_eq!((reader.byte(), reader.is_empty()), (0, true));
        assert_eq!(reader.check(), Err(Rule::IntegerTooLarge));
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(read(&[3, b'f', 0xc3, 0xbc], Reader::name), Ok("fü"));
        assert_eq!(read(&[1, 0xff], Reader::name), Err(Rule::Utf8));
        assert_eq!(read(&[2, b'a'], Reader::name), Err(Rule::LengthOutOfBounds));
    }
}
