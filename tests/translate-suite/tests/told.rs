//! What is told of the cases that go wrong in translators to register code, word by word.
//!
//! `l` is a local, `t` a temporary or the place of a result; the frame has two link words after
//! its locals.

use mote_translate_suite::{Audit, HostWorkspace, translated};

/// What is told of the first function, between its beginning and its end.
fn told(text: &str) -> Vec<String> {
    let mut audit = Audit::writing();
    let wasm = wat::parse_str(text).unwrap();
    translated(&wasm, HostWorkspace::default().buffers(), &mut audit).unwrap();
    let lines = audit.lines.unwrap();
    let begin = lines
        .iter()
        .position(|line| line.starts_with("function"))
        .unwrap();
    let end = lines
        .iter()
        .position(|line| line.starts_with("end"))
        .unwrap();
    lines[begin + 1..end].to_vec()
}

#[test]
fn locals_and_constants_are_operands_and_a_set_is_the_place() {
    let lines = told(
        "(module (func (param i32 i32) (result i32)
            (local.set 1 (i32.add (local.get 0) (i32.const 5)))
            (i32.mul (local.tee 0 (i32.sub (local.get 1) (local.get 0))) (local.get 1))))",
    );
    assert_eq!(
        lines,
        [
            "t1 = i32.add l0 0x5",
            "t0 = i32.sub l1 l0",
            "t4 = i32.mul l0 l1",
            "return t4"
        ]
    );
}

#[test]
fn local_written_while_older_reads_wait_is_kept() {
    let lines = told(
        "(module (func (param i32 i32) (result i32)
            local.get 0
            local.get 1
            local.get 0
            i32.const 1
            i32.add
            local.set 0
            i32.add
            local.get 0
            i32.add))",
    );
    assert_eq!(
        lines,
        [
            "t4 = l0",
            "t0 = i32.add l0 0x1",
            "t4 = i32.add t4 l1",
            "t4 = i32.add t4 l0",
            "return t4"
        ]
    );
}

#[test]
fn tee_chain_writes_each_local_once() {
    let lines = told(
        "(module (func (param i32) (local i32 i32)
            (local.set 0 (local.tee 1 (local.tee 2 (i32.clz (local.get 0)))))))",
    );
    assert_eq!(lines, ["t2 = i32.clz l0", "t1 = l2", "t0 = l1", "return"]);
}

#[test]
fn if_comes_right_after_what_it_tests() {
    let lines = told(
        "(module (func (param i32 i32) (result i32)
            local.get 1
            local.get 0
            i32.const 7
            i32.lt_u
            if (param i32) (result i32)
              i32.const 1
              i32.add
            end))",
    );
    assert_eq!(
        lines,
        [
            "t4 = l1",
            "t5 = i32.lt_u l0 0x7",
            "jump unless t5 L1",
            "t4 = i32.add t4 0x1",
            "L1:",
            "return t4"
        ]
    );
}

#[test]
fn loop_parameters_are_in_place_at_its_head() {
    let lines = told(
        "(module (func (param i32) (result i32 i32)
            local.get 0
            i32.const 3
            loop (param i32 i32) (result i32 i32)
              local.get 0
              i32.eqz
              br_if 0
              drop
              local.get 0
              local.get 0
              br 0
            end))",
    );
    assert_eq!(
        lines,
        [
            "t4 = 0x3",
            "t3 = l0",
            "loop L1 depth 1",
            "t5 = i32.eqz l0",
            "jump if t5 L1 charge 3",
            "drop t4",
            "t3 = l0",
            "t4 = l0",
            "jump L1 charge 7"
        ]
    );
}

#[test]
fn values_move_only_where_the_branch_is_taken() {
    let lines = told(
        "(module (func (param i32) (result i32)
            block (result i32)
              i32.const 1
              local.get 0
              local.get 0
              br_if 0
              i32.add
            end))",
    );
    assert_eq!(
        lines,
        [
            "jump unless l0 L1",
            "t3 = l0",
            "jump L2",
            "L1:",
            "t3 = i32.add 0x1 l0",
            "L2:",
            "return t3"
        ]
    );
}

