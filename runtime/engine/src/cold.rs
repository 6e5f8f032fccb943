//! Instructions that are rare or long: outside of the loop, for its registers' sake.
//!
//! Bulk operations come in pieces of at most 256 bytes. Each piece is paid for before it is done;
//! between two of them the operands say what is left, so that an instruction that ran out of fuel
//! is simply executed again.

use crate::context::Context;
use crate::interpreter::Exit;
use crate::raw::Code;
use crate::slow::slow;
use crate::trap::TrapKind;
use mote_image::{Kind, NONE, SegmentRecord, Shape, length, offset, opcode};

/// What comes after an instruction that the loop left to others: the next one.
pub(crate) const NEXT: u32 = 0x100;
/// What comes after it: nothing, for the context says why the loop ends.
pub(crate) const EXIT: u32 = 0x101;

/// Returns the trap that has this number.
pub(crate) fn trap_of(number: u32) -> TrapKind {
    const KINDS: [TrapKind; 9] = [
        TrapKind::MemoryOutOfBounds,
        TrapKind::TableOutOfBounds,
        TrapKind::IndirectCallToNull,
        TrapKind::IndirectCallTypeMismatch,
        TrapKind::IntegerDivideByZero,
        TrapKind::IntegerOverflow,
        TrapKind::InvalidConversionToInteger,
        TrapKind::StackOverflow,
        TrapKind::OutOfMemory,
    ];
    KINDS
        .into_iter()
        .find(|&kind| kind as u32 == number)
        .unwrap_or(TrapKind::Unreachable)
}

const PIECE_BYTES: u32 = 256;
const PIECE_ENTRIES: u32 = PIECE_BYTES / 4;

/// Decides what comes after a charge that the loop's fuel did not cover. It was taken from the
/// balance, which is less than nothing for the moment.
#[inline(never)]
pub(crate) fn short_of_fuel(context: &mut Context<'_>) -> u32 {
    let needed = charge(context);
    context.balance = context.balance.wrapping_add(needed);
    if context.balance >= needed {
        return NEXT;
    }
    context.exit = Exit::OutOfFuel(needed);
    EXIT
}

/// Returns the charge of the instruction that the context stands at.
fn charge(context: &Context<'_>) -> u64 {
    let pc = context.pc;
    let opcode = number(pc);
    let function = match opcode {
        opcode::call => pc.u16(const { offset(opcode::call, 0) }),
        opcode::call_indirect => {
            let index = context
                .frame
                .get(pc.u8(const { offset(opcode::call_indirect, 0) }));
            let table = table(context, pc.u16(const { offset(opcode::call_indirect, 1) }));
            context.block.get(table.start.wrapping_add(index))
        }
        _ => {
            let places = Shape::of(opcode).into_iter().flat_map(Shape::places);
            for (kind, at) in places {
                if kind == Kind::C {
                    return u64::from(pc.u8(at));
                }
                if kind == Kind::Z {
                    return u64::from(pc.u32(at));
                }
            }
            return 0;
        }
    };
    u64::from(
        context
            .functions
            .ahead((function as usize).wrapping_mul(4))
            .get(1),
    )
}

fn number(pc: Code) -> u16 {
    let [b0, b1, ..] = pc.u16(0).to_le_bytes();
    u16::from_le_bytes([b0, b1])
}

/// Executes the instruction that the context stands at.
#[inline(never)]
pub(crate) fn cold(context: &mut Context<'_>) -> u32 {
    match step(context) {
        Ok(()) => NEXT,
        Err(exit) => {
            context.exit = exit;
            EXIT
        }
    }
}

