//! A slow counter of fuel, that works it out from the WebAssembly alone.
//!
//! It knows nothing of Mote's translator: `wasmparser` reads the module, and out comes the same
//! module with counters in it, which any engine can run. It counts by the definition, one
//! instruction after the other:
//!
//! - `mote:charged` what was charged: the number of a function's instructions where it is entered, that
//!   of a loop up to and with the jump where a jump back is taken, and for bulk operations and growth
//!   1 for every 4 bytes or for a table's entry, once they are done;
//! - `mote:executed` the instructions that were executed; `block`, `loop`, `else` and `end` are none;
//! - `mote:credit` whether at any instruction more had been executed than charged.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection,
    GlobalType, Instruction, Module, SectionId, ValType,
};
use wasmparser::{FunctionBody, Operator, Parser, Payload, TypeRef};

/// The exported counter of what was charged, an `i64`.
pub const CHARGED: &str = "mote:charged";
/// The exported counter of executed instructions, an `i64`.
pub const EXECUTED: &str = "mote:executed";
/// The exported mark, an `i32`: 1 once more was executed than charged.
pub const CREDIT: &str = "mote:credit";

type Done<T> = Result<T, reencode::Error<core::convert::Infallible>>;

struct Counters {
    /// The parameters of each function that has a body.
    parameters: Vec<u32>,
    /// The function at hand.
    at: usize,
    /// The index of the first counter.
    globals: u32,
    /// log2 of a page's bytes.
    page_log2: u32,
    has_globals: bool,
    has_exports: bool,
}

/// Returns the module with counters; nothing where it cannot be read.
#[must_use]
pub fn counted(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut counters = Counters {
        parameters: parameters(wasm)?,
        at: 0,
        globals: 0,
        page_log2: 16,
        has_globals: false,
        has_exports: false,
    };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    if matches!(import.ok()?.ty, TypeRef::Global(_)) {
                        counters.globals += 1;
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    counters.page_log2 = memory.ok()?.page_size_log2.unwrap_or(16);
                }
            }
            Payload::GlobalSection(section) => counters.globals += section.count(),
            _ => {}
        }
    }
    let mut module = Module::new();
    counters
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .ok()?;
    Some(module.finish())
}

/// Reads how many parameters each function has that has a body.
pub(crate) fn parameters(wasm: &[u8]) -> Option<Vec<u32>> {
    let (mut types, mut parameters) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.ok()? {
            Payload::TypeSection(section) => {
                for function in section.into_iter_err_on_gc_types() {
                    types.push(u32::try_from(function.ok()?.params().len()).ok()?);
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    parameters.push(*types.get(index.ok()? as usize)?);
                }
            }
            _ => {}
        }
    }
    Some(parameters)
}

fn is_free(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::End
    )
}

/// A block: for a loop the number of instructions before it.
#[derive(Clone, Copy)]
struct Block {
    is_loop: bool,
    before: i64,
}

/// The code of a function, with counters.
struct Writer {
    function: Function,
    charged: u32,
    executed: u32,
    credit: u32,
    /// A local for a count or a condition, and one for a result.
    kept: u32,
    result: u32,
    blocks: Vec<Block>,
    count: i64,
}

