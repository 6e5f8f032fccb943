//! Values of both engines, made together and compared.

use mote_engine::Value;
use mote_engine_suite::Random;
use wasmtime::Val;

/// The same value, as each engine has it.
#[derive(Clone)]
pub(crate) struct Twin {
    pub(crate) ours: Value,
    pub(crate) theirs: Val,
}

/// Returns a value of a type, by the byte of WebAssembly's encoding: often small or at an edge. References are
/// null, and there is one NaN.
pub(crate) fn twin(random: &mut Random, type_byte: u8) -> Twin {
    let bits = bits(random);
    let is_whole = random.below(3) == 0;
    match type_byte {
        0x7f => {
            let value = low(bits).cast_signed();
            Twin {
                ours: Value::I32(value),
                theirs: Val::I32(value),
            }
        }
        0x7e => Twin {
            ours: Value::I64(bits.cast_signed()),
            theirs: Val::I64(bits.cast_signed()),
        },
        0x7d => {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let number = if is_whole {
                low(bits).cast_signed() as f32
            } else {
                f32::from_bits(low(bits))
            };
            let number = if number.is_nan() { f32::NAN } else { number };
            Twin {
                ours: Value::F32(number.to_bits()),
                theirs: Val::F32(number.to_bits()),
            }
        }
        0x7c => {
            #[expect(clippy::cast_precision_loss, reason = "any number will do")]
            let number = if is_whole {
                bits.cast_signed() as f64
            } else {
                f64::from_bits(bits)
            };
            let number = if number.is_nan() { f64::NAN } else { number };
            Twin {
                ours: Value::F64(number.to_bits()),
                theirs: Val::F64(number.to_bits()),
            }
        }
        0x70 => Twin {
            ours: Value::FuncRef(None),
            theirs: Val::FuncRef(None),
        },
        _ => Twin {
            ours: Value::ExternRef(None),
            theirs: Val::ExternRef(None),
        },
    }
}

fn bits(random: &mut Random) -> u64 {
    match random.below(5) {
        0 => random.next() % 16,
        1 => (random.next() % 16).wrapping_neg(),
        2 => 1 << (random.next() % 64),
        3 => 0,
        _ => random.next(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "that is its purpose")]
const fn low(bits: u64) -> u32 {
    bits as u32
}

/// Tells whether two values are the same. Of references, whether there is one.
pub(crate) fn same(ours: &Value, theirs: &Val) -> bool {
    match (ours, theirs) {
        (Value::I32(a), Val::I32(b)) => a == b,
        (Value::I64(a), Val::I64(b)) => a == b,
        (Value::F32(a), Val::F32(b)) => a == b,
        (Value::F64(a), Val::F64(b)) => a == b,
        (Value::FuncRef(a), Val::FuncRef(b)) => a.is_some() == b.is_some(),
        (Value::ExternRef(a), Val::ExternRef(b)) => a.is_some() == b.is_some(),
        _ => false,
    }
}

/// Tells whether two lists are the same.
pub(crate) fn all_same(ours: &[Value], theirs: &[Val]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
}