fn step(context: &mut Context<'_>) -> Result<(), Exit> {
    let pc = context.pc;
    let opcode = number(pc);
    let frame = context.frame;
    let first = pc.u8(2);
    match opcode {
        opcode::halt => return Err(Exit::Halted),
        opcode::call_import => {
            let import = pc.u16(const { offset(opcode::call_import, 0) });
            return Err(Exit::HostCall {
                import,
                base: pc.u16(const { offset(opcode::call_import, 1) }),
            });
        }
        opcode::call_indirect => {
            // The loop has found that the entry is an import of the right type.
            let table = table(context, pc.u16(const { offset(opcode::call_indirect, 1) }));
            let import = context
                .block
                .get(table.start.wrapping_add(frame.get(first)));
            return Err(Exit::HostCall {
                import,
                base: pc.u16(const { offset(opcode::call_indirect, 3) }),
            });
        }
        opcode::switch_far => {
            let entry = frame.get(first).min(pc.u32(4)) as usize;
            let entry = pc.u32(8usize.wrapping_add(entry.wrapping_mul(4)));
            context.pc = pc.jump(entry.cast_signed());
            return Ok(());
        }
        opcode::return_many => {
            let link = frame.get(pc.u16(const { offset(opcode::return_many, 0) }));
            let from = pc.u32(const { offset(opcode::return_many, 1) });
            copy_slots(
                context,
                from,
                0,
                pc.u32(const { offset(opcode::return_many, 2) }),
            );
            context.pc = context.code.ahead(link as usize);
            context.frame = frame.back(context.pc.back(2).u16(0) as usize);
            return Ok(());
        }
        opcode::far_get => frame.set(
            first,
            frame.get(pc.u32(const { offset(opcode::far_get, 1) })),
        ),
        opcode::far_set => frame.set(
            pc.u32(const { offset(opcode::far_set, 1) }),
            frame.get(first),
        ),
        opcode::far_copy => {
            let from = pc.u32(const { offset(opcode::far_copy, 0) });
            let to = pc.u32(const { offset(opcode::far_copy, 1) });
            copy_slots(
                context,
                from,
                to,
                pc.u32(const { offset(opcode::far_copy, 2) }),
            );
        }
        opcode::far_zero => {
            let to = pc.u32(const { offset(opcode::far_zero, 0) });
            for index in 0..pc.u32(const { offset(opcode::far_zero, 1) }) {
                frame.set(to.wrapping_add(index), 0);
            }
        }
        opcode::memory_size => frame.set(first, context.pages),
        opcode::memory_grow => memory_grow(context, first)?,
        opcode::memory_copy => memory_copy(context, first)?,
        opcode::memory_fill => memory_fill(context, first)?,
        opcode::memory_init => memory_init(context, first, pc.u16(4))?,
        opcode::data_drop => drop_segment(context, pc.u16(2)),
        opcode::element_drop => {
            let first_element = u32::from(context.image.header().data);
            drop_segment(context, first_element.wrapping_add(pc.u16(2)));
        }
        opcode::table_get => {
            let table = table(context, pc.u16(4));
            let index = within(frame.get(first), table.entries)?;
            frame.set(pc.u8(3), context.block.get(table.start.wrapping_add(index)));
        }
        opcode::table_set => {
            let table = table(context, pc.u16(4));
            let index = within(frame.get(first), table.entries)?;
            context
                .block
                .set(table.start.wrapping_add(index), frame.get(pc.u8(3)));
        }
        opcode::table_size => frame.set(first, table(context, pc.u16(4)).entries),
        opcode::table_grow => table_grow(context, first, pc.u16(4))?,
        opcode::table_copy => table_copy(context, first, pc.u16(4), pc.u16(6))?,
        opcode::table_fill => table_fill(context, first, pc.u16(4))?,
        opcode::table_init => table_init(context, first, pc.u16(4), pc.u16(6))?,
        _ => return slow(context, opcode),
    }
    context.pc = pc.ahead(length_of(opcode));
    Ok(())
}

fn length_of(opcode: u16) -> usize {
    macro_rules! lengths {
        ($($name:ident)*) => {
            match opcode {
                $(opcode::$name => const { length(opcode::$name) },)*
                _ => 4,
            }
        };
    }
    lengths!(far_get far_set far_copy far_zero memory_init table_get table_set table_size
        table_grow table_copy table_fill table_init)
}

fn copy_slots(context: &Context<'_>, from: u32, to: u32, count: u32) {
    for index in 0..count {
        let value = context.frame.get(from.wrapping_add(index));
        context.frame.set(to.wrapping_add(index), value);
    }
}

/// Takes the charge of a piece, or stops before it.
fn pay(context: &mut Context<'_>, units: u32) -> Result<(), Exit> {
    let units = u64::from(units);
    context.balance = context
        .balance
        .checked_sub(units)
        .ok_or(Exit::OutOfFuel(units))?;
    Ok(())
}

/// The operands of a bulk operation: to, from, count.
fn operands(context: &Context<'_>, first: u32) -> [u32; 3] {
    [0, 1, 2].map(|index| context.frame.get(first.wrapping_add(index)))
}

