//! Whole programs, run as a person would run them.

use std::fs;
use std::path::Path;

use mote_engine::{TrapKind, Value, ValueType};

use super::*;
use crate::inspect::InspectError;

/// More than any of these programs writes.
const CAPTURE_MAX_BYTES: usize = 1 << 20;

const HELLO: &str = include_str!("testdata/hello.wat");
const EXIT: &str = include_str!("testdata/exit.wat");
const LIST: &str = include_str!("testdata/list.wat");
const OPEN: &str = include_str!("testdata/open.wat");

const PERMISSION: u32 = 63;
const NOT_CAPABLE: u32 = 76;
const NOT_FOUND: u32 = 44;
const BAD_DESCRIPTOR: u32 = 8;
const READ_ONLY: u32 = 69;

fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Runs a program and returns how it ended and what it printed.
fn run_wat(wat: &str, adjust: impl FnOnce(&mut WasiProgram<'_>)) -> (WasiEnd, String, u64) {
    let wasm = wasm(wat);
    let (streams, output, _) = Streams::captured(CAPTURE_MAX_BYTES);
    let mut program = WasiProgram::new(&wasm, "program");
    program.streams = streams;
    adjust(&mut program);
    let outcome = run(&program).unwrap();
    (outcome.end, output.text(), outcome.fuel_used)
}

fn refusal(wat: &str) -> WasiError {
    let wasm = wasm(wat);
    run(&WasiProgram::new(&wasm, "program")).unwrap_err()
}

/// A directory that a program gets, beside a file that it must not reach.
struct Sandbox {
    root: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("secret"), "SECRET").unwrap();
        fs::create_dir_all(root.path().join("box/inner")).unwrap();
        fs::write(root.path().join("box/public"), "public\n").unwrap();
        Self { root }
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs `open PATH FLAG` in the box.
    fn open(&self, path: &str, flag: &str, read_only: bool) -> (WasiEnd, String) {
        let arguments = strings(&[path, flag]);
        let directories = [Directory {
            host: self.path("box").into(),
            guest: "/".into(),
            read_only,
        }];
        let wasm = wasm(OPEN);
        let (streams, output, _) = Streams::captured(CAPTURE_MAX_BYTES);
        let mut program = WasiProgram::new(&wasm, "open");
        program.streams = streams;
        program.arguments = &arguments;
        program.directories = &directories;
        (run(&program).unwrap().end, output.text())
    }

    /// Checks that a path is refused, and that nothing was read.
    fn assert_out_of_reach(&self, path: &str, flag: &str) {
        let (end, output) = self.open(path, flag, false);
        assert!(
            matches!(end, WasiEnd::Exited(PERMISSION | NOT_CAPABLE)),
            "{path} {flag}: {end:?}"
        );
        assert_eq!(output, "", "{path} {flag}");
    }
}

#[test]
fn program_prints_and_returns() {
    let (end, output, fuel_used) = run_wat(HELLO, |_| {});
    assert_eq!(end, WasiEnd::Returned(vec![]));
    assert_eq!(output, "hello\n");
    assert!(fuel_used > 0);
}

#[test]
fn exit_code_is_the_one_that_the_program_gave() {
    for (count, code) in [(0, 0), (1, 1), (2, 2), (3, 0xffff_fff3), (7, 7), (200, 200)] {
        let arguments = vec!["x".to_owned(); count];
        let wasm = wasm(EXIT);
        let mut program = WasiProgram::new(&wasm, "exit");
        program.arguments = &arguments;
        assert_eq!(run(&program).unwrap().end, WasiEnd::Exited(code));
    }
}

#[test]
fn program_sees_its_arguments_and_variables_and_no_others() {
    let arguments = strings(&["one", "", "drei vier"]);
    let environment = [("NAME".to_owned(), "a=b".to_owned())];
    let wasm = wasm(LIST);
    let (streams, output, _) = Streams::captured(CAPTURE_MAX_BYTES);
    let mut program = WasiProgram::new(&wasm, "list");
    program.streams = streams;
    program.arguments = &arguments;
    program.environment = &environment;
    assert_eq!(run(&program).unwrap().end, WasiEnd::Returned(vec![]));
    assert_eq!(output.text(), "list\0one\0\0drei vier\0NAME=a=b\0");

    let (_, output, _) = run_wat(LIST, |_| {});
    assert_eq!(output, "program\0", "nothing of the host's own");
}

