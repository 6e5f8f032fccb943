//! Floats, from bits to bits: WebAssembly's rules where Rust or the processor have others.
//!
//! Every NaN that comes out is the canonical one, so that results are the same everywhere. On a
//! Cortex-M4F the unit does that itself once it is told to (`default_nan`); elsewhere a result
//! is looked at. 64-bit floats are computed in software on all devices so far.
//!
//! Rounding and square roots come from `libm` where the unit has none: own code for these is a
//! source of faults and no smaller (2026-11).

use crate::TrapKind;

const NAN_32: u32 = 0x7fc0_0000;
const NAN_64: u64 = 0x7ff8_0000_0000_0000;

fn canonical_32(value: f32) -> u32 {
    if cfg!(not(all(target_arch = "arm", target_abi = "eabihf"))) && value.is_nan() {
        return NAN_32;
    }
    value.to_bits()
}

fn canonical_64(value: f64) -> u64 {
    if value.is_nan() {
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
    ($($name:ident $float:ident $bits:ident $operator:tt;)*) => {$(
        #[inline(always)]
        pub(crate) fn $name(a: $bits, b: $bits) -> bool {
            $float::from_bits(a) $operator $float::from_bits(b)
        }
    )*};
}
compare! {
    f32_eq f32 u32 ==;
    f32_lt f32 u32 <;
    f32_le f32 u32 <=;
    f64_eq f64 u64 ==;
    f64_lt f64 u64 <;
    f64_le f64 u64 <=;
}

macro_rules! extremes {
    ($($min:ident $max:ident $copysign:ident $float:ident $bits:ident $sign:expr, $nan:ident;)*) => {$(
        /// The lesser; -0 is less than 0, and a NaN wins.
        pub(crate) fn $min(a: $bits, b: $bits) -> $bits {
            let (x, y) = ($float::from_bits(a), $float::from_bits(b));
            if x.is_nan() || y.is_nan() {
                $nan
            } else if x == y {
                a | b
            } else if x < y {
                a
            } else {
                b
            }
        }

        /// The greater; 0 is greater than -0, and a NaN wins.
        pub(crate) fn $max(a: $bits, b: $bits) -> $bits {
            let (x, y) = ($float::from_bits(a), $float::from_bits(b));
            if x.is_nan() || y.is_nan() {
                $nan
            } else if x == y {
                a & b
            } else if x > y {
                a
            } else {
                b
            }
        }

        #[inline(always)]
        pub(crate) fn $copysign(a: $bits, b: $bits) -> $bits {
            a & !$sign | b & $sign
        }
    )*};
}
extremes! {
    f32_min f32_max f32_copysign f32 u32 0x8000_0000u32, NAN_32;
    f64_min f64_max f64_copysign f64 u64 0x8000_0000_0000_0000u64, NAN_64;
}

macro_rules! by_libm {
    ($($name:ident $float:ident $bits:ident $canonical:ident $function:ident;)*) => {$(
        pub(crate) fn $name(a: $bits) -> $bits {
            $canonical(libm::$function($float::from_bits(a)))
        }
    )*};
}
by_libm! {
    f32_ceil f32 u32 canonical_nan_32 ceilf;
    f32_floor f32 u32 canonical_nan_32 floorf;
    f32_trunc f32 u32 canonical_nan_32 truncf;
    f32_nearest f32 u32 canonical_nan_32 rintf;
    f64_ceil f64 u64 canonical_64 ceil;
    f64_floor f64 u64 canonical_64 floor;
    f64_trunc f64 u64 canonical_64 trunc;
    f64_nearest f64 u64 canonical_64 rint;
    f64_sqrt f64 u64 canonical_64 sqrt;
}

/// As [`canonical_32`], for results that did not come out of the unit.
fn canonical_nan_32(value: f32) -> u32 {
    if value.is_nan() {
        NAN_32
    } else {
        value.to_bits()
    }
}

pub(crate) fn f32_sqrt(a: u32) -> u32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    return canonical_32(crate::raw::square_root(f32::from_bits(a)));
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
    canonical_nan_32(libm::sqrtf(f32::from_bits(a)))
}

macro_rules! from_integer {
    ($($name:ident $integer:ident $signed:expr, $float:ident $bits:ident;)*) => {$(
        #[inline(always)]
        #[allow(clippy::cast_lossless, reason = "some casts round, and all are written alike")]
        pub(crate) fn $name(a: $integer) -> $bits {
            ($signed(a) as $float).to_bits()
        }
    )*};
}
from_integer! {
    f32_from_s32 u32 u32::cast_signed, f32 u32;
    f32_from_u32 u32 u32::from, f32 u32;
    f32_from_s64 u64 u64::cast_signed, f32 u32;
    f32_from_u64 u64 u64::from, f32 u32;
    f64_from_s32 u32 u32::cast_signed, f64 u64;
    f64_from_u32 u32 u32::from, f64 u64;
    f64_from_s64 u64 u64::cast_signed, f64 u64;
    f64_from_u64 u64 u64::from, f64 u64;
}

macro_rules! to_integer {
    ($($truncate:ident $saturate:ident $float:ident $bits:ident $integer:ident $out:ident $least:expr, $beyond:expr;)*) => {$(
        /// Rounds toward zero to an integer; saturates, and 0 for what is no number.
        #[inline(always)]
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        pub(crate) fn $saturate(a: $bits) -> $out {
            $float::from_bits(a) as $integer as $out
        }

        /// Rounds toward zero to an integer.
        ///
        /// # Errors
        ///
        /// Where there is none.
        #[inline(always)]
        pub(crate) fn $truncate(a: $bits) -> Result<$out, TrapKind> {
            let x = $float::from_bits(a);
            if $least(x) && x < $beyond {
                Ok($saturate(a))
            } else if x.is_nan() {
                Err(TrapKind::InvalidConversionToInteger)
            } else {
                Err(TrapKind::IntegerOverflow)
            }
        }
    )*};
}
to_integer! {
    f32_trunc_s32 f32_saturate_s32 f32 u32 i32 u32 |x| x >= -2_147_483_648.0, 2_147_483_648.0;
    f32_trunc_u32 f32_saturate_u32 f32 u32 u32 u32 |x| x > -1.0, 4_294_967_296.0;
    f32_trunc_s64 f32_saturate_s64 f32 u32 i64 u64
        |x| x >= -9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0;
    f32_trunc_u64 f32_saturate_u64 f32 u32 u64 u64 |x| x > -1.0, 18_446_744_073_709_551_616.0;
    f64_trunc_s32 f64_saturate_s32 f64 u64 i32 u32 |x| x > -2_147_483_649.0, 2_147_483_648.0;
    f64_trunc_u32 f64_saturate_u32 f64 u64 u32 u32 |x| x > -1.0, 4_294_967_296.0;
    f64_trunc_s64 f64_saturate_s64 f64 u64 i64 u64
        |x| x >= -9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0;
    f64_trunc_u64 f64_saturate_u64 f64 u64 u64 u64 |x| x > -1.0, 18_446_744_073_709_551_616.0;
}

#[expect(clippy::cast_possible_truncation, reason = "it rounds")]
pub(crate) fn f32_demote(a: u64) -> u32 {
    canonical_nan_32(f64::from_bits(a) as f32)
}

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
