//! Runs a module on a simulated board.

use mote_engine_wasmi::{Limits, WasmiEngine};
use mote_sim::{Pace, PinChange, ScheduledLevel, SimBoard};
use mote_supervisor::bundle::RunOptions;
use mote_supervisor::manifest::Manifest;
use mote_supervisor::policy::Policy;
use mote_supervisor::session;
use mote_traits::BoardDescription;

use crate::cli::EngineName;
use crate::engine;
use crate::module::Module;
use crate::watch::Watch;

/// What is simulated around the module.
#[derive(Debug)]
pub(crate) struct Simulation<'a> {
    pub(crate) board: &'static BoardDescription,
    pub(crate) policy: &'a Policy<'a>,
    pub(crate) options: &'a RunOptions,
    pub(crate) levels: &'a [ScheduledLevel],
    pub(crate) pace: Pace,
    pub(crate) engine: EngineName,
}

/// Runs a module until it ends. Returns what its outputs did.
pub(crate) fn simulate(
    module: &Module,
    simulation: &Simulation<'_>,
    watch: &mut Watch,
) -> Vec<PinChange> {
    let mut board = SimBoard::new(simulation.board, simulation.pace);
    for level in simulation.levels {
        board.schedule(*level);
    }
    let plan = session::Plan {
        manifest: &module.manifest.borrowed(),
        policy: simulation.policy,
        options: &simulation.options.borrowed(),
    };
    let wasm = &module.wasm;
    match simulation.engine {
        EngineName::Wasmi => {
            session::run(&mut board, plan, |manifest| load(wasm, manifest), watch);
        }
        EngineName::Mote => {
            let mut storage = engine::Storage::default();
            let storage = &mut storage;
            session::run(
                &mut board,
                plan,
                move |manifest| engine::load(wasm, manifest, storage),
                watch,
            );
        }
    }
    board.changes().to_vec()
}

/// Makes wasmi of a module, within its manifest's limits.
fn load(
    wasm: &[u8],
    manifest: &Manifest<&str>,
) -> Result<WasmiEngine, mote_engine_wasmi::Rejected> {
    WasmiEngine::new(
        wasm,
        &Limits {
            memory_max_bytes: manifest.memory_max_bytes,
        },
    )
}
