//! An instance: one module at work, from its first instruction to its end.
//!
//! ```text
//!            poll                       poll, when it is time
//!   Runnable ----> host call waits? --> Waiting ----> Runnable ...  Ended
//! ```
//!
//! Polled like a future and just as non-blocking: each poll runs at most one slice of fuel, does
//! at most one host call, and comes back. Many instances can share a core that way.

use heapless::{Deque, Vec};
use mote_abi::{Event, EventKind, HostFunction};
use mote_engine::{CallError, Engine, Fault, FunctionIndex, ImportIndex, Step, Trap, Value};
use mote_traits::Board;

use crate::capability::Table;
use crate::host_call::{self, Answer, CallFault, Context};
use crate::link::Links;
use crate::report::{
    ARGUMENTS_MAX, CallRecord, CallValues, Observer, Report, VALUES_MAX, WireValue, WireValues,
};

/// Events that are kept for a module until it fetches them.
const EVENTS_MAX: usize = 8;

/// How a module's call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It returned: [`Instance::results`] has what.
    Returned,
    /// It returned more values than [`VALUES_MAX`].
    TooManyResults,
    /// It trapped.
    Trapped(Trap),
    /// It gave a host function a range of bytes that is not in its memory.
    BadPointer {
        /// The host function.
        function: HostFunction,
        /// The first byte.
        pointer: u32,
        /// How many bytes.
        length: u32,
        /// How many bytes of memory the module has.
        memory_bytes: usize,
    },
    /// It needs more fuel than its limit leaves.
    OutOfFuel {
        /// The limit.
        limit: u64,
    },
    /// The engine or this runtime is broken.
    Fault(Fault),
}

/// What an instance waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Nothing: poll it again.
    Runnable,
    /// The clock, or an event, or both.
    Waiting {
        /// When to poll it again at the latest; nothing where only an event helps.
        deadline_us: Option<u64>,
    },
    /// Nothing any more.
    Ended(End),
}

/// What a parked host call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    Clock { deadline_us: u64 },
    Event { deadline_us: Option<u64> },
}

/// A host call in progress: kept until it is answered, since only then is it reported.
#[derive(Clone, Debug)]
struct PendingCall {
    function: HostFunction,
    arguments: CallValues,
}

/// One module at work.
#[derive(Debug)]
pub struct Instance<'a, E> {
    engine: E,
    name: &'a str,
    table: Table<'a>,
    links: Links,
    events: Deque<Event, EVENTS_MAX>,
    events_lost: u32,
    parked: Option<(PendingCall, Wait)>,
    results: WireValues,
    fuel_limit: Option<u64>,
    /// What the balance has to reach for the next piece to run.
    fuel_wanted: u64,
    /// Whether its call ended in the middle. The engine still stands there, to be looked at.
    over: bool,
}

impl<'a, E: Engine> Instance<'a, E> {
    /// Makes an instance of an engine that holds a module, and what its imports are; it holds nothing yet:
    /// see [`Self::table_mut`]. `fuel_limit` bounds all that it may use, in the engine's units.
    pub fn new(engine: E, name: &'a str, links: Links, fuel_limit: Option<u64>) -> Self {
        Self {
            engine,
            name,
            table: Table::new(),
            links,
            events: Deque::new(),
            events_lost: 0,
            parked: None,
            results: Vec::new(),
            fuel_limit,
            fuel_wanted: 0,
            over: false,
        }
    }

    /// Prepares a call of one of the module's functions.
    ///
    /// # Errors
    ///
    /// As [`Engine::call`].
    pub fn call(&mut self, function: FunctionIndex, arguments: &[Value]) -> Result<(), CallError> {
        if core::mem::take(&mut self.over) {
            self.engine.abandon();
        }
        self.engine.call(function, arguments)
    }

    /// Returns the engine, to be looked at.
    pub const fn engine(&self) -> &E {
        &self.engine
    }

