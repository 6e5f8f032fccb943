//! The check that makes an image safe to execute, whoever made it.
//!
//! It is made once, when an image is installed; each boot compares the CRC. After it
//!
//! - control is always at an instruction: branches land on one, and no function runs off its end;
//! - each slot that an instruction names lies in its frame and is not the link word, which holds
//!   the way back; each callee's frame begins after it;
//! - every function, type, import, table, global and segment that is named exists, and every
//!   record of the image refers to what lies in it;
//! - execution can be interrupted: each jump back and each entry charges fuel, one unit at least
//!   for every [`BYTES_PER_UNIT`] bytes of code that it covers, so that a slice of fuel has a
//!   bound in time.
//!
//! What values an instruction works on is not looked at: no value can do harm. Addresses, table
//! indices and references are compared with their bounds where they are used.
//!
//! Two passes over each function, each constant time an instruction. The scratch memory has a bit
//! for each halfword of the longest function: where instructions begin.

use crate::header::{Header, MemoryType, NONE};
use crate::image::{
    FunctionRecord, Image, PREAMBLE_BYTES, Rejected, SegmentMode, TypeRecord, preamble,
};
use crate::instruction::Instruction;
use crate::{Features, Kind, opcode};

/// The bytes of code that a unit of fuel pays for at most.
///
/// Much more than translated code needs, but where a branch moves many values: no module of the
/// official suite, and none of 20,000 generated ones, is refused (2026-11). The entries of a branch table are one instruction
/// and any number of places: each excuses as many bytes again.
pub const BYTES_PER_UNIT: u32 = 64;

/// The most words of a frame: so that no sum of an address and a frame wraps around.
pub const FRAME_WORDS_MAX: u32 = 1 << 24;

/// Instructions on floats are the last ones of the table.
const FIRST_FLOAT: u16 = opcode::fmin_ss_d;

/// An image that was verified. The engine executes nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a>(Image<'a>);

impl<'a> Verified<'a> {
    /// Returns the image.
    #[must_use]
    pub const fn image(&self) -> &Image<'a> {
        &self.0
    }

    /// Takes an image for verified that was so when it was installed: compares its CRC and no
    /// more. This is what a boot does.
    ///
    /// # Errors
    ///
    /// Where the image is not what was written.
    ///
    /// # Safety
    ///
    /// [`verify`] accepted these bytes, and since then only faults have changed them, which the
    /// CRC finds, and nobody who could make the CRC right again.
    #[expect(
        unsafe_code,
        reason = "it is a promise, and the only one this crate asks for"
    )]
    pub unsafe fn installed(image: Image<'a>) -> Result<Self, Rejected> {
        image.check_crc()?;
        Ok(Self(image))
    }
}

/// Verifies an image, with scratch memory of [`Image::scratch_bytes`].
///
/// # Errors
///
/// What is wrong with it, and where.
pub fn verify<'a>(image: Image<'a>, scratch: &mut [u8]) -> Result<Verified<'a>, Rejected> {
    image.check_crc()?;
    if !image.features().within(Features::ALL) {
        return Err(Rejected::Feature);
    }
    if !image.code().starts_with(&preamble()) {
        return Err(Rejected::Code(0));
    }
    records(&image)?;
    functions(&image, scratch)?;
    Ok(Verified(image))
}

/// Returns how many words values of these types take, if they are types.
fn words(types: &[u8]) -> Option<u32> {
    let mut words = 0u32;
    for byte in types {
        words = words.checked_add(match byte {
            0x7f | 0x7d | 0x70 | 0x6f => 1,
            0x7e | 0x7c => 2,
            _ => return None,
        })?;
    }
    Some(words)
}

/// Returns how many words the greater of parameters and results takes.
fn greater_words(record: TypeRecord<'_>) -> Option<u32> {
    Some(words(record.parameters)?.max(words(record.results)?))
}

/// Checks everything but code and functions.
fn records(image: &Image<'_>) -> Result<(), Rejected> {
    let header = image.header();
    let counts = [
        header.types,
        header.imports,
        header.exports,
        header.tables,
        header.elements,
        header.data,
    ];
    for (part, count) in (1..).zip(counts) {
        for index in 0..usize::from(count) {
            if record(image, part, index) != Some(true) {
                return Err(Rejected::Record(image.record_place(part, index)));
            }
        }
    }
    if header.imports > header.functions || !memory_is_sound(header.memory) {
        return Err(Rejected::Record(0));
    }
    Ok(())
}

/// Tells whether a record of one of those parts can be read, and what it refers to is there.
fn record(image: &Image<'_>, part: usize, index: usize) -> Option<bool> {
    let header = image.header();
    Some(match part {
        1 => greater_words(image.function_type(index)?).is_some(),
        2 => image.import(index)?.type_index < header.types,
        3 => image.export(index).is_some(),
        4 => {
            let table = image.table(index)?;
            table.entries <= table.entries_max
        }
        5 => match image.element(index)?.mode {
            SegmentMode::Active { table, .. } => table < header.tables,
            SegmentMode::Passive | SegmentMode::Declared => true,
        },
        _ => image.data(index).is_some(),
    })
}

