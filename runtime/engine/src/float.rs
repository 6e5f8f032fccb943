//! Floats, from bits to bits: WebAssembly's rules where Rust or the processor have others.
//!
//! Every NaN that comes out is the canonical one, so that results are the same everywhere. On a
//! Cortex-M4F the unit does that itself once it is told to (`default_nan`); elsewhere a result
//! is looked at. 64-bit floats are computed in software on all devices so far: the compiler's library
//! adds, multiplies and divides them, and converts between the widths.
//!
//! All else is here, on the bits, and one function for all widths and signs that there are: what the library
//! and `libm` have for comparisons, conversions to and from integers, rounding and square roots is
//! 3.5 KB of flash, this is 0.9 (2026-11). The tests compare it with the processor.

use crate::TrapKind;
use crate::interpreter::low as low_32;

const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8_0000_0000_0000;

fn canonical_32(value: f32) -> u32 {
    if cfg!(not(all(target_arch = "arm", target_abi = "eabihf"))) && value.is_nan() {
        return NAN_32;
    }
    value.to_bits()
}

#[inline(never)]
fn canonical_64(value: f64) -> u64 {
    if is_nan_64(value.to_bits()) {
        NAN_64
    } else {
        value.to_bits()
    }
}

macro_rules! arithmetic {
    ($($name:ident $float:ident $bits:ident $canonical:ident $operator:tt;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name(a: $bits, b: $bits) -> $bits {
            $canonical($float::from_bits(a) $operator $float::from_bits(b))
        }
    )*};
}
arithmetic! {
    f32_add f32 u32 canonical_32 +;
    f32_sub f32 u32 canonical_32 -;
    f32_mul f32 u32 canonical_32 *;
    f32_div f32 u32 canonical_32 /;
    f64_add f64 u64 canonical_64 +;
    f64_sub f64 u64 canonical_64 -;
    f64_mul f64 u64 canonical_64 *;
    f64_div f64 u64 canonical_64 /;
}

macro_rules! compare {
    ($($name:ident $operator:tt;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name(a: u32, b: u32) -> bool {
            f32::from_bits(a) $operator f32::from_bits(b)
        }
    )*};
}
compare! {
    f32_eq ==;
    f32_lt <;
    f32_le <=;
}

const SIGN_32: u32 = 1 << 31;
const SIGN_64: u64 = 1 << 63;
const INFINITY_64: u64 = 0x7ff << FRACTION_BITS;
/// The bits after the point.
const FRACTION_BITS: u32 = 52;
/// The exponent's field of what is 1 or more and less than 2.
const BIAS: u32 = 1023;

const fn is_nan_64(a: u64) -> bool {
    a & !SIGN_64 > INFINITY_64
}

/// Compares: less than nothing, nothing or more, or no answer where one is no number.
#[inline(never)]
fn order(a: u64, b: u64) -> Option<i32> {
    if is_nan_64(a) || is_nan_64(b) {
        return None;
    }
    // As integers with a sign: then both zeros are 0.
    let key = |bits: u64| {
        let magnitude = (bits & !SIGN_64).cast_signed();
        if bits & SIGN_64 == 0 {
            magnitude
        } else {
            magnitude.wrapping_neg()
        }
    };
    let (a, b) = (key(a), key(b));
    Some(i32::from(a > b).wrapping_sub(i32::from(a < b)))
}

pub(crate) fn f64_eq(a: u64, b: u64) -> bool {
    order(a, b) == Some(0)
}

pub(crate) fn f64_lt(a: u64, b: u64) -> bool {
    order(a, b).is_some_and(|order| order < 0)
}

pub(crate) fn f64_le(a: u64, b: u64) -> bool {
    order(a, b).is_some_and(|order| order <= 0)
}

/// The lesser; -0 is less than 0, and a NaN wins.
pub(crate) fn f64_min(a: u64, b: u64) -> u64 {
    match order(a, b) {
        None => NAN_64,
        Some(0) => a | b,
        Some(order) => {
            if order < 0 {
                a
            } else {
                b
            }
        }
    }
}

