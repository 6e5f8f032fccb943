//! Instructions that are rare or long: outside of the loop, for its registers' sake.
//!
//! Bulk operations come in pieces of at most 256 bytes. Each piece is paid for before it is done;
//! between two of them the operands say what is left, so that an instruction that ran out of fuel
//! is simply executed again.

use crate::context::Context;
use crate::instance::word;
use crate::interpreter::Exit;
use crate::raw::{Bytes, Code, opaque};
use crate::slow::slow;
use crate::trap::TrapKind;
use mote_image::{INSTRUCTIONS, Kind, NONE, SegmentRecord, length, offset, opcode};

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

/// Decides what comes after a charge that the loop's fuel did not cover. It was taken from the
/// balance, which is less than nothing for the moment.
#[inline(never)]
pub(crate) fn short_of_fuel(context: &mut Context<'_>) -> u32 {
    let needed = charge(context);
    let balance = context.balance().wrapping_add(needed);
    context.set_balance(balance);
    if balance >= needed {
        return NEXT;
    }
    context.exit = Exit::OutOfFuel(needed);
    EXIT
}

/// Returns the charge of the instruction that the context stands at.
fn charge(context: &Context<'_>) -> u64 {
    let pc = context.pc;
    let function = match number(pc) {
        opcode::call => pc.u16(const { offset(opcode::call, 0) }),
        opcode::call_indirect => {
            let index = context
                .frame
                .get(pc.u8(const { offset(opcode::call_indirect, 0) }));
            let table = table(context, pc.u16(const { offset(opcode::call_indirect, 1) }));
            context.block.get(table.start.wrapping_add(index))
        }
        opcode::jump_back_far => {
            return pc.u32(const { offset(opcode::jump_back_far, 0) }).into();
        }
        // All others have it in the same place.
        _ => return pc.u8(const { offset(opcode::jump_back, 0) }).into(),
    };
    let record = context.functions.ahead((function as usize).wrapping_mul(4));
    record.get(1).into()
}

/// Tells whether an instruction that charges has its charge where [`charge`] looks for it.
const fn charge_is_first(kinds: &[Kind]) -> bool {
    let mut rest = match kinds {
        [Kind::K, Kind::C, rest @ ..] | [Kind::C, rest @ ..] => rest,
        _ => kinds,
    };
    while let [first, tail @ ..] = rest {
        if matches!(first, Kind::C) {
            return false;
        }
        rest = tail;
    }
    true
}
const _: () = {
    let mut rest = INSTRUCTIONS;
    while let [first, tail @ ..] = rest {
        assert!(charge_is_first(first.kinds), "the charge comes first");
        rest = tail;
    }
};

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
            let entry = table.start.wrapping_add(frame.get(first));
            let import = context.block.get(entry);
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
            let from = pc.u32(const { offset(opcode::return_many, 2) });
            copy_slots(
                context,
                from,
                0,
                pc.u32(const { offset(opcode::return_many, 1) }),
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
        opcode::far_zero => {
            let to = pc.u32(const { offset(opcode::far_zero, 1) });
            for index in 0..pc.u32(const { offset(opcode::far_zero, 0) }) {
                frame.set(to.wrapping_add(index), 0);
            }
        }
        opcode::memory_size => frame.set(first, context.state.get(word::PAGES)),
        opcode::memory_grow => memory_grow(context, first)?,
        opcode::memory_copy => {
            let memory = memory(context);
            bulk(context, first, &memory, &From::Place(memory))?;
        }
        opcode::memory_fill => bulk(context, first, &memory(context), &From::Value)?,
        opcode::memory_init => {
            let segment = pc.u16(4);
            let contents = contents(context, segment, context.image.data(segment as usize));
            bulk(context, first, &memory(context), &From::Segment(contents))?;
        }
        opcode::data_drop => drop_segment(context, pc.u16(2)),
        opcode::element_drop => {
            drop_segment(context, first_element(context).wrapping_add(pc.u16(2)));
        }
        opcode::table_get => {
            let entry = entry(context, pc.u16(4), first)?;
            frame.set(pc.u8(3), context.block.get(entry));
        }
        opcode::table_set => {
            let entry = entry(context, pc.u16(4), first)?;
            context.block.set(entry, frame.get(pc.u8(3)));
        }
        opcode::table_size => frame.set(first, table(context, pc.u16(4)).length),
        opcode::table_grow => table_grow(context, first, pc.u16(4))?,
        opcode::table_copy => {
            let source = From::Place(table(context, pc.u16(6)));
            bulk(context, first, &table(context, pc.u16(4)), &source)?;
        }
        opcode::table_fill => bulk(context, first, &table(context, pc.u16(4)), &From::Value)?,
        opcode::table_init => {
            let segment = pc.u16(6);
            let bit = first_element(context).wrapping_add(segment);
            let contents = contents(context, bit, context.image.element(segment as usize));
            let source = From::Segment(contents);
            bulk(context, first, &table(context, pc.u16(4)), &source)?;
        }
        _ => return slow(context, opcode),
    }
    context.pc = pc.ahead(length_of(opcode));
    Ok(())
}

