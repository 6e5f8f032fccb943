//! What operators compute, for the reference machine: plain, by their names.

use mote_translate::Operator;

/// Why an operator has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    DivideByZero,
    Overflow,
    Invalid,
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
const fn low(bits: u64) -> u32 {
    bits as u32
}

const fn f32_of(bits: u64) -> f32 {
    f32::from_bits(low(bits))
}

const fn f64_of(bits: u64) -> f64 {
    f64::from_bits(bits)
}

macro_rules! integer {
    ($name:expr, $a:expr, $b:expr, $bits:literal) => {{
        let (a, b) = ($a, $b);
        let (signed_a, signed_b) = (a.cast_signed(), b.cast_signed());
        let shift = low(u64::from(b)) % $bits;
        let truth = |truth: bool| Ok(u64::from(truth));
        match $name {
            "eqz" => truth(a == 0),
            "eq" => truth(a == b),
            "ne" => truth(a != b),
            "lt_s" => truth(signed_a < signed_b),
            "lt_u" => truth(a < b),
            "gt_s" => truth(signed_a > signed_b),
            "gt_u" => truth(a > b),
            "le_s" => truth(signed_a <= signed_b),
            "le_u" => truth(a <= b),
            "ge_s" => truth(signed_a >= signed_b),
            "ge_u" => truth(a >= b),
            "clz" => Ok(u64::from(a.leading_zeros())),
            "ctz" => Ok(u64::from(a.trailing_zeros())),
            "popcnt" => Ok(u64::from(a.count_ones())),
            "add" => Ok(u64::from(a.wrapping_add(b))),
            "sub" => Ok(u64::from(a.wrapping_sub(b))),
            "mul" => Ok(u64::from(a.wrapping_mul(b))),
            "div_s" | "div_u" | "rem_s" | "rem_u" if b == 0 => Err(Arithmetic::DivideByZero),
            "div_s" => match signed_a.checked_div(signed_b) {
                Some(quotient) => Ok(u64::from(quotient.cast_unsigned())),
                None => Err(Arithmetic::Overflow),
            },
            "div_u" => Ok(u64::from(a / b)),
            "rem_s" => Ok(u64::from(signed_a.wrapping_rem(signed_b).cast_unsigned())),
            "rem_u" => Ok(u64::from(a % b)),
            "and" => Ok(u64::from(a & b)),
            "or" => Ok(u64::from(a | b)),
            "xor" => Ok(u64::from(a ^ b)),
            "shl" => Ok(u64::from(a << shift)),
            "shr_s" => Ok(u64::from((signed_a >> shift).cast_unsigned())),
            "shr_u" => Ok(u64::from(a >> shift)),
            "rotl" => Ok(u64::from(a.rotate_left(shift))),
            "rotr" => Ok(u64::from(a.rotate_right(shift))),
            "extend8_s" => Ok(u64::from(
                ((signed_a << ($bits - 8)) >> ($bits - 8)).cast_unsigned(),
            )),
            "extend16_s" => Ok(u64::from(
                ((signed_a << ($bits - 16)) >> ($bits - 16)).cast_unsigned(),
            )),
            other => panic!("{other}"),
        }
    }};
}

macro_rules! float {
    ($name:expr, $a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        let truth = |truth: bool| Ok(u64::from(truth));
        let value = match $name {
            "eq" => return truth(a == b),
            "ne" => return truth(a != b),
            "lt" => return truth(a < b),
            "gt" => return truth(a > b),
            "le" => return truth(a <= b),
            "ge" => return truth(a >= b),
            "abs" => a.abs(),
            "neg" => -a,
            "ceil" => a.ceil(),
            "floor" => a.floor(),
            "trunc" => a.trunc(),
            "nearest" => a.round_ties_even(),
            "sqrt" => a.sqrt(),
            "add" => a + b,
            "sub" => a - b,
            "mul" => a * b,
            "div" => a / b,
            "min" | "max" if a.is_nan() || b.is_nan() => a + b,
            "min" if a == b => {
                if a.is_sign_negative() {
                    a
                } else {
                    b
                }
            }
            "max" if a == b => {
                if a.is_sign_positive() {
                    a
                } else {
                    b
                }
            }
            "min" => {
                if a < b {
                    a
                } else {
                    b
                }
            }
            "max" => {
                if a > b {
                    a
                } else {
                    b
                }
            }
            "copysign" => a.copysign(b),
            other => panic!("{other}"),
        };
        Ok(u64::from(value.to_bits()))
    }};
}