/// The greater; 0 is greater than -0, and a NaN wins.
pub(crate) fn f64_max(a: u64, b: u64) -> u64 {
    match order(a, b) {
        None => NAN_64,
        Some(0) => a & b,
        Some(order) => {
            if order > 0 {
                a
            } else {
                b
            }
        }
    }
}

pub(crate) fn f32_min(a: u32, b: u32) -> u32 {
    f32_demote(f64_min(f64_promote(a), f64_promote(b)))
}

pub(crate) fn f32_max(a: u32, b: u32) -> u32 {
    f32_demote(f64_max(f64_promote(a), f64_promote(b)))
}

pub(crate) fn f32_copysign(a: u32, b: u32) -> u32 {
    a & !SIGN_32 | b & SIGN_32
}

pub(crate) fn f64_copysign(a: u64, b: u64) -> u64 {
    a & !SIGN_64 | b & SIGN_64
}

/// How a float is made whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Nearest,
    Down,
    Up,
}

/// Rounds to a whole number, which has the sign that it had.
#[inline(never)]
fn whole(a: u64, rounding: Rounding) -> u64 {
    let x = f64::from_bits(a);
    let magnitude = a & !SIGN_64;
    /// 2^52: from here on all are whole.
    const WHOLE: u64 = ((BIAS + FRACTION_BITS) as u64) << FRACTION_BITS;
    if magnitude >= WHOLE {
        return canonical_64(x);
    }
    // A sum that has no place for a fraction is rounded to the nearest.
    let shift = f64::from_bits(WHOLE | a & SIGN_64);
    let nearest = (x + shift) - shift;
    let order = order(nearest.to_bits(), a).unwrap_or(0);
    let one = match rounding {
        Rounding::Down if order > 0 => -1.0,
        Rounding::Up if order < 0 => 1.0,
        Rounding::Nearest | Rounding::Down | Rounding::Up => 0.0,
    };
    f64_copysign((nearest + one).to_bits(), a)
}

pub(crate) fn f64_nearest(a: u64) -> u64 {
    whole(a, Rounding::Nearest)
}

pub(crate) fn f64_floor(a: u64) -> u64 {
    whole(a, Rounding::Down)
}

pub(crate) fn f64_ceil(a: u64) -> u64 {
    whole(a, Rounding::Up)
}

pub(crate) fn f64_trunc(a: u64) -> u64 {
    let toward_zero = if a & SIGN_64 == 0 {
        Rounding::Down
    } else {
        Rounding::Up
    };
    whole(a, toward_zero)
}

/// Returns the square root, bit by bit.
#[inline(never)]
pub(crate) fn f64_sqrt(a: u64) -> u64 {
    if a & !SIGN_64 == 0 {
        return a;
    }
    if a & SIGN_64 != 0 || a >= INFINITY_64 {
        return if a == INFINITY_64 { a } else { NAN_64 };
    }
    // The number is fraction * 2^exponent; the fraction has 53 bits.
    let mut exponent = low_32(a >> FRACTION_BITS).cast_signed();
    let mut fraction = a & ((1 << FRACTION_BITS) - 1);
    if exponent == 0 {
        let shift = fraction.leading_zeros().wrapping_sub(63 - FRACTION_BITS);
        fraction = fraction.wrapping_shl(shift);
        exponent = 1i32.wrapping_sub_unsigned(shift);
    } else {
        fraction |= 1 << FRACTION_BITS;
    }
    exponent = exponent.wrapping_sub_unsigned(BIAS);
    // The exponent is to be even; and the root gets one bit more than it has, to be rounded.
    fraction <<= if exponent & 1 == 0 { 1 } else { 2 };
    let (mut root, mut subtracted, mut bit) = (0u64, 0u64, 1u64 << (FRACTION_BITS + 1));
    while bit != 0 {
        let next = subtracted | bit;
        if next <= fraction {
            subtracted = next.wrapping_add(bit);
            fraction = fraction.wrapping_sub(next);
            root |= bit;
        }
        fraction <<= 1;
        bit >>= 1;
    }
    // A root is never halfway between two numbers, so the last bit decides.
    let rounded = (root >> 1).wrapping_add(root & 1);
    let exponent = u64::from(
        (exponent >> 1)
            .wrapping_add_unsigned(BIAS - 1)
            .cast_unsigned(),
    );
    rounded.wrapping_add(exponent << FRACTION_BITS)
}

