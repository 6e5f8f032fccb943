//! Directed tests: what people report of engines that execute register code.

use mote_engine::{Engine, Value};
use mote_engine_suite::{Ending, call, start, to_image, verified};

fn run(text: &str, name: &str, arguments: &[Value]) -> Ending {
    let wasm = wat::parse_str(text).unwrap();
    let image = to_image(&wasm).unwrap();
    let mut engine = start(verified(&image).unwrap(), 2048, 0).unwrap();
    let function = engine.exported_function(name).unwrap();
    call(&mut engine, function, arguments, &mut |_, _| Vec::new())
}

fn returns(text: &str, arguments: &[Value], wanted: &[Value]) {
    assert_eq!(
        run(text, "f", arguments),
        Ending::Returned(wanted.to_vec()),
        "{text}"
    );
}

#[test]
fn indirect_call_of_constant_selector_returns() {
    returns(
        r#"(module (type $t (func (result i32))) (func $g (type $t) (i32.const 0x132))
            (table funcref (elem $g))
            (func (export "f") (result i32) (call_indirect (type $t) (i32.const 0))))"#,
        &[],
        &[Value::I32(0x132)],
    );
}

#[test]
fn local_set_while_older_reads_are_on_the_stack_keeps_them() {
    returns(
        r#"(module (func (export "f") (param i32) (result i32)
            local.get 0
            local.get 0 i32.const 1 i32.add
            i32.const 100 local.set 0
            local.get 0
            i32.add i32.mul))"#,
        &[Value::I32(5)],
        &[Value::I32(5 * 106)],
    );
}

#[test]
fn multiple_results_keep_their_order() {
    returns(
        r#"(module (func $swap (param i32 i64) (result i64 i32) local.get 1 local.get 0)
            (func (export "f") (result i64 i32) i32.const 7 i64.const 9 call $swap))"#,
        &[],
        &[Value::I64(9), Value::I32(7)],
    );
}

#[test]
fn wide_select_of_constants_takes_the_value_and_not_the_condition() {
    // Found by the verifier in generated code: the place of the condition was taken for a value's.
    let text = r#"(module (func (export "f") (param i32 i64) (result i64)
        local.get 1 i64.const -8 local.get 0 select))"#;
    returns(
        text,
        &[Value::I32(1), Value::I64(1 << 40)],
        &[Value::I64(1 << 40)],
    );
    returns(
        text,
        &[Value::I32(0), Value::I64(1 << 40)],
        &[Value::I64(-8)],
    );
}

#[test]
fn rotation_to_the_right_by_a_constant_of_64_bits() {
    returns(
        r#"(module (func (export "f") (param i64) (result i64)
            local.get 0 i64.const 8 i64.rotr))"#,
        &[Value::I64(0x1ff)],
        &[Value::I64(0xff00_0000_0000_0001u64.cast_signed())],
    );
}

#[test]
fn comparison_of_nan_fused_into_a_branch_is_false_and_its_opposite_true() {
    let text = r#"(module (func (export "f") (param f32 f32) (result i32)
        (if (result i32) (f32.lt (local.get 0) (local.get 1)) (then i32.const 1)
            (else (if (result i32) (i32.eqz (f32.lt (local.get 0) (local.get 1)))
                (then i32.const 2) (else i32.const 3))))))"#;
    returns(
        text,
        &[Value::F32(0x7fc0_0000), Value::F32(0)],
        &[Value::I32(2)],
    );
}

#[test]
fn address_that_wraps_with_its_offset_traps() {
    let text = r#"(module (memory 1) (func (export "f") (param i32) (result i32)
        (i32.load offset=8 (local.get 0))))"#;
    let trapped = run(text, "f", &[Value::I32(-4)]);
    assert!(
        matches!(trapped, Ending::Trapped(trap) if trap.kind.message() == "out of bounds memory access")
    );
}

#[test]
fn memory_of_three_bytes_is_three_bytes() {
    let text = r#"(module (memory 3 (pagesize 1)) (func (export "f") (param i32) (result i32)
        (i32.load16_u (local.get 0))))"#;
    returns(text, &[Value::I32(1)], &[Value::I32(0)]);
    assert!(matches!(
        run(text, "f", &[Value::I32(2)]),
        Ending::Trapped(_)
    ));
}

