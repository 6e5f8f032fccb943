//! What is refused, by both engines, and by Mote's own with the name of what it is: state that would
//! be shared between instances, proposals that are not supported, and files that are malformed in
//! the ways that decoders are known to miss.

use mote_engine::Value;
use mote_engine_suite::{Ending, Instance, Kind, NoInstance, Room};

/// Why Mote's own engine and wasmi refuse a module.
fn reasons(wasm: &[u8], what: &str) -> [String; 2] {
    Kind::ALL.map(|kind| match Instance::new(kind, wasm, Room::SMALL) {
        Err(NoInstance::Rejected(text)) => text,
        other => panic!("{what} on {kind:?}: {other:?}"),
    })
}

fn refused(text: &str, name: &str) {
    let [own, _] = reasons(&wat::parse_str(text).unwrap(), text);
    assert!(own.contains(name), "{text}: {own}");
}

#[test]
fn imports_of_shared_state_are_refused_by_name() {
    for (import, own_name, other_name) in [
        (
            "(import \"m\" \"x\" (memory 1))",
            "an imported memory",
            "imports a memory",
        ),
        (
            "(import \"m\" \"x\" (table 1 funcref))",
            "an imported table",
            "imports a table",
        ),
        (
            "(import \"m\" \"x\" (table 1 externref))",
            "an imported table",
            "imports a table",
        ),
        (
            "(import \"m\" \"x\" (global (mut i32)))",
            "an imported global",
            "imports a global",
        ),
        (
            "(import \"m\" \"x\" (global (mut funcref)))",
            "an imported global",
            "imports a global",
        ),
        (
            "(import \"m\" \"x\" (global f64))",
            "an imported global",
            "imports a global",
        ),
    ] {
        for text in [
            format!("(module {import})"),
            format!("(module (import \"m\" \"f\" (func)) {import})"),
        ] {
            let [own, other] = reasons(&wat::parse_str(&text).unwrap(), &text);
            assert!(
                own.contains(own_name) && own.contains("share no state"),
                "{own}"
            );
            assert!(other.contains(other_name), "{other}");
        }
    }
}

#[test]
fn imports_of_functions_are_served_by_the_host() {
    let text = r#"(module (import "m" "g" (func $g (param i32) (result i32)))
        (func (export "f") (result i32) (call $g (i32.const 4))) (export "again" (func $g)))"#;
    let wasm = wat::parse_str(text).unwrap();
    let mut double = |import: u32, arguments: &[Value]| match arguments {
        [Value::I32(value)] if import == 0 => vec![Value::I32(value * 2)],
        other => panic!("{import} {other:?}"),
    };
    for kind in Kind::ALL {
        let mut instance = Instance::new(kind, &wasm, Room::SMALL).unwrap();
        let ending = instance.call("f", &[], &mut double);
        assert_eq!(ending, Ending::Returned(vec![Value::I32(8)]));
        let ending = instance.call("again", &[Value::I32(21)], &mut double);
        assert_eq!(ending, Ending::Returned(vec![Value::I32(42)]));
    }
}

