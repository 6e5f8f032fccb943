//! `mote inspect`: what a module is, needs and asks for, without running it.

use mote_supervisor::capability::Table;
use mote_supervisor::grant;

use crate::boards::Board;
use crate::cli::InspectArguments;
use crate::exit::{Code, Failure};
use crate::inspect;
use crate::module::Module;
use crate::terminal;

/// `mote inspect`.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<Code, Failure> {
    let board = Board::find(&arguments.board)?;
    let module = Module::find(&arguments.module, arguments.manifest.as_deref())?;
    let mut inspection = inspect::inspect(&module.wasm)
        .map_err(|error| Failure::refused(format!("{}: {error}", module.path.display())))?;
    if let Some(path) = &module.manifest_path {
        let policy = board.read_policy(arguments.policy.as_deref())?;
        let mut decisions = Vec::new();
        grant::decide(
            &module.manifest.borrowed(),
            &policy.policy(),
            board.description(),
            &mut Table::new(),
            |decision| decisions.push(decision.to_owned()),
        )
        .map_err(|_| Failure::refused(format!("{}: names one capability twice", path.display())))?;
        inspection.add_manifest(&module.manifest, Some(&decisions));
    }
    if arguments.json {
        terminal::out(&inspection.to_json().to_string());
        return Ok(Code::Success);
    }
    let mut text = Vec::new();
    inspection
        .write_table(&mut text)
        .map_err(|error| Failure::usage(format!("the table cannot be written: {error}")))?;
    terminal::out(String::from_utf8_lossy(&text).trim_end());
    Ok(Code::Success)
}
