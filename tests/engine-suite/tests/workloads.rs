//! The ten workloads give the results that native code gives.

use mote_engine::{Engine, Value};
use mote_engine_suite::{Ending, call, start, to_image, verified};

const WORKLOADS: [(&str, &[u8], i32, u32); 10] = [
    ("fib", include_bytes!("../workloads/fib.wasm"), 18, 2584),
    (
        "crc32",
        include_bytes!("../workloads/crc32.wasm"),
        20,
        3_884_199_554,
    ),
    ("sieve", include_bytes!("../workloads/sieve.wasm"), 4, 1028),
    (
        "sha256",
        include_bytes!("../workloads/sha256.wasm"),
        2,
        1_285_909_751,
    ),
    ("fir", include_bytes!("../workloads/fir.wasm"), 2, 744),
    (
        "heapsort",
        include_bytes!("../workloads/heapsort.wasm"),
        4,
        1_957_067_839,
    ),
    (
        "lz",
        include_bytes!("../workloads/lz.wasm"),
        3,
        1_297_121_167,
    ),
    (
        "words",
        include_bytes!("../workloads/words.wasm"),
        4,
        1_381_828_143,
    ),
    (
        "biquad",
        include_bytes!("../workloads/biquad.wasm"),
        10,
        81_837,
    ),
    (
        "siphash",
        include_bytes!("../workloads/siphash.wasm"),
        12,
        1_911_868_904,
    ),
];

#[test]
fn workloads_give_the_results_of_native_code() {
    for (name, wasm, argument, result) in WORKLOADS {
        let image = to_image(wasm).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let verified = verified(&image).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let mut engine = start(verified, 1024, 0).unwrap();
        let run = engine.exported_function("run").unwrap();
        let ending = call(&mut engine, run, &[Value::I32(argument)], &mut |_, _| {
            panic!("no imports")
        });
        assert_eq!(
            ending,
            Ending::Returned(vec![Value::I32(result.cast_signed())]),
            "{name}"
        );
    }
}
