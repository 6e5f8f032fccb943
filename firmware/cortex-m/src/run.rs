//! A firmware's whole run: from hello to the end of the one module that the bundle holds.

use core::fmt::Display;
use core::sync::atomic::{AtomicUsize, Ordering};

use mote_cortex_m::bundle_region;
use mote_engine::Engine;
use mote_supervisor::bundle::{self, Contents, PayloadKind};
use mote_supervisor::manifest::Manifest;
use mote_supervisor::policy::Policy;
use mote_supervisor::{load, session};
use mote_traits::Board;

use crate::line::Write;
use crate::{failure, report};

/// What a firmware is made of beside its board and its engine.
#[derive(Clone, Copy, Debug)]
pub struct Firmware {
    /// What modules may have: a policy in postcard.
    pub policy: &'static [u8],
    /// Sends bytes on the serial line. Called after a failure too, so it counts on nothing that
    /// somebody may have borrowed.
    pub write: Write,
}

/// The engine of a firmware, as reports tell of it.
#[derive(Clone, Copy, Debug)]
pub struct EngineDescription {
    /// Its name.
    pub name: &'static str,
    /// What it executes.
    pub payload_kind: PayloadKind,
    /// Returns the most bytes of RAM that it took for modules at a time.
    pub ram_used_bytes: fn() -> usize,
    /// How many there are.
    pub ram_bytes: usize,
}

/// Runs the bundle's module on Mote's own engine, in a block of RAM, until it ends; tells all of it,
/// then rests for ever.
pub fn run_image<B: Board>(firmware: &Firmware, board: &mut B, block: &'static mut [u32]) -> ! {
    static USED: AtomicUsize = AtomicUsize::new(0);
    let engine = EngineDescription {
        name: load::NAME,
        payload_kind: PayloadKind::Image,
        ram_used_bytes: || USED.load(Ordering::Relaxed),
        ram_bytes: size_of_val(block),
    };
    run(firmware, engine, board, |image, manifest| {
        load::load(image, manifest, block)
            .inspect(|engine| USED.store(engine.block_bytes(), Ordering::Relaxed))
    })
}

/// Runs the bundle's module until it ends, and tells all of it; then rests for ever.
///
/// `load` makes the engine, of the payload and within the manifest's limits.
pub fn run<B, E, F>(
    firmware: &Firmware,
    engine: EngineDescription,
    board: &mut B,
    load: impl FnOnce(&'static [u8], &Manifest<&str>) -> Result<E, F>,
) -> !
where
    B: Board,
    E: Engine,
    F: Display,
{
    failure::set_up(firmware.write);
    let mut reporter = report::set_up(firmware.write, board.description(), engine);
    let Some(policy) = read_policy(firmware.policy) else {
        failure::end("the firmware's policy is malformed: build the firmware anew");
    };
    let mut contents = Contents::default();
    let payload = match bundle::read(bundle_region(), &mut contents) {
        Err(error) => failure::end(error.message()),
        Ok(payload) => payload,
    };
    let Contents {
        manifest,
        options,
        payload_kind,
    } = &contents;
    if *payload_kind != engine.payload_kind {
        failure::end(engine.payload_kind.wanted());
    }
    let plan = session::Plan {
        manifest,
        policy: &policy,
        options,
    };
    let load = |manifest: &Manifest<&str>| load(payload, manifest);
    session::run(board, plan, load, &mut reporter);
    failure::stop();
}

/// Reads a policy, in a frame of its own: what that takes of the stack is free again afterwards.
#[inline(never)]
fn read_policy(bytes: &'static [u8]) -> Option<Policy<'static>> {
    postcard::from_bytes(bytes).ok()
}
