//! The programs that are measured, and what they cost elsewhere.
//!
//! Native code and rivals are listed figures, counted on the same emulated board in 2026: gcc 12
//! -O2 for the FPU; wasm3 -Os of August 2026 with validation; WAMR's fast interpreter of July 2026,
//! -O2. Cycles are modelled by `tests/cycle-model` without wait states.

use anyhow::{Context as _, Result};
use mote_engine_suite::WORKLOADS;

use crate::workspace::Workspace;

/// Where the programs are.
pub(super) const FOLDER: &str = "tests/engine-suite/workloads";

/// Instructions and modelled cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) instructions: u64,
    /// Nothing where they are not known.
    pub(super) cycles: Option<u64>,
}

/// What a program costs on rivals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rivals {
    pub(super) wasm3: Cost,
    pub(super) wamr: Cost,
}

/// One program, the argument of its `run`, what that returns, and what it costs elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    /// Its file from [`FOLDER`] on, without extension.
    pub(super) file: String,
    pub(super) argument: i32,
    pub(super) result: u32,
    /// The yardstick.
    pub(super) native: Cost,
    pub(super) rivals: Option<Rivals>,
}

impl Workload {
    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        self.file.rsplit('/').next().unwrap_or(&self.file)
    }
}

/// Name; instructions and cycles of native code, wasm3 and WAMR.
type Row = (&'static str, [u64; 6]);

/// What each of [`WORKLOADS`] costs, in their order.
#[rustfmt::skip]
const TEN: [Row; WORKLOADS.len()] = [
    ("fib", [67_360, 92_262, 1_271_240, 2_366_520, 1_269_606, 1_832_049]),
    ("crc32", [607_840, 947_837, 14_624_960, 25_818_448, 12_576_495, 16_773_036]),
    ("sieve", [592_040, 839_549, 10_233_960, 19_606_252, 9_701_592, 13_421_298]),
    ("sha256", [443_360, 520_379, 9_011_720, 16_226_343, 6_983_006, 9_359_554]),
    ("fir", [353_640, 552_488, 9_286_640, 17_169_774, 8_381_164, 11_076_736]),
    ("heapsort", [742_127, 1_096_191, 17_445_709, 31_836_220, 15_722_785, 21_036_132]),
    ("lz", [591_226, 790_609, 11_692_374, 22_246_581, 10_606_189, 14_289_057]),
    ("words", [544_053, 739_643, 8_903_560, 16_926_455, 7_515_874, 10_342_882]),
    ("biquad", [139_362, 190_938, 5_715_291, 10_118_616, 2_288_332, 3_354_062]),
    ("siphash", [195_864, 238_664, 1_625_792, 3_232_539, 1_730_945, 2_134_262]),
];

/// Returns the ten workloads.
pub(super) fn ten() -> Vec<Workload> {
    let cost = |instructions, cycles| Cost {
        instructions,
        cycles: Some(cycles),
    };
    let rows = WORKLOADS.iter().zip(TEN).map(|(own, (name, costs))| {
        assert_eq!(own.name, name, "the two lists have one order");
        let [native, n, wasm3, w, wamr, f] = costs;
        Workload {
            file: name.to_owned(),
            argument: own.argument,
            result: own.result,
            native: cost(native, n),
            rivals: Some(Rivals {
                wasm3: cost(wasm3, w),
                wamr: cost(wamr, f),
            }),
        }
    });
    rows.collect()
}

/// Returns the programs that are held back, from the table in their README; none where there is
/// no such folder.
pub(super) fn held_back(workspace: &Workspace) -> Result<Vec<Workload>> {
    let folder = workspace.root.join(FOLDER).join("held-back");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let readme = folder.join("README.md");
    let text = std::fs::read_to_string(&readme).with_context(|| readme.display().to_string())?;
    let found: Vec<_> = text.lines().filter_map(row).collect();
    anyhow::ensure!(
        !found.is_empty(),
        "{}: no table of name, what, argument, result and native instructions",
        readme.display()
    );
    Ok(found)
}

/// Reads a row of the table: name, what, argument, result, instructions of native code.
fn row(line: &str) -> Option<Workload> {
    let cells: Vec<_> = line
        .trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect();
    let &[name, _, argument, result, native] = cells.as_slice() else {
        return None;
    };
    Some(Workload {
        file: format!("held-back/{name}"),
        argument: argument.parse().ok()?,
        result: result.replace(',', "").parse().ok()?,
        native: Cost {
            instructions: native.replace(',', "").parse().ok()?,
            cycles: None,
        },
        rivals: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_of_the_readme_is_read_and_others_are_not() {
        let found = row("| json | a tokenizer | 4 | 1964431523 | 374,200 |").unwrap();
        assert_eq!(
            (found.name(), found.argument, found.result),
            ("json", 4, 1_964_431_523)
        );
        assert_eq!(found.native.instructions, 374_200);
        for other in [
            "",
            "| name | what | argument | result | native |",
            "| --- |",
        ] {
            assert!(row(other).is_none(), "{other}");
        }
    }
}
