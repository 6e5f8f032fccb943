//! Generated modules do the same on this engine and on wasmi: results, traps, memory; and the
//! same in small slices of fuel as in one.
//!
//! The seed is fixed. `MODULES` says how many modules, 300 if it is not set.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use arbitrary::Unstructured;
use mote_engine::{Engine, ImageEngine, Step, TrapKind, Value};
use mote_engine_suite::{start, to_image, verified};
use wasm_smith::{Config, Module};
use wasmi::{Engine as Wasmi, Linker, Store, TrapCode, Val};

/// What a call came to, in both engines' terms.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ending {
    Returned(Vec<Value>),
    Trapped(String),
    /// It takes too long, or too much stack: limits that the engines count differently.
    Limit,
}

fn config() -> Config {
    Config {
        max_imports: 0,
        min_funcs: 2,
        min_exports: 3,
        export_everything: true,
        max_memories: 1,
        max_memory32_bytes: 65_536,
        memory_max_size_required: true,
        table_max_size_required: true,
        max_table_elements: 64,
        max_tables: 2,
        allow_start_export: false,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        multi_value_enabled: true,
        sign_extension_ops_enabled: true,
        saturating_float_to_int_enabled: true,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        memory64_enabled: false,
        tail_call_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        extended_const_enabled: true,
        canonicalize_nans: false,
        ..Config::default()
    }
}

/// Bytes without pattern, the same on every run.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..3000)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn trap_name(code: TrapCode) -> Option<TrapKind> {
    Some(match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::IndirectCallToNull,
        TrapCode::IntegerDivisionByZero => TrapKind::IntegerDivideByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::InvalidConversionToInteger,
        TrapCode::BadSignature => TrapKind::IndirectCallTypeMismatch,
        TrapCode::StackOverflow
        | TrapCode::OutOfFuel
        | TrapCode::GrowthOperationLimited
        | TrapCode::OutOfSystemMemory => return None,
    })
}

fn to_wasmi(value: Value) -> Option<Val> {
    Some(match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(f32::from_bits(bits).into()),
        Value::F64(bits) => Val::F64(f64::from_bits(bits).into()),
        Value::FuncRef(_) | Value::ExternRef(_) => return None,
    })
}

fn same(ours: &Value, theirs: &Val) -> bool {
    match (ours, theirs) {
        (Value::I32(a), Val::I32(b)) => a == b,
        (Value::I64(a), Val::I64(b)) => a == b,
        (Value::F32(a), Val::F32(b)) => *a == b.to_bits(),
        (Value::F64(a), Val::F64(b)) => *a == b.to_bits(),
        // References are compared by whether they are null.
        (Value::FuncRef(a), Val::FuncRef(b)) => a.is_none() == b.is_null(),
        (Value::ExternRef(a), Val::ExternRef(b)) => a.is_none() == b.is_null(),
        _ => false,
    }
}

fn run(engine: &mut ImageEngine<'_>, slice: u64) -> Ending {
    let mut fuel = 0u64;
    loop {
        fuel += slice;
        match engine.run(slice).expect("it runs") {
            Step::Returned(values) => return Ending::Returned(values.collect()),
            Step::Trapped(trap) if trap.kind == TrapKind::StackOverflow => return Ending::Limit,
            Step::Trapped(trap) => return Ending::Trapped(format!("{:?}", trap.kind)),
            Step::HostCall { .. } => return Ending::Limit,
            Step::OutOfFuel { .. } if fuel > 400_000 => return Ending::Limit,
            Step::OutOfFuel { .. } => {}
        }
    }
}

