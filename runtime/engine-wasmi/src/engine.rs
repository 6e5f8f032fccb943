//! The step machine on wasmi's resumable calls.
//!
//! Every import is bound to a host function that does nothing but note what it was called with
//! and fail; wasmi then hands out a call that can be resumed, which is exactly
//! [`Step::HostCall`]. Fuel is wasmi's own.

use alloc::string::String;
use alloc::vec::Vec;
use mote_engine::{
    CallError, Engine, Fault, FunctionIndex, Import, ImportIndex, Signature, Step, Trap, TrapKind,
    Value, Values,
};
use wasmi::{
    Error, Extern, ExternType, Func, FuncType, Memory, Module, ResumableCall,
    ResumableCallHostTrap, ResumableCallOutOfFuel, Store, StoreLimits, TrapCode, Val,
};

use crate::config::{Limits, config};
use crate::rejected::Rejected;
use crate::start::export_start;
use crate::value::{Functions, push_words, to_wasmi, type_bytes, zero_of};

/// What the host functions see.
#[derive(Debug)]
struct Shared {
    limits: StoreLimits,
    /// The call that the module waits on, noted by the import's host function.
    called: Option<Called>,
}

#[derive(Debug)]
struct Called {
    import: u32,
    arguments: Vec<Val>,
}

/// What a host function fails with, so that wasmi suspends the call.
#[derive(Debug)]
struct Suspend;

impl core::fmt::Display for Suspend {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("waiting for the host")
    }
}

impl wasmi::errors::HostError for Suspend {}

#[derive(Debug)]
struct ImportedFunction {
    module: String,
    name: String,
    parameters: Vec<u8>,
    results: Vec<u8>,
}

#[derive(Debug)]
struct ExportedFunction {
    name: String,
    function: Func,
    parameters: Vec<u8>,
    results: Vec<u8>,
}

/// Where the engine is between two steps.
#[derive(Debug)]
enum State {
    Idle,
    /// A call was prepared.
    Called {
        function: Func,
        arguments: Vec<Val>,
    },
    /// The module waits for the host. There is nothing to resume where the function that was
    /// called is itself an import, exported again.
    Waiting {
        call: Option<ResumableCallHostTrap>,
        import: u32,
    },
    /// The host answered.
    Answered {
        call: Option<ResumableCallHostTrap>,
        results: Vec<Val>,
    },
    /// The fuel was used up.
    OutOfFuel(ResumableCallOutOfFuel),
}

/// One instance of one module, executed by wasmi.
///
/// Functions are numbered by their place among the exports: wasmi does not tell their index in
/// the module. The number of a function reference that comes out of a module is made up as well,
/// anew each time.
#[derive(Debug)]
pub struct WasmiEngine {
    store: Store<Shared>,
    instance: wasmi::Instance,
    memory: Option<Memory>,
    imports: Vec<ImportedFunction>,
    exports: Vec<ExportedFunction>,
    start: Option<FunctionIndex>,
    state: State,
    /// wasmi puts the results of the function that was called here.
    results: Vec<Val>,
    result_types: Vec<u8>,
    /// The words of the values that a step hands out.
    words: Vec<u32>,
    references: Functions,
    fuel_given: u64,
}

impl WasmiEngine {
    /// Validates and translates a Wasm file, and makes an instance of it; nothing of it runs.
    ///
    /// # Errors
    ///
    /// Where the module is not valid, needs what is not supported, or passes the limits.
    pub fn new(wasm: &[u8], limits: &Limits) -> Result<Self, Rejected> {
        let mut module = load(wasm, true)?;
        let start = export_start(wasm);
        if let Some(rewritten) = &start {
            module = load(&rewritten.wasm, false)?;
        }
        let shared = Shared {
            limits: limits.store_limits(),
            called: None,
        };
        let mut store = Store::new(module.engine(), shared);
        store.limiter(|shared| &mut shared.limits);

        let mut imports = Vec::new();
        let mut externs = Vec::new();
        for (index, import) in (0u32..).zip(module.imports()) {
            let (module, name) = (import.module(), import.name());
            let function_type = match import.ty() {
                ExternType::Func(function_type) => function_type,
                ExternType::Memory(_) => return Err(not_a_function("memory", module, name)),
                ExternType::Table(_) => return Err(not_a_function("table", module, name)),
                ExternType::Global(_) => return Err(not_a_function("global", module, name)),
            };
            imports.push(ImportedFunction {
                module: module.into(),
                name: name.into(),
                parameters: type_bytes(function_type.params()).ok_or(Rejected::VectorType)?,
                results: type_bytes(function_type.results()).ok_or(Rejected::VectorType)?,
            });
            externs.push(Extern::Func(suspending(&mut store, index, function_type)));
        }
        let instance =
            wasmi::Instance::new(&mut store, &module, &externs).map_err(Rejected::Instantiation)?;

        let mut exports = Vec::new();
        let mut memory = None;
        for export in module.exports() {
            match instance.get_export(&store, export.name()) {
                Some(Extern::Func(function)) => {
                    let function_type = function.ty(&store);
                    let parameters = type_bytes(function_type.params());
                    let results = type_bytes(function_type.results());
                    exports.push(ExportedFunction {
                        name: export.name().into(),
                        function,
                        parameters: parameters.ok_or(Rejected::VectorType)?,
                        results: results.ok_or(Rejected::VectorType)?,
                    });
                }
                Some(Extern::Memory(own)) => memory = memory.or(Some(own)),
                Some(Extern::Table(_) | Extern::Global(_)) | None => {}
            }
        }
        let mut engine = Self {
            store,
            instance,
            memory,
            imports,
            exports,
            start: None,
            state: State::Idle,
            results: Vec::new(),
            result_types: Vec::new(),
            words: Vec::new(),
            references: Vec::new(),
            fuel_given: 0,
        };
        if let Some(rewritten) = start {
            engine.start = engine.exported_function(&rewritten.export);
        }
        Ok(engine)
    }

