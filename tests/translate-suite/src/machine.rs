//! A machine that executes what a back end is told, as plainly as can be.
//!
//! It is slow and trusts nothing: temporaries are spoilt once they are read, link words and the
//! operands of a new frame hold garbage. If it computes what WebAssembly says, then what the front
//! end tells means what the module means.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "steps are divided among functions"
)]

use crate::numeric::{Arithmetic, compute};
use mote_engine::{TrapKind, ValueType};
use mote_translate::{
    AccessOperator, Address, Bulk, BulkOperator, Operand, Operator, Results, Slot, words,
};
use std::collections::BTreeMap;

/// What spoilt slots hold.
const GARBAGE: u32 = 0xdead_dead;
/// The words between locals and operands.
pub(crate) const LINK: u32 = 3;
/// The entries of a table and the pages of a memory that can be had.
pub(crate) const MOST_ENTRIES: u32 = 100_000;
pub(crate) const MOST_BYTES: u64 = 64 << 20;
/// How deep calls may be nested. The machine calls itself: it needs a large stack.
const MOST_DEEP: u32 = 2000;

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Move(u32, Operand, Slot),
    Operator(Operator, Operand, Operand, Slot),
    Select(u32, [Operand; 2], Operand, Slot),
    GlobalGet(u32, u32, Slot),
    GlobalSet(u32, u32, Operand),
    Load(AccessOperator, Address, Slot),
    Store(AccessOperator, Address, Operand),
    MemorySize(Slot),
    MemoryGrow(Operand, Slot),
    TableGet(u32, Operand, Slot),
    TableSet(u32, Operand, Operand),
    TableSize(u32, Slot),
    TableGrow(u32, Operand, Operand, Slot),
    Bulk(Bulk, [Operand; 3]),
    DataDrop(u32),
    ElementDrop(u32),
    Call(u32, Slot),
    CallIndirect(u32, u32, Operand, Slot),
    Return(Results),
    Unreachable,
    Jump(u32),
    JumpIf(Operand, bool, u32),
    Table(Operand, Vec<u32>),
}

/// A type: parameters and results.
pub(crate) type Types = (Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) steps: Vec<Step>,
    /// Where each label is.
    pub(crate) labels: Vec<usize>,
    pub(crate) local_words: u32,
    pub(crate) parameter_words: u32,
    pub(crate) frame_words: u32,
}

/// An instance of a module, told by the front end.
#[derive(Debug, Default)]
pub struct Machine<const UNTYPED: bool> {
    pub(crate) code: BTreeMap<u32, Code>,
    pub(crate) current: Code,
    pub(crate) index: u32,
    /// The labels of the entries of the branch table that is being told.
    pub(crate) table_step: usize,
    pub(crate) function_types: Vec<Types>,
    pub(crate) types: Vec<Types>,
    pub(crate) exports: BTreeMap<String, u32>,
    pub(crate) globals: Vec<u32>,
    /// Exported globals: their type and first word.
    pub(crate) exported_globals: BTreeMap<String, (ValueType, u32)>,
    /// The memory's bytes.
    pub memory: Vec<u8>,
    pub(crate) page_bytes: u64,
    pub(crate) most_pages: u64,
    pub(crate) tables: Vec<(Vec<u32>, u32)>,
    pub(crate) elements: Vec<Vec<u32>>,
    pub(crate) data: Vec<Vec<u8>>,
    pub(crate) start: Option<u32>,
    /// Whether it imports functions of other modules than the suite's own, which do nothing here.
    pub is_linked: bool,
    pub(crate) active: Vec<(bool, u32, u32, usize)>,
    pub(crate) frame: Vec<u32>,
    pub(crate) depth: u32,
    /// The steps that may still be made.
    pub left: u64,
}

/// Why a call has no results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The module did what is forbidden.
    Trap(TrapKind),
    /// It took too many steps.
    TooLong,
}

pub(crate) fn size(value_type: ValueType) -> u32 {
    words(&[value_type.byte()])
}

impl<const UNTYPED: bool> Machine<UNTYPED> {
    fn read(&mut self, base: u32, operand: Operand, size: u32) -> u64 {
        let (slot, spoil) = match operand {
            Operand::Constant(bits) => return bits,
            Operand::Local(slot) => (slot.0, false),
            Operand::Temporary(slot) => (slot.0, true),
        };
        let at = (base + slot) as usize;
        let mut bits = u64::from(self.frame[at]);
        if size == 2 {
            bits |= u64::from(self.frame[at + 1]) << 32;
        }
        if spoil {
            self.frame[at..at + size as usize].fill(GARBAGE);
        }
        bits
    }

