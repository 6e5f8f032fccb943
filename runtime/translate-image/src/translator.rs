//! The image around the code: records, names, segments, and the header that makes it valid.

use crate::code::{Code, Fixup};
use crate::output::Output;
use crate::select::Selector;
use crate::stack::{REFERENCED, Records, stack_words};
use crate::symbols::SymbolsWriter;
use crate::tree::Nodes;
use mote_engine::ValueType;
use mote_image::{
    Encoded, ExportKind, Features, FunctionRecord, HEADER_BYTES, Header, MemoryType, NONE,
    SegmentMode, TableRecord, crc32_continue, export_record, import_record, opcode, preamble,
    segment_record, table_record, type_record,
};
use mote_translate::{DataSegment, ElementSegment, Mode, Module};

/// A limit that a module is beyond: of the format, or of the memory that the translator was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// A function's code is longer than the buffer for it.
    Code,
    /// More branches await their target than there is room for.
    Branches,
    /// A branch goes farther than one can.
    Branch,
    /// A frame has more words, or more parameters in a large one, than can be had.
    Frame,
    /// More functions, types, or so on than the format counts or there is room for.
    Count,
    /// The image, or its symbols, are longer than the place for them.
    Output,
    /// The code of a function comes from more places than there is room for.
    Symbols,
    /// A fault of the translator: an instruction that it wanted does not exist.
    Operand,
}

impl Limit {
    /// Returns the limit in words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Code => "a function's code is longer than the buffer for it",
            Self::Branches => {
                "more branches ahead are open at a time than the buffer for them holds"
            }
            Self::Branch => "a branch goes farther than the image's format can say",
            Self::Frame => {
                "a function has more locals, parameters or operands than a frame of the image's \
                 format can have"
            }
            Self::Count => {
                "more functions, types, imports, exports, globals or segments than the image's \
                 format (65,535) or the buffers hold"
            }
            Self::Output => "the image is longer than the place for it",
            Self::Symbols => "a function's code comes from more places than the buffer holds",
            Self::Operand => {
                "an instruction that the image's format does not have: a fault of the translator"
            }
        }
    }
}

impl core::fmt::Display for Limit {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.message())
    }
}

impl core::error::Error for Limit {}

/// The memory that a translation works in. What is in it before does not matter.
#[derive(Debug)]
pub struct Buffers<'b> {
    /// The code of the longest function.
    pub code: &'b mut [u8],
    /// As many as there are branches that await their target at a time.
    pub fixups: &'b mut [Fixup],
    /// As many as there are functions, imported ones included, and types besides.
    pub words: &'b mut [u32],
}

/// The back end that writes an image.
pub struct ImageBackend<'b> {
    pub(crate) selector: Selector<'b>,
    output: &'b mut dyn Output,
    pub(crate) symbols: Option<SymbolsWriter<'b>>,
    words: &'b mut [u32],
    /// Where the next byte goes.
    at: u32,
    /// How many functions' code was written, imports included.
    done: usize,
    pub(crate) imports: u32,
    function_count: usize,
    function_bytes_max: u32,
    pub(crate) float: bool,
    // --- The function at hand.
    /// Where its body is in the Wasm.
    pub(crate) body_offset: u32,
    pub(crate) parameter_words: u32,
    pub(crate) result_words: u32,
    pub(crate) link: u32,
    /// The first slot that is a local and no parameter.
    pub(crate) first_local: u32,
    /// Which locals were written before the branch table at hand.
    pub(crate) table_written: u64,
    pub(crate) type_index: u32,
    /// The branch table at hand, and its next entry.
    pub(crate) table: u32,
    pub(crate) entry: u32,
}

impl core::fmt::Debug for ImageBackend<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("ImageBackend")
            .field("selector", &self.selector)
            .finish_non_exhaustive()
    }
}

const HEADER: u32 = 64;
const _: () = assert!(HEADER_BYTES == HEADER as usize);

fn half(value: u32) -> Result<u16, Limit> {
    u16::try_from(value).map_err(|_| Limit::Count)
}

fn length(bytes: &[u8]) -> Result<u32, Limit> {
    u32::try_from(bytes.len()).map_err(|_| Limit::Output)
}

