//! What is told means what the module means: random modules, on a machine that executes what a
//! back end is told, and on wasmi.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "wasmi has more types and traps than we"
)]

use mote_engine::TrapKind;
use mote_translate_suite::{HostWorkspace, Machine, Random, Stop, smith_to_run, translated};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wasmi::{
    CompilationMode, Config, Engine, ExternType, Func, Linker, Module, Nullable, Store,
    StoreLimits, StoreLimitsBuilder, TrapCode, Val, ValType,
};

/// The fuel of a call, on wasmi; the machine has as many steps.
const FUEL: u64 = 20_000;

/// How a call ended.
#[derive(Debug, PartialEq)]
enum Outcome {
    Results(Vec<u32>),
    Trap(TrapKind),
    /// Out of steps, fuel or stack: the two need not agree.
    Unsure,
}

fn trap_kind(code: TrapCode) -> Option<TrapKind> {
    Some(match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::IndirectCallToNull,
        TrapCode::BadSignature => TrapKind::IndirectCallTypeMismatch,
        TrapCode::IntegerDivisionByZero => TrapKind::IntegerDivideByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::InvalidConversionToInteger,
        _ => return None,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "halves are meant")]
fn words(values: &[Val]) -> Vec<u32> {
    let mut words = Vec::new();
    for value in values {
        let wide = |bits: u64| vec![bits as u32, (bits >> 32) as u32];
        words.extend(match value {
            Val::I32(value) => vec![value.cast_unsigned()],
            Val::I64(value) => wide(value.cast_unsigned()),
            Val::F32(value) => vec![value.to_bits()],
            Val::F64(value) => wide(value.to_bits()),
            // Which function it is cannot be asked for.
            Val::FuncRef(Nullable::Null) | Val::ExternRef(Nullable::Null) => vec![u32::MAX],
            _ => vec![0],
        });
    }
    words
}

/// References that are not null are all alike.
fn without_references(mut words: Vec<u32>, types: &[u8]) -> Vec<u32> {
    let mut at = 0;
    for byte in types {
        if matches!(byte, 0x6f | 0x70) && words[at] != u32::MAX {
            words[at] = 0;
        }
        at += if matches!(byte, 0x7e | 0x7c) { 2 } else { 1 };
    }
    words
}

fn argument(random: &mut Random, value_type: ValType) -> Val {
    const INTERESTING: [u64; 8] = [
        0,
        1,
        2,
        u64::MAX,
        0x8000_0000,
        0x7fff_ffff,
        0x8000_0000_0000_0000,
        100,
    ];
    let bits = match random.below(3) {
        0 => random.next(),
        _ => INTERESTING[random.below(INTERESTING.len())],
    };
    let [low, ..] = [bits & 0xffff_ffff];
    let low = u32::try_from(low).unwrap_or(0);
    match value_type {
        ValType::I32 => Val::I32(low.cast_signed()),
        ValType::I64 => Val::I64(bits.cast_signed()),
        // Small numbers: whole ones, no NaN.
        ValType::F32 => Val::F32(wasmi::F32::from_bits((low as f32).to_bits())),
        ValType::F64 => Val::F64(wasmi::F64::from_bits((bits as f64).to_bits())),
        other => Val::default_for_ty(other),
    }
}

fn wasmi_outcome(done: Result<(), wasmi::Error>, results: &[Val]) -> Outcome {
    match done {
        Ok(()) => Outcome::Results(words(results)),
        Err(error) => match error.as_trap_code().and_then(trap_kind) {
            Some(kind) => Outcome::Trap(kind),
            None => Outcome::Unsure,
        },
    }
}

fn machine_outcome(done: Result<Vec<u32>, Stop>) -> Outcome {
    match done {
        Ok(words) => Outcome::Results(words),
        Err(Stop::Trap(TrapKind::StackOverflow) | Stop::TooLong) => Outcome::Unsure,
        Err(Stop::Trap(kind)) => Outcome::Trap(kind),
    }
}

#[derive(Default)]
struct Counts {
    modules: u32,
    calls: u32,
    results: u32,
    traps: u32,
    unsure: u32,
    /// Modules that wasmi cannot compile.
    panics: u32,
}

