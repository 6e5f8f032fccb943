//! The operand stack: a type for each value, and where the value is.
//!
//! A value is in the slot of its height, or it is *lazy*: a local that has not been written since,
//! or a constant. An entry is one word. It does not say the slot, which follows from the types
//! below it, nor a constant, only where in the code that is; both are worked out when a value is
//! popped.
//!
//! ```text
//!   31  29 28  27 26                       0
//!   | type | state |  slot or offset in code |
//! ```
//!
//! Where an entry is lazy, `lazy` is at or below it: who looks for lazy values looks no further
//! down. Never are there more than [`MOST_LAZY`] entries to look at, so that each step of the
//! translation takes a bounded time.
//!
//! In unreachable code there are types, some unknown, and nothing else matters.

use crate::reader::Reader;
use crate::{NULL_REFERENCE, Operand, Rule, Slot};
use mote_engine::ValueType;

/// How many entries may lie above the lowest that is lazy.
const MOST_LAZY: u32 = 32;

/// A code's bytes are counted in so many bits.
pub(crate) const MAX_CODE: usize = 1 << 27;

/// An entry of the operand stack.
#[derive(Clone, Copy, Debug)]
pub struct Entry(u32);

const IN_SLOT: u32 = 0 << 27;
const LOCAL: u32 = 1 << 27;
const CONSTANT: u32 = 2 << 27;
const STATE: u32 = 3 << 27;
const PAYLOAD: u32 = (1 << 27) - 1;

impl Entry {
    /// An entry to fill a buffer with.
    pub const EMPTY: Self = Self(0);

    const fn new(value_type: Option<ValueType>, state: u32, payload: u32) -> Self {
        let number = match value_type {
            None => 0,
            Some(ValueType::I32) => 1,
            Some(ValueType::I64) => 2,
            Some(ValueType::F32) => 3,
            Some(ValueType::F64) => 4,
            Some(ValueType::FuncRef) => 5,
            Some(ValueType::ExternRef) => 6,
        };
        Self(number << 29 | state | payload & PAYLOAD)
    }

    pub(crate) const fn value_type(self) -> Option<ValueType> {
        match self.0 >> 29 {
            1 => Some(ValueType::I32),
            2 => Some(ValueType::I64),
            3 => Some(ValueType::F32),
            4 => Some(ValueType::F64),
            5 => Some(ValueType::FuncRef),
            6 => Some(ValueType::ExternRef),
            _ => None,
        }
    }

    /// The words of the value; one where the type is unknown, which is nowhere told.
    pub(crate) const fn words(self) -> u32 {
        if matches!(self.0 >> 29, 2 | 4) { 2 } else { 1 }
    }

    pub(crate) const fn is_lazy(self) -> bool {
        self.0 & STATE != IN_SLOT
    }

    /// Whether it is a lazy read of the local with that slot.
    pub(crate) const fn reads(self, local: Slot) -> bool {
        self.0 & (STATE | PAYLOAD) == LOCAL | local.0
    }

    /// The entry with its own slot, where it is not lazy: what is popped says where it was.
    const fn at(self, slot: u32) -> Self {
        if self.is_lazy() {
            self
        } else {
            Self(self.0 | slot & PAYLOAD)
        }
    }

    /// Where the value of a popped entry is.
    #[inline(never)]
    pub(crate) fn operand(self, code: &[u8]) -> Operand {
        match self.0 & STATE {
            LOCAL => Operand::Local(Slot(self.0 & PAYLOAD)),
            CONSTANT => {
                let bits = constant(code, self.0 & PAYLOAD);
                // An i64 that was wrapped is a constant of half its bits.
                Operand::Constant(if self.words() == 1 {
                    bits & 0xffff_ffff
                } else {
                    bits
                })
            }
            _ => Operand::Temporary(Slot(self.0 & PAYLOAD)),
        }
    }
}

/// The constant of the instruction at an offset in the code, which is valid.
fn constant(code: &[u8], offset: u32) -> u64 {
    let mut reader = Reader::new(code, offset as usize);
    match reader.byte() {
        0x41 => reader.i32().into(),
        0x42 => reader.i64(),
        0x43 => reader.bits(4),
        0x44 => reader.bits(8),
        0xd2 => reader.u32().into(),
        _ => NULL_REFERENCE.into(),
    }
}

