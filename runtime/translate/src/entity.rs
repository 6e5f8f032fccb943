//! What a module consists of, each as it is read from the file.
//!
//! Nothing is copied out of the file: names, types and segments are slices of it. Each kind of
//! entity is decoded in one place, here, for the check as the file is read and for whoever asks a
//! [`Module`](crate::Module) later.

use crate::constant::{self, NULL_REFERENCE};
use crate::reader::{Reader, result_type};
use crate::{Options, Rule};
use mote_engine::ValueType;

/// A function's type: one byte for each parameter and result, see [`ValueType::from_byte`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionType<'a> {
    /// The parameters.
    pub parameters: &'a [u8],
    /// The results.
    pub results: &'a [u8],
}

/// Returns how many 32-bit words values of these types take.
#[must_use]
pub fn words(types: &[u8]) -> u32 {
    types
        .iter()
        .fold(0, |words: u32, &byte| words.wrapping_add(words_of(byte)))
}

fn words_of(byte: u8) -> u32 {
    match byte {
        // i64 and f64.
        0x7e | 0x7c => 2,
        _ => 1,
    }
}

/// An imported function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// The module that it is imported from.
    pub module: &'a str,
    /// Its name there.
    pub name: &'a str,
    /// Its type, in the module's type index space.
    pub type_index: u32,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// The type of its entries, a reference.
    pub value_type: ValueType,
    /// The entries that it begins with.
    pub minimum: u32,
    /// The entries that it may grow to, if that is said.
    pub maximum: Option<u32>,
}

/// The memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The pages that it begins with.
    pub minimum: u32,
    /// The pages that it may grow to, if that is said.
    pub maximum: Option<u32>,
    /// The binary logarithm of a page's bytes: 0 or 16.
    pub log2_page_bytes: u8,
}

/// A global.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    /// The type of its value.
    pub value_type: ValueType,
    /// Whether it can be written.
    pub mutable: bool,
    /// The bits that it begins with, in the low half where it has 32.
    pub value: u64,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// The memory.
    Memory,
    /// A global.
    Global,
}

/// An export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is exported.
    pub kind: ExportKind,
    /// Which, in the index space of its kind.
    pub index: u32,
}

/// When a segment is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// When an instance is made, to this place.
    Active {
        /// The table or memory.
        index: u32,
        /// Where in it.
        offset: u32,
    },
    /// When the code says so.
    Passive,
    /// Never: it declares that references to its functions are taken.
    Declarative,
}

/// An element segment.
#[derive(Clone, Copy, Debug)]
pub struct ElementSegment<'a> {
    /// When it is copied.
    pub mode: Mode,
    /// The type of its references.
    pub value_type: ValueType,
    /// Its references.
    pub items: Items<'a>,
}

/// A data segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSegment<'a> {
    /// When it is copied.
    pub mode: Mode,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// The references of an element segment: words, see [`NULL_REFERENCE`].
#[derive(Clone, Copy, Debug)]
pub struct Items<'a> {
    reader: Reader<'a>,
    left: u32,
    /// Whether each is an expression, not just a function's index.
    expressions: bool,
    value_type: ValueType,
    functions: u32,
}

impl<'a> Items<'a> {
    /// The next reference, which exists.
    fn read(&mut self) -> Result<u32, Rule> {
        self.left = self.left.saturating_sub(1);
        if !self.expressions {
            let function = self.reader.u32();
            if function >= self.functions {
                return Err(Rule::UnknownFunction);
            }
            return Ok(function);
        }
        let options = Options { floats: true };
        let done = constant::evaluate(&mut self.reader, self.value_type, self.functions, options);
        self.reader.check()?;
        let bits = done?;
        // A reference has 32 bits.
        Ok(u32::try_from(bits).unwrap_or(NULL_REFERENCE))
    }

    /// Reads all references; what is done with each may fail. Returns where they end.
    pub(crate) fn check(
        mut self,
        mut each: impl FnMut(u32) -> Result<(), Rule>,
    ) -> Result<Reader<'a>, Rule> {
        while self.left > 0 {
            each(self.read()?)?;
        }
        Ok(self.reader)
    }
}

impl Iterator for Items<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            None
        } else {
            self.read().ok()
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_> {}

/// Reads a function type.
pub(crate) fn function_type<'a>(
    reader: &mut Reader<'a>,
    floats: bool,
) -> Result<FunctionType<'a>, Rule> {
    match reader.byte() {
        0x60 => {}
        0x4e..=0x50 | 0x5e | 0x5f => return Err(Rule::GarbageCollection),
        0x5d => return Err(Rule::StackSwitching),
        0x65 => return Err(Rule::Threads),
        _ => return Err(Rule::MalformedType),
    }
    let parameters = result_type(reader, floats)?;
    let results = result_type(reader, floats)?;
    Ok(FunctionType {
        parameters,
        results,
    })
}

/// Reads an import.
pub(crate) fn import<'a>(reader: &mut Reader<'a>) -> Result<Import<'a>, Rule> {
    let module = reader.name();
    let name = reader.name();
    match reader.byte() {
        0 => Ok(Import {
            module,
            name,
            type_index: reader.u32(),
        }),
        1 => {
            table(reader)?;
            Err(Rule::ImportedTable)
        }
        2 => {
            memory(reader)?;
            Err(Rule::ImportedMemory)
        }
        3 => {
            reader.value_type(true);
            mutability(reader)?;
            Err(Rule::ImportedGlobal)
        }
        4 => Err(Rule::Exceptions),
        _ => Err(Rule::ImportKind),
    }
}

