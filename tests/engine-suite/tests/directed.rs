//! Directed tests: what people report of engines that execute register code, on both engines, with
//! the values that WebAssembly says. Integers at their edges are in `integers.rs`, what is refused
//! in `refused.rs`.
//!
//! Long because it is a list: each test stands alone.

use mote_engine::{TrapKind, Value};
use mote_engine_suite::{Ending, Instance, Kind, NoInstance, Room, for_wasmi};
use std::fmt::Write as _;

fn run(kind: Kind, text: &str, arguments: &[Value]) -> Ending {
    let wasm = wat::parse_str(text).unwrap();
    let mut instance = Instance::new(kind, &wasm, Room::SMALL).unwrap();
    instance.call("f", arguments, &mut |_, _| Vec::new())
}

fn returns(text: &str, arguments: &[Value], wanted: &[Value]) {
    for kind in Kind::ALL {
        let ending = run(kind, text, arguments);
        let shown = &text[..text.len().min(1000)];
        assert_eq!(
            ending,
            Ending::Returned(wanted.to_vec()),
            "{kind:?} {arguments:?} {shown}"
        );
    }
}

fn traps(text: &str, arguments: &[Value], trap: TrapKind) {
    for kind in Kind::ALL {
        let ending = run(kind, text, arguments);
        assert_eq!(
            ending,
            Ending::Trapped(trap),
            "{kind:?} {arguments:?} {text}"
        );
    }
}

/// A module whose function `f` has this signature and body.
fn function(signature: &str, body: &str) -> String {
    format!("(module (memory 1) (func (export \"f\") {signature} {body}))")
}

const fn i32s<const N: usize>(values: [i32; N]) -> [Value; N] {
    let mut all = [Value::I32(0); N];
    let mut at = 0;
    while at < N {
        all[at] = Value::I32(values[at]);
        at += 1;
    }
    all
}

const F32_NAN: u32 = 0x7fc0_0000;
const F64_NAN: u64 = 0x7ff8_0000_0000_0000;

// --- Locals and the operand stack.

#[test]
fn local_set_while_older_reads_are_on_the_stack_keeps_them() {
    let text = function(
        "(param i32) (result i32)",
        "local.get 0
         local.get 0 i32.const 1 i32.add
         i32.const 100 local.set 0
         local.get 0 i32.add i32.mul",
    );
    returns(&text, &i32s([5]), &i32s([530]));
}

#[test]
fn local_set_in_a_block_keeps_reads_from_outside_of_it() {
    let text = function(
        "(param i32) (result i32)",
        "local.get 0
         (block (local.set 0 (i32.const 7)))
         (loop (local.set 0 (i32.add (local.get 0) (i32.const 1))))
         (if (local.get 0) (then (local.set 0 (i32.const 40))))
         local.get 0 i32.add",
    );
    returns(&text, &i32s([2]), &i32s([42]));
}

#[test]
fn local_set_keeps_older_reads_of_wide_values_and_of_floats() {
    let text = function(
        "(param i64 f64) (result i64 f64 i64 f64)",
        "local.get 0 local.get 1
         (local.set 0 (i64.const -1)) (local.set 1 (f64.const 2.5))
         local.get 0 local.get 1",
    );
    returns(
        &text,
        &[Value::I64(1 << 40), Value::F64(1.5f64.to_bits())],
        &[
            Value::I64(0x100_0000_0000),
            Value::F64(0x3ff8_0000_0000_0000),
            Value::I64(-1),
            Value::F64(0x4004_0000_0000_0000),
        ],
    );
}

#[test]
fn local_set_while_older_reads_are_arguments_of_a_call_keeps_them() {
    let text = r#"(module
        (func $g (param i32 i32 i32) (result i32)
            (i32.add (i32.mul (local.get 0) (i32.const 100))
                (i32.add (i32.mul (local.get 1) (i32.const 10)) (local.get 2))))
        (func (export "f") (param i32) (result i32)
            local.get 0
            (local.tee 0 (i32.const 2))
            (local.set 0 (i32.const 3))
            local.get 0
            call $g))"#;
    returns(text, &i32s([1]), &i32s([123]));
}

#[test]
fn many_reads_of_a_local_that_is_then_set_are_all_kept() {
    // More of them than are looked for at a time.
    let mut body = "local.get 0 ".repeat(100);
    body += "(local.set 0 (i32.const 1000)) ";
    body += &"i32.add ".repeat(99);
    body += "local.get 0 i32.add";
    let text = function("(param i32) (result i32)", &body);
    returns(&text, &i32s([3]), &i32s([1300]));
}

#[test]
fn swap_of_two_locals_through_the_stack_swaps() {
    let text = function(
        "(param i32 i32) (result i32 i32)",
        "local.get 0 local.get 1 local.set 0 local.set 1 local.get 0 local.get 1",
    );
    returns(&text, &i32s([11, 22]), &i32s([22, 11]));
}

#[test]
fn chain_of_tees_gives_each_local_the_value() {
    let text = function(
        "(param i32) (result i32 i32 i32 i32)
            (local i32 i32)",
        "(local.tee 2 (local.tee 1 (local.tee 0 (i32.add (local.get 0) (i32.const 1)))))
         local.get 0 local.get 1 local.get 2",
    );
    returns(&text, &i32s([8]), &i32s([9, 9, 9, 9]));
}

