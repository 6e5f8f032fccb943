//! Measures what Mote's engine costs on an emulated Cortex-M4, beside native code, wasmi and rivals.
//!
//! Everything is measured by `mote bench`, as a person would, in one run on one build; what a part
//! takes of flash is the difference between the bench's firmware with it and without. Counts are
//! exact and the same on every machine, and not time; cycles are modelled by `tests/cycle-model`.

mod budgets;
mod executed;
mod flash;
mod microbit;
mod module;
mod native;
mod report;
mod tool;
mod translation;
mod workloads;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use mote_toolchain::{Need, Target, Toolchain};

use crate::console::say;
use crate::workspace::Workspace;
use flash::Flash;
use module::Sizes;
use native::Native;
use report::{ratio, thousands};
use tool::Tool;
use workloads::{Cost, FOLDER, Workload};

/// Where the result is written down.
const REPORT: &str = "tests/engine-suite/bench.md";

const TARGET: Target = Target::ThumbV7EMHardFloat;

/// What was measured of a program.
#[derive(Debug)]
struct Row {
    workload: Workload,
    /// Native code, where there is a compiler for it here.
    native: Option<Cost>,
    mote: Cost,
    wasmi: Cost,
    start: u64,
    starts_differ: bool,
    wasmi_start: u64,
    check: u64,
    verify: u64,
    fuel: u64,
    /// The WebAssembly instructions that the call executes.
    executed: u64,
    image_bytes: u64,
    memory_bytes: u64,
    ram_bytes: u64,
    frame_bytes: u64,
    wasmi_ram_bytes: u64,
    sizes: Sizes,
    wasm: Vec<u8>,
}

impl Row {
    /// Returns native code's cycles: as listed, or as measured where none are listed.
    fn native_cycles(&self) -> Option<u64> {
        let listed = self.workload.native.cycles;
        listed.or_else(|| self.native.and_then(|own| own.cycles))
    }
}

/// Measures; tells whether every result is right and every start takes the same.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let toolchain = Toolchain::ready(&[Need::Device(TARGET), Need::Qemu])?;
    let folder = workspace.target_folder.join("bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let cycle_model = cycle_model(workspace, folder.clone());
    let tool = Tool::build(workspace, cycle_model.as_deref())?;
    let qemu = toolchain.qemu()?;
    let native = Native::find(workspace, qemu, cycle_model.as_deref(), folder.clone());

    let mut good = true;
    let mut measure = |list: Vec<Workload>| -> Result<Vec<Row>> {
        let rows: Result<Vec<Row>> = list
            .into_iter()
            .map(|workload| row(workspace, &tool, native.as_ref(), workload, &mut good))
            .collect();
        rows
    };
    let ten = measure(workloads::ten())?;
    let held_back = measure(workloads::held_back(workspace)?)?;
    let all = ten.iter().chain(&held_back).map(|row| &row.workload);
    let translated = translation::measure(workspace, &tool, all, &folder)?;
    let microbit = microbit::measure(&tool, &ten, &folder, &mut good)?;
    let flash = Flash::measure(workspace, &toolchain)?;

    let mut lines = heading(&toolchain, native.as_ref())?;
    let mut part = |title: &str, table: Vec<String>| {
        lines.extend([String::new(), format!("## {title}"), String::new()]);
        lines.extend(table);
    };
    part(
        "Budgets",
        report::budgets(&budgets::budgets(&ten, &flash, &translated)),
    );
    part("Instructions of a call", report::instructions(&ten));
    if !held_back.is_empty() {
        let mut table = report::instructions(&held_back);
        for row in &held_back {
            if row.workload.name() == "bytecode" {
                table.extend([
                    String::new(),
                    format!(
                        "Fuel of `bytecode`, itself an interpreter: {} charged for {} executed, {:.2} \
                         times as much.",
                        thousands(row.fuel),
                        thousands(row.executed),
                        ratio(row.fuel, row.executed)
                    ),
                ]);
            }
        }
        part("Programs held back", table);
    }
    part("Modelled cycles of a call", report::cycles(&ten));
    if !held_back.is_empty() {
        part(
            "Modelled cycles, programs held back",
            report::cycles(&held_back),
        );
    }
    part("Starts, checks, image and RAM", report::rest(&ten));
    part("The same on a Cortex-M0", microbit);
    part("Translation on the board", translation::lines(&translated));
    part("Flash", flash.table());
    let text = lines.join("\n") + "\n";
    say(&text);
    fs::write(workspace.root.join(REPORT), text).context(REPORT)?;
    say(&format!("written to {REPORT}"));
    Ok(good)
}

