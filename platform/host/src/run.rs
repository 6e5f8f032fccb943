//! `mote run`: one module, wherever it is to run.

use mote_engine::{Value, ValueType};
use mote_image::ExportKind;
use mote_sim::{Pace, ScheduledLevel};
use mote_supervisor::bundle::{Entry, Revocation, RunOptions};
use mote_supervisor::report::VALUES_MAX;
use mote_traits::{BoardDescription, Direction};
use serde_json::json;

use crate::boards::{Board, DeviceBoard};
use crate::cli::{EngineName, RunArguments};
use crate::device::{self, Firmware};
use crate::duration::{show_us, split_moment};
use crate::exit::{Code, Failure};
use crate::inspect::{self, Signature};
use crate::module::Module;
use crate::present::OwnedEnding;
use crate::recording;
use crate::simulator::{Simulation, simulate};
use crate::terminal;
use crate::translation::{Refused, Translation, is_image};
use crate::values;
use crate::wasi_command;
use crate::watch::{End, Show, Watch};

/// `mote run`.
pub(crate) fn run(arguments: &RunArguments) -> Result<Code, Failure> {
    let board = Board::find(&arguments.board)?;
    let module = Module::find(&arguments.module, arguments.manifest.as_deref())?;
    if wasi_command::is_wasi(&module.wasm) {
        return wasi_command::run(&module, board, arguments);
    }
    if !arguments.directories.is_empty() || !arguments.environment.is_empty() {
        return Err(Failure::usage(
            "--dir and --env are for WASI programs, and this is none: a module gets what its \
             manifest asks for",
        ));
    }
    let signature = match &arguments.invoke {
        _ if is_image(&module.wasm) => image_signature(&module, arguments)?,
        invoked => {
            // The engine would refuse what is no module too, in fewer words.
            let inspection = inspect::inspect(&module.wasm)
                .map_err(|error| Failure::refused(format!("{}: {error}", module.path.display())))?;
            invoked.as_ref().and_then(|name| inspection.signature(name))
        }
    };
    let options = options(signature.as_ref(), arguments)?;
    let show = match (arguments.json || arguments.quiet, &arguments.invoke) {
        (true, _) => Show::Nothing,
        (false, Some(_)) => Show::Messages,
        (false, None) => Show::All,
    };
    let engine = arguments.engine.unwrap_or(EngineName::Mote);
    let mut watch = Watch::new(show, board.description().name, engine.name());
    match board {
        Board::Simulated(description, _) => {
            let policy = board.read_policy(arguments.policy.as_deref())?;
            let levels = levels(arguments, description)?;
            let simulation = Simulation {
                board: description,
                policy: &policy.policy(),
                options: &options,
                levels: &levels,
                pace: pace(arguments),
                engine,
            };
            simulate(&module, &simulation, &mut watch);
        }
        Board::Device(device) => {
            on_device(&module, device, engine, &options, arguments, &mut watch)?;
        }
    }
    watch.explain(&module);
    if let Some(path) = &arguments.record {
        recording::write(path, &watch, &options.revocations)?;
    }
    finish(&module, &watch, arguments)
}

/// Checks an image, which runs on Mote's own engine only, and returns the type of the export that
/// is to be called, if one is.
fn image_signature(
    module: &Module,
    arguments: &RunArguments,
) -> Result<Option<Signature>, Failure> {
    if arguments.engine == Some(EngineName::Wasmi) {
        return Err(Failure::usage(format!(
            "{}: an image, which runs on Mote's own engine: leave out --engine wasmi",
            module.path.display()
        )));
    }
    let refused = |error: Refused| Failure::refused(format!("{}: {error}", module.path.display()));
    let translation = Translation::of(&module.wasm).map_err(refused)?;
    let image = *translation.verified().map_err(refused)?.image();
    let invoked = arguments.invoke.as_ref();
    let export = invoked.and_then(|name| image.exports().find(|export| export.name == name));
    Ok(export
        .filter(|export| export.kind == ExportKind::Function)
        .and_then(|export| image.function(usize::try_from(export.index).ok()?))
        .and_then(|function| image.function_type(function.type_index.into()))
        .map(|it| Signature {
            parameters: it
                .parameters
                .iter()
                .filter_map(|&byte| ValueType::from_byte(byte))
                .collect(),
            results: it.results.len(),
        }))
}

