//! The sections: each read once, checked, and its whereabouts kept in the [`Module`].
//!
//! Every check of a module that does not concern a function's body is here or in the reading of
//! the entities that the sections consist of. Sections come in the order of the specification,
//! each at most once; only custom ones are free. Nothing of them but their name is looked at, and
//! in the name section functions' names, for back ends that want them.

use crate::Rule;
use crate::entity::{self, ExportKind, Items, Mode};
use crate::module::{Module, STRIDE, Section};
use crate::reader::Reader;

/// The code section's number; its functions are read elsewhere.
pub(crate) const CODE: u8 = 10;

/// The number of custom sections.
pub(crate) const CUSTOM: u8 = 0;

/// The functions' names, if a custom section is the name section. It ends at the first thing that
/// is malformed; names that are not UTF-8 are left out.
pub(crate) fn function_names(mut section: Reader<'_>) -> impl Iterator<Item = (u32, &str)> {
    let mut names = section;
    let mut left = 0;
    if section.name() == "name" {
        while !section.is_empty() {
            let (id, length) = (section.byte(), section.u32());
            let part = section.part(length);
            if id == 1 && section.check().is_ok() {
                names = part;
                left = names.count();
                break;
            }
        }
    }
    let mut next = move || {
        left = u32::checked_sub(left, 1)?;
        let (function, length) = (names.u32(), names.u32());
        let name = names.bytes(length, Rule::LengthOutOfBounds);
        names.check().ok()?;
        Some((function, name))
    };
    core::iter::from_fn(move || {
        loop {
            let (function, name) = next()?;
            if let Ok(name) = core::str::from_utf8(name) {
                return Some((function, name));
            }
        }
    })
}

/// Where a section belongs: sections are in the order of these. 0 is none.
pub(crate) fn place_of_section(id: u8) -> u8 {
    match id {
        // type, import, function, table, memory.
        1..=5 => id,
        // global, export, start, element: a tag section would come before them.
        6..=9 => id,
        // data count.
        12 => 10,
        // code, data.
        10..=11 => id.wrapping_add(1),
        _ => 0,
    }
}

impl<'a> Module<'a> {
    /// Reads a section, whose part of the file this is, up to its end.
    pub(crate) fn read_section(&mut self, id: u8, reader: &mut Reader<'a>) -> Result<(), Rule> {
        let done = self.read_entities(id, reader);
        // What could not be read is why anything else is wrong.
        reader.check()?;
        done?;
        if reader.is_empty() {
            Ok(())
        } else {
            Err(Rule::SectionSize)
        }
    }

    fn read_entities(&mut self, id: u8, reader: &mut Reader<'a>) -> Result<(), Rule> {
        match id {
            CUSTOM => {
                reader.name();
                let rest = reader.rest().len();
                reader.bytes(u32::try_from(rest).unwrap_or(0), Rule::UnexpectedEnd);
            }
            1 => self.read_types(reader)?,
            2 => self.read_imports(reader)?,
            3 => self.read_functions(reader)?,
            4 => self.read_tables(reader)?,
            5 => self.read_memory(reader)?,
            6 => self.read_globals(reader)?,
            7 => self.read_exports(reader)?,
            8 => self.read_start(reader)?,
            9 => self.read_elements(reader)?,
            11 => self.read_data(reader)?,
            12 => self.data_count = Some(reader.u32()),
            13 => return Err(Rule::Exceptions),
            _ => return Err(Rule::SectionId),
        }
        Ok(())
    }

    /// A section's count, and where it begins, with a word of the index buffer for so many entries.
    fn section(&mut self, reader: &mut Reader<'a>, entries: u32) -> Result<Section, Rule> {
        let count = reader.count();
        let words = if entries == 0 {
            0
        } else {
            count.div_ceil(entries)
        };
        let index = self.reserve(words)?;
        Ok(Section {
            offset: reader.offset(),
            count,
            index,
        })
    }

    fn read_types(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.types = self.section(reader, 1)?;
        for at in 0..self.types.count {
            self.set(self.types.index, at, reader.offset());
            entity::function_type(reader, self.options.floats)?;
        }
        Ok(())
    }

    fn read_type_index(&self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.check_type(reader.u32())
    }

    fn check_type(&self, type_index: u32) -> Result<(), Rule> {
        if type_index < self.types.count {
            Ok(())
        } else {
            Err(Rule::UnknownType)
        }
    }

    fn read_imports(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.imports = self.section(reader, 1)?;
        for at in 0..self.imports.count {
            self.set(self.imports.index, at, reader.offset());
            let import = entity::import(reader)?;
            self.check_type(import.type_index)?;
        }
        Ok(())
    }

    fn read_functions(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.functions = self.section(reader, STRIDE)?;
        for at in 0..self.functions.count {
            self.keep_function(at, reader.offset());
            self.read_type_index(reader)?;
        }
        Ok(())
    }

    fn read_tables(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.tables = self.section(reader, 1)?;
        for at in 0..self.tables.count {
            self.set(self.tables.index, at, reader.offset());
            entity::table(reader)?;
        }
        Ok(())
    }

    fn read_memory(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        for at in 0..reader.count() {
            let memory = entity::memory(reader)?;
            if at > 0 {
                return Err(Rule::MultiMemory);
            }
            self.memory = Some(memory);
        }
        Ok(())
    }

    /// Makes room for what is kept of functions' references, once their number is known.
    pub(crate) fn reserve_declared(&mut self) -> Result<(), Rule> {
        self.declared = self.reserve(self.function_count().div_ceil(32))?;
        Ok(())
    }

    fn declare(&mut self, function: u32) {
        if function < self.function_count() {
            self.set_bit(self.declared, function);
        }
    }

