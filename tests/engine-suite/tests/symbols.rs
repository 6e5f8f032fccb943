//! What an image says of itself and its traps: names, places in the Wasm, backtraces.
//!
//! `wasmparser` says where the operators are. Two kinds of checks: modules that trap at each kind
//! of place are run, and of any module each instruction that can trap is looked up.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use arbitrary::Unstructured;
use mote_engine::{CodePlace, Engine, Step, TrapKind, Value, ValueType};
use mote_engine_suite::{Ended, call, start, to_image, verified};
use mote_image::{INSTRUCTIONS, Image, Instruction, Symbols};
use mote_translate::Options;
use mote_translate_image::{Translated, translate_with_symbols};
use wasm_smith::{Config, Module};
use wasmparser::{Operator, Parser, Payload};

fn translated(wasm: &[u8]) -> Translated {
    let both = translate_with_symbols(wasm, Options { floats: true }).unwrap();
    assert_eq!(
        both.image,
        to_image(wasm).unwrap(),
        "symbols change no image"
    );
    both
}

/// Every operator of a module's functions: function, place in the file, name.
fn operators(wasm: &[u8]) -> Vec<(u32, u32, String)> {
    let mut imports = 0;
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is code")]
        match payload.unwrap() {
            Payload::ImportSection(section) => imports = section.into_imports().count(),
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for (function, body) in (u32::try_from(imports).unwrap()..).zip(bodies) {
        let reader = body.get_operators_reader().unwrap();
        for operator in reader.into_iter_with_offsets() {
            let (operator, offset) = operator.unwrap();
            all.push((function, u32::try_from(offset).unwrap(), name(&operator)));
        }
    }
    all
}

fn name(operator: &Operator<'_>) -> String {
    let text = format!("{operator:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

fn place(symbols: &Symbols<'_>, place: CodePlace) -> (u32, u32) {
    let offset = symbols.wasm_offset(place.code_offset).unwrap();
    (place.function, offset)
}

/// Module text, the operator that traps (which of that name), and the trap.
struct Case {
    parameters: &'static str,
    body: &'static str,
    operator: (&'static str, usize),
    kind: TrapKind,
}

const fn case(body: &'static str, operator: (&'static str, usize), kind: TrapKind) -> Case {
    Case {
        parameters: "",
        body,
        operator,
        kind,
    }
}

const CASES: &[Case] = {
    use TrapKind::{
        IndirectCallToNull as Null, IndirectCallTypeMismatch as Type, IntegerDivideByZero as Zero,
        IntegerOverflow as Overflow, InvalidConversionToInteger as Conversion,
        MemoryOutOfBounds as Memory, TableOutOfBounds as Table,
    };
    &[
        case("(drop (i32.load (local.get $far)))", ("I32Load", 0), Memory),
        case("(drop (i64.load (local.get $far)))", ("I64Load", 0), Memory),
        case(
            "(drop (i32.load8_s (i32.const -1)))",
            ("I32Load8S", 0),
            Memory,
        ),
        case(
            "(drop (i64.load16_u (local.get $far)))",
            ("I64Load16U", 0),
            Memory,
        ),
        case("(drop (f64.load (local.get $far)))", ("F64Load", 0), Memory),
        case(
            "(i32.store (local.get $far) (i32.const 1))",
            ("I32Store", 0),
            Memory,
        ),
        case(
            "(i32.store8 offset=70000 (local.get $zero) (local.get $zero))",
            ("I32Store8", 0),
            Memory,
        ),
        case(
            "(i64.store (local.get $far) (i64.const 1))",
            ("I64Store", 0),
            Memory,
        ),
        // The second of two of a kind; the first is emitted late, in one tree with the other.
        case(
            "(local.set $a (i32.add (i32.load (i32.const 8)) (i32.load (local.get $far))))",
            ("I32Load", 1),
            Memory,
        ),
        case(
            "(local.set $a (i32.add (i32.load (local.get $far)) (i32.load (i32.const 8))))",
            ("I32Load", 0),
            Memory,
        ),
        // Kept on the operand stack across other operators before it is used.
        case(
            "(i32.load (local.get $far)) (i32.const 1) (i32.add) (i32.const 5) (i32.mul)
             (i32.const 3) (i32.xor) (local.set $a)",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(i32.div_u (i32.const 7) (local.get $zero)) (local.get $far) (i32.const 2) (i32.shl)
             (i32.add) (drop)",
            ("I32DivU", 0),
            Zero,
        ),
        // Flushed by a store, a call, a branch, the end of a block.
        case(
            "(i32.load (local.get $far)) (i32.store (i32.const 0) (i32.const 1)) (drop)",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(i32.load (local.get $far)) (call $nothing) (drop)",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(drop (block (result i32) (i32.load (local.get $far)) (br_if 0 (local.get $zero))))",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(loop (br_if 0 (i32.eqz (i32.load (local.get $far)))))",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(if (i32.lt_s (i32.rem_s (i32.const 5) (local.get $zero)) (i32.const 2)) (then nop))",
            ("I32RemS", 0),
            Zero,
        ),
        case(
            "(drop (select (i32.load (i32.const 4)) (i32.load (local.get $far)) (local.get $a)))",
            ("I32Load", 1),
            Memory,
        ),
        // As an address, and as what is stored there.
        case(
            "(i32.store (i32.load (local.get $far)) (i32.const 1))",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(i32.store (i32.const 0) (i32.load (i32.add (local.get $far) (i32.const 4))))",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(i32.store (i32.add (local.get $far) (i32.shl (local.get $a) (i32.const 2)))
               (i32.load (i32.const 0)))",
            ("I32Store", 0),
            Memory,
        ),
        case(
            "(drop (i32.div_s (i32.const 1) (local.get $zero)))",
            ("I32DivS", 0),
            Zero,
        ),
        case(
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            ("I32DivS", 0),
            Overflow,
        ),
        case(
            "(drop (i64.div_s (i64.const 1) (i64.const 0)))",
            ("I64DivS", 0),
            Zero,
        ),
        case(
            "(drop (i64.rem_u (i64.const 1) (i64.extend_i32_u (local.get $zero))))",
            ("I64RemU", 0),
            Zero,
        ),
        case(
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            ("I32TruncF32S", 0),
            Conversion,
        ),
        case(
            "(drop (i64.trunc_f64_u (f64.const -5)))",
            ("I64TruncF64U", 0),
            Overflow,
        ),
        case("(unreachable)", ("Unreachable", 0), TrapKind::Unreachable),
        case(
            "(block (br_if 0 (local.get $zero)) (unreachable))",
            ("Unreachable", 0),
            TrapKind::Unreachable,
        ),
        case(
            "(call_indirect (local.get $zero))",
            ("CallIndirect", 0),
            Null,
        ),
        case("(call_indirect (i32.const 9))", ("CallIndirect", 0), Table),
        case(
            "(call_indirect (param i32) (local.get $a) (i32.const 1))",
            ("CallIndirect", 0),
            Type,
        ),
        case(
            "(call_indirect (i32.load (local.get $far)))",
            ("I32Load", 0),
            Memory,
        ),
        case(
            "(drop (table.get (local.get $far)))",
            ("TableGet", 0),
            Table,
        ),
        case(
            "(table.set (local.get $far) (ref.null func))",
            ("TableSet", 0),
            Table,
        ),
        case(
            "(table.fill (i32.const 1) (ref.null func) (i32.const 9))",
            ("TableFill", 0),
            Table,
        ),
        case(
            "(table.copy (i32.const 1) (i32.const 0) (i32.const 9))",
            ("TableCopy", 0),
            Table,
        ),
        case(
            "(table.init 0 (i32.const 0) (i32.const 0) (i32.const 9))",
            ("TableInit", 0),
            Table,
        ),
        case(
            "(memory.fill (local.get $far) (i32.const 0) (i32.const 9))",
            ("MemoryFill", 0),
            Memory,
        ),
        case(
            "(memory.copy (i32.const 0) (local.get $far) (i32.const 9))",
            ("MemoryCopy", 0),
            Memory,
        ),
        case(
            "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 9))",
            ("MemoryInit", 0),
            Memory,
        ),
        // In a frame whose locals are out of a byte's reach, and in one that is zeroed.
        Case {
            parameters: "(local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
                          i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)",
            body: "(drop (i64.load (i32.wrap_i64 (local.get 125))))
                   (drop (i64.div_u (local.get 125) (local.get 124)))",
            operator: ("I64DivU", 0),
            kind: Zero,
        },
    ]
};

#[test]
fn traps_name_the_operator_that_trapped() {
    for case in CASES {
        let text = format!(
            "(module
               (memory 1 1) (table 3 funcref) (elem (i32.const 1) $nothing) (data \"abc\")
               (elem func $nothing)
               (func $nothing)
               (func $trap (param $far i32) (param $zero i32) (local $a i32) {}
                 (local.set $a (i32.const 3))
                 {})
               (func $middle (param i32) (result i32)
                 (i32.mul (local.get 0)
                   (i32.add (i32.const 2) (block (result i32)
                     (call $trap (local.get 0) (i32.const 0)) (i32.const 9)))))
               (func (export \"run\") (result i32)
                 (i32.add (i32.const 1) (call $middle (i32.const 0x7fffffff)))))",
            case.parameters, case.body
        );
        let wasm = wat::parse_str(&text).unwrap();
        let both = translated(&wasm);
        let mut engine = start(verified(&both.image).unwrap(), 2000, 0).unwrap();
        let symbols = Symbols::open(&both.symbols).unwrap();
        assert!(symbols.belong_to(engine.image()));
        let run = engine.exported_function("run").unwrap();
        let ending = call(&mut engine, run, &[], &mut |_, _| Vec::new());
        let Ended::Trapped(trap) = ending else {
            panic!("{}: {ending:?}", case.body)
        };
        assert_eq!(trap.kind, case.kind, "{}", case.body);
        let all = operators(&wasm);
        let find = |function, name: &str, which| {
            let mut same = all.iter().filter(|it| it.0 == function && it.2 == name);
            let found = same.nth(which);
            found.map(|it| (it.0, it.1)).unwrap()
        };
        let (name, which) = case.operator;
        let expected = [find(1, name, which), find(2, "Call", 0), find(3, "Call", 0)];
        let places: Vec<_> = engine.backtrace().map(|it| place(&symbols, it)).collect();
        assert_eq!(places, expected, "{}", case.body);
        assert_eq!(trap.place, engine.backtrace().next());
        let names = [0, 1, 2, 3].map(|function| symbols.name(function));
        assert_eq!(names, [Some("nothing"), Some("trap"), Some("middle"), None]);
    }
}

#[test]
fn stack_overflow_is_at_the_call_that_found_no_room() {
    let wasm = wat::parse_str(
        "(module (func (export \"run\") (param i32) (result i32)
           (i32.mul (i32.const 3) (call 0 (i32.sub (local.get 0) (i32.const 1))))))",
    )
    .unwrap();
    let both = translated(&wasm);
    let mut engine = start(verified(&both.image).unwrap(), 200, 0).unwrap();
    let symbols = Symbols::open(&both.symbols).unwrap();
    let run = engine.exported_function("run").unwrap();
    let ending = call(&mut engine, run, &[Value::I32(1)], &mut |_, _| Vec::new());
    let Ended::Trapped(trap) = ending else {
        panic!("{ending:?}")
    };
    assert_eq!(trap.kind, TrapKind::StackOverflow);
    let all = operators(&wasm);
    let (_, offset, _) = all.iter().find(|it| it.2 == "Call").unwrap();
    let places: Vec<_> = engine.backtrace().map(|it| place(&symbols, it)).collect();
    assert!(places.len() > 10 && places.iter().all(|it| it == &(0, *offset)));
    // Too small for the first frame: the place is the function itself.
    let mut engine = start(verified(&both.image).unwrap(), 2, 0).unwrap();
    let ending = call(&mut engine, run, &[Value::I32(1)], &mut |_, _| Vec::new());
    let Ended::Trapped(trap) = ending else {
        panic!("{ending:?}")
    };
    assert_eq!(trap.place.map(|place| place.function), Some(0));
    assert_eq!(engine.backtrace().count(), 1);
}

