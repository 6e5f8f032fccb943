//! The module: what its sections say, looked up in the file where it lies.
//!
//! Nothing but offsets is kept of a section. The caller's index buffer holds, in this order,
//!
//! ```text
//!   | types | imports | functions / 4 | tables | globals | declared / 32 | elements / 32 |
//! ```
//!
//! an offset for each type and import, one for every fourth function, one for each table; for
//! each global type, mutability and word; a bit for each function whose reference may be taken;
//! and a bit for each element segment's type. 128 functions with 32 types take 300 bytes of it.

use crate::entity::{self, DataSegment, ElementSegment, Export, FunctionType, Import, Memory};
use crate::entity::{Global, Table};
use crate::reader::Reader;
use crate::{Options, Rule};
use mote_engine::ValueType;

/// A function's offset is kept for one in so many: fewer cost RAM, more cost time at each call.
pub(crate) const STRIDE: u32 = 4;

/// A section: where its entries begin in the file, and how many there are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Section {
    pub(crate) offset: u32,
    pub(crate) count: u32,
    /// Where the index buffer has what is kept of it.
    pub(crate) index: u32,
}

/// What is known of a module's sections. All of it is valid.
#[derive(Debug)]
pub struct Module<'a> {
    pub(crate) wasm: &'a [u8],
    pub(crate) options: Options,
    pub(crate) index: &'a mut [u32],
    /// How much of the index buffer is in use.
    pub(crate) used: u32,
    pub(crate) types: Section,
    pub(crate) imports: Section,
    pub(crate) functions: Section,
    pub(crate) tables: Section,
    pub(crate) memory: Option<Memory>,
    pub(crate) globals: Section,
    pub(crate) global_words: u32,
    pub(crate) exports: Section,
    pub(crate) start: Option<u32>,
    pub(crate) elements: Section,
    pub(crate) data: Section,
    /// What the data count section says.
    pub(crate) data_count: Option<u32>,
    /// Where the bits of declared functions are in the index buffer.
    pub(crate) declared: u32,
}

impl<'a> Module<'a> {
    /// A module of which nothing is known yet.
    pub(crate) fn new(wasm: &'a [u8], options: Options, index: &'a mut [u32]) -> Self {
        Self {
            wasm,
            options,
            index,
            used: 0,
            types: Section::default(),
            imports: Section::default(),
            functions: Section::default(),
            tables: Section::default(),
            memory: None,
            globals: Section::default(),
            global_words: 0,
            exports: Section::default(),
            start: None,
            elements: Section::default(),
            data: Section::default(),
            data_count: None,
            declared: 0,
        }
    }

    // --- The index buffer.

    /// Takes so many words, zeroed, of the index buffer.
    pub(crate) fn reserve(&mut self, words: u32) -> Result<u32, Rule> {
        let at = self.used;
        let end = at.checked_add(words).ok_or(Rule::IndexBuffer)?;
        self.index
            .get_mut(at as usize..end as usize)
            .ok_or(Rule::IndexBuffer)?
            .fill(0);
        self.used = end;
        Ok(at)
    }

    pub(crate) fn set(&mut self, base: u32, at: u32, word: u32) {
        if let Some(place) = self.index.get_mut(base.wrapping_add(at) as usize) {
            *place = word;
        }
    }

    fn word(&self, base: u32, at: u32) -> u32 {
        self.index
            .get(base.wrapping_add(at) as usize)
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn set_bit(&mut self, base: u32, bit: u32) {
        let word = self.word(base, bit >> 5);
        self.set(base, bit >> 5, word | 1 << (bit & 31));
    }

    fn bit(&self, base: u32, bit: u32) -> bool {
        self.word(base, bit >> 5) & 1 << (bit & 31) != 0
    }

    /// Keeps the offset of a function's type if it is one of those that are kept.
    pub(crate) fn keep_function(&mut self, defined: u32, offset: u32) {
        if defined & STRIDE.wrapping_sub(1) == 0 {
            self.set(
                self.functions.index,
                defined >> STRIDE.trailing_zeros(),
                offset,
            );
        }
    }

    pub(crate) fn keep_global(&mut self, at: u32, global: &Global) -> Result<(), Rule> {
        let word = self.global_words;
        if word >= 1 << 24 {
            return Err(Rule::IndexBuffer);
        }
        self.global_words = word.wrapping_add(entity::words(&[global.value_type.byte()]));
        let packed =
            word << 8 | u32::from(global.mutable) << 7 | u32::from(global.value_type.byte());
        self.set(self.globals.index, at, packed);
        Ok(())
    }

    /// A reader at an offset of the file.
    pub(crate) fn reader(&self, offset: u32) -> Reader<'a> {
        Reader::new(self.wasm, offset as usize)
    }

    // --- What others ask for.

