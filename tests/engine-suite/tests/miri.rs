//! What Miri looks at: the engine's `unsafe` at work, on modules that use most of its instructions, in
//! slices, with host calls and traps. wasmi has no part in it. `cargo xtask miri` runs this.

use mote_engine::{Engine, FunctionIndex, ImageEngine, Step, TrapKind, Value};
use mote_engine_suite::fuzz::{Came, everything, run_image};
use mote_engine_suite::{Place, WORKLOADS, room_words, to_image};
use std::sync::LazyLock;

/// The image of a little of everything. Made once: under Miri a translation takes half a minute.
static EVERYTHING: LazyLock<Vec<u8>> = LazyLock::new(|| to_image(&everything()).unwrap());

/// Calls an export in slices, with a block of exactly its size on the heap, where Miri sees its ends.
fn call(image: &[u8], name: &str, arguments: &[Value], slice: u64) -> Result<Vec<Value>, TrapKind> {
    let place = Place::of(image);
    let verified = place.verified().unwrap();
    let mut size = room_words(verified.image(), 600, 0);
    size.table_entries = 10;
    let mut block = vec![0xdead_beef; size.block_words(verified.image()).unwrap()];
    let mut engine = ImageEngine::start(verified, &mut block, size).unwrap();
    let function: FunctionIndex = engine.exported_function(name).unwrap();
    engine.call(function, arguments).unwrap();
    loop {
        match engine.run(slice).unwrap() {
            Step::Returned(values) => return Ok(values.collect()),
            Step::Trapped(trap) => {
                assert!(engine.backtrace().count() >= 1);
                return Err(trap.kind);
            }
            Step::OutOfFuel { .. } => continue,
            Step::HostCall { .. } => {}
        }
        engine.resume(&[Value::I64(-5), Value::I32(6)]).unwrap();
    }
}

#[test]
fn a_little_of_everything_gives_what_it_should() {
    let image = &EVERYTHING;
    let i32 = |value| [Value::I32(value)];
    assert_eq!(call(image, "sum", &i32(6), 3), Ok(vec![Value::I32(80)]));
    let choice = |at| call(image, "choose", &[Value::I32(at), Value::I64(5)], 100);
    assert_eq!(choice(0), Ok(vec![Value::I64(15)]));
    assert_eq!(choice(1), Ok(vec![Value::I64(160)]));
    assert_eq!(choice(-1), Ok(vec![Value::I64(-6)]));
    let indirect = |at| call(image, "indirect", &[Value::I32(at), Value::I32(5)], 7);
    assert_eq!(indirect(0), Ok(vec![Value::I32(10)]));
    assert_eq!(indirect(1), Ok(vec![Value::I32(120)]));
    assert_eq!(indirect(2), Err(TrapKind::IndirectCallTypeMismatch));
    assert_eq!(indirect(4), Err(TrapKind::TableOutOfBounds));
    assert_eq!(
        call(image, "ask", &[Value::I64(1)], 1),
        Ok(vec![Value::I64(-5), Value::I32(6)])
    );
    assert_eq!(call(image, "counter", &i32(4), 50), Ok(i32(7).to_vec()));
    assert_eq!(
        call(
            image,
            "floats",
            &[Value::F32(2.25f32.to_bits()), Value::F64(3.9f64.to_bits())],
            9
        ),
        Ok(vec![Value::F64(5.0f64.to_bits())])
    );
}

#[test]
fn bulk_operations_stay_in_bounds() {
    // Growth fails: the block has no room for it.
    let bulk = call(&EVERYTHING, "bulk", &[Value::I32(100)], 5);
    assert_eq!(bulk, Ok(vec![Value::I32(0x6f6d - 1)]));
}

#[test]
fn recursion_that_overflows_stays_in_its_block() {
    let overflow = call(
        &EVERYTHING,
        "indirect",
        &[Value::I32(1), Value::I32(-1)],
        1000,
    );
    assert_eq!(overflow, Err(TrapKind::StackOverflow));
}

#[test]
fn workload_gives_its_result() {
    let fib = WORKLOADS[0];
    let result = call(&to_image(fib.wasm).unwrap(), "run", &[Value::I32(7)], 40);
    assert_eq!(result, Ok(vec![Value::I32(13)]));
}

#[test]
fn every_export_with_random_arguments_stays_in_its_block() {
    assert_eq!(run_image(&EVERYTHING, 3), Came::Ran);
}
