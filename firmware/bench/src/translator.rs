//! The translator as a device runs it: from a Wasm file to an image in what stands for flash, with
//! buffers of fixed sizes on the stack.

use mote_image::crc32_continue;
use mote_translate::{Control, Entry, Failure, LocalRun, Options, translate};
use mote_translate_image::{Buffers, Fixup, ImageBackend, Memory, Output};

use crate::plan::Plan;
use crate::{board, clock, report};

/// Types, functions, globals and so on: see `runtime/translate/README.md`.
const INDEX_WORDS: usize = 128;
/// Nesting of 32 in a function.
const CONTROLS: usize = 33;
const OPERANDS: usize = 96;
const LOCAL_RUNS: usize = 32;
/// The longest function of an image.
const CODE_BYTES: usize = 2048;
/// Labels ahead that branches await at a time.
const FIXUPS: usize = 32;
const FUNCTIONS: usize = 128;
const TYPES: usize = 32;
/// A bit for each function, a word for each type.
const WORDS: usize = FUNCTIONS.div_ceil(32) + TYPES;

/// What the buffers and the back end take. The rest of the stack is the code's.
const BUFFER_BYTES: usize = size_of::<ImageBackend<'_>>()
    + INDEX_WORDS * size_of::<u32>()
    + CONTROLS * size_of::<Control>()
    + OPERANDS * size_of::<Entry>()
    + LOCAL_RUNS * size_of::<LocalRun>()
    + WORDS * size_of::<u32>()
    + CODE_BYTES
    + FIXUPS * size_of::<Fixup>();

pub(crate) fn run(plan: &Plan) {
    let block = board::block();
    let flash = board::bytes_of(block);
    // Erased flash.
    flash.fill(0xff);
    let top = board::paint_stack();
    let (result, instructions) = clock::count(|| work(plan.payload, flash));
    report::number("translate", instructions);
    report::number("buffers", BUFFER_BYTES as u64);
    report::number("stack", board::stack_used(top) as u64);
    match result {
        Ok(length) => {
            let image = flash.get(..length).unwrap_or(&[]);
            report::number("image", length as u64);
            // The host has the same image, and says so by this.
            report::number("crc", crc32_continue(0, image).into());
        }
        Err((offset, limit)) => report::pair("refused", offset.into(), limit),
    }
}

/// Returns the image's length, or where the module is refused and by which rule or limit: rules
/// from 0, limits of the back end from 1,000.
#[inline(never)]
fn work(wasm: &[u8], flash: &mut [u8]) -> Result<usize, (u32, u64)> {
    // Each by itself: a workspace that is returned by value is there twice for a moment.
    let mut index = [0; INDEX_WORDS];
    let mut controls = [Control::EMPTY; CONTROLS];
    let mut operands = [Entry::EMPTY; OPERANDS];
    let mut locals = [LocalRun::EMPTY; LOCAL_RUNS];
    let front = mote_translate::Buffers {
        index: &mut index,
        controls: &mut controls,
        operands: &mut operands,
        locals: &mut locals,
    };
    let mut words = [0; WORDS];
    let mut code = [0; CODE_BYTES];
    let mut fixups = [Fixup::EMPTY; FIXUPS];
    let mut output = Memory::new(flash);
    let buffers = Buffers {
        code: &mut code,
        fixups: &mut fixups,
        words: &mut words,
    };
    let mut backend = ImageBackend::new(&mut output, buffers);
    let options = Options { floats: true };
    match translate(wasm, options, front, &mut backend) {
        Ok(()) => Ok(output.written().len()),
        Err(Failure::Rejected(error)) => Err((error.offset, error.rule as u64)),
        Err(Failure::Backend { offset, error }) => Err((offset, 1_000 + error as u64)),
    }
}
