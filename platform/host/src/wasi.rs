//! WASI preview 1 programs, run on the host.
//!
//! A WASI program is written for a computer with files and an environment, not for a board, so it
//! runs here and not in the simulator: wasmi executes it and wasi-common answers its calls. What
//! it gets is what its [`WasiProgram`] names: three streams, arguments, variables, directories, the
//! clocks and random numbers. It cannot name anything outside of its directories, by `..`, by an
//! absolute path or through a symbolic link: wasi-common resolves every path from a directory that
//! was opened beforehand, and refuses what leads out.
//!
//! ```text
//!   module --- imports.rs: each import is WASI's, with WASI's type, or all are refused by name
//!     |
//!   instance --- start function --- _initialize (a reactor) --- _start, or the invoked export
//!     |                                                            |
//!   streams.rs  directory.rs (read_only.rs)                        end.rs: how it ended
//! ```
//!
//! Fuel is wasmi's own count and bounds all of the module's code, its start function included. What
//! wasi-common does on the module's behalf costs none, and a module may wait (`poll_oneoff`, a
//! read) for as long as it likes.

mod directory;
mod end;
mod error;
pub(crate) mod functions;
mod imports;
mod read_only;
mod streams;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mote_engine::{Value, ValueType};
use wasi_common::WasiCtx;
use wasi_common::sync::WasiCtxBuilder;
use wasmi::{
    CompilationMode, Config, Engine, Extern, Func, Instance, Linker, Module, Store, StoreLimits,
    StoreLimitsBuilder, Val, ValType,
};

pub use directory::{Directory, DirectoryError};
pub use end::{Outcome, WasiEnd};
pub use error::{WasiError, WasiErrorKind};
pub use imports::is_wasi;
pub use streams::{Capture, Input, Output, Streams};

use crate::inspect;
use functions::MODULE;
use imports::PROC_EXIT;

/// The export that a command is entered by.
const COMMAND_ENTRY: &str = "_start";

/// The export that a reactor is prepared by, before any other of its exports is called.
const REACTOR_ENTRY: &str = "_initialize";

/// Most bytes of memory that a program may have where it is not told otherwise.
///
/// wasmi writes to every byte of a memory when it makes it, so that a module which merely declares
/// the largest one would take 4 GiB of the machine.
pub const MEMORY_MAX_BYTES_DEFAULT: u64 = 1 << 30;

/// Calls that may be nested. Programs for a computer nest deeper than modules for a board.
const RECURSION_DEPTH_MAX: usize = 50_000;

/// Most bytes of wasmi's value stack, which grows as it is used.
const STACK_MAX_BYTES: usize = 16 << 20;

/// Most tables, and most elements of each.
const TABLES_MAX: usize = 16;
const TABLE_MAX_ELEMENTS: usize = 1_000_000;

/// An export to call instead of running the program.
#[derive(Clone, Copy, Debug)]
pub struct Invocation<'a> {
    /// The export's name.
    pub export: &'a str,
    /// What it is called with.
    pub arguments: &'a [Value],
}

/// A program, and all that it gets.
#[derive(Debug)]
pub struct WasiProgram<'a> {
    /// The Wasm file.
    pub wasm: &'a [u8],
    /// The program's own name: `argv[0]`.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Its environment. Nothing of the host's own is added.
    pub environment: &'a [(String, String)],
    /// Its directories.
    pub directories: &'a [Directory],
    /// Most fuel that it may use, in wasmi's units; nothing for no bound.
    pub fuel: Option<u64>,
    /// Most bytes of memory that it may have; nothing for [`MEMORY_MAX_BYTES_DEFAULT`].
    pub memory_max_bytes: Option<u64>,
    /// An export to call instead of the program's entry.
    pub invoke: Option<Invocation<'a>>,
    /// Its standard input, output and error.
    pub streams: Streams,
}

