//! Runs a module on Mote's engine and on wasmi, side by side.

use crate::fuzz::{Came, FUEL, MOST_HOST_CALLS, value};
use crate::{
    Ending, Instance, Kind, NoInstance, Pause, Place, Random, Room, counted, for_wasmi, room_words,
    to_image,
};
use mote_engine::{Engine, ImageEngine, ImportIndex, StartError, Step, TrapKind, Value};
use mote_image::{Export, ExportKind, Verified};
use mote_translate::Failure;
use mote_translate_image::Limit;

/// wasmi counts fuel in its own way: it gets so many times as much.
const FUEL_OF_WASMI: u64 = 30;

/// What differential runs came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Modules that both engines made an instance of.
    pub modules: u32,
    /// Calls that returned on both.
    pub returned: u32,
    /// Calls that trapped on both.
    pub trapped: u32,
    /// Calls of the host.
    pub host_calls: u32,
    /// Calls that ended at a limit which the engines count differently: fuel or stack.
    pub limited: u32,
    /// Modules that neither engine starts, for the same reason.
    pub not_started: u32,
    /// Modules where wasmi does not do what it does once counters are written into them.
    pub doubtful: u32,
}

/// Both engines, with an instance of the same module.
struct Pair<'a> {
    ours: ImageEngine<'a>,
    theirs: Instance,
}

/// How the engines differ, and where.
type Difference = String;

/// Whether a call came to an end.
#[derive(PartialEq, Eq)]
enum Reached {
    End,
    Limit,
}

/// Runs each function of a module on both engines, and compares results, traps, calls of the host,
/// memory and globals. Where a call reaches a limit, what comes after is called on new instances.
///
/// wasmi is not always right (see `reference.rs`), and what it gets wrong depends on what stands side by
/// side in the code. So where they differ it is asked again with the module that counts, where other
/// things stand side by side.
///
/// # Panics
///
/// Where they differ, and wasmi answers the same whichever way it is asked.
pub fn differential(wasm: &[u8], seed: u64, counts: &mut Counts) -> Came {
    let image = match to_image(wasm) {
        Ok(image) => image,
        Err(Failure::Rejected(error)) => panic!("a valid module is refused: {error}"),
        Err(Failure::Backend { error, .. }) => {
            assert!(
                error != Limit::Operand,
                "an instruction that does not exist"
            );
            return Came::Refused;
        }
    };
    let place = Place::of(&image);
    let verified = place.verified().expect("what is translated is verified");
    let plain = for_wasmi(wasm).expect("a valid module can be read");
    let mut tried = *counts;
    match compare(&verified, &plain, seed, &mut tried) {
        Ok(came) => {
            *counts = tried;
            came
        }
        Err(difference) => {
            let counting = counted(wasm).expect("a valid module can be read");
            match compare(&verified, &counting, seed, counts) {
                Ok(came) => {
                    counts.doubtful += 1;
                    came
                }
                // It contradicts itself: what it lost on its stack is whatever was there.
                Err(again) if again != difference => {
                    counts.doubtful += 1;
                    Came::Ran
                }
                Err(_) => panic!("{difference}"),
            }
        }
    }
}

/// Compares what Mote's engine does with an image with what wasmi does with a module.
fn compare(
    verified: &Verified<'_>,
    theirs: &[u8],
    seed: u64,
    counts: &mut Counts,
) -> Result<Came, Difference> {
    let size = room_words(verified.image(), 8192, 1 << 20);
    let words = size.block_words(verified.image()).expect("it is small");
    let mut block = vec![0xdead_beef; words];
    let exports: Vec<_> = verified.image().exports().collect();
    let functions = exports
        .iter()
        .filter(|export| export.kind == ExportKind::Function);
    let mut names: Vec<_> = functions.map(|export| Some(export.name)).collect();
    // The start function has no name.
    names.extend(verified.image().header().start.map(|_| None));
    let mut random = Random::new(seed ^ 0xd1ff);
    let mut is_first = true;
    while is_first || !names.is_empty() {
        let ours = ImageEngine::start(*verified, &mut block, size);
        let other = Instance::new(Kind::Wasmi, theirs, Room::SMALL);
        let mut pair = match (ours, other) {
            (Ok(ours), Ok(theirs)) => Pair { ours, theirs },
            (Err(StartError::Segment(kind)), Err(NoInstance::Trapped(other))) if kind == other => {
                counts.not_started += 1;
                return Ok(Came::Accepted);
            }
            (ours, theirs) => return Err(format!("{:?} and {:?}", ours.err(), theirs.err())),
        };
        counts.modules += u32::from(is_first);
        is_first = false;
        while let Some(name) = names.pop() {
            if pair.call(name, &mut random, counts)? == Reached::Limit {
                counts.limited += 1;
                break;
            }
            pair.compare(&exports)?;
        }
    }
    Ok(Came::Ran)
}