    /// Returns the file.
    #[must_use]
    pub const fn wasm(&self) -> &'a [u8] {
        self.wasm
    }

    /// Returns the words of the index buffer that are in use.
    #[must_use]
    pub const fn index_words(&self) -> u32 {
        self.used
    }

    /// Returns the number of types.
    #[must_use]
    pub const fn type_count(&self) -> u32 {
        self.types.count
    }

    /// Returns a type.
    #[must_use]
    pub fn function_type(&self, type_index: u32) -> Option<FunctionType<'a>> {
        if type_index >= self.types.count {
            return None;
        }
        let mut reader = self.reader(self.word(self.types.index, type_index));
        entity::function_type(&mut reader, true).ok()
    }

    /// Returns the first type that is the same: types with the same parameters and results are.
    #[must_use]
    pub fn canonical_type(&self, type_index: u32) -> u32 {
        let Some(wanted) = self.function_type(type_index) else {
            return type_index;
        };
        (0..type_index)
            .find(|&other| self.function_type(other) == Some(wanted))
            .unwrap_or(type_index)
    }

    /// Returns the number of imported functions, which are the first ones.
    #[must_use]
    pub const fn import_count(&self) -> u32 {
        self.imports.count
    }

    /// Returns an imported function.
    #[must_use]
    pub fn import(&self, function: u32) -> Option<Import<'a>> {
        if function >= self.imports.count {
            return None;
        }
        entity::import(&mut self.reader(self.word(self.imports.index, function))).ok()
    }

    /// Returns the number of functions, imported ones included.
    #[must_use]
    pub const fn function_count(&self) -> u32 {
        // Both are less than the file's bytes together.
        self.imports.count.wrapping_add(self.functions.count)
    }

    /// Returns a function's type, in the type index space.
    #[must_use]
    pub fn type_of_function(&self, function: u32) -> Option<u32> {
        let Some(defined) = function.checked_sub(self.imports.count) else {
            return Some(self.import(function)?.type_index);
        };
        if defined >= self.functions.count {
            return None;
        }
        let kept = self.word(self.functions.index, defined >> STRIDE.trailing_zeros());
        let mut reader = self.reader(kept);
        for _ in 0..defined & STRIDE.wrapping_sub(1) {
            reader.u32();
        }
        Some(reader.u32())
    }

    /// Tells whether an export, a global or a segment refers to the function, so that `ref.func`
    /// may, too.
    #[must_use]
    pub fn is_declared(&self, function: u32) -> bool {
        function < self.function_count() && self.bit(self.declared, function)
    }

    /// Returns the number of tables.
    #[must_use]
    pub const fn table_count(&self) -> u32 {
        self.tables.count
    }

    /// Returns a table.
    #[must_use]
    pub fn table(&self, table: u32) -> Option<Table> {
        if table >= self.tables.count {
            return None;
        }
        entity::table(&mut self.reader(self.word(self.tables.index, table))).ok()
    }

    /// Returns the memory, if there is one.
    #[must_use]
    pub const fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// Returns the number of globals.
    #[must_use]
    pub const fn global_count(&self) -> u32 {
        self.globals.count
    }

    /// Returns the words of all globals together.
    #[must_use]
    pub const fn global_words(&self) -> u32 {
        self.global_words
    }

    /// Returns a global's type, whether it can be written, and its first word among all globals'.
    #[must_use]
    pub fn global_place(&self, global: u32) -> Option<(ValueType, bool, u32)> {
        if global >= self.globals.count {
            return None;
        }
        let packed = self.word(self.globals.index, global);
        let [low, ..] = packed.to_le_bytes();
        Some((
            ValueType::from_byte(low & 0x7f)?,
            low & 0x80 != 0,
            packed >> 8,
        ))
    }

    /// Returns the globals, in order, each with its first value.
    pub fn globals(&self) -> impl ExactSizeIterator<Item = Global> + use<'a> {
        let (functions, options) = (self.function_count(), self.options);
        self.entries(self.globals, move |reader| {
            entity::global(reader, functions, options)
        })
    }

    /// Returns the exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = Export<'a>> + use<'a> {
        self.entries(self.exports, entity::export)
    }

    /// Returns the start function, if there is one.
    #[must_use]
    pub const fn start(&self) -> Option<u32> {
        self.start
    }

    /// Returns the number of element segments.
    #[must_use]
    pub const fn element_count(&self) -> u32 {
        self.elements.count
    }

    /// Returns the type of an element segment's references.
    #[must_use]
    pub fn element_type(&self, segment: u32) -> Option<ValueType> {
        if segment >= self.elements.count {
            return None;
        }
        let external = self.bit(self.elements.index, segment);
        Some(if external {
            ValueType::ExternRef
        } else {
            ValueType::FuncRef
        })
    }

    /// Returns the element segments, in order.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = ElementSegment<'a>> + use<'a> {
        let functions = self.function_count();
        self.entries(self.elements, move |reader| {
            let segment = entity::element_segment(reader, functions)?;
            *reader = segment.items.check(|_| Ok(()))?;
            Ok(segment)
        })
    }

    /// Returns the number of data segments. Before the data section was read, that is in
    /// [`Backend::begin`](crate::Backend::begin), it is what the data count section says, or 0.
    #[must_use]
    pub const fn data_count(&self) -> u32 {
        match self.data_count {
            Some(count) => count,
            None => self.data.count,
        }
    }

    /// Returns the data segments, in order; none before [`Backend::end`](crate::Backend::end).
    pub fn data_segments(&self) -> impl ExactSizeIterator<Item = DataSegment<'a>> + use<'a> {
        let functions = self.function_count();
        self.entries(self.data, move |reader| {
            entity::data_segment(reader, functions)
        })
    }

    fn entries<T, F>(&self, section: Section, read: F) -> Entries<'a, F>
    where
        F: FnMut(&mut Reader<'a>) -> Result<T, Rule>,
    {
        Entries {
            reader: self.reader(section.offset),
            left: section.count,
            read,
        }
    }
}

/// The entries of a section.
struct Entries<'a, F> {
    reader: Reader<'a>,
    left: u32,
    read: F,
}

impl<'a, T, F: FnMut(&mut Reader<'a>) -> Result<T, Rule>> Iterator for Entries<'a, F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        (self.read)(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl<'a, T, F: FnMut(&mut Reader<'a>) -> Result<T, Rule>> ExactSizeIterator for Entries<'a, F> {}