#[test]
fn tee_between_reads_of_its_local_changes_later_reads_alone() {
    let text = function(
        "(param i32) (result i32 i32 i32)",
        "local.get 0
         (local.tee 0 (i32.mul (local.get 0) (i32.const 10)))
         local.get 0",
    );
    returns(&text, &i32s([4]), &i32s([4, 40, 40]));
}

#[test]
fn tee_as_a_condition_is_seen_by_both_arms() {
    let text = function(
        "(param i32) (result i32)",
        "(if (result i32) (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))
            (then (local.get 0)) (else (i32.sub (i32.const 50) (local.get 0))))",
    );
    returns(&text, &i32s([8]), &i32s([7]));
    returns(&text, &i32s([1]), &i32s([50]));
}

#[test]
fn wide_select_of_constants_takes_the_value_and_not_the_condition() {
    // Found by the verifier in generated code: the place of the condition was taken for a value's.
    let text = function(
        "(param i32 i64) (result i64)",
        "local.get 1 i64.const -8 local.get 0 select",
    );
    let wide = Value::I64(1 << 40);
    returns(&text, &[Value::I32(1), wide], &[wide]);
    returns(&text, &[Value::I32(0), wide], &[Value::I64(-8)]);
}

#[test]
fn part_of_a_value_that_waits_in_its_slot_is_not_overwritten_by_a_later_value() {
    // Found by generated modules: the comparison waits, its right side in the slot that the constant
    // after it is then moved to.
    let text = r#"(module (func $g (result i32) (i32.const 77))
        (func (export "f") (param i32 f64) (result i32 i64 i32 i32)
            (i32.ge_s (i32.popcnt (local.get 0)) (call $g))
            i64.const 1
            (i32.trunc_sat_f64_s (local.get 1))
            (if (result i32) (i32.const -5) (then (i32.const 8)) (else (i32.const 9)))))"#;
    returns(
        text,
        &[Value::I32(1), Value::F64(2.5f64.to_bits())],
        &[Value::I32(0), Value::I64(1), Value::I32(2), Value::I32(8)],
    );
}

#[test]
fn select_by_a_comparison_with_zero_takes_the_right_value() {
    let text = function(
        "(param i32) (result i32)",
        "i32.const 1 local.get 0 local.get 0 i32.eqz select",
    );
    let on = |kind, wasm: &[u8], argument| {
        let mut instance = Instance::new(kind, wasm, Room::SMALL).unwrap();
        instance.call("f", &i32s([argument]), &mut |_, _| Vec::new())
    };
    let wasm = wat::parse_str(&text).unwrap();
    for (argument, wanted) in [(31, 31), (0, 1)] {
        let wanted = Ending::Returned(i32s([wanted]).to_vec());
        assert_eq!(on(Kind::Mote, &wasm, argument), wanted);
        let changed = for_wasmi(&wasm).unwrap();
        assert_eq!(on(Kind::Wasmi, &changed, argument), wanted);
    }
    // Where this fails, wasmi is right again, and `src/reference.rs` can go.
    let wrong = Ending::Returned(i32s([1]).to_vec());
    assert_eq!(on(Kind::Wasmi, &wasm, 31), wrong);
}

#[test]
fn frame_of_more_than_256_slots_works() {
    let text = function(
        &format!("(param i64) (result i64) {}", "(local i64)".repeat(300)),
        "local.get 0 local.set 299 local.get 299 local.get 0 i64.add local.tee 300
         local.get 250 i64.add",
    );
    returns(&text, &[Value::I64(21)], &[Value::I64(42)]);
}

#[test]
fn locals_begin_as_zero_though_the_block_holds_garbage() {
    let locals =
        "(local i32 i64 f32 f64 funcref externref)".to_owned() + &"(local i64)".repeat(100);
    let text = function(
        &format!("(result i32 i64 f32 f64 i32 i32 i64) {locals}"),
        "local.get 0 local.get 1 local.get 2 local.get 3
         (ref.is_null (local.get 4)) (ref.is_null (local.get 5)) local.get 100",
    );
    let zeros = [
        Value::I32(0),
        Value::I64(0),
        Value::F32(0),
        Value::F64(0),
        Value::I32(1),
        Value::I32(1),
        Value::I64(0),
    ];
    returns(&text, &[], &zeros);
}

// --- Blocks.

#[test]
fn if_with_parameters_and_no_else_passes_them() {
    let text = function(
        "(param i32) (result i32 i32)",
        "i32.const 3 i32.const 4 local.get 0
         (if (param i32 i32) (result i32 i32)
            (then i32.const 10 i32.add))",
    );
    returns(&text, &i32s([0]), &i32s([3, 4]));
    returns(&text, &i32s([1]), &i32s([3, 14]));
}

#[test]
fn if_with_lazy_parameters_and_no_else_passes_what_they_were() {
    let text = function(
        "(param i32 i32) (result i32)",
        "local.get 0 local.get 1
         (if (param i32) (result i32)
            (then (local.set 0 (i32.const 90)) local.get 0 i32.add))
         local.get 0 i32.add",
    );
    returns(&text, &i32s([5, 0]), &i32s([10]));
    returns(&text, &i32s([5, 1]), &i32s([185]));
}

