//! Whole modules, inspected.

use mote_supervisor::capability::{Interface, Rights};
use mote_supervisor::grant::{Decision, Refusal};
use mote_supervisor::manifest::{Manifest, Request};
use mote_supervisor::name;

use super::*;

/// A module with something of everything that Mote supports.
const FULL: &str = r#"(module $blinker
  (import "mote_v0" "gpio.write" (func $write (param i32 i32) (result i32)))
  (import "mote_v0" "clock.now_us" (func $now (param i32) (result i64)))
  (memory (export "memory") 512 512 (pagesize 1))
  (table 2 2 funcref)
  (global $count (mut i32) (i32.const 0))
  (global i64 (i64.const 1))
  (data (i32.const 16) "hello")
  (data "passive")
  (elem (i32.const 0) $run $init)
  (func $init)
  (func $run (export "run") (result i32)
    (drop (call $write (i32.const 0) (i32.const 1)))
    (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.extend8_s (global.get $count)))
  (start $init))"#;

fn wasm(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

fn inspected(wat: &str) -> Inspection {
    inspect(&wasm(wat)).unwrap()
}

fn table(inspection: &Inspection) -> String {
    let mut out = Vec::new();
    inspection.write_table(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn names(inspection: &Inspection) -> Vec<&str> {
    inspection
        .proposals
        .iter()
        .map(|proposal| proposal.name)
        .collect()
}

#[test]
fn inspection_of_a_full_module_finds_everything() {
    let file = wasm(FULL);
    let found = inspect(&file).unwrap();
    assert_eq!(found.kind, ModuleKind::Mote);
    assert_eq!(found.name.as_deref(), Some("blinker"));
    assert_eq!(found.size_bytes, file.len() as u64);
    assert_eq!(found.problems, Vec::<String>::new());
    assert!(
        found
            .imports
            .iter()
            .all(|import| import.state == ImportState::Mote)
    );
    assert_eq!(found.imports[1].type_text, "(i32) -> i64");
    assert_eq!(found.exports[1].name, "run");
    assert_eq!(found.exports[1].type_text, "() -> i32");
    assert_eq!(
        found.memories,
        [Memory {
            imported: false,
            page_bytes: 1,
            initial_pages: 512,
            maximum_pages: Some(512),
            initial_bytes: 512,
            maximum_bytes: Some(512),
            memory64: false,
            shared: false,
            data_bytes: 5,
            data_end: Some(21),
        }]
    );
    assert_eq!(found.tables[0].element_type, "funcref");
    assert_eq!(
        found.globals,
        Globals {
            imported: 0,
            defined: 2,
            mutable: 1
        }
    );
    let start = StartFunction {
        index: 2,
        name: Some("init".to_owned()),
    };
    assert_eq!(found.start, Some(start));
    assert_eq!((found.functions.imported, found.functions.defined), (2, 2));
    assert_eq!(found.functions.largest[0].name.as_deref(), Some("run"));
    assert_eq!(
        found.data,
        Data {
            segments: 2,
            passive: 1,
            size_bytes: 12
        }
    );
    assert_eq!(
        found.elements,
        Elements {
            segments: 1,
            entries: 2
        }
    );
    assert_eq!(
        names(&found),
        ["sign-extension", "bulk-memory", "custom-page-sizes"]
    );
    assert!(!found.floats);
    // Header and sections are the whole file.
    let sections: u64 = found
        .sections
        .iter()
        .map(|section| section.size_bytes)
        .sum();
    assert_eq!(sections + 8, found.size_bytes);
    assert!(
        found
            .sections
            .iter()
            .any(|section| section.custom && section.name == "name")
    );
}

#[test]
fn table_of_a_full_module_reads_well() {
    assert_eq!(table(&inspected(FULL)), include_str!("testdata/full.out"));
}

#[test]
fn json_holds_the_whole_model() {
    let json = inspected(FULL).to_json();
    assert_eq!(json["kind"], "mote");
    assert_eq!(json["memories"][0]["initial_bytes"], 512);
    assert_eq!(json["imports"][0]["state"]["is"], "mote");
    assert_eq!(json["imports"][0]["type"], "(i32, i32) -> i32");
    assert_eq!(json["proposals"][0]["supported"], true);
    assert!(json["capabilities"].is_null());
}

#[test]
fn each_proposal_is_known_by_its_use() {
    let cases: [(&str, &[&str]); 22] = [
        ("(module)", &[]),
        ("(module (func (export \"a\") (param i32)))", &[]),
        (
            "(module (global (export \"g\") (mut i32) (i32.const 0)))",
            &["mutable-global"],
        ),
        (
            "(module (func (drop (i32.extend8_s (i32.const 0)))))",
            &["sign-extension"],
        ),
        (
            "(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))",
            &["nontrapping-fptoint"],
        ),
        (
            "(module (func (result i32 i32) (i32.const 0) (i32.const 0)))",
            &["multi-value"],
        ),
        (
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
            &["bulk-memory"],
        ),
        (
            "(module (func (drop (ref.null func))))",
            &["reference-types"],
        ),
        ("(module (func (param externref)))", &["reference-types"]),
        (
            "(module (global i32 (i32.add (i32.const 0) (i32.const 0))))",
            &["extended-const"],
        ),
        ("(module (memory 1 (pagesize 1)))", &["custom-page-sizes"]),
        (
            "(module (func (drop (v128.const i32x4 0 0 0 0))))",
            &["simd"],
        ),
        ("(module (memory 1 1 shared))", &["threads"]),
        ("(module (func $f (return_call $f)))", &["tail-call"]),
        ("(module (memory 1) (memory 1))", &["multi-memory"]),
        ("(module (memory i64 1))", &["memory64"]),
        ("(module (tag))", &["exception-handling"]),
        (
            "(module (type $t (func)) (func (param (ref $t))))",
            &["reference-types", "function-references"],
        ),
        ("(module (type (struct)))", &["function-references", "gc"]),
        (
            "(module (func (param i64 i64 i64 i64) (result i64 i64)
               local.get 0 local.get 1 local.get 2 local.get 3 i64.add128))",
            &["multi-value", "wide-arithmetic"],
        ),
        (
            "(module (type $f (func)) (type (cont $f)))",
            &["stack-switching"],
        ),
        (
            "(module (memory 1) (func
               (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0)))))",
            &["simd", "relaxed-simd"],
        ),
    ];
    for (wat, expected) in cases {
        let found = inspected(wat);
        assert_eq!(names(&found), expected, "{wat}");
        let unsupported = found.unsupported_proposals();
        assert_eq!(found.problems.is_empty(), unsupported.is_empty(), "{wat}");
        for name in unsupported {
            assert!(found.problems[0].contains(name), "{wat}");
        }
    }
}

