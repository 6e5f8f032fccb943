//! Any Wasm file, not only Mote's modules: calls, fuel, values, faults, and what `inspect` shows.

use mote_suite::{Folder, mote};

const SAMPLES: &str = r#"(module
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "swap") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
    (func (export "nan") (result f32) (f32.div (f32.const 0) (f32.const 0)))
    (func (export "spin") (loop (br 0)))
    (func (export "crash") (unreachable))
    (func (export "deep") (call 5))
    (func (export "null") (result externref) (ref.null extern)))"#;

fn samples(folder: &Folder) -> String {
    folder.write("samples.wasm", wat::parse_str(SAMPLES).unwrap())
}

#[test]
fn export_is_called_and_its_results_printed() {
    let folder = Folder::default();
    let file = samples(&folder);
    let call = |arguments: &[&str]| {
        let line = ["run", file.as_str(), "--invoke"];
        let ran = mote(line.iter().copied().chain(arguments.iter().copied()));
        ran.ends(0, "");
        assert_eq!(ran.err, "", "a result, and nothing else");
        ran.out
    };
    assert_eq!(call(&["add", "2", "-5"]), "-3\n");
    assert_eq!(call(&["add", "0xffffffff", "1"]), "0\n");
    assert_eq!(call(&["swap", "-7", "0.1"]), "0.1\n-7\n");
    assert_eq!(call(&["nan"]), "nan:0x7fc00000\n");
    assert_eq!(call(&["null"]), "null\n");
    let json = mote(["run", &file, "--invoke", "add", "2", "3", "--json"]).json();
    assert_eq!(json["results"][0]["type"], "i32");
    assert_eq!(json["results"][0]["value"], 5);
    assert!(json["fuel"].as_u64().unwrap() > 0);
    assert_eq!(json["trap"], serde_json::Value::Null);
}

#[test]
fn calls_that_cannot_be_made_say_what_would_be_right() {
    let folder = Folder::default();
    let file = samples(&folder);
    let call = |arguments: &[&str]| {
        mote(
            ["run", file.as_str(), "--invoke"]
                .iter()
                .copied()
                .chain(arguments.iter().copied()),
        )
    };
    call(&["add", "1"]).ends(
        125,
        "\"add\" takes 2 arguments (i32, i32), and 1 were given",
    );
    call(&["add", "1", "x"]).ends(125, "\"x\" is no i32");
    call(&["add", "1", "4294967296"]).ends(125, "-2147483648 to 4294967295");
    call(&["sub", "1", "2"]).ends(127, "exports no function \"sub\"");
    mote(["run", &file]).ends(127, "exports no function \"run\"");
    let line = ["run", "--invoke", "add", "--dir", ".", &file, "1", "2"];
    mote(line).ends(125, "for WASI programs");
}

#[test]
fn endless_loop_ends_with_its_fuel() {
    let folder = Folder::default();
    let file = samples(&folder);
    mote(["run", &file, "--invoke", "spin", "--fuel", "100000"]).ends(124, "out of fuel: 100000");
    let json = mote(["run", &file, "--invoke", "spin", "--fuel", "5000", "--json"]);
    assert_eq!(json.code, 124);
    assert_eq!(json.json()["ending"], "out-of-fuel");
    assert!(json.json()["fuel"].as_u64().unwrap() <= 5_000);
    mote(["run", &file, "--invoke", "spin", "--for", "20ms"]).ends(0, "its time is up");
}

#[test]
fn traps_end_with_their_cause() {
    let folder = Folder::default();
    let file = samples(&folder);
    mote(["run", &file, "--invoke", "crash"]).ends(134, "trapped: unreachable executed");
    mote(["run", &file, "--invoke", "deep"]).ends(134, "trapped: call stack exhausted");
    let json = mote(["run", &file, "--invoke", "crash", "--json"]);
    assert_eq!(json.code, 134);
    assert_eq!(json.json()["trap"]["kind"], "unreachable executed");
}