/// Runs a bulk operation piece by piece: `piece` does one, at these places.
fn pieces(
    context: &mut Context<'_>,
    first: u32,
    most: u32,
    descending: bool,
    moves_from: bool,
    piece: impl Fn(&mut Context<'_>, u32, u32, u32),
) -> Result<(), Exit> {
    let [mut to, mut from, mut count] = operands(context, first);
    while count > 0 {
        let part = count.min(most);
        let units = if most == PIECE_BYTES {
            part.div_ceil(4)
        } else {
            part
        };
        pay(context, units)?;
        count = count.wrapping_sub(part);
        if descending {
            piece(
                context,
                to.wrapping_add(count),
                from.wrapping_add(count),
                part,
            );
        } else {
            piece(context, to, from, part);
            to = to.wrapping_add(part);
            if moves_from {
                from = from.wrapping_add(part);
            }
        }
        // What is left, should the next piece not be paid for.
        context.frame.set(first, to);
        context.frame.set(first.wrapping_add(1), from);
        context.frame.set(first.wrapping_add(2), count);
    }
    Ok(())
}

fn in_bounds(start: u32, count: u32, length: u32, kind: TrapKind) -> Result<(), Exit> {
    match start.checked_add(count) {
        Some(end) if end <= length => Ok(()),
        _ => Err(Exit::Trapped(kind)),
    }
}

fn memory_copy(context: &mut Context<'_>, first: u32) -> Result<(), Exit> {
    let [to, from, count] = operands(context, first);
    in_bounds(to, count, context.memory_bytes, TrapKind::MemoryOutOfBounds)?;
    in_bounds(
        from,
        count,
        context.memory_bytes,
        TrapKind::MemoryOutOfBounds,
    )?;
    pieces(
        context,
        first,
        PIECE_BYTES,
        to > from,
        true,
        |context, to, from, count| {
            context.bytes.copy(to, from, count);
        },
    )
}

fn memory_fill(context: &mut Context<'_>, first: u32) -> Result<(), Exit> {
    let [to, _, count] = operands(context, first);
    in_bounds(to, count, context.memory_bytes, TrapKind::MemoryOutOfBounds)?;
    pieces(
        context,
        first,
        PIECE_BYTES,
        false,
        false,
        |context, to, value, count| {
            let [value, ..] = value.to_le_bytes();
            context.bytes.fill(to, value, count);
        },
    )
}

fn memory_init(context: &mut Context<'_>, first: u32, segment: u32) -> Result<(), Exit> {
    let [to, from, count] = operands(context, first);
    let data = context.image.data(segment as usize);
    let contents = contents(context, segment, data);
    let length = u32::try_from(contents.len()).unwrap_or(0);
    in_bounds(from, count, length, TrapKind::MemoryOutOfBounds)?;
    in_bounds(to, count, context.memory_bytes, TrapKind::MemoryOutOfBounds)?;
    pieces(
        context,
        first,
        PIECE_BYTES,
        false,
        true,
        |context, to, from, count| {
            let from = from as usize;
            if let Some(part) = contents.get(from..from.wrapping_add(count as usize)) {
                context.bytes.copy_in(to, part);
            }
        },
    )
}

/// Returns a segment's contents; none once it was given up.
fn contents<'a>(context: &Context<'a>, bit: u32, segment: Option<SegmentRecord<'a>>) -> &'a [u8] {
    let dropped = context.dropped.get(bit / 32) >> (bit % 32) & 1;
    segment
        .filter(|_| dropped == 0)
        .map_or(&[], |segment| segment.contents)
}

fn drop_segment(context: &Context<'_>, bit: u32) {
    let word = context.dropped.get(bit / 32);
    context.dropped.set(bit / 32, word | 1 << (bit % 32));
}

/// Grows the memory. The growth is paid for and zeroed in pieces; it is there once all are done.
fn memory_grow(context: &mut Context<'_>, slot: u32) -> Result<(), Exit> {
    let delta = context.frame.get(slot);
    let Some(memory) = context.image.header().memory else {
        return Ok(());
    };
    let pages = u64::from(context.pages).wrapping_add(u64::from(delta));
    let bytes = pages << memory.page_log2;
    if pages > u64::from(memory.pages_max) || bytes > u64::from(context.memory_capacity) {
        context.frame.set(slot, NONE);
        return Ok(());
    }
    let start = u64::from(context.pages) << memory.page_log2;
    let growth = bytes.wrapping_sub(start);
    while u64::from(context.progress) < growth {
        let done = u64::from(context.progress);
        let part = growth.wrapping_sub(done).min(u64::from(PIECE_BYTES));
        let (part, at) = (low(part), low(start.wrapping_add(done)));
        pay(context, part.div_ceil(4))?;
        context.bytes.fill(at, 0, part);
        context.progress = context.progress.wrapping_add(part);
    }
    context.progress = 0;
    context.frame.set(slot, context.pages);
    context.pages = low(pages);
    context.memory_bytes = low(bytes);
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "at most the memory's capacity, a u32"
)]
fn low(value: u64) -> u32 {
    value as u32
}

