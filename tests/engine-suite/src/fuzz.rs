//! What fuzzers do with their bytes: `tests/fuzz` gives them to libFuzzer, `tests/fuzz.rs` runs them
//! on a fixed set of inputs, with the stable compiler.
//!
//! Each takes any bytes, panics where something is wrong, and says how far the input came.

use crate::{Counts, Place, Random, differential, module, room_words, to_image};
use mote_engine::{Engine, FunctionIndex, ImageEngine, Step, Value, ValueType};
use mote_image::{ExportKind, crc32};
use mote_translate::{Failure, RuleKind};
use mote_translate_image::Limit;
use wasmparser::{Validator, WasmFeatures};

/// How far an input came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Came {
    /// It was refused, or is none.
    Refused,
    /// It was accepted: translated, or verified.
    Accepted,
    /// It was executed as well.
    Ran,
}

/// Guard words on either side of an instance's block.
const GUARD_WORDS: usize = 64;
const GUARD: u32 = 0x6a4d_5eed;
/// Blocks larger than this are not made.
const MOST_WORDS: usize = 1 << 20;
/// The fuel of a call.
pub(crate) const FUEL: u64 = 10_000;
/// Host calls are answered so often in a call.
pub(crate) const MOST_HOST_CALLS: u32 = 100;

/// The WebAssembly that is supported, as `wasmparser` calls it.
fn features() -> WasmFeatures {
    WasmFeatures::WASM1
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::CUSTOM_PAGE_SIZES
}

/// Translates bytes that claim to be a module: what is accepted is valid to another validator as
/// well and gives an image that is verified, what is refused by the specification is not valid.
///
/// # Panics
///
/// Where that is not so.
pub fn translate(wasm: &[u8]) -> Came {
    let valid = || {
        let verdict = Validator::new_with_features(features()).validate_all(wasm);
        verdict.map(drop).map_err(|error| error.to_string())
    };
    match to_image(wasm) {
        Ok(image) => {
            if let Err(text) = valid() {
                // That validator has limits of its own.
                assert!(
                    text.contains("limit") || text.contains("out of bounds"),
                    "accepted, but: {text}"
                );
            }
            let place = Place::of(&image);
            let verified = place.verified();
            assert!(
                verified.is_ok(),
                "translated, and not verified: {verified:?}"
            );
            assert!(
                to_image(wasm).as_ref() == Ok(&image),
                "translated otherwise again"
            );
            Came::Accepted
        }
        Err(Failure::Rejected(error)) => {
            if error.rule.kind() == RuleKind::Specification {
                assert!(valid().is_err(), "valid, but {error}");
            }
            Came::Refused
        }
        Err(Failure::Backend { error, .. }) => {
            assert!(
                error != Limit::Operand,
                "an instruction that does not exist"
            );
            Came::Refused
        }
    }
}

/// Writes the CRC that an image should have.
pub fn seal(image: &mut [u8]) {
    let length = image
        .get(8..12)
        .and_then(|bytes| bytes.first_chunk())
        .map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
    let crc = image.get(16..length).map(crc32);
    if let (Some(crc), Some(place)) = (crc, image.get_mut(12..16)) {
        place.copy_from_slice(&crc.to_le_bytes());
    }
}

/// Verifies bytes that claim to be an image, after their CRC was made right, and runs what is
/// accepted. The first byte chooses: the rest is an image, or changes of one of `images`, each of
/// two bytes of place and one to write there or a bit to turn.
///
/// # Panics
///
/// Where what was verified leaves its block or its fuel, or the engine breaks.
pub fn verify(bytes: &[u8], images: &[Vec<u8>]) -> Came {
    let Some((&choice, rest)) = bytes.split_first() else {
        return Came::Refused;
    };
    let mut image = match images.get(usize::from(choice)) {
        None => rest.to_vec(),
        Some(image) => {
            let mut image = image.clone();
            for change in rest.chunks_exact(3) {
                let [low, high, what] = [change[0], change[1], change[2]];
                let at =
                    16 + usize::from(u16::from_le_bytes([low, high]) >> 1) % (image.len() - 16);
                if high & 0x80 == 0 {
                    image[at] = what;
                } else {
                    image[at] ^= 1 << (what & 7);
                }
            }
            image
        }
    };
    seal(&mut image);
    run_image(&image, u64::from(choice))
}

/// Verifies an image and runs its exports, in a block between guard words that holds garbage.
///
/// # Panics
///
/// Where it leaves its block or its fuel, or the engine breaks.
pub fn run_image(image: &[u8], seed: u64) -> Came {
    let place = Place::of(image);
    let Ok(verified) = place.verified() else {
        return Came::Refused;
    };
    let mut size = room_words(verified.image(), 2048, 4096);
    size.table_entries = 100;
    let Some(words) = size
        .block_words(verified.image())
        .filter(|&words| words <= MOST_WORDS)
    else {
        return Came::Accepted;
    };
    let mut random = Random::new(seed);
    let mut all = vec![GUARD; words + 2 * GUARD_WORDS];
    let garbage = 0xdead_0000 | u32::from(random.next().to_le_bytes()[1]);
    let block = all.get_mut(GUARD_WORDS..GUARD_WORDS + words);
    let block = block.expect("the block lies between the guards");
    block.fill(garbage);
    let mut came = Came::Accepted;
    if let Ok(mut engine) = ImageEngine::start(verified, block, size) {
        let exports: Vec<_> = verified.image().exports().take(8).collect();
        let functions = exports
            .iter()
            .filter(|export| export.kind == ExportKind::Function);
        let functions = functions.map(|export| FunctionIndex(export.index));
        let functions: Vec<_> = engine
            .start_function()
            .into_iter()
            .chain(functions)
            .collect();
        for function in functions {
            if run_function(&mut engine, function, &mut random) {
                came = Came::Ran;
            }
        }
        for export in &exports {
            let _ = engine.exported_global(export.name);
        }
    }
    let (before, rest) = all.split_at(GUARD_WORDS);
    let after = rest.get(words..).unwrap_or(&[]);
    assert!(
        before.iter().chain(after).all(|&word| word == GUARD),
        "it wrote beside its block"
    );
    came
}