    /// Returns what the last call that returned did return.
    pub fn results(&self) -> &WireValues {
        &self.results
    }

    /// Returns what the module holds, to be filled before it runs.
    pub const fn table_mut(&mut self) -> &mut Table<'a> {
        &mut self.table
    }

    /// Returns what the module holds.
    pub const fn table(&self) -> &Table<'a> {
        &self.table
    }

    /// Tells whether the module waits for an event, hence would hear of one.
    pub const fn waits_for_event(&self) -> bool {
        matches!(self.parked, Some((_, Wait::Event { .. })))
    }

    /// Takes a capability away, from outside, while the module runs or waits; its holder is told
    /// by an event. Returns whether the module has one of that name.
    pub fn revoke(&mut self, name: &str) -> bool {
        match self.table.revoke(name) {
            None => false,
            Some(None) => true,
            Some(Some(handle)) => {
                let subject = handle.to_i32().cast_unsigned();
                self.post(Event {
                    kind: EventKind::CapabilityRevoked,
                    subject,
                });
                true
            }
        }
    }

    /// Tells the module something.
    pub fn post(&mut self, event: Event) {
        if self.events.push_back(event).is_err() {
            self.events_lost = self.events_lost.saturating_add(1);
        }
    }

    fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        // Told last, since what was lost came after what was kept.
        let subject = core::mem::take(&mut self.events_lost);
        (subject > 0).then_some(Event {
            kind: EventKind::EventsLost,
            subject,
        })
    }

    /// Runs the module for a slice of fuel at the most, or until it waits or ends.
    pub fn poll<B: Board>(
        &mut self,
        board: &mut B,
        observer: &mut impl Observer,
        slice_fuel: u64,
    ) -> Poll {
        let Some((call, wait)) = self.parked.take() else {
            return self.step(board, observer, slice_fuel);
        };
        if let Some(value) = self.answer_of(wait, board) {
            return self.deliver(call, value, board, observer);
        }
        self.parked = Some((call, wait));
        Poll::Waiting {
            deadline_us: match wait {
                Wait::Clock { deadline_us } => Some(deadline_us),
                Wait::Event { deadline_us } => deadline_us,
            },
        }
    }

    /// Returns the answer of a parked call, if it is time.
    fn answer_of<B: Board>(&mut self, wait: Wait, board: &mut B) -> Option<Value> {
        let passed = |board: &mut B, deadline_us| board.now_us() >= deadline_us;
        match wait {
            Wait::Clock { deadline_us } => passed(board, deadline_us).then_some(Value::I32(0)),
            Wait::Event { deadline_us } => match self.next_event() {
                Some(event) => Some(Value::I64(event.to_i64())),
                None if deadline_us.is_some_and(|deadline| passed(board, deadline)) => {
                    Some(Value::I64(0))
                }
                None => None,
            },
        }
    }

    /// Gives a host call its answer, and tells of it.
    #[inline(never)]
    fn deliver<B: Board>(
        &mut self,
        call: PendingCall,
        measured: Value,
        board: &mut B,
        observer: &mut impl Observer,
    ) -> Poll {
        let value = if call.function.is_input() {
            observer.answer(call.function, measured)
        } else {
            measured
        };
        observer.report(&Report::Call(CallRecord {
            module: self.name,
            function: call.function.number(),
            arguments: call.arguments,
            result: value.into(),
            time_us: board.now_us(),
            fuel_used: self.engine.fuel_used(),
        }));
        match self.engine.resume(&[value]) {
            Ok(()) => Poll::Runnable,
            Err(_) => Poll::Ended(End::Fault(Fault::LogicBug)),
        }
    }

    /// Runs the engine for one slice, and does the host call that ends it, if one does.
    #[inline(never)]
    fn step<B: Board>(
        &mut self,
        board: &mut B,
        observer: &mut impl Observer,
        slice_fuel: u64,
    ) -> Poll {
        let used_before = self.engine.fuel_used();
        let fuel = self.fuel_to_add(slice_fuel);
        let stop = match self.engine.run(fuel) {
            Ok(Step::HostCall { import, arguments }) => {
                Stop::HostCall(import, arguments.take(ARGUMENTS_MAX).collect())
            }
            Ok(Step::Returned(values)) if values.len() > VALUES_MAX => {
                Stop::End(End::TooManyResults)
            }
            Ok(Step::Returned(values)) => {
                self.results = values.map(WireValue::from).collect();
                Stop::End(End::Returned)
            }
            Ok(Step::OutOfFuel { needed }) => Stop::OutOfFuel { needed },
            Ok(Step::Trapped(trap)) => Stop::End(End::Trapped(trap)),
            Err(fault) => Stop::End(End::Fault(fault)),
        };
        board.computed(self.engine.fuel_used().saturating_sub(used_before));
        match stop {
            Stop::End(end) => Poll::Ended(end),
            Stop::OutOfFuel { needed } => self.refuel(needed),
            Stop::HostCall(import, arguments) => {
                self.fuel_wanted = 0;
                let link = usize::try_from(import.0)
                    .ok()
                    .and_then(|i| self.links.get(i));
                match link {
                    Some(&function) => self.host_call(function, &arguments, board, observer),
                    None => Poll::Ended(End::Fault(Fault::LogicBug)),
                }
            }
        }
    }

    /// Returns what to add to the balance so that it reaches a slice, or what the next piece of
    /// the module costs if that is more, but never passes the limit.
    fn fuel_to_add(&self, slice_fuel: u64) -> u64 {
        let left = self.engine.fuel_left();
        // Topped up to a slice, not by a slice: what a host call left over must not pile up.
        let wanted = slice_fuel.max(self.fuel_wanted).saturating_sub(left);
        match self.fuel_limit {
            None => wanted,
            Some(limit) => {
                let given = self.engine.fuel_used().saturating_add(left);
                wanted.min(limit.saturating_sub(given))
            }
        }
    }

    fn refuel(&mut self, needed: u64) -> Poll {
        if let Some(limit) = self.fuel_limit {
            let reachable = limit.saturating_sub(self.engine.fuel_used());
            if needed > reachable {
                self.over = true;
                return Poll::Ended(End::OutOfFuel { limit });
            }
        }
        self.fuel_wanted = needed;
        Poll::Runnable
    }

    #[inline(never)]
    fn host_call<B: Board>(
        &mut self,
        function: HostFunction,
        arguments: &[Value],
        board: &mut B,
        observer: &mut impl Observer,
    ) -> Poll {
        let context = Context {
            module: self.name,
            table: &mut self.table,
            memory: self.engine.memory(),
            board,
        };
        let answer = host_call::call(function, arguments, context, observer);
        let arguments = arguments.iter().copied().map(WireValue::from).collect();
        let call = PendingCall {
            function,
            arguments,
        };
        match answer {
            Ok(Answer::Now(value)) => self.deliver(call, value, board, observer),
            Ok(Answer::At { deadline_us }) => {
                self.parked = Some((call, Wait::Clock { deadline_us }));
                Poll::Runnable
            }
            Ok(Answer::OnEvent { deadline_us }) => {
                self.parked = Some((call, Wait::Event { deadline_us }));
                Poll::Runnable
            }
            Err(fault) => {
                self.over = true;
                Poll::Ended(match fault {
                    CallFault::BadPointer { pointer, length } => End::BadPointer {
                        function,
                        pointer,
                        length,
                        memory_bytes: self.engine.memory().len(),
                    },
                    CallFault::LogicBug => End::Fault(Fault::LogicBug),
                })
            }
        }
    }
}

/// A step's outcome, with nothing of the engine borrowed.
enum Stop {
    HostCall(ImportIndex, Vec<Value, ARGUMENTS_MAX>),
    OutOfFuel { needed: u64 },
    End(End),
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
