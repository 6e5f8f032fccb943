//! Mote's own engine: executes a verified image in place, an instance in one block of memory.

use crate::instance::{
    InstanceSize, Layout, STATE_WORDS, initial_memory_bytes, phase, table_capacity, word,
};
use crate::interpreter::{Exit, run};
use crate::raw;
use crate::trap::TrapKind;
use crate::{
    CallError, CodePlace, Engine, Fault, FunctionIndex, Import, ImportIndex, Signature, Step, Trap,
    Value, Values,
};
use mote_image::{
    ExportKind, Features, FunctionRecord, Image, NONE, PREAMBLE_BYTES, SegmentMode, TypeRecord,
    Verified, length, opcode,
};

/// Why an instance could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartError {
    /// The image needs a feature that this engine was built without.
    Feature,
    /// The block is too small; it takes this many words.
    BlockTooSmall(usize),
    /// It would take more memory than there can be.
    TooLarge,
    /// A segment does not fit into the memory or table that it is for.
    Segment(TrapKind),
}

/// The features of this build.
const FEATURES: Features = if cfg!(feature = "float") {
    Features::FLOAT
} else {
    Features(0)
};

/// Where a call from outside returns to: the `halt` of the preamble.
const HALT: u32 = 4;
const _: () = assert!(PREAMBLE_BYTES > HALT);

/// An instance of a verified image.
#[derive(Debug)]
pub struct ImageEngine<'a> {
    image: Image<'a>,
    /// The first words of the block: what the instance is doing.
    state: &'a mut [u32; STATE_WORDS],
    /// The rest of it.
    block: &'a mut [u32],
    layout: Layout,
}

impl<'a> ImageEngine<'a> {
    /// Starts an instance in a block, which may hold anything: sets up globals and tables, zeroes
    /// the memory and copies the segments. The start function is not called: see
    /// [`Engine::start_function`].
    ///
    /// # Errors
    ///
    /// Where the block does not suffice, the build lacks a feature, or a segment does not fit.
    pub fn start(
        image: Verified<'a>,
        block: &'a mut [u32],
        size: InstanceSize,
    ) -> Result<Self, StartError> {
        let image = *image.image();
        if !image.features().within(FEATURES) {
            return Err(StartError::Feature);
        }
        let layout = Layout::new(&image, size).ok_or(StartError::TooLarge)?;
        let words = layout.end.saturating_add(STATE_WORDS);
        let (state, block) = block
            .get_mut(..words)
            .and_then(|block| block.split_first_chunk_mut())
            .ok_or(StartError::BlockTooSmall(words))?;
        *state = [0; STATE_WORDS];
        let mut engine = Self {
            image,
            state,
            block,
            layout,
        };
        engine.set_up(size).map_err(StartError::Segment)?;
        Ok(engine)
    }

    fn set_up(&mut self, size: InstanceSize) -> Result<(), TrapKind> {
        let layout = self.layout;
        let image = self.image;
        let header = *image.header();
        for (index, global) in self
            .part(layout.globals, layout.tables)
            .iter_mut()
            .enumerate()
        {
            *global = image.global(index).unwrap_or(0);
        }
        let mut start = layout.entries;
        let tables = self.part(layout.tables, layout.dropped);
        for (index, table) in tables.as_chunks_mut().0.iter_mut().enumerate() {
            let entries = image.table(index).map_or(0, |table| table.entries);
            let capacity = table_capacity(&image, index, size).unwrap_or(0);
            *table = [u32::try_from(start).unwrap_or(NONE), entries, capacity];
            start = start.saturating_add(capacity as usize);
        }
        self.part(layout.dropped, layout.entries).fill(0);
        self.part(layout.entries, layout.frames).fill(NONE);
        let memory_bytes = initial_memory_bytes(&header).min(layout.memory_bytes);
        self.set(word::PAGES, header.memory.map_or(0, |memory| memory.pages));
        self.set(word::MEMORY_BYTES, memory_bytes);
        let memory_end = layout
            .memory
            .saturating_add(memory_bytes.div_ceil(4) as usize);
        self.part(layout.memory, memory_end).fill(0);
        self.copy_elements()?;
        self.copy_data()
    }

