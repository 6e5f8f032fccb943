//! Mote's own engine on this machine: from a Wasm file to an instance.
//!
//! What a device does when a module is installed and started is done here in one go: translate,
//! verify, start. The image and the block live in a [`Storage`] for as long as the engine.

use std::fmt;

use mote_engine::ImageEngine;
use mote_image::Image;
use mote_supervisor::load::{self, LoadError, instance_size};
use mote_supervisor::manifest::Manifest;
use mote_translate::{Failure, Options};
use mote_translate_image::{Limit, translate_to_vec};

/// RAM for a module that the simulated board has, in words. Room for a memory of 64 KiB pages that
/// grows for a while; a device has less, which a manifest can say.
const ROOM_WORDS: usize = 16 << 18;

/// Where an engine's image and block lie.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    /// The image, in words, so that it is aligned.
    image: Vec<u32>,
    block: Vec<u32>,
}

/// Why a module cannot be translated.
#[derive(Debug)]
pub(crate) enum TranslateError {
    /// The module is not accepted.
    Rejected(mote_translate::Error),
    /// It passes a limit of the image's format.
    Limit(Limit),
}

impl fmt::Display for TranslateError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(error) => write!(formatter, "{error}"),
            Self::Limit(limit) => {
                write!(
                    formatter,
                    "it passes a limit of the executable image ({limit:?})"
                )
            }
        }
    }
}

/// Why a module cannot be run by this engine.
#[derive(Debug)]
pub(crate) enum Error {
    /// It cannot be translated.
    Translate(TranslateError),
    /// The image cannot be loaded.
    Load(LoadError),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Translate(error) => write!(formatter, "{error}"),
            Self::Load(LoadError::Image(rejected)) => write!(
                formatter,
                "the translator made an image that is not sound ({rejected}): report it, and use \
                 --engine wasmi meanwhile"
            ),
            Self::Load(error) => write!(formatter, "{error}"),
        }
    }
}

/// Translates a module to an executable image.
pub(crate) fn translate(wasm: &[u8]) -> Result<Vec<u8>, TranslateError> {
    translate_to_vec(wasm, Options { floats: true }).map_err(|failure| match failure {
        Failure::Rejected(error) => TranslateError::Rejected(error),
        Failure::Backend { error, .. } => TranslateError::Limit(error),
    })
}

/// Translates, verifies and starts a module, within its manifest's limits.
pub(crate) fn load<'s, N>(
    wasm: &[u8],
    manifest: &Manifest<N>,
    storage: &'s mut Storage,
) -> Result<ImageEngine<'s>, Error> {
    let bytes = translate(wasm).map_err(Error::Translate)?;
    storage.image = bytemuck::pod_collect_to_vec(&bytes);
    let image: &[u8] = bytemuck::cast_slice(&storage.image);
    let image = image.get(..bytes.len()).unwrap_or(image);
    // As much as it takes, not as much as there could be: the block is zeroed.
    let words = Image::open(image)
        .map_err(LoadError::Image)
        .and_then(|image| {
            let size = instance_size(&image, manifest, ROOM_WORDS)?;
            let words = size.block_words(&image).unwrap_or(ROOM_WORDS);
            Ok(words.max(image.scratch_bytes().div_ceil(4)))
        })
        .map_err(Error::Load)?;
    storage.block = vec![0; words];
    load::load(image, manifest, &mut storage.block).map_err(Error::Load)
}