fn first_element(context: &Context<'_>) -> u32 {
    context.image.header().data.into()
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
    lengths!(far_get far_set far_zero memory_init table_get table_set table_size
        table_grow table_copy table_fill table_init)
}

fn copy_slots(context: &Context<'_>, from: u32, to: u32, count: u32) {
    for index in 0..count {
        let value = context.frame.get(from.wrapping_add(index));
        context.frame.set(to.wrapping_add(index), value);
    }
}

/// Takes the charge of a piece, or stops before it.
fn pay(context: &Context<'_>, units: u32) -> Result<(), Exit> {
    let units = u64::from(units);
    let rest = context.balance().checked_sub(units);
    context.set_balance(rest.ok_or(Exit::OutOfFuel(units))?);
    Ok(())
}

/// The memory or a table, as bytes.
#[derive(Clone, Copy)]
struct Place {
    bytes: Bytes,
    /// Where it begins, in elements.
    start: u32,
    /// How many elements it has.
    length: u32,
    /// The size of an element in bytes: the logarithm.
    log2: u32,
    /// The trap of an access beyond it.
    beyond: TrapKind,
}

fn memory(context: &Context<'_>) -> Place {
    Place {
        bytes: context.bytes,
        start: 0,
        length: context.state.get(word::MEMORY_BYTES),
        log2: 0,
        beyond: TrapKind::MemoryOutOfBounds,
    }
}

fn table(context: &Context<'_>, index: u32) -> Place {
    let record = context.tables.ahead((index as usize).wrapping_mul(3));
    Place {
        bytes: context.block.bytes(),
        start: record.get(0),
        length: record.get(1),
        log2: 2,
        beyond: TrapKind::TableOutOfBounds,
    }
}

impl Place {
    fn holds(&self, start: u32, count: u32) -> Result<(), Exit> {
        within(start, count, self.length, self.beyond)
    }

    /// Returns the place of an element among the bytes.
    fn at(&self, element: u32) -> u32 {
        self.start.wrapping_add(element) << self.log2
    }
}

fn within(start: u32, count: u32, length: u32, beyond: TrapKind) -> Result<(), Exit> {
    match start.checked_add(count) {
        Some(end) if end <= length => Ok(()),
        _ => Err(Exit::Trapped(beyond)),
    }
}

/// Returns the entry of a table that an operand names.
fn entry(context: &Context<'_>, index: u32, operand: u32) -> Result<u32, Exit> {
    let table = table(context, index);
    let index = context.frame.get(operand);
    table.holds(index, 1)?;
    Ok(table.start.wrapping_add(index))
}

/// Where a bulk operation has its elements from.
enum From<'a> {
    /// From there, which may be the same place.
    Place(Place),
    /// From a segment.
    Segment(&'a [u8]),
    /// They are all the same.
    Value,
}