#[test]
fn loop_with_parameters_takes_them_from_outside_and_from_each_jump() {
    // The sum and the product of 1 to n.
    let text = function(
        "(param i32) (result i32 i64) (local i64 i32)",
        "i32.const 0 i64.const 1
         (loop (param i32 i64) (result i32 i64)
            local.get 0 i64.extend_i32_u i64.mul
            (block (param i32 i64) (result i64 i32)
                (local.set 1) (local.get 0) (i32.add) (local.set 2)
                (local.get 1) (local.get 2))
            (local.set 2) (local.set 1) (local.get 2) (local.get 1)
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    );
    returns(&text, &i32s([10]), &[Value::I32(55), Value::I64(3_628_800)]);
}

#[test]
fn loop_that_swaps_its_parameters_at_each_jump_swaps_them() {
    let text = function(
        "(param i32) (result i32 i32) (local i32 i32)",
        "i32.const 1 i32.const 2
         (loop (param i32 i32) (result i32 i32)
            (local.set 1) (local.set 2) (local.get 1) (local.get 2)
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))",
    );
    returns(&text, &i32s([1]), &i32s([2, 1]));
    returns(&text, &i32s([2]), &i32s([1, 2]));
    returns(&text, &i32s([7]), &i32s([2, 1]));
}

#[test]
fn branch_out_of_a_deeper_stack_takes_the_uppermost_values() {
    let text = function(
        "(param i32) (result i32 i32)",
        "(block (result i32 i32)
            i32.const 1 i32.const 2 i32.const 3 i32.const 4
            (br_if 0 (local.get 0))
            drop drop)",
    );
    returns(&text, &i32s([1]), &i32s([3, 4]));
    returns(&text, &i32s([0]), &i32s([1, 2]));
}

// --- Branch tables.

fn table_with_values() -> String {
    function(
        "(param i32) (result i32)",
        "(block (result i32)
            (block (result i32)
                (block (result i32)
                    (i32.const 1000)
                    (i32.add (local.get 0) (i32.const 5))
                    (br_table 0 1 2 1 (local.get 0)))
                i32.const 1 i32.add return)
            i32.const 2 i32.add return)
         i32.const 3 i32.add",
    )
}

#[test]
fn br_table_carries_values_to_each_target() {
    let text = table_with_values();
    returns(&text, &i32s([0]), &i32s([6]));
    returns(&text, &i32s([1]), &i32s([8]));
    returns(&text, &i32s([2]), &i32s([10]));
    returns(&text, &i32s([3]), &i32s([10]));
}

#[test]
fn br_table_of_a_huge_index_goes_to_the_default() {
    let text = table_with_values();
    returns(&text, &i32s([4]), &i32s([11]));
    returns(&text, &i32s([i32::MAX]), &i32s([-2_147_483_642]));
    returns(&text, &i32s([i32::MIN]), &i32s([-2_147_483_641]));
    returns(&text, &i32s([-1]), &i32s([6]));
    returns(&text, &i32s([-4]), &i32s([3]));
}

#[test]
fn br_table_without_entries_goes_to_the_default() {
    let text = function(
        "(param i32) (result i32)",
        "(block (br_table 0 (local.get 0)) ) i32.const 9",
    );
    returns(&text, &i32s([0]), &i32s([9]));
    returns(&text, &i32s([-1]), &i32s([9]));
}

#[test]
fn br_table_with_a_loop_among_its_targets_goes_round() {
    let text = function(
        "(param i32) (result i32) (local i32)",
        "(block
            (loop
                (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_table 1 0 0 0 0 1 (local.get 0))))
         local.get 1",
    );
    returns(&text, &i32s([5]), &i32s([5]));
    returns(&text, &i32s([1]), &i32s([1]));
    returns(&text, &i32s([0]), &i32s([1]));
    returns(&text, &i32s([100]), &i32s([1]));
}

#[test]
fn br_table_of_a_thousand_entries_takes_the_right_one() {
    let mut body = "(block ".repeat(1000);
    body += "(br_table";
    for entry in 0..1000 {
        // Writing to a string cannot fail.
        let _ = write!(body, " {entry}");
    }
    body += " 999 (local.get 0))";
    for entry in 0..1000 {
        let _ = write!(body, ") (return (i32.const {})", entry * 3);
        body += ")";
    }
    // The last block's end leaves one parenthesis to the function.
    let text = function("(param i32) (result i32)", &(body + " i32.const 7"));
    for (selector, wanted) in [
        (0, 0),
        (1, 3),
        (257, 771),
        (999, 2997),
        (1000, 2997),
        (-1, 2997),
    ] {
        returns(&text, &i32s([selector]), &i32s([wanted]));
    }
}

// --- Several results.

#[test]
fn multiple_results_keep_their_order() {
    let text = r#"(module (func $swap (param i32 i64) (result i64 i32) local.get 1 local.get 0)
        (func (export "f") (result i64 i32) i32.const 7 i64.const 9 call $swap))"#;
    returns(text, &[], &[Value::I64(9), Value::I32(7)]);
}