/// Runs a function in slices; tells whether it began.
fn run_function(
    engine: &mut ImageEngine<'_>,
    function: FunctionIndex,
    random: &mut Random,
) -> bool {
    let Some(types) = engine.signature(function) else {
        return false;
    };
    let arguments: Vec<Value> = types
        .parameters
        .iter()
        .filter_map(|&byte| value(random, byte))
        .collect();
    if engine.call(function, &arguments).is_err() {
        // Its arguments alone are more than the stack.
        return false;
    }
    let before = engine.fuel_used();
    let (mut given, mut host_calls) = (engine.fuel_left(), 0);
    while given < FUEL && host_calls < MOST_HOST_CALLS {
        let slice = 1 + random.next() % FUEL;
        given += slice;
        let step = engine.run(slice).expect("the engine runs");
        let import = match step {
            Step::Returned(values) => {
                assert!(values.count() < 2000, "so many results");
                break;
            }
            Step::Trapped(_) => {
                assert!(engine.backtrace().count() >= 1, "it trapped somewhere");
                break;
            }
            Step::OutOfFuel { .. } => continue,
            Step::HostCall { import, arguments } => {
                assert!(arguments.count() < 2000, "so many arguments");
                import
            }
        };
        host_calls += 1;
        let import = engine.import(import).expect("a host call is of an import");
        let results = import.signature.results.iter();
        let results: Vec<Value> = results.filter_map(|&byte| value(random, byte)).collect();
        engine.resume(&results).expect("the results are accepted");
    }
    assert!(engine.fuel_used() - before <= given, "it ran on credit");
    engine.abandon();
    true
}

/// A value of a type; references as well, to what may not exist.
pub(crate) fn value(random: &mut Random, byte: u8) -> Option<Value> {
    let bits = match random.below(3) {
        0 => random.next(),
        1 => random.next() & 0xff,
        _ => u64::MAX >> random.below(64),
    };
    let words = Value::F64(bits).to_words();
    Some(Value::from_words(ValueType::from_byte(byte)?, words))
}

/// Makes a module of these bytes, and has it do the same on Mote's engine and on wasmi: results,
/// traps, calls of the host, memory and globals. Then its image is changed here and there and run.
///
/// # Panics
///
/// Where they differ, or a changed image leaves its block.
pub fn engine(bytes: &[u8]) -> Came {
    let Some((&seed, rest)) = bytes.split_first() else {
        return Came::Refused;
    };
    let Some(wasm) = module(rest, seed & 1 == 1) else {
        return Came::Refused;
    };
    let came = differential(&wasm, u64::from(seed), &mut Counts::default());
    if let Ok(image) = to_image(&wasm) {
        let mut random = Random::new(u64::from(seed));
        for _ in 0..8 {
            run_image(&mutant(&image, &mut random), 1);
        }
    }
    came
}

/// Returns the image with up to three changes somewhere after what the CRC does not cover, and the
/// CRC that it then should have.
///
/// # Panics
///
/// Where it is shorter than a header.
pub fn mutant(image: &[u8], random: &mut Random) -> Vec<u8> {
    let mut image = image.to_vec();
    for _ in 0..=random.below(3) {
        let at = 16 + random.below(image.len() - 16);
        match random.below(4) {
            0 => image[at] ^= 1 << random.below(8),
            1 => image[at] = random.next().to_le_bytes()[1],
            2 => image[at & !1] = random.next().to_le_bytes()[1] & 15,
            // One instruction or record is put in the place of another.
            _ => {
                let from = (16 + random.below(image.len() - 20)) & !3;
                let word = [
                    image[from],
                    image[from + 1],
                    image[from + 2],
                    image[from + 3],
                ];
                let to = (16 + random.below(image.len() - 20)) & !3;
                image[to..to + 4].copy_from_slice(&word);
            }
        }
    }
    seal(&mut image);
    image
}

/// Modules that fuzzers begin with: the workloads, and one that has a little of everything.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = vec![everything()];
    seeds.extend(
        crate::WORKLOADS
            .iter()
            .map(|workload| workload.wasm.to_vec()),
    );
    seeds
}

/// The images of the [`seeds`], for [`verify`].
///
/// # Panics
///
/// Never: they are all translated.
#[must_use]
pub fn images() -> Vec<Vec<u8>> {
    let images = seeds().into_iter().map(|wasm| to_image(&wasm));
    images
        .map(|image| image.expect("it is translated"))
        .collect()
}

/// A small module that has a little of everything.
///
/// # Panics
///
/// Never: its text is fixed.
#[must_use]
pub fn everything() -> Vec<u8> {
    wat::parse_str(include_str!("everything.wat")).expect("it is a module")
}
