//! The loop: runs an image's code until something happens that is not its own business.
//!
//! One `match` over the opcode, one arm for each row of the instruction table, expanded from the
//! row's own meaning: to see what `add_kh_d` does, look it up in `runtime/image/src/table.rs`;
//! what a *class* of rows does is spelled out here, in `handle!`. Instructions of class `special`
//! are spelled out here too; those that are rare or long are left to `cold`.
//!
//! ```text
//!   pc     the instruction            acc    the last result
//!   frame  slot 0 of the function     fuel   what is left of the slice, at most 2^31 - 1
//!   bytes  linear memory, and three limits: an access of 1, 2, 4 bytes is in bounds if its
//!          address is below its limit
//! ```
//!
//! These nine words, the opcode and two for the work of an instruction are all the registers that
//! a Cortex-M has. One more that lives across instructions puts loads and stores of the stack
//! into every handler: look at the disassembly before adding one. (Measured 2026-11: a single
//! hoisted value cost 12 instructions an indirect call.) For the same reason a trap is a `break`
//! to a block of its own kind, and not a kind that is set first.
//!
//! Nothing here recurses, and the native stack does not depend on what the guest does.

use crate::cold::{EXIT, NEXT, cold, short_of_fuel};
use crate::context::Context;
use crate::raw::{below, never, opaque};
use crate::trap::TrapKind;
use mote_image::{for_each_instruction, offset, opcode};

#[cfg(feature = "float")]
use crate::float::{
    f32_add, f32_div, f32_eq, f32_from_s32, f32_from_u32, f32_le, f32_lt, f32_mul, f32_sub,
    f32_trunc_s32,
};

macro_rules! numbers {
    ($($class:ident $name:ident $fields:tt $meaning:tt;)*) => {
        /// Each instruction's number, as wide as the register that it is fetched to.
        #[allow(non_upper_case_globals, clippy::cast_lossless, reason = "the table's names")]
        mod number {
            use mote_image::opcode;
            $(pub(super) const $name: u32 = opcode::$name as u32;)*
        }
    };
}
for_each_instruction!(numbers);

/// Why the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The call from outside is over: the frame holds its results.
    Halted,
    /// The guest calls an import. The instruction is still to be passed.
    HostCall {
        /// Which.
        import: u32,
        /// Where in the frame arguments and results are.
        base: u32,
    },
    /// The balance has to reach this before the instruction can run.
    OutOfFuel(u64),
    /// The instruction did what is forbidden.
    Trapped(TrapKind),
}

#[inline(always)]
pub(crate) fn extend_8(a: u32) -> u32 {
    let [low, ..] = a.to_le_bytes();
    i32::from(low.cast_signed()).cast_unsigned()
}

#[inline(always)]
pub(crate) fn extend_16(a: u32) -> u32 {
    let [b0, b1, ..] = a.to_le_bytes();
    i32::from(i16::from_le_bytes([b0, b1])).cast_unsigned()
}

#[inline(always)]
pub(crate) fn extend_64(a: u32) -> u64 {
    i64::from(a.cast_signed()).cast_unsigned()
}

/// Rotates to the left by less than 32.
#[inline(always)]
fn rotate_64(a: u64, amount: u32) -> u64 {
    let (high, low) = (low(a >> 32), low(a));
    let half = |to: u32, from: u32| to << amount | from >> 1 >> (amount ^ 31);
    u64::from(half(high, low)) << 32 | u64::from(half(low, high))
}

#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "that is its purpose")]
pub(crate) fn low(a: u64) -> u32 {
    a as u32
}

