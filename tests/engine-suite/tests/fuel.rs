//! Fuel: what the engine charges is what a slow counter works out from the WebAssembly alone, at
//! each host call and at the end; no more is executed than was charged; and running in slices of 1,
//! 7 and 1,000 changes neither results, calls, memory, globals nor fuel.
//!
//! The counter (`src/counted.rs`) is the module itself, with counters written into it, and runs on
//! wasmi. `MOTE_MODULES` says how many modules are generated, 2,000 if it is not set.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_engine::{Step, TrapKind, Value, ValueType};
use mote_engine_suite::{
    CHARGED, CREDIT, EXECUTED, Instance, Kind, Random, Room, WORKLOADS, counted, module,
};

/// The fuel of all calls of a generated module together, a multiple of each slice.
const MOST_FUEL: u64 = 21_000;

const ROOM: Room = Room {
    stack_words: 8192,
    more_memory: 1 << 20,
};

/// What can be seen of a run from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// The host is called: the import, its arguments, and the fuel so far.
    Call(u32, Vec<Value>, u64),
    /// A call ends: with results or a trap, and the fuel so far.
    End(Result<Vec<Value>, TrapKind>, u64),
}

/// A run: events, whether it came to its end, and what memory and globals are then.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    events: Vec<Event>,
    is_whole: bool,
    memory: Vec<u8>,
    globals: Vec<Option<Value>>,
}

/// A function to call, and with what.
type Call = (String, Vec<Value>);

fn value(random: &mut Random, byte: u8) -> Value {
    const INTERESTING: [u64; 8] = [0, 1, 2, 100, 0x7fff_ffff, 0x8000_0000, u64::MAX, 1 << 63];
    let bits = match random.below(3) {
        0 => random.next(),
        _ => INTERESTING[random.below(INTERESTING.len())],
    };
    match ValueType::from_byte(byte) {
        // References are null: others are not the same thing on two engines.
        Some(ValueType::FuncRef) | None => Value::FuncRef(None),
        Some(ValueType::ExternRef) => Value::ExternRef(None),
        Some(value_type) => Value::from_words(value_type, Value::F64(bits).to_words()),
    }
}

/// What the host answers: it depends on the import, its arguments and how many calls there were.
fn answer(types: &[u8], import: u32, arguments: &[Value], number: usize) -> Vec<Value> {
    let mut seed = u64::from(import) + number as u64 * 0x1_0001;
    for argument in arguments {
        let [low, high] = argument.to_words();
        seed = seed.rotate_left(7) ^ u64::from(low) ^ u64::from(high) << 32;
    }
    let mut random = Random::new(seed);
    types.iter().map(|&byte| value(&mut random, byte)).collect()
}

/// References are seen as null or not.
fn seen(values: Vec<Value>) -> Vec<Value> {
    let seen = |value| match value {
        Value::FuncRef(it) => Value::FuncRef(it.map(|_| 0)),
        Value::ExternRef(it) => Value::ExternRef(it.map(|_| 0)),
        Value::I32(_) | Value::I64(_) | Value::F32(_) | Value::F64(_) => value,
    };
    values.into_iter().map(seen).collect()
}

/// How a run counts fuel: by the engine, or by the module's own counters.
type Fuel = fn(&mut Instance) -> u64;

fn own_fuel(instance: &mut Instance) -> u64 {
    instance.engine().fuel_used()
}

fn counter(instance: &mut Instance, name: &str) -> u64 {
    match instance.global(name) {
        Some(Value::I64(count)) => count.cast_unsigned(),
        other => panic!("{name} is {other:?}"),
    }
}

fn slow_fuel(instance: &mut Instance) -> u64 {
    let charged = counter(instance, CHARGED);
    assert_eq!(
        instance.global(CREDIT),
        Some(Value::I32(0)),
        "it ran on credit"
    );
    assert!(counter(instance, EXECUTED) <= charged);
    charged
}

/// Makes calls, the start function's first, in slices and with so much fuel in all.
fn run(instance: &mut Instance, calls: &[Call], slice: u64, most: u64, fuel: Fuel) -> Run {
    let mut events = Vec::new();
    let mut given = 0;
    let mut is_whole = true;
    let start = instance.engine().start_function();
    let functions = calls.iter().map(|(name, arguments)| {
        let function = instance.engine().exported_function(name);
        (function.expect("it is exported"), arguments.as_slice())
    });
    let functions: Vec<_> = start
        .map(|it| (it, &[][..]))
        .into_iter()
        .chain(functions)
        .collect();
    'calls: for (function, arguments) in functions {
        let called = instance.engine_mut().call(function, arguments);
        called.expect("the call is accepted");
        // What is left of a slice that a host call or an end cut short belongs to the next.
        loop {
            let add = slice.min(most - given);
            given += add;
            let step = match instance.engine_mut().run(add).expect("it runs") {
                Step::Returned(values) => Ok(Ok(seen(values.collect()))),
                Step::Trapped(trap) => Ok(Err(trap.kind)),
                Step::OutOfFuel { .. } if given < most => continue,
                Step::OutOfFuel { .. } => {
                    is_whole = false;
                    break 'calls;
                }
                Step::HostCall { import, arguments } => {
                    Err((import, arguments.collect::<Vec<_>>()))
                }
            };
            let so_far = fuel(instance);
            match step {
                Ok(Err(TrapKind::StackOverflow)) => {
                    // Frames are not the same on wasmi.
                    is_whole = false;
                    break 'calls;
                }
                Ok(end) => {
                    events.push(Event::End(end, so_far));
                    break;
                }
                Err((import, arguments)) => {
                    let types = instance.engine().import(import).expect("it is imported");
                    let types = types.signature.results.to_vec();
                    let results = answer(&types, import.0, &arguments, events.len());
                    events.push(Event::Call(import.0, seen(arguments), so_far));
                    instance
                        .engine_mut()
                        .resume(&results)
                        .expect("the results are accepted");
                }
            }
        }
    }
    Run {
        events,
        is_whole,
        memory: instance.engine().memory().to_vec(),
        globals: Vec::new(),
    }
}