#[test]
fn sixteen_results_of_a_call_keep_their_order_and_width() {
    let text = r#"(module
        (func $g (param i32) (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
            (i32.add (local.get 0) (i32.const 1)) i64.const 2 f32.const 3 f64.const 4
            i32.const 5 i64.const 6 f32.const 7 f64.const 8
            i32.const 9 i64.const 10 f32.const 11 f64.const 12
            i32.const 13 i64.const 14 f32.const 15 (f64.convert_i32_s (local.get 0)))
        (func (export "f") (param i32)
            (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
            (call $g (local.get 0))))"#;
    let mut wanted = Vec::new();
    for group in 0..4 {
        wanted.push(Value::I32(group * 4 + 1));
        wanted.push(Value::I64(i64::from(group) * 4 + 2));
        wanted.push(Value::F32((group as f32 * 4.0 + 3.0).to_bits()));
        wanted.push(Value::F64((f64::from(group) * 4.0 + 4.0).to_bits()));
    }
    wanted[0] = Value::I32(17);
    wanted[15] = Value::F64(16.0f64.to_bits());
    returns(text, &i32s([16]), &wanted);
}

#[test]
fn results_that_are_parameters_in_another_order_do_not_overwrite_each_other() {
    let text = function(
        "(param i32 i32 i32) (result i32 i32 i32)",
        "local.get 2 local.get 0 local.get 1",
    );
    returns(&text, &i32s([1, 2, 3]), &i32s([3, 1, 2]));
}

#[test]
fn indirect_call_of_constant_selector_returns() {
    let text = r#"(module (type $t (func (result i32))) (func $g (type $t) (i32.const 0x132))
        (table funcref (elem $g))
        (func (export "f") (result i32) (call_indirect (type $t) (i32.const 0))))"#;
    returns(text, &[], &i32s([0x132]));
}

// --- Floats.

/// For each comparison: what it gives for 1 and 2, 2 and 2, 2 and 1, and with a NaN on either side.
const COMPARISONS: [(&str, [i32; 4]); 6] = [
    ("eq", [0, 1, 0, 0]),
    ("ne", [1, 0, 1, 1]),
    ("lt", [1, 0, 0, 0]),
    ("gt", [0, 0, 1, 0]),
    ("le", [1, 1, 0, 0]),
    ("ge", [0, 1, 1, 0]),
];

/// Uses of a condition: of it and of its opposite, in a test, a branch and a select.
const USES: [(&str, i32, i32); 7] = [
    (
        "(if (result i32) C (then i32.const 10) (else i32.const 20))",
        10,
        20,
    ),
    (
        "(if (result i32) (i32.eqz C) (then i32.const 10) (else i32.const 20))",
        20,
        10,
    ),
    (
        "(block (br_if 0 C) (return (i32.const 20))) i32.const 10",
        10,
        20,
    ),
    (
        "(block (br_if 0 (i32.eqz C)) (return (i32.const 20))) i32.const 10",
        20,
        10,
    ),
    ("(select (i32.const 10) (i32.const 20) C)", 10, 20),
    ("(select (i32.const 10) (i32.const 20) (i32.eqz C))", 20, 10),
    ("(i32.add C (i32.const 5))", 6, 5),
];

#[test]
fn float_compares_fused_into_branches_are_false_for_nan_and_their_opposites_true() {
    for (name, wanted) in COMPARISONS {
        for (shape, if_true, if_false) in USES {
            let result = |holds: i32| [Value::I32(if holds == 1 { if_true } else { if_false })];
            let compare = format!("(f32.{name} (local.get 0) (local.get 1))");
            let text = function(
                "(param f32 f32) (result i32)",
                &shape.replace('C', &compare),
            );
            let [one, two] = [1.0f32, 2.0].map(|it| Value::F32(it.to_bits()));
            let nan = Value::F32(F32_NAN);
            let pairs = [[one, two], [two, two], [two, one]];
            for (pair, holds) in pairs.iter().zip(wanted) {
                returns(&text, pair, &result(holds));
            }
            for pair in [[nan, one], [one, nan], [nan, nan]] {
                returns(&text, &pair, &result(wanted[3]));
            }
            let compare = format!("(f64.{name} (local.get 0) (local.get 1))");
            let text = function(
                "(param f64 f64) (result i32)",
                &shape.replace('C', &compare),
            );
            let [one, two] = [1.0f64, 2.0].map(|it| Value::F64(it.to_bits()));
            let nan = Value::F64(F64_NAN);
            let pairs = [[one, two], [two, two], [two, one]];
            for (pair, holds) in pairs.iter().zip(wanted) {
                returns(&text, pair, &result(holds));
            }
            for pair in [[nan, one], [one, nan], [nan, nan]] {
                returns(&text, &pair, &result(wanted[3]));
            }
        }
    }
}

#[test]
fn zeros_of_both_signs_are_equal_and_keep_their_sign() {
    let text = function(
        "(param f32 f64) (result i32 i32 f32 f64)",
        "(f32.eq (local.get 0) (f32.const 0)) (f64.lt (local.get 1) (f64.const 0))
         (f32.min (local.get 0) (f32.const 0)) (f64.max (local.get 1) (f64.const -0))",
    );
    returns(
        &text,
        &[Value::F32(0x8000_0000), Value::F64(1 << 63)],
        &[
            Value::I32(1),
            Value::I32(0),
            Value::F32(0x8000_0000),
            Value::F64(1 << 63),
        ],
    );
}