fn compare<const UNTYPED: bool>(
    wasm: &[u8],
    seed: u64,
    random: &mut Random,
    workspace: &mut HostWorkspace,
    counts: &mut Counts,
) {
    let mut config = Config::default();
    config.consume_fuel(true).wasm_custom_page_sizes(true);
    config.compilation_mode(CompilationMode::Eager);
    let engine = Engine::new(&config);
    // wasmi 2.0.0 panics on a few valid modules.
    let Ok(module) = catch_unwind(AssertUnwindSafe(|| Module::new(&engine, wasm).unwrap())) else {
        counts.panics += 1;
        return;
    };
    let limits = StoreLimitsBuilder::new()
        .memory_size(64 << 20)
        .table_elements(100_000)
        .build();
    let mut store: Store<StoreLimits> = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_fuel(FUEL).unwrap();
    let mut linker = Linker::new(&engine);
    for import in module.imports() {
        let ExternType::Func(function_type) = import.ty() else {
            return;
        };
        let results: Vec<ValType> = function_type.results().to_vec();
        let function = Func::new(&mut store, function_type.clone(), move |_, _, out| {
            for (value, value_type) in out.iter_mut().zip(&results) {
                *value = Val::default_for_ty(*value_type);
            }
            Ok(())
        });
        // An import that is asked for twice is there already.
        let _ = linker.define(import.module(), import.name(), function);
    }
    let mut machine = Machine::<UNTYPED>::default();
    translated(wasm, workspace.buffers(), &mut machine).unwrap();
    machine.left = FUEL;
    counts.modules += 1;
    let instance = linker.instantiate_and_start(&mut store, &module);
    let ours = machine_outcome(machine.start().map(|()| Vec::new()));
    let instance = match instance {
        Ok(instance) => instance,
        Err(error) => {
            if let Some(kind) = error.as_trap_code().and_then(trap_kind)
                && ours != Outcome::Unsure
            {
                assert_eq!(ours, Outcome::Trap(kind), "seed {seed}: start");
            }
            return;
        }
    };
    if ours == Outcome::Unsure {
        counts.unsure += 1;
        return;
    }
    assert_eq!(ours, Outcome::Results(Vec::new()), "seed {seed}: start");
    let names: Vec<String> = module
        .exports()
        .map(|export| export.name().to_string())
        .collect();
    for name in names.iter().cycle().take(names.len() * 2) {
        let Some(function) = instance.get_func(&store, name) else {
            continue;
        };
        let function_type = function.ty(&store);
        let arguments: Vec<Val> = function_type
            .params()
            .iter()
            .map(|&of| argument(random, of))
            .collect();
        let mut results: Vec<Val> = function_type
            .results()
            .iter()
            .map(|&of| Val::default_for_ty(of))
            .collect();
        store.set_fuel(FUEL).unwrap();
        let done = function.call(&mut store, &arguments, &mut results);
        let theirs = wasmi_outcome(done, &results);
        let (index, types) = machine.export(name).unwrap();
        machine.left = FUEL;
        let ours = machine_outcome(machine.invoke(index, &words(&arguments)));
        if ours == Outcome::Unsure || theirs == Outcome::Unsure {
            counts.unsure += 1;
            return;
        }
        counts.calls += 1;
        let ours = match ours {
            Outcome::Results(words) => {
                counts.results += 1;
                Outcome::Results(without_references(words, &types))
            }
            other => {
                counts.traps += 1;
                other
            }
        };
        assert_eq!(ours, theirs, "seed {seed}: {name} with {arguments:?}");
        for name in &names {
            if let Some(memory) = instance.get_memory(&store, name) {
                assert!(memory.data(&store) == machine.memory, "seed {seed}: memory");
            }
            if let Some(global) = instance.get_global(&store, name) {
                let value = words(&[global.get(&store)]);
                let (value_type, bits) = machine.global(name).unwrap();
                if value_type.byte() != 0x70 {
                    let low = u64::from(value[0]);
                    let high = value.get(1).map_or(0, |&high| u64::from(high) << 32);
                    assert_eq!(bits, low | high, "seed {seed}: global {name}");
                }
            }
        }
    }
}

#[test]
fn random_modules_compute_what_wasmi_computes() {
    let modules: u64 = std::env::var("MOTE_MODULES")
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(2000);
    let work = move || {
        let mut workspace = HostWorkspace::default();
        let mut counts = Counts::default();
        for seed in 0..modules {
            let mut random = Random::new(seed ^ 0xd1ff);
            let Some(wasm) = smith_to_run(&mut random) else {
                continue;
            };
            if seed % 2 == 0 {
                compare::<false>(&wasm, seed, &mut random, &mut workspace, &mut counts);
            } else {
                compare::<true>(&wasm, seed, &mut random, &mut workspace, &mut counts);
            }
        }
        println!(
            "{} modules, {} calls: {} results, {} traps; {} modules ended for fuel or stack; \
             wasmi panicked on {}",
            counts.modules,
            counts.calls,
            counts.results,
            counts.traps,
            counts.unsure,
            counts.panics
        );
        assert!(counts.results > 500);
    };
    // The machine calls itself.
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}
