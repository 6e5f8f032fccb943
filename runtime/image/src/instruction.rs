//! Instructions: what the table becomes for whoever encodes, decodes, shows or checks them.

use crate::Kind;
use crate::kind::{instruction_length, operand_offset};
use crate::shape::Shape;
use core::fmt;

/// What becomes of an instruction's meaning: see the head of `table.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(non_camel_case_types, reason = "the names of the table")]
#[expect(missing_docs, reason = "documented where the table is")]
pub enum Class {
    value,
    wide,
    slow,
    slow_wide,
    store,
    branch,
    again,
    count,
    float,
    float_slow,
    float_slow_wide,
    float_branch,
    special,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The name, which tells the forms of its operands.
    pub name: &'static str,
    /// What becomes of the meaning.
    pub class: Class,
    /// The operands' kinds, in the order of their bytes.
    pub kinds: &'static [Kind],
}

/// The names of operands and the meanings, for people: only those who print them pay for them.
#[derive(Clone, Copy, Debug)]
pub struct Documentation {
    /// The operands' names, in the order of their bytes.
    pub operands: &'static [&'static str],
    /// The meaning, in the terms of its class.
    pub meaning: &'static str,
}

macro_rules! describe {
    ($($class:ident $name:ident [$($operand:ident $kind:ident),*] ($($meaning:tt)*);)*) => {
        /// Each instruction's number, by its name.
        #[expect(non_upper_case_globals, reason = "the names of the table")]
        #[expect(missing_docs, reason = "documented where the table is")]
        #[allow(clippy::cast_lossless, reason = "not in a constant")]
        pub mod opcode {
            #[expect(non_camel_case_types, reason = "the names of the table")]
            #[repr(u16)]
            enum Number { $($name),* }
            $(pub const $name: u16 = Number::$name as u16;)*
        }

        /// The table: an instruction's number is its index.
        pub const INSTRUCTIONS: &[Description] = &[
            $(Description {
                name: stringify!($name),
                class: Class::$class,
                kinds: &[$(Kind::$kind),*],
            },)*
        ];

        /// What is only for people, in the order of the table.
        pub const DOCUMENTATION: &[Documentation] = &[
            $(Documentation {
                operands: &[$(stringify!($operand)),*],
                meaning: stringify!($($meaning)*),
            },)*
        ];
    };
}
crate::for_each_instruction!(describe);

/// The most operands that an instruction has.
pub const OPERANDS_MAX: usize = 8;

/// Returns the offset in an instruction of its operand `index`.
///
/// A constant expression for whoever reads operands in place.
#[must_use]
pub const fn offset(opcode: u16, index: usize) -> usize {
    operand_offset(kinds(opcode), index)
}

/// Returns an instruction's length, entries of a branch table not counted; 0 for none.
#[must_use]
pub const fn length(opcode: u16) -> usize {
    instruction_length(kinds(opcode))
}

const _: () = {
    assert!(offset(opcode::switch, 1) == 4 && offset(opcode::switch_far, 1) == 4);
};

const fn kinds(opcode: u16) -> &'static [Kind] {
    let mut at = 0u16;
    let mut rest = INSTRUCTIONS;
    while let [first, tail @ ..] = rest {
        if at == opcode {
            return first.kinds;
        }
        at = at.wrapping_add(1);
        rest = tail;
    }
    &[]
}

/// An instruction where it lies.
#[derive(Clone, Copy)]
pub struct Instruction<'a> {
    /// Its number.
    pub opcode: u16,
    shape: Shape,
    bytes: &'a [u8],
    entries: &'a [u8],
}

impl<'a> Instruction<'a> {
    /// Reads the first instruction of some code, or nothing where there is no whole one.
    #[must_use]
    pub fn decode(code: &'a [u8]) -> Option<Self> {
        let opcode = u16::from_le_bytes(*code.first_chunk()?);
        let shape = Shape::of(opcode)?;
        let (bytes, rest) = code.split_at_checked(shape.length())?;
        let mut decoded = Self {
            opcode,
            shape,
            bytes,
            entries: &[],
        };
        // The count is the second operand of both.
        let (last, entry_bytes) = match opcode {
            opcode::switch => (half(bytes, 4), 2),
            opcode::switch_far => (half(bytes, 4) | half(bytes, 6) << 16, 4),
            _ => return Some(decoded),
        };
        let count = (last as usize).checked_add(1)?;
        decoded.entries = rest.get(..count.checked_mul(entry_bytes)?)?;
        Some(decoded)
    }

    /// Returns how many bytes it takes, the entries of a branch table included.
    #[must_use]
    pub fn length(&self) -> usize {
        self.bytes.len().saturating_add(self.entries.len())
    }

    /// Returns an operand; 0 where there is none of that index.
    #[must_use]
    pub fn operand(&self, index: usize) -> i64 {
        self.operands().nth(index).map_or(0, |(_, value)| value)
    }

