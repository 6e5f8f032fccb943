//! Instructions of the slow classes: those that take a call, which would cost the loop registers.
//!
//! 64-bit division and most of floating point are functions of the compiler's library. A single
//! call in the loop makes four of its registers temporary, and puts what is in them on the stack
//! in every handler (2026-11). Out here an instruction costs some tens more, which such a function
//! takes anyway.
//!
//! There are many of them, so what they have in common is done once for all: operands are read as
//! if each had two slots and there were two of them, and the result is written by its width.

use crate::context::Context;
use crate::interpreter::{Exit, extend_8, extend_16, extend_64, low};
use crate::trap::TrapKind;
use mote_image::{Class, INSTRUCTIONS, Kind, for_each_instruction, opcode};

#[cfg(feature = "float")]
use crate::float::{
    f32_ceil, f32_copysign, f32_demote, f32_floor, f32_from_s64, f32_from_u64, f32_max, f32_min,
    f32_nearest, f32_saturate_s32, f32_saturate_s64, f32_saturate_u32, f32_saturate_u64, f32_sqrt,
    f32_trunc, f32_trunc_s64, f32_trunc_u32, f32_trunc_u64, f64_add, f64_ceil, f64_copysign,
    f64_div, f64_eq, f64_floor, f64_from_s32, f64_from_s64, f64_from_u32, f64_from_u64, f64_le,
    f64_lt, f64_max, f64_min, f64_mul, f64_nearest, f64_promote, f64_saturate_s32,
    f64_saturate_s64, f64_saturate_u32, f64_saturate_u64, f64_sqrt, f64_sub, f64_trunc,
    f64_trunc_s32, f64_trunc_s64, f64_trunc_u32, f64_trunc_u64,
};

/// The instructions that are here, and some between them.
const FIRST: usize = range().0;
const COUNT: usize = range().1.wrapping_sub(FIRST);

const fn range() -> (usize, usize) {
    let (mut first, mut end, mut at) = (usize::MAX, 0usize, 0usize);
    let mut rest = INSTRUCTIONS;
    while let [row, tail @ ..] = rest {
        if is_slow(row.class) {
            if first > at {
                first = at;
            }
            end = at.wrapping_add(1);
        }
        at = at.wrapping_add(1);
        rest = tail;
    }
    (first, end)
}

const fn is_slow(class: Class) -> bool {
    matches!(
        class,
        Class::slow | Class::slow_wide | Class::float_slow | Class::float_slow_wide
    )
}

/// The result has two slots.
const WIDE: u8 = 1;
/// There are two operands.
const BINARY: u8 = 2;

/// What differs in how operands and results are reached.
static FLAGS: [u8; COUNT] = {
    let mut flags = [0; COUNT];
    let mut left: &mut [u8] = &mut flags;
    let (_, mut rows) = INSTRUCTIONS.split_at(FIRST);
    while let ([flag, flags @ ..], [row, tail @ ..]) = (left, rows) {
        *flag = match row.kinds {
            [Kind::P, Kind::P | Kind::S, Kind::Q] => WIDE | BINARY,
            [Kind::P | Kind::S, Kind::P | Kind::S, Kind::D] => BINARY,
            [Kind::P | Kind::S, Kind::Q] => WIDE,
            [Kind::P | Kind::S, Kind::D] => 0,
            _ => {
                assert!(!is_slow(row.class), "operands that are read here");
                0
            }
        };
        left = flags;
        rows = tail;
    }
    flags
};

/// Divides, and returns the rest, too.
///
/// The library's function is as long as that of all bulk operations together. Small divisors, which are most,
/// take three steps; others a step for each bit of the quotient.
fn divide(a: u64, b: u64) -> Option<(u64, u64)> {
    if let Ok(small) = u16::try_from(b) {
        let small = u32::from(small);
        let (mut quotient, mut rest) = (0u64, 0u32);
        // The first digit has 32 bits, for it comes without a rest.
        for (digit, bits) in [(a >> 32, 32), (a >> 16 & 0xffff, 16), (a & 0xffff, 16)] {
            let digit = rest << 16 | low(digit);
            quotient = quotient << bits | u64::from(digit.checked_div(small)?);
            rest = digit.checked_rem(small)?;
        }
        return Some((quotient, rest.into()));
    }
    let (mut quotient, mut rest) = (0u64, a);
    let Some(shift) = b.leading_zeros().checked_sub(a.leading_zeros()) else {
        return Some((0, a));
    };
    let mut divisor = b.wrapping_shl(shift);
    for _ in 0..=shift {
        quotient <<= 1;
        if rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= 1;
        }
        divisor >>= 1;
    }
    Some((quotient, rest))
}