fn memory_is_sound(memory: Option<MemoryType>) -> bool {
    memory.is_none_or(|memory| {
        let most = match memory.page_log2 {
            0 => u32::MAX,
            16 => 1 << 16,
            _ => return false,
        };
        memory.pages <= memory.pages_max && memory.pages_max <= most
    })
}

/// Checks all functions: records, and then each one's code, which lies in order.
fn functions(image: &Image<'_>, scratch: &mut [u8]) -> Result<(), Rejected> {
    let header = image.header();
    let mut at = PREAMBLE_BYTES;
    for index in 0..usize::from(header.functions) {
        let place = || Rejected::Record(image.record_place(0, index));
        let function = image.function(index).ok_or_else(place)?;
        if index < usize::from(header.imports) {
            let import = image.import(index).map(|import| import.type_index);
            if function.code != NONE || function.fuel != 0 || import != Some(function.type_index) {
                return Err(place());
            }
            continue;
        }
        let next = index.checked_add(1).and_then(|index| image.function(index));
        let end = next.map_or(header.code_bytes, |next| next.code);
        if function.code != at || !record_is_sound(image, &function) {
            return Err(place());
        }
        Check {
            image,
            header,
            function,
            start: at,
            table_bytes: 0,
        }
        .code(end, scratch)?;
        at = end;
    }
    if at == header.code_bytes {
        Ok(())
    } else {
        Err(Rejected::Code(at))
    }
}

fn record_is_sound(image: &Image<'_>, function: &FunctionRecord) -> bool {
    let sound = |record: TypeRecord<'_>| {
        Some(
            words(record.parameters)? <= u32::from(function.link)
                && words(record.results)? <= function.frame_words,
        )
    };
    u32::from(function.link) < function.frame_words
        && function.frame_words <= FRAME_WORDS_MAX
        && i32::try_from(function.fuel).is_ok()
        && image
            .function_type(usize::from(function.type_index))
            .and_then(sound)
            == Some(true)
}

/// The check of one function.
struct Check<'i, 'a> {
    image: &'i Image<'a>,
    header: &'i Header,
    function: FunctionRecord,
    /// Where its code begins.
    start: u32,
    /// What the branch tables so far excuse.
    table_bytes: u32,
}

impl Check<'_, '_> {
    fn code(&mut self, end: u32, scratch: &mut [u8]) -> Result<(), Rejected> {
        let start = self.start;
        let range = start as usize..end as usize;
        let code = self.image.code().get(range).ok_or(Rejected::Code(start))?;
        if code.len() > self.header.function_bytes_max as usize {
            return Err(Rejected::Code(start));
        }
        let starts = scratch
            .get_mut(..code.len().div_ceil(16))
            .ok_or(Rejected::Scratch)?;
        starts.fill(0);
        let mut goes_elsewhere = false;
        // Where a branch goes can be looked at when it is known where instructions begin.
        for pass in 0..2 {
            let mut rest = code;
            while !rest.is_empty() {
                let at = code.len().wrapping_sub(rest.len());
                let place = start.wrapping_add(u32::try_from(at).unwrap_or(0));
                let rejected = Rejected::Code(place);
                let instruction = Instruction::decode(rest).ok_or(rejected)?;
                if pass > 0 {
                    self.jumps(&instruction, place, starts)?;
                } else {
                    if !self.operands(&instruction) {
                        return Err(rejected);
                    }
                    if let Some(byte) = starts.get_mut(at / 16) {
                        *byte |= 1 << (at / 2 % 8);
                    }
                    goes_elsewhere = ends(instruction.opcode);
                }
                rest = rest.get(instruction.length()..).unwrap_or(&[]);
            }
        }
        if !goes_elsewhere {
            return Err(Rejected::Code(end));
        }
        let covered = end.wrapping_sub(start);
        if !self.pays(self.function.fuel.saturating_add(1), covered) {
            return Err(Rejected::Charge(start));
        }
        Ok(())
    }

    /// Tells whether so much fuel pays for so many bytes of code.
    fn pays(&self, fuel: u32, bytes: u32) -> bool {
        bytes
            <= fuel
                .saturating_mul(BYTES_PER_UNIT)
                .saturating_add(self.table_bytes)
    }

    /// Tells whether so many slots from that one on are the function's own.
    fn slots(&self, first: u32, count: u32) -> bool {
        let link = u32::from(self.function.link);
        first
            .checked_add(count)
            .is_some_and(|end| end <= self.function.frame_words && !(first..end).contains(&link))
    }

