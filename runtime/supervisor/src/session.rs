//! A session: one module from its bundle to its end, on any board, told by reports.
//!
//! The same function on a device and in the simulator; what differs is the board and the observer.

use heapless::Vec;
use mote_abi::{Event, EventKind};
use mote_engine::{CallError, Engine, FunctionIndex, Value, ValueType};
use mote_traits::Board;

use crate::bundle::{Entry, RunOptions};
use crate::grant;
use crate::instance::{End, Instance, Poll};
use crate::link::{self, Links};
use crate::manifest::Manifest;
use crate::policy::Policy;
use crate::report::{Backtrace, Ending, Observer, Report, VALUES_MAX, WireValue, WireValues};

/// Fuel that a module gets before the runtime looks at anything else, in the engine's units.
///
/// At some ten instructions a unit this is a few milliseconds on a core of 25 MHz.
pub const SLICE_FUEL: u64 = 10_000;

/// How long a module that waits for events may go on after it was asked to stop, in microseconds.
pub const STOP_GRACE_US: u64 = 100_000;

/// What to run, and by whose leave.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// What the module is and asks for.
    pub manifest: &'a Manifest<&'a str>,
    /// What the board's owner grants.
    pub policy: &'a Policy<'a>,
    /// How to run it.
    pub options: &'a RunOptions<&'a str, &'a str>,
}

/// Runs a module on a board until it ends, and reports all of it; [`Report::Ended`] comes last.
///
/// `load` makes the engine; it is called only where the manifest's requests are granted. What it
/// fails with is shown as it is.
pub fn run<B, E, F>(
    board: &mut B,
    plan: Plan<'_>,
    load: impl FnOnce(&Manifest<&str>) -> Result<E, F>,
    observer: &mut impl Observer,
) where
    B: Board,
    E: Engine,
    F: core::fmt::Display,
{
    let Some(engine) = admit(board, plan, load, observer) else {
        return;
    };
    let Some((links, calls)) = connect(board, plan, &engine, observer) else {
        return;
    };
    let name = plan.manifest.name;
    let mut instance = Instance::new(engine, name, links, plan.options.fuel_limit);
    // The same decisions as before, so the names are not twice there.
    let table = instance.table_mut();
    if grant::hold(plan.manifest, plan.policy, board.description(), table).is_ok() {
        drive(board, plan, &mut instance, &calls, observer);
    }
}

/// What is called, in this order: the start function, and what the session is for.
struct Calls {
    start: Option<FunctionIndex>,
    entry: Option<FunctionIndex>,
}

// Each of the larger steps has a frame of its own, for as long as it takes: merged into one they would
// take the stack of all of them together, which the smallest boards have not.

/// Tells what the module is granted, and makes its engine, or tells why there is none.
#[inline(never)]
fn admit<B, E, F>(
    board: &mut B,
    plan: Plan<'_>,
    load: impl FnOnce(&Manifest<&str>) -> Result<E, F>,
    observer: &mut impl Observer,
) -> Option<E>
where
    B: Board,
    E: Engine,
    F: core::fmt::Display,
{
    let Plan {
        manifest, policy, ..
    } = plan;
    if manifest.abi != mote_abi::VERSION {
        let wanted = manifest.abi;
        refuse(board, observer, Ending::WrongAbi { wanted });
        return None;
    }
    let mut fatal = false;
    let decided = grant::decide(manifest, policy, board.description(), |decision| {
        fatal |= decision.is_fatal();
        observer.report(&Report::Decision(decision));
    });
    if decided.is_err() || fatal {
        let ending = if fatal {
            Ending::CapabilityRefused
        } else {
            Ending::DuplicateCapability
        };
        refuse(board, observer, ending);
        return None;
    }
    match load(manifest) {
        Ok(engine) => Some(engine),
        Err(error) => {
            reject(board, observer, &error);
            None
        }
    }
}

/// Finds what the module imports and what is called, and tells that it starts, or why it does not.
#[inline(never)]
fn connect<E: Engine>(
    board: &mut impl Board,
    plan: Plan<'_>,
    engine: &E,
    observer: &mut impl Observer,
) -> Option<(Links, Calls)> {
    let Some(links) = link::link(engine, observer) else {
        refuse(board, observer, Ending::ImportRefused);
        return None;
    };
    match calls(engine, &plan.options.entry) {
        Ok(calls) => {
            observer.report(&Report::Started {
                module: plan.manifest.name,
                version: plan.manifest.version,
            });
            Some((links, calls))
        }
        Err(ending) => {
            refuse(board, observer, ending);
            None
        }
    }
}