/// Reads the bounds of a table or memory; the flags say what else they have.
fn limits(reader: &mut Reader<'_>) -> Result<(u32, Option<u32>, u8), Rule> {
    let flags = reader.byte();
    match flags {
        0..=1 | 8..=9 => {}
        2..=3 | 10..=11 => return Err(Rule::Threads),
        4..=7 | 12..=15 => return Err(Rule::Memory64),
        _ => return Err(Rule::LimitsFlags),
    }
    let minimum = reader.u32();
    let maximum = if flags & 1 == 0 {
        None
    } else {
        Some(reader.u32())
    };
    Ok((minimum, maximum, flags))
}

fn check_order(minimum: u32, maximum: Option<u32>) -> Result<(), Rule> {
    match maximum {
        Some(maximum) if maximum < minimum => Err(Rule::LimitsOrder),
        _ => Ok(()),
    }
}

/// Reads a table's type.
pub(crate) fn table(reader: &mut Reader<'_>) -> Result<Table, Rule> {
    if reader.peek() == Some(0x40) {
        return Err(Rule::FunctionReferences);
    }
    let value_type = reader.reference_type();
    let (minimum, maximum, flags) = limits(reader)?;
    if flags & 8 != 0 {
        return Err(Rule::LimitsFlags);
    }
    check_order(minimum, maximum)?;
    Ok(Table {
        value_type,
        minimum,
        maximum,
    })
}

/// Reads a memory's type.
pub(crate) fn memory(reader: &mut Reader<'_>) -> Result<Memory, Rule> {
    let (minimum, maximum, flags) = limits(reader)?;
    let log2_page_bytes = if flags & 8 == 0 {
        16
    } else {
        match reader.u32() {
            0 => 0,
            16 => 16,
            _ => return Err(Rule::PageSize),
        }
    };
    check_order(minimum, maximum)?;
    if log2_page_bytes == 16 && maximum.unwrap_or(minimum).max(minimum) > 0x1_0000 {
        return Err(Rule::MemorySize);
    }
    Ok(Memory {
        minimum,
        maximum,
        log2_page_bytes,
    })
}

fn mutability(reader: &mut Reader<'_>) -> Result<bool, Rule> {
    match reader.byte() {
        0 => Ok(false),
        1 => Ok(true),
        2..=3 => Err(Rule::Threads),
        _ => Err(Rule::Mutability),
    }
}

/// Reads a global with its initialiser.
pub(crate) fn global(
    reader: &mut Reader<'_>,
    functions: u32,
    options: Options,
) -> Result<Global, Rule> {
    let value_type = reader.value_type(options.floats);
    let mutable = mutability(reader)?;
    let value = constant::evaluate(reader, value_type, functions, options)?;
    Ok(Global {
        value_type,
        mutable,
        value,
    })
}

/// Reads an export.
pub(crate) fn export<'a>(reader: &mut Reader<'a>) -> Result<Export<'a>, Rule> {
    let name = reader.name();
    let kind = match reader.byte() {
        0 => ExportKind::Function,
        1 => ExportKind::Table,
        2 => ExportKind::Memory,
        3 => ExportKind::Global,
        4 => return Err(Rule::Exceptions),
        _ => return Err(Rule::ExportKind),
    };
    Ok(Export {
        name,
        kind,
        index: reader.u32(),
    })
}

/// Reads the offset of an active segment.
fn active(reader: &mut Reader<'_>, index: u32, functions: u32) -> Result<Mode, Rule> {
    let options = Options { floats: true };
    let bits = constant::evaluate(reader, ValueType::I32, functions, options)?;
    // An i32 has 32 bits.
    Ok(Mode::Active {
        index,
        offset: u32::try_from(bits).unwrap_or(u32::MAX),
    })
}

/// Reads an element segment up to its items.
pub(crate) fn element_segment<'a>(
    reader: &mut Reader<'a>,
    functions: u32,
) -> Result<ElementSegment<'a>, Rule> {
    let flags = reader.u32();
    if flags > 7 {
        return Err(Rule::SegmentFlags);
    }
    let mode = match flags & 3 {
        1 => Mode::Passive,
        3 => Mode::Declarative,
        explicit => {
            let index = if explicit == 2 { reader.u32() } else { 0 };
            active(reader, index, functions)?
        }
    };
    let expressions = flags & 4 != 0;
    let value_type = if flags & 3 == 0 {
        ValueType::FuncRef
    } else if expressions {
        reader.reference_type()
    } else {
        if reader.byte() != 0 {
            return Err(Rule::MalformedType);
        }
        ValueType::FuncRef
    };
    let left = reader.count();
    let items = Items {
        reader: *reader,
        left,
        expressions,
        value_type,
        functions,
    };
    Ok(ElementSegment {
        mode,
        value_type,
        items,
    })
}

/// Reads a data segment.
pub(crate) fn data_segment<'a>(
    reader: &mut Reader<'a>,
    functions: u32,
) -> Result<DataSegment<'a>, Rule> {
    let mode = match reader.u32() {
        0 => active(reader, 0, functions)?,
        1 => Mode::Passive,
        2 => {
            let index = reader.u32();
            active(reader, index, functions)?
        }
        _ => return Err(Rule::SegmentFlags),
    };
    let length = reader.u32();
    let bytes = reader.bytes(length, Rule::UnexpectedEnd);
    Ok(DataSegment { mode, bytes })
}