/// The operand stack of the function at hand.
pub(crate) struct Operands<'a, 'b> {
    entries: &'b mut [Entry],
    /// The code, to read constants from.
    pub(crate) code: &'a [u8],
    pub(crate) height: u32,
    /// The slot of the next entry.
    pub(crate) slot: u32,
    /// No entry below this one is lazy.
    lazy: u32,
    /// The greatest slot that any entry of reachable code ends at.
    pub(crate) greatest: u32,
    /// What is below belongs to the blocks outside.
    pub(crate) floor: u32,
    /// Whether the rest of the block cannot be reached: there are any operands above the floor
    /// then.
    pub(crate) polymorphic: bool,
    /// Whether the code can be reached and is told.
    pub(crate) live: bool,
}

impl<'a, 'b> Operands<'a, 'b> {
    pub(crate) const fn new(entries: &'b mut [Entry]) -> Self {
        Self {
            entries,
            code: &[],
            height: 0,
            slot: 0,
            lazy: 0,
            greatest: 0,
            floor: 0,
            polymorphic: false,
            live: true,
        }
    }

    /// Begins a function whose operands begin at that slot.
    pub(crate) const fn clear(&mut self, code: &'a [u8], slot: u32) {
        self.code = code;
        self.slot = slot;
        self.greatest = slot;
        self.height = 0;
        self.lazy = 0;
        self.floor = 0;
        self.polymorphic = false;
        self.live = true;
    }

    pub(crate) fn entry(&self, at: u32) -> Entry {
        self.entries
            .get(at as usize)
            .copied()
            .unwrap_or(Entry::EMPTY)
    }

    fn push_entry(&mut self, entry: Entry) -> Result<(), Rule> {
        *self
            .entries
            .get_mut(self.height as usize)
            .ok_or(Rule::OperandBuffer)? = entry;
        self.height = self.height.wrapping_add(1);
        self.slot = self.slot.wrapping_add(entry.words());
        if self.live && self.slot > self.greatest {
            self.greatest = self.slot;
        }
        Ok(())
    }

    /// Pushes a value that is, or will be, in its slot. Returns the slot.
    pub(crate) fn push(&mut self, value_type: Option<ValueType>) -> Result<Slot, Rule> {
        let slot = Slot(self.slot);
        self.push_entry(Entry::new(value_type, IN_SLOT, 0))?;
        Ok(slot)
    }

    /// Pushes values that are in their slots.
    pub(crate) fn push_all(&mut self, types: &[u8]) -> Result<(), Rule> {
        for &byte in types {
            self.push(ValueType::from_byte(byte))?;
        }
        Ok(())
    }

    /// Pushes a local.
    pub(crate) fn push_local(&mut self, value_type: ValueType, local: Slot) -> Result<(), Rule> {
        self.push_entry(Entry::new(Some(value_type), LOCAL, local.0))
    }

    /// Pushes the constant of the instruction at that offset in the code.
    pub(crate) fn push_constant(&mut self, value_type: ValueType, at: u32) -> Result<(), Rule> {
        self.push_entry(Entry::new(Some(value_type), CONSTANT, at))
    }

    /// Whether so many are lazy that they should be put in their slots.
    pub(crate) const fn is_too_lazy(&self) -> bool {
        self.height.wrapping_sub(self.lazy) > MOST_LAZY
    }

    /// The type of the value that is so many below the uppermost, if it is known.
    pub(crate) fn peek_type(&self, below: u32) -> Option<ValueType> {
        let above_floor = self.height.wrapping_sub(self.floor);
        if below >= above_floor {
            return None;
        }
        self.entry(self.height.wrapping_sub(below).wrapping_sub(1))
            .value_type()
    }

    /// Pops a value; the type is unknown where the stack is empty in unreachable code.
    pub(crate) fn pop_any(&mut self) -> Result<Entry, Rule> {
        if self.height == self.floor {
            return if self.polymorphic {
                Ok(Entry::EMPTY)
            } else {
                Err(Rule::TypeMismatch)
            };
        }
        self.height = self.height.wrapping_sub(1);
        self.lazy = self.lazy.min(self.height);
        let entry = self.entry(self.height);
        self.slot = self.slot.wrapping_sub(entry.words());
        Ok(entry.at(self.slot))
    }

    /// Pops a value of that type.
    pub(crate) fn pop(&mut self, expected: ValueType) -> Result<Entry, Rule> {
        let entry = self.pop_any()?;
        match entry.value_type() {
            Some(value_type) if value_type != expected => Err(Rule::TypeMismatch),
            _ => Ok(entry),
        }
    }

