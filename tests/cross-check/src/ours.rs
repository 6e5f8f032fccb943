//! A call on Mote's engine, and what it asked of the host.

use mote_engine::{Engine, FunctionIndex, ImageEngine, Step, TrapKind, Value};
use mote_engine_suite::Random;

use crate::values::{Twin, twin};

/// Fuel of a call: what generated modules do in a moment, or never.
const FUEL: u64 = 200_000;

/// Most host calls of a call.
const HOST_CALLS_MAX: usize = 500;

/// A host call: which, with what, and what it was answered.
pub(crate) struct HostCall {
    pub(crate) import: u32,
    pub(crate) arguments: Vec<Value>,
    pub(crate) results: Vec<Twin>,
}

/// How a call ended.
pub(crate) type Outcome = Result<Vec<Value>, TrapKind>;

/// Calls a function. Returns nothing where it comes to a limit, which other engines have elsewhere.
pub(crate) fn call(
    engine: &mut ImageEngine<'_>,
    function: FunctionIndex,
    arguments: &[Value],
    random: &mut Random,
) -> Option<(Outcome, Vec<HostCall>)> {
    let called = engine.call(function, arguments);
    called.expect("arguments of its type are taken");
    let mut calls = Vec::new();
    let mut fuel = FUEL;
    loop {
        match engine.run(fuel).expect("the engine runs") {
            Step::Returned(values) => return Some((Ok(values.collect()), calls)),
            Step::Trapped(trap) if trap.kind == TrapKind::StackOverflow => return None,
            Step::Trapped(trap) => return Some((Err(trap.kind), calls)),
            Step::OutOfFuel { .. } => return None,
            Step::HostCall { import, arguments } => {
                let arguments = arguments.collect();
                if calls.len() == HOST_CALLS_MAX {
                    return None;
                }
                let types = engine.import(import).expect("it is imported").signature;
                let types = types.results.to_vec();
                let results: Vec<_> = types.iter().map(|&byte| twin(random, byte)).collect();
                let own: Vec<_> = results.iter().map(|result| result.ours).collect();
                let resumed = engine.resume(&own);
                resumed.expect("results of its type are taken");
                calls.push(HostCall {
                    import: import.0,
                    arguments,
                    results,
                });
                // What is left has to do.
                fuel = 0;
            }
        }
    }
}