macro_rules! by_64_bits {
    ($($name:ident $function:ident;)*) => {$(
        /// As of 64 bits: the result is exact, or a root, which is right when rounded twice.
        pub(crate) fn $name(a: u32) -> u32 {
            f32_demote($function(f64_promote(a)))
        }
    )*};
}
by_64_bits! {
    f32_ceil f64_ceil;
    f32_floor f64_floor;
    f32_trunc f64_trunc;
    f32_nearest f64_nearest;
}

pub(crate) fn f32_sqrt(a: u32) -> u32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    return canonical_32(crate::raw::square_root(f32::from_bits(a)));
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
    f32_demote(f64_sqrt(f64_promote(a)))
}

// --- From integers.

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "it rounds")]
pub(crate) fn f32_from_s32(a: u32) -> u32 {
    (a.cast_signed() as f32).to_bits()
}

#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "it rounds")]
pub(crate) fn f32_from_u32(a: u32) -> u32 {
    (a as f32).to_bits()
}

#[inline(never)]
#[expect(clippy::cast_precision_loss, reason = "it rounds")]
pub(crate) fn f64_from_u64(a: u64) -> u64 {
    (a as f64).to_bits()
}

#[inline(never)]
#[expect(clippy::cast_precision_loss, reason = "it rounds")]
pub(crate) fn f32_from_u64(a: u64) -> u32 {
    (a as f32).to_bits()
}

pub(crate) fn f64_from_s64(a: u64) -> u64 {
    let magnitude = f64_from_u64(a.cast_signed().unsigned_abs());
    magnitude | a & SIGN_64
}

pub(crate) fn f32_from_s64(a: u64) -> u32 {
    let magnitude = f32_from_u64(a.cast_signed().unsigned_abs());
    magnitude | low_32(a >> 32) & SIGN_32
}

pub(crate) fn f64_from_s32(a: u32) -> u64 {
    f64_from_s64(i64::from(a.cast_signed()).cast_unsigned())
}

pub(crate) fn f64_from_u32(a: u32) -> u64 {
    f64_from_u64(a.into())
}

// --- To integers.

/// Rounds toward zero to an integer of so many bits, with a sign or without.
///
/// # Errors
///
/// Where there is none: what is no number is no integer either, and the rest is too large. Both
/// come with what is nearest.
#[inline(never)]
fn integer(a: u64, bits: u32, signed: bool) -> Result<u64, (TrapKind, u64)> {
    if is_nan_64(a) {
        return Err((TrapKind::InvalidConversionToInteger, 0));
    }
    let negative = a & SIGN_64 != 0;
    let all = u64::MAX.wrapping_shr(64u32.wrapping_sub(bits));
    let most = match (signed, negative) {
        (true, true) => (all >> 1).wrapping_add(1),
        (true, false) => all >> 1,
        (false, true) => 0,
        (false, false) => all,
    };
    let exponent = low_32(a >> FRACTION_BITS) & 0x7ff;
    // The first bit's place; nothing where it is after the point.
    let magnitude = match exponent.checked_sub(BIAS) {
        None => Some(0),
        Some(place) => {
            let from_top = (a << (63 - FRACTION_BITS)) | SIGN_64;
            let shift = 63u32.checked_sub(place);
            shift.map(|shift| from_top.wrapping_shr(shift))
        }
    };
    let (magnitude, fits) = match magnitude {
        Some(magnitude) if magnitude <= most => (magnitude, true),
        _ => (most, false),
    };
    let value = if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    };
    if fits {
        Ok(value)
    } else {
        Err((TrapKind::IntegerOverflow, value))
    }
}

