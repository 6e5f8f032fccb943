//! Watches a session: keeps what is told, and shows it as it comes.
//!
//! The one place where the reports of the simulator and those of a device come together; what a
//! person or a script sees of either is therefore the same.

use std::collections::VecDeque;

use mote_abi::HostFunction;
use mote_engine::Value;
use mote_supervisor::grant::Decision;
use mote_supervisor::report::{Observer, PROTOCOL_VERSION, Report};

use crate::module::Module;
use crate::present;
use crate::terminal;
use crate::trace::TraceCall;
use crate::translation::Translation;

/// How much is shown while a session runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// Everything: each host call, each message.
    All,
    /// Messages and refusals, and no host calls.
    Messages,
    /// Nothing: all is kept for later.
    Nothing,
}

/// A message that a module wrote to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) module: String,
    pub(crate) level: u8,
    pub(crate) message: String,
}

/// How a session ended; its own copy of what the last report said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) ending: present::OwnedEnding,
    pub(crate) fuel_used: u64,
    pub(crate) time_us: u64,
    /// Where the module stood, unless it returned.
    pub(crate) backtrace: present::OwnedBacktrace,
}

impl End {
    /// Returns what happened and, if it trapped, where.
    pub(crate) fn message(&self) -> String {
        let message = self.ending.message();
        match (&self.ending, self.backtrace.frames.first()) {
            (present::OwnedEnding::Trapped { .. }, Some(frame)) => {
                format!("{message} in function {frame}")
            }
            _ => message,
        }
    }

    /// Returns the lines that follow the message: the rest of where it stood.
    pub(crate) fn further_lines(&self) -> Vec<String> {
        let mut lines = self.backtrace.lines();
        if matches!(self.ending, present::OwnedEnding::Trapped { .. }) && !lines.is_empty() {
            lines.remove(0);
        }
        lines
    }
}

/// Watches a session.
#[derive(Debug)]
pub(crate) struct Watch {
    show: Show,
    /// What the inputs answered in the run that is repeated, if one is.
    answers: Option<VecDeque<(HostFunction, Value)>>,
    /// After how many host calls the session has gone on for long enough, if after any.
    calls_max: Option<usize>,
    pub(crate) board: String,
    pub(crate) engine: String,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) trace: Vec<TraceCall>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) end: Option<End>,
}

impl Watch {
    pub(crate) fn new(show: Show, board: &str, engine: &str) -> Self {
        Self {
            show,
            answers: None,
            calls_max: None,
            board: board.to_owned(),
            engine: engine.to_owned(),
            decisions: Vec::new(),
            trace: Vec::new(),
            log: Vec::new(),
            end: None,
        }
    }

    /// Answers the module's inputs from a trace, in its order.
    pub(crate) fn answer_from(&mut self, trace: &[TraceCall]) {
        let inputs = trace.iter().filter(|call| call.function.is_input());
        self.answers = Some(inputs.map(|call| (call.function, call.result)).collect());
    }

    /// Ends the session after so many host calls.
    pub(crate) fn end_after(&mut self, calls: usize) {
        self.calls_max = Some(calls);
    }

    /// Tells whether the module ended by itself with success, or because its time was up.
    pub(crate) fn ended_well(&self) -> bool {
        let end = self.end.as_ref();
        end.is_some_and(|end| end.ending.code(true).number() == 0)
    }

    /// Looks up where the module stood when it ended. A device's image was translated as this one
    /// is, so its places are those of this one's symbols.
    pub(crate) fn explain(&mut self, module: &Module) {
        if let Some(end) = &mut self.end
            && !end.backtrace.frames.is_empty()
            && let Ok(translation) = Translation::with_symbols(module)
        {
            end.backtrace.explain(&translation);
        }
    }

    fn messages(&self) -> bool {
        self.show != Show::Nothing
    }
}

impl Observer for Watch {
    fn report(&mut self, report: &Report<'_>) {
        match report {
            Report::Hello {
                protocol,
                board,
                engine,
            } => {
                if *protocol != PROTOCOL_VERSION {
                    terminal::note(&format!(
                        "{board} speaks version {protocol} of the protocol, and this tool \
                         {PROTOCOL_VERSION}: what it tells may be misread; flash the firmware again"
                    ));
                }
                self.board = (*board).to_owned();
                self.engine = (*engine).to_owned();
            }
            Report::Decision(decision) => {
                let decision = decision.to_owned();
                if self.messages()
                    && let Some(line) = present::refusal(&decision, &self.board)
                {
                    terminal::note(&line);
                }
                self.decisions.push(decision);
            }
            Report::ImportRefused {
                module,
                name,
                error,
            } => {
                if self.messages() {
                    terminal::note(&present::import_refused(module, name, *error));
                }
            }
            Report::Started { module, version } => {
                if self.show == Show::All {
                    terminal::note(&format!(
                        "{module} {version} starts on {} ({})",
                        self.board, self.engine
                    ));
                }
            }
            Report::Call(record) => {
                if let Some(call) = TraceCall::of(record) {
                    if self.show == Show::All {
                        terminal::out(&call.show(&self.decisions));
                    }
                    self.trace.push(call);
                }
            }
            Report::Log {
                module,
                level,
                message,
            } => {
                if self.messages() {
                    terminal::note(&present::log_line(module, *level, message));
                }
                self.log.push(LogLine {
                    module: (*module).to_owned(),
                    level: *level,
                    message: (*message).to_owned(),
                });
            }
            Report::Revoked {
                name,
                found,
                time_us,
            } => {
                if self.messages() {
                    terminal::note(&present::revoked(name, *found, *time_us));
                }
            }
            Report::Diagnostic {
                level,
                target,
                message,
            } => {
                if self.messages() {
                    terminal::note(&present::log_line(target, *level, message));
                }
            }
            Report::Ended {
                ending,
                fuel_used,
                time_us,
                backtrace,
            } => {
                self.end = Some(End {
                    ending: present::OwnedEnding::of(ending),
                    fuel_used: *fuel_used,
                    time_us: *time_us,
                    backtrace: present::OwnedBacktrace::of(backtrace),
                });
            }
        }
    }

    fn answer(&mut self, function: HostFunction, measured: Value) -> Value {
        let Some(answers) = &mut self.answers else {
            return measured;
        };
        match answers.front() {
            Some((recorded, value)) if *recorded == function => {
                let value = *value;
                answers.pop_front();
                value
            }
            // The run has left the recorded path, which the comparison of traces will tell.
            Some(_) | None => measured,
        }
    }

    fn has_enough(&mut self) -> bool {
        self.calls_max
            .is_some_and(|calls| self.trace.len() >= calls)
    }
}