#[inline(never)]
fn reject(board: &mut impl Board, observer: &mut impl Observer, error: &impl core::fmt::Display) {
    let mut message = Message::default();
    message.add(error);
    let message = message.text();
    refuse(board, observer, Ending::Rejected { message });
}

#[inline(never)]
fn refuse(board: &mut impl Board, observer: &mut impl Observer, ending: Ending<'_>) {
    observer.report(&Report::Ended {
        ending,
        fuel_used: 0,
        time_us: board.now_us(),
        backtrace: Backtrace::default(),
    });
}

/// Finds what is to be called, and checks its type.
#[inline(never)]
#[expect(clippy::result_large_err, reason = "told at once, once a session")]
fn calls<'a, E: Engine>(engine: &E, entry: &Entry<&'a str>) -> Result<Calls, Ending<'a>> {
    let start = engine.start_function();
    let (name, given): (&str, &[WireValue]) = match entry {
        Entry::Module => (mote_abi::ENTRY, &[]),
        Entry::Export { name, arguments } => (name, arguments),
    };
    let Some(function) = engine.exported_function(name) else {
        // A module may be nothing but its start function.
        let nothing_more = *entry == Entry::Module && start.is_some();
        return if nothing_more {
            Ok(Calls { start, entry: None })
        } else {
            Err(Ending::NoSuchExport { name })
        };
    };
    let Some(signature) = engine.signature(function) else {
        return Err(Ending::Fault {
            message: "the engine knows no type of an exported function",
        });
    };
    // Arguments that are no values are not of the function's types either.
    let given = given.iter().filter_map(|argument| argument.value());
    let given = given.map(|argument| argument.value_type().byte());
    let fits = given.eq(signature.parameters.iter().copied())
        && match entry {
            Entry::Module => {
                signature.results.is_empty() || signature.results == [ValueType::I32.byte()]
            }
            Entry::Export { .. } => signature.results.len() <= VALUES_MAX,
        };
    if !fits {
        return Err(Ending::WrongArguments { name });
    }
    Ok(Calls {
        start,
        entry: Some(function),
    })
}

/// Prepares a call, the entry's with its arguments.
///
/// # Errors
///
/// As [`Engine::call`].
#[inline(never)]
fn call<E: Engine>(
    instance: &mut Instance<'_, E>,
    function: FunctionIndex,
    entry: Option<&Entry<&str>>,
) -> Result<(), CallError> {
    let mut values: Vec<Value, VALUES_MAX> = Vec::new();
    if let Some(Entry::Export { arguments, .. }) = entry {
        values.extend(arguments.iter().filter_map(|argument| argument.value()));
    }
    instance.call(function, &values)
}

/// Makes the calls one after the other, and keeps to the session's schedule meanwhile.
#[inline(never)]
fn drive<B: Board, E: Engine>(
    board: &mut B,
    plan: Plan<'_>,
    instance: &mut Instance<'_, E>,
    calls: &Calls,
    observer: &mut impl Observer,
) {
    let mut schedule = Schedule::new(plan.options);
    let mut end = End::Returned;
    let calls = [
        (calls.start, None),
        (calls.entry, Some(&plan.options.entry)),
    ];
    for (function, entry) in calls {
        let Some(function) = function else { continue };
        if call(instance, function, entry).is_err() {
            let ending = Ending::Fault {
                message: "the engine does not take the call",
            };
            return finish(board, observer, instance, ending);
        }
        end = loop {
            if observer.has_enough() || schedule.keep(board, instance, observer) == TimeUp::Yes {
                return finish(board, observer, instance, Ending::TimeUp);
            }
            match instance.poll(board, observer, SLICE_FUEL) {
                Poll::Runnable => {}
                Poll::Waiting { deadline_us } => {
                    let next = [deadline_us, schedule.next_us()]
                        .into_iter()
                        .flatten()
                        .min();
                    board.rest_until_us(next);
                }
                Poll::Ended(end) => break end,
            }
        };
        if end != End::Returned {
            break;
        }
    }
    let ending = ending_of(end, instance.results());
    finish(board, observer, instance, ending);
}