impl Writer {
    fn put(&mut self, instructions: &[Instruction<'_>]) {
        for instruction in instructions {
            self.function.instruction(instruction);
        }
    }

    /// Adds the `i64` on the stack to a counter.
    fn add(&mut self, counter: u32) {
        self.put(&[
            Instruction::GlobalGet(counter),
            Instruction::I64Add,
            Instruction::GlobalSet(counter),
        ]);
    }

    fn step(&mut self) {
        self.count += 1;
        self.put(&[Instruction::I64Const(1)]);
        self.add(self.executed);
        self.put(&[
            Instruction::GlobalGet(self.executed),
            Instruction::GlobalGet(self.charged),
            Instruction::I64GtU,
            Instruction::GlobalGet(self.credit),
            Instruction::I32Or,
            Instruction::GlobalSet(self.credit),
        ]);
    }

    /// What a jump to this label is charged; nothing where it is no jump back.
    fn back(&self, depth: u32) -> Option<i64> {
        let at = self
            .blocks
            .len()
            .checked_sub(1)?
            .checked_sub(depth as usize)?;
        let block = self.blocks.get(at)?;
        block.is_loop.then(|| self.count - block.before)
    }

    /// Charges so much where the `i32` on the stack is not 0.
    fn charge_if(&mut self, units: i64) {
        self.put(&[
            Instruction::If(BlockType::Empty),
            Instruction::I64Const(units),
        ]);
        self.add(self.charged);
        self.put(&[Instruction::End]);
    }

    /// Charges for the units of an operation that is done: `(kept << shift) + 3 >> 2`, or `kept`.
    fn charge_kept(&mut self, bytes_log2: Option<u32>) {
        self.put(&[Instruction::LocalGet(self.kept), Instruction::I64ExtendI32U]);
        if let Some(shift) = bytes_log2 {
            self.put(&[
                Instruction::I64Const(i64::from(shift)),
                Instruction::I64Shl,
                Instruction::I64Const(3),
                Instruction::I64Add,
                Instruction::I64Const(2),
                Instruction::I64ShrU,
            ]);
        }
        self.add(self.charged);
    }

    /// Writes an instruction, and what counts it.
    fn write(
        &mut self,
        operator: &Operator<'_>,
        instruction: &Instruction<'_>,
        page_log2: u32,
    ) -> Done<()> {
        if !is_free(operator) {
            self.step();
        }
        match operator {
            Operator::Block { .. } | Operator::If { .. } => self.blocks.push(Block {
                is_loop: false,
                before: 0,
            }),
            Operator::Loop { .. } => self.blocks.push(Block {
                is_loop: true,
                before: self.count,
            }),
            Operator::End => _ = self.blocks.pop(),
            Operator::Br { relative_depth } => {
                if let Some(units) = self.back(*relative_depth) {
                    self.put(&[Instruction::I32Const(1)]);
                    self.charge_if(units);
                }
            }
            Operator::BrIf { relative_depth } => {
                if let Some(units) = self.back(*relative_depth) {
                    self.put(&[
                        Instruction::LocalTee(self.kept),
                        Instruction::LocalGet(self.kept),
                    ]);
                    self.charge_if(units);
                }
            }
            Operator::BrTable { targets } => {
                self.put(&[Instruction::LocalSet(self.kept)]);
                for (entry, target) in (0..).zip(targets.targets()) {
                    if let Some(units) = self.back(target?) {
                        self.put(&[
                            Instruction::LocalGet(self.kept),
                            Instruction::I32Const(entry),
                            Instruction::I32Eq,
                        ]);
                        self.charge_if(units);
                    }
                }
                if let Some(units) = self.back(targets.default()) {
                    self.put(&[
                        Instruction::LocalGet(self.kept),
                        Instruction::I32Const(targets.len().cast_signed()),
                        Instruction::I32GeU,
                    ]);
                    self.charge_if(units);
                }
                self.put(&[Instruction::LocalGet(self.kept)]);
            }
            Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::MemoryInit { .. } => {
                self.put(&[Instruction::LocalTee(self.kept), instruction.clone()]);
                self.charge_kept(Some(0));
                return Ok(());
            }
            Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::TableInit { .. } => {
                self.put(&[Instruction::LocalTee(self.kept), instruction.clone()]);
                self.charge_kept(None);
                return Ok(());
            }
            Operator::MemoryGrow { .. } | Operator::TableGrow { .. } => {
                let is_memory = matches!(operator, Operator::MemoryGrow { .. });
                self.put(&[
                    Instruction::LocalTee(self.kept),
                    instruction.clone(),
                    Instruction::LocalTee(self.result),
                    Instruction::LocalGet(self.result),
                    Instruction::I32Const(-1),
                    Instruction::I32Ne,
                    Instruction::If(BlockType::Empty),
                ]);
                self.charge_kept(is_memory.then_some(page_log2));
                self.put(&[Instruction::End]);
                return Ok(());
            }
            _ => {}
        }
        self.put(std::slice::from_ref(instruction));
        Ok(())
    }
}

impl Counters {
    fn write_globals(&mut self, globals: &mut GlobalSection) {
        self.has_globals = true;
        for (val_type, value) in [
            (ValType::I64, ConstExpr::i64_const(0)),
            (ValType::I64, ConstExpr::i64_const(0)),
            (ValType::I32, ConstExpr::i32_const(0)),
        ] {
            let global_type = GlobalType {
                val_type,
                mutable: true,
                shared: false,
            };
            globals.global(global_type, &value);
        }
    }

    fn write_exports(&mut self, exports: &mut ExportSection) {
        self.has_exports = true;
        for (name, index) in [CHARGED, EXECUTED, CREDIT].into_iter().zip(self.globals..) {
            exports.export(name, ExportKind::Global, index);
        }
    }
}

impl Reencode for Counters {
    type Error = core::convert::Infallible;

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Done<()> {
        for global in section {
            self.parse_global(globals, global?)?;
        }
        self.write_globals(globals);
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader<'_>,
    ) -> Done<()> {
        for export in section {
            self.parse_export(exports, export?)?;
        }
        self.write_exports(exports);
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Done<()> {
        let place = |id| match id {
            SectionId::Export => 1,
            SectionId::Start
            | SectionId::Element
            | SectionId::DataCount
            | SectionId::Code
            | SectionId::Data => 2,
            _ => 0,
        };
        let place = before.map_or(2, place);
        if place >= 1 && !self.has_globals {
            let mut globals = GlobalSection::new();
            self.write_globals(&mut globals);
            module.section(&globals);
        }
        if place >= 2 && !self.has_exports {
            let mut exports = ExportSection::new();
            self.write_exports(&mut exports);
            module.section(&exports);
        }
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Done<()> {
        let mut locals = Vec::new();
        let mut count = self.parameters.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        for run in body.get_locals_reader()? {
            let (many, value_type) = run?;
            locals.push((many, self.val_type(value_type)?));
            count += many;
        }
        locals.push((2, ValType::I32));
        let mut writer = Writer {
            function: Function::new(locals),
            charged: self.globals,
            executed: self.globals + 1,
            credit: self.globals + 2,
            kept: count,
            result: count + 1,
            blocks: vec![Block {
                is_loop: false,
                before: 0,
            }],
            count: 0,
        };
        let mut entry = 0;
        for operator in body.get_operators_reader()? {
            entry += i64::from(!is_free(&operator?));
        }
        writer.put(&[Instruction::I64Const(entry)]);
        writer.add(writer.charged);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            let instruction = self.instruction(operator.clone())?;
            writer.write(&operator, &instruction, self.page_log2)?;
        }
        code.function(&writer.function);
        Ok(())
    }
}