#[test]
fn nan_that_is_computed_is_canonical_and_one_that_is_moved_is_kept() {
    let text = function(
        "(param f32 f64) (result f32 f32 f64 f64)",
        "local.get 0 (f32.add (local.get 0) (f32.const 1))
         local.get 1 (f64.mul (local.get 1) (f64.const 2))",
    );
    returns(
        &text,
        &[Value::F32(0xffa1_2345), Value::F64(0xfff4_0000_0000_0001)],
        &[
            Value::F32(0xffa1_2345),
            Value::F32(F32_NAN),
            Value::F64(0xfff4_0000_0000_0001),
            Value::F64(F64_NAN),
        ],
    );
}

// --- Dead code.

#[test]
fn code_after_unreachable_is_valid_with_operands_from_nowhere() {
    let text = function(
        "(result i32)",
        "unreachable i32.add drop i64.eqz drop select i32.mul",
    );
    traps(&text, &[], TrapKind::Unreachable);
}

#[test]
fn code_after_a_jump_is_not_executed_and_its_blocks_are() {
    let text = function(
        "(param i32) (result i32)",
        "(block
            (br 0)
            (loop (local.set 0 (i32.const 1)) (br 0))
            (block (result i32) (unreachable)) (drop)
            (if (i32.const 1) (then (unreachable)) (else (return (i32.const 3)))))
         (block (result i32)
            (br 0 (i32.add (local.get 0) (i32.const 1)))
            (drop) (i32.const 77))",
    );
    returns(&text, &i32s([41]), &i32s([42]));
}

#[test]
fn code_after_return_in_one_arm_leaves_the_other_alive() {
    let text = function(
        "(param i32) (result i32)",
        "(if (result i32) (local.get 0)
            (then (return (i32.const 1)) (i32.const 2) (i32.add) (i32.ctz))
            (else (i32.const 3)))
         i32.const 10 i32.add",
    );
    returns(&text, &i32s([1]), &i32s([1]));
    returns(&text, &i32s([0]), &i32s([13]));
}

#[test]
fn block_whose_end_only_a_dead_branch_reaches_is_dead() {
    let text = function(
        "(param i32) (result i32)",
        "(block (block (unreachable) (br 1)) (drop (i32.div_u (i32.const 1) (i32.const 0))))
         local.get 0",
    );
    traps(&text, &i32s([1]), TrapKind::Unreachable);
}

// --- Memory.

#[test]
fn addresses_that_wrap_past_4_gib_trap() {
    for (load, bytes) in [
        ("i32.load8_u", 1u32),
        ("i32.load8_s", 1),
        ("i32.load16_u", 2),
        ("i32.load", 4),
        ("i64.load32_s", 4),
        ("i64.load", 8),
        ("f32.load", 4),
        ("f64.load", 8),
    ] {
        for (address, offset) in [
            (u32::MAX, 1),
            (u32::MAX, u32::MAX),
            (u32::MAX - 7, 8),
            (1, u32::MAX),
            (65_536 - bytes + 1, 0),
            (0, 65_536 - bytes + 1),
            (u32::MAX - bytes + 1, 0),
            (u32::MAX, 0),
        ] {
            let body = format!("(drop ({load} offset={offset} (local.get 0)))");
            let text = function("(param i32)", &body);
            traps(
                &text,
                &[Value::I32(address.cast_signed())],
                TrapKind::MemoryOutOfBounds,
            );
            let body = format!("(drop ({load} offset={offset} (i32.const {address})))");
            traps(&function("", &body), &[], TrapKind::MemoryOutOfBounds);
        }
    }
}

#[test]
fn address_that_is_a_sum_wraps_before_the_offset_is_added() {
    // The address is 32 bits wide, so that the sum wraps and the access is within the memory; the
    // offset is not a part of it, so that together they are not.
    let data = r#"(data (i32.const 0) "abcdefghijklmnop")"#;
    let text = |offset: u32| {
        format!(
            "(module (memory 1) {data} (func (export \"f\") (param i32) (result i32)
                (i32.load8_u offset={offset} (i32.add (local.get 0) (i32.const 10)))))"
        )
    };
    returns(&text(0), &i32s([-8]), &i32s([99]));
    returns(&text(4), &i32s([-8]), &i32s([103]));
    returns(&text(0), &i32s([-10]), &i32s([97]));
    traps(&text(20), &i32s([-20]), TrapKind::MemoryOutOfBounds);
    let scaled = format!(
        "(module (memory 1) {data} (func (export \"f\") (param i32 i32) (result i32)
            (i32.load8_u (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2))))))"
    );
    returns(&scaled, &i32s([4, 0x4000_0001]), &i32s([105]));
    returns(&scaled, &i32s([4, -1]), &i32s([97]));
    traps(&scaled, &i32s([0, -1]), TrapKind::MemoryOutOfBounds);
}

