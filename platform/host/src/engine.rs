//! Mote's own engine on this machine: from a Wasm file, or an image, to an instance.
//!
//! What a device does when a module is installed and started is done here in one go: translate,
//! verify, start. The image and the block live in a [`Storage`] for as long as the engine.

use std::fmt;

use mote_engine::ImageEngine;
use mote_image::Image;
use mote_supervisor::load::{self, LoadError, instance_size};
use mote_supervisor::manifest::Manifest;

use crate::translation::{Refused, Translation, is_image};

/// RAM for a module that the simulated board has, in words. Room for a memory of 64 KiB pages that
/// grows for a while; a device has less, which a manifest can say.
const ROOM_WORDS: usize = 16 << 18;

/// Where an engine's image and block lie.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    translation: Translation,
    block: Vec<u32>,
}

/// Why a module cannot be run by this engine.
#[derive(Debug)]
pub(crate) enum Error {
    /// It cannot be translated.
    Translate(Refused),
    /// The image that was just made of it is not sound: a fault of the translator.
    Translator(mote_image::Rejected),
    /// The image cannot be loaded.
    Load(LoadError),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Translate(error) => write!(formatter, "{error}"),
            Self::Translator(rejected) => write!(
                formatter,
                "the translator made an image that is not sound ({rejected}): report it, and use \
                 --engine wasmi meanwhile"
            ),
            Self::Load(error) => write!(formatter, "{error}"),
        }
    }
}

/// Translates, verifies and starts a module, or verifies and starts an image, within its
/// manifest's limits.
pub(crate) fn load<'s, N>(
    code: &[u8],
    manifest: &Manifest<N>,
    storage: &'s mut Storage,
) -> Result<ImageEngine<'s>, Error> {
    storage.translation = Translation::of(code).map_err(Error::Translate)?;
    let image = storage.translation.bytes();
    let load_error = |error| {
        if let (LoadError::Image(rejected), false) = (error, is_image(code)) {
            Error::Translator(rejected)
        } else {
            Error::Load(error)
        }
    };
    // As much as it takes, not as much as there could be: the block is zeroed.
    let words = Image::open(image)
        .map_err(LoadError::Image)
        .and_then(|image| {
            let size = instance_size(&image, manifest, ROOM_WORDS)?;
            let words = size.block_words(&image).unwrap_or(ROOM_WORDS);
            Ok(words.max(image.scratch_bytes().div_ceil(4)))
        })
        .map_err(load_error)?;
    storage.block = vec![0; words];
    load::load(image, manifest, &mut storage.block).map_err(load_error)
}
