//! How much stack the deepest chain of calls takes, from the code that was just written.

use mote_image::{FunctionRecord, Instruction, NONE, opcode};

/// How often the code is walked before chains that are not known to end are said to have no bound.
/// Functions are walked upwards and downwards in turn, so this is how often the deepest chain may
/// turn from functions that come later in the file to ones that come earlier; it bounds the time
/// that a module can make this take.
const PASSES: usize = 64;

/// A need that is not known, or has no bound.
const UNKNOWN: u32 = NONE >> 1;

/// The functions' records, in the order of their code.
pub(crate) struct Records<'f> {
    pub(crate) count: usize,
    pub(crate) of: &'f dyn Fn(usize) -> Option<FunctionRecord>,
}

/// Words, wherever there is room for bytes.
pub(crate) type Needs = [[u8; 4]];

fn get(needs: &Needs, index: usize) -> u32 {
    let need = needs.get(index);
    need.map_or(UNKNOWN, |need| u32::from_le_bytes(*need))
}

fn set(needs: &mut Needs, index: usize, need: u32) {
    if let Some(place) = needs.get_mut(index) {
        *place = need.to_le_bytes();
    }
}

/// Works out, for each function, how many words its frame and all further ones take. `code` is
/// all code. [`NONE`]: no bound. `referenced` has a bit for each function of which the module can
/// make references, so that a table may hold it: calls through tables reach no others. (A host could
/// hand a module references to others. The engine looks at the stack at each call.)
///
/// What a function needs is known once that is known of all that it calls. So everything has no
/// bound at first, and each pass finds more that has one, until a pass finds nothing.
pub(crate) fn stack_words(
    code: &[u8],
    functions: &Records<'_>,
    referenced: &[u32],
    needs: &mut Needs,
) {
    let count = functions.count;
    for index in 0..count {
        let import = (functions.of)(index).is_some_and(|function| function.code == NONE);
        set(needs, index, if import { 0 } else { UNKNOWN });
    }
    for pass in 0..PASSES {
        let mut changed = false;
        for step in 0..count {
            let index = if pass % 2 == 0 {
                step
            } else {
                count.saturating_sub(step).saturating_sub(1)
            };
            if get(needs, index) == UNKNOWN
                && let Some(known) = need_of(code, functions, index, referenced, needs)
            {
                set(needs, index, known);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for index in 0..count {
        if get(needs, index) == UNKNOWN {
            set(needs, index, NONE);
        }
    }
}

/// Returns what a function needs, if that is known of all that it calls.
fn need_of(
    code: &[u8],
    functions: &Records<'_>,
    index: usize,
    referenced: &[u32],
    needs: &Needs,
) -> Option<u32> {
    let function = (functions.of)(index)?;
    let next = index.checked_add(1).filter(|next| *next < functions.count);
    let next = next.and_then(functions.of);
    let end = next.map_or(code.len(), |next| next.code as usize);
    let mut rest = code.get(function.code as usize..end)?;
    let mut need = function.frame_words;
    while let Some(instruction) = Instruction::decode(rest) {
        rest = rest.get(instruction.length()..).unwrap_or(&[]);
        let operand = |index| {
            instruction
                .words()
                .nth(index)
                .map_or(NONE, |(_, word)| word)
        };
        let (base, callee) = match instruction.opcode {
            opcode::call => (operand(1), get(needs, operand(0) as usize)),
            opcode::call_indirect => {
                let mut most = 0;
                for index in 0..functions.count {
                    let word = referenced.get(index >> 5).copied().unwrap_or(0);
                    if word & 1 << (index & 31) != 0
                        && (functions.of)(index)
                            .is_some_and(|function| u32::from(function.type_index) == operand(2))
                    {
                        most = get(needs, index).max(most);
                    }
                }
                (operand(3), most)
            }
            _ => continue,
        };
        if callee == UNKNOWN {
            return None;
        }
        need = need.max(base.saturating_add(callee));
    }
    (need < UNKNOWN).then_some(need)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_image::Encoded;
    use std::vec::Vec;

    /// Functions of one word each, of the type of their index; each calls others from slot 2 on:
    /// directly, or all of a type where the number is negative.
    fn needs(calls: &[&[i64]], referenced: impl Fn(usize) -> bool) -> Vec<u32> {
        let mut code = Vec::new();
        let mut functions = Vec::new();
        for (callees, type_index) in calls.iter().zip(0..) {
            functions.push(FunctionRecord {
                code: u32::try_from(code.len()).unwrap(),
                fuel: 1,
                frame_words: 3,
                link: 0,
                type_index,
            });
            for &callee in *callees {
                let call = if callee < 0 {
                    Encoded::new(opcode::call_indirect, &[0, 0, -callee, 2])
                } else {
                    Encoded::new(opcode::call, &[callee, 2])
                };
                code.extend_from_slice(call.unwrap().as_bytes());
            }
            code.extend_from_slice(Encoded::new(opcode::unreachable, &[]).unwrap().as_bytes());
        }
        let mut bits = std::vec![0; calls.len().div_ceil(32)];
        for index in (0..calls.len()).filter(|&index| referenced(index)) {
            bits[index / 32] |= 1 << (index % 32);
        }
        let mut needs = std::vec![[0xff; 4]; calls.len()];
        let records = Records {
            count: functions.len(),
            of: &|index| functions.get(index).copied(),
        };
        stack_words(&code, &records, &bits, &mut needs);
        needs.into_iter().map(u32::from_le_bytes).collect()
    }

    #[test]
    fn needs_are_those_of_the_deepest_chain() {
        assert_eq!(needs(&[&[1, 2], &[2], &[]], |_| true), [7, 5, 3]);
        assert_eq!(needs(&[&[], &[0], &[1, 0]], |_| true), [3, 5, 7]);
        // A long chain, in either direction.
        let mut calls: Vec<Vec<i64>> = (1..300).map(|next| std::vec![next]).collect();
        calls.push(Vec::new());
        let ahead: Vec<&[i64]> = calls.iter().map(Vec::as_slice).collect();
        assert_eq!(needs(&ahead, |_| true)[0], 299 * 2 + 3);
    }

    #[test]
    fn what_recurses_has_no_bound_nor_has_what_calls_it() {
        assert_eq!(needs(&[&[1], &[1], &[]], |_| true), [NONE, NONE, 3]);
        assert_eq!(needs(&[&[1], &[2], &[1]], |_| true), [NONE; 3]);
    }

    #[test]
    fn calls_through_tables_reach_what_is_referenced_and_of_their_type() {
        assert_eq!(needs(&[&[-1], &[]], |_| true), [5, 3]);
        assert_eq!(needs(&[&[-1], &[-1]], |_| true), [NONE; 2]);
        // Its own type, but no table can hold it.
        assert_eq!(needs(&[&[], &[-1]], |index| index != 1), [3, 3]);
    }
}