#[test]
fn stores_that_wrap_past_4_gib_trap_and_write_nothing() {
    for store in [
        "i32.store8",
        "i32.store16",
        "i32.store",
        "i64.store",
        "f64.store",
    ] {
        let value_type = &store[..3];
        let text = format!(
            "(module (memory (export \"m\") 1) (func (export \"f\") (param i32)
                ({store} offset=16 (local.get 0) ({value_type}.const 1))))"
        );
        for kind in Kind::ALL {
            let wasm = wat::parse_str(&text).unwrap();
            let mut instance = Instance::new(kind, &wasm, Room::SMALL).unwrap();
            for address in [-16, -1, -17, 65_520] {
                let ending = instance.call("f", &i32s([address]), &mut |_, _| Vec::new());
                assert_eq!(
                    ending,
                    Ending::Trapped(TrapKind::MemoryOutOfBounds),
                    "{store}"
                );
            }
            let memory = instance.engine().memory();
            assert!(memory.iter().all(|&byte| byte == 0), "{store} {kind:?}");
        }
    }
}

#[test]
fn bulk_operations_that_wrap_past_4_gib_trap() {
    for body in [
        "(memory.fill (i32.const -1) (i32.const 0) (i32.const 2))",
        "(memory.fill (i32.const 1) (i32.const 0) (i32.const -1))",
        "(memory.copy (i32.const 0) (i32.const -4) (i32.const 8))",
        "(memory.copy (i32.const -4) (i32.const 0) (i32.const 8))",
        "(memory.copy (i32.const 65536) (i32.const 0) (i32.const 1))",
        "(memory.init $d (i32.const 0) (i32.const -1) (i32.const 2))",
        "(memory.init $d (i32.const -1) (i32.const 0) (i32.const 2))",
        "(memory.init $d (i32.const 0) (i32.const 0) (i32.const 5))",
    ] {
        let text = format!("(module (memory 1) (data $d \"abcd\") (func (export \"f\") {body}))");
        traps(&text, &[], TrapKind::MemoryOutOfBounds);
    }
}

#[test]
fn unaligned_loads_and_stores_of_each_width_work() {
    let bytes = r#"(data (i32.const 0) "\01\82\03\84\05\86\07\88\09\8a\0b\8c\0d\8e\0f\90")"#;
    let cases = [
        ("i32.load16_u", "i32", 1, Value::I32(0x0382)),
        ("i32.load16_s", "i32", 3, Value::I32(0x0584)),
        ("i32.load16_s", "i32", 2, Value::I32(-31_741)),
        ("i32.load", "i32", 1, Value::I32(0x0584_0382)),
        ("i32.load", "i32", 2, Value::I32(-2_046_458_877)),
        ("i32.load", "i32", 3, Value::I32(0x0786_0584)),
        ("i64.load", "i64", 1, Value::I64(0x0988_0786_0584_0382)),
        (
            "i64.load",
            "i64",
            4,
            Value::I64(0x8c0b_8a09_8807_8605_u64.cast_signed()),
        ),
        ("i64.load32_u", "i64", 3, Value::I64(0x0786_0584)),
        ("i64.load16_s", "i64", 2, Value::I64(-31_741)),
        ("f32.load", "f32", 5, Value::F32(0x0988_0786)),
        ("f64.load", "f64", 7, Value::F64(0x0f8e_0d8c_0b8a_0988)),
    ];
    for (load, result, address, wanted) in cases {
        let text = format!(
            "(module (memory 1) {bytes} (func (export \"f\") (param i32) (result {result})
                ({load} align=1 (local.get 0))))"
        );
        returns(&text, &i32s([address]), &[wanted]);
        // What the module says of the alignment is a hint.
        returns(&text.replace("align=1", ""), &i32s([address]), &[wanted]);
        let offset = text.replace("align=1", "offset=1");
        returns(&offset, &i32s([address - 1]), &[wanted]);
    }
    let stores = function(
        "(param i32) (result i64 i64)",
        "(i32.store (local.get 0) (i32.const 0x11223344))
         (i32.store16 offset=4 (local.get 0) (i32.const 0x5566))
         (i64.store offset=6 (local.get 0) (i64.const 0x778899aabbccddee))
         (i64.load (local.get 0)) (i64.load offset=8 (local.get 0))",
    );
    for address in [0, 1, 2, 3, 5, 7] {
        returns(
            &stores,
            &i32s([address]),
            &[
                Value::I64(0xddee_5566_1122_3344_u64.cast_signed()),
                Value::I64(0x0000_7788_99aa_bbcc),
            ],
        );
    }
}

#[test]
fn memory_of_three_bytes_is_three_bytes() {
    let text = r#"(module (memory 3 (pagesize 1)) (func (export "f") (param i32) (result i32)
        (i32.load16_u (local.get 0))))"#;
    returns(text, &i32s([1]), &i32s([0]));
    traps(text, &i32s([2]), TrapKind::MemoryOutOfBounds);
}

