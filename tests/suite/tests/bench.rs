//! `mote bench` on the emulated boards: what it counts, and what it refuses.

use mote_suite::{Folder, Ran, mote, project};
use serde_json::Value;

fn workload(name: &str) -> String {
    let path = project().join(format!("tests/engine-suite/workloads/{name}.wasm"));
    path.display().to_string()
}

fn bench(module: &str, options: &[&str]) -> Ran {
    mote(["bench", module].iter().chain(options))
}

fn counts(module: &str, options: &[&str]) -> Value {
    let ran = bench(module, options);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.json()
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn workloads_give_their_results_on_both_engines_and_counts_are_the_same_twice() {
    for (name, argument, result) in [("fib", "10", 55), ("sieve", "1", 1_028)] {
        let module = workload(name);
        for engine in ["mote", "wasmi"] {
            let line = ["--invoke", "run", argument, "--json", "--engine", engine];
            let first = counts(&module, &line);
            assert_eq!(first, counts(&module, &line), "two runs differ");
            assert_eq!(first["result"], result, "{name} on {engine}");
            assert_eq!(first["engine"], engine);
            assert_eq!(
                first["start_instructions"], first["start_instructions_least"],
                "ten starts differ"
            );
            for key in ["run_instructions", "fuel", "image_bytes", "ram_bytes"] {
                assert!(first[key].as_u64() > Some(0), "{key}: {first}");
            }
        }
    }
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn own_engine_takes_few_instructions_for_a_start_and_little_ram() {
    let module = workload("sha256");
    let own = counts(&module, &["--invoke", "run", "1", "--json"]);
    let number = |key: &str| own[key].as_u64().unwrap();
    // The budgets of the engine: half an instruction a byte zeroed, 512 bytes of RAM, ten a byte.
    assert!(number("start_instructions") <= 3_000 + number("memory_bytes") / 2 + 1_024);
    assert!(number("ram_bytes") <= 512, "{own}");
    assert!(number("check_instructions") <= 10 * number("image_bytes"));
    assert!(number("frame_bytes") > 0);
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn values_of_all_types_go_in_and_out() {
    let folder = Folder::default();
    let module = folder.write(
        "values.wat",
        "(module (func (export \"turn\") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
            (f64.neg (local.get 3)) (f32.neg (local.get 2)) (i64.not (local.get 1)) (i32.not (local.get 0))))"
            .replace("(i64.not (local.get 1))", "(i64.xor (local.get 1) (i64.const -1))")
            .replace("(i32.not (local.get 0))", "(i32.xor (local.get 0) (i32.const -1))"),
    );
    let line = ["--invoke", "turn", "5", "-7", "1.5", "-0.25", "--json"];
    for engine in ["mote", "wasmi"] {
        let own = counts(&module, &[&line[..], &["--engine", engine]].concat());
        assert_eq!(own["result"].to_string(), "[0.25,-1.5,6,-6]", "{engine}");
    }
    let table = bench(&module, &line[..6]);
    table.ends(0, "");
    assert!(
        table
            .out
            .contains("turn(5, -7, 1.5, -0.25) = 0.25, -1.5, 6, -6")
    );
    assert!(table.out.contains("10 times the same"), "{table:#?}");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn what_goes_wrong_on_the_board_is_told() {
    let folder = Folder::default();
    let module = |name: &str, body: &str| {
        folder.write(
            &format!("{name}.wat"),
            format!(
                "(module (import \"env\" \"now\" (func $now)) (func $go (export \"go\") {body}))"
            ),
        )
    };
    let divide = module("divide", "(drop (i32.div_u (i32.const 1) (i32.const 0)))");
    let deep = module("deep", "(call $go)");
    let spin = module("spin", "(loop (br 0))");
    let host = module("host", "(call $now)");
    let large = folder.write("large.wat", "(module (memory 300) (func (export \"go\")))");
    for engine in ["mote", "wasmi"] {
        let go = |path: &str, more: &[&str], code: i32, cause: &str| {
            let line = ["--invoke", "go", "--engine", engine];
            bench(path, &[&line[..], more].concat()).ends(code, cause);
        };
        go(&divide, &[], 134, "trapped: integer divide by zero");
        go(&deep, &[], 134, "trapped: call stack exhausted");
        go(
            &spin,
            &["--fuel", "100000"],
            124,
            "100000 units were given; --fuel",
        );
        go(&host, &[], 126, "it called the import \"env\" \"now\"");
        go(&large, &[], 126, "mps2-an386 has 16777216");
    }
    bench(&deep, &["--invoke", "go", "--stack", "100"]).ends(134, "--stack WORDS gives it more");
    bench(&divide, &["--invoke", "none"]).ends(127, "it exports go");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn microbit_runs_what_fits_its_ram_and_refuses_the_rest() {
    let folder = Folder::default();
    let module = folder.write(
        "sum.wat",
        "(module (memory (export \"memory\") 256 256 (pagesize 1))
            (func (export \"go\") (param i32) (result i32)
                (i32.store8 (i32.const 255) (local.get 0))
                (i32.add (local.get 0) (i32.load8_u (i32.const 255)))))",
    );
    let line = ["--invoke", "go", "21", "--board", "microbit", "--json"];
    let own = counts(&module, &line);
    assert_eq!(own["result"], 42);
    assert!(own["flash_bytes"].as_u64() < Some(128 * 1024), "{own}");
    let page = workload("fib");
    bench(&page, &["--invoke", "run", "5", "--board", "microbit"]).ends(
        126,
        "bytes of RAM (memory, frames, tables), and microbit has",
    );
    bench(
        &module,
        &[
            "--invoke", "go", "1", "--board", "microbit", "--engine", "wasmi",
        ],
    )
    .ends(125, "atomic operations");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn board_translates_to_the_same_image() {
    for module in [workload("crc32"), "modules/follow".to_owned()] {
        let own = counts(&module, &["--translate", "--json"]);
        assert!(own["translate_instructions"].as_u64() > Some(0), "{own}");
    }
    let folder = Folder::default();
    let deep = "(block ".repeat(40) + &")".repeat(40);
    let module = folder.write("deep.wat", format!("(module (func {deep}))"));
    bench(&module, &["--translate"]).ends(126, "blocks are nested deeper");
    let branches = "(br_if 0 (local.get 0))".repeat(50);
    let text = format!("(module (func (param i32) (block {branches})))");
    let module = folder.write("branches.wat", text);
    bench(&module, &["--translate"]).ends(0, "");
    let divisions = "(local.set 0 (i32.div_u (local.get 0) (local.get 1)))".repeat(500);
    let text = format!("(module (func (param i32 i32) {divisions}))");
    let module = folder.write("long.wat", text);
    bench(&module, &["--translate"]).ends(126, "code is longer than the buffer");
}