    fn read_globals(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.globals = self.section(reader, 1)?;
        for at in 0..self.globals.count {
            let global = entity::global(reader, self.function_count(), self.options)?;
            self.keep_global(at, &global)?;
            if global.value_type == mote_engine::ValueType::FuncRef {
                self.declare(u32::try_from(global.value).unwrap_or(u32::MAX));
            }
        }
        Ok(())
    }

    fn read_exports(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.exports = self.section(reader, 0)?;
        // What comes after may use the table's words again.
        let used = self.used;
        let left = self.index.get(used as usize..).unwrap_or(&[]).len();
        let wanted = (self.exports.count as usize)
            .saturating_mul(2)
            .saturating_add(1);
        let table = self.reserve(u32::try_from(wanted.min(left)).unwrap_or(u32::MAX))?;
        for _ in 0..self.exports.count {
            let offset = reader.offset();
            let export = entity::export(reader)?;
            let (count, unknown) = match export.kind {
                ExportKind::Function => (self.function_count(), Rule::UnknownFunction),
                ExportKind::Table => (self.tables.count, Rule::UnknownTable),
                ExportKind::Memory => (self.memory.is_some().into(), Rule::UnknownMemory),
                ExportKind::Global => (self.globals.count, Rule::UnknownGlobal),
            };
            if export.index >= count {
                return Err(unknown);
            }
            if export.kind == ExportKind::Function {
                self.declare(export.index);
            }
            self.check_export_is_new(export.name, offset, table)?;
        }
        self.used = used;
        Ok(())
    }

    /// Looks the name up in the hash table that the index buffer has from there on, and adds it.
    /// The table's entries are offsets of exports.
    fn check_export_is_new(&mut self, name: &str, offset: u32, table: u32) -> Result<(), Rule> {
        let wasm = self.wasm;
        let places = self
            .index
            .get_mut(table as usize..self.used as usize)
            .unwrap_or(&mut []);
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let middle = (hash as usize)
            .checked_rem(places.len())
            .ok_or(Rule::IndexBuffer)?;
        let (before, after) = places
            .split_at_mut_checked(middle)
            .ok_or(Rule::IndexBuffer)?;
        for place in after.iter_mut().chain(before) {
            if *place == 0 {
                *place = offset;
                return Ok(());
            }
            if Reader::new(wasm, *place as usize).name() == name {
                return Err(Rule::DuplicateExport);
            }
        }
        Err(Rule::IndexBuffer)
    }

    fn read_start(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        let function = reader.u32();
        let type_index = self
            .type_of_function(function)
            .ok_or(Rule::UnknownFunction)?;
        let start = self.function_type(type_index).ok_or(Rule::UnknownType)?;
        if !start.parameters.is_empty() || !start.results.is_empty() {
            return Err(Rule::StartFunction);
        }
        self.start = Some(function);
        Ok(())
    }

    fn read_elements(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.elements = self.section(reader, 32)?;
        for at in 0..self.elements.count {
            let segment = entity::element_segment(reader, self.function_count())?;
            if let Mode::Active { index, .. } = segment.mode {
                let table = self.table(index).ok_or(Rule::UnknownTable)?;
                if table.value_type != segment.value_type {
                    return Err(Rule::TypeMismatch);
                }
            }
            let external = segment.value_type == mote_engine::ValueType::ExternRef;
            if external {
                self.set_bit(self.elements.index, at);
            }
            *reader = self.read_items(segment.items, external)?;
        }
        Ok(())
    }

    fn read_items(&mut self, items: Items<'a>, external: bool) -> Result<Reader<'a>, Rule> {
        items.check(|reference| {
            if !external {
                self.declare(reference);
            }
            Ok(())
        })
    }

    fn read_data(&mut self, reader: &mut Reader<'a>) -> Result<(), Rule> {
        self.data = self.section(reader, 0)?;
        if self
            .data_count
            .is_some_and(|count| count != self.data.count)
        {
            return Err(Rule::DataCount);
        }
        for _ in 0..self.data.count {
            let segment = entity::data_segment(reader, self.function_count())?;
            if let Mode::Active { index, .. } = segment.mode
                && (index > 0 || self.memory.is_none())
            {
                return Err(Rule::UnknownMemory);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn names(section: &[u8]) -> Vec<(u32, &str)> {
        function_names(Reader::new(section, 0)).collect()
    }

    #[test]
    fn names_of_functions_are_found() {
        let section = b"\x04name\x00\x02\x01m\x01\x09\x03\x00\x01a\x02\x00\x05\x01b\x02\x01\xff";
        assert_eq!(names(section), [(0, "a"), (2, ""), (5, "b")]);
        assert_eq!(names(b"\x04nome\x01\x04\x01\x00\x01a"), []);
        assert_eq!(names(b"\x04name"), []);
    }

    #[test]
    fn names_that_are_broken_are_left_out() {
        // Not UTF-8, then one that is.
        let section = b"\x04name\x01\x07\x02\x00\x01\xff\x01\x01b";
        assert_eq!(names(section), [(1, "b")]);
        // A name that is cut by the end of its part; a part by the end of the section.
        assert_eq!(names(b"\x04name\x01\x07\x02\x00\x01a\x01\x09b"), [(0, "a")]);
        assert_eq!(names(b"\x04name\x01\x09\x01\x00\x01a"), []);
        // More names than there are bytes; a length that is none.
        assert_eq!(names(b"\x04name\x01\x04\x7f\x00\x01a"), []);
        assert_eq!(names(b"\x04name\x01\xff\xff\xff\xff\xff\x01"), []);
    }
}
