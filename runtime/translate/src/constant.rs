//! Constant expressions: evaluated at once, since nothing in them depends on an instance.
//!
//! Globals cannot be imported, so a `global.get` in a constant expression names none that the
//! specification (2.0, extended constants) allows there. What is left can be worked out while the
//! module is read: an initialiser or offset is a number to all that come after.

use crate::reader::Reader;
use crate::{Options, Rule};
use mote_engine::ValueType;

/// The word of a null reference.
pub const NULL_REFERENCE: u32 = u32::MAX;

/// A value's bits, in the low half where it has 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    value_type: ValueType,
    bits: u64,
}

/// The values that an expression needs at a time. Compilers need two.
const DEPTH: usize = 16;

/// Reads and evaluates an expression that gives a value of that type; returns its bits.
pub(crate) fn evaluate(
    reader: &mut Reader<'_>,
    expected: ValueType,
    functions: u32,
    options: Options,
) -> Result<u64, Rule> {
    let mut values = [Value {
        value_type: ValueType::I32,
        bits: 0,
    }; DEPTH];
    let mut height = 0usize;
    loop {
        let (value_type, bits) = match reader.byte() {
            0x0b => break,
            0x41 => (ValueType::I32, u64::from(reader.i32())),
            0x42 => (ValueType::I64, reader.i64()),
            0x43 | 0x44 if !options.floats => return Err(Rule::Floats),
            0x43 => (ValueType::F32, reader.bits(4)),
            0x44 => (ValueType::F64, reader.bits(8)),
            0x23 => {
                reader.u32();
                return Err(Rule::UnknownGlobal);
            }
            0xd0 => (reader.reference_type(), u64::from(NULL_REFERENCE)),
            0xd2 => {
                let function = reader.u32();
                if function >= functions {
                    return Err(Rule::UnknownFunction);
                }
                (ValueType::FuncRef, u64::from(function))
            }
            opcode @ (0x6a..=0x6c | 0x7c..=0x7e) => {
                let value_type = if opcode < 0x70 {
                    ValueType::I32
                } else {
                    ValueType::I64
                };
                let below = height.wrapping_sub(2);
                let Some([a, b]) = values.get(below..height) else {
                    return Err(Rule::TypeMismatch);
                };
                if a.value_type != value_type || b.value_type != value_type {
                    return Err(Rule::TypeMismatch);
                }
                let bits = match opcode {
                    0x6a | 0x7c => a.bits.wrapping_add(b.bits),
                    0x6b | 0x7d => a.bits.wrapping_sub(b.bits),
                    _ => a.bits.wrapping_mul(b.bits),
                };
                height = below;
                (
                    value_type,
                    if opcode < 0x70 {
                        bits & 0xffff_ffff
                    } else {
                        bits
                    },
                )
            }
            0xfd => return Err(Rule::Simd),
            0xfb => return Err(Rule::GarbageCollection),
            _ => return Err(Rule::ConstantRequired),
        };
        *values.get_mut(height).ok_or(Rule::ConstantDepth)? = Value { value_type, bits };
        height = height.wrapping_add(1);
    }
    match values.first() {
        Some(value) if height == 1 && value.value_type == expected => Ok(value.bits),
        _ => Err(Rule::TypeMismatch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(bytes: &[u8], expected: ValueType) -> Result<u64, Rule> {
        evaluate(
            &mut Reader::new(bytes, 0),
            expected,
            3,
            Options { floats: true },
        )
    }

    #[test]
    fn extended_constants_are_evaluated() {
        let bytes = [0x41, 20, 0x41, 2, 0x41, 3, 0x6c, 0x6b, 0x0b];
        assert_eq!(evaluated(&bytes, ValueType::I32), Ok(14));
        let bytes = [0x42, 0x7f, 0x42, 1, 0x7c, 0x0b];
        assert_eq!(evaluated(&bytes, ValueType::I64), Ok(0));
        let bytes = [0x41, 0, 0x41, 1, 0x6b, 0x0b];
        assert_eq!(evaluated(&bytes, ValueType::I32), Ok(0xffff_ffff));
    }

    #[test]
    fn constants_of_other_types_or_number_are_refused() {
        let mismatch = Err(Rule::TypeMismatch);
        assert_eq!(evaluated(&[0x41, 0, 0x0b], ValueType::I64), mismatch);
        assert_eq!(evaluated(&[0x0b], ValueType::I64), mismatch);
        assert_eq!(
            evaluated(&[0x41, 0, 0x41, 0, 0x0b], ValueType::I32),
            mismatch
        );
        assert_eq!(evaluated(&[0x41, 0, 0x6a, 0x0b], ValueType::I32), mismatch);
    }

    #[test]
    fn what_is_not_constant_is_refused() {
        let bytes = [0x41, 0, 0x45, 0x0b];
        assert_eq!(
            evaluated(&bytes, ValueType::I32),
            Err(Rule::ConstantRequired)
        );
        assert_eq!(evaluated(&[0xd2, 3, 0x0b], ValueType::FuncRef), {
            Err(Rule::UnknownFunction)
        });
    }

    #[test]
    fn constants_deeper_than_the_limit_are_refused() {
        let bytes = [0x41, 0].repeat(17);
        assert_eq!(evaluated(&bytes, ValueType::I32), Err(Rule::ConstantDepth));
    }
}