/// Divides as numbers with a sign, which the rest has from the dividend.
fn divide_signed(a: u64, b: u64) -> Result<(u64, u64), Exit> {
    let (x, y) = (a.cast_signed(), b.cast_signed());
    let (quotient, rest) =
        divide(x.unsigned_abs(), y.unsigned_abs()).ok_or(trap(TrapKind::IntegerDivideByZero))?;
    let signed = |value: u64, negative: bool| {
        if negative {
            value.wrapping_neg()
        } else {
            value
        }
    };
    Ok((signed(quotient, (x ^ y) < 0), signed(rest, x < 0)))
}

const fn trap(kind: TrapKind) -> Exit {
    Exit::Trapped(kind)
}

/// Executes an instruction of a slow class, where the context stands at one.
#[allow(
    unused_macros,
    unused_variables,
    reason = "what the rows of the table do not need is left to the compiler"
)]
pub(crate) fn slow(context: &mut Context<'_>, opcode: u16) -> Result<(), Exit> {
    let pc = context.pc;
    let frame = context.frame;
    let index = usize::from(opcode).wrapping_sub(FIRST);
    let Some(&flags) = FLAGS.get(index) else {
        return Err(trap(TrapKind::Unreachable));
    };
    // A slot after the last one of a frame can be read: there is one more.
    let [first, second] = [2, 3].map(|at| frame.pair(pc.u8(at)));
    macro_rules! operand {
        (a P) => {
            first
        };
        (a S) => {
            low(first)
        };
        (b P) => {
            second
        };
        (b S) => {
            low(second)
        };
        ($name:ident $kind:ident) => {
            ()
        };
    }
    macro_rules! div_u64 {
        ($a:expr, $b:expr) => {
            divide($a, $b).ok_or(trap(TrapKind::IntegerDivideByZero))?.0
        };
    }
    macro_rules! rem_u64 {
        ($a:expr, $b:expr) => {
            divide($a, $b).ok_or(trap(TrapKind::IntegerDivideByZero))?.1
        };
    }
    macro_rules! div_s64 {
        ($a:expr, $b:expr) => {{
            if $a == 1 << 63 && $b == u64::MAX {
                return Err(trap(TrapKind::IntegerOverflow));
            }
            divide_signed($a, $b)?.0
        }};
    }
    macro_rules! rem_s64 {
        ($a:expr, $b:expr) => {
            divide_signed($a, $b)?.1
        };
    }
    #[cfg(feature = "float")]
    macro_rules! truncate {
        ($value:expr) => {
            $value.map_err(Exit::Trapped)?
        };
    }
    macro_rules! handle {
        (slow [$($field:ident $kind:ident),*] $meaning:tt) => {{
            $(let $field = operand!($field $kind);)*
            u64::from($meaning)
        }};
        (slow_wide $fields:tt $meaning:tt) => { handle!(slow $fields $meaning) };
        (float_slow $fields:tt $meaning:tt) => { if_float!($fields $meaning) };
        (float_slow_wide $fields:tt $meaning:tt) => { if_float!($fields $meaning) };
        ($class:ident $fields:tt $meaning:tt) => { return Err(trap(TrapKind::Unreachable)) };
    }
    #[cfg(feature = "float")]
    macro_rules! if_float {
        ($fields:tt $meaning:tt) => { handle!(slow $fields $meaning) };
    }
    #[cfg(not(feature = "float"))]
    macro_rules! if_float {
        ($fields:tt $meaning:tt) => {
            return Err(trap(TrapKind::Unreachable))
        };
    }
    macro_rules! each {
        ($($class:ident $name:ident $fields:tt $meaning:tt;)*) => {
            match opcode {
                $(opcode::$name => handle!($class $fields $meaning),)*
                _ => return Err(trap(TrapKind::Unreachable)),
            }
        };
    }
    let result: u64 = for_each_instruction!(each);
    let binary = flags & BINARY != 0;
    let to = pc.u8(if binary { 4 } else { 3 });
    frame.set(to, low(result));
    if flags & WIDE == 0 {
        context.acc = low(result);
    } else {
        frame.set(to.wrapping_add(1), low(result >> 32));
    }
    context.pc = pc.ahead(if binary { 6 } else { 4 });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_is_that_of_the_processor() {
        let mut state = 1u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> (state % 64)
        };
        for _ in 0..200_000 {
            let (a, b) = (random(), random());
            assert_eq!(
                divide(a, b),
                a.checked_div(b).zip(a.checked_rem(b)),
                "{a} {b}"
            );
            let signed = divide_signed(a, b).ok().map(|(quotient, _)| quotient);
            let (x, y) = (a.cast_signed(), b.cast_signed());
            if b != 0 {
                assert_eq!(signed, Some(x.wrapping_div(y).cast_unsigned()), "{x} {y}");
            }
        }
        for (a, b) in [
            (0, 1),
            (u64::MAX, 1),
            (u64::MAX, u64::MAX),
            (1 << 63, 65_535),
        ] {
            assert_eq!(divide(a, b), Some((a / b, a % b)));
        }
        assert_eq!(divide(1, 0), None);
    }
}