#[test]
fn proposals_that_are_not_supported_are_refused_by_name() {
    for (proposal, texts) in [
        (
            "simd",
            &[
                "(module (func (param v128)))",
                "(module (func (local v128)))",
                "(module (func (drop (v128.const i32x4 0 0 0 0))))",
                "(module (memory 1) (func (drop (v128.load (i32.const 0)))))",
                "(module (global v128 (v128.const i64x2 1 2)))",
            ][..],
        ),
        (
            "relaxed-simd",
            &["(module (func unreachable i32x4.relaxed_trunc_f32x4_s drop))"],
        ),
        (
            "threads",
            &[
                "(module (memory 1 1 shared))",
                "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
                "(module (func atomic.fence))",
            ],
        ),
        (
            "exception-handling",
            &[
                "(module (tag))",
                "(module (import \"m\" \"t\" (tag)))",
                "(module (func (try_table (catch_all 0))))",
                "(module (func unreachable throw_ref))",
                "(module (func (param exnref)))",
            ],
        ),
        (
            "gc",
            &[
                "(module (type (struct (field i32))))",
                "(module (type (array i8)))",
                "(module (rec (type (func)) (type (func))))",
                "(module (func (drop (ref.i31 (i32.const 1)))))",
                "(module (func (param anyref)))",
                "(module (func (drop (ref.eq (ref.null eq) (ref.null eq)))))",
            ],
        ),
        (
            "function-references",
            &[
                "(module (type $t (func)) (func (param (ref null $t))))",
                "(module (type $t (func)) (func unreachable (call_ref $t)))",
                "(module (func unreachable ref.as_non_null drop))",
                "(module (func unreachable (br_on_null 0) drop))",
            ],
        ),
        (
            "memory64",
            &["(module (memory i64 1))", "(module (table i64 1 funcref))"],
        ),
        (
            "tail-call",
            &[
                "(module (func $f (return_call $f)))",
                "(module (table 1 funcref) (func (return_call_indirect (i32.const 0))))",
            ],
        ),
        (
            "multi-memory",
            &[
                "(module (memory 1) (memory 1))",
                "(module (memory 1) (func (drop (memory.size 1))))",
                "(module (memory 1) (func (drop (i32.load 1 (i32.const 0)))))",
                "(module (memory 1) (func (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0))))",
            ],
        ),
        (
            "stack-switching",
            &[
                "(module (type $f (func)) (type $c (cont $f)))",
                "(module (func unreachable suspend 0))",
            ],
        ),
        (
            "wide-arithmetic",
            &[
                "(module (func unreachable i64.add128 drop drop))",
                "(module (func unreachable i64.mul_wide_u drop drop))",
            ],
        ),
        ("component-model", &["(component)"]),
    ] {
        for text in texts {
            refused(text, &format!("(proposal `{proposal}`)"));
        }
    }
}

// --- Malformed files, byte by byte.

/// A module of these sections.
fn module(sections: &[(u8, &[u8])]) -> Vec<u8> {
    let mut wasm = b"\0asm\x01\0\0\0".to_vec();
    for (id, contents) in sections {
        wasm.push(*id);
        wasm.push(u8::try_from(contents.len()).unwrap());
        wasm.extend_from_slice(contents);
    }
    wasm
}

/// A module whose function `f` is `i32.const` of these bytes.
fn constant(operand: &[u8]) -> Vec<u8> {
    let mut body = vec![0, 0x41];
    body.extend_from_slice(operand);
    body.push(0x0b);
    let mut code = vec![1, u8::try_from(body.len()).unwrap()];
    code.extend_from_slice(&body);
    module(&[
        (1, &[1, 0x60, 0, 1, 0x7f]),
        (3, &[1, 0]),
        (7, &[1, 1, b'f', 0, 0]),
        (10, &code),
    ])
}

#[test]
fn leb128_that_is_padded_within_its_length_is_accepted() {
    for (operand, value) in [
        (&[0x05][..], 5),
        (&[0x85, 0x00], 5),
        (&[0x85, 0x80, 0x80, 0x80, 0x00], 5),
        (&[0x7b], -5),
        (&[0xfb, 0xff, 0xff, 0xff, 0x7f], -5),
        (&[0xff, 0xff, 0xff, 0xff, 0x07], i32::MAX),
        (&[0x80, 0x80, 0x80, 0x80, 0x78], i32::MIN),
    ] {
        for kind in Kind::ALL {
            let mut instance = Instance::new(kind, &constant(operand), Room::SMALL).unwrap();
            let ending = instance.call("f", &[], &mut |_, _| Vec::new());
            assert_eq!(
                ending,
                Ending::Returned(vec![Value::I32(value)]),
                "{operand:x?}"
            );
        }
    }
}

