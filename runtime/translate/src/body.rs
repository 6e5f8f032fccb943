//! A function's body: each instruction decoded, checked, counted and told, once.
//!
//! Values are here; memory and tables in `storage.rs`, blocks, branches and calls in `branch.rs`.
//! Each instruction pops its operands with their types and pushes its results. In code that can be
//! reached it then tells the back end, with the places that the operand stack had.

use crate::backend::{Backend, Function, FunctionEnd, Operand, Slot};
use crate::control::{BlockType, Control, Controls};
use crate::locals::Locals;
use crate::module::Module;
use crate::operands::{Entry, MAX_CODE, Operands};
use crate::reader::{Reader, value_type};
use crate::{NULL_REFERENCE, Operator, Rule};
use mote_engine::ValueType::{self, ExternRef, FuncRef, I32};

/// The translation of functions, one after the other.
pub(crate) struct Body<'a, 'b, B: Backend> {
    pub(crate) module: &'b Module<'a>,
    pub(crate) backend: &'b mut B,
    pub(crate) reader: Reader<'a>,
    pub(crate) controls: Controls<'b>,
    pub(crate) operands: Operands<'a, 'b>,
    pub(crate) locals: Locals<'b>,
    /// Instructions so far, but those that are free.
    pub(crate) count: u32,
    /// Loops that the code at hand is in.
    pub(crate) loops: u32,
    /// Where the instruction at hand begins.
    pub(crate) offset: u32,
    /// Where its operands are.
    pub(crate) places: [Operand; 3],
    /// Where its result goes.
    pub(crate) to: Slot,
}

/// An opcode that the instruction before it may look for.
const IF: u8 = 0x04;

impl<'a, 'b, B: Backend> Body<'a, 'b, B> {
    pub(crate) const fn new(
        module: &'b Module<'a>,
        backend: &'b mut B,
        controls: Controls<'b>,
        operands: Operands<'a, 'b>,
        locals: Locals<'b>,
    ) -> Self {
        let reader = Reader::new(module.wasm, 0);
        Self {
            module,
            backend,
            reader,
            controls,
            operands,
            locals,
            count: 0,
            loops: 0,
            offset: 0,
            places: [Operand::Constant(0); 3],
            to: Slot(0),
        }
    }

    /// Reads a function's body, which this part of the file is.
    #[inline(never)]
    pub(crate) fn read(&mut self, index: u32, reader: Reader<'a>) -> Result<(), Rule> {
        self.reader = reader;
        let offset = reader.offset();
        self.offset = offset;
        let type_index = self
            .module
            .type_of_function(index)
            .ok_or(Rule::UnknownFunction)?;
        let signature = self
            .module
            .function_type(type_index)
            .ok_or(Rule::UnknownType)?;
        let floats = self.module.options.floats;
        self.locals.clear();
        for &byte in signature.parameters {
            self.locals.add(1, value_type(byte, true)?)?;
        }
        let (parameters, parameter_words) = (self.locals.count, self.locals.words);
        for _ in 0..self.reader.count() {
            let count = self.reader.u32();
            self.locals.add(count, self.reader.value_type(floats))?;
        }
        self.reader.check()?;
        let code = self.reader.rest();
        if code.len() >= MAX_CODE {
            return Err(Rule::FunctionSize);
        }
        let local_words = self.locals.words;
        let slot = local_words.wrapping_add(B::LINK_WORDS);
        self.operands.clear(code, slot);
        self.controls.depth = 0;
        let block_type = BlockType::of_type(type_index);
        self.controls.push(Control {
            block_type,
            slot,
            ..Control::EMPTY
        })?;
        (self.count, self.loops) = (0, 0);
        let operands = Slot(slot);
        let function = Function {
            index,
            type_index,
            signature,
            parameter_words,
            local_words,
            operands,
            offset,
            code,
        };
        self.backend.function(&function);
        self.check()?;
        self.null_references(parameters)?;
        while self.controls.depth > 0 {
            let done = self.instruction();
            // What could not be read is why anything else is wrong.
            self.reader.check()?;
            done?;
            self.check()?;
        }
        self.offset = self.reader.offset();
        if !self.reader.is_empty() {
            return Err(Rule::SectionSize);
        }
        let operand_words = self.operands.greatest.wrapping_sub(slot);
        let end = FunctionEnd {
            fuel: self.count,
            operand_words,
            frame_words: local_words.wrapping_add(operand_words),
            offset: self.offset,
        };
        self.backend.function_end(end);
        self.check()
    }