#[test]
fn floats_are_told() {
    assert!(inspected("(module (func (drop (f32.const 0))))").floats);
    assert!(inspected("(module (func (param f64)))").floats);
}

#[test]
fn imports_that_nobody_or_another_offers_are_told() {
    let found = inspected(
        r#"(module
          (import "mote_v0" "gpio.write" (func (param i32)))
          (import "mote_v0" "gpio.explode" (func))
          (import "mote_v0" "memory" (memory 1))
          (import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_fly" (func))
          (import "env" "f\u{1b}[2J" (func)))"#,
    );
    let states: Vec<&ImportState> = found.imports.iter().map(|import| &import.state).collect();
    let wrong = ImportState::MoteWrongType {
        expected: "(i32, i32) -> i32".to_owned(),
    };
    assert_eq!(
        states,
        [
            &wrong,
            &ImportState::MoteUnknown,
            &ImportState::MoteUnknown,
            &ImportState::Wasi,
            &ImportState::WasiUnknown,
            &ImportState::Unknown,
        ]
    );
    assert_eq!(found.problems.len(), 6, "{:?}", found.problems);
    let text = table(&found);
    assert!(
        text.contains("wrong type: it is (i32, i32) -> i32"),
        "{text}"
    );
    assert!(
        !text.contains('\u{1b}'),
        "no escape sequence reaches a terminal"
    );
}

#[test]
fn kinds_of_modules_are_told_apart() {
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;
    let cases = [
        (
            format!("(module {exit} (func (export \"_start\")))"),
            ModuleKind::WasiCommand,
        ),
        (
            format!("(module {exit} (func (export \"_initialize\")))"),
            ModuleKind::WasiReactor,
        ),
        (
            "(module (func (export \"run\")))".to_owned(),
            ModuleKind::Mote,
        ),
        (
            "(module (func (export \"add\")))".to_owned(),
            ModuleKind::Library,
        ),
        (
            "(module (@custom \"linking\" \"\\02\"))".to_owned(),
            ModuleKind::Object,
        ),
        (
            "(module (@custom \"dylink.0\" \"\"))".to_owned(),
            ModuleKind::DynamicLibrary,
        ),
    ];
    for (wat, kind) in cases {
        let found = inspected(&wat);
        assert_eq!(found.kind, kind, "{wat}");
        assert!(!table(&found).is_empty());
    }
}

