//! Compares Mote's engine with wasmtime, which is compiled for that alone.

use anyhow::Result;

use crate::run::{cargo, run as run_command};
use crate::workspace::Workspace;

/// Runs so many generated modules on both engines. That they differ is an error.
pub(crate) fn run(workspace: &Workspace, modules: u64, from: u64) -> Result<bool> {
    let folder = workspace.root.join("tests/cross-check");
    let mut command = cargo(&folder, &["run", "--release", "--target-dir"]);
    command.arg(workspace.target_folder.join("cross-check"));
    command.args(["--", "--modules", &modules.to_string()]);
    command.args(["--from", &from.to_string()]);
    run_command(&mut command)?;
    Ok(true)
}
