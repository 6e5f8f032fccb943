//! Mote's own engine on this machine: from a Wasm file to an instance.
//!
//! What a device does when a module is installed and started is done here in one go: translate,
//! verify, start. The image and the block live in a [`Storage`] for as long as the engine.

use std::fmt;

use mote_engine::{ImageEngine, InstanceSize, StartError};
use mote_image::{Image, verify};
use mote_supervisor::manifest::Manifest;
use mote_translate::{Failure, Options};
use mote_translate_image::{Limit, translate_to_vec};

/// The engine's name, by which `--engine` and reports know it.
pub(crate) const NAME: &str = "mote";

/// Words of stack that a module gets whose calls have no bound: 256 KiB, as much as wasmi's.
const STACK_WORDS: u32 = 64 * 1024;

/// Bytes of memory that a module may grow to which has no limit of its own.
const MEMORY_BYTES: u32 = 16 << 20;

/// Entries that a table may grow to.
const TABLE_ENTRIES: u32 = 64 * 1024;

/// Where an engine's image and block lie.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// The image, in words, so that it is aligned.
    image: Vec<u32>,
    block: Vec<u32>,
}

/// Why a module cannot be run by this engine.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// The module is not accepted.
    Rejected(mote_translate::Error),
    /// It passes a limit of the image's format.
    Limit(Limit),
    /// The image that was just made is not sound: a fault of the translator.
    Image(mote_image::Rejected),
    /// An instance cannot be started.
    Start(StartError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => write!(formatter, "{error}"),
            Self::Limit(limit) => {
                write!(
                    formatter,
                    "it passes a limit of the executable image ({limit:?})"
                )
            }
            Self::Image(rejected) => write!(
                formatter,
                "the translator made an image that does not verify ({rejected:?}): report it, and \
                 use --engine wasmi meanwhile"
            ),
            Self::Start(StartError::Segment(kind)) => {
                write!(
                    formatter,
                    "cannot be instantiated: {} by a segment",
                    kind.message()
                )
            }
            Self::Start(error) => write!(formatter, "cannot be instantiated ({error:?})"),
        }
    }
}

/// Translates, verifies and starts a module, within its manifest's limits.
pub(crate) fn load<'s>(
    wasm: &[u8],
    manifest: &Manifest,
    storage: &'s mut Storage,
) -> Result<ImageEngine<'s>, LoadError> {
    let bytes =
        translate_to_vec(wasm, Options { floats: true }).map_err(|failure| match failure {
            Failure::Rejected(error) => LoadError::Rejected(error),
            Failure::Backend { error, .. } => LoadError::Limit(error),
        })?;
    storage.image = bytemuck::pod_collect_to_vec(&bytes);
    let words: &[u8] = bytemuck::cast_slice(&storage.image);
    let image = Image::open(words.get(..bytes.len()).unwrap_or(words)).map_err(LoadError::Image)?;
    let verified = verify(image, &mut vec![0; image.scratch_bytes()]).map_err(LoadError::Image)?;
    let least = InstanceSize::least(verified.image());
    let bounded = verified.image().header().stack_words;
    let size = InstanceSize {
        stack_words: bounded.unwrap_or(STACK_WORDS),
        memory_bytes: manifest
            .memory_max_bytes
            .unwrap_or(least.memory_bytes.max(MEMORY_BYTES)),
        table_entries: TABLE_ENTRIES,
    };
    let too_large = LoadError::Start(StartError::TooLarge);
    let words = size.block_words(verified.image()).ok_or(too_large)?;
    storage.block = vec![0; words];
    ImageEngine::start(verified, &mut storage.block, size).map_err(LoadError::Start)
}