    /// Returns the words of the block between two of the layout's places.
    fn part(&mut self, from: usize, to: usize) -> &mut [u32] {
        self.block.get_mut(from..to).unwrap_or(&mut [])
    }

    fn copy_elements(&mut self) -> Result<(), TrapKind> {
        let header = *self.image.header();
        for index in 0..usize::from(header.elements) {
            let bit = usize::from(header.data).saturating_add(index);
            let Some(segment) = self.image.element(index) else {
                break;
            };
            let (table, offset) = match segment.mode {
                SegmentMode::Active { table, offset } => (table, offset),
                SegmentMode::Declared => {
                    self.drop_segment(bit);
                    continue;
                }
                SegmentMode::Passive => continue,
            };
            let at = self
                .layout
                .tables
                .saturating_add(usize::from(table).saturating_mul(3));
            let entries = self.block_word(at.saturating_add(1)) as usize;
            let from = self.block_word(at) as usize;
            let table = self.part(from, from.saturating_add(entries));
            let (words, _) = segment.contents.as_chunks::<4>();
            let end = (offset as usize).saturating_add(words.len());
            let target = table
                .get_mut(offset as usize..end)
                .ok_or(TrapKind::TableOutOfBounds)?;
            for (entry, word) in target.iter_mut().zip(words) {
                *entry = u32::from_le_bytes(*word);
            }
            self.drop_segment(bit);
        }
        Ok(())
    }

    fn copy_data(&mut self) -> Result<(), TrapKind> {
        for index in 0..usize::from(self.image.header().data) {
            let Some(segment) = self.image.data(index) else {
                break;
            };
            if let SegmentMode::Active { offset, .. } = segment.mode {
                let end = (offset as usize).saturating_add(segment.contents.len());
                self.memory_mut()
                    .get_mut(offset as usize..end)
                    .ok_or(TrapKind::MemoryOutOfBounds)?
                    .copy_from_slice(segment.contents);
                self.drop_segment(index);
            }
        }
        Ok(())
    }

    fn drop_segment(&mut self, bit: usize) {
        let at = self.layout.dropped.saturating_add(bit / 32);
        if let Some(word) = self.block.get_mut(at) {
            *word |= 1 << (bit % 32);
        }
    }