#[test]
fn bound_that_was_checked_for_one_address_does_not_hold_for_another() {
    // What was known of an address (a mask, a constant, a check that passed) is not known of the
    // value that is in the accumulator or in the same slot after a call or a write.
    let text = r#"(module (memory 1)
        (func $far (result i32) (i32.const 0x00100000))
        (func (export "f") (result i32) (local i32 i32)
            (local.set 0 (i32.const 77))
            (i32.store8 (i32.and (local.get 0) (i32.const 63)) (i32.const 1))
            (i32.load (call $far))))"#;
    traps(text, &[], TrapKind::MemoryOutOfBounds);
    let rewritten = function(
        "(param i32) (result i32)",
        "(i32.store8 (local.get 0) (i32.const 1))
         (local.set 0 (i32.add (local.get 0) (i32.const 65536)))
         (i32.load8_u (local.get 0))",
    );
    traps(&rewritten, &i32s([0]), TrapKind::MemoryOutOfBounds);
    let wider = function(
        "(param i32) (result i64)",
        "(i32.store8 (local.get 0) (i32.const 1)) (i64.load (local.get 0))",
    );
    returns(&wider, &i32s([65_528]), &[Value::I64(1)]);
    traps(&wider, &i32s([65_529]), TrapKind::MemoryOutOfBounds);
}

// --- Long functions and deep calls.

#[test]
fn loop_longer_than_a_short_branch_reaches_goes_round() {
    let mut body = String::from("(block (loop (br_if 1 (i32.gt_s (local.get 0) (i32.const 50)))");
    body += &"(local.set 0 (i32.xor (local.get 0) (i32.const 3)))".repeat(9000);
    body += "(local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0))) local.get 0";
    let text = function("(param i32) (result i32)", &body);
    returns(&text, &i32s([0]), &i32s([51]));
}

#[test]
fn branches_over_a_hundred_kilobytes_forwards_and_back_arrive() {
    let padding = "(local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 3)) (i32.const 1)))"
        .repeat(10_000);
    let body = format!(
        "(loop
            (if (i32.eq (local.get 0) (i32.const 0)) (then {padding}) (else
                (if (i32.lt_u (local.get 0) (i32.const 2)) (then {padding} (local.set 2 (i32.const 1))))))
            (block (block (block (br_table 0 1 2 (local.get 0)))
                    {padding} (local.set 2 (i32.add (local.get 2) (i32.const 10))))
                {padding} (local.set 2 (i32.add (local.get 2) (i32.const 100))))
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.ne (local.get 0) (i32.const 4))))
         local.get 2"
    );
    let text = function("(param i32) (result i32) (local i32 i32)", &body);
    returns(&text, &i32s([0]), &i32s([101]));
    returns(&text, &i32s([2]), &i32s([0]));
}

#[test]
fn function_of_a_megabyte_runs() {
    let body = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.const 7)))"
        .repeat(150_000)
        + "local.get 0";
    let text = function("(param i32) (result i32)", &body);
    assert!(wat::parse_str(&text).unwrap().len() > 1 << 20);
    // x becomes 5 x + 7, 150,000 times, modulo 2^32.
    returns(&text, &i32s([1]), &i32s([MEGABYTE]));
}

/// What 150,000 steps of `x = 5 x + 7` make of 1.
const MEGABYTE: i32 = 1_423_215_281;

#[test]
fn nesting_of_5000_blocks_runs() {
    let mut body = "(block (result i32) ".repeat(5000);
    body += "(br 4999 (i32.const 8))";
    body += &")".repeat(5000);
    returns(&function("(result i32)", &body), &[], &i32s([8]));
    let mut body = "(loop (if (local.get 0) (then ".repeat(2500);
    body += "(local.set 0 (i32.const 0)) (local.set 1 (i32.const 12)) (br 1)";
    body += &")))".repeat(2500);
    let text = function(
        "(param i32) (result i32) (local i32)",
        &(body + "local.get 1"),
    );
    returns(&text, &i32s([1]), &i32s([12]));
    returns(&text, &i32s([0]), &i32s([0]));
}

#[test]
fn function_of_50_000_locals_is_accepted_and_runs_where_there_is_room() {
    let text = function(
        &format!("(param i64) (result i64) (local {})", "i32 ".repeat(49_999)),
        "(local.set 49999 (i32.const 5)) (i64.add (local.get 0) (i64.extend_i32_u (local.get 49999)))",
    );
    let wasm = wat::parse_str(&text).unwrap();
    let room = Room {
        stack_words: 60_000,
        more_memory: 0,
    };
    let mut instance = Instance::new(Kind::Mote, &wasm, room).unwrap();
    let arguments = [Value::I64(1 << 33)];
    let ending = instance.call("f", &arguments, &mut |_, _| Vec::new());
    assert_eq!(ending, Ending::Returned(vec![Value::I64((1 << 33) + 5)]));
    // Without the room it is a trap like any overflow. wasmi has its limit elsewhere.
    traps_on_mote(&text, &arguments, TrapKind::StackOverflow);
}

fn traps_on_mote(text: &str, arguments: &[Value], trap: TrapKind) {
    assert_eq!(run(Kind::Mote, text, arguments), Ending::Trapped(trap));
}

const RECURSION: &str = r#"(module (func $f (export "f") (param i32) (result i32)
    (if (result i32) (local.get 0)
        (then (i32.add (call $f (i32.sub (local.get 0) (i32.const 1))) (i32.const 2)))
        (else (i32.const 0)))))"#;

#[test]
fn recursion_800_deep_returns() {
    returns(RECURSION, &i32s([800]), &i32s([1600]));
}

