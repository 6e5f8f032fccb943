//! Mote's engine: check, verify, start, call.

use mote_engine::{Engine, ImageEngine, InstanceSize, StartError};
use mote_image::{Image, Verified};

use crate::plan::Plan;
use crate::{board, clock, report, run};

pub(crate) fn run(plan: &Plan) {
    let Ok(image) = Image::open(plan.payload) else {
        report::line("no_image");
        return;
    };
    let block = board::block();
    report::number("room", size_of_val(block) as u64);
    let (checked, instructions) = clock::count(|| image.check_crc());
    report::number("check", instructions);
    if checked.is_err() {
        report::line("crc_is_wrong");
        return;
    }
    let Some(verified) = verified(image, block) else {
        report::line("not_verified");
        return;
    };
    let size = InstanceSize {
        stack_words: plan.stack_words,
        memory_bytes: plan.memory_bytes,
        table_entries: 0,
    };
    let words = size.block_words(&image).unwrap_or(usize::MAX);
    let top = board::paint_stack();
    for _ in 1..plan.starts {
        if start(verified, block, size, words).is_none() {
            return;
        }
    }
    let Some(mut engine) = start(verified, block, size, words) else {
        return;
    };
    report::pair("block", words as u64, size_of::<ImageEngine<'_>>() as u64);
    run::run(&mut engine, plan);
    report::number("memory", engine.memory().len() as u64);
    report::number("stack", board::stack_used(top) as u64);
}

#[cfg(feature = "verify")]
fn verified(image: Image<'static>, scratch: &mut [u32]) -> Option<Verified<'static>> {
    let scratch = board::bytes_of(scratch);
    let (verified, instructions) = clock::count(|| mote_image::verify(image, scratch));
    report::number("verify", instructions);
    verified.ok()
}

/// To see what the firmware takes without the verifier: whoever gives the plan has verified.
#[cfg(not(feature = "verify"))]
#[expect(unsafe_code, reason = "it is a promise")]
fn verified(image: Image<'static>, _: &mut [u32]) -> Option<Verified<'static>> {
    // SAFETY: `mote bench` puts images here that it has verified, and nobody writes to them.
    unsafe { Verified::installed(image) }.ok()
}

fn start<'b>(
    image: Verified<'static>,
    block: &'b mut [u32],
    size: InstanceSize,
    words: usize,
) -> Option<ImageEngine<'b>> {
    // It may hold anything; what it holds must not be what a start leaves.
    let garbage = words.min(block.len());
    block.get_mut(..garbage)?.fill(0xdead_beef);
    let (engine, instructions) = clock::count(|| ImageEngine::start(image, block, size));
    report::number("start", instructions);
    match engine {
        Ok(engine) => return Some(engine),
        Err(StartError::Feature) => report::line("feature"),
        Err(StartError::BlockTooSmall(words)) => report::number("too_small", words as u64),
        Err(StartError::TooLarge) => report::line("too_large"),
        Err(StartError::Segment(kind)) => report::number("segment", kind.number().into()),
    }
    None
}