#[test]
fn file_in_a_directory_is_read_and_written() {
    let sandbox = Sandbox::new();
    let (end, output) = sandbox.open("public", "r", false);
    assert_eq!(
        (end, output.as_str()),
        (WasiEnd::Returned(vec![]), "public\n")
    );
    let (end, _) = sandbox.open("inner/new", "w", false);
    assert_eq!(end, WasiEnd::Returned(vec![]));
    let written = fs::read_to_string(sandbox.path("box/inner/new")).unwrap();
    assert_eq!(written, "written\n");
    let (end, _) = sandbox.open("missing", "r", false);
    assert_eq!(end, WasiEnd::Exited(NOT_FOUND));
}

#[test]
fn path_outside_of_the_directory_is_refused() {
    let sandbox = Sandbox::new();
    let absolute = sandbox.path("secret");
    for path in [
        "../secret",
        "inner/../../secret",
        "./../secret",
        &absolute,
        "/etc/passwd",
    ] {
        sandbox.assert_out_of_reach(path, "r");
        sandbox.assert_out_of_reach(path, "w");
        sandbox.assert_out_of_reach(path, "u");
    }
    // From a directory further down, opened through the first: it is a root of its own.
    sandbox.assert_out_of_reach("inner", "d");
    assert_eq!(
        fs::read_to_string(sandbox.path("secret")).unwrap(),
        "SECRET"
    );
}

#[cfg(unix)]
#[test]
fn symbolic_link_to_the_outside_is_refused() {
    use std::os::unix::fs::symlink;

    let sandbox = Sandbox::new();
    symlink("../secret", sandbox.path("box/relative")).unwrap();
    symlink(sandbox.path("secret"), sandbox.path("box/absolute")).unwrap();
    symlink("..", sandbox.path("box/up")).unwrap();
    symlink("relative", sandbox.path("box/twice")).unwrap();
    symlink("public", sandbox.path("box/within")).unwrap();
    for path in ["relative", "absolute", "up/secret", "twice"] {
        sandbox.assert_out_of_reach(path, "r");
        sandbox.assert_out_of_reach(path, "w");
    }
    // One that the program makes itself leads no further.
    sandbox.assert_out_of_reach("../secret", "l");
    let (_, output) = sandbox.open("within", "r", false);
    assert_eq!(output, "public\n", "a link that stays within is followed");
    assert_eq!(
        fs::read_to_string(sandbox.path("secret")).unwrap(),
        "SECRET"
    );
}

#[test]
fn program_without_directories_opens_nothing() {
    let arguments = strings(&["/etc/passwd", "r"]);
    let wasm = wasm(OPEN);
    let mut program = WasiProgram::new(&wasm, "open");
    program.arguments = &arguments;
    assert_eq!(run(&program).unwrap().end, WasiEnd::Exited(BAD_DESCRIPTOR));
}

#[test]
fn read_only_directory_is_read_and_never_changed() {
    let sandbox = Sandbox::new();
    let (end, output) = sandbox.open("public", "r", true);
    assert_eq!(
        (end, output.as_str()),
        (WasiEnd::Returned(vec![]), "public\n")
    );
    for (path, flag) in [
        ("new", "w"),
        ("public", "w"),
        ("public", "a"),
        ("public", "t"),
        ("public", "u"),
        ("public", "s"),
        ("public", "x"),
        ("new", "m"),
        ("public", "l"),
    ] {
        let (end, _) = sandbox.open(path, flag, true);
        assert_eq!(end, WasiEnd::Exited(READ_ONLY), "{path} {flag}");
    }
    let (end, output) = sandbox.open("inner", "d", true);
    assert!(
        matches!(end, WasiEnd::Exited(PERMISSION | NOT_CAPABLE)),
        "{end:?}"
    );
    assert_eq!(output, "");
    assert_eq!(
        fs::read_to_string(sandbox.path("box/public")).unwrap(),
        "public\n"
    );
    assert_eq!(fs::read_dir(sandbox.path("box")).unwrap().count(), 2);
    // The same calls do change a directory that is not read-only: the program is not to blame.
    for (path, flag) in [
        ("public", "a"),
        ("public", "s"),
        ("public", "x"),
        ("public", "t"),
    ] {
        let (end, _) = sandbox.open(path, flag, false);
        let expected = if flag == "s" { 28 } else { 0 };
        assert!(
            end == WasiEnd::Returned(vec![]) || end == WasiEnd::Exited(expected),
            "{path} {flag}: {end:?}"
        );
    }
    assert_eq!(fs::read_to_string(sandbox.path("box/public")).unwrap(), "");
}