/// Runs from where the context stands until something happens, and leaves it where it stopped.
#[inline(never)]
#[expect(
    clippy::too_many_lines,
    reason = "one loop, so that all state stays in registers"
)]
#[allow(
    dead_code,
    unreachable_code,
    unused_labels,
    unused_assignments,
    unused_variables,
    unused_parens,
    clippy::arithmetic_side_effects,
    clippy::let_unit_value,
    clippy::items_after_statements,
    clippy::let_and_return,
    reason = "what the rows of the table do not need is left to the compiler"
)]
#[rustfmt::skip] // Twelve labels, each a level: nothing would be left of the lines.
pub(crate) fn run(context: &mut Context<'_>) -> Exit {
    let mut pc = context.pc;
    let mut frame = context.frame;
    let mut acc = context.acc;
    let bytes = context.bytes;
    let [mut limit_1, mut limit_2, mut limit_4] = context.limits();
    let mut fuel = context.take_fuel();

    let mut opcode = pc.fetch::<{ u16::MAX }>();
    loop {
        let outcome: u32 = 'trap: { 'unreachable: { 'memory: { 'table: { 'null: { 'signature: {
        'divide: { 'overflow: { 'conversion: { 'stack: { 'cold: { 'fuel: {

        // --- Operands: how one of each kind is read. Slots that are written and places that control
        // goes to are left where they are: what uses them reads them.
        macro_rules! read {
            (K $at:expr) => {
                acc
            };
            (S $at:expr) => {
                frame.get(pc.u8($at))
            };
            (V $at:expr) => {
                frame.get(pc.u8($at))
            };
            (P $at:expr) => {
                frame.pair(pc.u8($at))
            };
            (B $at:expr) => {
                pc.u8($at)
            };
            (M $at:expr) => {
                below::<32>(pc.u8($at))
            };
            (M6 $at:expr) => {
                below::<64>(pc.u8($at))
            };
            (H $at:expr) => {
                pc.i16($at).cast_unsigned()
            };
            (U $at:expr) => {
                pc.u16($at)
            };
            (W $at:expr) => {
                pc.u32($at)
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
            (V $at:expr, $value:ident) => {
                frame.set(pc.u8($at), $value)
            };
            ($kind:ident $at:expr, $value:ident) => {};
        }
        // --- Control: operands that charge and jump, once it is known that they do.
        macro_rules! charge {
            (C $at:expr) => {
                fuel = fuel.wrapping_sub(
                    pc.u8($at).cast_signed(),
                );
                if fuel < 0 {
                    break 'fuel;
                }
            };
            ($kind:ident $at:expr) => {};
        }
        macro_rules! go {
            (T $at:expr) => {
                pc = pc.jump(pc.i16($at))
            };
            (R $at:expr) => {
                pc = pc.jump(pc.i16($at))
            };
            ($kind:ident $at:expr) => {};
        }
        // --- Linear memory.
        macro_rules! at {
            ($a:expr, $b:expr) => {
                match u32::checked_add($a, $b) {
                    Some(address) => address,
                    None => break 'memory,
                }
            };
        }
        macro_rules! bounded {
            ($address:expr, $limit:ident) => {{
                let address: u32 = $address;
                if address >= $limit {
                    break 'memory;
                }
                address
            }};
        }
        macro_rules! load_u8 {
            ($at:expr) => {
                u32::from(bytes.load_u8(bounded!(
                    $at, limit_1
                )))
            };
        }
        macro_rules! load_i8 {
            ($at:expr) => {
                i32::from(
                    bytes
                        .load_u8(bounded!(
                            $at, limit_1
                        ))
                        .cast_signed(),
                )
                .cast_unsigned()
            };
        }
        macro_rules! load_u16 {
            ($at:expr) => {
                u32::from(bytes.load_u16(bounded!(
                    $at, limit_2
                )))
            };
        }
        macro_rules! load_i16 {
            ($at:expr) => {
                i32::from(
                    bytes
                        .load_u16(bounded!(
                            $at, limit_2
                        ))
                        .cast_signed(),
                )
                .cast_unsigned()
            };
        }
        macro_rules! load_u32 {
            ($at:expr) => {
                bytes.load_u32(bounded!(
                    $at, limit_4
                ))
            };
        }
        macro_rules! bounded_8 { ($at:expr) => {{
        // Eight bytes are in bounds if their last four are, and the sum does not wrap.
        let address: u32 = $at;
        if at!(address, 4) >= limit_4 { break 'memory }
        address
    }}; }
        macro_rules! load_64 {
            ($at:expr) => {
                bytes.load_u64(bounded_8!($at))
            };
        }
        macro_rules! store_8 {
            ($at:expr, $value:expr) => {{
                let [byte, ..] =
                    $value.to_le_bytes();
                bytes.store_u8(
                    bounded!($at, limit_1),
                    byte,
                )
            }};
        }
        macro_rules! store_16 {
            ($at:expr, $value:expr) => {{
                let [a, b, ..] =
                    $value.to_le_bytes();
                bytes.store_u16(
                    bounded!($at, limit_2),
                    u16::from_le_bytes([a, b]),
                )
            }};
        }
        macro_rules! store_32 {
            ($at:expr, $value:expr) => {
                bytes.store_u32(
                    bounded!($at, limit_4),
                    $value,
                )
            };
        }
        macro_rules! store_64 {
            ($at:expr, $value:expr) => {
                bytes.store_u64(
                    bounded_8!($at),
                    $value,
                )
            };
        }
        // --- Arithmetic that traps.
        macro_rules! div_u {
            ($a:expr, $b:expr) => {
                match u32::checked_div($a, $b) {
                    Some(value) => value,
                    None => break 'divide,
                }
            };
        }
        macro_rules! rem_u {
            ($a:expr, $b:expr) => {
                match u32::checked_rem($a, $b) {
                    Some(value) => value,
                    None => break 'divide,
                }
            };
        }
        macro_rules! div_s {
            ($a:expr, $b:expr) => {{
                let (a, b) = (
                    $a.cast_signed(),
                    $b.cast_signed(),
                );
                if b == 0 {
                    break 'divide;
                }
                match a.checked_div(b) {
                    Some(value) => {
                        value.cast_unsigned()
                    }
                    None => break 'overflow,
                }
            }};
        }
        macro_rules! rem_s {
            ($a:expr, $b:expr) => {{
                let (a, b) = (
                    $a.cast_signed(),
                    $b.cast_signed(),
                );
                if b == 0 {
                    break 'divide;
                }
                a.wrapping_rem(b).cast_unsigned()
            }};
        }
        #[cfg(feature = "float")]
        macro_rules! truncate {
            ($value:expr) => {
                match $value {
                    Ok(value) => value,
                    Err(
                        TrapKind::IntegerOverflow,
                    ) => break 'overflow,
                    Err(_) => break 'conversion,
                }
            };
        }
        // --- The next instruction: after this one, or where `pc` was set to.
        macro_rules! next {
            ($name:ident) => {
                opcode = pc.fetch_next::<{
                    mote_image::length(
                        opcode::$name,
                    )
                }, { opcode::$name }>(
                )
            };
        }
        macro_rules! there {
            ($name:ident) => {
                opcode =
                    pc.fetch::<{ opcode::$name }>()
            };
        }
        // --- An operand's offset, from the row.
        macro_rules! field {
            ($name:ident $index:expr) => {
                const { offset(opcode::$name, $index) }
            };
        }
        // --- Enters a function, whose record and frame are known.
        macro_rules! enter {
            ($name:ident, $record:expr, $base:expr) => {{
                let record = $record;
                fuel = fuel.wrapping_sub(
                    record.get(1).cast_signed(),
                );
                if fuel < 0 {
                    break 'fuel;
                }
                let callee =
                    frame.ahead($base as usize);
                if callee
                    .ahead(record.get(2) as usize)
                    .address()
                    > context.frames_end
                {
                    break 'stack;
                }
                let link = record.get(3) & 0xffff;
                let back = pc
                    .ahead(const { mote_image::length(opcode::$name) })
                    .address();
                callee.set(
                    link,
                    context.code_offset(back),
                );
                frame = callee;
                pc = context
                    .code
                    .ahead(record.get(0) as usize);
                there!($name);
            }};
        }
        macro_rules! leave { ($name:ident, $link:expr) => {{
        pc = context.code.ahead(frame.get(pc.u16($link)) as usize);
        // The call's last operand is where its frame began.
        frame = frame.back(pc.back(2).u16(0) as usize);
        there!($name);
    }}; }

        /// What each class of rows does.
        macro_rules! handle {
        (value $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {{
            enum Field { $($field),* }
            $(let $field = read!($kind field!($name Field::$field as usize));)*
            let result: u32 = $($meaning)*;
            acc = result;
            $(write!($kind field!($name Field::$field as usize), result);)*
            next!($name);
        }};
        (wide $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {{
            enum Field { $($field),* }
            $(let $field = read!($kind field!($name Field::$field as usize));)*
            let result: u64 = $($meaning)*;
            $(write!($kind field!($name Field::$field as usize), result);)*
            next!($name);
        }};
        (store $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {{
            enum Field { $($field),* }
            $(let $field = read!($kind field!($name Field::$field as usize));)*
            $($meaning)*;
            next!($name);
        }};
        (branch $name:ident [$($field:ident $kind:ident),*] ($($meaning:tt)*)) => {{
            enum Field { $($field),* }
            $(let $field = read!($kind field!($name Field::$field as usize));)*
            if $($meaning)* {
                $(charge!($kind field!($name Field::$field as usize));)*
                $(go!($kind field!($name Field::$field as usize));)*
                there!($name);
            } else {
                next!($name);
            }
        }};
        (again $name:ident $fields:tt $meaning:tt) => { handle!(branch $name $fields $meaning) };
        (count $name:ident [$($field:ident $kind:ident),*] ($x:ident = $next:expr, $goes_on:expr)) => {{
            enum Field { $($field),* }
            $(let $field = read!($kind field!($name Field::$field as usize));)*
            let $x: u32 = $next;
            // The counter is written once the charge is taken: the instruction may run again.
            if $goes_on {
                $(charge!($kind field!($name Field::$field as usize));)*
                $(write!($kind field!($name Field::$field as usize), $x);)*
                $(go!($kind field!($name Field::$field as usize));)*
                there!($name);
            } else {
                $(write!($kind field!($name Field::$field as usize), $x);)*
                next!($name);
            }
        }};
        (slow $name:ident $fields:tt $meaning:tt) => { break 'cold };
        (slow_wide $name:ident $fields:tt $meaning:tt) => { break 'cold };
        (float_slow $name:ident $fields:tt $meaning:tt) => { if_float!(slow $name $fields $meaning) };
        (float_slow_wide $name:ident $fields:tt $meaning:tt) => { if_float!(slow $name $fields $meaning) };
        // A result is in a register of the accumulator's kind before it is stored: once is enough.
        (float $name:ident $fields:tt $meaning:tt) => {
            if_float!(value $name $fields (opaque($meaning)))
        };
        (float_branch $name:ident $fields:tt $meaning:tt) => { if_float!(branch $name $fields $meaning) };
        (special $name:ident $fields:tt $meaning:tt) => { special!($name) };
    }
        #[cfg(feature = "float")]
        macro_rules! if_float { ($($row:tt)*) => { handle!($($row)*) }; }
        #[cfg(not(feature = "float"))]
        macro_rules! if_float {
            ($($row:tt)*) => {
                never()
            };
        }

        /// What each instruction of class `special` does.
        macro_rules! special {
        (unreachable) => { break 'unreachable };
        (jump) => {{ pc = pc.jump(pc.i16(2)); there!(jump); }};
        (jump_far) => {{ pc = pc.jump(pc.u32(2).cast_signed()); there!(jump_far); }};
        (jump_back) => {{
            charge!(C field!(jump_back 0));
            pc = pc.jump(pc.i16(field!(jump_back 1)));
            there!(jump_back);
        }};
        (jump_back_far) => {{
            fuel = fuel.wrapping_sub(pc.u32(field!(jump_back_far 0)).cast_signed());
            if fuel < 0 { break 'fuel }
            pc = pc.jump(pc.u32(field!(jump_back_far 1)).cast_signed());
            there!(jump_back_far);
        }};
        (switch) => {{
            let entry = frame.get(pc.u8(2)).min(pc.u16(4));
            let entry = pc.u16(6usize.wrapping_add((entry as usize).wrapping_mul(2)));
            pc = pc.jump(entry.cast_signed());
            there!(switch);
        }};
        (call) => {{
            let record = context.functions.ahead((pc.u16(2) as usize).wrapping_mul(4));
            enter!(call, record, pc.u16(4));
        }};
        (call_indirect) => {{
            let index = frame.get(pc.u8(2));
            let table = context.tables.ahead((pc.u16(4) as usize).wrapping_mul(3));
            if index >= table.get(1) { break 'table }
            let function = context.block.get(table.get(0).wrapping_add(index));
            if function >= context.function_count { break 'null }
            let record = context.functions.ahead((function as usize).wrapping_mul(4));
            if record.get(3) >> 16 != pc.u16(6) { break 'signature }
            if function < context.import_count { break 'cold }
            enter!(call_indirect, record, pc.u16(8));
        }};
        (return_k) => { leave!(return_k, field!(return_k 1)) };
        (return_s) => {{
            acc = frame.get(pc.u8(field!(return_s 0)));
            leave!(return_s, field!(return_s 1));
        }};
        (return_h) => {{
            acc = pc.i16(field!(return_h 0)).cast_unsigned();
            leave!(return_h, field!(return_h 1));
        }};
        (move_s_d) => {{ let a = frame.get(pc.u8(2)); frame.set(pc.u8(3), a); next!(move_s_d); }};
        (move_2) => {{
            let a = frame.get(pc.u8(2)); frame.set(pc.u8(3), a);
            let b = frame.get(pc.u8(4)); frame.set(pc.u8(5), b);
            next!(move_2);
        }};
        (move_4) => {{
            let a = frame.get(pc.u8(2)); frame.set(pc.u8(3), a);
            let b = frame.get(pc.u8(4)); frame.set(pc.u8(5), b);
            let c = frame.get(pc.u8(6)); frame.set(pc.u8(7), c);
            let d = frame.get(pc.u8(8)); frame.set(pc.u8(9), d);
            next!(move_4);
        }};
        (move_p_q) => {{ let a = frame.pair(pc.u8(2)); frame.set_pair(pc.u8(3), a); next!(move_p_q); }};
        (move_h_d) => {{ frame.set(pc.u8(2), pc.i16(4).cast_unsigned()); next!(move_h_d); }};
        (move_w_d) => {{ frame.set(pc.u8(2), pc.u32(4)); next!(move_w_d); }};
        (move_h_q) => {{
            frame.set_pair(pc.u8(2), extend_64(pc.i16(4).cast_unsigned()));
            next!(move_h_q);
        }};
        (move_w_q) => {{
            let slot = pc.u8(2);
            frame.set(slot, pc.u32(4));
            frame.set(slot.wrapping_add(1), pc.u32(8));
            next!(move_w_q);
        }};
        (zero) => {{
            let first = pc.u8(field!(zero 1));
            let end = first.wrapping_add(pc.u8(field!(zero 0)));
            let mut slot = first;
            while slot < end {
                frame.set(slot, 0);
                // A loop, and not a call of the memory function that it could be.
                slot = opaque(slot.wrapping_add(1));
            }
            next!(zero);
        }};
        (keep_d) => {{ frame.set(pc.u8(2), acc); next!(keep_d); }};
        (global_get_d) => {{
            acc = context.globals.get(pc.u16(4));
            frame.set(pc.u8(2), acc);
            next!(global_get_d);
        }};
        (global_get) => {{ acc = context.globals.get(pc.u16(2)); next!(global_get); }};
        (global_set_s) => {{
            context.globals.set(pc.u16(4), frame.get(pc.u8(2)));
            next!(global_set_s);
        }};
        (global_set_k) => {{ context.globals.set(pc.u16(2), acc); next!(global_set_k); }};
        ($cold:ident) => { break 'cold };
    }
        macro_rules! dispatch {
        ($($class:ident $name:ident $fields:tt $meaning:tt;)*) => {
            loop {
                #[cfg(feature = "trace")]
                crate::trace::about_to_run(context, pc.address(), acc);
                match opcode {
                    $(number::$name => handle!($class $name $fields $meaning),)*
                    _ => never(),
                }
            }
        };
    }
        for_each_instruction!(dispatch)
        } // 'fuel: the charge was not covered. It is given back, and the rest of the balance tried.
        context.put_fuel(fuel);
        context.pc = pc;
        context.frame = frame;
        context.acc = acc;
        break 'trap short_of_fuel(context);
        } // 'cold: what is rare is done elsewhere.
        context.put_fuel(fuel);
        context.pc = pc;
        context.frame = frame;
        context.acc = acc;
        break 'trap cold(context);
        } break 'trap trap(TrapKind::StackOverflow);
        } break 'trap trap(TrapKind::InvalidConversionToInteger);
        } break 'trap trap(TrapKind::IntegerOverflow);
        } break 'trap trap(TrapKind::IntegerDivideByZero);
        } break 'trap trap(TrapKind::IndirectCallTypeMismatch);
        } break 'trap trap(TrapKind::IndirectCallToNull);
        } break 'trap trap(TrapKind::TableOutOfBounds);
        } break 'trap trap(TrapKind::MemoryOutOfBounds);
        } trap(TrapKind::Unreachable) };
        if outcome == NEXT {
            pc = context.pc;
            frame = context.frame;
            acc = context.acc;
            [limit_1, limit_2, limit_4] = context.limits();
            fuel = context.take_fuel();
            opcode = pc.fetch::<{ u16::MAX - 1 }>();
        } else if outcome == EXIT {
            return context.exit;
        } else {
            context.put_fuel(fuel);
            context.pc = pc;
            context.frame = frame;
            return Exit::Trapped(crate::cold::trap_of(outcome));
        }
    }
}

/// Gives a trap its number, unseen by the compiler: or it would set the number early, in the path
/// of those that do not trap.
#[inline(always)]
fn trap(kind: TrapKind) -> u32 {
    opaque(kind as u32)
}