#[test]
fn generated_modules_do_the_same_on_wasmi() {
    let count = std::env::var("MODULES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    let (mut modules, mut calls, mut traps, mut limits) = (0, 0, 0, 0);
    for seed in 0..count {
        let bytes = bytes(seed);
        let Ok(module) = Module::new(config(), &mut Unstructured::new(&bytes)) else {
            continue;
        };
        let wasm = module.to_bytes();
        let image = match to_image(&wasm) {
            Ok(image) => image,
            Err(error) => {
                let text = format!("{error:?}");
                assert!(!text.contains("Backend"), "{seed}: {text}");
                continue;
            }
        };
        let image = verified(&image).unwrap_or_else(|error| panic!("{seed}: {error:?}"));
        let mut wasmi_config = wasmi::Config::default();
        wasmi_config.consume_fuel(true);
        let wasmi = Wasmi::new(&wasmi_config);
        let mut store = Store::new(&wasmi, ());
        store.set_fuel(10_000_000).expect("fuel is on");
        let theirs = wasmi::Module::new(&wasmi, &wasm[..]).expect("wasmi takes it, too");
        let theirs = Linker::new(&wasmi).instantiate_and_start(&mut store, &theirs);
        let ours = start(image, 4000, 65_536);
        let (Ok(mut ours), Ok(theirs)) = (ours, theirs) else {
            continue;
        };
        if ours.start_function().is_some() {
            continue;
        }
        let mut sliced = start(image, 4000, 65_536).expect("it starts again");
        modules += 1;
        let names: Vec<String> = image
            .image()
            .exports()
            .filter(|export| export.kind == mote_image::ExportKind::Function)
            .map(|export| export.name.to_owned())
            .collect();
        for name in names {
            let function = ours.exported_function(&name).expect("it is exported");
            let types = ours.signature(function).expect("it has a type");
            let arguments: Vec<Value> = types
                .parameters
                .iter()
                .enumerate()
                .filter_map(|(index, byte)| {
                    let bits = (seed + 3).wrapping_mul(0x1_0001 + index as u64 * 77);
                    let value_type = mote_engine::ValueType::from_byte(*byte)?;

                    let words = Value::F64(bits).to_words();
                    Some(Value::from_words(value_type, words))
                })
                .collect();
            let results = types.results.len();
            let Some(values) = arguments
                .iter()
                .copied()
                .map(to_wasmi)
                .collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            ours.call(function, &arguments)
                .expect("it takes the arguments");
            let ending = run(&mut ours, 400_000);
            sliced
                .call(function, &arguments)
                .expect("it takes the arguments");
            let in_slices = run(&mut sliced, 7);
            if ending == Ending::Limit || in_slices == Ending::Limit {
                limits += 1;
                break;
            }
            assert_eq!(ending, in_slices, "{seed} {name}: in slices");
            assert_eq!(
                ours.fuel_used(),
                sliced.fuel_used(),
                "{seed} {name}: fuel in slices"
            );
            let mut got = vec![Val::I32(0); results];
            let called = theirs
                .get_func(&store, &name)
                .expect("it is exported")
                .call(&mut store, &values, &mut got);
            calls += 1;
            match (&ending, called) {
                (Ending::Returned(values), Ok(())) => {
                    let all = values.len() == got.len()
                        && values.iter().zip(&got).all(|(a, b)| same(a, b));
                    assert!(all, "{seed} {name}: {values:x?} {got:?}");
                }
                (Ending::Trapped(kind), Err(error)) => {
                    traps += 1;
                    match error.as_trap_code() {
                        Some(TrapCode::OutOfFuel | TrapCode::StackOverflow) => break,
                        Some(code) => {
                            let wanted = trap_name(code).map(|kind| format!("{kind:?}"));
                            assert_eq!(wanted.as_ref(), Some(kind), "{seed} {name}");
                        }
                        None => panic!("{seed} {name}: {error}"),
                    }
                }
                (_, Err(error))
                    if matches!(
                        error.as_trap_code(),
                        Some(TrapCode::OutOfFuel | TrapCode::StackOverflow)
                    ) =>
                {
                    limits += 1;
                    break;
                }
                (ending, other) => panic!("{seed} {name}: {ending:?} {other:?}"),
            }
            let memory = image.image().exports().find_map(|export| {
                (export.kind == mote_image::ExportKind::Memory).then(|| export.name.to_owned())
            });
            if let Some(memory) = memory.and_then(|name| theirs.get_memory(&store, &name)) {
                assert!(
                    ours.memory() == memory.data(&store),
                    "{seed} {name}: memory"
                );
                assert!(
                    ours.memory() == sliced.memory(),
                    "{seed} {name}: memory in slices"
                );
            }
        }
    }
    println!("{modules} modules, {calls} calls, {traps} traps, {limits} at a limit");
    assert!(modules * 4 > count, "too few modules were looked at");
}