impl Pair<'_> {
    /// Calls an export, or the start function.
    fn call(
        &mut self,
        name: Option<&str>,
        random: &mut Random,
        counts: &mut Counts,
    ) -> Result<Reached, Difference> {
        let function = |engine: &dyn Engine| match name {
            Some(name) => engine.exported_function(name).expect("it is exported"),
            None => engine.start_function().expect("it has one"),
        };
        let (own, other) = (function(&self.ours), function(self.theirs.engine()));
        let types = self.ours.signature(own).expect("it has a type").parameters;
        let arguments = values(random, types);
        let called = self.ours.call(own, &arguments);
        called.expect("it takes the arguments");
        let called = self.theirs.engine_mut().call(other, &arguments);
        called.expect("it takes the arguments");
        let mut fuel = FUEL;
        for _ in 0..=MOST_HOST_CALLS {
            let a = step(&mut self.ours, fuel);
            let b = step(self.theirs.engine_mut(), fuel * FUEL_OF_WASMI);
            if [&a, &b].into_iter().any(is_limit) {
                return Ok(Reached::Limit);
            }
            if a != b {
                return Err(format!("{name:?} with {arguments:x?}: {a:x?}, not {b:x?}"));
            }
            let import = match a {
                Pause::HostCall(import, _) => import,
                Pause::Ended(Ending::Returned(_)) => {
                    counts.returned += 1;
                    return Ok(Reached::End);
                }
                Pause::Ended(_) => {
                    counts.trapped += 1;
                    return Ok(Reached::End);
                }
            };
            counts.host_calls += 1;
            let import = self
                .ours
                .import(ImportIndex(import))
                .expect("it is imported");
            let results = values(random, import.signature.results);
            let resumed = self.ours.resume(&results);
            resumed.expect("the results are accepted");
            let resumed = self.theirs.engine_mut().resume(&results);
            resumed.expect("the results are accepted");
            // What is left has to do.
            fuel = 0;
        }
        Ok(Reached::Limit)
    }

    fn compare(&mut self, exports: &[Export<'_>]) -> Result<(), Difference> {
        if self.ours.memory() != self.theirs.engine().memory() {
            return Err("memory".to_owned());
        }
        for export in exports {
            if let ExportKind::Global(_) = export.kind {
                let own = self.ours.exported_global(export.name).map(alike);
                let other = self.theirs.global(export.name).map(alike);
                if own != other {
                    return Err(format!("global {}: {own:x?}, not {other:x?}", export.name));
                }
            }
        }
        Ok(())
    }
}

const fn is_limit(pause: &Pause) -> bool {
    matches!(
        pause,
        Pause::Ended(Ending::OutOfFuel | Ending::Trapped(TrapKind::StackOverflow))
    )
}

/// Values that mean the same on both engines: references are null.
fn values(random: &mut Random, types: &[u8]) -> Vec<Value> {
    let values = types.iter().filter_map(|&byte| value(random, byte));
    let null = |value| match value {
        Value::FuncRef(_) => Value::FuncRef(None),
        Value::ExternRef(_) => Value::ExternRef(None),
        other => other,
    };
    values.map(null).collect()
}

/// A value as both engines show it: which function a reference is of is not the same.
const fn alike(value: Value) -> Value {
    match value {
        Value::FuncRef(Some(_)) => Value::FuncRef(Some(0)),
        other => other,
    }
}

fn step(engine: &mut dyn Engine, fuel: u64) -> Pause {
    match engine.run(fuel).expect("the engine runs") {
        Step::Returned(values) => Pause::Ended(Ending::Returned(values.map(alike).collect())),
        Step::Trapped(trap) => Pause::Ended(Ending::Trapped(trap.kind)),
        Step::OutOfFuel { .. } => Pause::Ended(Ending::OutOfFuel),
        Step::HostCall { import, arguments } => {
            Pause::HostCall(import.0, arguments.map(alike).collect())
        }
    }
}