    /// Returns the image.
    #[must_use]
    pub const fn image(&self) -> &Image<'a> {
        &self.image
    }

    /// Returns the bytes of the block that the instance takes, memory included.
    #[must_use]
    pub fn block_bytes(&self) -> usize {
        size_of_val(&*self.block)
    }

    /// Returns the value of an exported global.
    #[must_use]
    pub fn exported_global(&self, name: &str) -> Option<Value> {
        let export = self.image.exports().find(|export| export.name == name)?;
        let ExportKind::Global(value_type) = export.kind else {
            return None;
        };
        let value_type = crate::ValueType::from_byte(value_type)?;
        let at = self.layout.globals.checked_add(export.index as usize)?;
        let words = [self.block_word(at), self.block_word(at.checked_add(1)?)];
        Some(Value::from_words(value_type, words))
    }

    /// Returns the function that has this place in its code.
    fn function_at(&self, pc: u32) -> Option<(u32, FunctionRecord)> {
        let header = self.image.header();
        let mut low = usize::from(header.imports);
        let mut high = usize::from(header.functions);
        while high.checked_sub(low)? > 1 {
            let middle = low.midpoint(high);
            if self.image.function(middle)?.code <= pc {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some((u32::try_from(low).ok()?, self.image.function(low)?))
    }

    /// Returns a word of the state.
    #[inline(always)]
    fn get(&self, word: u32) -> u32 {
        self.state.get(word as usize).copied().unwrap_or(0)
    }

    /// Sets a word of the state.
    #[inline(always)]
    fn set(&mut self, word: u32, value: u32) {
        if let Some(place) = self.state.get_mut(word as usize) {
            *place = value;
        }
    }

    #[inline(always)]
    fn get_long(&self, word: u32) -> u64 {
        u64::from(self.get(word)) | u64::from(self.get(word.wrapping_add(1))) << 32
    }

    #[inline(always)]
    fn set_long(&mut self, word: u32, value: u64) {
        let [low, high] = Value::F64(value).to_words();
        self.set(word, low);
        self.set(word.wrapping_add(1), high);
    }

    /// Returns a word of the block that is not of the state.
    fn block_word(&self, at: usize) -> u32 {
        self.block.get(at).copied().unwrap_or(0)
    }

    fn type_of(&self, function: u32) -> Option<TypeRecord<'a>> {
        let record = self.image.function(usize::try_from(function).ok()?)?;
        self.image.function_type(usize::from(record.type_index))
    }

    /// Returns the words of the frames from that place on, as values of these types.
    ///
    /// # Errors
    ///
    /// Where they are not all there.
    fn values<'s>(&'s self, types: &'s [u8], frame: u32) -> Result<Values<'s>, Fault> {
        let words = types
            .iter()
            .filter_map(|&byte| crate::ValueType::from_byte(byte));
        let words: usize = words.map(crate::ValueType::words).sum();
        let start = self.layout.frames.saturating_add(frame as usize);
        let words = self
            .block
            .get(start..start.saturating_add(words))
            .ok_or(Fault::LogicBug)?;
        Values::new(types, words).ok_or(Fault::LogicBug)
    }

    /// Writes values of these types to the frames from that place on.
    ///
    /// # Errors
    ///
    /// Where they have other types, or no room.
    fn write_values(
        &mut self,
        types: &[u8],
        values: &[Value],
        frame: u32,
    ) -> Result<(), CallError> {
        if types.len() != values.len() {
            return Err(CallError::WrongValues);
        }
        let mut words = 0usize;
        for (&byte, value) in types.iter().zip(values) {
            let value_type = value.value_type();
            if value_type.byte() != byte {
                return Err(CallError::WrongValues);
            }
            words = words.saturating_add(value_type.words());
        }
        let start = self.layout.frames.saturating_add(frame as usize);
        let end = start.saturating_add(words);
        if end > self.layout.memory {
            return Err(CallError::OutOfMemory);
        }
        let mut places = self.part(start, end).iter_mut();
        for value in values {
            let words = value.to_words();
            let count = value.value_type().words();
            for (place, word) in places.by_ref().take(count).zip(words) {
                *place = word;
            }
        }
        Ok(())
    }

    /// Enters the function that was called from outside: fuel first, then the stack.
    fn enter(&mut self) -> Option<Exit> {
        let function = self.get(word::FUNCTION);
        let record = self.image.function(function as usize)?;
        let balance = self.get_long(word::BALANCE);
        let Some(rest) = balance.checked_sub(u64::from(record.fuel)) else {
            return Some(Exit::OutOfFuel(u64::from(record.fuel)));
        };
        self.set_long(word::BALANCE, rest);
        self.set(word::PC, record.code);
        self.set(word::FRAME, 0);
        self.set(word::ACC, 0);
        let frames = self.layout.frames;
        let link = frames.saturating_add(usize::from(record.link));
        if let Some(link) = self.block.get_mut(link) {
            *link = HALT;
        }
        let room = self.layout.memory.saturating_sub(1).saturating_sub(frames);
        if record.frame_words as usize > room {
            // No frame was made: the place is the function, and its caller is outside.
            return Some(Exit::Trapped(TrapKind::StackOverflow));
        }
        self.set(word::PHASE, phase::RUNNING);
        None
    }

    /// Runs the loop, from the state in the block and back to it.
    fn execute(&mut self) -> Exit {
        let mut context = raw::context(&self.image, self.state, self.block, &self.layout);
        #[cfg(feature = "float")]
        let unit = raw::prepare_float_unit();
        let exit = run(&mut context);
        #[cfg(feature = "float")]
        raw::restore_float_unit(unit);
        context.leave();
        exit
    }

    /// Ends a call: its results are in the first slots of its frame, or in the accumulator.
    fn finish(&mut self) {
        let results = self
            .type_of(self.get(word::FUNCTION))
            .map_or(&[][..], |it| it.results);
        if matches!(results, [0x7f | 0x7d | 0x70 | 0x6f]) {
            let acc = self.get(word::ACC);
            if let Some(first) = self.block.get_mut(self.layout.frames) {
                *first = acc;
            }
        }
    }
}