    /// Pops values of these types, wherever they are.
    pub(crate) fn pop_all(&mut self, types: &[u8]) -> Result<(), Rule> {
        for &byte in types.iter().rev() {
            if let Some(value_type) = ValueType::from_byte(byte) {
                self.pop(value_type)?;
            }
        }
        Ok(())
    }

    /// Pushes the value that was just popped again, with another type; its low word stays.
    pub(crate) fn retype(&mut self, value_type: ValueType) -> Result<(), Rule> {
        let Entry(word) = self.entry(self.height);
        self.push_entry(Entry::new(Some(value_type), word & STATE, word))
    }

    /// Checks that the uppermost values have these types, and leaves them.
    pub(crate) fn check(&self, types: &[u8]) -> Result<(), Rule> {
        let mut at = self.height;
        for &byte in types.iter().rev() {
            if at == self.floor {
                return if self.polymorphic {
                    Ok(())
                } else {
                    Err(Rule::TypeMismatch)
                };
            }
            at = at.wrapping_sub(1);
            match self.entry(at).value_type() {
                Some(value_type) if value_type.byte() != byte => {
                    return Err(Rule::TypeMismatch);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks that the block's values are those and no more.
    pub(crate) fn check_exactly(&self, types: &[u8]) -> Result<(), Rule> {
        self.check(types)?;
        if self.height.wrapping_sub(self.floor) as usize > types.len() {
            return Err(Rule::TypeMismatch);
        }
        Ok(())
    }

    /// Drops all above a height.
    pub(crate) fn truncate(&mut self, height: u32, slot: u32) {
        self.height = height;
        self.slot = slot;
        self.lazy = self.lazy.min(height);
    }

    /// From where to look for lazy values.
    pub(crate) const fn lazy(&self) -> u32 {
        self.lazy
    }

    /// Notes that no value is lazy.
    pub(crate) const fn all_in_slots(&mut self) {
        self.lazy = self.height;
    }

    /// Where the value of an entry is, if its own slot is that one.
    pub(crate) fn operand(&self, at: u32, slot: u32) -> Operand {
        self.entry(at).at(slot).operand(self.code)
    }

    /// Notes that a value is in its own slot.
    pub(crate) fn put_in_slot(&mut self, at: u32) {
        if let Some(Entry(word)) = self.entries.get_mut(at as usize) {
            *word &= !(STATE | PAYLOAD);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_a_word() {
        assert_eq!(size_of::<Entry>(), 4);
    }

    #[test]
    fn operands_are_where_they_were_pushed() {
        let mut entries = [Entry::EMPTY; 4];
        let mut operands = Operands::new(&mut entries);
        operands.clear(&[0x42, 0x7f, 0xd0, 0x70], 10);
        operands.push_constant(ValueType::I64, 0).unwrap();
        operands.push_local(ValueType::F64, Slot(3)).unwrap();
        assert_eq!(operands.push(Some(ValueType::I32)), Ok(Slot(14)));
        operands.push_constant(ValueType::FuncRef, 2).unwrap();
        assert_eq!(operands.push(None), Err(Rule::OperandBuffer));
        assert_eq!(operands.greatest, 16);
        assert_eq!(operands.check(&[0x7c, 0x7f, 0x70]), Ok(()));
        assert_eq!(operands.check(&[0x7c, 0x7e, 0x70]), Err(Rule::TypeMismatch));
        let code = operands.code;
        let mut pop = |value_type| operands.pop(value_type).map(|entry| entry.operand(code));
        assert_eq!(pop(ValueType::FuncRef), Ok(Operand::Constant(0xffff_ffff)));
        assert_eq!(pop(ValueType::I32), Ok(Operand::Temporary(Slot(14))));
        assert_eq!(pop(ValueType::F64), Ok(Operand::Local(Slot(3))));
        assert_eq!(pop(ValueType::I64), Ok(Operand::Constant(u64::MAX)));
        operands.retype(ValueType::I32).unwrap();
        assert_eq!(operands.pop_any().map(|entry| entry.operand(code)), {
            Ok(Operand::Constant(0xffff_ffff))
        });
        assert_eq!(
            operands.pop_any().map(Entry::value_type),
            Err(Rule::TypeMismatch)
        );
        operands.polymorphic = true;
        assert_eq!(operands.pop_any().map(Entry::value_type), Ok(None));
    }
}
