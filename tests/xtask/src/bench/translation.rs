//! The translator on the board: the ten, the programs held back, every example module, and modules
//! that are as large as a device has to take with 6 KB of RAM.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::report::{table, thousands};
use super::tool::Tool;
use super::workloads::{FOLDER, Workload};
use crate::workspace::Workspace;

/// What came of one module.
#[derive(Debug)]
pub(super) struct Translated {
    name: String,
    outcome: Result<Figures, String>,
}

#[derive(Clone, Copy, Debug)]
struct Figures {
    instructions: u64,
    wasm_bytes: u64,
    image_bytes: u64,
    buffer_bytes: u64,
    ram_bytes: u64,
}

/// Translates each on the board; the tool compares the image with this machine's.
pub(super) fn measure<'a>(
    workspace: &Workspace,
    tool: &Tool,
    workloads: impl Iterator<Item = &'a Workload>,
    folder: &Path,
) -> Result<Vec<Translated>> {
    let mut modules: Vec<(String, PathBuf)> = workloads
        .map(|workload| {
            let file = format!("{FOLDER}/{}.wasm", workload.file);
            (workload.name().to_owned(), workspace.root.join(file))
        })
        .collect();
    let examples = workspace.root.join("modules");
    let mut found = Vec::new();
    for entry in fs::read_dir(&examples).context("modules")? {
        let path = entry?.path();
        if path.join("manifest.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    let name = |path: &Path| {
        let name = path.strip_prefix(&workspace.root).unwrap_or(path);
        name.display().to_string()
    };
    modules.extend(found.into_iter().map(|path| (name(&path), path)));
    for (name, text) in limits() {
        let path = folder.join(format!("{}.wat", name.replace(' ', "-")));
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        modules.push((name.to_owned(), path));
    }
    let mut all = Vec::new();
    for (name, path) in modules {
        let outcome = match tool.translate(&path) {
            Ok(measured) => Ok(Figures {
                instructions: measured.number("translate_instructions")?,
                wasm_bytes: measured.number("wasm_bytes")?,
                image_bytes: measured.number("image_bytes")?,
                buffer_bytes: measured.number("buffer_bytes")?,
                ram_bytes: measured.number("ram_bytes")?,
            }),
            Err(error) => Err(error.to_string()),
        };
        all.push(Translated { name, outcome });
    }
    Ok(all)
}

/// Modules at the limits that a device has to take at least.
fn limits() -> [(&'static str, String); 3] {
    let types: String = (0..32)
        .map(|at| {
            let (bits, mut parameters) = (at, String::new());
            for bit in 0..5 {
                parameters += if bits >> bit & 1 == 0 { " i32" } else { " i64" };
            }
            format!("(type (func (param{parameters})))\n")
        })
        .collect();
    let functions: String = (0..128)
        .map(|at| {
            let export = if at % 8 == 0 {
                format!("(export \"f{at}\")")
            } else {
                String::new()
            };
            format!("(func {export} (type {}) nop)\n", at % 32)
        })
        .collect();
    let nested = format!(
        "(module (func (export \"run\") (param i32) {}{}))",
        "(block (br_if 0 (local.get 0)) ".repeat(32),
        ")".repeat(32)
    );
    // 8 bytes each, and a little for the function's beginning and end.
    let long: String = (0..250)
        .map(|at| {
            format!(
                "(local.set {} (i32.xor (i32.mul (local.get {}) (local.get {})) (local.get {})))\n",
                at % 7,
                (at + 1) % 7,
                (at + 2) % 7,
                (at + 3) % 7
            )
        })
        .collect();
    [
        (
            "128 functions of 32 types",
            format!("(module {types}(memory 1) (table 4 funcref)\n{functions})"),
        ),
        ("nesting of 32", nested),
        (
            "a function of 2 KB",
            format!(
                "(module (func (export \"run\") (param i32 i32 i32 i32 i32 i32 i32) (result i32)\n\
                 {long}(local.get 0)))"
            ),
        ),
    ]
}

/// Returns how many the board did not take.
pub(super) fn refused(all: &[Translated]) -> usize {
    all.iter().filter(|own| own.outcome.is_err()).count()
}

/// Returns the most RAM that one took, native stack included.
pub(super) fn most_ram_bytes(all: &[Translated]) -> Option<u64> {
    let taken = all.iter().filter_map(|own| own.outcome.as_ref().ok());
    taken.map(|own| own.ram_bytes).max()
}

/// Returns the lines of a table.
pub(super) fn lines(all: &[Translated]) -> Vec<String> {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|own| match &own.outcome {
            Ok(it) => vec![
                own.name.clone(),
                "the same image".to_owned(),
                thousands(it.instructions),
                thousands(it.wasm_bytes),
                thousands(it.image_bytes),
                thousands(it.buffer_bytes),
                thousands(it.ram_bytes),
            ],
            Err(why) => {
                let why = why.replace('\n', " ");
                let why = why.rsplit(": ").take(2).collect::<Vec<_>>();
                let why = why.into_iter().rev().collect::<Vec<_>>().join(": ");
                let mut row = vec![own.name.clone(), format!("**{why}**")];
                row.resize(7, "-".to_owned());
                row
            }
        })
        .collect();
    let heading = [
        "module",
        "on the board",
        "instructions",
        "Wasm, bytes",
        "image, bytes",
        "buffers and back end",
        "RAM with native stack",
    ];
    table(&heading, &rows)
}