    /// Returns the operands with their kinds.
    pub fn operands(&self) -> impl Iterator<Item = (Kind, i64)> + 'a {
        let bytes = self.bytes;
        self.shape
            .places()
            .map(move |(kind, offset)| (kind, read(bytes, kind, offset)))
    }

    /// Returns the operands with their kinds, each as 32 bits: those with a sign are extended.
    pub fn words(&self) -> impl Iterator<Item = (Kind, u32)> + 'a {
        let bytes = self.bytes;
        self.shape
            .places()
            .map(move |(kind, offset)| (kind, read_word(bytes, kind, offset)))
    }

    /// Returns the places of a branch table, in halfwords from the start of the instruction.
    pub fn entries(&self) -> impl Iterator<Item = i64> + 'a {
        self.entry_words().map(i64::from)
    }

    /// As [`Instruction::entries`], in 32 bits.
    pub(crate) fn entry_words(&self) -> impl Iterator<Item = u32> + 'a {
        let size = if self.opcode == opcode::switch { 2 } else { 4 };
        self.entries.chunks_exact(size).map(|bytes| match *bytes {
            [a, b] => u16::from_le_bytes([a, b]).into(),
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        })
    }
}

fn read(bytes: &[u8], kind: Kind, offset: usize) -> i64 {
    let word = read_word(bytes, kind, offset);
    if kind.is_signed() {
        i64::from(word.cast_signed())
    } else {
        i64::from(word)
    }
}

fn read_word(bytes: &[u8], kind: Kind, offset: usize) -> u32 {
    match kind.bytes() {
        0 => 0,
        1 => bytes.get(offset).copied().unwrap_or(0).into(),
        2 if kind.is_signed() => {
            let [low, high, ..] = half(bytes, offset).to_le_bytes();
            i32::from(i16::from_le_bytes([low, high])).cast_unsigned()
        }
        2 => half(bytes, offset),
        _ => half(bytes, offset) | half(bytes, offset.wrapping_add(2)) << 16,
    }
}

fn half(bytes: &[u8], offset: usize) -> u32 {
    let half = bytes.get(offset..).and_then(|tail| tail.first_chunk());
    half.map_or(0, |half| u16::from_le_bytes(*half).into())
}

impl fmt::Display for Instruction<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = INSTRUCTIONS.get(usize::from(self.opcode));
        formatter.write_str(row.map_or("", |row| row.name))?;
        let names = DOCUMENTATION
            .get(usize::from(self.opcode))
            .map_or(&[][..], |it| it.operands);
        for ((kind, value), name) in self.operands().zip(names) {
            match kind {
                Kind::K => {}
                Kind::S | Kind::D | Kind::V | Kind::F | Kind::O => {
                    write!(formatter, " {name}=s{value}")?;
                }
                Kind::P | Kind::Q | Kind::S2 | Kind::S3 => write!(formatter, " {name}=s{value}..")?,
                Kind::B | Kind::M | Kind::M6 | Kind::C => write!(formatter, " {name}={value}")?,
                Kind::H | Kind::U | Kind::G | Kind::N | Kind::I | Kind::Y => {
                    write!(formatter, " {name}={value}")?;
                }
                Kind::J | Kind::X | Kind::E | Kind::A | Kind::L | Kind::W | Kind::Z => {
                    write!(formatter, " {name}={value}")?;
                }
                Kind::T | Kind::R | Kind::Tf | Kind::Rf => {
                    write!(formatter, " {name}={:+}", value.saturating_mul(2))?;
                }
            }
        }
        for entry in self.entries() {
            write!(formatter, " {:+}", entry.saturating_mul(2))?;
        }
        Ok(())
    }
}

/// An instruction in the making: at most [`Encoded::BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    bytes: [u8; Self::BYTES_MAX],
    length: u8,
}

impl Encoded {
    /// The longest instruction, entries of a branch table not counted.
    pub const BYTES_MAX: usize = 16;

    /// Encodes an instruction; the accumulator is given as any value. Nothing where an operand
    /// does not fit, or too few or too many are given.
    #[must_use]
    pub fn new(opcode: u16, operands: &[i64]) -> Option<Self> {
        let shape = Shape::of(opcode)?;
        if shape.places().count() != operands.len() {
            return None;
        }
        let length = u8::try_from(shape.length()).ok()?;
        let mut bytes = [0; Self::BYTES_MAX];
        bytes.get_mut(..2)?.copy_from_slice(&opcode.to_le_bytes());
        for ((kind, offset), &value) in shape.places().zip(operands) {
            let size = kind.bytes();
            let fits = match (size, kind.is_signed()) {
                (0, _) => true,
                (1, _) => u8::try_from(value).is_ok(),
                (2, true) => i16::try_from(value).is_ok(),
                (2, false) => u16::try_from(value).is_ok(),
                (_, true) => i32::try_from(value).is_ok(),
                (_, false) => u32::try_from(value).is_ok(),
            };
            if !fits {
                return None;
            }
            let end = offset.checked_add(size)?;
            let source = value.to_le_bytes();
            bytes
                .get_mut(offset..end)?
                .copy_from_slice(source.get(..size)?);
        }
        Some(Self { bytes, length })
    }

