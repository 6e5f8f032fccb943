//! From WebAssembly to a running instance of Mote's own engine.

use mote_engine::{
    Engine, FunctionIndex, ImageEngine, InstanceSize, StartError, Step, Trap, Value,
};
use mote_image::{Image, Rejected, Verified, verify};
use mote_translate::{Failure, Options};
use mote_translate_image::{Limit, translate_to_vec};

/// Words of a block that are filled with garbage; what comes after is the linear memory's room to
/// grow, tens of megabytes in some tests.
const GARBAGE_WORDS: usize = 1 << 16;

/// Translates a module, with all the memory that a host has.
///
/// # Errors
///
/// Where the front end rejects it, or the back end is short of something.
pub fn to_image(wasm: &[u8]) -> Result<Vec<u8>, Failure<Limit>> {
    translate_to_vec(wasm, Options { floats: true })
}

/// Returns bytes as words, so that they are aligned as an image must be.
#[must_use]
pub fn words_of(image: &[u8]) -> Vec<u32> {
    bytemuck::pod_collect_to_vec(image)
}

/// Verifies an image and gives it a life as long as the test's.
///
/// # Errors
///
/// Where it is rejected.
pub fn verified(image: &[u8]) -> Result<Verified<'static>, Rejected> {
    Place::of(image).leak().verified()
}

/// An image in memory of its own, aligned.
#[derive(Clone, Debug)]
pub struct Place {
    words: Vec<u32>,
    bytes: usize,
}

impl Place {
    /// Copies an image.
    #[must_use]
    pub fn of(image: &[u8]) -> Self {
        Self {
            words: words_of(image),
            bytes: image.len(),
        }
    }

    /// Verifies the image.
    ///
    /// # Errors
    ///
    /// Where it is rejected.
    pub fn verified(&self) -> Result<Verified<'_>, Rejected> {
        let all: &[u8] = bytemuck::cast_slice(&self.words);
        let image = Image::open(all.get(..self.bytes).unwrap_or(all))?;
        verify(image, &mut vec![0; image.scratch_bytes()])
    }

    fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }
}

/// Returns the size of an instance with so many words of stack, and bytes of memory beyond what it
/// begins with.
#[must_use]
pub fn room_words(image: &Image<'_>, stack_words: u32, more_memory: u32) -> InstanceSize {
    let mut size = InstanceSize::least(image);
    size.stack_words = stack_words;
    size.memory_bytes = size.memory_bytes.saturating_add(more_memory);
    size.table_entries = 100_000;
    size
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
    let size = room_words(image.image(), stack_words, more_memory);
    let words = size
        .block_words(image.image())
        .ok_or(StartError::TooLarge)?;
    // A block may hold anything.
    let mut block = vec![0; words];
    block
        .iter_mut()
        .take(GARBAGE_WORDS)
        .for_each(|word| *word = 0xdead_beef);
    ImageEngine::start(image, block.leak(), size)
}

/// How a call on Mote's engine ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With results.
    Returned(Vec<Value>),
    /// With a trap, and where.
    Trapped(Trap),
}

/// Calls a function with fuel without end; imports are answered by `host`.
///
/// # Panics
///
/// Where the engine refuses the call or breaks.
pub fn call(
    engine: &mut ImageEngine<'_>,
    function: FunctionIndex,
    arguments: &[Value],
    host: &mut dyn FnMut(u32, &[Value]) -> Vec<Value>,
) -> Ended {
    engine
        .call(function, arguments)
        .expect("the call is accepted");
    loop {
        let (import, values) = match engine.run(1 << 40).expect("the engine runs") {
            Step::Returned(values) => return Ended::Returned(values.collect()),
            Step::Trapped(trap) => return Ended::Trapped(trap),
            Step::OutOfFuel { needed } => panic!("out of fuel: {needed}"),
            Step::HostCall { import, arguments } => (import.0, arguments.collect::<Vec<_>>()),
        };
        let results = host(import, &values);
        engine.resume(&results).expect("the results are accepted");
    }
}
