//! Translation with a heap: every buffer as large as the module can make use of.
//!
//! For hosts. A device gives its own buffers, which are its limits.

use alloc::vec;
use alloc::vec::Vec;

use mote_image::FunctionRecord;
use mote_translate::{Control, Entry, Failure, LocalRun, Options, translate};

use crate::{Buffers, Fixup, ImageBackend, Limit, Memory, Output};

/// Blocks that may be nested; real modules nest 3,500.
const NESTING_MAX: usize = 8_192;

/// Runs of locals of one type in one function; one declaration makes one.
const LOCAL_RUNS_MAX: usize = 60_000;

/// Translates a module into an image.
///
/// # Errors
///
/// Where the module is rejected, or passes a limit of the image's format.
pub fn translate_to_vec(wasm: &[u8], options: Options) -> Result<Vec<u8>, Failure<Limit>> {
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
    let empty = FunctionRecord {
        code: 0,
        fuel: 0,
        frame_words: 0,
        link: 0,
        type_index: 0,
    };
    let mut functions = vec![empty; length];
    let mut words = vec![0; times(2, 0)];
    let mut image = vec![0; times(24, 200_000)];
    let mut output = Memory::new(&mut image);
    let image_buffers = Buffers {
        code: &mut code,
        fixups: &mut fixups,
        functions: &mut functions,
        words: &mut words,
    };
    let mut backend = ImageBackend::new(&mut output, image_buffers);
    translate(wasm, options, buffers, &mut backend)?;
    let length = output.written().len();
    image.truncate(length);
    Ok(image)
}
