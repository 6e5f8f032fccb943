//! How much stack the deepest chain of calls takes, from the code that was just written.

use mote_image::{FunctionRecord, Instruction, NONE, opcode};

/// How often the code is walked before a chain that still grows is said to have no end. No chain
/// that is longer than that was seen (2026-11); such a one would be called unbounded.
const PASSES: usize = 64;

/// Works out, for each function, how many words its frame and all further ones take. `code` is
/// all code; the functions' records are in the order of their code. [`NONE`]: no bound.
pub(crate) fn stack_words(code: &[u8], functions: &[FunctionRecord], needs: &mut [u32]) {
    for (need, function) in needs.iter_mut().zip(functions) {
        *need = if function.code == NONE {
            0
        } else {
            function.frame_words
        };
    }
    for pass in 0..PASSES.saturating_mul(2) {
        let mut changed = false;
        for (index, function) in functions.iter().enumerate() {
            if function.code == NONE {
                continue;
            }
            let start = function.code as usize;
            let next = functions.get(index.saturating_add(1));
            let end = next.map_or(code.len(), |next| next.code as usize);
            let mut need = needs.get(index).copied().unwrap_or(NONE);
            let before = need;
            let mut rest = code.get(start..end).unwrap_or(&[]);
            while let Some(instruction) = Instruction::decode(rest) {
                let below = call(&instruction, functions, needs);
                need = need.max(below);
                rest = rest.get(instruction.length()..).unwrap_or(&[]);
            }
            if need != before {
                changed = true;
                let need = if pass >= PASSES { NONE } else { need };
                if let Some(place) = needs.get_mut(index) {
                    *place = need;
                }
            }
        }
        if !changed {
            return;
        }
    }
}

/// Returns the words that an instruction's callee needs, from the caller's frame on.
fn call(instruction: &Instruction<'_>, functions: &[FunctionRecord], needs: &[u32]) -> u32 {
    let operand = |index| u32::try_from(instruction.operand(index)).unwrap_or(NONE);
    match instruction.opcode {
        opcode::call => {
            let need = needs.get(operand(0) as usize).copied().unwrap_or(NONE);
            operand(1).saturating_add(need)
        }
        opcode::call_indirect => {
            let same = functions
                .iter()
                .zip(needs)
                .filter(|(function, _)| u32::from(function.type_index) == operand(2));
            let need = same.map(|(_, &need)| need).max().unwrap_or(0);
            operand(3).saturating_add(need)
        }
        _ => 0,
    }
}