    /// Returns the value of an exported global.
    #[must_use]
    pub fn exported_global(&mut self, name: &str) -> Option<Value> {
        let Some(Extern::Global(global)) = self.instance.get_export(&self.store, name) else {
            return None;
        };
        let value = global.get(&self.store);
        let types = type_bytes(&[value.ty()])?;
        self.keep_words(&[value]).ok()?;
        Values::new(&types, &self.words)?.next()
    }

    fn exported(&self, function: FunctionIndex) -> Option<&ExportedFunction> {
        self.exports.get(usize::try_from(function.0).ok()?)
    }

    fn checked(&mut self, values: &[Value], types: &[u8]) -> Result<Vec<Val>, CallError> {
        let same = values
            .iter()
            .map(|value| value.value_type().byte())
            .eq(types.iter().copied());
        if !same {
            return Err(CallError::WrongValues);
        }
        let converted: Option<Vec<Val>> = values
            .iter()
            .map(|&value| to_wasmi(value, &mut self.store, &self.references))
            .collect();
        converted.ok_or(CallError::WrongValues)
    }

    fn keep_words(&mut self, values: &[Val]) -> Result<(), Fault> {
        self.words.clear();
        for value in values {
            push_words(&mut self.words, value, &self.store, &mut self.references)
                .ok_or(Fault::LogicBug)?;
        }
        Ok(())
    }

    /// Tells what wasmi came back with.
    fn outcome(&mut self, outcome: Result<ResumableCall, Error>) -> Result<Step<'_>, Fault> {
        match outcome {
            Ok(ResumableCall::Finished) => {
                let results = core::mem::take(&mut self.results);
                self.keep_words(&results)?;
                let values = Values::new(&self.result_types, &self.words);
                Ok(Step::Returned(values.ok_or(Fault::LogicBug)?))
            }
            Ok(ResumableCall::OutOfFuel(call)) => {
                let needed = call.required_fuel();
                self.state = State::OutOfFuel(call);
                Ok(Step::OutOfFuel { needed })
            }
            Ok(ResumableCall::HostTrap(call)) => self.waiting(Some(call)),
            Err(error) if error.downcast_ref::<Suspend>().is_some() => self.waiting(None),
            Err(error) => match error.as_trap_code().and_then(trap_kind) {
                Some(kind) => Ok(Step::Trapped(Trap::from(kind))),
                None => Err(Fault::LogicBug),
            },
        }
    }

    /// Tells of the host call that was just noted.
    fn waiting(&mut self, call: Option<ResumableCallHostTrap>) -> Result<Step<'_>, Fault> {
        let Called { import, arguments } =
            self.store.data_mut().called.take().ok_or(Fault::LogicBug)?;
        self.keep_words(&arguments)?;
        self.state = State::Waiting { call, import };
        let place = usize::try_from(import).map_err(|_| Fault::LogicBug)?;
        let types = &self.imports.get(place).ok_or(Fault::LogicBug)?.parameters;
        let arguments = Values::new(types, &self.words).ok_or(Fault::LogicBug)?;
        Ok(Step::HostCall {
            import: ImportIndex(import),
            arguments,
        })
    }
}