    #[expect(clippy::cast_possible_truncation, reason = "an i32 is meant")]
    fn read32(&mut self, base: u32, operand: Operand) -> u32 {
        self.read(base, operand, 1) as u32
    }

    #[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
    fn write(&mut self, base: u32, slot: Slot, size: u32, bits: u64) {
        let at = (base + slot.0) as usize;
        self.frame[at] = bits as u32;
        if size == 2 {
            self.frame[at + 1] = (bits >> 32) as u32;
        }
    }

    /// Copies active segments, and runs the start function.
    ///
    /// # Errors
    ///
    /// Where a segment does not fit, or the start function does not end well.
    pub fn start(&mut self) -> Result<(), Stop> {
        for (is_data, index, offset, segment) in std::mem::take(&mut self.active) {
            if is_data {
                let bytes = std::mem::take(&mut self.data[segment]);
                let end = offset as usize + bytes.len();
                let place = self.memory.get_mut(offset as usize..end);
                place
                    .ok_or(Stop::Trap(TrapKind::MemoryOutOfBounds))?
                    .copy_from_slice(&bytes);
            } else {
                let items = std::mem::take(&mut self.elements[segment]);
                let end = offset as usize + items.len();
                let place = self.tables[index as usize].0.get_mut(offset as usize..end);
                place
                    .ok_or(Stop::Trap(TrapKind::TableOutOfBounds))?
                    .copy_from_slice(&items);
            }
        }
        match self.start {
            Some(start) => self.call(start, 0),
            None => Ok(()),
        }
    }