macro_rules! to_integer {
    ($($truncate:ident $saturate:ident $from:ident $float:ty, $to:ident $integer:ty, $bits:expr, $signed:expr;)*) => {$(
        /// Rounds toward zero to an integer; saturates, and 0 for what is no number.
        pub(crate) fn $saturate(a: $float) -> $integer {
            match integer($from(a), $bits, $signed) {
                Ok(value) | Err((_, value)) => $to(value),
            }
        }

        /// Rounds toward zero to an integer.
        ///
        /// # Errors
        ///
        /// Where there is none.
        #[allow(dead_code, reason = "the loop has its own of one of them")]
        pub(crate) fn $truncate(a: $float) -> Result<$integer, TrapKind> {
            integer($from(a), $bits, $signed).map($to).map_err(|(kind, _)| kind)
        }
    )*};
}

const fn same(value: u64) -> u64 {
    value
}

to_integer! {
    f32_trunc_s32_plain f32_saturate_s32 f64_promote u32, low_32 u32, 32, true;
    f32_trunc_u32 f32_saturate_u32 f64_promote u32, low_32 u32, 32, false;
    f32_trunc_s64 f32_saturate_s64 f64_promote u32, same u64, 64, true;
    f32_trunc_u64 f32_saturate_u64 f64_promote u32, same u64, 64, false;
    f64_trunc_s32 f64_saturate_s32 same u64, low_32 u32, 32, true;
    f64_trunc_u32 f64_saturate_u32 same u64, low_32 u32, 32, false;
    f64_trunc_s64 f64_saturate_s64 same u64, same u64, 64, true;
    f64_trunc_u64 f64_saturate_u64 same u64, same u64, 64, false;
}

/// As the rest, for the loop: the one conversion that is common.
///
/// # Errors
///
/// Where there is no integer.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "it is in range")]
pub(crate) fn f32_trunc_s32(a: u32) -> Result<u32, TrapKind> {
    let x = f32::from_bits(a);
    if (-2_147_483_648.0..2_147_483_648.0).contains(&x) {
        Ok((x as i32).cast_unsigned())
    } else if x.is_nan() {
        Err(TrapKind::InvalidConversionToInteger)
    } else {
        Err(TrapKind::IntegerOverflow)
    }
}

// --- Between the widths.

#[inline(never)]
#[expect(clippy::cast_possible_truncation, reason = "it rounds")]
pub(crate) fn f32_demote(a: u64) -> u32 {
    let value = f64::from_bits(a) as f32;
    if value.is_nan() {
        NAN_32
    } else {
        value.to_bits()
    }
}