    /// Passes on what the back end says: what it is, is asked in the end.
    pub(crate) fn check(&self) -> Result<(), Rule> {
        self.backend.check().map_err(|_| Rule::Backend)
    }

    /// Locals that are references begin as null.
    #[inline(never)]
    fn null_references(&mut self, parameters: u32) -> Result<(), Rule> {
        let mut local = parameters;
        while let Some((at, value_type, slot)) = self.locals.next_reference(local) {
            let null = Operand::Constant(NULL_REFERENCE.into());
            self.backend.move_value(value_type, null, slot);
            local = at.wrapping_add(1);
        }
        Ok(())
    }

    #[inline(never)]
    fn instruction(&mut self) -> Result<(), Rule> {
        self.offset = self.reader.offset();
        let code = self.reader.rest();
        let opcode = self.reader.byte();
        self.reader.check()?;
        if !matches!(opcode, 0x02 | 0x03 | 0x05 | 0x0b) {
            self.count = self.count.wrapping_add(1);
        }
        if self.operands.live {
            self.backend.at(self.offset, code);
        }
        if self.operands.is_too_lazy() {
            self.settle_all()?;
        }
        match opcode {
            0x01 => Ok(()),
            0x00 | 0x02..=0x05 | 0x0b..=0x11 => self.control(opcode),
            0x1a => {
                let a = self.operands.pop_any()?;
                match a.value_type() {
                    Some(value_type) if self.operands.live => {
                        let a = self.place(a);
                        self.backend.drop_value(value_type, a);
                        Ok(())
                    }
                    _ => Ok(()),
                }
            }
            0x1b | 0x1c => self.select(opcode == 0x1c),
            0x20..=0x22 => self.local(opcode),
            0x23..=0x24 => self.global(opcode == 0x24),
            0x25..=0x26 => self.table(opcode == 0x26),
            0x28..=0x3e => self.access(opcode),
            0x3f..=0x40 => self.memory(opcode == 0x40),
            0x41..=0x44 => self.number(opcode),
            0x45..=0xc4 => self.numeric(Operator::from_opcode(opcode)),
            0xd0..=0xd2 => self.reference(opcode),
            0xfc => self.prefixed(),
            _ => Err(refused(opcode, self.reader)),
        }
    }

    // --- Places.

    /// Pops operands of these types, the last one first, and gives the result its place. Tells
    /// whether the instruction can be reached: then `places` and `to` say what is to be told.
    pub(crate) fn take(
        &mut self,
        types: &[ValueType],
        result: Option<ValueType>,
    ) -> Result<bool, Rule> {
        let mut entries = [Entry::EMPTY; 3];
        for (&value_type, entry) in types.iter().zip(&mut entries).rev() {
            *entry = self.operands.pop(value_type)?;
        }
        if !self.operands.live {
            if result.is_some() {
                self.operands.push(result)?;
            }
            return Ok(false);
        }
        for (&entry, place) in entries.iter().zip(&mut self.places) {
            *place = entry.operand(self.operands.code);
        }
        if let Some(value_type) = result {
            if value_type == I32 && self.reader.peek() == Some(IF) {
                // The `if` would do it, but then moves would part it from what it tests.
                self.settle_all()?;
            }
            self.to = self.result(value_type)?;
        }
        Ok(true)
    }

    /// Where a popped value is.
    pub(crate) fn place(&self, entry: Entry) -> Operand {
        entry.operand(self.operands.code)
    }

