//! Tells of each instruction before it runs: where it is, what it is, and the last result.
//!
//! For whoever looks for a fault of the engine or of a translator; it costs a firmware the texts of all
//! instructions, and time beyond all measure where somebody listens.

use mote_image::Instruction;

use crate::context::Context;

/// Tells of the instruction at an address of the code, to the logger, at the level `trace`.
#[inline(never)]
#[cold]
pub(crate) fn about_to_run(context: &Context<'_>, address: usize, acc: u32) {
    if !log::log_enabled!(target: "engine", log::Level::Trace) {
        return;
    }
    let offset = context.code_offset(address);
    let code = usize::try_from(offset)
        .ok()
        .and_then(|offset| context.image.code().get(offset..));
    if let Some(instruction) = code.and_then(Instruction::decode) {
        log::trace!(target: "engine", "{offset:#x}: acc={acc:#x} {instruction}");
    }
}
