//! `mote run` for a WASI program: command line in, exit code out.

use serde_json::json;

pub(crate) use crate::wasi::is_wasi;

use crate::boards::Board;
use crate::cli::{EngineName, RunArguments};
use crate::exit::{Code, Failure};
use crate::inspect;
use crate::module::Module;
use crate::present::OwnedEnding;
use crate::run::call_arguments_of;
use crate::terminal;
use crate::values;
use crate::wasi::{
    self, Directory, Invocation, Outcome, Output, Streams, WasiEnd, WasiErrorKind, WasiProgram,
};

/// Runs a WASI program on this machine.
pub(crate) fn run(
    module: &Module,
    board: Board,
    arguments: &RunArguments,
) -> Result<Code, Failure> {
    refuse_what_is_for_modules(board, arguments)?;
    let environment: Vec<(String, String)> = arguments
        .environment
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("--env {text}: write it as NAME=VALUE")))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect::<Result<_, Failure>>()?;
    let directories: Vec<Directory> = arguments
        .directories
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error| Failure::usage(format!("--dir {text}: {error}")))
        })
        .collect::<Result<_, Failure>>()?;
    let call = match &arguments.invoke {
        // A file that is no module has no exports; what is wrong with it comes of the run.
        Some(export) => match inspect::inspect(&module.wasm) {
            Ok(inspection) => {
                let signature = inspection.signature(export);
                call_arguments_of(signature.as_ref(), export, &arguments.arguments)?
            }
            Err(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    let name = module
        .path
        .file_name()
        .map(|name| name.to_string_lossy())
        .unwrap_or_default();
    let mut program = WasiProgram::new(&module.wasm, &name);
    program.environment = &environment;
    program.directories = &directories;
    program.fuel = arguments.fuel;
    program.memory_max_bytes = module.manifest.memory_max_bytes.map(u64::from);
    match &arguments.invoke {
        Some(export) => {
            program.invoke = Some(Invocation {
                export,
                arguments: &call,
            })
        }
        None => program.arguments = &arguments.arguments,
    }
    if arguments.json {
        // Standard output is for the one JSON object.
        program.streams = Streams {
            output: Output::Stderr,
            ..Streams::default()
        };
    }
    match wasi::run(&program) {
        Ok(outcome) => Ok(finish(module, &outcome, arguments)),
        Err(error) => {
            let code = match error.kind() {
                WasiErrorKind::Refused => Code::Refused,
                WasiErrorKind::Usage | WasiErrorKind::Tool => Code::Tool,
                WasiErrorKind::NotFound => Code::NotFound,
            };
            Err(Failure {
                code,
                message: format!("{}: {error}", module.path.display()),
            })
        }
    }
}

/// A WASI program has no board, no manifest's capabilities and no virtual time.
fn refuse_what_is_for_modules(board: Board, arguments: &RunArguments) -> Result<(), Failure> {
    if let Board::Device(device) = board {
        return Err(Failure::refused(format!(
            "{}: a WASI program, which needs a computer: it runs on this machine (leave out \
             --board {}), not on a board",
            arguments.module.display(),
            device.description.name
        )));
    }
    if arguments.engine == Some(EngineName::Mote) {
        return Err(Failure::usage(
            "--engine mote: WASI programs run on wasmi; leave --engine out",
        ));
    }
    let given = [
        ("--for", arguments.run_for_us.is_some()),
        ("--policy", arguments.policy.is_some()),
        ("--set", !arguments.levels.is_empty()),
        ("--revoke", !arguments.revocations.is_empty()),
        ("--record", arguments.record.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(Failure::usage(format!(
            "{option} is for modules on a board, and {} is a WASI program, which runs on this \
             machine",
            arguments.module.display()
        ))),
        None => Ok(()),
    }
}

fn finish(module: &Module, outcome: &Outcome, arguments: &RunArguments) -> Code {
    let path = module.path.display();
    let (code, ending, exit_code, detail) = match &outcome.end {
        WasiEnd::Exited(code) => {
            let shown = Code::guest(code.cast_signed());
            (shown, OwnedEnding::Returned(Vec::new()), Some(*code), None)
        }
        WasiEnd::Returned(values) => {
            let exit_code = arguments.invoke.is_none().then_some(0);
            (
                Code::Success,
                OwnedEnding::Returned(values.clone()),
                exit_code,
                None,
            )
        }
        WasiEnd::Trapped { trap, detail } => {
            let ending = OwnedEnding::Trapped {
                kind: Some(trap.kind),
            };
            (Code::Trap, ending, None, detail.as_deref())
        }
        WasiEnd::OutOfFuel { limit } => (
            Code::OutOfFuel,
            OwnedEnding::OutOfFuel { limit: *limit },
            None,
            None,
        ),
    };
    if arguments.json {
        let json = json!({
            "module": module.manifest.name.as_str(),
            "board": "host",
            "engine": mote_engine_wasmi::NAME,
            "ending": ending.to_json(),
            "message": ending.message(),
            "exit_code": exit_code,
            "results": ending.results_json(),
            "trap": ending.trap_json(),
            "fuel": outcome.fuel_used,
        });
        terminal::out(&json.to_string());
        return code;
    }
    if let OwnedEnding::Returned(results) = &ending {
        for &result in results {
            terminal::out(&values::show(result));
        }
        if arguments.directories.is_empty() && code.number() != 0 && !arguments.quiet {
            terminal::note(
                "note: the program was given no folder; if it looks for a file, give it one with \
                 --dir HOST::GUEST",
            );
        }
    } else {
        let detail = detail
            .map(|detail| format!(" ({detail})"))
            .unwrap_or_default();
        terminal::note(&format!("{path}: {}{detail}", ending.message()));
    }
    code
}