#[test]
fn frame_of_more_than_256_slots_works() {
    let mut text = String::from("(module (func (export \"f\") (param i64) (result i64)");
    for _ in 0..300 {
        text.push_str(" (local i64)");
    }
    text.push_str(" local.get 0 local.set 299 local.get 299 local.get 0 i64.add local.tee 300");
    text.push_str(" local.get 250 i64.add))");
    returns(&text, &[Value::I64(21)], &[Value::I64(42)]);
}

#[test]
fn long_function_branches_over_all_of_it() {
    let mut text =
        String::from("(module (func (export \"f\") (param i32) (result i32) (block (loop ");
    text.push_str("local.get 0 i32.const 50 i32.gt_s br_if 1 ");
    for _ in 0..9000 {
        text.push_str("local.get 0 i32.const 3 i32.xor local.set 0 ");
    }
    text.push_str("local.get 0 i32.const 1 i32.add local.set 0 br 0)) local.get 0))");
    returns(&text, &[Value::I32(0)], &[Value::I32(51)]);
}

#[test]
fn parts_of_an_address_outlive_what_is_computed_for_the_value() {
    // The address is not computed on its own, so its parts wait in slots that the operand stack has
    // given free, and that parts of the value are for, too.
    returns(
        r#"(module (memory 1) (func (export "f") (param i32 i32 i32 i32) (result i32)
            (i32.store8
                (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 1)))
                (i32.mul (i32.add (local.get 2) (local.get 3))
                    (i32.sub (local.get 2) (local.get 3))))
            (i32.load8_u (i32.const 116))))"#,
        &[Value::I32(100), Value::I32(8), Value::I32(9), Value::I32(4)],
        &[Value::I32(65)],
    );
}

#[test]
fn operators_that_shift_an_operand_take_the_right_one() {
    // Shifted first, shifted last, both shifted, both the same, with a load and a call between.
    returns(
        r#"(module (memory 1) (data (i32.const 8) "\05\00\00\00")
            (func $seven (result i32) (i32.const 7))
            (func (export "f") (param $x i32) (param $y i32) (result i32) (local $s i32)
            (local.set $s (i32.xor (i32.shl (local.get $x) (i32.const 4)) (local.get $y)))
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
                (i32.or (i32.mul (local.get $x) (i32.const 256)) (i32.shr_u (local.get $y) (i32.const 1)))))
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
                (i32.xor (i32.shl (local.get $x) (i32.const 8)) (i32.shr_u (local.get $y) (i32.const 2)))))
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
                (i32.xor (local.get $s) (i32.shl (local.get $s) (i32.const 13)))))
            (local.set $s (i32.xor (local.get $s) (i32.rotr (local.get $s) (i32.const 7))))
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
                (i32.add (i32.shl (i32.load (i32.const 8)) (i32.const 2))
                    (i32.load (i32.add (local.get $x) (i32.const 5))))))
            (local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31))
                (i32.add (i32.shl (call $seven) (i32.const 3)) (call $seven))))
            (local.set $s (i32.or (i32.rotl (local.get $s) (i32.const 5))
                (i32.shl (i32.add (local.get $x) (local.get $y)) (i32.const 3))))
            (local.get $s)))"#,
        &[Value::I32(3), Value::I32(0x1234)],
        &[Value::I32(operators_by_hand(3, 0x1234))],
    );
}

fn operators_by_hand(x: u32, y: u32) -> i32 {
    let step = |s: u32, with: u32| s.wrapping_mul(31).wrapping_add(with);
    let mut s = (x << 4) ^ y;
    s = step(s, (x * 256) | (y >> 1));
    s = step(s, (x << 8) ^ (y >> 2));
    s = step(s, s ^ (s << 13));
    s ^= s.rotate_right(7);
    s = step(s, (5 << 2) + 5);
    s = step(s, (7 << 3) + 7);
    s = s.rotate_left(5) | ((x + y) << 3);
    s.cast_signed()
}