#[test]
fn start_function_runs_first_and_is_bounded_too() {
    let folder = Folder::default();
    let module = |start: &str| {
        folder.write(
            "start.wat",
            format!(
                r#"(module (global $g (mut i32) (i32.const 1)) (func $s {start}) (start $s)
                    (func (export "get") (result i32) (global.get $g)))"#
            ),
        )
    };
    let ran = mote([
        "run",
        &module("(global.set $g (i32.const 42))"),
        "--invoke",
        "get",
    ]);
    assert_eq!(ran.out, "42\n", "{ran:#?}");
    let endless = module("(loop (br 0))");
    mote(["run", &endless, "--invoke", "get", "--fuel", "1000"]).ends(124, "out of fuel");
    mote(["run", &module("unreachable"), "--invoke", "get"]).ends(134, "unreachable executed");
    mote(["run", &module("nop")]).ends(0, "ended");
}

#[test]
fn file_that_is_not_wasm_is_told_what_it_looks_like() {
    let folder = Folder::default();
    for (name, contents, cause) in [
        ("empty.wasm", &b""[..], "empty"),
        ("text.wasm", b"(module)", "text"),
        ("elf.wasm", b"\x7fELF\x01\x01\x01\0\0\0\0\0", "ELF"),
        ("rubbish.wasm", b"\x80\x81\x82\x83\x84\x85\x86\x87", ""),
        ("component.wasm", b"\0asm\x0d\0\x01\0", "component"),
    ] {
        let path = folder.write(name, contents);
        for command in ["run", "inspect"] {
            let ran = mote([command, &path]);
            ran.ends(126, name);
            assert!(
                ran.err.to_lowercase().contains(&cause.to_lowercase()),
                "{name}: {ran:#?}"
            );
        }
    }
}

#[test]
fn file_cut_at_any_byte_is_refused_with_the_cause() {
    let folder = Folder::default();
    let whole = wat::parse_str(SAMPLES).unwrap();
    // The tool is started once a cut: a sample of them here, all of them in the unit tests.
    for length in (1..whole.len()).step_by(7) {
        let path = folder.write("cut.wasm", &whole[..length]);
        let ran = mote(["run", &path, "--invoke", "add", "1", "2"]);
        assert!(ran.code == 126 || ran.code == 127, "{length}: {ran:#?}");
        assert!(ran.err.contains("cut.wasm"), "{length}: {ran:#?}");
    }
    let path = folder.write("cut.wasm", &whole[..whole.len() - 1]);
    mote(["run", &path]).ends(126, "breaks off");
}

#[test]
fn proposals_that_are_not_supported_are_refused_by_name() {
    let folder = Folder::default();
    for (text, name) in [
        ("(module (func (drop (v128.const i64x2 0 0))))", "simd"),
        ("(module (memory 1 1 shared))", "threads"),
        ("(module (func (return_call 0)))", "tail call"),
        ("(module (memory i64 1))", "memory64"),
        ("(module (memory 1) (memory 1))", "multi"),
        ("(module (tag (param i32)))", "exception"),
        ("(module (type (struct)))", "gc"),
        (
            "(module (import \"a\" \"m\" (memory 1)))",
            "imported memory",
        ),
        (
            "(module (import \"a\" \"g\" (global i32)))",
            "imported global",
        ),
    ] {
        let path = folder.write("proposal.wat", text);
        let ran = mote(["run", &path]);
        assert_eq!(ran.code, 126, "{text}: {ran:#?}");
        assert!(ran.err.to_lowercase().contains(name), "{text}: {ran:#?}");
    }
}

#[test]
fn inspect_shows_what_a_module_is_and_asks_for() {
    let ran = mote(["inspect", "modules/follow"]);
    ran.ends(0, "");
    for expected in [
        "mote_v0",
        "gpio.write",
        "event.next",
        "run",
        "button0",
        "9 bytes",
        "granted",
    ] {
        assert!(ran.out.contains(expected), "no {expected:?} in {}", ran.out);
    }
    let refused = mote([
        "inspect",
        "modules/follow",
        "--board",
        "mps2-an386",
        "--json",
    ])
    .json();
    assert_eq!(refused["capabilities"][0]["state"]["is"], "granted");
    assert_eq!(refused["memories"][0]["page_bytes"], 1, "{refused:#}");
}

#[test]
fn inspect_shows_what_a_policy_refuses_and_why() {
    let folder = Folder::default();
    let policy = folder.write("policy.toml", "");
    let ran = mote(["inspect", "modules/follow", "--policy", &policy]);
    ran.ends(0, "");
    assert!(
        ran.out.contains("refused") && ran.out.contains("policy"),
        "{}",
        ran.out
    );
}
