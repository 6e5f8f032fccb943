//! Runs other programs: says what it runs, and turns failure into an error.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::console;

/// Makes a command that runs cargo for this machine, in a folder.
pub(crate) fn cargo(directory: &Path, arguments: &[&str]) -> Command {
    // Cargo tells its children where it is.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(directory).args(arguments);
    command
}

/// Runs a command for all to see.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    console::say(&format!("$ {line}"));
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns what it says.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = show(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, said.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` says what is not text"))
}

fn show(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