#[test]
fn instance_that_waits_for_the_host_has_a_backtrace_too() {
    let wasm = wat::parse_str(
        "(module (import \"a\" \"b\" (func $host)) (func $inner (call $host))
           (func (export \"run\") (call $inner)))",
    )
    .unwrap();
    let both = translated(&wasm);
    let mut engine = start(verified(&both.image).unwrap(), 200, 0).unwrap();
    let run = engine.exported_function("run").unwrap();
    assert_eq!(engine.backtrace().count(), 0);
    engine.call(run, &[]).unwrap();
    engine.run(1000).unwrap();
    let functions: Vec<_> = engine.backtrace().map(|it| it.function).collect();
    assert_eq!(functions, [1, 2]);
    engine.abandon();
    assert_eq!(engine.backtrace().count(), 0);
}

/// The beginnings of the names of operators that may have become an instruction that can trap;
/// nothing for one that cannot.
fn sources(instruction: &str) -> Option<&'static [&'static str]> {
    const TRAPS: &[(&str, &[&str])] = &[
        ("load_", &["I32Load", "I64Load", "F32Load", "F64Load"]),
        ("store_", &["I32Store", "I64Store", "F32Store", "F64Store"]),
        ("div_s64", &["I64DivS"]),
        ("div_u64", &["I64DivU"]),
        ("rem_s64", &["I64RemS"]),
        ("rem_u64", &["I64RemU"]),
        ("div_s", &["I32DivS"]),
        ("div_u", &["I32DivU"]),
        ("rem_s", &["I32RemS"]),
        ("rem_u", &["I32RemU"]),
        ("f32_trunc_", &["I32TruncF32", "I64TruncF32"]),
        ("f64_trunc_", &["I32TruncF64", "I64TruncF64"]),
        // A constant address that overflows.
        (
            "at_",
            &[
                "I32Load", "I64Load", "F32Load", "F64Load", "I32Store", "I64Store", "F32Store",
                "F64Store",
            ],
        ),
        ("call_indirect", &["CallIndirect"]),
        ("call", &["Call"]),
        ("unreachable", &["Unreachable"]),
        ("table_get", &["TableGet"]),
        ("table_set", &["TableSet"]),
        ("table_grow", &["TableGrow"]),
        ("table_copy", &["TableCopy"]),
        ("table_fill", &["TableFill"]),
        ("table_init", &["TableInit"]),
        ("memory_grow", &["MemoryGrow"]),
        ("memory_copy", &["MemoryCopy"]),
        ("memory_fill", &["MemoryFill"]),
        ("memory_init", &["MemoryInit"]),
    ];
    let mut found = TRAPS
        .iter()
        .filter(|(name, _)| instruction.starts_with(name));
    found.next().map(|(_, operators)| *operators)
}

/// How many modules are generated: `MODULES`, or 500.
fn modules() -> u32 {
    std::env::var("MODULES").map_or(500, |text| text.parse().unwrap())
}

/// Generated modules that are accepted, the same on every run.
fn generated() -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let one = move |module: u32| {
        let bytes: Vec<u8> = (0..2000)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[3]
            })
            .collect();
        let config = Config {
            max_memories: 1,
            // Imports of state are refused.
            max_imports: if module.is_multiple_of(4) { 3 } else { 0 },
            min_funcs: 2,
            export_everything: true,
            simd_enabled: false,
            relaxed_simd_enabled: false,
            threads_enabled: false,
            memory64_enabled: false,
            tail_call_enabled: false,
            exceptions_enabled: false,
            gc_enabled: false,
            wide_arithmetic_enabled: false,
            custom_page_sizes_enabled: false,
            bulk_memory_enabled: true,
            reference_types_enabled: true,
            allow_start_export: false,
            max_memory32_bytes: 65_536,
            memory_max_size_required: true,
            max_table_elements: 64,
            table_max_size_required: true,
            ..Config::default()
        };
        let module = Module::new(config, &mut Unstructured::new(&bytes)).unwrap();
        let wasm = module.to_bytes();
        to_image(&wasm).is_ok().then_some(wasm)
    };
    (0..modules()).filter_map(one)
}