    /// Returns the types of an exported function.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<(u32, Vec<u8>)> {
        let function = *self.exports.get(name)?;
        Some((function, self.function_types[function as usize].1.clone()))
    }

    /// Returns the bits of an exported global.
    #[must_use]
    pub fn global(&self, name: &str) -> Option<(ValueType, u64)> {
        let &(value_type, word) = self.exported_globals.get(name)?;
        let at = word as usize;
        let high = if size(value_type) == 2 {
            u64::from(self.globals[at + 1]) << 32
        } else {
            0
        };
        Some((value_type, u64::from(self.globals[at]) | high))
    }

    /// Calls a function with arguments and gives its results, as words.
    ///
    /// # Errors
    ///
    /// Where it does not end well.
    pub fn invoke(&mut self, function: u32, arguments: &[u32]) -> Result<Vec<u32>, Stop> {
        let results = words(&self.function_types[function as usize].1) as usize;
        self.depth = 0;
        self.frame = vec![GARBAGE; arguments.len().max(results)];
        self.frame[..arguments.len()].copy_from_slice(arguments);
        self.call(function, 0)?;
        Ok(self.frame[..results].to_vec())
    }

    /// Calls a function whose frame begins there.
    fn call(&mut self, function: u32, base: u32) -> Result<(), Stop> {
        let Some(code) = self.code.get(&function) else {
            // An import: its results are zeros.
            let results = words(&self.function_types[function as usize].1) as usize;
            let at = base as usize;
            let end = at + results;
            if self.frame.len() < end {
                self.frame.resize(end, GARBAGE);
            }
            self.frame[at..end].fill(0);
            return Ok(());
        };
        self.depth += 1;
        if self.depth > MOST_DEEP {
            return Err(Stop::Trap(TrapKind::StackOverflow));
        }
        let end = (base + code.frame_words + LINK) as usize;
        let at = (base + code.parameter_words) as usize;
        if self.frame.len() < end {
            self.frame.resize(end, GARBAGE);
        }
        let operands = (base + code.local_words) as usize;
        self.frame[at..operands].fill(0);
        self.frame[operands..].fill(GARBAGE);
        let mut pc = 0;
        loop {
            self.left = self.left.checked_sub(1).ok_or(Stop::TooLong)?;
            let step = self.code[&function].steps[pc].clone();
            pc += 1;
            let target = match step {
                Step::Jump(label) => label,
                Step::JumpIf(condition, unless, label) => {
                    if (self.read32(base, condition) == 0) != unless {
                        continue;
                    }
                    label
                }
                Step::Table(selector, labels) => {
                    let selector = self.read32(base, selector) as usize;
                    labels[selector.min(labels.len() - 1)]
                }
                Step::Return(results) => {
                    match results {
                        Results::None => {}
                        Results::One(value_type, operand) => {
                            let bits = self.read(base, operand, size(value_type));
                            self.write(base, Slot(0), size(value_type), bits);
                        }
                        Results::Many(slot, count) => {
                            for word in 0..count {
                                let bits =
                                    self.read(base, Operand::Temporary(Slot(slot.0 + word)), 1);
                                self.write(base, Slot(word), 1, bits);
                            }
                        }
                    }
                    self.depth -= 1;
                    return Ok(());
                }
                other => {
                    self.step(base, other)?;
                    continue;
                }
            };
            pc = self.code[&function].labels[target as usize];
        }
    }

    fn step(&mut self, base: u32, step: Step) -> Result<(), Stop> {
        match step {
            Step::Move(size, from, to) => {
                let bits = self.read(base, from, size);
                self.write(base, to, size, bits);
            }
            Step::Operator(operator, a, b, to) => {
                let wide = size(operator.operand());
                let (a, b) = (self.read(base, a, wide), self.read(base, b, wide));
                let bits = compute(operator, a, b).map_err(|failure| {
                    Stop::Trap(match failure {
                        Arithmetic::DivideByZero => TrapKind::IntegerDivideByZero,
                        Arithmetic::Overflow => TrapKind::IntegerOverflow,
                        Arithmetic::Invalid => TrapKind::InvalidConversionToInteger,
                    })
                })?;
                self.write(base, to, size(operator.result()), bits);
            }
            Step::Select(size, [a, b], condition, to) => {
                let (a, b) = (self.read(base, a, size), self.read(base, b, size));
                let bits = if self.read32(base, condition) == 0 {
                    b
                } else {
                    a
                };
                self.write(base, to, size, bits);
            }
            Step::GlobalGet(size, word, to) => {
                let at = word as usize;
                let high = if size == 2 {
                    u64::from(self.globals[at + 1]) << 32
                } else {
                    0
                };
                let bits = u64::from(self.globals[at]) | high;
                self.write(base, to, size, bits);
            }
            #[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
            Step::GlobalSet(size, word, a) => {
                let bits = self.read(base, a, size);
                self.globals[word as usize] = bits as u32;
                if size == 2 {
                    self.globals[word as usize + 1] = (bits >> 32) as u32;
                }
            }
            Step::Load(operator, address, to) => {
                let width = 1 << operator.log2_bytes();
                let at = self.read32(base, address.base) as usize + address.offset as usize;
                let bytes = self.memory.get(at..at + width);
                let bytes = bytes.ok_or(Stop::Trap(TrapKind::MemoryOutOfBounds))?;
                let mut bits = bytes
                    .iter()
                    .rev()
                    .fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
                if operator.name().ends_with("_s") {
                    let unused = 64 - 8 * width;
                    bits = ((bits << unused).cast_signed() >> unused).cast_unsigned();
                }
                let size = size(operator.value_type());
                self.write(base, to, size, bits);
            }
            Step::Store(operator, address, value) => {
                let width = 1 << operator.log2_bytes();
                let bits = self.read(base, value, size(operator.value_type()));
                let at = self.read32(base, address.base) as usize + address.offset as usize;
                let place = self.memory.get_mut(at..at + width);
                let place = place.ok_or(Stop::Trap(TrapKind::MemoryOutOfBounds))?;
                place.copy_from_slice(&bits.to_le_bytes()[..width]);
            }
            other => self.storage(base, other)?,
        }
        Ok(())
    }

    fn storage(&mut self, base: u32, step: Step) -> Result<(), Stop> {
        let table_trap = Stop::Trap(TrapKind::TableOutOfBounds);
        match step {
            Step::MemorySize(to) => {
                let pages = self.memory.len() as u64 / self.page_bytes;
                self.write(base, to, 1, pages);
            }
            Step::MemoryGrow(delta, to) => {
                let former = self.memory.len() as u64 / self.page_bytes;
                let pages = former + u64::from(self.read32(base, delta));
                let fits = pages <= self.most_pages && pages * self.page_bytes <= MOST_BYTES;
                if fits {
                    self.memory
                        .resize(usize::try_from(pages * self.page_bytes).unwrap(), 0);
                }
                self.write(base, to, 1, if fits { former } else { u64::from(u32::MAX) });
            }
            Step::TableGet(table, index, to) => {
                let index = self.read32(base, index) as usize;
                let entry = *self.tables[table as usize].0.get(index).ok_or(table_trap)?;
                self.write(base, to, 1, u64::from(entry));
            }
            Step::TableSet(table, index, a) => {
                let entry = self.read32(base, a);
                let index = self.read32(base, index) as usize;
                *self.tables[table as usize]
                    .0
                    .get_mut(index)
                    .ok_or(table_trap)? = entry;
            }
            Step::TableSize(table, to) => {
                let entries = self.tables[table as usize].0.len() as u64;
                self.write(base, to, 1, entries);
            }
            Step::TableGrow(table, value, delta, to) => {
                let (value, delta) = (self.read32(base, value), self.read32(base, delta));
                let (entries, most) = &mut self.tables[table as usize];
                let former = entries.len() as u64;
                let fits = former + u64::from(delta) <= u64::from(*most);
                if fits {
                    entries.resize(entries.len() + delta as usize, value);
                }
                self.write(base, to, 1, if fits { former } else { u64::from(u32::MAX) });
            }
            Step::Bulk(bulk, operands) => {
                let [a, b, c] = operands.map(|operand| self.read32(base, operand));
                self.bulk(bulk, a, b, c)?;
            }
            Step::DataDrop(segment) => self.data[segment as usize].clear(),
            Step::ElementDrop(segment) => self.elements[segment as usize].clear(),
            Step::Call(function, frame) => self.call(function, base + frame.0)?,
            Step::CallIndirect(type_index, table, selector, frame) => {
                let selector = self.read32(base, selector) as usize;
                let entry = self.tables[table as usize].0.get(selector).copied();
                let function = entry.ok_or(table_trap)?;
                if function == u32::MAX {
                    return Err(Stop::Trap(TrapKind::IndirectCallToNull));
                }
                if self.function_types[function as usize] != self.types[type_index as usize] {
                    return Err(Stop::Trap(TrapKind::IndirectCallTypeMismatch));
                }
                self.call(function, base + frame.0)?;
            }
            Step::Unreachable => return Err(Stop::Trap(TrapKind::Unreachable)),
            other => panic!("{other:?}"),
        }
        Ok(())
    }

    fn bulk(&mut self, bulk: Bulk, a: u32, b: u32, c: u32) -> Result<(), Stop> {
        let (a, from, count) = (a as usize, b as usize, c as usize);
        let is_memory = matches!(
            bulk.operator,
            BulkOperator::MemoryInit | BulkOperator::MemoryCopy | BulkOperator::MemoryFill
        );
        let trap = Stop::Trap(if is_memory {
            TrapKind::MemoryOutOfBounds
        } else {
            TrapKind::TableOutOfBounds
        });
        if is_memory {
            let bytes = match bulk.operator {
                BulkOperator::MemoryInit => {
                    let segment = self.data[bulk.from as usize].get(from..from + count);
                    segment.ok_or(trap)?.to_vec()
                }
                BulkOperator::MemoryCopy => {
                    self.memory.get(from..from + count).ok_or(trap)?.to_vec()
                }
                _ => vec![b.to_le_bytes()[0]; count.min(self.memory.len() + 1)],
            };
            let place = self.memory.get_mut(a..a + count).ok_or(trap)?;
            place.copy_from_slice(&bytes);
            return Ok(());
        }
        let entries = match bulk.operator {
            BulkOperator::TableInit => self.elements[bulk.from as usize]
                .get(from..from + count)
                .ok_or(trap)?
                .to_vec(),
            BulkOperator::TableCopy => {
                let table = &self.tables[bulk.from as usize].0;
                table.get(from..from + count).ok_or(trap)?.to_vec()
            }
            _ => vec![b; count.min(MOST_ENTRIES as usize + 1)],
        };
        let place = self.tables[bulk.to as usize]
            .0
            .get_mut(a..a + count)
            .ok_or(trap)?;
        place.copy_from_slice(&entries);
        Ok(())
    }
}
