//! Fuel and frames: what the front end says is what a slow counter works out from the Wasm alone.
//!
//! The counter knows nothing of the front end. It walks the operators that `wasmparser` reads,
//! counts, and asks that crate's validator what is on the operand stack.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other crate knows 600 operators"
)]

use mote_translate_suite::{Audit, HostWorkspace, Random, features, smith, translated};
use std::collections::BTreeMap;
use wasmparser::{
    FuncValidatorAllocations, FunctionBody, Operator, Parser, ValType, ValidPayload, Validator,
};

/// What is to be known of a function.
#[derive(Debug, PartialEq, Eq)]
struct Figures {
    fuel: u32,
    operand_words: u32,
    frame_words: u32,
}

/// A block, and whether its code can be reached.
struct Block {
    is_loop: bool,
    /// An `if` that had no `else` yet.
    is_if: bool,
    entered: bool,
    /// Whether its end is reached by a branch.
    branched: bool,
    count: u32,
}

fn words(value_type: ValType) -> u32 {
    if matches!(value_type, ValType::I64 | ValType::F64) {
        2
    } else {
        1
    }
}

struct Counter {
    blocks: Vec<Block>,
    count: u32,
    live: bool,
    charges: Vec<(u32, u32)>,
}

impl Counter {
    fn enter(&mut self, is_loop: bool, is_if: bool) {
        let (entered, count) = (self.live, self.count);
        self.blocks.push(Block {
            is_loop,
            is_if,
            entered,
            branched: false,
            count,
        });
    }

    fn branch(&mut self, offset: u32, depth: u32) {
        if !self.live {
            return;
        }
        let at = self.blocks.len() - 1 - depth as usize;
        let block = &mut self.blocks[at];
        if block.is_loop {
            self.charges.push((offset, self.count - block.count));
        } else {
            block.branched = true;
        }
    }

    fn step(&mut self, offset: u32, operator: &Operator<'_>) {
        match operator {
            Operator::Block { .. } => self.enter(false, false),
            Operator::Loop { .. } => self.enter(true, false),
            Operator::Else => {
                let block = self.blocks.last_mut().unwrap();
                block.branched |= self.live;
                block.is_if = false;
                self.live = block.entered;
            }
            Operator::End => {
                let block = self.blocks.pop().unwrap();
                self.live |= block.branched || (block.is_if && block.entered);
            }
            _ => self.count += 1,
        }
        match operator {
            Operator::If { .. } => self.enter(false, true),
            Operator::Br { relative_depth } => {
                self.branch(offset, *relative_depth);
                self.live = false;
            }
            Operator::BrIf { relative_depth } => self.branch(offset, *relative_depth),
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    self.branch(offset, target.unwrap());
                }
                self.branch(offset, targets.default());
                self.live = false;
            }
            Operator::Return | Operator::Unreachable => self.live = false,
            _ => {}
        }
    }
}

/// Works a function out. Charges are by place, without repetition: a table may go to one place
/// by many entries.
fn figures(
    body: &FunctionBody<'_>,
    function: wasmparser::FuncToValidate<wasmparser::ValidatorResources>,
    charges: &mut Vec<(u32, u32)>,
) -> Figures {
    let mut validator = function.into_validator(FuncValidatorAllocations::default());
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader).unwrap();
    let locals: u32 = (0..validator.len_locals())
        .map(|at| words(validator.get_local_type(at).unwrap()))
        .sum();
    let mut counter = Counter {
        blocks: Vec::new(),
        count: 0,
        live: true,
        charges: Vec::new(),
    };
    counter.enter(false, false);
    let mut greatest = 0;
    let mut operators = wasmparser::OperatorsReader::new(reader);
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset().unwrap();
        counter.step(u32::try_from(offset).unwrap(), &operator);
        validator.op(offset, &operator).unwrap();
        if counter.live {
            let height = validator.operand_stack_height() as usize;
            let types = (0..height).map(|at| validator.get_operand_type(at).unwrap().unwrap());
            greatest = greatest.max(types.map(words).sum());
        }
    }
    charges.append(&mut counter.charges);
    Figures {
        fuel: counter.count,
        operand_words: greatest,
        frame_words: locals + greatest,
    }
}

fn compare(workspace: &mut HostWorkspace, wasm: &[u8], what: &str) -> (usize, usize) {
    let mut audit = Audit::default();
    translated(wasm, workspace.buffers(), &mut audit).unwrap_or_else(|error| {
        panic!("{what}: {error}");
    });
    let mut validator = Validator::new_with_features(features());
    let mut expected = BTreeMap::new();
    let mut charges = Vec::new();
    let mut index = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.unwrap();
        if let wasmparser::Payload::ImportSection(imports) = &payload {
            index = imports.count();
        }
        if let ValidPayload::Func(function, body) = validator.payload(&payload).unwrap() {
            expected.insert(index, figures(&body, function, &mut charges));
            index += 1;
        }
    }
    let ends = audit.ends.iter().map(|(&index, end)| {
        let &mote_translate::FunctionEnd {
            fuel,
            operand_words,
            frame_words,
            ..
        } = end;
        (
            index,
            Figures {
                fuel,
                operand_words,
                frame_words,
            },
        )
    });
    assert_eq!(ends.collect::<BTreeMap<_, _>>(), expected, "{what}");
    for charges in [&mut charges, &mut audit.charges] {
        charges.sort_unstable();
        charges.dedup();
    }
    assert_eq!(audit.charges, charges, "{what}");
    (expected.len(), charges.len())
}

#[test]
fn figures_of_workloads_are_those_of_a_slow_counter() {
    let mut workspace = HostWorkspace::default();
    for entry in std::fs::read_dir(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../engine-suite/workloads"
    ))
    .unwrap()
    {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "wasm")
        {
            let (functions, charges) =
                compare(&mut workspace, &std::fs::read(&path).unwrap(), "workload");
            println!(
                "{}: {functions} functions, {charges} charges",
                path.display()
            );
        }
    }
}

#[test]
fn figures_of_random_modules_are_those_of_a_slow_counter() {
    let modules = std::env::var("MOTE_MODULES")
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(2000);
    let mut workspace = HostWorkspace::default();
    let (mut functions, mut charges) = (0, 0);
    for seed in 0..modules {
        let Some(wasm) = smith(&mut Random::new(seed ^ 0xf0e1)) else {
            continue;
        };
        let (more, charged) = compare(&mut workspace, &wasm, &format!("seed {seed}"));
        functions += more;
        charges += charged;
    }
    println!("{functions} functions, {charges} charges");
    assert!(charges > 100);
}