    /// The place of a result: the local that the next instruction puts it in, or its slot.
    #[inline(never)]
    fn result(&mut self, value_type: ValueType) -> Result<Slot, Rule> {
        if self.operands.live
            && let Some(0x21 | 0x22) = self.reader.peek()
        {
            let mut ahead = self.reader;
            ahead.byte();
            if let Some((local_type, local)) = self.locals.get(ahead.u32())
                && local_type == value_type
            {
                self.keep_reads(local)?;
                self.operands.push_local(value_type, local)?;
                return Ok(local);
            }
        }
        self.operands.push(Some(value_type))
    }

    /// Moves the values from an entry on to their slots if they are lazy, and only those that read
    /// a local if one is given.
    pub(crate) fn settle(&mut self, from: u32, local: Option<Slot>) -> Result<(), Rule> {
        let mut at = self.operands.height;
        let mut slot = self.operands.slot;
        let from = from.max(self.operands.lazy());
        while at > from {
            at = at.wrapping_sub(1);
            let entry = self.operands.entry(at);
            slot = slot.wrapping_sub(entry.words());
            if !entry.is_lazy() || local.is_some_and(|local| !entry.reads(local)) {
                continue;
            }
            if let Some(value_type) = entry.value_type()
                && self.operands.live
            {
                let operand = self.operands.operand(at, slot);
                self.backend.move_value(value_type, operand, Slot(slot));
            }
            self.operands.put_in_slot(at);
        }
        Ok(())
    }

    /// Moves all lazy values to their slots.
    #[inline(never)]
    pub(crate) fn settle_all(&mut self) -> Result<(), Rule> {
        self.settle(0, None)?;
        self.operands.all_in_slots();
        Ok(())
    }

    /// Moves lazy values that read a local to their slots: it is about to be written.
    fn keep_reads(&mut self, local: Slot) -> Result<(), Rule> {
        self.settle(0, Some(local))
    }

    // --- Values.

    #[inline(never)]
    fn number(&mut self, opcode: u8) -> Result<(), Rule> {
        let value_type = value_type(0xc0_u8.wrapping_sub(opcode), self.module.options.floats)?;
        let at = self.code_offset();
        match opcode {
            0x41 => u64::from(self.reader.i32()),
            0x42 => self.reader.i64(),
            0x43 => self.reader.bits(4),
            _ => self.reader.bits(8),
        };
        self.operands.push_constant(value_type, at)
    }

    /// Where the instruction at hand is in the code, declarations excluded.
    fn code_offset(&self) -> u32 {
        let end = self
            .reader
            .position()
            .wrapping_add(self.reader.rest().len());
        let begin = end.wrapping_sub(self.operands.code.len());
        self.offset.wrapping_sub(u32::try_from(begin).unwrap_or(0))
    }