fn heading(toolchain: &Toolchain, native: Option<&Native<'_>>) -> Result<Vec<String>> {
    let compiler = toolchain.compiler_name(TARGET)?;
    let here = native.map_or_else(
        || "no compiler for native code was here".to_owned(),
        |native| {
            format!(
                "\"measured here\" is native code by {} in the same run",
                native.compiler
            )
        },
    );
    Ok(vec![
        "# What the engine costs on a Cortex-M4".to_owned(),
        String::new(),
        format!("Written by `cargo xtask bench` with {compiler}; QEMU's `mps2-an386`, one instruction counted as one. Fuel, bounds and"),
        "stack checks are on; wasmi as `firmware/mps2-an386` has it. The yardstick is the listed native code (gcc 12 -O2,".to_owned(),
        format!("`tests/xtask/src/bench/workloads.rs`); {here}."),
        "Rivals are listed too. Cycles are modelled without wait states (`tests/cycle-model`). RAM is bytes of an instance beside".to_owned(),
        "guest memory; `cargo mote help bench` says what is in it.".to_owned(),
    ])
}

/// Compiles the plugin that models cycles, where there is a compiler.
fn cycle_model(workspace: &Workspace, folder: PathBuf) -> Option<PathBuf> {
    let source = workspace.root.join("tests/cycle-model/cycle_model.c");
    let plugin = folder.join("cycle_model.so");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .arg(&plugin)
        .arg(source)
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Some(plugin);
    }
    say("no C compiler `cc`: cycles are not modelled");
    None
}

/// Measures one program on both engines, and native.
fn row(
    workspace: &Workspace,
    tool: &Tool,
    native: Option<&Native<'_>>,
    workload: Workload,
    good: &mut bool,
) -> Result<Row> {
    say(&format!("measuring {}", workload.name()));
    let path = workspace
        .root
        .join(FOLDER)
        .join(format!("{}.wasm", workload.file));
    let wasm = fs::read(&path).with_context(|| path.display().to_string())?;
    let own = tool.bench(&path, workload.argument, &[])?;
    let wasmi = tool.bench(&path, workload.argument, &["--engine", "wasmi"])?;
    for (engine, measured) in [("Mote", &own), ("wasmi", &wasmi)] {
        if measured.result()? != workload.result {
            say(&format!(
                "FAILED: {} returned {} on {engine}, not {}",
                workload.name(),
                measured.result()?,
                workload.result
            ));
            *good = false;
        }
    }
    let starts_differ =
        own.number("start_instructions")? != own.number("start_instructions_least")?;
    if starts_differ {
        say(&format!("FAILED: ten starts of {} differ", workload.name()));
        *good = false;
    }
    let executed = executed::executed(&wasm, workload.argument)?;
    if executed > own.number("fuel")? {
        say(&format!(
            "FAILED: {} executes more than it is charged: {executed}",
            workload.name()
        ));
        *good = false;
    }
    let cost = |measured: &tool::Measured| -> Result<Cost> {
        Ok(Cost {
            instructions: measured.number("run_instructions")?,
            cycles: measured.cycles("run"),
        })
    };
    Ok(Row {
        native: native.map(|native| native.measure(&workload)).transpose()?,
        mote: cost(&own)?,
        wasmi: cost(&wasmi)?,
        start: own.number("start_instructions")?,
        starts_differ,
        wasmi_start: wasmi.number("start_instructions")?,
        check: own.number("check_instructions")?,
        verify: own.number("verify_instructions")?,
        fuel: own.number("fuel")?,
        executed,
        image_bytes: own.number("image_bytes")?,
        memory_bytes: own.number("memory_bytes")?,
        ram_bytes: own.number("ram_bytes")?,
        frame_bytes: own.number("frame_bytes")?,
        wasmi_ram_bytes: wasmi.number("ram_bytes")?,
        sizes: module::sizes(&wasm)?,
        wasm,
        workload,
    })
}