#[test]
fn endless_loop_ends_with_its_fuel() {
    for wat in [
        r#"(module (func (export "_start") (loop $l (br $l))))"#,
        r#"(module (func (export "_start")) (func $s (loop $l (br $l))) (start $s))"#,
        r#"(module (memory (export "memory") 16)
             (func (export "_start")
               (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000000)) (br $l))))"#,
    ] {
        let (end, _, fuel_used) = run_wat(wat, |program| program.fuel = Some(1_000_000));
        assert_eq!(end, WasiEnd::OutOfFuel { limit: 1_000_000 });
        assert_eq!(fuel_used, 1_000_000);
    }
}

#[test]
fn trap_is_told_by_its_kind() {
    let deep = r#"(module (func $f (export "_start") (call $f)))"#;
    let cases = [
        (
            r#"(module (func (export "_start") unreachable))"#,
            TrapKind::Unreachable,
        ),
        (deep, TrapKind::StackOverflow),
        (
            r#"(module (func (export "_start")
                 (drop (i32.div_u (i32.const 1) (i32.const 0)))))"#,
            TrapKind::IntegerDivideByZero,
        ),
        (
            r#"(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(module (table 1 funcref) (elem (i32.const 1) $f) (func $f (export "_start")))"#,
            TrapKind::TableOutOfBounds,
        ),
        (
            r#"(module (func (export "_start")) (func $s unreachable) (start $s))"#,
            TrapKind::Unreachable,
        ),
    ];
    for (wat, kind) in cases {
        let (end, _, _) = run_wat(wat, |_| {});
        assert!(
            matches!(end, WasiEnd::Trapped { trap, .. } if trap.kind == kind),
            "{wat}: {end:?}"
        );
    }
}

#[test]
fn pointer_outside_of_memory_in_a_call_is_a_trap() {
    for pointer in ["65533", "-4", "0x7fffffff", "3"] {
        let wat = HELLO.replace(
            "(i32.const 8) (i32.const 1)",
            &format!("(i32.const {pointer}) (i32.const 1)"),
        );
        let (end, output, _) = run_wat(&wat, |_| {});
        assert!(
            matches!(
                &end,
                WasiEnd::Trapped { trap, detail: Some(_) } if trap.kind == TrapKind::MemoryOutOfBounds
            ),
            "{pointer}: {end:?}"
        );
        assert_eq!(output, "");
    }
}

#[test]
fn unknown_imports_are_all_named() {
    let error = refusal(
        r#"(module
          (import "env" "first" (func (param i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func (param i32)))
          (import "wasi_snapshot_preview1" "fd_fly" (func (result i32)))
          (import "env" "memory" (memory 1))
          (func (export "_start")))"#,
    );
    assert_eq!(error.kind(), WasiErrorKind::Refused);
    let text = error.to_string();
    for part in [
        "env.first (function (i32) -> ())",
        "wasi_snapshot_preview1.fd_fly (function () -> i32)",
        "env.memory (memory)",
        "wasi_snapshot_preview1.fd_write is (i32, i32, i32, i32) -> i32, not (i32) -> ()",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn every_function_of_wasi_links() {
    let mut imports = String::new();
    for name in functions::names() {
        let signature = functions::signature(name).unwrap();
        let (parameters, result) = signature.split_once(" -> ").unwrap();
        let parameters = parameters.trim_matches(['(', ')']).replace(", ", " ");
        let result = result.replace("()", "");
        imports += &format!(
            "(import \"{MODULE}\" \"{name}\" (func (param {parameters}) (result {result})))"
        );
    }
    let wat =
        format!("(module {imports} (memory (export \"memory\") 1) (func (export \"_start\")))");
    assert_eq!(run_wat(&wat, |_| {}).0, WasiEnd::Returned(vec![]));
}

#[test]
fn imports_of_wasi_and_mote_are_refused_by_name() {
    let error = refusal(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
          (import "mote_v0" "gpio.write" (func (param i32 i32) (result i32)))
          (func (export "_start")))"#,
    );
    assert!(matches!(error, WasiError::Mixed { .. }));
    let text = error.to_string();
    assert!(text.contains("wasi_snapshot_preview1.proc_exit"), "{text}");
    assert!(text.contains("mote_v0.gpio.write"), "{text}");
}

#[test]
fn older_wasi_is_refused_by_name() {
    let wat = r#"(module (import "wasi_unstable" "fd_close" (func (param i32) (result i32)))
                         (memory (export "memory") 1) (func (export "_start")))"#;
    assert!(is_wasi(&wasm(wat)));
    let error = refusal(wat);
    assert!(matches!(error, WasiError::OldSnapshot));
    assert!(error.to_string().contains("wasi_unstable"));
}

