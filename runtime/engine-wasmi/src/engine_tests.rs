//! The rules of the `Engine` trait, on wasmi.

use super::*;

fn engine(source: &str) -> WasmiEngine {
    WasmiEngine::new(&wat::parse_str(source).unwrap(), &Limits::default()).unwrap()
}

fn rejected(source: &str) -> String {
    use std::string::ToString;
    let wasm = wat::parse_str(source).unwrap();
    WasmiEngine::new(&wasm, &Limits::default())
        .unwrap_err()
        .to_string()
}

fn returned(engine: &mut WasmiEngine, fuel: u64) -> Vec<Value> {
    match engine.run(fuel).unwrap() {
        Step::Returned(values) => values.collect(),
        other @ (Step::HostCall { .. } | Step::OutOfFuel { .. } | Step::Trapped(_)) => {
            panic!("expected a return, got {other:?}")
        }
    }
}

const COUNTER: &str = r#"(module
    (import "host" "next" (func $next (param i32 i64) (result i32)))
    (func (export "sum") (param $n i32) (result i32) (local $sum i32)
        (loop $again
            (local.set $sum (i32.add (local.get $sum)
                (call $next (local.get $n) (i64.const -5))))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))
        (local.get $sum))
    (export "again" (func $next)))"#;

/// Calls `sum` and answers each host call with ten times its argument.
fn sum(slice: u64) -> (Value, u64, u32) {
    let mut engine = engine(COUNTER);
    let function = engine.exported_function("sum").unwrap();
    engine.call(function, &[Value::I32(4)]).unwrap();
    let mut host_calls = 0;
    loop {
        let answer = match engine.run(slice).unwrap() {
            Step::OutOfFuel { needed } => {
                assert!(needed > 0);
                continue;
            }
            Step::HostCall {
                import,
                mut arguments,
            } => {
                assert_eq!(import, ImportIndex(0));
                let Some(Value::I32(n)) = arguments.next() else {
                    panic!("an i32")
                };
                assert_eq!(arguments.next(), Some(Value::I64(-5)));
                assert_eq!(arguments.next(), None);
                Value::I32(n * 10)
            }
            Step::Returned(mut values) => {
                let sum = values.next().unwrap();
                return (sum, engine.fuel_used(), host_calls);
            }
            Step::Trapped(trap) => panic!("{trap:?}"),
        };
        host_calls += 1;
        assert!(
            engine.run(1_000).is_err(),
            "nothing runs while the host is waited for"
        );
        engine.resume(&[answer]).unwrap();
    }
}

#[test]
fn host_calls_are_resumed_with_their_results() {
    let (sum, _, host_calls) = sum(1_000_000);
    assert_eq!(sum, Value::I32(100));
    assert_eq!(host_calls, 4);
}

#[test]
fn fuel_counts_the_same_however_it_is_sliced() {
    let whole = sum(1_000_000);
    for slice in [1, 7, 1_000] {
        assert_eq!(sum(slice), whole, "slices of {slice}");
    }
}

#[test]
fn endless_loop_ends_with_its_fuel_and_can_go_on() {
    let mut engine = engine(r#"(module (func (export "spin") (loop (br 0))))"#);
    let function = engine.exported_function("spin").unwrap();
    engine.call(function, &[]).unwrap();
    for _ in 0..3 {
        assert!(matches!(engine.run(1_000).unwrap(), Step::OutOfFuel { .. }));
    }
    assert!(engine.fuel_used() <= 3_000 && engine.fuel_used() > 2_900);
    assert_eq!(engine.call(function, &[]), Err(CallError::WrongState));
    engine.abandon();
    assert_eq!(engine.call(function, &[]), Ok(()));
}

#[test]
fn values_of_wrong_number_or_type_are_refused() {
    let mut engine = engine(COUNTER);
    let function = engine.exported_function("sum").unwrap();
    assert_eq!(engine.call(function, &[]), Err(CallError::WrongValues));
    assert_eq!(
        engine.call(function, &[Value::I64(1)]),
        Err(CallError::WrongValues)
    );
    assert_eq!(
        engine.call(FunctionIndex(9), &[]),
        Err(CallError::NoSuchFunction)
    );
    assert_eq!(engine.resume(&[]), Err(CallError::WrongState));
    assert_eq!(engine.run(1).unwrap_err(), Fault::NothingToRun);
    engine.call(function, &[Value::I32(1)]).unwrap();
    assert!(matches!(engine.run(1_000).unwrap(), Step::HostCall { .. }));
    assert_eq!(engine.resume(&[Value::I64(0)]), Err(CallError::WrongValues));
    assert_eq!(engine.resume(&[Value::I32(0)]), Ok(()));
}

#[test]
fn import_that_is_exported_again_can_be_called() {
    let mut engine = engine(COUNTER);
    let function = engine.exported_function("again").unwrap();
    engine
        .call(function, &[Value::I32(3), Value::I64(4)])
        .unwrap();
    let Step::HostCall { arguments, .. } = engine.run(10).unwrap() else {
        panic!("a host call")
    };
    assert_eq!(
        arguments.collect::<Vec<_>>(),
        [Value::I32(3), Value::I64(4)]
    );
    engine.resume(&[Value::I32(5)]).unwrap();
    assert_eq!(returned(&mut engine, 10), [Value::I32(5)]);
}

#[test]
fn start_function_is_a_call_like_any() {
    let mut engine = engine(
        r#"(module
            (import "host" "get" (func $get (result i32)))
            (global $g (mut i32) (i32.const 0))
            (func $s (global.set $g (call $get)))
            (func (export "read") (result i32) (global.get $g))
            (start $s))"#,
    );
    let start = engine.start_function().unwrap();
    engine.call(start, &[]).unwrap();
    assert!(matches!(engine.run(1_000).unwrap(), Step::HostCall { .. }));
    engine.resume(&[Value::I32(42)]).unwrap();
    assert_eq!(returned(&mut engine, 1_000), []);
    let read = engine.exported_function("read").unwrap();
    engine.call(read, &[]).unwrap();
    assert_eq!(returned(&mut engine, 1_000), [Value::I32(42)]);
}

