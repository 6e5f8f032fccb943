//! What wasmi 2.0.0 gets wrong, and how modules are changed before it sees them.
//!
//! Its translator fuses a `select` with the comparison with 0 that its condition comes from (`i32.eqz`,
//! say), drops the comparison, and leaves a register as the condition that nothing writes any more:
//! `i32.const 1 local.get 0 local.get 0 i32.eqz select` gives 1 for 31. Found by `tests/differential.rs`
//! (2026-11). A condition that comes from a local is not fused: so it goes through one.
//!
//! It also loses a value of the operand stack now and then and takes what lies there, another thing on each
//! run (a few of ten thousand modules; a parameter that is read, then written in a loop): `differential.rs`
//! asks it twice. A longer run may still stop for that: look whether wasmi's answer stays the same.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, Function, Instruction, Module, ValType};
use wasmparser::{FunctionBody, Operator, Parser};

struct Conditions {
    /// The parameters of each function that has a body.
    parameters: Vec<u32>,
    at: usize,
}

impl Reencode for Conditions {
    type Error = core::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), reencode::Error<Self::Error>> {
        let mut locals = Vec::new();
        let mut count = self.parameters.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        for run in body.get_locals_reader()? {
            let (many, value_type) = run?;
            locals.push((many, self.val_type(value_type)?));
            count += many;
        }
        locals.push((1, ValType::I32));
        let mut function = Function::new(locals);
        for operator in body.get_operators_reader()? {
            let operator = operator?;
            if matches!(operator, Operator::Select | Operator::TypedSelect { .. }) {
                function.instruction(&Instruction::LocalSet(count));
                function.instruction(&Instruction::LocalGet(count));
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }
}

/// Returns the module as wasmi executes it rightly; nothing where it cannot be read.
#[must_use]
pub fn for_wasmi(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut conditions = Conditions {
        parameters: crate::counted::parameters(wasm)?,
        at: 0,
    };
    let mut module = Module::new();
    conditions
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .ok()?;
    Some(module.finish())
}
