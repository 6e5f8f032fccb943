//! Images on the command line, and what is told of traps, needs and refusals.

use mote_suite::{Folder, Ran, mote};

/// Traps in `store`, eleven calls deep, unless it is called with little.
const DEEP: &str = r#"(module
  (memory (export "m") 1)
  (func $store (param $at i32)
    (i32.store (local.get $at) (i32.const 1)))
  (func $middle (param i32)
    (call $store (i32.mul (local.get 0) (i32.const 1000))))
  (func $deep (param i32)
    (if (i32.eqz (local.get 0))
      (then (call $middle (i32.const 1000)))
      (else (call $deep (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "run") (result i32)
    (call $deep (i32.const 8))
    (i32.const 0))
  (func (export "add") (param i32 i64) (result i64)
    (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
  (func $spin (export "spin") (loop (br 0))))"#;

/// The place of the first operator with these bytes, as the tool writes it.
fn place(wasm: &[u8], operator: &[u8]) -> String {
    let mut windows = wasm.windows(operator.len());
    format!("{:#x}", windows.position(|at| at == operator).unwrap())
}

/// Checks what is told of the trap in [`DEEP`].
#[track_caller]
fn names_the_trap(ran: &Ran) {
    let wasm = wat::parse_str(DEEP).unwrap();
    let (store, middle, deep) = (
        place(&wasm, &[0x36, 2, 0]),
        place(&wasm, &[0x10, 0]),
        place(&wasm, &[0x10, 2]),
    );
    ran.ends(
        134,
        &format!("trapped: out of bounds memory access in function \"store\" (#0) at {store}\n"),
    );
    ran.ends(134, &format!("  called by \"middle\" (#1) at {middle}\n"));
    ran.ends(134, &format!("  called by \"deep\" (#2) at {deep}\n"));
    ran.ends(134, "  and 4 more\n");
}

#[test]
fn trap_names_functions_and_places_in_the_wasm() {
    let folder = Folder::default();
    let path = folder.write("deep.wat", DEEP);
    names_the_trap(&mote(["run", &path]));
    let json = mote(["run", &path, "--json"]).json();
    let wasm = wat::parse_str(DEEP).unwrap();
    let offset = json["trap"]["offset"].as_u64().unwrap();
    assert_eq!(format!("{offset:#x}"), place(&wasm, &[0x36, 2, 0]));
    assert_eq!(json["trap"]["name"], "store");
    assert_eq!(json["trap"]["function"], 0);
    assert_eq!(json["backtrace"]["frames"].as_array().unwrap().len(), 8);
    assert_eq!(json["backtrace"]["frames"][1]["name"], "middle");
    assert_eq!(json["backtrace"]["more"], 4);
    // Not only traps: a module that was stopped tells where it was.
    mote(["run", &path, "--invoke", "spin", "--fuel", "1000"])
        .ends(124, "  in function \"spin\" (#5) at 0x");
    // wasmi does not know where it is, and nothing is made up.
    let wasmi = mote(["run", &path, "--engine", "wasmi"]);
    wasmi.ends(134, "trapped: out of bounds memory access\n");
    assert!(!wasmi.err.contains("called by"), "{wasmi:#?}");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn trap_on_a_device_names_functions_and_places_in_the_wasm() {
    let folder = Folder::default();
    let path = folder.write("deep.wat", DEEP);
    names_the_trap(&mote(["run", &path, "--board", "mps2-an386"]));
}

#[test]
fn image_runs_as_its_module_does() {
    let folder = Folder::default();
    let path = folder.write("deep.wat", DEEP);
    let (image, symbols) = (folder.path("deep.image"), folder.path("deep.symbols"));
    let made = mote(["translate", &path, "-o", &image, "--symbols", &symbols]);
    made.ends(0, "");
    assert!(made.out.contains("Mote image, "), "{made:#?}");
    assert!(
        made.out.contains("no bound: \"deep\" (#2) calls itself"),
        "{made:#?}"
    );
    let add = mote(["run", &image, "--invoke", "add", "-3", "5"]);
    assert_eq!((add.code, add.out.as_str()), (0, "2\n"), "{add:#?}");
    names_the_trap(&mote(["run", &image]));
    // Without symbols, or with those of another image, places are the image's.
    let other = folder.write("other.wat", "(module (func (export \"run\")))");
    let other_image = folder.path("other.image");
    mote([
        "translate",
        &other,
        "-o",
        &other_image,
        "--symbols",
        &symbols,
    ])
    .ends(0, "");
    let ran = mote(["run", &image]);
    ran.ends(134, "deep.symbols: the symbols of another image; left out");
    ran.ends(134, "in function #0 at 0x8 of the image's code");
    folder.write("deep.symbols", b"MSYMrubbish");
    mote(["inspect", &image]).ends(0, "deep.symbols: these are no symbols");
    mote(["run", &image, "--engine", "wasmi"]).ends(125, "leave out --engine wasmi");
    mote(["translate", &image, "-o", &other_image]).ends(125, "an image already");
}

#[test]
fn image_that_was_changed_is_refused() {
    let folder = Folder::default();
    let path = folder.write("deep.wat", DEEP);
    let image = folder.path("deep.image");
    mote(["translate", &path, "-o", &image]).ends(0, "");
    let good = std::fs::read(&image).unwrap();
    for (at, cause) in [
        (4, "of another version"),
        (70, "its checksum is wrong"),
        (good.len() - 1, "its checksum is wrong"),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        let bad = folder.write("bad.image", bad);
        mote(["run", &bad]).ends(126, cause);
        mote(["inspect", &bad, "--disassemble"]).ends(126, cause);
    }
    for length in [4, 30, 64, 100] {
        let cut = folder.write("cut.image", &good[..length]);
        mote(["run", &cut]).ends(126, "the image");
        mote(["inspect", &cut]).ends(126, "the image");
    }
}

fn image_of(folder: &Folder, text: &str) -> serde_json::Value {
    let path = folder.write("module.wat", text);
    let found = mote(["inspect", "--json", &path]).json();
    found["image"].clone()
}

#[test]
fn inspect_tells_what_an_instance_needs() {
    let folder = Folder::default();
    let text = "(module (memory 512 512 (pagesize 1))
      (func $leaf (param i64) (result i64) (local i64) (local.get 0))
      (func (export \"run\") (drop (call $leaf (i64.const 1)))))";
    let made = &image_of(&folder, text)["made"];
    let stack = made["stack_bytes"].as_u64().unwrap();
    assert!((16..200).contains(&stack), "{made}");
    let instance = &made["instance"];
    let without = instance["without_memory"].as_u64().unwrap();
    assert_eq!(instance["with_memory"].as_u64(), Some(without + 512));
    assert_eq!(instance["stack_bytes"].as_u64(), Some(stack));
    assert!(without > stack && without < stack + 512, "{made}");
    assert_eq!(made["features"], serde_json::json!([]));
    assert!(made["unbounded"].is_null());
    let table = mote(["inspect", &folder.path("module.wat")]);
    for wanted in [
        "  image   ",
        "  stack   ",
        "  instance ",
        " beside its memory",
    ] {
        assert!(table.out.contains(wanted), "{wanted}: {table:#?}");
    }
    let float = image_of(
        &folder,
        "(module (func (export \"run\") (drop (f32.neg (f32.load (i32.const 0))))) (memory 1))",
    );
    assert_eq!(float["made"]["features"], serde_json::json!(["float"]));
}

#[test]
fn inspect_tells_why_a_stack_has_no_bound() {
    let folder = Folder::default();
    let reason = |text: &str| {
        let path = folder.write("module.wat", text);
        let table = mote(["inspect", &path]).out;
        let line = table.lines().find(|line| line.starts_with("  stack"));
        line.unwrap()
            .trim_start_matches("  stack")
            .trim()
            .to_owned()
    };
    assert_eq!(
        reason(
            "(module (func $a (call $b)) (func $b (call $c)) (func $c (call $b)) (export \"run\" (func $a)))"
        ),
        "no bound: \"b\" (#1) calls \"c\" (#2), which calls \"b\" (#1) again"
    );
    assert_eq!(
        reason(
            "(module (table 2 funcref) (elem (i32.const 0) $a)
          (func $a (call $b)) (func $b (call_indirect (i32.const 0))) (export \"run\" (func $a)))"
        ),
        "no bound: \"a\" (#0) calls \"b\" (#1), which calls \"a\" (#0) again through table 0"
    );
    // Not in a table, hence not called through one.
    assert!(
        reason(
            "(module (table 2 funcref) (elem (i32.const 0) $a)
          (func $a) (func $b (call_indirect (i32.const 0))) (func (export \"run\") (call $b)))"
        )
        .contains("in the deepest chain"),
    );
    // An instruction puts it there.
    assert_eq!(
        reason(
            "(module (table 2 funcref) (elem declare func $a)
          (func $a (table.set (i32.const 0) (ref.func $a)) (call_indirect (i32.const 0)))
          (export \"run\" (func $a)))"
        ),
        "no bound: \"a\" (#0) calls itself through table 0"
    );
    // Recursion that nothing enters does no harm.
    assert!(
        reason("(module (func $a (call $a)) (func (export \"run\")))")
            .contains("in the deepest chain"),
    );
    let json = image_of(&folder, "(module (func $a (export \"run\") (call $a)))");
    let cycle = &json["made"]["unbounded"]["cycle"];
    assert_eq!(cycle[0]["name"], "a");
    assert!(cycle[0]["table"].is_null());
    assert_eq!(cycle.as_array().unwrap().len(), 1);
}

#[test]
fn disassembly_stands_beside_the_wasm() {
    let folder = Folder::default();
    let path = folder.write("deep.wat", DEEP);
    let wasm = wat::parse_str(DEEP).unwrap();
    let shown = mote(["inspect", &path, "--disassemble"]);
    shown.ends(0, "");
    for wanted in [
        "\"store\" (#0) (i32) -> (): ",
        "  call \"middle\" (#1) ",
        "what the instructions do",
        &format!("  {}  store_32", place(&wasm, &[0x36, 2, 0])),
    ] {
        assert!(shown.out.contains(wanted), "{wanted}: {shown:#?}");
    }
    let json = mote(["inspect", &path, "--disassemble", "--json"]).json();
    let code = json["disassembly"].as_array().unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(code[2]["name"], "deep");
    // The image alone shows the same code, without names that it does not have.
    let image = folder.path("deep.image");
    mote(["translate", &path, "-o", &image]).ends(0, "");
    let bare = mote(["inspect", &image, "--disassemble"]);
    assert!(bare.out.contains("#0 (i32) -> (): "), "{bare:#?}");
    assert!(bare.out.contains("\"spin\" (#5)"), "an export: {bare:#?}");
    let again = mote(["inspect", &image, "--disassemble", "--json"]).json();
    let texts = |json: &serde_json::Value| json[0]["instructions"][0]["text"].clone();
    assert_eq!(texts(&again["disassembly"]), texts(&json["disassembly"]));
}

#[test]
fn refusals_name_place_function_and_rule() {
    let folder = Folder::default();
    let translate = |name: &str, file: &[u8]| {
        let path = folder.write(name, file);
        mote(["translate", &path, "-o", &folder.path("out.image")])
    };
    let wat = |text: &str| wat::parse_str(text).unwrap();
    for (text, cause) in [
        (
            "(module (func) (func $f (result i32) (i64.const 1)))",
            "(function \"f\" (#1)): type mismatch: expected i32, found i64",
        ),
        (
            "(module (func (export \"g\") (drop (v128.const i64x2 0 0))))",
            "at 0x1e in function \"g\" (#0): not supported: SIMD (proposal `simd`)",
        ),
        (
            "(module (func $t (return_call $t)))",
            "in function \"t\" (#0): not supported: tail calls (proposal `tail-call`)",
        ),
        (
            "(module (import \"env\" \"memory\" (memory 1)))",
            "in import section: not supported: an imported memory: instances share no state",
        ),
    ] {
        translate("bad.wasm", &wat(text)).ends(126, cause);
    }
    let locals = format!("(module (func $many (local {})))", "i64 ".repeat(33_000));
    translate("bad.wasm", &wat(&locals)).ends(
        126,
        "in function \"many\" (#0): does not fit: a function has more locals",
    );
    translate("bad.wasm", b"\x7fELF").ends(126, "it looks like a program or object file");
    assert!(!std::path::Path::new(&folder.path("out.image")).exists());
}
