//! The fuzzers' targets on a fixed set of inputs: what a machine without the nightly compiler can
//! run of them, and what keeps an input fixed that once failed.
//!
//! `MOTE_INPUTS` says how many for each target, 3,000 if it is not set (a third for `engine`).

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]

use mote_engine_suite::fuzz::{Came, engine, images, seeds, translate, verify};
use mote_engine_suite::{Random, module};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn inputs() -> u64 {
    let inputs = std::env::var("MOTE_INPUTS");
    let inputs = inputs.ok().and_then(|text| text.parse().ok());
    inputs.unwrap_or(3000)
}

/// Runs a target on so many inputs, and shows the one that it fails for.
fn drive(
    name: &str,
    count: u64,
    input: impl Fn(&mut Random) -> Vec<u8>,
    target: impl Fn(&[u8]) -> Came,
) {
    let mut came = [0u64; 3];
    for number in 0..count {
        let input = input(&mut Random::new(number));
        match catch_unwind(AssertUnwindSafe(|| target(&input))) {
            Ok(how_far) => came[how_far as usize] += 1,
            Err(error) => {
                println!("{name}, input {number}: {input:02x?}");
                std::panic::resume_unwind(error);
            }
        }
    }
    let [refused, accepted, ran] = came;
    println!("{name}: {count} inputs, {refused} refused, {accepted} accepted, {ran} ran");
    assert!(
        (accepted + ran) * 20 >= count,
        "{name}: too few were accepted for a test"
    );
}

/// Changes a few bytes, or none: written, inserted, removed or doubled.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..random.below(3) {
        let at = random.below(bytes.len());
        match random.below(12) {
            0..=4 => bytes[at] ^= 1 << random.below(8),
            5..=8 => bytes[at] = random.next().to_le_bytes()[1],
            9 => bytes.insert(at, random.next().to_le_bytes()[1]),
            10 => _ = bytes.remove(at),
            _ => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

#[test]
fn translate_takes_any_bytes() {
    let seeds = seeds();
    let input = |random: &mut Random| {
        let mut wasm = match random.below(4) {
            0 => seeds[random.below(seeds.len())].clone(),
            1 => {
                let length = 8 + random.below(200);
                return random.bytes(length);
            }
            _ => {
                let length = 200 + random.below(1500);
                let bytes = random.bytes(length);
                module(&bytes, false).unwrap_or_else(|| seeds[0].clone())
            }
        };
        damage(&mut wasm, random);
        wasm
    };
    drive("translate", inputs(), input, translate);
}

#[test]
fn verify_takes_any_image() {
    let images = images();
    let input = |random: &mut Random| {
        let choice = random.below(images.len() + 1);
        let mut input = vec![u8::try_from(choice).unwrap()];
        let length = match images.get(choice) {
            // Sizes and counts that are too large are what a random image fails of at once.
            None => return [&[0xff], &images[0][..64], &random.bytes(300)].concat(),
            Some(_) => 3 * (1 + random.below(4)),
        };
        input.extend(random.bytes(length));
        input
    };
    drive("verify", inputs(), input, |bytes| verify(bytes, &images));
}

#[test]
fn engine_takes_any_module() {
    let input = |random: &mut Random| {
        let length = 300 + random.below(3000);
        random.bytes(length)
    };
    drive("engine", inputs() / 3, input, engine);
}