#[inline(never)]
pub(crate) fn f64_promote(a: u32) -> u64 {
    canonical_64(f64::from(f32::from_bits(a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_that_are_no_number_are_canonical() {
        let nan = 0xffa0_0001;
        assert_eq!(f32_add(nan, 0), NAN_32);
        assert_eq!(f32_min(0, nan), NAN_32);
        assert_eq!(f32_sqrt((-1.0f32).to_bits()), NAN_32);
        assert_eq!(f32_ceil(nan), NAN_32);
        assert_eq!(f64_promote(nan), NAN_64);
        assert_eq!(f32_demote(0xfff0_0000_0000_0001), NAN_32);
        assert_eq!(f64_mul(f64::INFINITY.to_bits(), 0), NAN_64);
    }

    /// Calls with numbers of all kinds: small and large ones, halves, those near an edge.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "numbers at random"
    )]
    fn samples(mut check: impl FnMut(f64, f64)) {
        let mut state = 1u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut float = move || {
            let bits = random();
            match random() % 5 {
                0 => f64::from_bits(bits),
                1 => f64::from_bits(bits & 0x800f_ffff_ffff_ffff | (1000 + bits % 100) << 52),
                2 => (bits.cast_signed() >> (bits % 64)) as f64 / 2.0,
                3 => f64::from_bits(bits & 0x8000_0000_0000_000f),
                _ => f64::from(bits as i32) * 0.25,
            }
        };
        for _ in 0..300_000 {
            check(float(), float());
        }
        for edge in [0, 1, 1 << 31, 1 << 32, 1 << 52, 1 << 53, 1 << 63, u64::MAX] {
            let edge = edge as f64;
            for near in [
                edge,
                edge.next_up(),
                edge.next_down(),
                edge - 0.5,
                edge - 1.0,
            ] {
                check(near, -near);
                check(-near, -near);
            }
        }
    }

    fn canonical(value: f64) -> u64 {
        if value.is_nan() {
            NAN_64
        } else {
            value.to_bits()
        }
    }

    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is compared with"
    )]
    fn what_is_on_the_bits_agrees_with_the_processor() {
        samples(|x, y| {
            let (a, b) = (x.to_bits(), y.to_bits());
            assert_eq!(f64_eq(a, b), x == y, "{x} {y}");
            assert_eq!(f64_lt(a, b), x < y, "{x} {y}");
            assert_eq!(f64_le(a, b), x <= y, "{x} {y}");
            assert_eq!(f64_nearest(a), canonical(x.round_ties_even()), "{x}");
            assert_eq!(f64_floor(a), canonical(x.floor()), "{x}");
            assert_eq!(f64_ceil(a), canonical(x.ceil()), "{x}");
            assert_eq!(f64_trunc(a), canonical(x.trunc()), "{x}");
            assert_eq!(f64_sqrt(a), canonical(x.sqrt()), "{x}");
            let small = x as f32;
            let same =
                |bits: u32, value: f32| value.is_nan() && bits == NAN_32 || bits == value.to_bits();
            assert!(same(f32_sqrt(small.to_bits()), small.sqrt()), "{small}");
            assert!(same(f32_floor(small.to_bits()), small.floor()), "{small}");
            assert!(same(f32_nearest(small.to_bits()), small.round_ties_even()));
            assert_eq!(f64_from_s64(a), (a.cast_signed() as f64).to_bits());
            assert_eq!(f64_from_u64(a), (a as f64).to_bits());
            assert_eq!(f32_from_s64(a), (a.cast_signed() as f32).to_bits());
            assert_eq!(f64_from_s32(low_32(a)), f64::from(a as i32).to_bits());
            assert_eq!(f64_saturate_s64(a), (x as i64).cast_unsigned(), "{x}");
            assert_eq!(f64_saturate_u64(a), x as u64, "{x}");
            assert_eq!(f64_saturate_s32(a), (x as i32).cast_unsigned(), "{x}");
            assert_eq!(f64_saturate_u32(a), x as u32, "{x}");
            assert_eq!(
                f32_saturate_s64(small.to_bits()),
                (small as i64).cast_unsigned()
            );
            let fits = x > -2_147_483_649.0 && x < 2_147_483_648.0;
            assert_eq!(f64_trunc_s32(a).is_ok(), fits, "{x}");
            assert_eq!(
                f32_trunc_s32(small.to_bits()),
                f32_trunc_s32_plain(small.to_bits()),
                "{small}"
            );
        });
    }

    #[test]
    fn extremes_order_zeros_by_sign() {
        let (zero, minus) = (0u32, 0x8000_0000u32);
        assert_eq!(f32_min(zero, minus), minus);
        assert_eq!(f32_max(minus, zero), zero);
    }

    #[test]
    fn truncation_at_the_edges_traps_or_holds() {
        let least = (-2_147_483_648.0f32).to_bits();
        assert_eq!(f32_trunc_s32(least), Ok(0x8000_0000));
        assert_eq!(
            f64_trunc_s32((-2_147_483_648.9f64).to_bits()),
            Ok(0x8000_0000)
        );
        assert_eq!(
            f64_trunc_s32((-2_147_483_649.0f64).to_bits()),
            Err(TrapKind::IntegerOverflow)
        );
        assert_eq!(f32_trunc_u32((-0.9f32).to_bits()), Ok(0));
        assert_eq!(
            f32_trunc_u32(NAN_32),
            Err(TrapKind::InvalidConversionToInteger)
        );
        assert_eq!(f32_saturate_u64(f32::INFINITY.to_bits()), u64::MAX);
    }
}
