//! The verdict is that of `wasmparser`'s validator, on random modules and on damaged ones.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_translate::{Error, Rule};
use mote_translate_suite::{Audit, HostWorkspace, Random, features, smith, translated};
use wasmparser::Validator;

/// How the two verdicts may differ, and why.
fn difference_is_known(ours: Result<(), Error>, theirs: Result<(), String>) -> bool {
    match (ours, theirs) {
        (Ok(()), Ok(())) | (Err(_), Err(_)) => true,
        // What is refused though it is valid, by name.
        (Err(Error { rule, .. }), Ok(())) => matches!(
            rule,
            Rule::ImportedMemory | Rule::ImportedTable | Rule::ImportedGlobal | Rule::ConstantDepth
        ),
        // The other validator's limits of implementation, which the specification has not: counts
        // of entities and sizes of functions, tables and names.
        (Ok(()), Err(words)) => [
            "count exceeds limit",
            "exceeds limit of",
            "number of elements is out of bounds",
            "minimum table size is out of bounds",
            "function body size is out of bounds",
            "string size out of bounds",
        ]
        .iter()
        .any(|known| words.contains(known)),
    }
}

struct Comparison {
    workspace: HostWorkspace,
    accepted: u32,
    rejected: u32,
    differing: u32,
}

impl Comparison {
    fn new() -> Self {
        Self {
            workspace: HostWorkspace::default(),
            accepted: 0,
            rejected: 0,
            differing: 0,
        }
    }

    fn compare(&mut self, wasm: &[u8], what: &str) {
        let ours = translated(wasm, self.workspace.buffers(), &mut Audit::default());
        let theirs = Validator::new_with_features(features()).validate_all(wasm);
        let theirs = theirs.map(drop).map_err(|error| error.to_string());
        match ours {
            Ok(()) => self.accepted += 1,
            Err(_) => self.rejected += 1,
        }
        if ours.is_ok() != theirs.is_ok() {
            self.differing += 1;
        }
        assert!(
            difference_is_known(ours, theirs.clone()),
            "{what}: ours {ours:?}, theirs {theirs:?}\n{}",
            wasm.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        );
    }

    fn print(&self, what: &str) {
        println!(
            "{what}: accepted {}, rejected {}, of which known to differ {}",
            self.accepted, self.rejected, self.differing
        );
    }
}

fn modules() -> u64 {
    std::env::var("MOTE_MODULES")
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(2000)
}

#[test]
fn random_modules_have_the_reference_verdict() {
    let mut comparison = Comparison::new();
    for seed in 0..modules() {
        if let Some(wasm) = smith(&mut Random::new(seed)) {
            comparison.compare(&wasm, &format!("seed {seed}"));
        }
    }
    comparison.print("random modules");
    assert!(comparison.accepted > comparison.rejected);
}

/// Damages a module: bytes replaced, inserted, removed, copied.
fn damage(random: &mut Random, wasm: &mut Vec<u8>) {
    let changes = if random.below(2) == 0 {
        1
    } else {
        1 + random.below(3)
    };
    for _ in 0..changes {
        let at = 8 + random.below(wasm.len() - 8);
        match random.below(6) {
            0 => wasm[at] ^= 1 << random.below(8),
            1 => wasm[at] = random.bytes(1)[0],
            2 => {
                // An opcode or type where it may be one.
                const LIKELY: &[u8] = &[
                    0x00, 0x02, 0x03, 0x04, 0x05, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x1a,
                    0x1b, 0x1c, 0x20, 0x21, 0x22, 0x23, 0x24, 0x40, 0x41, 0x42, 0x6a, 0x6f, 0x70,
                    0x7c, 0x7d, 0x7e, 0x7f, 0xd0, 0xd1, 0xd2, 0xfc,
                ];
                wasm[at] = LIKELY[random.below(LIKELY.len())];
            }
            3 => wasm.insert(at, random.bytes(1)[0]),
            4 => drop(wasm.remove(at)),
            _ => {
                let from = 8 + random.below(wasm.len() - 8);
                wasm[at] = wasm[from];
            }
        }
        if wasm.len() < 12 {
            return;
        }
    }
}

#[test]
fn damaged_modules_have_the_reference_verdict() {
    let mut comparison = Comparison::new();
    for seed in 0..modules() {
        let mut random = Random::new(seed ^ 0xdead);
        let Some(wasm) = smith(&mut random) else {
            continue;
        };
        if wasm.len() < 16 {
            continue;
        }
        for round in 0..10 {
            let mut damaged = wasm.clone();
            damage(&mut random, &mut damaged);
            comparison.compare(&damaged, &format!("seed {seed}, round {round}"));
        }
    }
    comparison.print("damaged modules");
    assert!(
        comparison.accepted * 20 > comparison.rejected,
        "too few are still valid"
    );
}