impl<'a> WasiProgram<'a> {
    /// Returns a program that gets nothing but the host's three streams.
    #[must_use]
    pub fn new(wasm: &'a [u8], name: &'a str) -> Self {
        Self {
            wasm,
            name,
            arguments: &[],
            environment: &[],
            directories: &[],
            fuel: None,
            memory_max_bytes: None,
            invoke: None,
            streams: Streams::default(),
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
///
/// Where it cannot be started: the file is no module, or imports what is not offered; a directory
/// cannot be opened; there is no such export. What the program does once it runs is never an
/// error, with one exception: a WASI call that wasi-common cannot answer at all.
pub fn run(program: &WasiProgram<'_>) -> Result<Outcome, WasiError> {
    // wasi-common and wasmi are not written to be free of panics on every machine state (a file
    // that was last changed before 1970 is one), and a tool that others drive must not die of one.
    catch_unwind(AssertUnwindSafe(|| run_unguarded(program))).unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(WasiError::Internal(message))
    })
}

/// What a store holds.
struct Host {
    wasi: WasiCtx,
    limits: StoreLimits,
}

fn run_unguarded(program: &WasiProgram<'_>) -> Result<Outcome, WasiError> {
    let engine = Engine::new(&config());
    let module = Module::new(&engine, program.wasm).map_err(|error| rejected(program, &error))?;
    let memory_max_bytes = program.memory_max_bytes.unwrap_or(MEMORY_MAX_BYTES_DEFAULT);
    let host = Host {
        wasi: context(program)?,
        limits: StoreLimitsBuilder::new()
            .instances(1)
            .memories(1)
            .memory_size(usize::try_from(memory_max_bytes).unwrap_or(usize::MAX))
            .tables(TABLES_MAX)
            .table_elements(TABLE_MAX_ELEMENTS)
            .build(),
    };
    let mut store = Store::new(&engine, host);
    store.limiter(|host| &mut host.limits);
    let fuel = program.fuel.unwrap_or(u64::MAX);
    store
        .set_fuel(fuel)
        .map_err(|error| WasiError::Internal(error.to_string()))?;

    let linker = linker(&engine)?;
    imports::check(&module)?;
    let called = match program.invoke {
        Some(invocation) => invocation.export,
        None => COMMAND_ENTRY,
    };
    check_export(&module, called, program.invoke)?;
    if is_prepared(program, called) && has_function(&module, REACTOR_ENTRY) {
        let initialize = Invocation {
            export: REACTOR_ENTRY,
            arguments: &[],
        };
        check_export(&module, REACTOR_ENTRY, Some(initialize))?;
    }

    let ended = enter(program, &linker, &module, &mut store, called);
    let end = match ended {
        Ok(values) => WasiEnd::Returned(values),
        Err(error) => end::of_error(error, fuel, memory_max_bytes)?,
    };
    let left = store
        .get_fuel()
        .map_err(|error| WasiError::Internal(error.to_string()))?;
    let fuel_used = if matches!(end, WasiEnd::OutOfFuel { .. }) {
        // wasmi leaves what did not pay for the next piece in the tank; nothing can use it.
        fuel
    } else {
        fuel.saturating_sub(left)
    };
    Ok(Outcome { end, fuel_used })
}

/// Returns the configuration: what Mote's modules may use, and tail calls, which cost wasmi
/// nothing.
fn config() -> Config {
    let mut config = Config::default();
    config
        .wasm_custom_page_sizes(true)
        .wasm_multi_memory(false)
        .ignore_custom_sections(true)
        .consume_fuel(true)
        // All at once: a bad function is found before anything runs, and no call is charged for
        // the translation of what it calls.
        .compilation_mode(CompilationMode::Eager);
    config.set_max_recursion_depth(RECURSION_DEPTH_MAX);
    config.set_max_stack_height(STACK_MAX_BYTES);
    config
}

/// Says why wasmi did not take a file: the inspection knows better words for it than wasmi.
fn rejected(program: &WasiProgram<'_>, error: &wasmi::Error) -> WasiError {
    match inspect::inspect(program.wasm) {
        Err(error) => WasiError::Invalid(error),
        Ok(inspection) => WasiError::Unsupported {
            proposals: inspection.unsupported_proposals(),
            detail: error.to_string(),
        },
    }
}

/// Makes what the program sees of the host.
fn context(program: &WasiProgram<'_>) -> Result<WasiCtx, WasiError> {
    let mut builder = WasiCtxBuilder::new();
    for argument in
        std::iter::once(program.name).chain(program.arguments.iter().map(String::as_str))
    {
        if argument.contains('\0') {
            return Err(WasiError::NulByte(argument.to_owned()));
        }
        builder
            .arg(argument)
            .map_err(|error| WasiError::TooManyArguments(error.to_string()))?;
    }
    for (name, value) in program.environment {
        if name.contains('\0') || value.contains('\0') {
            return Err(WasiError::NulByte(format!("{name}={value}")));
        }
        if name.is_empty() || name.contains('=') {
            return Err(WasiError::VariableName(name.clone()));
        }
        builder
            .env(name, value)
            .map_err(|error| WasiError::TooManyArguments(error.to_string()))?;
    }
    program.streams.give(&mut builder);
    let context = builder.build();
    directory::open_all(program.directories, &context)?;
    Ok(context)
}

/// Makes the linker: all of WASI preview 1 and nothing else.
fn linker(engine: &Engine) -> Result<Linker<Host>, WasiError> {
    let mut linker = Linker::new(engine);
    wasmi_wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)
        .map_err(|error| WasiError::Internal(error.to_string()))?;
    // wasi-common turns exit codes from 126 up into an error; a program's code is its own affair.
    linker
        .allow_shadowing(true)
        .func_wrap(MODULE, PROC_EXIT, |code: i32| -> Result<(), wasmi::Error> {
            Err(wasmi::Error::i32_exit(code))
        })
        .map_err(|error| WasiError::Internal(error.to_string()))?;
    Ok(linker)
}

