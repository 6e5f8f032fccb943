//! What a module imports, and what of it a host can serve.
//!
//! Instances share no state, so of what a module may import there are functions, which the host
//! answers, and globals that cannot be written: those are constants, and the host writes them into
//! the module before it is translated. A linker's job, and so not in the engine.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ConstExpr, GlobalSection, ImportSection, Instruction, Module, SectionId};
use wasmparser::{Operator, Parser, Payload, TypeRef, ValType};

/// What a module wants from outside, in the order of its imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A function of this type: parameters and results.
    Function(Vec<ValType>, Vec<ValType>),
    /// A global that is not written.
    Constant(ValType),
    /// A global that is written.
    MutableGlobal,
    /// A memory.
    Memory,
    /// A table.
    Table,
    /// What belongs to a proposal.
    Other,
}

impl Wants {
    /// Reads the imports of a module: module, name, and what; nothing where it cannot be read.
    #[must_use]
    pub fn of(wasm: &[u8]) -> Option<Vec<(String, String, Self)>> {
        let mut types = Vec::new();
        let mut wants = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.ok()? {
                Payload::TypeSection(section) => {
                    for function in section.into_iter_err_on_gc_types() {
                        let function = function.ok()?;
                        types.push((function.params().to_vec(), function.results().to_vec()));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.ok()?;
                        let want = match import.ty {
                            TypeRef::Func(index) => {
                                let (parameters, results) = types.get(index as usize)?.clone();
                                Self::Function(parameters, results)
                            }
                            TypeRef::Global(global) if global.mutable => Self::MutableGlobal,
                            TypeRef::Global(global) => Self::Constant(global.content_type),
                            TypeRef::Memory(_) => Self::Memory,
                            TypeRef::Table(_) => Self::Table,
                            TypeRef::FuncExact(_) | TypeRef::Tag(_) => Self::Other,
                        };
                        wants.push((import.module.to_owned(), import.name.to_owned(), want));
                    }
                }
                _ => {}
            }
        }
        Some(wants)
    }
}

/// The value of an imported global.
#[derive(Clone, Copy, Debug)]
pub enum Constant {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a single.
    F32(u32),
    /// The bits of a double.
    F64(u64),
}

impl Constant {
    fn instruction(self) -> Instruction<'static> {
        match self {
            Self::I32(value) => Instruction::I32Const(value),
            Self::I64(value) => Instruction::I64Const(value),
            Self::F32(bits) => Instruction::F32Const(wasm_encoder::Ieee32::new(bits)),
            Self::F64(bits) => Instruction::F64Const(wasm_encoder::Ieee64::new(bits)),
        }
    }

    const fn value_type(self) -> wasm_encoder::ValType {
        match self {
            Self::I32(_) => wasm_encoder::ValType::I32,
            Self::I64(_) => wasm_encoder::ValType::I64,
            Self::F32(_) => wasm_encoder::ValType::F32,
            Self::F64(_) => wasm_encoder::ValType::F64,
        }
    }
}

struct Constants<'c> {
    values: &'c [Constant],
    done: bool,
}

type Done<T> = Result<T, reencode::Error<core::convert::Infallible>>;

impl Constants<'_> {
    fn write(&mut self, globals: &mut GlobalSection) {
        self.done = true;
        for value in self.values {
            let global_type = wasm_encoder::GlobalType {
                val_type: value.value_type(),
                mutable: false,
                shared: false,
            };
            globals.global(global_type, &ConstExpr::extended([value.instruction()]));
        }
    }
}

impl Reencode for Constants<'_> {
    type Error = core::convert::Infallible;

    fn const_expr(&mut self, expression: wasmparser::ConstExpr<'_>) -> Done<ConstExpr> {
        let mut instructions = Vec::new();
        for operator in expression.get_operators_reader() {
            let operator = operator?;
            match operator {
                Operator::End => {}
                Operator::GlobalGet { global_index } => {
                    let value = self.values.get(global_index as usize);
                    let constant = value.map(|value| value.instruction());
                    instructions.push(constant.unwrap_or(Instruction::GlobalGet(global_index)));
                }
                other => instructions.push(self.instruction(other)?),
            }
        }
        Ok(ConstExpr::extended(instructions))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Done<()> {
        for import in section.into_imports() {
            let import = import?;
            if !matches!(import.ty, TypeRef::Global(_)) {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: wasmparser::GlobalSectionReader<'_>,
    ) -> Done<()> {
        self.write(globals);
        for global in section {
            self.parse_global(globals, global?)?;
        }
        Ok(())
    }

    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        _after: Option<SectionId>,
        before: Option<SectionId>,
    ) -> Done<()> {
        let is_past = match before {
            None => true,
            Some(id) => matches!(
                id,
                SectionId::Export
                    | SectionId::Start
                    | SectionId::Element
                    | SectionId::DataCount
                    | SectionId::Code
                    | SectionId::Data
            ),
        };
        if is_past && !self.done {
            let mut globals = GlobalSection::new();
            self.write(&mut globals);
            module.section(&globals);
        }
        Ok(())
    }
}

/// Returns the module with its imported globals as constants of its own; nothing where it cannot be
/// written. Indices stay as they are: imported globals come first.
#[must_use]
pub fn with_constants(wasm: &[u8], values: &[Constant]) -> Option<Vec<u8>> {
    if values.is_empty() {
        return Some(wasm.to_vec());
    }
    let mut constants = Constants {
        values,
        done: false,
    };
    let mut module = Module::new();
    constants
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .ok()?;
    Some(module.finish())
}
