//! `mote bench`, as a person uses it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::run::{cargo, read};
use crate::workspace::Workspace;

/// The tool, built.
#[derive(Debug)]
pub(super) struct Tool {
    program: PathBuf,
    root: PathBuf,
    cycle_model: Option<PathBuf>,
}

/// What one run of it says.
#[derive(Debug)]
pub(super) struct Measured(Value);

impl Measured {
    /// Returns a number.
    pub(super) fn number(&self, name: &str) -> Result<u64> {
        let found = self.0.get(name).and_then(Value::as_u64);
        found.with_context(|| format!("no number {name:?} in {}", self.0))
    }

    /// Returns the result of a call that returns an `i32`.
    pub(super) fn result(&self) -> Result<u32> {
        let found = self.0.get("result").and_then(Value::as_i64);
        let found = found.and_then(|result| i32::try_from(result).ok());
        Ok(found
            .with_context(|| format!("no result in {}", self.0))?
            .cast_unsigned())
    }

    /// Returns the modelled cycles, where they were asked for.
    pub(super) fn cycles(&self, name: &str) -> Option<u64> {
        self.0.get("cycles")?.get(name)?.as_u64()
    }
}

impl Tool {
    /// Builds the tool.
    pub(super) fn build(workspace: &Workspace, cycle_model: Option<&Path>) -> Result<Self> {
        let arguments = [
            "build",
            "--package",
            "mote-host",
            "--bin",
            "mote",
            "--message-format=json-render-diagnostics",
        ];
        let mut command = cargo(&workspace.root, &arguments);
        command.stderr(Stdio::inherit());
        let messages = read(&mut command)?;
        let program = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
            .next_back();
        Ok(Self {
            program: program.context("cargo names no executable of the tool")?,
            root: workspace.root.clone(),
            cycle_model: cycle_model.map(Path::to_owned),
        })
    }

    /// Measures a call of `run` on one engine.
    pub(super) fn bench(&self, wasm: &Path, argument: i32, options: &[&str]) -> Result<Measured> {
        let mut command = self.command(wasm);
        command
            .args(["--invoke", "run", &argument.to_string()])
            .args(options);
        measured(command)
    }

    /// Measures a translation on the board.
    pub(super) fn translate(&self, module: &Path) -> Result<Measured> {
        let mut command = self.command(module);
        command.arg("--translate");
        measured(command)
    }

    fn command(&self, module: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.root)
            .arg("bench")
            .arg(module)
            .arg("--json");
        if let Some(plugin) = &self.cycle_model {
            command.arg("--cycle-model").arg(plugin);
        }
        command
    }
}

fn measured(mut command: Command) -> Result<Measured> {
    let output = command.stdin(Stdio::null()).output().context("the tool")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.trim().lines().last().unwrap_or_default();
    ensure!(output.status.success(), "{last}");
    Ok(Measured(serde_json::from_slice(&output.stdout)?))
}
