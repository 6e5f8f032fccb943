//! What the tests of this folder share: from WebAssembly to a running instance.
#![forbid(unsafe_code)]

use mote_engine::{
    Engine, FunctionIndex, ImageEngine, InstanceSize, StartError, Step, Trap, Value,
};
use mote_image::{Image, Rejected, Verified, verify};
use mote_translate::{Failure, Options};
use mote_translate_image::{Limit, translate_to_vec};

/// Translates a module, with all the memory that a host has.
///
/// # Errors
///
/// Where the front end rejects it, or the back end is short of something.
pub fn to_image(wasm: &[u8]) -> Result<Vec<u8>, Failure<Limit>> {
    translate_to_vec(wasm, Options { floats: true })
}

/// Verifies an image and gives it a life as long as the test's.
///
/// # Errors
///
/// Where it is rejected.
pub fn verified(image: &[u8]) -> Result<Verified<'static>, Rejected> {
    // In words, so that it is aligned.
    let words: &'static [u32] = bytemuck::pod_collect_to_vec(image).leak();
    let all: &'static [u8] = bytemuck::cast_slice(words);
    let bytes = all.get(..image.len()).unwrap_or(all);
    let image = Image::open(bytes)?;
    verify(image, &mut vec![0; image.scratch_bytes()])
}

/// Starts an instance with so many words of stack and bytes of memory beyond what it begins with.
///
/// # Errors
///
/// Where it cannot be started.
pub fn start(
    image: Verified<'static>,
    stack_words: u32,
    more_memory: u32,
) -> Result<ImageEngine<'static>, StartError> {
    let mut size = InstanceSize::least(image.image());
    size.stack_words = stack_words;
    size.memory_bytes = size.memory_bytes.saturating_add(more_memory);
    size.table_entries = 100_000;
    let words = size
        .block_words(image.image())
        .ok_or(StartError::TooLarge)?;
    // A block may hold anything.
    let block = vec![0xdead_beef; words].leak();
    ImageEngine::start(image, block, size)
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With results.
    Returned(Vec<Value>),
    /// With a trap.
    Trapped(Trap),
}

/// Calls a function with fuel without end; imports are answered by `host`.
///
/// # Panics
///
/// Where the engine refuses the call or breaks.
#[expect(clippy::expect_used, clippy::panic, reason = "it is for tests")]
pub fn call(
    engine: &mut ImageEngine<'_>,
    function: FunctionIndex,
    arguments: &[Value],
    host: &mut dyn FnMut(u32, &[Value]) -> Vec<Value>,
) -> Ending {
    engine
        .call(function, arguments)
        .expect("the call is accepted");
    loop {
        let (import, values) = match engine.run(1 << 40).expect("the engine runs") {
            Step::Returned(values) => return Ending::Returned(values.collect()),
            Step::Trapped(trap) => return Ending::Trapped(trap),
            Step::OutOfFuel { needed } => panic!("out of fuel: {needed}"),
            Step::HostCall { import, arguments } => (import.0, arguments.collect::<Vec<_>>()),
        };
        let results = host(import, &values);
        engine.resume(&results).expect("the results are accepted");
    }
}
