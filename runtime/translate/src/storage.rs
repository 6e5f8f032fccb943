//! Memory and tables: loads, stores, bulk operations, and what grows.

use crate::backend::{Address, Backend, Bulk};
use crate::body::{Body, is_float};
use crate::{AccessOperator, BulkOperator, Operator, Rule};
use mote_engine::ValueType::{self, I32};

impl<B: Backend> Body<'_, '_, B> {
    fn check_memory(&self) -> Result<(), Rule> {
        if self.module.memory().is_some() {
            Ok(())
        } else {
            Err(Rule::UnknownMemory)
        }
    }

    /// A memory's index, which is 0 in one byte: the specification reserved that byte.
    fn memory_index(&mut self) -> Result<(), Rule> {
        match self.reader.byte() {
            0 => self.check_memory(),
            0x01..=0x7f => Err(Rule::MultiMemory),
            _ => Err(Rule::ZeroByte),
        }
    }

    #[inline(never)]
    pub(crate) fn access(&mut self, opcode: u8) -> Result<(), Rule> {
        let operator = AccessOperator::from_opcode(opcode).ok_or(Rule::IllegalOpcode)?;
        let value_type = operator.value_type();
        if !self.module.options.floats && is_float(value_type) {
            return Err(Rule::Floats);
        }
        let alignment = self.reader.u32();
        if alignment >= 0x80 {
            return Err(Rule::MemoryFlags);
        }
        if alignment >= 0x40 {
            return Err(Rule::MultiMemory);
        }
        let offset = self.reader.u32();
        self.check_memory()?;
        if alignment > u32::from(operator.log2_bytes()) {
            return Err(Rule::Alignment);
        }
        if operator.is_store() {
            if self.take(&[I32, value_type], None)? {
                let [base, value, ..] = self.places;
                self.backend
                    .store(operator, Address { base, offset }, value);
                return Ok(());
            }
        } else if self.take(&[I32], Some(value_type))? {
            let [base, ..] = self.places;
            self.backend
                .load(operator, Address { base, offset }, self.to);
        }
        Ok(())
    }

    #[inline(never)]
    pub(crate) fn memory(&mut self, grow: bool) -> Result<(), Rule> {
        self.memory_index()?;
        let types: &[ValueType] = if grow { &[I32] } else { &[] };
        if !self.take(types, Some(I32))? {
            return Ok(());
        }
        let [delta, ..] = self.places;
        if grow {
            self.backend.memory_grow(delta, self.to)
        } else {
            self.backend.memory_size(self.to)
        };
        Ok(())
    }

    /// A table's index, and the type of its entries.
    pub(crate) fn table_index(&mut self) -> Result<(u32, ValueType), Rule> {
        let table = self.reader.u32();
        let found = self.module.table(table).ok_or(Rule::UnknownTable)?;
        Ok((table, found.value_type))
    }

    #[inline(never)]
    pub(crate) fn table(&mut self, set: bool) -> Result<(), Rule> {
        let (table, value_type) = self.table_index()?;
        if set {
            if self.take(&[I32, value_type], None)? {
                let [index, a, ..] = self.places;
                self.backend.table_set(table, index, a);
                return Ok(());
            }
        } else if self.take(&[I32], Some(value_type))? {
            let [index, ..] = self.places;
            self.backend.table_get(table, index, self.to);
        }
        Ok(())
    }

    /// An instruction behind the prefix 0xfc.
    #[inline(never)]
    pub(crate) fn prefixed(&mut self) -> Result<(), Rule> {
        let opcode = self.reader.u32();
        let mut middle = I32;
        let bulk = match opcode {
            0..=7 => return self.numeric(Operator::from_prefixed(opcode)),
            8 => {
                let from = self.data_index()?;
                self.memory_index()?;
                Bulk {
                    operator: BulkOperator::MemoryInit,
                    to: 0,
                    from,
                }
            }
            9 => {
                let segment = self.data_index()?;
                if !self.operands.live {
                    return Ok(());
                }
                self.backend.data_drop(segment);
                return Ok(());
            }
            10 => {
                self.memory_index()?;
                self.memory_index()?;
                Bulk {
                    operator: BulkOperator::MemoryCopy,
                    to: 0,
                    from: 0,
                }
            }
            11 => {
                self.memory_index()?;
                Bulk {
                    operator: BulkOperator::MemoryFill,
                    to: 0,
                    from: 0,
                }
            }
            12 => {
                let (from, element) = self.element_index()?;
                let (to, entry) = self.table_index()?;
                if element != entry {
                    return Err(Rule::TypeMismatch);
                }
                Bulk {
                    operator: BulkOperator::TableInit,
                    to,
                    from,
                }
            }
            13 => {
                let (segment, _) = self.element_index()?;
                if !self.operands.live {
                    return Ok(());
                }
                self.backend.element_drop(segment);
                return Ok(());
            }
            14 => {
                let (to, to_type) = self.table_index()?;
                let (from, from_type) = self.table_index()?;
                if to_type != from_type {
                    return Err(Rule::TypeMismatch);
                }
                Bulk {
                    operator: BulkOperator::TableCopy,
                    to,
                    from,
                }
            }
            15 | 16 => return self.table_grow_or_size(opcode == 15),
            17 => {
                let (to, entry) = self.table_index()?;
                middle = entry;
                Bulk {
                    operator: BulkOperator::TableFill,
                    to,
                    from: 0,
                }
            }
            19..=22 => return Err(Rule::WideArithmetic),
            _ => return Err(Rule::IllegalOpcode),
        };
        if self.take(&[I32, middle, I32], None)? {
            self.backend.bulk(bulk, self.places);
        }
        Ok(())
    }

    #[inline(never)]
    fn table_grow_or_size(&mut self, grow: bool) -> Result<(), Rule> {
        let (table, entry) = self.table_index()?;
        let types: &[ValueType] = if grow { &[entry, I32] } else { &[] };
        if !self.take(types, Some(I32))? {
            return Ok(());
        }
        let [value, delta, ..] = self.places;
        if grow {
            self.backend.table_grow(table, value, delta, self.to)
        } else {
            self.backend.table_size(table, self.to)
        };
        Ok(())
    }

    fn data_index(&mut self) -> Result<u32, Rule> {
        let segment = self.reader.u32();
        match self.module.data_count {
            None => Err(Rule::DataCountRequired),
            Some(count) if segment >= count => Err(Rule::UnknownData),
            Some(_) => Ok(segment),
        }
    }

    fn element_index(&mut self) -> Result<(u32, ValueType), Rule> {
        let segment = self.reader.u32();
        let value_type = self
            .module
            .element_type(segment)
            .ok_or(Rule::UnknownElement)?;
        Ok((segment, value_type))
    }
}
