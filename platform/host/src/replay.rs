//! Replays a recording in the simulator, and shows the first difference.
//!
//! The module runs again and its inputs are answered from the recording (what the clock showed,
//! what pins read, which events came). All else follows from the module, so each host call must
//! be the same as then, wherever that was.

use mote_sim::Pace;
use mote_supervisor::bundle::RunOptions;
use mote_supervisor::policy::Policy;
use mote_traits::BoardDescription;

use crate::boards::Board;
use crate::cli::{EngineName, ReplayArguments};
use crate::exit::{Code, Failure};
use crate::module::Module;
use crate::recording::{self, Recording};
use crate::simulator::{Simulation, simulate};
use crate::terminal;
use crate::trace::{Difference, TraceCall, first_difference};
use crate::watch::{Show, Watch};

/// `mote replay`.
pub(crate) fn replay(arguments: &ReplayArguments) -> Result<Code, Failure> {
    let recording = recording::read(&arguments.recording)?;
    let module = Module::find(&arguments.module, arguments.manifest.as_deref())?;
    let board = Board::find(&recording.board).map_err(|failure| {
        let path = arguments.recording.display();
        Failure::refused(format!(
            "{path}: made on a board that this tool lacks: {failure}"
        ))
    })?;
    let policy = board.read_policy(arguments.policy.as_deref())?;
    let show = if arguments.quiet {
        Show::Nothing
    } else {
        Show::All
    };
    let again = run_again(
        &module,
        board.description(),
        &policy.policy(),
        &recording,
        arguments.engine,
        show,
    )?;
    if let Some(difference) = difference(&recording, &again) {
        terminal::note(&difference);
        return Ok(Code::Different);
    }
    terminal::note(&format!("equal: {} host calls", recording.calls.len()));
    Ok(Code::Success)
}

/// Runs a module on a simulated board with its inputs answered from a recording, for as long as
/// that.
pub(crate) fn run_again(
    module: &Module,
    board: &'static BoardDescription,
    policy: &Policy<'_>,
    recording: &Recording,
    engine: EngineName,
    show: Show,
) -> Result<Watch, Failure> {
    let mut watch = Watch::new(show, board.name, engine.name());
    watch.answer_from(&recording.calls);
    // Where the module ended by itself, one call more than then is a difference to be seen.
    let more = usize::from(!recording.was_stopped());
    watch.end_after(recording.calls.len().saturating_add(more));
    let revocations = heapless::Vec::from_slice(&recording.revocations)
        .map_err(|_| Failure::refused("the recording has too many revocations"))?;
    let simulation = Simulation {
        board,
        policy,
        options: &RunOptions {
            revocations,
            ..RunOptions::default()
        },
        levels: &[],
        pace: Pace::Unbounded,
        engine,
    };
    simulate(module, &simulation, &mut watch);
    Ok(watch)
}

/// Tells the first difference between a recording and the run that repeats it.
pub(crate) fn difference(recording: &Recording, again: &Watch) -> Option<String> {
    if let Some(difference) = first_difference(&recording.calls, &again.trace) {
        return Some(show_difference(&difference, &recording.calls, again));
    }
    let recorded = recording
        .ending
        .as_ref()
        .filter(|_| !recording.was_stopped())?;
    let now = recording::ending_json(again.end.as_ref()?);
    ["ending", "results", "trap"].into_iter().find_map(|key| {
        let (mut then, now) = (recorded.get(key)?.clone(), now.get(key)?);
        // Earlier recordings had places in traps, which no two engines tell alike.
        if let Some(then) = then.as_object_mut() {
            then.retain(|key, _| key != "function" && key != "offset");
        }
        (then != *now).then(|| {
            let calls = recording.calls.len();
            format!("after {calls} equal host calls the runs end differently: {then}, now {now}")
        })
    })
}

fn show_difference(difference: &Difference, recorded: &[TraceCall], again: &Watch) -> String {
    let show = |calls: &[TraceCall], place: usize| {
        calls
            .get(place)
            .map_or_else(|| "(nothing)".to_owned(), |c| c.show(&again.decisions))
    };
    let (place, what) = match difference {
        Difference::At(place) => (*place, "differ"),
        Difference::FirstGoesOn(place) => (*place, "differ: the module ended early"),
        Difference::SecondGoesOn(place) => (*place, "differ: the module goes on"),
    };
    format!(
        "after {place} equal host calls the runs {what}\n  recorded  {}\n  now       {}",
        show(recorded, place),
        show(&again.trace, place)
    )
}
