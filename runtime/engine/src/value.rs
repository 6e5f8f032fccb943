//! Values that cross the border between module and host.
//!
//! Inside an engine values are untyped 32-bit words (two for a 64-bit value, low word first); at
//! the border each gets its type back. [`Values`] does so while it is read, so that an engine
//! needs no buffer of typed values and no limit on their number.

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// A 32-bit float.
    F32,
    /// A 64-bit float.
    F64,
    /// A reference to a function, or null.
    FuncRef,
    /// A reference to something of the host, or null.
    ExternRef,
}

impl ValueType {
    /// Returns the type of a byte in a Wasm binary (core specification, 5.3.1 to 5.3.4).
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x7f => Some(Self::I32),
            0x7e => Some(Self::I64),
            0x7d => Some(Self::F32),
            0x7c => Some(Self::F64),
            0x70 => Some(Self::FuncRef),
            0x6f => Some(Self::ExternRef),
            _ => None,
        }
    }

    /// Returns the byte that stands for the type in a Wasm binary.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::I32 => 0x7f,
            Self::I64 => 0x7e,
            Self::F32 => 0x7d,
            Self::F64 => 0x7c,
            Self::FuncRef => 0x70,
            Self::ExternRef => 0x6f,
        }
    }

    /// Returns how many 32-bit words a value of the type takes.
    #[must_use]
    pub const fn words(self) -> usize {
        match self {
            Self::I32 | Self::F32 | Self::FuncRef | Self::ExternRef => 1,
            Self::I64 | Self::F64 => 2,
        }
    }

    /// Returns the type's name in the text format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::FuncRef => "funcref",
            Self::ExternRef => "externref",
        }
    }
}

/// A typed value. Floats are their bits, so that no NaN changes on its way and values can be
/// compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A function, by a number of its engine's, or null.
    FuncRef(Option<u32>),
    /// A number by which the host knows something, or null.
    ExternRef(Option<u32>),
}

/// The word of a null reference. No module has that many functions.
const NULL_WORD: u32 = u32::MAX;

impl Value {
    /// Returns the value's type.
    #[must_use]
    pub const fn value_type(self) -> ValueType {
        match self {
            Self::I32(_) => ValueType::I32,
            Self::I64(_) => ValueType::I64,
            Self::F32(_) => ValueType::F32,
            Self::F64(_) => ValueType::F64,
            Self::FuncRef(_) => ValueType::FuncRef,
            Self::ExternRef(_) => ValueType::ExternRef,
        }
    }

    /// Returns the value's words; the second is 0 where the type has only one.
    #[must_use]
    pub const fn to_words(self) -> [u32; 2] {
        match self {
            Self::I32(value) => [value.cast_unsigned(), 0],
            Self::F32(bits) => [bits, 0],
            Self::I64(value) => split(value.cast_unsigned()),
            Self::F64(bits) => split(bits),
            Self::FuncRef(reference) | Self::ExternRef(reference) => match reference {
                Some(index) => [index, 0],
                None => [NULL_WORD, 0],
            },
        }
    }

    /// Returns the value of a type that these words hold.
    #[must_use]
    pub const fn from_words(value_type: ValueType, words: [u32; 2]) -> Self {
        let [low, high] = words;
        match value_type {
            ValueType::I32 => Self::I32(low.cast_signed()),
            ValueType::F32 => Self::F32(low),
            ValueType::I64 => Self::I64(join(low, high).cast_signed()),
            ValueType::F64 => Self::F64(join(low, high)),
            ValueType::FuncRef => Self::FuncRef(if low == NULL_WORD { None } else { Some(low) }),
            ValueType::ExternRef => {
                Self::ExternRef(if low == NULL_WORD { None } else { Some(low) })
            }
        }
    }
}

const fn split(bits: u64) -> [u32; 2] {
    let [b0, b1, b2, b3, b4, b5, b6, b7] = bits.to_le_bytes();
    [
        u32::from_le_bytes([b0, b1, b2, b3]),
        u32::from_le_bytes([b4, b5, b6, b7]),
    ]
}

const fn join(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Values as an engine holds them, read one by one with their types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values<'a> {
    types: &'a [u8],
    words: &'a [u32],
}

impl<'a> Values<'a> {
    /// No values.
    pub const EMPTY: Self = Self {
        types: &[],
        words: &[],
    };

    /// Returns the values that these words hold, or nothing where a type is none of the six or the
    /// words are too few or too many.
    #[must_use]
    pub fn new(types: &'a [u8], words: &'a [u32]) -> Option<Self> {
        let mut count = 0usize;
        for &byte in types {
            count = count.checked_add(ValueType::from_byte(byte)?.words())?;
        }
        (count == words.len()).then_some(Self { types, words })
    }

    /// Returns how many values are left to read.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.types.len()
    }

    /// Tells whether no value is left to read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

impl Iterator for Values<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let (&byte, types) = self.types.split_first()?;
        let value_type = ValueType::from_byte(byte)?;
        let (words, rest) = self.words.split_at_checked(value_type.words())?;
        self.types = types;
        self.words = rest;
        let low = words.first().copied()?;
        let high = words.get(1).copied().unwrap_or(0);
        Some(Value::from_words(value_type, [low, high]))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.types.len(), Some(self.types.len()))
    }
}

impl ExactSizeIterator for Values<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const SAMPLES: [Value; 9] = [
        Value::I32(-1),
        Value::I64(i64::MIN + 7),
        Value::F32(0x7fc0_0001),
        Value::F64(0xfff8_0000_0000_0001),
        Value::FuncRef(None),
        Value::FuncRef(Some(3)),
        Value::ExternRef(None),
        Value::ExternRef(Some(0)),
        Value::I32(5),
    ];

    #[test]
    fn values_written_as_words_read_back() {
        let types: Vec<u8> = SAMPLES
            .iter()
            .map(|value| value.value_type().byte())
            .collect();
        let mut words = Vec::new();
        for value in SAMPLES {
            words.extend_from_slice(&value.to_words()[..value.value_type().words()]);
        }
        let values = Values::new(&types, &words).unwrap();
        assert_eq!(values.len(), SAMPLES.len());
        assert_eq!(values.collect::<Vec<_>>(), SAMPLES);
    }

    #[test]
    fn values_with_wrong_words_or_types_are_refused() {
        assert_eq!(Values::new(&[0x7e], &[1]), None, "too few");
        assert_eq!(Values::new(&[0x7f], &[1, 2]), None, "too many");
        assert_eq!(Values::new(&[0x7b], &[1, 2, 3, 4]), None, "v128");
    }

    #[test]
    fn value_types_round_trip_and_are_small() {
        for value in SAMPLES {
            assert_eq!(
                ValueType::from_byte(value.value_type().byte()),
                Some(value.value_type())
            );
        }
        assert_eq!(size_of::<Value>(), 16);
        assert!(size_of::<crate::Trap>() <= 16);
    }
}
