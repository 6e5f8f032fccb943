//! Mote's own engine in the simulator: what a person sees of it is what wasmi shows.

use mote_suite::{Folder, Ran, mote, project};

fn run(engine: &str, line: &[&str]) -> Ran {
    mote(["run"].iter().chain(line).chain(&["--engine", engine]))
}

#[test]
fn module_has_the_same_trace_on_both_engines() {
    let folder = Folder::default();
    for (from, to) in [("wasmi", "mote"), ("mote", "wasmi"), ("mote", "mote")] {
        let recording = folder.path("recording");
        let line = [
            "modules/follow",
            "--for",
            "1s",
            "--set",
            "button0=1@250ms",
            "--record",
            &recording,
        ];
        run(from, &line).ends(0, &format!("starts on sim ({from})"));
        let replay = [
            "replay",
            "--quiet",
            &recording,
            "modules/follow",
            "--engine",
            to,
        ];
        mote(replay).ends(0, "equal: 23 host calls");
    }
}

#[test]
fn workloads_return_the_same_on_both_engines() {
    for (name, argument, result) in [
        ("fib", "15", "610"),
        ("crc32", "1", ""),
        ("sieve", "1", "1028"),
        ("biquad", "1", ""),
        ("siphash", "1", ""),
    ] {
        let path = project().join(format!("tests/engine-suite/workloads/{name}.wasm"));
        let line = [path.to_str().unwrap(), "--invoke", "run", argument];
        let (wasmi, own) = (run("wasmi", &line), run("mote", &line));
        assert_eq!((own.code, &own.out), (0, &wasmi.out), "{name}: {own:#?}");
        assert!(
            result.is_empty() || own.out.trim_end() == result,
            "{name}: {own:#?}"
        );
    }
}

#[test]
fn faults_end_the_same_on_both_engines() {
    let folder = Folder::default();
    let wat = |name: &str, text: &str| folder.write(&format!("{name}.wat"), text);
    let entry = |name: &str, body: &str| {
        wat(
            name,
            &format!(
                "(module (memory (export \"m\") 8 (pagesize 1)) (table 1 funcref)
                (func (export \"run\") (result i32) {body}))"
            ),
        )
    };
    let cases = [
        (
            entry("divide", "(i32.div_s (i32.const 1) (i32.const 0))"),
            134,
            "integer divide by zero",
        ),
        (
            entry("load", "(i32.load (i32.const 5))"),
            134,
            "out of bounds memory access",
        ),
        (
            entry("null", "(call_indirect (result i32) (i32.const 0))"),
            134,
            "uninitialized element",
        ),
        (entry("deep", "(call 0)"), 134, "call stack exhausted"),
        (
            entry("spin", "(loop (br 0)) (i32.const 0)"),
            124,
            "out of fuel: 1000000",
        ),
        (
            entry("code", "(i32.const 77)"),
            77,
            "ended with exit code 77",
        ),
        (
            wat(
                "import",
                "(module (import \"env\" \"f\" (func)) (func (export \"run\")))",
            ),
            126,
            "import \"env\" \"f\": nothing of that name is offered",
        ),
        (
            wat("memory", "(module (import \"a\" \"m\" (memory 1)))"),
            126,
            "refused",
        ),
        (
            wat("simd", "(module (func (drop (v128.const i64x2 0 0))))"),
            126,
            "refused",
        ),
        (
            wat("start", "(module (func $s (loop (br 0))) (start $s))"),
            124,
            "out of fuel",
        ),
        (wat("none", "(module)"), 127, "exports no function \"run\""),
    ];
    for (path, code, cause) in &cases {
        for engine in ["wasmi", "mote"] {
            run(engine, &[path, "--fuel", "1000000"]).ends(*code, cause);
        }
    }
}

#[test]
fn engine_that_is_not_there_is_refused_with_the_way_out() {
    run("quick", &["modules/follow"]).ends(125, "possible values: mote, wasmi");
}