#[test]
fn recursion_without_end_overflows_the_stack_and_leaves_the_instance_usable() {
    for kind in Kind::ALL {
        let wasm = wat::parse_str(RECURSION).unwrap();
        let mut instance = Instance::new(kind, &wasm, Room::SMALL).unwrap();
        for _ in 0..3 {
            let ending = instance.call("f", &i32s([-1]), &mut |_, _| Vec::new());
            assert_eq!(ending, Ending::Trapped(TrapKind::StackOverflow));
            let ending = instance.call("f", &i32s([3]), &mut |_, _| Vec::new());
            assert_eq!(ending, Ending::Returned(i32s([6]).to_vec()));
        }
    }
}

#[test]
fn mutual_and_indirect_recursion_without_end_overflow_the_stack() {
    let text = r#"(module (table funcref (elem $a $b)) (type $t (func (param i32)))
        (func $a (type $t) (call $b (local.get 0)))
        (func $b (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))
        (func (export "f") (param i32) (call_indirect (type $t) (local.get 0) (i32.const 1))))"#;
    traps(text, &i32s([1]), TrapKind::StackOverflow);
}

// --- Segments.

fn instantiation(text: &str) -> [Option<NoInstance>; 2] {
    let wasm = wat::parse_str(text).unwrap();
    Kind::ALL.map(|kind| Instance::new(kind, &wasm, Room::SMALL).err())
}

#[test]
fn active_segments_out_of_range_trap_when_an_instance_is_made() {
    for (text, kind) in [
        (
            r#"(memory 1) (data (i32.const 65536) "a")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(memory 1) (data (i32.const 65535) "ab")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(memory 1) (data (i32.const -1) "a")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(memory 1) (data (i32.const 65537) "")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(memory 0) (data (i32.const 0) "a")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            r#"(memory 4 (pagesize 1)) (data (i32.const 2) "abc")"#,
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(func $g) (table 1 funcref) (elem (i32.const 1) $g)",
            TrapKind::TableOutOfBounds,
        ),
        (
            "(func $g) (table 1 funcref) (elem (i32.const -1) $g)",
            TrapKind::TableOutOfBounds,
        ),
        (
            "(func $g) (table 1 funcref) (elem (i32.const 2) func)",
            TrapKind::TableOutOfBounds,
        ),
    ] {
        let all = instantiation(&format!("(module {text})"));
        let wanted = Some(NoInstance::Trapped(kind));
        assert_eq!(all, [wanted.clone(), wanted], "{text}");
    }
}

#[test]
fn active_segments_that_just_fit_are_copied() {
    let text = r#"(module (memory 1) (data (i32.const 65532) "\01\02\03\04")
        (data (i32.const 65536) "") (func (export "f") (result i32) (i32.load (i32.const 65532))))"#;
    returns(text, &[], &i32s([0x0403_0201]));
}

#[test]
fn segments_that_were_dropped_or_are_too_short_trap_when_they_are_copied() {
    let text = |body: &str| {
        format!(
            r#"(module (memory 1) (table 2 funcref) (func $g) (data $d "abcd") (data $a (i32.const 0) "x")
                (elem $e func $g) (elem $declared declare func $g) (func (export "f") {body}))"#
        )
    };
    for (body, kind) in [
        (
            "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.init $a (i32.const 0) (i32.const 0) (i32.const 1))",
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(memory.init $d (i32.const 0) (i32.const 2) (i32.const 3))",
            TrapKind::MemoryOutOfBounds,
        ),
        (
            "(elem.drop $e) (table.init $e (i32.const 0) (i32.const 0) (i32.const 1))",
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.init $declared (i32.const 0) (i32.const 0) (i32.const 1))",
            TrapKind::TableOutOfBounds,
        ),
        (
            "(table.init $e (i32.const 2) (i32.const 0) (i32.const 1))",
            TrapKind::TableOutOfBounds,
        ),
    ] {
        traps(&text(body), &[], kind);
    }
    for body in [
        "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 0))",
        "(memory.init $d (i32.const 65536) (i32.const 4) (i32.const 0))",
        "(elem.drop $e) (elem.drop $e) (table.init $e (i32.const 2) (i32.const 0) (i32.const 0))",
    ] {
        returns(&text(body), &[], &[]);
    }
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

#[test]
fn branch_that_loads_a_byte_tests_it_and_traps_beyond_memory() {
    let text = r#"(module (memory 1) (data (i32.const 40) "\00\07")
        (func (export "f") (param $at i32) (result i32) (local $n i32)
            (block (br_if 0 (i32.load8_u offset=8 (local.get $at))) (local.set $n (i32.const 1)))
            (block (br_if 0 (i32.eqz (i32.load8_u (i32.add (local.get $at) (i32.const 9)))))
                (local.set $n (i32.add (local.get $n) (i32.const 10))))
            (if (i32.load8_u (i32.add (local.get $at) (i32.const -1)))
                (then (local.set $n (i32.add (local.get $n) (i32.const 100)))))
            (local.get $n)))"#;
    returns(text, &[Value::I32(32)], &[Value::I32(11)]);
    returns(text, &[Value::I32(33)], &[Value::I32(0)]);
    returns(text, &[Value::I32(42)], &[Value::I32(101)]);
    for at in [65_528, -8, -1, 0] {
        traps(text, &[Value::I32(at)], TrapKind::MemoryOutOfBounds);
    }
}
