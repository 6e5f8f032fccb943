//! A function's parameters and locals, as runs of one type.
//!
//! Wasm declares locals in runs, and fifty thousand of them may be one line. A run says where it
//! ends and which slots it has, so that a local is found by bisection.

use crate::{Rule, Slot};
use mote_engine::ValueType;

/// The greatest number of locals that a function may have, parameters included: what the
/// validators of browsers and of wasmtime allow.
const MAX_LOCALS: u32 = 50_000;

/// Locals of one type, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct LocalRun {
    /// The index after the last one.
    end: u32,
    /// The slot after the last one, and the type's byte above: there are no more than 100,000.
    packed: u32,
}

impl LocalRun {
    /// A run to fill a buffer with.
    pub const EMPTY: Self = Self { end: 0, packed: 0 };

    fn value_type(self) -> ValueType {
        let [.., byte] = self.packed.to_le_bytes();
        ValueType::from_byte(byte).unwrap_or(ValueType::I32)
    }

    const fn slot_end(self) -> u32 {
        self.packed & 0x00ff_ffff
    }
}

/// The locals of the function at hand.
pub(crate) struct Locals<'b> {
    runs: &'b mut [LocalRun],
    used: usize,
    /// How many locals there are.
    pub(crate) count: u32,
    /// Their words.
    pub(crate) words: u32,
}

impl<'b> Locals<'b> {
    pub(crate) const fn new(runs: &'b mut [LocalRun]) -> Self {
        Self {
            runs,
            used: 0,
            count: 0,
            words: 0,
        }
    }

    /// Forgets all: another function begins.
    pub(crate) const fn clear(&mut self) {
        self.used = 0;
        self.count = 0;
        self.words = 0;
    }

    /// Adds locals after those that there are.
    pub(crate) fn add(&mut self, count: u32, value_type: ValueType) -> Result<(), Rule> {
        if count == 0 {
            return Ok(());
        }
        let end = self.count.saturating_add(count);
        if end > MAX_LOCALS {
            return Err(Rule::TooManyLocals);
        }
        let words = if value_type.words() == 2 {
            count.wrapping_mul(2)
        } else {
            count
        };
        self.count = end;
        self.words = self.words.wrapping_add(words);
        let packed = u32::from_le_bytes([0, 0, 0, value_type.byte()]) | self.words;
        let run = LocalRun { end, packed };
        let last = self.used.wrapping_sub(1);
        let extends = self
            .runs
            .get(last)
            .is_some_and(|run| run.value_type() == value_type);
        let at = if self.used > 0 && extends {
            last
        } else {
            self.used
        };
        *self.runs.get_mut(at).ok_or(Rule::LocalBuffer)? = run;
        self.used = at.wrapping_add(1);
        Ok(())
    }

    /// The first local from there on that is a reference, its type and its slot. Locals that are
    /// none are passed by the run, not one by one: there may be 50,000 in each of many functions.
    pub(crate) fn next_reference(&self, from: u32) -> Option<(u32, ValueType, Slot)> {
        let mut local = from;
        let runs = self.runs.get(..self.used)?;
        for run in runs.get(runs.partition_point(|run| run.end <= from)..)? {
            if matches!(run.value_type(), ValueType::FuncRef | ValueType::ExternRef) {
                let (value_type, slot) = self.get(local)?;
                return Some((local, value_type, slot));
            }
            local = run.end;
        }
        None
    }

    /// A local's type and its first slot.
    pub(crate) fn get(&self, local: u32) -> Option<(ValueType, Slot)> {
        let runs = self.runs.get(..self.used)?;
        let run = runs.get(runs.partition_point(|run| run.end <= local))?;
        let before_end = run.end.wrapping_sub(local);
        let value_type = run.value_type();
        let words = if value_type.words() == 2 {
            before_end.wrapping_mul(2)
        } else {
            before_end
        };
        Some((value_type, Slot(run.slot_end().wrapping_sub(words))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locals_have_the_slots_of_their_types() {
        let mut runs = [LocalRun::EMPTY; 3];
        let mut locals = Locals::new(&mut runs);
        locals.add(1, ValueType::I32).unwrap();
        locals.add(2, ValueType::I64).unwrap();
        locals.add(1, ValueType::I64).unwrap();
        locals.add(0, ValueType::F32).unwrap();
        locals.add(2, ValueType::FuncRef).unwrap();
        let expected = [
            (ValueType::I32, 0),
            (ValueType::I64, 1),
            (ValueType::I64, 3),
            (ValueType::I64, 5),
            (ValueType::FuncRef, 7),
            (ValueType::FuncRef, 8),
        ];
        for (local, (value_type, slot)) in (0..).zip(expected) {
            assert_eq!(locals.get(local), Some((value_type, Slot(slot))));
        }
        assert_eq!(locals.get(6), None);
        assert_eq!(
            locals.next_reference(0),
            Some((4, ValueType::FuncRef, Slot(7)))
        );
        assert_eq!(
            locals.next_reference(5),
            Some((5, ValueType::FuncRef, Slot(8)))
        );
        assert_eq!(locals.next_reference(6), None);
        assert_eq!((locals.count, locals.words), (6, 9));
        assert_eq!(locals.add(1, ValueType::I32), Err(Rule::LocalBuffer));
    }

    #[test]
    fn locals_beyond_the_limit_are_refused() {
        let mut runs = [LocalRun::EMPTY; 2];
        let mut locals = Locals::new(&mut runs);
        locals.add(50_000, ValueType::I64).unwrap();
        assert_eq!(locals.get(49_999), Some((ValueType::I64, Slot(99_998))));
        assert_eq!(
            locals.add(u32::MAX, ValueType::I64),
            Err(Rule::TooManyLocals)
        );
    }
}
