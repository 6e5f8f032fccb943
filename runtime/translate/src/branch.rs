//! Control: blocks, branches, calls and returns.
//!
//! Structured control becomes labels and jumps here, so that a back end knows nothing of blocks.
//! What a branch takes along is moved to the slots where the target has it; where these are the
//! slots that the values have anyway, which is nearly always, there is nothing to move.
//!
//! Whether code is told (`live`) follows from the branches that are: the rest of a block after a
//! jump is not, and what follows a block is if its end or a branch to it is reached. That is finer
//! than the specification's notion of unreachable code, which only matters to types here.

use crate::backend::{Backend, Call, Operand, Results, Slot, Target};
use crate::body::Body;
use crate::control::{BlockType, Control, Kind};
use crate::entity::words;
use crate::{FunctionType, Label, Rule};
use mote_engine::ValueType::{self, FuncRef, I32};

impl<'a, B: Backend> Body<'a, '_, B> {
    /// Reads an instruction of control.
    pub(crate) fn control(&mut self, opcode: u8) -> Result<(), Rule> {
        match opcode {
            0x00 => {
                if self.operands.live {
                    self.backend.unreachable();
                }
                self.end_here()
            }
            0x02 => self.enter(Kind::Block),
            0x03 => self.enter(Kind::Loop),
            0x04 => self.enter(Kind::If),
            0x05 => self.otherwise(),
            0x0b => self.end(),
            0x0c => {
                let depth = self.reader.u32();
                self.leave(depth)
            }
            0x0d => self.branch_if(),
            0x0e => self.branch_table(),
            0x0f => self.leave(self.outermost()),
            0x10 => self.call(),
            _ => self.call_indirect(),
        }
    }

    /// Branches, and the rest of the block cannot be reached.
    #[inline(never)]
    fn leave(&mut self, depth: u32) -> Result<(), Rule> {
        let types = self.controls.label(depth)?.label_types(self.module);
        self.operands.check(types)?;
        if self.operands.live {
            self.jump(depth, types)?;
        }
        self.end_here()
    }

    /// The depth of the function's own label.
    fn outermost(&self) -> u32 {
        u32::try_from(self.controls.depth)
            .unwrap_or(u32::MAX)
            .wrapping_sub(1)
    }

    /// The rest of the block cannot be reached.
    #[inline(never)]
    fn end_here(&mut self) -> Result<(), Rule> {
        let top = self.controls.top()?;
        top.polymorphic = true;
        let (height, slot) = (top.height, top.slot);
        self.operands.truncate(height, slot);
        self.operands.polymorphic = true;
        self.operands.live = false;
        Ok(())
    }

    // --- Blocks.

    #[inline(never)]
    fn enter(&mut self, kind: Kind) -> Result<(), Rule> {
        let block_type = BlockType::read(&mut self.reader, self.module)?;
        let parameters = block_type.signature(self.module).parameters;
        let condition = if kind == Kind::If {
            Some(self.operands.pop(I32)?)
        } else {
            None
        };
        self.retake(parameters)?;
        self.settle_all()?;
        let live = self.operands.live;
        let mut control = Control {
            kind,
            entered: live,
            block_type,
            height: self.operands.height.wrapping_sub(length(parameters)),
            slot: self.operands.slot.wrapping_sub(words(parameters)),
            ..Control::EMPTY
        };
        if kind == Kind::Loop {
            self.loops = self.loops.wrapping_add(1);
            control.other = self.count;
            if live {
                self.backend.loop_head(&mut control.label, self.loops);
            }
        }
        if let Some(condition) = condition
            && live
        {
            let mut label = Label::NEW;
            let target = Target {
                label: &mut label,
                back: None,
            };
            let condition = self.place(condition);
            self.backend.branch_if(condition, true, target);
            control.other = label.0;
        }
        self.operands.floor = control.height;
        self.operands.polymorphic = false;
        self.controls.push(control)
    }

    /// Checks that the uppermost values have these types. Where types are unknown they are known
    /// afterwards.
    fn retake(&mut self, types: &[u8]) -> Result<(), Rule> {
        self.operands.check(types)?;
        if !self.operands.live {
            self.operands.pop_all(types)?;
            self.operands.push_all(types)?;
        }
        Ok(())
    }

    /// The end of a block's code, or of an `if`'s first part: its results are in their slots.
    fn close(&mut self, results: &[u8]) -> Result<(), Rule> {
        self.operands.check_exactly(results)?;
        if self.operands.live {
            self.settle_all()?;
        }
        Ok(())
    }

    #[inline(never)]
    fn otherwise(&mut self) -> Result<(), Rule> {
        let mut control = *self.controls.top()?;
        if control.kind != Kind::If {
            return Err(Rule::ElseUnexpected);
        }
        let signature = control.block_type.signature(self.module);
        self.close(signature.results)?;
        if self.operands.live {
            control.branched = true;
            let target = Target {
                label: &mut control.label,
                back: None,
            };
            self.backend.branch(target);
        }
        if control.entered {
            self.backend.bind(Label(control.other));
        }
        control.kind = Kind::Else;
        control.polymorphic = false;
        *self.controls.top()? = control;
        self.operands.truncate(control.height, control.slot);
        self.operands.polymorphic = false;
        self.operands.live = control.entered;
        self.operands.push_all(signature.parameters)
    }

    #[inline(never)]
    fn end(&mut self) -> Result<(), Rule> {
        let control = *self.controls.top()?;
        let signature = control.block_type.signature(self.module);
        if control.kind == Kind::Function {
            self.operands.check_exactly(signature.results)?;
            if self.operands.live {
                self.give_back(signature.results)?;
            }
            self.controls.pop()?;
            return Ok(());
        }
        self.close(signature.results)?;
        let mut live = self.operands.live;
        if control.kind == Kind::Loop {
            self.loops = self.loops.wrapping_sub(1);
        } else {
            if control.kind == Kind::If {
                if signature.parameters != signature.results {
                    return Err(Rule::TypeMismatch);
                }
                if control.entered {
                    live = true;
                    self.backend.bind(Label(control.other));
                }
            }
            if control.branched {
                live = true;
                self.backend.bind(control.label);
            }
        }
        self.controls.pop()?;
        let outer = *self.controls.top()?;
        self.operands.truncate(control.height, control.slot);
        self.operands.floor = outer.height;
        self.operands.polymorphic = outer.polymorphic;
        self.operands.live = live;
        self.operands.push_all(signature.results)?;
        self.operands.all_in_slots();
        Ok(())
    }

    // --- Branches, in code that can be reached.

    /// The slot of the first of the uppermost values, if these are their types.
    fn first_slot(&self, types: &[u8]) -> u32 {
        self.operands.slot.wrapping_sub(words(types))
    }

    /// Moves the uppermost values, of these types, to the slots that begin there.
    #[inline(never)]
    fn move_down(&mut self, types: &[u8], to: u32) -> Result<(), Rule> {
        let mut at = self.operands.height.wrapping_sub(length(types));
        let mut from = self.first_slot(types);
        let mut to = to;
        for &byte in types {
            let Some(value_type) = ValueType::from_byte(byte) else {
                continue;
            };
            let operand = self.operands.operand(at, from);
            if operand != Operand::Temporary(Slot(to)) {
                self.backend.move_value(value_type, operand, Slot(to));
            }
            at = at.wrapping_add(1);
            let size = if value_type.words() == 2 { 2 } else { 1 };
            from = from.wrapping_add(size);
            to = to.wrapping_add(size);
        }
        Ok(())
    }

    /// Returns the uppermost values, of these types.
    #[inline(never)]
    fn give_back(&mut self, types: &[u8]) -> Result<(), Rule> {
        let first = self.first_slot(types);
        let top = self.operands.height.wrapping_sub(1);
        let results = match types {
            [] => Results::None,
            &[byte] => match ValueType::from_byte(byte) {
                Some(value_type) => Results::One(value_type, self.operands.operand(top, first)),
                None => Results::None,
            },
            _ => {
                self.settle(self.operands.height.wrapping_sub(length(types)), None)?;
                Results::Many(Slot(first), words(types))
            }
        };
        self.backend.return_values(results);
        Ok(())
    }

    /// Moves what a branch takes along, and branches.
    #[inline(never)]
    fn jump(&mut self, depth: u32, types: &[u8]) -> Result<(), Rule> {
        let &mut Control { kind, slot, .. } = self.controls.label(depth)?;
        if kind == Kind::Function {
            return self.give_back(types);
        }
        self.move_down(types, slot)?;
        self.with_target(depth, |backend, target| backend.branch(target))
    }

    /// Lets the back end branch to a label.
    fn with_target(
        &mut self,
        depth: u32,
        branch: impl FnOnce(&mut B, Target<'_>),
    ) -> Result<(), Rule> {
        let count = self.count;
        let control = self.controls.label(depth)?;
        control.branched = true;
        let back = if control.kind == Kind::Loop {
            Some(count.wrapping_sub(control.other))
        } else {
            None
        };
        let target = Target {
            label: &mut control.label,
            back,
        };
        branch(self.backend, target);
        Ok(())
    }

    /// Whether a branch there is a jump and nothing else: no return, and no value moves. A table
    /// may not be able to jump back.
    fn is_plain(&mut self, depth: u32, types: &[u8], to_loops: bool) -> Result<bool, Rule> {
        let first = self.first_slot(types);
        let &mut Control { kind, slot, .. } = self.controls.label(depth)?;
        let stays = types.is_empty() || slot == first;
        Ok(stays && kind != Kind::Function && (to_loops || kind != Kind::Loop))
    }

    #[inline(never)]
    fn branch_if(&mut self) -> Result<(), Rule> {
        let depth = self.reader.u32();
        let types = self.controls.label(depth)?.label_types(self.module);
        let condition = self.operands.pop(I32)?;
        self.retake(types)?;
        if !self.operands.live {
            return Ok(());
        }
        let condition = self.place(condition);
        if self.is_plain(depth, types, true)? {
            self.settle(self.operands.height.wrapping_sub(length(types)), None)?;
            return self.with_target(depth, |backend, target| {
                backend.branch_if(condition, false, target)
            });
        }
        let mut around = Label::NEW;
        let target = Target {
            label: &mut around,
            back: None,
        };
        self.backend.branch_if(condition, true, target);
        self.jump(depth, types)?;
        self.backend.bind(around);
        Ok(())
    }

    #[inline(never)]
    fn branch_table(&mut self) -> Result<(), Rule> {
        let selector = self.operands.pop(I32)?;
        let count = self.reader.count();
        // The default's types decide: it is the last, so the entries are read more than once.
        let first = self.reader;
        for _ in 0..count {
            self.reader.u32();
        }
        let default = self.reader.u32();
        let types = self.controls.label(default)?.label_types(self.module);
        let after = self.reader;
        self.reader = first;
        for _ in 0..=count {
            let depth = self.reader.u32();
            let other = self.controls.label(depth)?.label_types(self.module);
            if other.len() != types.len() {
                return Err(Rule::TypeMismatch);
            }
            self.operands.check(other)?;
        }
        if self.operands.live {
            self.tell_table(self.place(selector), count, first, types)?;
        }
        self.reader = after;
        self.end_here()
    }

    /// Tells the table: its entries, then for those that are no plain jumps what they do, once for
    /// each run of entries with one target.
    #[inline(never)]
    fn tell_table(
        &mut self,
        selector: Operand,
        count: u32,
        first: crate::reader::Reader<'a>,
        types: &'a [u8],
    ) -> Result<(), Rule> {
        self.settle(self.operands.height.wrapping_sub(length(types)), None)?;
        let entries = count.wrapping_add(1);
        let table = self.backend.branch_table(selector, entries);
        let mut last = None;
        for binds in [false, true] {
            self.reader = first;
            for entry in 0..entries {
                let depth = self.reader.u32();
                let direct = self.is_plain(depth, types, B::TABLES_JUMP_BACK)?;
                if !binds && direct {
                    self.with_target(depth, |backend, target| backend.table_entry(Some(target)))?;
                } else if !binds {
                    self.backend.table_entry(None);
                } else if !direct {
                    if let Some(before) = last
                        && before != depth
                    {
                        self.jump(before, types)?;
                    }
                    self.backend.bind_entry(table, entry);
                    last = Some(depth);
                }
            }
        }
        match last {
            Some(before) => self.jump(before, types),
            None => Ok(()),
        }
    }

    // --- Calls.

    /// Pops the arguments, which are put in their slots, and pushes the results.
    #[inline(never)]
    fn arguments(&mut self, signature: FunctionType<'a>) -> Result<Call<'a>, Rule> {
        let parameters = signature.parameters;
        self.operands.check(parameters)?;
        if self.operands.live {
            self.settle(self.operands.height.wrapping_sub(length(parameters)), None)?;
        }
        self.operands.pop_all(parameters)?;
        let frame = Slot(self.operands.slot);
        self.operands.push_all(signature.results)?;
        Ok(Call { signature, frame })
    }

    #[inline(never)]
    fn call(&mut self) -> Result<(), Rule> {
        let function = self.reader.u32();
        let type_index = self
            .module
            .type_of_function(function)
            .ok_or(Rule::UnknownFunction)?;
        let signature = self
            .module
            .function_type(type_index)
            .ok_or(Rule::UnknownType)?;
        let call = self.arguments(signature)?;
        if !self.operands.live {
            return Ok(());
        }
        self.backend.call(function, &call);
        Ok(())
    }

    #[inline(never)]
    fn call_indirect(&mut self) -> Result<(), Rule> {
        let type_index = self.reader.u32();
        let (table, entry) = self.table_index()?;
        let signature = self
            .module
            .function_type(type_index)
            .ok_or(Rule::UnknownType)?;
        if entry != FuncRef {
            return Err(Rule::TypeMismatch);
        }
        let selector = self.operands.pop(I32)?;
        let call = self.arguments(signature)?;
        if !self.operands.live {
            return Ok(());
        }
        let selector = self.place(selector);
        self.backend
            .call_indirect(type_index, table, selector, &call);
        Ok(())
    }
}

/// A function has 1000 parameters or results at most.
fn length(types: &[u8]) -> u32 {
    u32::try_from(types.len()).unwrap_or(u32::MAX)
}