/// Refuses a call of what is not there, or with the wrong arguments, before anything runs.
fn check_export(
    module: &Module,
    called: &str,
    invocation: Option<Invocation<'_>>,
) -> Result<(), WasiError> {
    let export = module.get_export(called);
    let Some(function) = export.as_ref().and_then(wasmi::ExternType::func) else {
        let functions = module
            .exports()
            .filter(|export| export.ty().func().is_some())
            .map(|export| export.name().to_owned())
            .collect();
        return Err(match invocation {
            Some(_) => WasiError::NoSuchExport {
                name: called.to_owned(),
                functions,
            },
            None => WasiError::NoEntry { functions },
        });
    };
    let mut all_types = function.params().iter().chain(function.results());
    if all_types.any(|value_type| plain(*value_type).is_none()) {
        return Err(WasiError::NotPlain(called.to_owned()));
    }
    let expected: Vec<ValueType> = function
        .params()
        .iter()
        .copied()
        .filter_map(plain)
        .collect();
    let given: Vec<ValueType> = invocation
        .map(|invocation| invocation.arguments.iter().map(|value| value.value_type()))
        .into_iter()
        .flatten()
        .collect();
    if expected != given {
        return Err(WasiError::WrongArguments {
            name: called.to_owned(),
            expected,
            given,
        });
    }
    Ok(())
}

/// Tells whether a reactor's entry comes before what is called.
fn is_prepared(program: &WasiProgram<'_>, called: &str) -> bool {
    program.invoke.is_some() && called != REACTOR_ENTRY
}

fn has_function(module: &Module, name: &str) -> bool {
    module
        .get_export(name)
        .is_some_and(|export| export.func().is_some())
}

/// Instantiates the module, prepares it, and calls what is to be called.
fn enter(
    program: &WasiProgram<'_>,
    linker: &Linker<Host>,
    module: &Module,
    store: &mut Store<Host>,
    called: &str,
) -> Result<Vec<Value>, wasmi::Error> {
    let instance = linker.instantiate_and_start(&mut *store, module)?;
    if is_prepared(program, called)
        && let Some(initialize) = function(&instance, store, REACTOR_ENTRY)
    {
        let mut results = results_of(&initialize, store);
        initialize.call(&mut *store, &[], &mut results)?;
    }
    let function = function(&instance, store, called)
        .ok_or_else(|| wasmi::Error::new(format!("the export {called} is gone")))?;
    let arguments: Vec<Val> = program
        .invoke
        .map(|invocation| invocation.arguments)
        .unwrap_or_default()
        .iter()
        .filter_map(|value| to_wasmi(*value))
        .collect();
    let mut results = results_of(&function, store);
    function.call(&mut *store, &arguments, &mut results)?;
    Ok(results.iter().filter_map(from_wasmi).collect())
}

fn function(instance: &Instance, store: &Store<Host>, name: &str) -> Option<Func> {
    instance.get_export(store, name).and_then(Extern::into_func)
}

fn results_of(function: &Func, store: &Store<Host>) -> Vec<Val> {
    let types = function.ty(store);
    types
        .results()
        .iter()
        .copied()
        .map(Val::default_for_ty)
        .collect()
}

/// Returns Mote's name of a type whose values can be written down.
fn plain(value_type: ValType) -> Option<ValueType> {
    match value_type {
        ValType::I32 => Some(ValueType::I32),
        ValType::I64 => Some(ValueType::I64),
        ValType::F32 => Some(ValueType::F32),
        ValType::F64 => Some(ValueType::F64),
        ValType::V128 | ValType::FuncRef | ValType::ExternRef => None,
    }
}

fn to_wasmi(value: Value) -> Option<Val> {
    match value {
        Value::I32(value) => Some(Val::I32(value)),
        Value::I64(value) => Some(Val::I64(value)),
        Value::F32(bits) => Some(Val::F32(wasmi::F32::from_bits(bits))),
        Value::F64(bits) => Some(Val::F64(wasmi::F64::from_bits(bits))),
        Value::FuncRef(_) | Value::ExternRef(_) => None,
    }
}

fn from_wasmi(value: &Val) -> Option<Value> {
    match value {
        Val::I32(value) => Some(Value::I32(*value)),
        Val::I64(value) => Some(Value::I64(*value)),
        Val::F32(value) => Some(Value::F32(value.to_bits())),
        Val::F64(value) => Some(Value::F64(value.to_bits())),
        Val::V128(_) | Val::FuncRef(_) | Val::ExternRef(_) => None,
    }
}