#[test]
fn capabilities_are_told_with_what_came_of_them() {
    let mut manifest = Manifest::nameless(name("blink").unwrap());
    let request = |text: &str, interface: Interface, pin: Option<&str>, optional| Request {
        name: name(text).unwrap(),
        interface,
        pin: pin.map(|pin| name(pin).unwrap()),
        rights: interface.rights(),
        log_level: 3,
        optional,
    };
    let requests = [
        request("led", Interface::GpioOut, Some("led0"), false),
        request("log", Interface::Log, None, true),
        request("time", Interface::Clock, None, false),
    ];
    for request in &requests {
        manifest.capabilities.push(request.clone()).unwrap();
    }
    let mut found = inspected(FULL);
    found.add_manifest(&manifest, None);
    let asked = found.capabilities.clone().unwrap();
    assert!(asked.iter().all(|one| one.state == CapabilityState::Asked));
    assert_eq!(asked[0].rights, ["read", "write"]);

    let refusals = [
        None,
        Some(Refusal::NotInPolicy),
        Some(Refusal::RightsNotGranted(Rights::WAIT)),
    ];
    let decisions: Vec<Decision> = requests
        .into_iter()
        .zip(refusals)
        .map(|(request, refusal)| Decision { request, refusal })
        .collect();
    found.add_manifest(&manifest, Some(&decisions));
    let text = table(&found);
    for line in [
        "led   gpio.out   led0  read+write                  granted",
        "log   log        -     write up to info  optional  refused: no grant of the board's policy",
        "time  clock      -     read+wait                   refused: the board's policy grants it without wait",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn file_cut_at_every_length_is_told() {
    let whole = wasm(FULL);
    let mut truncated = 0;
    for end in 0..whole.len() {
        match inspect(&whole[..end]) {
            Err(InspectError::Empty) => assert_eq!(end, 0),
            Err(
                error @ InspectError::Truncated {
                    size_bytes,
                    needed_bytes,
                    ..
                },
            ) => {
                truncated += 1;
                assert_eq!(size_bytes, end as u64);
                assert!(
                    needed_bytes.is_none_or(|needed| needed > size_bytes),
                    "{error}"
                );
                assert!(error.to_string().contains("breaks off"), "{error}");
            }
            // Cut between two sections the file is whole as far as one can see; whether it still
            // makes sense is another matter.
            Ok(_) | Err(InspectError::Invalid { .. }) => {
                assert!(layout::sections(&whole[..end]).is_ok(), "{end}");
            }
            Err(error) => panic!("{end}: {error:?}"),
        }
    }
    assert!(
        truncated > whole.len() * 3 / 4,
        "{truncated} of {}",
        whole.len()
    );
}

#[test]
fn file_with_any_byte_changed_does_not_panic() {
    let whole = wasm(FULL);
    for index in 0..whole.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[index] = value;
            match inspect(&changed) {
                Ok(found) => assert!(!table(&found).is_empty()),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

#[test]
fn file_that_is_not_wasm_is_told_what_it_looks_like() {
    let cases: [(&[u8], &str); 13] = [
        (b"", "empty"),
        (
            b"\0as",
            "breaks off after 3 bytes, in the header; it would have at least 8",
        ),
        (b"\0asm\x0d\0\x01\0", "component"),
        (b"\0asm\x02\0\0\0", "version 2"),
        (b"\x7fELF\x01", "ELF"),
        (b"(module)", "text format"),
        (b"\n  ;; a comment\n  (module)", "text format"),
        (b"( module $x", "text format"),
        (b"(component)", "component in the text format"),
        (b"{\"a\": 1}", "JSON"),
        (b"[module]\nname = 1", "manifest"),
        (b"hello", "looks like text"),
        (b"\x01\x02\x03\x04\x05\0", "this with 01 02 03 04"),
    ];
    for (file, part) in cases {
        let text = inspect(file).unwrap_err().to_string();
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn invalid_module_is_told_where() {
    let wat = r#"(module (func (result i32) (i64.const 0)))"#;
    let error = inspect(&wasm(wat)).unwrap_err();
    let InspectError::Invalid {
        offset,
        inside,
        message,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert!(*offset > 8);
    assert_eq!(inside.as_deref(), Some("function #0"));
    assert!(message.contains("type mismatch"), "{message}");
    assert!(
        error
            .to_string()
            .starts_with("the module is invalid at byte 0x"),
        "{error}"
    );
}