    #[inline(never)]
    fn local(&mut self, opcode: u8) -> Result<(), Rule> {
        let local = self.reader.u32();
        let (value_type, slot) = self.locals.get(local).ok_or(Rule::UnknownLocal)?;
        if opcode == 0x20 {
            return self.operands.push_local(value_type, slot);
        }
        let a = self.operands.pop(value_type)?;
        if self.operands.live && !a.reads(slot) {
            self.keep_reads(slot)?;
            let a = self.place(a);
            self.backend.move_value(value_type, a, slot);
        }
        if opcode == 0x22 {
            self.operands.push_local(value_type, slot)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn global(&mut self, set: bool) -> Result<(), Rule> {
        let global = self.reader.u32();
        let place = self.module.global_place(global);
        let (value_type, mutable, word) = place.ok_or(Rule::UnknownGlobal)?;
        if set {
            if !mutable {
                return Err(Rule::ImmutableGlobal);
            }
            if self.take(&[value_type], None)? {
                let [a, ..] = self.places;
                self.backend.global_set(value_type, word, a);
                return Ok(());
            }
        } else if self.take(&[], Some(value_type))? {
            self.backend.global_get(value_type, word, self.to);
        }
        Ok(())
    }

    #[inline(never)]
    pub(crate) fn numeric(&mut self, operator: Option<Operator>) -> Result<(), Rule> {
        let operator = operator.ok_or(Rule::IllegalOpcode)?;
        let (operand, result) = (operator.operand(), operator.result());
        if !self.module.options.floats && (is_float(operand) || is_float(result)) {
            return Err(Rule::Floats);
        }
        if B::WORDS_ARE_UNTYPED && operator.is_retyping() && self.operands.live {
            self.operands.pop(operand)?;
            return self.operands.retype(result);
        }
        let types: &[ValueType] = if operator.is_binary() {
            &[operand; 2]
        } else {
            &[operand]
        };
        if self.take(types, Some(result))? {
            return self.tell_operator(operator);
        }
        Ok(())
    }

    /// Tells an operator whose operands are taken.
    fn tell_operator(&mut self, operator: Operator) -> Result<(), Rule> {
        let [a, b, ..] = self.places;
        if operator.is_binary() {
            self.backend.binary(operator, a, b, self.to)
        } else {
            self.backend.unary(operator, a, self.to)
        };
        Ok(())
    }

    #[inline(never)]
    fn select(&mut self, typed: bool) -> Result<(), Rule> {
        let value_type = if typed {
            if self.reader.u32() != 1 {
                return Err(Rule::ResultArity);
            }
            Some(self.reader.value_type(self.module.options.floats))
        } else {
            let value_type = self.operands.peek_type(1).or(self.operands.peek_type(2));
            if matches!(value_type, Some(FuncRef | ExternRef)) {
                return Err(Rule::TypeMismatch);
            }
            value_type
        };
        // Where nothing is known of either, this cannot be reached, and any type will do.
        let known = value_type.unwrap_or(I32);
        if self.take(&[known, known, I32], value_type)? {
            let [a, b, condition] = self.places;
            self.backend.select(known, [a, b], condition, self.to);
            return Ok(());
        }
        if value_type.is_none() {
            self.operands.push(None)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn reference(&mut self, opcode: u8) -> Result<(), Rule> {
        let at = self.code_offset();
        let value_type = match opcode {
            0xd0 => self.reader.reference_type(),
            0xd1 => {
                let value_type = match self.operands.peek_type(0) {
                    Some(value_type @ (FuncRef | ExternRef)) => value_type,
                    _ => FuncRef,
                };
                if self.take(&[value_type], Some(I32))? {
                    return self.tell_operator(Operator::REF_IS_NULL);
                }
                return Ok(());
            }
            _ => {
                let function = self.reader.u32();
                if function >= self.module.function_count() {
                    return Err(Rule::UnknownFunction);
                }
                if !self.module.is_declared(function) {
                    return Err(Rule::UndeclaredReference);
                }
                if self.operands.live {
                    self.backend.function_referenced(function);
                }
                FuncRef
            }
        };
        self.operands.push_constant(value_type, at)
    }
}

pub(crate) const fn is_float(value_type: ValueType) -> bool {
    matches!(value_type, ValueType::F32 | ValueType::F64)
}

/// The proposal that has an opcode, or that it is none. The reader is behind it.
fn refused(opcode: u8, mut reader: Reader<'_>) -> Rule {
    match opcode {
        0x06..=0x0a | 0x18 | 0x19 | 0x1f => Rule::Exceptions,
        0x12..=0x13 => Rule::TailCalls,
        0x14..=0x15 | 0xd4..=0xd6 => Rule::FunctionReferences,
        0xd3 | 0xfb => Rule::GarbageCollection,
        0xe0..=0xe6 => Rule::StackSwitching,
        0xfd => match reader.u32() {
            0x100..=0x1ff => Rule::RelaxedSimd,
            _ => Rule::Simd,
        },
        0xfe => Rule::Threads,
        _ => Rule::IllegalOpcode,
    }
}