fn on_device(
    module: &Module,
    board: &'static DeviceBoard,
    engine: EngineName,
    options: &RunOptions,
    arguments: &RunArguments,
    watch: &mut Watch,
) -> Result<(), Failure> {
    if arguments.policy.is_some() {
        return Err(Failure::usage(format!(
            "--policy is for the simulator: a device's policy is built into its firmware; change \
             {}, or simulate the board with --board sim:{}",
            board.policy().path,
            board.description.name
        )));
    }
    if !arguments.levels.is_empty() {
        return Err(Failure::usage(
            "--set is for the simulator: an emulated device's inputs are the emulator's",
        ));
    }
    let run = device::run(
        module,
        &Firmware::ready(board, engine)?,
        options,
        pace(arguments),
        watch,
    )?;
    if !(arguments.json || arguments.quiet) {
        terminal::note(&format!(
            "firmware: {} bytes of flash, {} bytes of RAM; QEMU saw the LEDs change {} times, as \
             the module asked",
            run.footprint.flash_bytes,
            run.footprint.ram_bytes,
            run.leds.len()
        ));
    }
    Ok(())
}

/// An endless run without a limit is for people to watch, so it keeps to their time.
fn pace(arguments: &RunArguments) -> Pace {
    let bounded = arguments.run_for_us.is_some() || arguments.fuel.is_some();
    if arguments.fast || bounded || arguments.invoke.is_some() {
        Pace::Unbounded
    } else {
        Pace::Real
    }
}

fn options(signature: Option<&Signature>, arguments: &RunArguments) -> Result<RunOptions, Failure> {
    let entry = match &arguments.invoke {
        Some(name) => Entry::Export {
            name: heapless::String::try_from(name.as_str()).map_err(|_| {
                Failure::usage(format!("--invoke {name}: a name of more than 128 bytes"))
            })?,
            arguments: call_arguments_of(signature, name, &arguments.arguments)?
                .into_iter()
                .map(Into::into)
                .collect(),
        },
        None if arguments.arguments.is_empty() => Entry::Module,
        None => {
            return Err(Failure::usage(
                "a module takes no arguments; to call one of its exports with some, name it with \
                 --invoke",
            ));
        }
    };
    let mut revocations = heapless::Vec::new();
    for text in &arguments.revocations {
        let (capability, at_us) =
            split_moment(text).map_err(|error| Failure::usage(format!("--revoke: {error}")))?;
        let capability = mote_supervisor::name(capability).map_err(|_| {
            Failure::usage(format!("--revoke {text}: no capability has so long a name"))
        })?;
        revocations
            .push(Revocation { capability, at_us })
            .map_err(|_| Failure::usage("--revoke: at most 8 in one run"))?;
    }
    Ok(RunOptions {
        entry,
        fuel_limit: arguments.fuel,
        run_for_us: arguments.run_for_us,
        revocations,
    })
}

/// Reads the arguments of a call by the types of the export. Where there is no such export, or one
/// that no engine here could call, the session will say so.
pub(crate) fn call_arguments_of(
    signature: Option<&Signature>,
    export: &str,
    texts: &[String],
) -> Result<Vec<Value>, Failure> {
    let Some(Signature {
        parameters: types,
        results,
    }) = signature
    else {
        return Ok(Vec::new());
    };
    if types.len() > VALUES_MAX || *results > VALUES_MAX {
        return Err(Failure::usage(format!(
            "{export:?} takes {} values and returns {results}; at most {VALUES_MAX} can cross the \
             border",
            types.len()
        )));
    }
    if types.len() != texts.len() {
        let names: Vec<&str> = types.iter().map(|own| own.name()).collect();
        return Err(Failure::usage(format!(
            "{export:?} takes {} arguments ({}), and {} were given",
            types.len(),
            names.join(", "),
            texts.len()
        )));
    }
    let parsed: Result<Vec<Value>, String> = types
        .iter()
        .zip(texts)
        .map(|(&own, text)| values::parse(text, own))
        .collect();
    parsed.map_err(|error| Failure::usage(format!("{export:?}: {error}")))
}