#[test]
fn leb128_that_is_over_long_or_too_large_is_refused() {
    for (operand, words) in [
        (
            &[0x85, 0x80, 0x80, 0x80, 0x80, 0x00][..],
            "integer representation too long",
        ),
        (
            &[0xfb, 0xff, 0xff, 0xff, 0xff, 0x7f],
            "integer representation too long",
        ),
        (&[0xff, 0xff, 0xff, 0xff, 0x0f], "integer too large"),
        (&[0x80, 0x80, 0x80, 0x80, 0x70], "integer too large"),
        (&[0x85, 0x80, 0x80, 0x80, 0x10], "integer too large"),
    ] {
        let [own, _] = reasons(&constant(operand), "constant");
        assert!(own.contains(words), "{operand:x?}: {own}");
    }
    // A count, a section's size and an index, each over-long.
    for (sections, words) in [
        (
            &[(1u8, &[0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x60, 0, 0][..])][..],
            "too long",
        ),
        (
            &[(1, &[0x81, 0x80, 0x80, 0x80, 0x10, 0x60, 0, 0])],
            "too large",
        ),
        (
            &[
                (1, &[1, 0x60, 0, 0]),
                (3, &[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
            ],
            "too long",
        ),
    ] {
        let [own, _] = reasons(&module(sections), "count");
        assert!(own.contains(words), "{sections:x?}: {own}");
    }
    let mut size = b"\0asm\x01\0\0\0".to_vec();
    size.extend([1, 0x84, 0x80, 0x80, 0x80, 0x80, 0x00, 1, 0x60, 0, 0]);
    let [own, _] = reasons(&size, "size");
    assert!(own.contains("too long"), "{own}");
}

#[test]
fn names_that_are_not_utf_8_are_refused() {
    for name in [
        &[0xff][..],
        &[0x80],
        &[0xc0, 0x80],
        &[0xc1, 0xbf],
        &[0xe0, 0x80, 0x80],
        &[0xed, 0xa0, 0x80],
        &[0xf0, 0x80, 0x80, 0x80],
        &[0xf4, 0x90, 0x80, 0x80],
        &[0xf8, 0x88, 0x80, 0x80, 0x80],
        &[0xe2, 0x82],
        &[b'a', 0xc3],
    ] {
        let named = |before: &[u8], after: &[u8]| {
            let length = [u8::try_from(name.len()).unwrap()];
            [before, &length, name, after].concat()
        };
        let types: (u8, &[u8]) = (1, &[1, 0x60, 0, 0]);
        for wasm in [
            module(&[types, (2, &named(&[1], &[1, b'n', 0, 0]))]),
            module(&[types, (2, &named(&[1, 1, b'm'], &[0, 0]))]),
            module(&[
                types,
                (3, &[1, 0]),
                (7, &named(&[1], &[0, 0])),
                (10, &[1, 2, 0, 0x0b]),
            ]),
            module(&[(0, &named(&[], &[]))]),
        ] {
            let [own, _] = reasons(&wasm, "name");
            assert!(own.contains("malformed UTF-8 encoding"), "{name:x?}: {own}");
        }
    }
}

#[test]
fn names_of_every_length_of_utf_8_are_found() {
    for name in [
        "",
        "a",
        "\u{7f}\u{80}",
        "\u{7ff}\u{800}",
        "\u{ffff}\u{10000}\u{10ffff}",
        "\0",
    ] {
        let mut exports = vec![1, u8::try_from(name.len()).unwrap()];
        exports.extend_from_slice(name.as_bytes());
        exports.extend([0, 0]);
        let wasm = module(&[
            (1, &[1, 0x60, 0, 0]),
            (3, &[1, 0]),
            (7, &exports),
            (10, &[1, 2, 0, 0x0b]),
        ]);
        for kind in Kind::ALL {
            let mut instance = Instance::new(kind, &wasm, Room::SMALL).unwrap();
            let ending = instance.call(name, &[], &mut |_, _| Vec::new());
            assert_eq!(ending, Ending::Returned(Vec::new()), "{name:?}");
        }
    }
}
