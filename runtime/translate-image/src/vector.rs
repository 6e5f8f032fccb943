//! Translation with a heap: every buffer as large as the module can make use of.
//!
//! For hosts. A device gives its own buffers, which are its limits.

use alloc::vec;
use alloc::vec::Vec;

use mote_image::Origin;
use mote_translate::{Control, Entry, Failure, LocalRun, Options, translate};

use crate::{Buffers, Fixup, ImageBackend, Limit, Memory, Output};

/// Blocks that may be nested; real modules nest 3,500.
const NESTING_MAX: usize = 8_192;

/// Runs of locals of one type in one function; one declaration makes one.
const LOCAL_RUNS_MAX: usize = 60_000;

/// A module, translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// The image.
    pub image: Vec<u8>,
    /// Its symbols.
    pub symbols: Vec<u8>,
}

/// Translates a module into an image.
///
/// # Errors
///
/// Where the module is rejected, or passes a limit of the image's format.
pub fn translate_to_vec(wasm: &[u8], options: Options) -> Result<Vec<u8>, Failure<Limit>> {
    into_vecs(wasm, options, None)
}

/// Translates a module into an image, which is the same as without symbols, and its symbols.
///
/// # Errors
///
/// As [`translate_to_vec`].
pub fn translate_with_symbols(wasm: &[u8], options: Options) -> Result<Translated, Failure<Limit>> {
    let mut symbols = Vec::new();
    let image = into_vecs(wasm, options, Some(&mut symbols))?;
    Ok(Translated { image, symbols })
}

fn into_vecs(
    wasm: &[u8],
    options: Options,
    mut symbols: Option<&mut Vec<u8>>,
) -> Result<Vec<u8>, Failure<Limit>> {
    // Everything that is counted takes a byte of the module at least, and no instruction becomes
    // more than these factors; small modules get a floor beside them.
    let length = wasm.len().max(4_096);
    let times = |factor: usize, floor: usize| length.saturating_mul(factor).saturating_add(floor);
    let mut index = vec![0; times(2, 0)];
    let mut controls = vec![Control::EMPTY; NESTING_MAX];
    let mut operands = vec![Entry::EMPTY; times(1, 4_096)];
    let mut locals = vec![LocalRun::EMPTY; LOCAL_RUNS_MAX];
    let buffers = mote_translate::Buffers {
        index: &mut index,
        controls: &mut controls,
        operands: &mut operands,
        locals: &mut locals,
    };
    let mut code = vec![0; times(16, 65_536)];
    let mut fixups = vec![Fixup::EMPTY; times(1, 4_096)];
    let mut words = vec![0; times(2, 0)];
    let mut image = vec![0; times(24, 200_000)];
    let mut output = Memory::new(&mut image);
    let image_buffers = Buffers {
        code: &mut code,
        fixups: &mut fixups,
        words: &mut words,
    };
    let mut origins = Vec::new();
    let mut symbols_output = Memory::new(&mut []);
    let mut backend = ImageBackend::new(&mut output, image_buffers);
    if let Some(symbols) = symbols.as_deref_mut() {
        // A byte of Wasm is not known to become more than one entry, of two or three bytes.
        origins.resize(times(1, 4_096), Origin::default());
        symbols.resize(times(8, 65_536), 0);
        symbols_output = Memory::new(symbols);
        backend = backend.with_symbols(&mut symbols_output, &mut origins);
    }
    translate(wasm, options, buffers, &mut backend)?;
    let symbols_length = symbols_output.written().len();
    if let Some(symbols) = symbols {
        symbols.truncate(symbols_length);
    }
    let length = output.written().len();
    image.truncate(length);
    Ok(image)
}
