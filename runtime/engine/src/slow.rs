//! Instructions of the slow classes: those that take a call, which would cost the loop registers.
//!
//! 64-bit division and most of floating point are functions of the compiler's library. A single
//! call in the loop makes four of its registers temporary, and puts what is in them on the stack
//! in every handler (2026-11). Out here an instruction costs some tens more, which such a function
//! takes anyway.

use crate::context::Context;
use crate::interpreter::Exit;
use crate::trap::TrapKind;
use mote_image::{for_each_instruction, length, offset, opcode};

#[cfg(feature = "float")]
use crate::float::{
    f32_ceil, f32_demote, f32_floor, f32_from_s64, f32_from_u64, f32_nearest, f32_saturate_s64,
    f32_saturate_u64, f32_trunc, f32_trunc_s64, f32_trunc_u64, f64_add, f64_ceil, f64_copysign,
    f64_div, f64_eq, f64_floor, f64_from_s32, f64_from_s64, f64_from_u32, f64_from_u64, f64_le,
    f64_lt, f64_max, f64_min, f64_mul, f64_nearest, f64_promote, f64_saturate_s32,
    f64_saturate_s64, f64_saturate_u32, f64_saturate_u64, f64_sqrt, f64_sub, f64_trunc,
    f64_trunc_s32, f64_trunc_s64, f64_trunc_u32, f64_trunc_u64,
};

const DIVIDED: Exit = Exit::Trapped(TrapKind::IntegerDivideByZero);
const OVERFLOWED: Exit = Exit::Trapped(TrapKind::IntegerOverflow);

fn div_u64(a: u64, b: u64) -> Result<u64, Exit> {
    a.checked_div(b).ok_or(DIVIDED)
}

fn rem_u64(a: u64, b: u64) -> Result<u64, Exit> {
    a.checked_rem(b).ok_or(DIVIDED)
}

fn div_s64(a: u64, b: u64) -> Result<u64, Exit> {
    let trap = if b == 0 { DIVIDED } else { OVERFLOWED };
    a.cast_signed()
        .checked_div(b.cast_signed())
        .map(i64::cast_unsigned)
        .ok_or(trap)
}

fn rem_s64(a: u64, b: u64) -> Result<u64, Exit> {
    if b == 0 {
        return Err(DIVIDED);
    }
    // The one quotient that does not fit leaves nothing over.
    Ok(a.cast_signed()
        .checked_rem(b.cast_signed())
        .unwrap_or(0)
        .cast_unsigned())
}

/// Executes an instruction of a slow class, where the context stands at one.
#[allow(
    dead_code,
    unused_variables,
    clippy::let_unit_value,
    clippy::items_after_statements,
    reason = "what the rows of the table do not need is left to the compiler"
)]
pub(crate) fn slow(context: &mut Context<'_>, opcode: u16) -> Result<(), Exit> {
    let pc = context.pc;
    let frame = context.frame;
    macro_rules! read {
        (S $at:expr) => {
            frame.get(pc.u8($at))
        };
        (P $at:expr) => {
            frame.pair(pc.u8($at))
        };
        (K $at:expr) => {
            context.acc
        };
        ($kind:ident $at:expr) => {
            ()
        };
    }
    macro_rules! write {
        (D $at:expr, $value:ident) => {
            frame.set(pc.u8($at), $value)
        };
        (Q $at:expr, $value:ident) => {
            frame.set_pair(pc.u8($at), $value)
        };
        ($kind:ident $at:expr, $value:ident) => {};
    }
    macro_rules! div_u64 {
        ($a:expr, $b:expr) => {
            div_u64($a, $b)?
        };
    }
    macro_rules! rem_u64 {
        ($a:expr, $b:expr) => {
            rem_u64($a, $b)?
        };
    }
    macro_rules! div_s64 {
        ($a:expr, $b:expr) => {
            div_s64($a, $b)?
        };
    }
    macro_rules! rem_s64 {
        ($a:expr, $b:expr) => {
            rem_s64($a, $b)?
        };
    }
    #[cfg(feature = "float")]
    macro_rules! truncate {
        ($value:expr) => {
            $value.map_err(Exit::Trapped)?
        };
    }
    macro_rules! handle {
        (slow $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {
            if opcode == opcode::$name {
                enum Field { $($field),* }
                $(let $field = read!($kind const { offset(opcode::$name, Field::$field as usize) });)*
                let result: u32 = $($meaning)*;
                context.acc = result;
                $(write!($kind const { offset(opcode::$name, Field::$field as usize) }, result);)*
                context.pc = pc.ahead(const { length(opcode::$name) });
                return Ok(());
            }
        };
        (slow_wide $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {
            if opcode == opcode::$name {
                enum Field { $($field),* }
                $(let $field = read!($kind const { offset(opcode::$name, Field::$field as usize) });)*
                let result: u64 = $($meaning)*;
                $(write!($kind const { offset(opcode::$name, Field::$field as usize) }, result);)*
                context.pc = pc.ahead(const { length(opcode::$name) });
                return Ok(());
            }
        };
        (float_slow $name:ident $fields:tt $meaning:tt) => {
            #[cfg(feature = "float")]
            handle!(slow $name $fields $meaning);
        };
        (float_slow_wide $name:ident $fields:tt $meaning:tt) => {
            #[cfg(feature = "float")]
            handle!(slow_wide $name $fields $meaning);
        };
        ($class:ident $name:ident $fields:tt $meaning:tt) => {};
    }
    macro_rules! each {
        ($($class:ident $name:ident $fields:tt $meaning:tt;)*) => {
            $(handle!($class $name $fields $meaning);)*
        };
    }
    for_each_instruction!(each);
    Err(Exit::Trapped(TrapKind::Unreachable))
}