#[test]
fn values_of_all_types_come_back_as_they_went() {
    let types = "i32 i64 f32 f64 funcref externref";
    let gets: Vec<String> = (0..6).map(|i| std::format!("(local.get {i})")).collect();
    let source = std::format!(
        r#"(module (func (export "same") (param {types}) (result {types}) {}))"#,
        gets.join("")
    );
    let mut engine = engine(&source);
    let function = engine.exported_function("same").unwrap();
    let values = [
        Value::I32(-1),
        Value::I64(i64::MIN),
        Value::F32(0x7fc0_0000),
        Value::F64(0x3ff0_0000_0000_0001),
        Value::FuncRef(None),
        Value::ExternRef(Some(7)),
    ];
    engine.call(function, &values).unwrap();
    assert_eq!(returned(&mut engine, 1_000), values);
}

#[test]
fn traps_are_told_by_kind() {
    let cases = [
        ("unreachable", TrapKind::Unreachable),
        (
            "(drop (i32.load (i32.const 65536)))",
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            TrapKind::IntegerDivideByZero,
        ),
        ("(call 0)", TrapKind::StackOverflow),
        (
            "(call_indirect (i32.const 0))",
            TrapKind::IndirectCallToNull,
        ),
        (
            "(call_indirect (param i32) (i32.const 0) (i32.const 1))",
            TrapKind::IndirectCallTypeMismatch,
        ),
        ("(call_indirect (i32.const 9))", TrapKind::TableOutOfBounds),
        (
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            TrapKind::InvalidConversionToInteger,
        ),
    ];
    for (body, kind) in cases {
        let mut engine = engine(&std::format!(
            r#"(module (memory 1) (table 2 funcref) (elem (i32.const 1) func 0)
                (func (export "f") {body}))"#
        ));
        let function = engine.exported_function("f").unwrap();
        engine.call(function, &[]).unwrap();
        let Step::Trapped(trap) = engine.run(10_000_000).unwrap() else {
            panic!("{body}")
        };
        assert_eq!(trap.kind, kind, "{body}");
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    assert!(rejected(r#"(module (import "a" "m" (memory 1)))"#).contains("imports a memory"));
    assert!(rejected(r#"(module (import "a" "g" (global i32)))"#).contains("imports a global"));
    let simd = rejected("(module (func (result v128) (v128.const i64x2 0 0)))");
    assert!(simd.to_lowercase().contains("simd"), "{simd}");
    let tail = rejected("(module (func return_call 0))");
    assert!(tail.contains("tail calls"), "{tail}");
    let memory = rejected("(module (memory 1) (data (i32.const 65536) \"x\"))");
    assert!(memory.contains("cannot be instantiated"), "{memory}");
}

#[test]
fn memory_is_capped_by_the_limits() {
    let wasm = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "grow") (result i32)
            (memory.grow (i32.const 1))))"#,
    )
    .unwrap();
    let limits = |bytes| Limits {
        memory_max_bytes: Some(bytes),
    };
    assert!(WasmiEngine::new(&wasm, &limits(65_535)).is_err());
    let mut engine = WasmiEngine::new(&wasm, &limits(65_536)).unwrap();
    let grow = engine.exported_function("grow").unwrap();
    engine.call(grow, &[]).unwrap();
    assert_eq!(returned(&mut engine, 1_000), [Value::I32(-1)]);
    assert_eq!(engine.memory().len(), 65_536);
    engine.memory_mut()[0] = 7;
    assert_eq!(engine.memory()[0], 7);
}

#[test]
fn memory_of_single_bytes_is_as_small_as_it_says() {
    let engine = engine(r#"(module (memory (export "memory") 512 (pagesize 1)))"#);
    assert_eq!(engine.memory().len(), 512);
}

#[test]
fn truncated_modules_are_rejected_and_never_panic() {
    let wasm = wat::parse_str(COUNTER).unwrap();
    let complete = [8].into_iter().chain(crate::start::section_ends(&wasm));
    let complete: Vec<usize> = complete.collect();
    for length in 0..wasm.len() {
        let accepted = WasmiEngine::new(&wasm[..length], &Limits::default()).is_ok();
        assert!(
            !accepted || complete.contains(&length),
            "cut at {length} of {}",
            wasm.len()
        );
    }
}