impl Engine for ImageEngine<'_> {
    fn import(&self, index: ImportIndex) -> Option<Import<'_>> {
        let import = self.image.import(usize::try_from(index.0).ok()?)?;
        let types = self.image.function_type(usize::from(import.type_index))?;
        Some(Import {
            module: import.module,
            name: import.name,
            signature: signature(types),
        })
    }

    fn exported_function(&self, name: &str) -> Option<FunctionIndex> {
        let export = self
            .image
            .exports()
            .find(|export| export.name == name && export.kind == ExportKind::Function)?;
        Some(FunctionIndex(export.index))
    }

    fn signature(&self, function: FunctionIndex) -> Option<Signature<'_>> {
        self.type_of(function.0).map(signature)
    }

    fn start_function(&self) -> Option<FunctionIndex> {
        self.image.header().start.map(FunctionIndex)
    }

    fn call(&mut self, function: FunctionIndex, arguments: &[Value]) -> Result<(), CallError> {
        if !matches!(self.get(word::PHASE), phase::IDLE | phase::TRAPPED) {
            return Err(CallError::WrongState);
        }
        let types = self.type_of(function.0).ok_or(CallError::NoSuchFunction)?;
        self.write_values(types.parameters, arguments, 0)?;
        let import = function.0 < u32::from(self.image.header().imports);
        self.set(word::FUNCTION, function.0);
        self.set(word::PROGRESS, 0);
        self.set(
            word::PHASE,
            if import {
                phase::CALLED_IMPORT
            } else {
                phase::CALLED
            },
        );
        Ok(())
    }

    fn run(&mut self, fuel: u64) -> Result<Step<'_>, Fault> {
        let phase = self.get(word::PHASE);
        if !matches!(
            phase,
            phase::CALLED | phase::RUNNING | phase::CALLED_IMPORT | phase::ANSWERED
        ) {
            return Err(Fault::NothingToRun);
        }
        let before = self.get_long(word::BALANCE);
        let balance = before.saturating_add(fuel);
        let given = self.get_long(word::GIVEN);
        self.set_long(word::BALANCE, balance);
        self.set_long(
            word::GIVEN,
            given.wrapping_add(balance.wrapping_sub(before)),
        );
        let early = match phase {
            phase::CALLED => self.enter(),
            phase::ANSWERED => Some(Exit::Halted),
            phase::CALLED_IMPORT => Some(Exit::HostCall {
                import: self.get(word::FUNCTION),
                base: 0,
            }),
            _ => None,
        };
        let exit = match early {
            Some(exit) => exit,
            None => self.execute(),
        };
        match exit {
            Exit::Halted => {
                if phase != phase::ANSWERED {
                    self.finish();
                }
                self.set(word::PHASE, phase::IDLE);
                let results = self
                    .type_of(self.get(word::FUNCTION))
                    .ok_or(Fault::LogicBug)?;
                Ok(Step::Returned(self.values(results.results, 0)?))
            }
            Exit::HostCall { import, base } => {
                let outside = phase == phase::CALLED_IMPORT;
                let frame = if outside { 0 } else { self.get(word::FRAME) };
                self.set(word::IMPORT, import);
                self.set(word::BASE, frame.wrapping_add(base));
                let waiting = if outside {
                    phase::WAITING_OUTSIDE
                } else {
                    phase::WAITING
                };
                self.set(word::PHASE, waiting);
                let types = self.type_of(import).ok_or(Fault::LogicBug)?;
                let arguments = self.values(types.parameters, frame.wrapping_add(base))?;
                Ok(Step::HostCall {
                    import: ImportIndex(import),
                    arguments,
                })
            }
            Exit::OutOfFuel(needed) => Ok(Step::OutOfFuel { needed }),
            Exit::Trapped(kind) => {
                self.set(word::PHASE, phase::TRAPPED);
                let place = self.backtrace().next();
                Ok(Step::Trapped(Trap { kind, place }))
            }
        }
    }

    fn resume(&mut self, results: &[Value]) -> Result<(), CallError> {
        let phase = self.get(word::PHASE);
        if !matches!(phase, phase::WAITING | phase::WAITING_OUTSIDE) {
            return Err(CallError::WrongState);
        }
        let types = self
            .type_of(self.get(word::IMPORT))
            .ok_or(CallError::WrongState)?;
        let base = self.get(word::BASE);
        self.write_values(types.results, results, base)?;
        if phase == phase::WAITING_OUTSIDE {
            self.set(word::PHASE, phase::ANSWERED);
            return Ok(());
        }
        let result = self.block_word(self.layout.frames.saturating_add(base as usize));
        self.set(word::ACC, result);
        let pc = self.get(word::PC);
        let code = self
            .image
            .code()
            .get(pc as usize..)
            .and_then(|code| code.first_chunk());
        let passed = match code.map(|code| u16::from_le_bytes(*code)) {
            Some(opcode::call_import) => const { length(opcode::call_import) },
            _ => const { length(opcode::call_indirect) },
        };
        self.set(
            word::PC,
            pc.saturating_add(u32::try_from(passed).unwrap_or(0)),
        );
        self.set(word::PHASE, phase::RUNNING);
        Ok(())
    }

    fn abandon(&mut self) {
        self.set(word::PHASE, phase::IDLE);
        self.set(word::PROGRESS, 0);
    }

    fn backtrace(&self) -> impl Iterator<Item = CodePlace> + '_
    where
        Self: Sized,
    {
        let standing = matches!(
            self.get(word::PHASE),
            phase::RUNNING | phase::WAITING | phase::TRAPPED
        );
        let mut next = standing.then(|| (self.get(word::PC), self.get(word::FRAME)));
        core::iter::from_fn(move || {
            let (code_offset, frame) = next?;
            let (function, record) = self.function_at(code_offset)?;
            let link = (frame as usize).checked_add(usize::from(record.link))?;
            let back = self.block_word(self.layout.frames.checked_add(link)?);
            next = (back != HALT).then(|| {
                // The call's last operand is where its frame begins.
                let call = back.saturating_sub(2);
                let base = self
                    .image
                    .code()
                    .get(call as usize..)
                    .and_then(|code| code.first_chunk());
                let base = base.map_or(0, |base| u16::from_le_bytes(*base));
                (call, frame.saturating_sub(u32::from(base)))
            });
            Some(CodePlace {
                function,
                code_offset,
            })
        })
    }

    fn memory(&self) -> &[u8] {
        let memory = raw::bytes_of(self.block.get(self.layout.memory..).unwrap_or(&[]));
        memory
            .get(..self.get(word::MEMORY_BYTES) as usize)
            .unwrap_or(&[])
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        let bytes = self.get(word::MEMORY_BYTES) as usize;
        let words = self.block.get_mut(self.layout.memory..).unwrap_or(&mut []);
        raw::bytes_of_mut(words).get_mut(..bytes).unwrap_or(&mut [])
    }

    fn fuel_left(&self) -> u64 {
        self.get_long(word::BALANCE)
    }

    fn fuel_used(&self) -> u64 {
        let left = self.get_long(word::BALANCE);
        self.get_long(word::GIVEN).wrapping_sub(left)
    }
}

const fn signature(types: TypeRecord<'_>) -> Signature<'_> {
    Signature {
        parameters: types.parameters,
        results: types.results,
    }
}