/// A float that is truncated to an integer in this range; both ends are excluded.
fn truncated(value: f64, above: f64, below: f64) -> Result<f64, Arithmetic> {
    if value.is_nan() {
        Err(Arithmetic::Invalid)
    } else if value > above && value < below {
        Ok(value.trunc())
    } else {
        Err(Arithmetic::Overflow)
    }
}

const TWO_31: f64 = 2_147_483_648.0;
const TWO_32: f64 = 4_294_967_296.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "conversions are what this is about"
)]
fn convert(name: &str, a: u64) -> Result<u64, Arithmetic> {
    let float = if name.contains("_f32") {
        f64::from(f32_of(a))
    } else {
        f64_of(a)
    };
    let signed = i64::from(low(a).cast_signed());
    Ok(match name {
        "i32.wrap_i64" | "i32.reinterpret_f32" | "f32.reinterpret_i32" => u64::from(low(a)),
        "i64.reinterpret_f64" | "f64.reinterpret_i64" | "i64.extend_i32_u" => a,
        "i64.extend_i32_s" | "i64.extend32_s" => signed.cast_unsigned(),
        "i32.trunc_f32_s" | "i32.trunc_f64_s" => {
            let value = truncated(float, -TWO_31 - 1.0, TWO_31)? as i32;
            u64::from(value.cast_unsigned())
        }
        "i32.trunc_f32_u" | "i32.trunc_f64_u" => u64::from(truncated(float, -1.0, TWO_32)? as u32),
        "i64.trunc_f32_s" | "i64.trunc_f64_s" => {
            // The least value is a float itself, and no float lies between it and the excluded.
            if float == -TWO_63 {
                return Ok(1 << 63);
            }
            (truncated(float, -TWO_63, TWO_63)? as i64).cast_unsigned()
        }
        "i64.trunc_f32_u" | "i64.trunc_f64_u" => truncated(float, -1.0, TWO_64)? as u64,
        "i32.trunc_sat_f32_s" | "i32.trunc_sat_f64_s" => u64::from((float as i32).cast_unsigned()),
        "i32.trunc_sat_f32_u" | "i32.trunc_sat_f64_u" => u64::from(float as u32),
        "i64.trunc_sat_f32_s" | "i64.trunc_sat_f64_s" => (float as i64).cast_unsigned(),
        "i64.trunc_sat_f32_u" | "i64.trunc_sat_f64_u" => float as u64,
        "f32.convert_i32_s" | "f64.convert_i32_s" if name.starts_with("f32") => {
            u64::from((signed as f32).to_bits())
        }
        "f64.convert_i32_s" => (signed as f64).to_bits(),
        "f32.convert_i32_u" => u64::from((low(a) as f32).to_bits()),
        "f64.convert_i32_u" => f64::from(low(a)).to_bits(),
        "f32.convert_i64_s" => u64::from((a.cast_signed() as f32).to_bits()),
        "f64.convert_i64_s" => (a.cast_signed() as f64).to_bits(),
        "f32.convert_i64_u" => u64::from((a as f32).to_bits()),
        "f64.convert_i64_u" => (a as f64).to_bits(),
        "f32.demote_f64" => u64::from((f64_of(a) as f32).to_bits()),
        "f64.promote_f32" => f64::from(f32_of(a)).to_bits(),
        "ref.is_null" => u64::from(low(a) == u32::MAX),
        other => panic!("{other}"),
    })
}

/// Computes an operator on bits.
pub(crate) fn compute(operator: Operator, a: u64, b: u64) -> Result<u64, Arithmetic> {
    let name = operator.name();
    let (value_type, rest) = name.split_once('.').unwrap_or((name, ""));
    let converts = ["_i32", "_i64", "_f32", "_f64"]
        .iter()
        .any(|word| rest.contains(word));
    match value_type {
        _ if converts || rest == "is_null" || rest == "extend32_s" => convert(name, a),
        "i32" => integer!(rest, low(a), low(b), 32),
        "i64" => integer!(rest, a, b, 64),
        "f32" => float!(rest, f32_of(a), f32_of(b)),
        _ => float!(rest, f64_of(a), f64_of(b)),
    }
}