/// Reads `--set PIN=LEVEL@TIME`.
fn levels(
    arguments: &RunArguments,
    board: &BoardDescription,
) -> Result<Vec<ScheduledLevel>, Failure> {
    let mut levels = Vec::new();
    for text in &arguments.levels {
        let usage = |error: &str| Failure::usage(format!("--set {text}: {error}"));
        let (what, time_us) = match text.contains('@') {
            true => split_moment(text).map_err(|error| usage(&error))?,
            false => (text.as_str(), 0),
        };
        let (name, level) = what
            .split_once('=')
            .ok_or_else(|| usage("write it as PIN=LEVEL or PIN=LEVEL@TIME"))?;
        let pin = board.pin(name, Direction::Input).ok_or_else(|| {
            let inputs = board
                .pins
                .iter()
                .filter(|pin| pin.direction == Direction::Input);
            let inputs: Vec<&str> = inputs.map(|pin| pin.name).collect();
            usage(&format!(
                "board {} has the inputs {}",
                board.name,
                inputs.join(", ")
            ))
        })?;
        let high = match level {
            "0" | "low" => false,
            "1" | "high" => true,
            _ => return Err(usage("a level is 0 or 1")),
        };
        levels.push(ScheduledLevel { time_us, pin, high });
    }
    Ok(levels)
}

/// Shows how a session ended; returns what the tool ends with.
fn finish(module: &Module, watch: &Watch, arguments: &RunArguments) -> Result<Code, Failure> {
    let Some(end) = &watch.end else {
        return Err(Failure {
            code: Code::Tool,
            message: "the session has no end".to_owned(),
        });
    };
    let code = end.ending.code(arguments.invoke.is_none());
    if arguments.json {
        terminal::out(&json(module, watch, end, arguments.invoke.is_none()).to_string());
        return Ok(code);
    }
    let name = &module.manifest.name;
    match (&end.ending, &arguments.invoke) {
        (OwnedEnding::Returned(results), Some(_)) => {
            for &result in results {
                terminal::out(&values::show(result));
            }
        }
        (ending @ (OwnedEnding::Returned(_) | OwnedEnding::TimeUp), _) => {
            if !arguments.quiet {
                let how = match (ending, code) {
                    (OwnedEnding::Returned(_), Code::Guest(code)) if code != 0 => {
                        format!("ended with exit code {}", ending.exit_code().unwrap_or(0))
                    }
                    _ => ending.message(),
                };
                terminal::note(&format!(
                    "{name} {how} ({}, {} host calls, {} units of fuel)",
                    show_us(end.time_us),
                    watch.trace.len(),
                    end.fuel_used
                ));
            }
        }
        _ => {
            terminal::note(&format!("{}: {}", module.path.display(), end.message()));
            for line in end.further_lines() {
                terminal::note(&line);
            }
        }
    }
    Ok(code)
}

/// The trap, and where it happened: the first function of the backtrace.
fn trap_json(end: &End) -> serde_json::Value {
    let mut trap = end.ending.trap_json();
    if let Some(trap) = trap.as_object_mut() {
        let frame = end.backtrace.frames.first();
        trap.insert("function".to_owned(), json!(frame.map(|it| it.function)));
        trap.insert("name".to_owned(), json!(frame.map(|it| &it.name)));
        trap.insert("offset".to_owned(), json!(frame.map(|it| it.wasm_offset)));
    }
    trap
}

/// Everything about a session, for a script.
fn json(module: &Module, watch: &Watch, end: &End, is_entry: bool) -> serde_json::Value {
    let board = &watch.board;
    json!({
        "module": module.manifest.name.as_str(),
        "version": module.manifest.version.to_string(),
        "board": watch.board,
        "engine": watch.engine,
        "ending": end.ending.to_json(),
        "message": end.message(),
        "exit_code": if is_entry { end.ending.exit_code() } else { None },
        "results": end.ending.results_json(),
        "trap": trap_json(end),
        "backtrace": end.backtrace.to_json(),
        "fuel": end.fuel_used,
        "time_us": end.time_us,
        "capabilities": crate::present::decisions_json(&watch.decisions, board),
        "log": watch.log.iter().map(|line| json!({
            "module": line.module,
            "level": crate::present::level_word(line.level),
            "message": line.message,
        })).collect::<Vec<_>>(),
        "trace": watch.trace.iter().map(recording::call_json).collect::<Vec<_>>(),
    })
}