/// A table: where in the block its entries are, how many there are, and at most.
struct Table {
    start: u32,
    entries: u32,
    entries_max: u32,
}

fn table(context: &Context<'_>, index: u32) -> Table {
    let record = context.tables.ahead((index as usize).wrapping_mul(3));
    Table {
        start: record.get(0),
        entries: record.get(1),
        entries_max: record.get(2),
    }
}

fn within(index: u32, entries: u32) -> Result<u32, Exit> {
    if index < entries {
        Ok(index)
    } else {
        Err(Exit::Trapped(TrapKind::TableOutOfBounds))
    }
}

fn table_grow(context: &mut Context<'_>, first: u32, index: u32) -> Result<(), Exit> {
    let [value, delta, _] = [0, 1, 1].map(|at| context.frame.get(first.wrapping_add(at)));
    let table = table(context, index);
    let room = table.entries_max.wrapping_sub(table.entries);
    if delta > room {
        context.frame.set(first, NONE);
        return Ok(());
    }
    while context.progress < delta {
        let part = delta.wrapping_sub(context.progress).min(PIECE_ENTRIES);
        pay(context, part)?;
        let start = table
            .start
            .wrapping_add(table.entries)
            .wrapping_add(context.progress);
        for at in 0..part {
            context.block.set(start.wrapping_add(at), value);
        }
        context.progress = context.progress.wrapping_add(part);
    }
    context.progress = 0;
    let record = context.tables.ahead((index as usize).wrapping_mul(3));
    record.set(1, table.entries.wrapping_add(delta));
    context.frame.set(first, table.entries);
    Ok(())
}

fn table_copy(context: &mut Context<'_>, first: u32, to: u32, from: u32) -> Result<(), Exit> {
    let [to_index, from_index, count] = operands(context, first);
    let (target, source) = (table(context, to), table(context, from));
    in_bounds(to_index, count, target.entries, TrapKind::TableOutOfBounds)?;
    in_bounds(
        from_index,
        count,
        source.entries,
        TrapKind::TableOutOfBounds,
    )?;
    let descending = to_index > from_index;
    pieces(
        context,
        first,
        PIECE_ENTRIES,
        descending,
        true,
        |context, to, from, count| {
            for index in 0..count {
                let index = if descending {
                    count.wrapping_sub(1).wrapping_sub(index)
                } else {
                    index
                };
                let from = source.start.wrapping_add(from).wrapping_add(index);
                let value = context.block.get(from);
                context
                    .block
                    .set(target.start.wrapping_add(to).wrapping_add(index), value);
            }
        },
    )
}

fn table_fill(context: &mut Context<'_>, first: u32, index: u32) -> Result<(), Exit> {
    let [to, _, count] = operands(context, first);
    let table = table(context, index);
    in_bounds(to, count, table.entries, TrapKind::TableOutOfBounds)?;
    pieces(
        context,
        first,
        PIECE_ENTRIES,
        false,
        false,
        |context, to, value, count| {
            for index in 0..count {
                context
                    .block
                    .set(table.start.wrapping_add(to).wrapping_add(index), value);
            }
        },
    )
}

fn table_init(context: &mut Context<'_>, first: u32, index: u32, segment: u32) -> Result<(), Exit> {
    let [to, from, count] = operands(context, first);
    let table = table(context, index);
    let element = context.image.element(segment as usize);
    let bit = u32::from(context.image.header().data).wrapping_add(segment);
    let (words, _) = contents(context, bit, element).as_chunks::<4>();
    let length = u32::try_from(words.len()).unwrap_or(0);
    in_bounds(from, count, length, TrapKind::TableOutOfBounds)?;
    in_bounds(to, count, table.entries, TrapKind::TableOutOfBounds)?;
    pieces(
        context,
        first,
        PIECE_ENTRIES,
        false,
        true,
        |context, to, from, count| {
            for index in 0..count {
                let word = words.get(from.wrapping_add(index) as usize);
                let value = word.map_or(NONE, |word| u32::from_le_bytes(*word));
                context
                    .block
                    .set(table.start.wrapping_add(to).wrapping_add(index), value);
            }
        },
    )
}