    /// Checks an instruction's operands, but for where it goes.
    fn operands(&self, instruction: &Instruction<'_>) -> bool {
        let header = self.header;
        let code = instruction.opcode;
        let float = code >= FIRST_FLOAT;
        if float && !Features::FLOAT.within(header.features) || code == opcode::halt {
            return false;
        }
        // Of the slots that follow a count there are so many.
        let mut run = 1;
        let mut frame_of = None;
        for (kind, value) in instruction.words() {
            let index = value as usize;
            let callee = |image: &Image<'_>| image.function(index).map(|it| it.type_index);
            // How many there are of what is numbered; the slots of the rest.
            let (limit, words) = match kind {
                Kind::D if code == opcode::zero => (None, run),
                Kind::F | Kind::O => (None, run),
                Kind::S | Kind::D | Kind::V => (None, 1),
                Kind::P | Kind::Q | Kind::S2 => (None, 2),
                Kind::S3 => (None, 3),
                Kind::N | Kind::I => {
                    frame_of = callee(self.image);
                    let import = value < u32::from(header.imports);
                    if import != (kind == Kind::I) {
                        return false;
                    }
                    (Some(header.functions), 0)
                }
                Kind::Y => {
                    frame_of = u16::try_from(value).ok();
                    (Some(header.types), 0)
                }
                Kind::G => (Some(header.globals), 0),
                Kind::J => (Some(header.tables), 0),
                Kind::X => (Some(header.data), 0),
                Kind::E => (Some(header.elements), 0),
                Kind::M => (Some(32), 0),
                Kind::M6 => (Some(64), 0),
                Kind::L if value == u32::from(self.function.link) => continue,
                Kind::C | Kind::Z if value > 0 => continue,
                Kind::L | Kind::C | Kind::Z => return false,
                Kind::A => {
                    let types = frame_of.and_then(|index| self.image.function_type(index.into()));
                    match types.and_then(greater_words) {
                        Some(words) if value > u32::from(self.function.link) => (None, words),
                        _ => return false,
                    }
                }
                Kind::B | Kind::W => {
                    run = value;
                    continue;
                }
                Kind::K | Kind::H | Kind::U => continue,
                Kind::T | Kind::R | Kind::Tf | Kind::Rf => continue,
            };
            let good = match limit {
                Some(limit) => value < u32::from(limit),
                None => self.slots(value, words),
            };
            if !good {
                return false;
            }
        }
        code != opcode::return_many || run <= self.function.frame_words
    }

    /// Checks where an instruction at that place goes, and that it charges enough if that is back.
    fn jumps(
        &mut self,
        instruction: &Instruction<'_>,
        place: u32,
        starts: &[u8],
    ) -> Result<(), Rejected> {
        let at = place.wrapping_sub(self.start);
        let mut charge = 0;
        for (kind, value) in instruction.words() {
            let back = matches!(kind, Kind::R | Kind::Rf);
            if matches!(kind, Kind::C | Kind::Z) {
                charge = value;
            }
            if !back && !matches!(kind, Kind::T | Kind::Tf) {
                continue;
            }
            let halfwords = value.cast_signed();
            if (halfwords > 0) == back || !lands(starts, at, halfwords) {
                return Err(Rejected::Code(place));
            }
            if back {
                let length = u32::try_from(instruction.length()).unwrap_or(NONE);
                // It lands in the function, which has less than 2 GB.
                let distance = halfwords.unsigned_abs().wrapping_mul(2);
                let covered = length.saturating_add(distance);
                if charge.cast_signed() < 0 || !self.pays(charge, covered) {
                    return Err(Rejected::Charge(place));
                }
            }
        }
        for entry in instruction.entry_words() {
            let ahead = entry.cast_signed();
            if ahead <= 0 || !lands(starts, at, ahead) {
                return Err(Rejected::Code(place));
            }
            self.table_bytes = self.table_bytes.saturating_add(BYTES_PER_UNIT);
        }
        Ok(())
    }
}

/// Tells whether an instruction begins so many halfwords from that place.
fn lands(starts: &[u8], at: u32, halfwords: i32) -> bool {
    let Some(to) = (at / 2).checked_add_signed(halfwords) else {
        return false;
    };
    let byte = starts.get((to / 8) as usize).copied().unwrap_or(0);
    byte >> (to % 8) & 1 == 1
}

/// Tells whether control never goes on to what follows such an instruction.
const fn ends(opcode: u16) -> bool {
    matches!(
        opcode,
        opcode::unreachable
            | opcode::jump
            | opcode::jump_far
            | opcode::jump_back
            | opcode::jump_back_far
            | opcode::switch
            | opcode::switch_far
            | opcode::return_k
            | opcode::return_s
            | opcode::return_h
            | opcode::return_many
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Class, INSTRUCTIONS};

    #[test]
    fn instructions_on_floats_are_the_last_ones() {
        for (number, row) in INSTRUCTIONS.iter().enumerate() {
            let float = matches!(
                row.class,
                Class::float | Class::float_slow | Class::float_slow_wide | Class::float_branch
            );
            assert_eq!(float, number >= usize::from(FIRST_FLOAT), "{}", row.name);
        }
    }
}