/// Checks the map of a module; returns how many instructions that can trap were looked up.
fn check_map(wasm: &[u8]) -> usize {
    let both = translated(wasm);
    let image = verified(&both.image).unwrap();
    let image: &Image<'_> = image.image();
    let symbols = Symbols::open(&both.symbols).unwrap();
    let all = operators(wasm);
    let mut checked = 0;
    let header = image.header();
    for index in header.imports..header.functions {
        let record = image.function(index.into()).unwrap();
        let next = image.function(usize::from(index) + 1);
        let end = next.map_or(header.code_bytes, |next| next.code);
        let mut at = record.code;
        while at < end {
            let instruction = Instruction::decode(&image.code()[at as usize..]).unwrap();
            let offset = symbols.wasm_offset(at).unwrap();
            let name = INSTRUCTIONS[usize::from(instruction.opcode)].name;
            if let Some(wanted) = sources(name) {
                let operator = all.binary_search_by_key(&offset, |it| it.1);
                let (function, _, operator) = &all[operator.unwrap()];
                assert_eq!(*function, u32::from(index), "{name} at {at:#x}");
                assert!(
                    wanted.iter().any(|it| operator.starts_with(it)),
                    "{name} at {at:#x} comes from {operator} at {offset:#x}"
                );
                checked += 1;
            }
            at += u32::try_from(instruction.length()).unwrap();
        }
    }
    checked
}