impl<'b> ImageBackend<'b> {
    /// Returns a back end that writes there and works in these buffers.
    #[must_use]
    pub fn new(output: &'b mut dyn Output, buffers: Buffers<'b>) -> Self {
        Self {
            selector: Selector {
                code: Code::new(buffers.code, buffers.fixups),
                nodes: Nodes::new(),
                held: None,
                scratch: 0,
                first_temporary: 0,
            },
            output,
            symbols: None,
            words: buffers.words,
            at: HEADER,
            done: 0,
            imports: 0,
            function_count: 0,
            function_bytes_max: 0,
            float: false,
            body_offset: 0,
            parameter_words: 0,
            result_words: 0,
            link: 0,
            first_local: 0,
            table_written: 0,
            type_index: 0,
            table: 0,
            entry: 0,
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Limit> {
        self.output.write(self.at, bytes)?;
        self.at = self.at.checked_add(length(bytes)?).ok_or(Limit::Output)?;
        Ok(())
    }

    /// Returns the first type that is the same.
    pub(crate) fn canonical_type(&self, type_index: u32) -> u32 {
        let at = self.function_count.saturating_add(type_index as usize);
        self.words.get(at).copied().unwrap_or(type_index)
    }

    pub(crate) fn begin_image(&mut self, module: &Module<'_>) -> Result<(), Limit> {
        let (count, types) = (module.function_count(), module.type_count());
        self.function_count = count as usize;
        self.imports = module.import_count();
        half(count)?;
        half(types)?;
        let words = self.function_count.saturating_add(types as usize);
        if self.words.len() < words {
            return Err(Limit::Count);
        }
        self.words
            .get_mut(..self.function_count)
            .unwrap_or(&mut [])
            .fill(0);
        for (type_index, place) in (0..).zip(self.words.iter_mut().skip(self.function_count)) {
            if type_index >= types {
                break;
            }
            *place = module.canonical_type(type_index);
        }
        self.done = self.imports as usize;
        self.append(&preamble())
    }

    pub(crate) fn end_function(&mut self, fuel: u32, frame_words: u32) -> Result<(), Limit> {
        let code = self.at.wrapping_sub(HEADER);
        self.zero_locals()?;
        self.write_origins(code, self.at.wrapping_sub(HEADER))?;
        // Code holds no place but relative ones: it can follow what was found to be needed.
        let bytes = self.selector.code.as_bytes();
        let count = length(bytes)?;
        self.output.write(self.at, bytes)?;
        self.at = self.at.checked_add(count).ok_or(Limit::Output)?;
        let count = self.at.wrapping_sub(HEADER).wrapping_sub(code);
        self.function_bytes_max = self.function_bytes_max.max(count);
        let link = half(self.link).map_err(|_| Limit::Frame)?;
        let record = FunctionRecord {
            code,
            fuel,
            frame_words,
            link,
            type_index: half(self.canonical_type(self.type_index))?,
        };
        self.output.keep(self.done, &record.to_bytes())?;
        self.done = self.done.saturating_add(1);
        Ok(())
    }

    /// Writes code that zeroes the locals that are read where they may not have been written.
    fn zero_locals(&mut self) -> Result<(), Limit> {
        let mut needed = self.selector.code.unwritten_reads;
        let end = self.link;
        while needed != 0 {
            let skip = needed.trailing_zeros();
            let count = needed.wrapping_shr(skip).trailing_ones();
            needed &= if skip.saturating_add(count) < 64 {
                u64::MAX.wrapping_shl(skip.saturating_add(count))
            } else {
                0
            };
            self.zero(self.first_local.saturating_add(skip), count)?;
        }
        let looked_at = self.first_local.saturating_add(64);
        self.zero(looked_at, end.saturating_sub(looked_at))
    }

    fn zero(&mut self, first: u32, count: u32) -> Result<(), Limit> {
        let operands = [i64::from(count), i64::from(first)];
        let encoded = match (first < 256, count) {
            (_, 0) => return Ok(()),
            (true, 1) => Encoded::new(opcode::move_h_d, &[first.into(), 0]),
            (true, 2..256) => Encoded::new(opcode::zero, &operands),
            _ => Encoded::new(opcode::far_zero, &operands),
        };
        let encoded = encoded.ok_or(Limit::Operand)?;
        self.append(encoded.as_bytes())
    }

    pub(crate) fn end_image(&mut self, module: &Module<'_>) -> Result<(), Limit> {
        let code_bytes = self.at.wrapping_sub(HEADER);
        if !self.at.is_multiple_of(4) {
            self.append(&[0; 2])?;
        }
        let stack_words = self.stack(module);
        for index in 0..self.function_count {
            let record = record(&*self.output, module, index).ok_or(Limit::Count)?;
            self.append(&record.to_bytes())?;
        }
        let header = header(module, code_bytes, self, stack_words)?;
        let parts = [
            (u32::from(header.types), 8),
            (u32::from(header.imports), 16),
            (u32::from(header.exports), 12),
            (u32::from(header.tables), 8),
            (u32::from(header.elements), 16),
            (u32::from(header.data), 16),
            (u32::from(header.globals), 4),
        ];
        let mut rest = self.at;
        for (count, size) in parts {
            rest = count
                .checked_mul(size)
                .and_then(|part| rest.checked_add(part))
                .ok_or(Limit::Output)?;
        }
        self.records(module, rest)?;
        self.contents(module)?;
        while !self.at.is_multiple_of(4) {
            self.append(&[0])?;
        }
        let body = |crc: u32| {
            let body = self.output.written().get(HEADER_BYTES..).unwrap_or(&[]);
            crc32_continue(crc, body)
        };
        let bytes = header.to_bytes(self.at, body);
        self.output.write(0, &bytes)?;
        self.finish_symbols(&bytes)
    }

    /// Writes all records; what they refer to will follow from `rest` on.
    fn records(&mut self, module: &Module<'_>, mut rest: u32) -> Result<(), Limit> {
        let mut place = |count: usize| -> Result<u32, Limit> {
            let at = rest;
            let count = u32::try_from(count).map_err(|_| Limit::Output)?;
            rest = rest.checked_add(count).ok_or(Limit::Output)?;
            Ok(at)
        };
        for index in 0..module.type_count() {
            let it = module.function_type(index).ok_or(Limit::Count)?;
            let at = place(it.parameters.len().saturating_add(it.results.len()))?;
            let counts = [length(it.parameters)?, length(it.results)?].map(half);
            let [parameters, results] = counts;
            self.append(&type_record(at, parameters?, results?))?;
        }
        for index in 0..module.import_count() {
            let it = module.import(index).ok_or(Limit::Count)?;
            let names =
                [it.module, it.name].map(|name| half(length(name.as_bytes()).unwrap_or(NONE)));
            let [module_length, name_length] = names;
            let module_at = place(it.module.len())?;
            let name_at = place(it.name.len())?;
            let type_index = half(self.canonical_type(it.type_index))?;
            self.append(&import_record(
                (module_at, module_length?),
                (name_at, name_length?),
                type_index,
            ))?;
        }
        for it in module.exports() {
            let at = place(it.name.len())?;
            let (kind, index) = match it.kind {
                mote_translate::ExportKind::Function => (ExportKind::Function, it.index),
                mote_translate::ExportKind::Table => (ExportKind::Table, it.index),
                mote_translate::ExportKind::Memory => (ExportKind::Memory, it.index),
                mote_translate::ExportKind::Global => {
                    let (value_type, _, word) =
                        module.global_place(it.index).ok_or(Limit::Count)?;
                    (ExportKind::Global(value_type.byte()), word)
                }
            };
            self.append(&export_record(
                (at, half(length(it.name.as_bytes())?)?),
                kind,
                index,
            ))?;
        }
        for index in 0..module.table_count() {
            let it = module.table(index).ok_or(Limit::Count)?;
            let entries_max = it.maximum.unwrap_or(NONE.wrapping_sub(1));
            self.append(&table_record(TableRecord {
                entries: it.minimum,
                entries_max,
            }))?;
        }
        for it in module.elements() {
            let count = element_count(&it)?;
            // Their contents come first in the rest that is words: see `contents`.
            let at = place((count as usize).saturating_mul(4))?;
            self.append(&segment_record(at, count, mode(it.mode)?))?;
        }
        for it in module.data_segments() {
            let at = place(it.bytes.len())?;
            self.append(&segment_record(at, length(it.bytes)?, mode(it.mode)?))?;
        }
        for it in module.globals() {
            let [a, b, c, d, e, f, g, h] = it.value.to_le_bytes();
            self.append(&[a, b, c, d])?;
            if it.value_type.words() == 2 {
                self.append(&[e, f, g, h])?;
            }
        }
        Ok(())
    }

    /// Writes what the records refer to, in the order of the records.
    fn contents(&mut self, module: &Module<'_>) -> Result<(), Limit> {
        for index in 0..module.type_count() {
            let it = module.function_type(index).ok_or(Limit::Count)?;
            self.append(it.parameters)?;
            self.append(it.results)?;
        }
        for index in 0..module.import_count() {
            let it = module.import(index).ok_or(Limit::Count)?;
            self.append(it.module.as_bytes())?;
            self.append(it.name.as_bytes())?;
        }
        for it in module.exports() {
            self.append(it.name.as_bytes())?;
        }
        for it in module.elements() {
            for item in it.items {
                self.append(&item.to_le_bytes())?;
            }
        }
        for DataSegment { bytes, .. } in module.data_segments() {
            self.append(bytes)?;
        }
        Ok(())
    }

    /// Notes that the module can make references of a function, for [`stack_words`].
    pub(crate) fn mark_referenced(&mut self, function: u32) {
        let needs = self.words.get_mut(..self.function_count);
        if let Some(need) = needs.and_then(|needs| needs.get_mut(function as usize)) {
            *need |= REFERENCED;
        }
    }

    /// Returns the words of stack that the deepest chain of calls from outside takes.
    fn stack(&mut self, module: &Module<'_>) -> Option<u32> {
        for segment in module.elements() {
            if segment.mode != Mode::Declarative && segment.value_type == ValueType::FuncRef {
                for item in segment.items {
                    self.mark_referenced(item);
                }
            }
        }
        for global in module.globals() {
            if global.value_type == ValueType::FuncRef {
                self.mark_referenced(u32::try_from(global.value).unwrap_or(NONE));
            }
        }
        let written = self.output.written();
        let code = written.get(HEADER_BYTES..).unwrap_or(&[]);
        let records = Records {
            count: self.function_count,
            of: &|index| record(&*self.output, module, index),
        };
        let needs = self.words.get_mut(..self.function_count).unwrap_or(&mut []);
        stack_words(code, &records, needs);
        let needs = |index: u32| self.words.get(index as usize).copied().unwrap_or(0);
        let mut most = module.start().map_or(0, needs);
        for export in module.exports() {
            if export.kind == mote_translate::ExportKind::Function {
                most = most.max(needs(export.index));
            }
        }
        (most != NONE).then_some(most)
    }
}

/// Returns a function's record: as it was kept, or an import's.
fn record(output: &dyn Output, module: &Module<'_>, index: usize) -> Option<FunctionRecord> {
    let number = u32::try_from(index).ok()?;
    if number >= module.import_count() {
        return Some(FunctionRecord::from_bytes(output.kept(index)?));
    }
    let type_index = module.canonical_type(module.type_of_function(number)?);
    Some(FunctionRecord {
        code: NONE,
        fuel: 0,
        frame_words: 0,
        link: 0,
        type_index: u16::try_from(type_index).ok()?,
    })
}

fn header(
    module: &Module<'_>,
    code_bytes: u32,
    backend: &ImageBackend<'_>,
    stack_words: Option<u32>,
) -> Result<Header, Limit> {
    let count = |count: usize| u16::try_from(count).map_err(|_| Limit::Count);
    let memory = module.memory().map(|memory| {
        let most = if memory.log2_page_bytes == 16 {
            1 << 16
        } else {
            u32::MAX
        };
        MemoryType {
            pages: memory.minimum,
            pages_max: memory.maximum.unwrap_or(most),
            page_log2: memory.log2_page_bytes,
        }
    });
    Ok(Header {
        features: if backend.float {
            Features::FLOAT
        } else {
            Features::default()
        },
        code_bytes,
        functions: half(module.function_count())?,
        types: half(module.type_count())?,
        imports: half(module.import_count())?,
        exports: count(module.exports().len())?,
        globals: half(module.global_words())?,
        tables: half(module.table_count())?,
        elements: count(module.elements().len())?,
        data: count(module.data_segments().len())?,
        memory,
        start: module.start(),
        stack_words,
        function_bytes_max: backend.function_bytes_max,
    })
}

fn element_count(segment: &ElementSegment<'_>) -> Result<u32, Limit> {
    u32::try_from(segment.items.into_iter().count()).map_err(|_| Limit::Count)
}

fn mode(mode: Mode) -> Result<SegmentMode, Limit> {
    Ok(match mode {
        Mode::Active { index, offset } => SegmentMode::Active {
            table: half(index)?,
            offset,
        },
        Mode::Passive => SegmentMode::Passive,
        Mode::Declarative => SegmentMode::Declared,
    })
}