#[test]
fn wasi_programs_are_known_from_others() {
    assert!(is_wasi(&wasm(HELLO)));
    assert!(is_wasi(&wasm(r#"(module (func (export "_start")))"#)));
    assert!(!is_wasi(&wasm(r#"(module (func (export "run")))"#)));
    assert!(!is_wasi(&wasm(
        r#"(module (import "mote_v0" "event.next" (func (param i64) (result i64)))
                   (func (export "_start")))"#
    )));
    assert!(!is_wasi(b""));
    assert!(!is_wasi(b"\x7fELF"));
    let whole = wasm(HELLO);
    for end in 0..whole.len() {
        let _ = is_wasi(&whole[..end]);
    }
}

#[test]
fn program_without_memory_is_refused_where_it_needs_one() {
    let wat = HELLO.replace("(memory (export \"memory\") 1)", "(memory 1)");
    assert!(matches!(refusal(&wat), WasiError::NoMemory));
    let only_exit = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call $exit (i32.const 5))))"#;
    assert_eq!(run_wat(only_exit, |_| {}).0, WasiEnd::Exited(5));
}

#[test]
fn invoked_export_gets_its_arguments_and_gives_its_results() {
    let wat = r#"(module
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 1)))
        (func (export "add") (param i32 i64) (result i64 f32)
          (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)) (f32.const 1.5))
        (func (export "ready") (result i32) (global.get $ready))
        (func (export "reference") (param externref)))"#;
    let wasm = wasm(wat);
    let call = |export, arguments| {
        let mut program = WasiProgram::new(&wasm, "program");
        program.invoke = Some(Invocation { export, arguments });
        run(&program).map(|outcome| outcome.end)
    };
    let sum = call("add", &[Value::I32(-1), Value::I64(10)]).unwrap();
    let expected = vec![Value::I64(9), Value::F32(1.5f32.to_bits())];
    assert_eq!(sum, WasiEnd::Returned(expected));
    assert_eq!(
        call("ready", &[]).unwrap(),
        WasiEnd::Returned(vec![Value::I32(1)])
    );
    assert_eq!(call("_initialize", &[]).unwrap(), WasiEnd::Returned(vec![]));

    let error = call("add", &[Value::I32(1)]).unwrap_err();
    assert!(matches!(
        &error,
        WasiError::WrongArguments { expected, .. } if *expected == [ValueType::I32, ValueType::I64]
    ));
    assert!(
        error
            .to_string()
            .contains("takes (i32, i64), but was given (i32)"),
        "{error}"
    );
    let error = call("sub", &[]).unwrap_err();
    assert_eq!(error.kind(), WasiErrorKind::NotFound);
    assert!(
        error.to_string().contains("_initialize, add, ready"),
        "{error}"
    );
    assert!(matches!(
        call("reference", &[]),
        Err(WasiError::NotPlain(_))
    ));
    let error = run(&WasiProgram::new(&wasm, "program")).unwrap_err();
    assert!(matches!(error, WasiError::NoEntry { .. }));
    assert!(error.to_string().contains("--invoke"), "{error}");
}

