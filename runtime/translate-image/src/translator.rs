//! The image around the code: records, names, segments, and the header that makes it valid.

use crate::code::{Code, Fixup};
use crate::output::Output;
use crate::select::Selector;
use crate::stack::{Records, stack_words};
use crate::symbols::SymbolsWriter;
use crate::tree::Nodes;
use mote_engine::ValueType;
use mote_image::{
    Encoded, ExportKind, Features, FunctionRecord, HEADER_BYTES, Header, MemoryType, NONE,
    SegmentMode, TableRecord, crc32_continue, export_record, import_record, opcode, preamble,
    segment_record, table_record, type_record,
};
use mote_translate::{DataSegment, Mode, Module};

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
            Self::Branches => "more labels ahead are open at a time than the buffer for them holds",
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
    /// The code of the longest function; in the end four bytes for each function, imported ones
    /// included.
    pub code: &'b mut [u8],
    /// As many as there are labels ahead that branches await at a time; those of branch tables are
    /// counted apart, once for each table.
    pub fixups: &'b mut [Fixup],
    /// As many as there are types, and one for each 32 functions, imported ones included.
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
    /// How many words have a bit for each function: whether references to it can be made.
    referenced: usize,
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

/// A file has less than 4 GiB.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(NONE)
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
            referenced: 0,
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

    /// Notes what went wrong, if it is the first thing.
    pub(crate) fn fail(&mut self, limit: Limit) {
        self.selector.code.fail(limit);
    }

    /// A number that the format has 16 bits for.
    fn half(&mut self, value: u32) -> u16 {
        u16::try_from(value).unwrap_or_else(|_| {
            self.fail(Limit::Count);
            0
        })
    }

    #[inline(never)]
    fn append(&mut self, bytes: &[u8]) {
        if let Err(limit) = self.output.write(self.at, bytes) {
            self.fail(limit);
        }
        self.at = self.at.saturating_add(length(bytes));
    }

    /// Returns the first type that is the same.
    pub(crate) fn canonical_type(&self, type_index: u32) -> u32 {
        let at = self.referenced.saturating_add(type_index as usize);
        self.words.get(at).copied().unwrap_or(type_index)
    }

    #[inline(never)]
    pub(crate) fn begin_image(&mut self, module: &Module<'_>) {
        let (count, types) = (module.function_count(), module.type_count());
        self.function_count = count as usize;
        self.referenced = self.function_count.div_ceil(32);
        self.imports = module.import_count();
        self.half(count);
        self.half(types);
        let words = self.referenced.saturating_add(types as usize);
        if self.words.len() < words {
            self.fail(Limit::Count);
        }
        let mut type_index = 0u32;
        for (at, place) in self.words.iter_mut().take(words).enumerate() {
            *place = 0;
            if at >= self.referenced {
                *place = module.canonical_type(type_index);
                type_index = type_index.saturating_add(1);
            }
        }
        self.done = self.imports as usize;
        self.append(&preamble());
    }

    #[inline(never)]
    pub(crate) fn end_function(&mut self, fuel: u32, frame_words: u32) {
        let code = self.at.wrapping_sub(HEADER);
        self.zero_locals();
        self.write_origins(code, self.at.wrapping_sub(HEADER));
        // Code holds no place but relative ones: it can follow what was found to be needed.
        let bytes = self.selector.code.as_bytes();
        let (done, count) = (self.output.write(self.at, bytes), length(bytes));
        self.at = self.at.saturating_add(count);
        let count = self.at.wrapping_sub(HEADER).wrapping_sub(code);
        self.function_bytes_max = self.function_bytes_max.max(count);
        let record = FunctionRecord {
            code,
            fuel,
            frame_words,
            // No more than that: see `Backend::function`.
            link: u16::try_from(self.link).unwrap_or(u16::MAX),
            type_index: u16::try_from(self.canonical_type(self.type_index)).unwrap_or(u16::MAX),
        };
        let kept = self.output.keep(self.done, &record.to_bytes());
        if let Err(limit) = done.and(kept) {
            self.fail(limit);
        }
        self.done = self.done.saturating_add(1);
    }

    /// Writes code that zeroes the locals that are read where they may not have been written.
    fn zero_locals(&mut self) {
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
            self.zero(self.first_local.saturating_add(skip), count);
        }
        let looked_at = self.first_local.saturating_add(64);
        self.zero(looked_at, end.saturating_sub(looked_at));
    }

    fn zero(&mut self, first: u32, count: u32) {
        let (opcode, operands) = match (first < 256, count) {
            (_, 0) => return,
            (true, 1) => (opcode::move_h_d, [first, 0]),
            (true, 2..256) => (opcode::zero, [count, first]),
            _ => (opcode::far_zero, [count, first]),
        };
        match Encoded::of_words(opcode, &operands) {
            Some(encoded) => self.append(encoded.as_bytes()),
            None => self.fail(Limit::Operand),
        }
    }

    #[inline(never)]
    pub(crate) fn end_image(&mut self, module: &Module<'_>) {
        let code_bytes = self.at.wrapping_sub(HEADER);
        self.align();
        let stack_words = self.stack(module);
        for index in 0..self.function_count {
            match record(&*self.output, module, index) {
                Some(record) => self.append(&record.to_bytes()),
                None => self.fail(Limit::Count),
            }
        }
        let header = self.header(module, code_bytes, stack_words);
        let parts = [
            (header.types, 8),
            (header.imports, 16),
            (header.exports, 12),
            (header.tables, 8),
            (header.elements, 16),
            (header.data, 16),
            (header.globals, 4),
        ];
        let mut rest = self.at;
        for (count, size) in parts {
            rest = rest.saturating_add(u32::from(count).saturating_mul(size));
        }
        self.records(module, rest);
        self.contents(module);
        self.align();
        let body = |crc: u32| {
            let body = self.output.written().get(HEADER_BYTES..).unwrap_or(&[]);
            crc32_continue(crc, body)
        };
        let bytes = header.to_bytes(self.at, body);
        if self.selector.code.failed.is_none()
            && let Err(limit) = self.output.write(0, &bytes)
        {
            self.fail(limit);
        }
        self.finish_symbols(&bytes);
    }

    /// Fills up to a word.
    fn align(&mut self) {
        let bytes = (self.at.wrapping_neg() & 3) as usize;
        self.append([0; 3].get(..bytes).unwrap_or(&[]));
    }

    /// Writes all records; what they refer to will follow from `rest` on.
    #[inline(never)]
    fn records(&mut self, module: &Module<'_>, mut rest: u32) {
        let mut place = |bytes: u32| {
            let at = rest;
            rest = rest.saturating_add(bytes);
            at
        };
        for index in 0..module.type_count() {
            let Some(it) = module.function_type(index) else {
                continue;
            };
            // A type has 1,000 parameters and results at most.
            let [parameters, results] = [it.parameters, it.results].map(length);
            let at = place(parameters.saturating_add(results));
            let counts = [parameters, results].map(|count| self.half(count));
            self.append(&type_record(at, counts[0], counts[1]));
        }
        for index in 0..module.import_count() {
            let Some(it) = module.import(index) else {
                continue;
            };
            let [module_name, name] = [it.module, it.name].map(|name| {
                let bytes = length(name.as_bytes());
                (place(bytes), self.half(bytes))
            });
            let type_index = self.canonical_type(it.type_index);
            let type_index = self.half(type_index);
            self.append(&import_record(module_name, name, type_index));
        }
        for it in module.exports() {
            let bytes = length(it.name.as_bytes());
            let name = (place(bytes), self.half(bytes));
            let (kind, index) = match it.kind {
                mote_translate::ExportKind::Function => (ExportKind::Function, it.index),
                mote_translate::ExportKind::Table => (ExportKind::Table, it.index),
                mote_translate::ExportKind::Memory => (ExportKind::Memory, it.index),
                mote_translate::ExportKind::Global => {
                    let Some((value_type, _, word)) = module.global_place(it.index) else {
                        continue;
                    };
                    (ExportKind::Global(value_type.byte()), word)
                }
            };
            self.append(&export_record(name, kind, index));
        }
        for index in 0..module.table_count() {
            let Some(it) = module.table(index) else {
                continue;
            };
            let entries_max = it.maximum.unwrap_or(NONE.wrapping_sub(1));
            self.append(&table_record(TableRecord {
                entries: it.minimum,
                entries_max,
            }));
        }
        for it in module.elements() {
            let count = u32::try_from(it.items.len()).unwrap_or(NONE);
            // Their contents come first in the rest that is words: see `contents`.
            let at = place(count.saturating_mul(4));
            let mode = self.mode(it.mode);
            self.append(&segment_record(at, count, mode));
        }
        for it in module.data_segments() {
            let count = length(it.bytes);
            let at = place(count);
            let mode = self.mode(it.mode);
            self.append(&segment_record(at, count, mode));
        }
        for it in module.globals() {
            let bytes = it.value.to_le_bytes();
            let used = if it.value_type.words() == 2 { 8 } else { 4 };
            self.append(bytes.get(..used).unwrap_or(&[]));
        }
    }

    fn mode(&mut self, mode: Mode) -> SegmentMode {
        match mode {
            Mode::Active { index, offset } => SegmentMode::Active {
                table: self.half(index),
                offset,
            },
            Mode::Passive => SegmentMode::Passive,
            Mode::Declarative => SegmentMode::Declared,
        }
    }

    /// Writes what the records refer to, in the order of the records.
    #[inline(never)]
    fn contents(&mut self, module: &Module<'_>) {
        for index in 0..module.type_count() {
            if let Some(it) = module.function_type(index) {
                self.append(it.parameters);
                self.append(it.results);
            }
        }
        for index in 0..module.import_count() {
            if let Some(it) = module.import(index) {
                self.append(it.module.as_bytes());
                self.append(it.name.as_bytes());
            }
        }
        for it in module.exports() {
            self.append(it.name.as_bytes());
        }
        for it in module.elements() {
            for item in it.items {
                self.append(&item.to_le_bytes());
            }
        }
        for DataSegment { bytes, .. } in module.data_segments() {
            self.append(bytes);
        }
    }

    /// Notes that the module can make references of a function, for [`stack_words`].
    pub(crate) fn mark_referenced(&mut self, function: u32) {
        let words = self.words.get_mut(..self.referenced);
        if let Some(word) = words.and_then(|words| words.get_mut((function >> 5) as usize)) {
            *word |= 1 << (function & 31);
        }
    }

    /// Returns the words of stack that the deepest chain of calls from outside takes.
    #[inline(never)]
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
        let code = self.output.written().get(HEADER_BYTES..).unwrap_or(&[]);
        let records = Records {
            count: self.function_count,
            of: &|index| record(&*self.output, module, index),
        };
        // No function's code is there any more.
        let needs = self.selector.code.buffer().as_chunks_mut().0;
        let Some(needs) = needs.get_mut(..self.function_count) else {
            self.selector.code.fail(Limit::Code);
            return None;
        };
        stack_words(code, &records, self.words, needs);
        let needs = |index: u32| {
            needs
                .get(index as usize)
                .map_or(0, |need| u32::from_le_bytes(*need))
        };
        let mut most = module.start().map_or(0, needs);
        for export in module.exports() {
            if export.kind == mote_translate::ExportKind::Function {
                most = most.max(needs(export.index));
            }
        }
        (most != NONE).then_some(most)
    }

    #[inline(never)]
    fn header(&mut self, module: &Module<'_>, code_bytes: u32, stack_words: Option<u32>) -> Header {
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
        let mut count = |count: usize| self.half(u32::try_from(count).unwrap_or(NONE));
        Header {
            functions: count(module.function_count() as usize),
            types: count(module.type_count() as usize),
            imports: count(module.import_count() as usize),
            exports: count(module.exports().len()),
            globals: count(module.global_words() as usize),
            tables: count(module.table_count() as usize),
            elements: count(module.elements().len()),
            data: count(module.data_segments().len()),
            features: if self.float {
                Features::FLOAT
            } else {
                Features::default()
            },
            code_bytes,
            memory,
            start: module.start(),
            stack_words,
            function_bytes_max: self.function_bytes_max,
        }
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