#[derive(Debug, Default)]
struct Counts {
    modules: u32,
    ends: u32,
    traps: u32,
    host_calls: u32,
    fuel: u64,
    executed: u64,
    cut_short: u32,
}

/// Makes the same calls on Mote's engine, at once and in slices, and of the counted module on wasmi.
fn compare(wasm: &[u8], calls: &[Call], most: u64, what: &str, counts: &mut Counts) {
    let globals: Vec<String> = exports(wasm, wasmparser::ExternalKind::Global);
    let start = || Instance::new(Kind::Mote, wasm, ROOM);
    let Ok(mut whole) = start() else { return };
    let mut own = run(&mut whole, calls, most, most, own_fuel);
    own.globals = globals.iter().map(|name| whole.global(name)).collect();
    counts.modules += 1;
    for event in &own.events {
        match event {
            Event::Call(..) => counts.host_calls += 1,
            Event::End(Ok(_), _) => counts.ends += 1,
            Event::End(Err(_), _) => counts.traps += 1,
        }
    }
    for slice in [1, 7, 1000] {
        let mut instance = start().expect("it starts again");
        let mut sliced = run(&mut instance, calls, slice, most, own_fuel);
        sliced.globals = globals.iter().map(|name| instance.global(name)).collect();
        assert!(
            own == sliced,
            "{what} in slices of {slice}:\n{own:x?}\n{sliced:x?}"
        );
        assert_eq!(
            whole.engine().fuel_used(),
            instance.engine().fuel_used(),
            "{what} in slices of {slice}"
        );
    }
    let counted = counted(wasm).expect("it can be written");
    let mut instance = Instance::new(Kind::Wasmi, &counted, ROOM)
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let enough = most.saturating_mul(400);
    let slow = run(&mut instance, calls, enough, enough, slow_fuel);
    if own.is_whole && slow.is_whole {
        assert_eq!(own.events, slow.events, "{what}");
        assert!(own.memory == slow.memory, "{what}: memory");
        counts.fuel += own_fuel(&mut whole);
        counts.executed += counter(&mut instance, EXECUTED);
    } else {
        let both = own.events.len().min(slow.events.len());
        assert_eq!(
            own.events[..both],
            slow.events[..both],
            "{what}, as far as it went"
        );
        // Only its stack ends wasmi's run before ours.
        counts.cut_short += 1;
    }
}

fn exports(wasm: &[u8], kind: wasmparser::ExternalKind) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let Ok(wasmparser::Payload::ExportSection(section)) = payload {
            let exports = section.into_iter().filter_map(Result::ok);
            let exports = exports.filter(|export| export.kind == kind);
            names.extend(exports.map(|export| export.name.to_owned()));
        }
    }
    names
}

#[test]
fn fuel_of_workloads_is_that_of_a_slow_counter_in_slices_too() {
    for workload in WORKLOADS {
        let mut counts = Counts::default();
        let argument = if workload.name == "fib" { 12 } else { 1 };
        let calls = [("run".to_owned(), vec![Value::I32(argument)])];
        compare(workload.wasm, &calls, 7_000_000, workload.name, &mut counts);
        println!(
            "{:9} fuel {:7}, executed {:7}: {:.2}",
            workload.name,
            counts.fuel,
            counts.executed,
            counts.fuel as f64 / counts.executed as f64
        );
        assert_eq!((counts.ends, counts.cut_short), (1, 0), "{}", workload.name);
    }
}

#[test]
fn fuel_of_generated_modules_is_that_of_a_slow_counter_in_slices_too() {
    let modules: u64 = std::env::var("MOTE_MODULES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(2000);
    let mut counts = Counts::default();
    for seed in 0..modules {
        let mut random = Random::new(seed ^ 0xf0e1_0000);
        let length = 500 + random.below(4000);
        let bytes = random.bytes(length);
        let Some(wasm) = module(&bytes, true) else {
            continue;
        };
        let calls = calls(&wasm, &mut random);
        compare(
            &wasm,
            &calls,
            MOST_FUEL,
            &format!("seed {seed}"),
            &mut counts,
        );
    }
    println!("{counts:?}");
    assert!(
        u64::from(counts.modules) * 2 > modules,
        "too few modules were looked at"
    );
    assert!(counts.host_calls > counts.modules && counts.ends > counts.modules);
}

/// Each exported function, with arguments.
fn calls(wasm: &[u8], random: &mut Random) -> Vec<Call> {
    let Ok(instance) = Instance::new(Kind::Mote, wasm, ROOM) else {
        return Vec::new();
    };
    let engine = instance.engine();
    let mut calls = Vec::new();
    for name in exports(wasm, wasmparser::ExternalKind::Func) {
        let function = engine.exported_function(&name).expect("it is exported");
        let types = engine
            .signature(function)
            .expect("it has a type")
            .parameters;
        let arguments = types.iter().map(|&byte| value(random, byte)).collect();
        calls.push((name, arguments));
    }
    calls
}