#[inline(never)]
fn finish<E: Engine>(
    board: &mut impl Board,
    observer: &mut impl Observer,
    instance: &Instance<'_, E>,
    ending: Ending<'_>,
) {
    let fuel_used = instance.engine().fuel_used();
    observer.report(&Report::Ended {
        ending,
        fuel_used,
        time_us: board.now_us(),
        backtrace: Backtrace::of(instance.engine()),
    });
}

#[inline(never)]
fn ending_of(end: End, results: &WireValues) -> Ending<'static> {
    match end {
        End::Returned => Ending::Returned(results.clone()),
        End::TooManyResults => Ending::Fault {
            message: "more results than its type has",
        },
        End::Trapped(trap) => Ending::Trapped {
            kind: trap.kind.number(),
        },
        End::BadPointer {
            function,
            pointer,
            length,
            memory_bytes,
        } => Ending::BadPointer {
            function: function.number(),
            pointer,
            length,
            memory_bytes: u64::try_from(memory_bytes).unwrap_or(u64::MAX),
        },
        End::OutOfFuel { limit } => Ending::OutOfFuel { limit },
        End::Fault(_) => Ending::Fault {
            message: "the engine broke its contract",
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TimeUp {
    Yes,
    No,
}

/// What the session does by the clock: revocations, and its end.
struct Schedule<'a> {
    options: &'a RunOptions<&'a str, &'a str>,
    revoked: [bool; crate::bundle::REVOCATIONS_MAX],
    stop_requested: bool,
}

impl<'a> Schedule<'a> {
    const fn new(options: &'a RunOptions<&'a str, &'a str>) -> Self {
        Self {
            options,
            revoked: [false; crate::bundle::REVOCATIONS_MAX],
            stop_requested: false,
        }
    }

    /// Returns when something is due next.
    fn next_us(&self) -> Option<u64> {
        let revocations = self.options.revocations.iter().zip(&self.revoked);
        let revocation = revocations
            .filter(|(_, done)| !**done)
            .map(|(due, _)| due.at_us)
            .min();
        [revocation, self.end_us()].into_iter().flatten().min()
    }

    fn end_us(&self) -> Option<u64> {
        let grace = if self.stop_requested {
            STOP_GRACE_US
        } else {
            0
        };
        self.options.run_for_us.map(|end| end.saturating_add(grace))
    }

    /// Does what is due.
    fn keep<B: Board, E: Engine>(
        &mut self,
        board: &mut B,
        instance: &mut Instance<'_, E>,
        observer: &mut impl Observer,
    ) -> TimeUp {
        let Some(next_us) = self.next_us() else {
            return TimeUp::No;
        };
        let time_us = board.now_us();
        if time_us < next_us {
            return TimeUp::No;
        }
        for (due, done) in self.options.revocations.iter().zip(&mut self.revoked) {
            if !*done && time_us >= due.at_us {
                *done = true;
                let found = instance.revoke(due.capability);
                if !found {
                    log::warn!(
                        "nothing to revoke: no capability is named {}",
                        due.capability
                    );
                }
                let name = due.capability;
                observer.report(&Report::Revoked {
                    name,
                    found,
                    time_us,
                });
            }
        }
        match self.end_us() {
            Some(end_us) if time_us >= end_us => {
                // Only a module that waits for events would hear of the request.
                if !self.stop_requested && instance.waits_for_event() {
                    self.stop_requested = true;
                    log::debug!("asked to stop; {STOP_GRACE_US} us are left to do so");
                    instance.post(Event {
                        kind: EventKind::StopRequested,
                        subject: 0,
                    });
                    TimeUp::No
                } else {
                    TimeUp::Yes
                }
            }
            Some(_) | None => TimeUp::No,
        }
    }
}

/// An error's words, cut to what a report carries.
#[derive(Default)]
struct Message(heapless::String<200>);

impl Message {
    fn add(&mut self, error: &impl core::fmt::Display) {
        use core::fmt::Write;
        // A text that does not fit is cut below; that is the only way this can fail.
        let _ = write!(self, "{error}");
    }

    fn text(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Write for Message {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let room = self.0.capacity().saturating_sub(self.0.len());
        let fitting = link::cut(text, room);
        self.0.push_str(fitting).map_err(|_| core::fmt::Error)?;
        if fitting.len() == text.len() {
            Ok(())
        } else {
            Err(core::fmt::Error)
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
