//! Generated modules do the same on Mote's engine and on wasmi: results, traps, calls of the host,
//! memory and globals.
//!
//! The seeds are fixed. `MOTE_MODULES` says how many modules, 3,000 if it is not set; for people:
//! `MOTE_MODULES=100000 cargo test -p mote-engine-suite --test differential -- --nocapture`.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_engine_suite::{Counts, Random, differential, module};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn generated_modules_do_the_same_on_wasmi() {
    let modules: u32 = std::env::var("MOTE_MODULES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3000);
    let mut counts = Counts::default();
    for seed in 0..modules {
        let mut random = Random::new(u64::from(seed) ^ 0x00d1_ff00);
        let length = 500 + random.below(4000);
        let bytes = random.bytes(length);
        let Some(wasm) = module(&bytes, seed % 2 == 0) else {
            continue;
        };
        let run = || differential(&wasm, u64::from(seed), &mut counts);
        if let Err(error) = catch_unwind(AssertUnwindSafe(run)) {
            println!("seed {seed}");
            std::panic::resume_unwind(error);
        }
    }
    println!("{counts:?}");
    assert!(
        counts.modules * 2 > modules,
        "too few modules were looked at"
    );
    assert!(counts.doubtful * 500 <= modules, "wasmi is not that wrong");
    assert!(counts.returned > counts.modules && counts.trapped * 10 > counts.modules);
}
