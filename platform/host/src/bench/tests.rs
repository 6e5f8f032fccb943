//! Tests of `bench` without a board: what a run's lines mean.

use super::*;
use clap::Parser as _;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    arguments: BenchArguments,
}

fn arguments(line: &str) -> BenchArguments {
    let words = ["bench"].into_iter().chain(line.split_whitespace());
    Line::try_parse_from(words).unwrap().arguments
}

fn inspection(text: &str) -> Inspection {
    inspect::inspect(&wat::parse_str(text).unwrap()).unwrap()
}

fn failure(text: &str) -> Failure {
    let module = inspection(
        "(module (import \"a\" \"m\" (func)) (import \"env\" \"f\" (func)) (func (export \"run\")))",
    );
    let line = arguments("a.wasm --invoke run");
    failures(&Said::of(text), &module, &BOARDS[0], &line).unwrap_err()
}

#[test]
fn failures_are_told_with_their_cause_and_the_way_out() {
    for (text, code, cause) in [
        (
            "trap 0000000000000005",
            Code::Trap,
            "integer divide by zero",
        ),
        ("trap 0000000000000008", Code::Trap, "--stack WORDS"),
        (
            "out_of_fuel 0000000000000005",
            Code::OutOfFuel,
            "1000000000 units",
        ),
        ("host_call 0000000000000001", Code::Refused, "\"env\" \"f\""),
        (
            "room 0000000000001000\ntoo_small 0000000000001000",
            Code::Refused,
            "takes 16384 bytes of RAM (memory, frames, tables), and mps2-an386 has 4096",
        ),
        (
            "segment 0000000000000001",
            Code::Refused,
            "out of bounds memory access",
        ),
        ("panicked", Code::Tool, "report it"),
    ] {
        let failure = failure(text);
        assert_eq!(failure.code, code, "{text}");
        assert!(failure.message.contains(cause), "{}", failure.message);
    }
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is_built() {
    let module =
        inspection("(module (func (export \"go\") (param i32)) (memory (export \"m\") 1))");
    let refused = |line: &str| arguments_of(&module, &arguments(line)).unwrap_err();
    let missing = refused("a.wasm --invoke run");
    assert_eq!(missing.code, Code::NotFound);
    assert!(missing.message.ends_with("it exports go"), "{missing}");
    assert_eq!(refused("a.wasm --invoke m").code, Code::NotFound);
    assert!(
        refused("a.wasm --invoke go")
            .message
            .contains("takes 1 arguments")
    );
    assert!(refused("a.wasm --invoke go x").message.contains("i32"));
    for (line, cause) in [
        ("a.wasm --invoke go --board none", "mps2-an386, microbit"),
        (
            "a.wasm --invoke go --board microbit --engine wasmi",
            "atomic",
        ),
        ("a.wasm --invoke go --engine wasmi --stack 5", "--stack"),
    ] {
        let failure = find_board(&arguments(line)).unwrap_err();
        assert_eq!(failure.code, Code::Tool);
        assert!(failure.message.contains(cause), "{failure}");
    }
}

#[test]
fn numbers_have_separators() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(inspect::group(number), text);
    }
}
