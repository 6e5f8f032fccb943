//! Images that somebody has tampered with are rejected, or run within their bounds and their fuel.
//!
//! Each mutant is a valid image with a few bits or halfwords of its code and records changed and
//! its CRC made right again. With the feature `checked` the engine asserts each access: run it so.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_engine::{Engine, Step, Value};
use mote_engine_suite::{start, to_image, verified};
use mote_image::crc32;

const WORKLOADS: [&[u8]; 5] = [
    include_bytes!("../workloads/fib.wasm"),
    include_bytes!("../workloads/words.wasm"),
    include_bytes!("../workloads/biquad.wasm"),
    include_bytes!("../workloads/siphash.wasm"),
    include_bytes!("../workloads/heapsort.wasm"),
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or(0) % limit
    }
}

#[test]
fn tampered_images_are_rejected_or_stay_in_bounds() {
    let count = std::env::var("MUTANTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(4000);
    let mut random = Random(0x1234_5678_9abc_def1);
    let (mut accepted, mut ran) = (0, 0);
    let images: Vec<Vec<u8>> = WORKLOADS
        .iter()
        .map(|wasm| to_image(wasm).expect("it is translated"))
        .collect();
    for number in 0..count {
        let mut image = images[number % images.len()].clone();
        for _ in 0..=random.below(2) {
            let at = 16 + random.below(image.len() - 16);
            match random.below(3) {
                0 => image[at] ^= 1 << random.below(8),
                1 => image[at] = u8::try_from(random.below(256)).unwrap(),
                _ => image[at & !1] = u8::try_from(random.below(12)).unwrap(),
            }
        }
        let crc = crc32(&image[16..]).to_le_bytes();
        image[12..16].copy_from_slice(&crc);
        let Ok(verified) = verified(&image) else {
            continue;
        };
        accepted += 1;
        let header = verified.image().header();
        let pages = header
            .memory
            .map_or(0, |memory| u64::from(memory.pages) << memory.page_log2);
        let tables = (0..usize::from(header.tables))
            .filter_map(|index| verified.image().table(index))
            .map(|table| u64::from(table.entries))
            .sum::<u64>();
        if pages + tables > 1 << 22 {
            continue;
        }
        let Ok(mut engine) = start(verified, 2048, 1000) else {
            continue;
        };
        let Some(run) = engine.exported_function("run") else {
            continue;
        };
        if engine.call(run, &[Value::I32(1)]).is_err() {
            continue;
        }
        ran += 1;
        let given = 20_000;
        match engine.run(given).expect("it runs") {
            Step::Returned(_) | Step::HostCall { .. } => {}
            Step::OutOfFuel { .. } => {}
            Step::Trapped(_) => assert!(engine.backtrace().count() >= 1, "it trapped somewhere"),
        }
        assert!(engine.fuel_used() <= given, "it ran on credit");
    }
    println!("{count} mutants, {accepted} accepted, {ran} ran");
    assert!(ran * 10 >= count, "too few ran for a test");
}