#[test]
fn entry_of_another_type_is_refused() {
    let error = refusal(r#"(module (func (export "_start") (param i32)))"#);
    assert!(matches!(error, WasiError::WrongArguments { .. }), "{error}");
    let wasm = wasm(r#"(module (func (export "_initialize") (param i32)) (func (export "f")))"#);
    let mut program = WasiProgram::new(&wasm, "program");
    program.invoke = Some(Invocation {
        export: "f",
        arguments: &[],
    });
    assert!(
        matches!(run(&program), Err(WasiError::WrongArguments { name, .. }) if name == "_initialize")
    );
}

#[test]
fn memory_beyond_the_cap_is_refused_and_not_grown_into() {
    let grows = r#"(module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let wasm_grows = wasm(grows);
    for (pages, result) in [(1, 1), (2, -1)] {
        let arguments = [Value::I32(pages)];
        let mut program = WasiProgram::new(&wasm_grows, "program");
        program.memory_max_bytes = Some(128 * 1024);
        program.invoke = Some(Invocation {
            export: "grow",
            arguments: &arguments,
        });
        let end = run(&program).unwrap().end;
        assert_eq!(end, WasiEnd::Returned(vec![Value::I32(result)]));
    }
    let large = r#"(module (memory (export "memory") 65536) (func (export "_start")))"#;
    assert!(matches!(refusal(large), WasiError::MemoryTooLarge { .. }));
    let table = r#"(module (table 9000000 funcref) (func (export "_start")))"#;
    assert!(matches!(refusal(table), WasiError::TableTooLarge { .. }));
}

#[test]
fn file_that_is_no_module_is_refused() {
    let attempt = |bytes: &[u8]| {
        let mut program = WasiProgram::new(bytes, "program");
        program.streams = Streams::captured(CAPTURE_MAX_BYTES).0;
        run(&program)
    };
    let run_bytes = |bytes: &[u8]| attempt(bytes).unwrap_err();
    assert!(matches!(
        run_bytes(b""),
        WasiError::Invalid(InspectError::Empty)
    ));
    assert!(matches!(
        run_bytes(b"\x7fELF\x02\x01\x01"),
        WasiError::Invalid(InspectError::NotWasm { .. })
    ));
    let whole = wasm(HELLO);
    for end in 0..whole.len() {
        // Cut between two sections it may still be a program, only one without what was cut off.
        if let Err(error) = attempt(&whole[..end]) {
            assert!(!error.to_string().is_empty());
            assert_ne!(error.kind(), WasiErrorKind::Tool, "{end}: {error}");
        }
    }
    let vectors = wasm(r#"(module (func (export "_start") (drop (v128.const i32x4 0 0 0 0))))"#);
    let error = run_bytes(&vectors);
    assert!(matches!(&error, WasiError::Unsupported { proposals, .. } if *proposals == ["simd"]));
}

#[test]
fn directory_that_cannot_be_opened_is_told() {
    let sandbox = Sandbox::new();
    let wasm = wasm(HELLO);
    let directory = |host: &str, guest: &str| Directory {
        host: Path::new(host).into(),
        guest: guest.into(),
        read_only: false,
    };
    let attempt = |directories: &[Directory]| {
        let mut program = WasiProgram::new(&wasm, "program");
        program.directories = directories;
        run(&program).unwrap_err()
    };
    let error = attempt(&[directory(&sandbox.path("missing"), "/")]);
    assert_eq!(error.kind(), WasiErrorKind::NotFound);
    let error = attempt(&[directory(&sandbox.path("secret"), "/")]);
    assert_eq!(
        error.kind(),
        WasiErrorKind::Tool,
        "a file is no directory: {error}"
    );
    let inner = sandbox.path("box");
    let error = attempt(&[directory(&inner, "/"), directory(&inner, "/")]);
    assert_eq!(error.kind(), WasiErrorKind::Usage);
}

#[test]
fn zero_byte_in_an_argument_or_variable_is_refused() {
    let wasm = wasm(HELLO);
    let arguments = strings(&["a\0b"]);
    let mut program = WasiProgram::new(&wasm, "program");
    program.arguments = &arguments;
    assert!(matches!(run(&program), Err(WasiError::NulByte(_))));
    for (name, value) in [("", "x"), ("a=b", "x")] {
        let environment = [(name.to_owned(), value.to_owned())];
        let mut program = WasiProgram::new(&wasm, "program");
        program.environment = &environment;
        assert!(matches!(run(&program), Err(WasiError::VariableName(_))));
    }
}

#[test]
fn raised_signal_is_told_as_what_it_is() {
    let error = refusal(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_raise" (func $raise (param i32) (result i32)))
          (memory (export "memory") 1)
          (func (export "_start") (drop (call $raise (i32.const 6)))))"#,
    );
    assert!(
        matches!(&error, WasiError::Call(detail) if detail.contains("proc_raise")),
        "{error}"
    );
}