impl Engine for WasmiEngine {
    fn import(&self, index: ImportIndex) -> Option<Import<'_>> {
        let import = self.imports.get(usize::try_from(index.0).ok()?)?;
        Some(Import {
            module: &import.module,
            name: &import.name,
            signature: Signature {
                parameters: &import.parameters,
                results: &import.results,
            },
        })
    }

    fn exported_function(&self, name: &str) -> Option<FunctionIndex> {
        let place = self.exports.iter().position(|export| export.name == name)?;
        u32::try_from(place).ok().map(FunctionIndex)
    }

    fn signature(&self, function: FunctionIndex) -> Option<Signature<'_>> {
        let export = self.exported(function)?;
        Some(Signature {
            parameters: &export.parameters,
            results: &export.results,
        })
    }

    fn start_function(&self) -> Option<FunctionIndex> {
        self.start
    }

    fn call(&mut self, function: FunctionIndex, arguments: &[Value]) -> Result<(), CallError> {
        if !matches!(self.state, State::Idle) {
            return Err(CallError::WrongState);
        }
        let export = self.exported(function).ok_or(CallError::NoSuchFunction)?;
        let (function, parameters) = (export.function, export.parameters.clone());
        let result_types = export.results.clone();
        let arguments = self.checked(arguments, &parameters)?;
        self.results = result_types.iter().map(|&byte| zero_of(byte)).collect();
        self.result_types = result_types;
        self.state = State::Called {
            function,
            arguments,
        };
        Ok(())
    }

    fn run(&mut self, fuel: u64) -> Result<Step<'_>, Fault> {
        let balance = self.fuel_left().saturating_add(fuel);
        self.fuel_given = self.fuel_used().saturating_add(balance);
        self.store.set_fuel(balance).map_err(|_| Fault::LogicBug)?;
        let outcome = match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return Err(Fault::NothingToRun),
            waiting @ State::Waiting { .. } => {
                self.state = waiting;
                return Err(Fault::NothingToRun);
            }
            State::Called {
                function,
                arguments,
            } => function.call_resumable(&mut self.store, &arguments, &mut self.results),
            State::Answered {
                call: Some(call),
                results,
            } => call.resume(&mut self.store, &results, &mut self.results),
            State::Answered {
                call: None,
                results,
            } => {
                self.results = results;
                Ok(ResumableCall::Finished)
            }
            State::OutOfFuel(call) => call.resume(&mut self.store, &mut self.results),
        };
        self.outcome(outcome)
    }

    fn resume(&mut self, results: &[Value]) -> Result<(), CallError> {
        let State::Waiting { import, .. } = self.state else {
            return Err(CallError::WrongState);
        };
        let place = usize::try_from(import).map_err(|_| CallError::WrongState)?;
        let import = self.imports.get(place).ok_or(CallError::WrongState)?;
        let types = import.results.clone();
        let results = self.checked(results, &types)?;
        match core::mem::replace(&mut self.state, State::Idle) {
            State::Waiting { call, .. } => {
                self.state = State::Answered { call, results };
                Ok(())
            }
            State::Idle | State::Called { .. } | State::Answered { .. } | State::OutOfFuel(_) => {
                Err(CallError::WrongState)
            }
        }
    }

    fn abandon(&mut self) {
        self.state = State::Idle;
    }

    fn memory(&self) -> &[u8] {
        self.memory
            .as_ref()
            .map_or(&[], |memory| memory.data(&self.store))
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        match &self.memory {
            Some(memory) => memory.data_mut(&mut self.store),
            None => &mut [],
        }
    }

    fn fuel_left(&self) -> u64 {
        self.store.get_fuel().unwrap_or(0)
    }

    fn fuel_used(&self) -> u64 {
        self.fuel_given.saturating_sub(self.fuel_left())
    }
}

fn load(wasm: &[u8], start_function: bool) -> Result<Module, Rejected> {
    let engine = wasmi::Engine::new(&config(start_function));
    Module::new(&engine, wasm).map_err(Rejected::Invalid)
}

fn not_a_function(kind: &'static str, module: &str, name: &str) -> Rejected {
    Rejected::ImportNotAFunction {
        kind,
        module: module.into(),
        name: name.into(),
    }
}

/// Makes the host function of an import.
fn suspending(store: &mut Store<Shared>, import: u32, function_type: &FuncType) -> Func {
    Func::new(
        store,
        function_type.clone(),
        move |mut caller, arguments, _results| {
            let arguments = arguments.to_vec();
            caller.data_mut().called = Some(Called { import, arguments });
            Err(Error::host(Suspend))
        },
    )
}

/// Returns the trap of wasmi's code, or nothing where it is that the fuel is used up.
#[must_use]
pub const fn trap_kind(code: TrapCode) -> Option<TrapKind> {
    Some(match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::IndirectCallToNull,
        TrapCode::IntegerDivisionByZero => TrapKind::IntegerDivideByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::InvalidConversionToInteger,
        TrapCode::StackOverflow => TrapKind::StackOverflow,
        TrapCode::BadSignature => TrapKind::IndirectCallTypeMismatch,
        TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => TrapKind::OutOfMemory,
        TrapCode::OutOfFuel => return None,
    })
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