/// Runs a bulk operation piece by piece. The operands are: to, from or value, count.
#[inline(never)]
fn bulk(context: &Context<'_>, first: u32, target: &Place, source: &From<'_>) -> Result<(), Exit> {
    let log2 = target.log2;
    let [mut to, mut from, mut count] =
        [0, 1, 2].map(|index| context.frame.get(first.wrapping_add(index)));
    match source {
        From::Place(place) => place.holds(from, count)?,
        From::Segment(bytes) => {
            let length = u32::try_from(bytes.len()).unwrap_or(0) >> log2;
            within(from, count, length, target.beyond)?;
        }
        From::Value => {}
    }
    target.holds(to, count)?;
    let descending = matches!(source, From::Place(_)) && to > from;
    while count > 0 {
        let part = count.min(PIECE_BYTES >> log2);
        let bytes = part << log2;
        pay(context, bytes.div_ceil(4))?;
        count = count.wrapping_sub(part);
        let done = if descending { count } else { 0 };
        let at = target.at(to.wrapping_add(done));
        match source {
            From::Place(place) => {
                let from = place.at(from.wrapping_add(done));
                target.bytes.copy(at, from, bytes);
            }
            From::Segment(contents) => {
                let from = (from << log2) as usize;
                let end = from.wrapping_add(bytes as usize);
                target
                    .bytes
                    .copy_in(at, contents.get(from..end).unwrap_or(&[]));
            }
            From::Value if log2 == 0 => {
                let [value, ..] = from.to_le_bytes();
                target.bytes.fill(at, value, bytes);
            }
            From::Value => fill_words(target.bytes, at, from, bytes),
        }
        // What is left, should the next piece not be paid for.
        if !descending {
            to = to.wrapping_add(part);
            if !matches!(source, From::Value) {
                from = from.wrapping_add(part);
            }
        }
        context.frame.set(first, to);
        context.frame.set(first.wrapping_add(1), from);
        context.frame.set(first.wrapping_add(2), count);
    }
    Ok(())
}

fn fill_words(bytes: Bytes, at: u32, value: u32, count: u32) {
    let mut done = 0;
    while done < count {
        bytes.store_u32(at.wrapping_add(done), value);
        done = opaque(done.wrapping_add(4));
    }
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

/// Writes a value to what is to become part of a place, piece by piece.
fn grow(context: &Context<'_>, place: &Place, growth: u32, value: u32) -> Result<(), Exit> {
    loop {
        let done = context.state.get(word::PROGRESS);
        let part = growth.wrapping_sub(done).min(PIECE_BYTES >> place.log2);
        if part == 0 {
            break;
        }
        let bytes = part << place.log2;
        pay(context, bytes.div_ceil(4))?;
        let at = place.at(place.length.wrapping_add(done));
        if place.log2 == 0 {
            place.bytes.fill(at, 0, bytes);
        } else {
            fill_words(place.bytes, at, value, bytes);
        }
        context.state.set(word::PROGRESS, done.wrapping_add(part));
    }
    context.state.set(word::PROGRESS, 0);
    Ok(())
}

/// Grows the memory. The growth is paid for and zeroed in pieces; it is there once all are done.
fn memory_grow(context: &Context<'_>, slot: u32) -> Result<(), Exit> {
    let delta = context.frame.get(slot);
    let Some(memory_type) = context.image.header().memory else {
        return Ok(());
    };
    let before = context.state.get(word::PAGES);
    // Pages have one byte, or 64 KiB: more of them than there are bytes are too many.
    let pages = before.checked_add(delta);
    let pages = pages.filter(|&pages| {
        pages <= memory_type.pages_max && pages <= context.memory_capacity >> memory_type.page_log2
    });
    let Some(pages) = pages else {
        context.frame.set(slot, NONE);
        return Ok(());
    };
    let bytes = pages << memory_type.page_log2;
    let mut place = memory(context);
    place.length = before << memory_type.page_log2;
    grow(context, &place, bytes.wrapping_sub(place.length), 0)?;
    context.frame.set(slot, before);
    context.state.set(word::PAGES, pages);
    context.state.set(word::MEMORY_BYTES, bytes);
    Ok(())
}

fn table_grow(context: &Context<'_>, first: u32, index: u32) -> Result<(), Exit> {
    let value = context.frame.get(first);
    let delta = context.frame.get(first.wrapping_add(1));
    let table = table(context, index);
    let record = context.tables.ahead((index as usize).wrapping_mul(3));
    if delta > record.get(2).wrapping_sub(table.length) {
        context.frame.set(first, NONE);
        return Ok(());
    }
    grow(context, &table, delta, value)?;
    record.set(1, table.length.wrapping_add(delta));
    context.frame.set(first, table.length);
    Ok(())
}