    /// As [`Encoded::new`], with operands of 32 bits: those with a sign are extended.
    #[must_use]
    pub fn of_words(opcode: u16, operands: &[u32]) -> Option<Self> {
        let shape = Shape::of(opcode)?;
        let mut encoded = Self {
            bytes: [0; Self::BYTES_MAX],
            length: 0,
        };
        let mut operands = operands.iter();
        let mut end = 2usize;
        let [low, high] = opcode.to_le_bytes();
        let [first, second, ..] = &mut encoded.bytes;
        (*first, *second) = (low, high);
        for (kind, offset) in shape.places() {
            let &value = operands.next()?;
            let size = kind.bytes();
            end = offset.wrapping_add(size);
            // All that the operand has no room for is zeros, or copies of the sign.
            let mut rest = value;
            let mut sign = 0;
            for place in encoded.bytes.get_mut(offset..end)? {
                let [byte, ..] = rest.to_le_bytes();
                *place = byte;
                rest >>= 8;
                sign = byte >> 7;
            }
            let negative = kind.is_signed() && sign != 0 && size < 4;
            let all = u32::MAX.checked_shr(u32::try_from(size).ok()?.wrapping_mul(8));
            let above = if negative { all.unwrap_or(0) } else { 0 };
            if size > 0 && rest != above {
                return None;
            }
        }
        encoded.length = u8::try_from(end.next_multiple_of(2).max(4)).ok()?;
        operands.next().is_none().then_some(encoded)
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::string::ToString;
    use std::vec::Vec;

    fn sample(kind: Kind, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap();
        match (kind.bytes(), kind.is_signed()) {
            (0, _) => 0,
            (1, _) => 31 - index,
            (2, true) => -32_768 + index,
            (2, false) => 65_535 - index,
            (_, true) => -2_147_483_648 + index,
            (_, false) => 4_294_967_295 - index,
        }
    }

    #[test]
    fn each_instruction_encoded_decodes_to_itself() {
        let mut names = BTreeSet::new();
        for (number, description) in INSTRUCTIONS.iter().enumerate() {
            let opcode = u16::try_from(number).unwrap();
            assert!(names.insert(description.name), "{} twice", description.name);
            assert!(description.kinds.len() <= OPERANDS_MAX);
            let mut operands: Vec<i64> = description
                .kinds
                .iter()
                .enumerate()
                .map(|(i, &kind)| sample(kind, i))
                .collect();
            if matches!(opcode, opcode::switch | opcode::switch_far) {
                operands[1] = 0;
            }
            let encoded = Encoded::new(opcode, &operands).unwrap();
            let mut bytes = encoded.as_bytes().to_vec();
            assert!(
                bytes.len().is_multiple_of(2) && bytes.len() >= 4,
                "{}",
                description.name
            );
            assert_eq!(bytes.len(), length(opcode));
            bytes.extend_from_slice(&[7, 0, 0, 0]);
            let decoded = Instruction::decode(&bytes).unwrap();
            assert_eq!(decoded.opcode, opcode);
            assert_eq!(
                decoded.operands().map(|it| it.1).collect::<Vec<_>>(),
                operands
            );
            for (index, &operand) in operands.iter().enumerate() {
                assert_eq!(
                    decoded.operand(index),
                    operand,
                    "{} {index}",
                    description.name
                );
            }
            assert!(decoded.to_string().starts_with(description.name));
        }
        assert_eq!(names.len(), INSTRUCTIONS.len());
        assert_eq!(DOCUMENTATION.len(), INSTRUCTIONS.len());
    }

    #[test]
    fn operands_lie_bytes_first_then_halfwords_then_words() {
        for description in INSTRUCTIONS {
            let sizes: Vec<usize> = description.kinds.iter().map(|kind| kind.bytes()).collect();
            let mut sorted = sizes.clone();
            sorted.sort_unstable();
            assert_eq!(sizes, sorted, "{}", description.name);
            let frame = description.kinds.iter().position(|&kind| kind == Kind::A);
            assert!(
                frame.is_none_or(|at| at + 1 == sizes.len()),
                "{}",
                description.name
            );
        }
    }

    #[test]
    fn instruction_with_operand_out_of_range_is_refused() {
        assert_eq!(Encoded::new(opcode::move_s_d, &[256, 0]), None);
        assert_eq!(Encoded::new(opcode::add_sh, &[1, 32_768]), None);
        assert_eq!(Encoded::new(opcode::add_sh, &[1]), None);
        assert_eq!(Encoded::new(u16::MAX, &[]), None);
    }

    #[test]
    fn instruction_cut_short_is_none() {
        assert!(Instruction::decode(&[]).is_none());
        assert!(Instruction::decode(&[255, 255, 0, 0]).is_none());
        let jump = Encoded::new(opcode::jump_far, &[8]).unwrap();
        assert!(Instruction::decode(&jump.as_bytes()[..4]).is_none());
        let switch = Encoded::new(opcode::switch, &[0, 1]).unwrap();
        assert!(Instruction::decode(switch.as_bytes()).is_none());
    }
}