#[test]
fn table_with_values_goes_by_way_of_moves() {
    let lines = told(
        "(module (func (param i32) (result i32)
            block (result i32)
              i64.const 0
              block (param i64) (result i64 i32)
                i32.const 5
                local.get 0
                br_table 1 1 1 2
              end
              br 0
            end))",
    );
    assert_eq!(
        lines,
        [
            "t3 = 0x0",
            "t5 = 0x5",
            "table of 4 by l0",
            "  -",
            "  -",
            "  -",
            "  -",
            "entry 0:",
            "entry 1:",
            "entry 2:",
            "t3 = t5",
            "jump L1",
            "entry 3:",
            "return t5",
            "L1:",
            "return t3"
        ]
    );
}

#[test]
fn table_back_to_a_loop_charges_the_entry_alone() {
    let lines = told(
        "(module (func (param i32)
            block
              loop
                local.get 0
                br_table 0 1 0
              end
            end))",
    );
    assert_eq!(
        lines,
        [
            "loop L1 depth 1",
            "table of 3 by l0",
            "  -",
            "  L2",
            "  -",
            "entry 0:",
            "entry 2:",
            "jump L1 charge 2",
            "L2:",
            "return"
        ]
    );
}

#[test]
fn several_results_are_returned_in_order() {
    let lines = told(
        "(module (func (param i32 i64) (result i64 i32 i32)
            local.get 1
            local.get 0
            i32.const 9))",
    );
    assert_eq!(
        lines,
        ["t8 = 0x9", "t7 = l0", "t5 = l1", "return 4 words at t5"]
    );
}

#[test]
fn arguments_are_where_the_callee_begins_and_locals_stay_lazy() {
    let lines = told(
        "(module
            (func (param i32) (result i32)
              local.get 0
              local.get 0
              i64.const 2
              call $callee
              i32.add)
            (func $callee (param i32 i64) (result i32) (local.get 0)))",
    );
    assert_eq!(
        lines,
        [
            "t5 = 0x2",
            "t4 = l0",
            "call 1 at t4",
            "t3 = i32.add l0 t4",
            "return t3"
        ]
    );
}

#[test]
fn dead_code_is_not_told_but_paid_for() {
    let text = "(module (func (param i32)
        block
          br 0
          local.get 0
          if
            (drop (i32.add (i32.const 1) (i32.const 2)))
          end
          unreachable
        end))";
    assert_eq!(told(text), ["jump L1", "L1:", "return"]);
    let mut audit = Audit::default();
    let wasm = wat::parse_str(text).unwrap();
    translated(&wasm, HostWorkspace::default().buffers(), &mut audit).unwrap();
    assert_eq!((audit.ends[&0].fuel, audit.ends[&0].operand_words), (8, 0));
}

#[test]
fn reference_locals_begin_as_null() {
    let lines = told("(module (func (local i32 externref) (drop (ref.is_null (local.get 1)))))");
    assert_eq!(
        lines,
        [
            "t1 = 0xffffffff",
            "t4 = ref.is_null l1",
            "drop t4",
            "return"
        ]
    );
}

#[test]
fn lazy_values_are_bounded() {
    // So many reads of a local are on the stack that the first ones are settled before it is
    // written, in pieces.
    let text = format!(
        "(module (func (param i32) {} (local.set 0 (i32.const 1)) {}))",
        "local.get 0 ".repeat(100),
        "drop ".repeat(100)
    );
    let lines = told(&text);
    let moves = lines.iter().filter(|line| line.ends_with("= l0")).count();
    assert_eq!(moves, 100);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.starts_with("drop t"))
            .count(),
        100
    );
}