#[test]
fn each_instruction_that_can_trap_comes_from_an_operator_that_does() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/workloads");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "wasm") {
            checked += check_map(&std::fs::read(path).unwrap());
        }
    }
    assert!(checked > 150, "{checked}");
    let modules = modules();
    for wasm in generated() {
        checked += check_map(&wasm);
    }
    println!("{checked} instructions that can trap, in {modules} modules");
    assert!(checked > 1000, "{checked}");
}

#[test]
fn names_that_are_broken_cost_nothing_but_themselves() {
    let plain = wat::parse_str("(module (func (export \"run\")) (func))").unwrap();
    let mut wasm = plain.clone();
    // Not UTF-8, a function that there is not, and one that is well.
    wasm.extend_from_slice(b"\0\x11\x04name\x01\x0a\x03\x00\x01\xff\x09\x01a\x01\x01b");
    let both = translated(&wasm);
    assert_eq!(both.image, to_image(&plain).unwrap());
    let symbols = Symbols::open(&both.symbols).unwrap();
    assert_eq!(symbols.names().collect::<Vec<_>>(), [(1, "b")]);
    assert_eq!(symbols.name(0), None);
}

#[test]
fn stack_that_an_image_asks_for_suffices_and_a_word_less_does_not() {
    let wasm = wat::parse_str(
        "(module (table 1 funcref) (elem (i32.const 0) $c) (type $t (func (param i64) (result i64)))
           (func $c (type $t) (local i64 i64 i64) (i64.mul (local.get 0) (local.get 0)))
           (func $b (type $t)
             (i64.add (i64.const 1) (call_indirect (type $t) (local.get 0) (i32.const 0))))
           (func $shallow (type $t) (local.get 0))
           (func (export \"run\") (result i64)
             (i64.add (call $shallow (i64.const 1)) (call $b (i64.const 7)))))",
    )
    .unwrap();
    let image = verified(&to_image(&wasm).unwrap()).unwrap();
    let words = image.image().header().stack_words.unwrap();
    let run = |words| {
        let mut engine = start(image, words, 0).unwrap();
        let run = engine.exported_function("run").unwrap();
        call(&mut engine, run, &[], &mut |_, _| Vec::new())
    };
    assert_eq!(run(words), Ended::Returned(vec![Value::I64(51)]));
    let Ended::Trapped(trap) = run(words - 1) else {
        panic!("there is no room")
    };
    assert_eq!(trap.kind, TrapKind::StackOverflow);
}

#[test]
fn generated_modules_never_pass_the_stack_that_they_ask_for() {
    let (mut bounded, mut calls) = (0, 0);
    for wasm in generated() {
        let image = verified(&to_image(&wasm).unwrap()).unwrap();
        let header = image.image().header();
        let Some(words) = header.stack_words.filter(|_| header.imports == 0) else {
            continue;
        };
        bounded += 1;
        for export in image.image().exports() {
            let Ok(mut engine) = start(image, words, 0) else {
                break;
            };
            let Some(function) = engine.exported_function(export.name) else {
                continue;
            };
            let types = engine.signature(function).unwrap().parameters.iter();
            let arguments: Vec<Value> = types
                .map(|&byte| Value::from_words(ValueType::from_byte(byte).unwrap(), [0; 2]))
                .collect();
            engine.call(function, &arguments).unwrap();
            calls += 1;
            if let Step::Trapped(trap) = engine.run(100_000).unwrap() {
                assert_ne!(trap.kind, TrapKind::StackOverflow);
            }
        }
    }
    println!("{calls} calls in {bounded} modules whose stack has a bound");
    assert!(calls > 100, "{calls}");
}
