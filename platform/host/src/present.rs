//! What a session's reports say to a person, and which exit code they end with.

use mote_abi::{HostFunction, LogLevel};
use mote_engine::{TrapKind, Value};
use mote_supervisor::grant::{Decision, Refusal};
use mote_supervisor::manifest::Request;
use mote_supervisor::report::{Backtrace, Ending, LinkError, WirePlace};
use serde_json::json;

use crate::duration::show_us;
use crate::exit::Code;
use crate::translation::{Frame, Translation};
use crate::values;

/// How a session ended, kept beyond the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OwnedEnding {
    Returned(Vec<Value>),
    Trapped {
        kind: Option<TrapKind>,
    },
    BadPointer {
        function: String,
        pointer: u32,
        length: u32,
        memory_bytes: u64,
    },
    OutOfFuel {
        limit: u64,
    },
    TimeUp,
    WrongAbi {
        wanted: u16,
    },
    DuplicateCapability,
    CapabilityRefused,
    ImportRefused,
    Rejected {
        message: String,
    },
    NoSuchExport {
        name: String,
    },
    WrongArguments {
        name: String,
    },
    Fault {
        message: String,
    },
}

impl OwnedEnding {
    pub(crate) fn of(ending: &Ending<'_>) -> Self {
        match ending {
            Ending::Returned(values) => {
                Self::Returned(values.iter().filter_map(|value| value.value()).collect())
            }
            Ending::Trapped { .. } => Self::Trapped {
                kind: ending.trap_kind(),
            },
            Ending::BadPointer {
                function,
                pointer,
                length,
                memory_bytes,
            } => Self::BadPointer {
                function: HostFunction::from_number(*function).map_or_else(
                    || format!("function {function}"),
                    |own| own.name().to_owned(),
                ),
                pointer: *pointer,
                length: *length,
                memory_bytes: *memory_bytes,
            },
            Ending::OutOfFuel { limit } => Self::OutOfFuel { limit: *limit },
            Ending::TimeUp => Self::TimeUp,
            Ending::WrongAbi { wanted } => Self::WrongAbi { wanted: *wanted },
            Ending::DuplicateCapability => Self::DuplicateCapability,
            Ending::CapabilityRefused => Self::CapabilityRefused,
            Ending::ImportRefused => Self::ImportRefused,
            Ending::Rejected { message } => Self::Rejected {
                message: (*message).to_owned(),
            },
            Ending::NoSuchExport { name } => Self::NoSuchExport {
                name: (*name).to_owned(),
            },
            Ending::WrongArguments { name } => Self::WrongArguments {
                name: (*name).to_owned(),
            },
            Ending::Fault { message } => Self::Fault {
                message: (*message).to_owned(),
            },
        }
    }

    /// Returns what the tool ends with. Only a module's entry returns an exit code; what another
    /// export returns is a result.
    pub(crate) fn code(&self, entry_is_module: bool) -> Code {
        match self {
            Self::Returned(values) => match values.as_slice() {
                [Value::I32(code)] if entry_is_module => Code::guest(*code),
                _ => Code::Success,
            },
            Self::TimeUp => Code::Success,
            Self::Trapped { .. } | Self::BadPointer { .. } => Code::Trap,
            Self::OutOfFuel { .. } => Code::OutOfFuel,
            Self::WrongAbi { .. }
            | Self::DuplicateCapability
            | Self::CapabilityRefused
            | Self::ImportRefused
            | Self::Rejected { .. } => Code::Refused,
            Self::NoSuchExport { .. } => Code::NotFound,
            Self::WrongArguments { .. } | Self::Fault { .. } => Code::Tool,
        }
    }

    /// Returns what happened and what to do, for a person.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Returned(_) => "ended".to_owned(),
            Self::Trapped { kind } => {
                let kind = kind.map_or("a trap of a newer device", TrapKind::message);
                format!("trapped: {kind}")
            }
            Self::BadPointer {
                function,
                pointer,
                length,
                memory_bytes,
            } => format!(
                "trapped: {function} was given {length} bytes at {pointer:#x}, which are outside \
                 of its memory of {memory_bytes} bytes"
            ),
            Self::OutOfFuel { limit } => {
                format!("out of fuel: {limit} units were not enough; give it more with --fuel")
            }
            Self::TimeUp => "stopped: its time is up".to_owned(),
            Self::WrongAbi { wanted } => format!(
                "refused: it is built for ABI {wanted}, and this runtime has ABI {}; build it with \
                 the SDK of this version",
                mote_abi::VERSION
            ),
            Self::DuplicateCapability => {
                "refused: its manifest names one capability twice".to_owned()
            }
            Self::CapabilityRefused => {
                "refused: it cannot do without what it was not granted (see above); change the \
                 policy, or make the capability optional in its manifest"
                    .to_owned()
            }
            Self::ImportRefused => {
                "refused: it imports what is not there (see above); what modules may import is \
                 listed in runtime/abi/README.md"
                    .to_owned()
            }
            Self::Rejected { message } => format!("refused: {message}"),
            Self::NoSuchExport { name } => {
                format!("not found: it exports no function {name:?}; `mote inspect` lists them")
            }
            Self::WrongArguments { name } => format!(
                "{name:?} has another type: its entry takes nothing and returns nothing or an i32, \
                 and other exports take what they are given with --invoke"
            ),
            Self::Fault { message } => format!("the runtime failed: {message}"),
        }
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let name = match self {
            Self::Returned(_) => "returned",
            Self::Trapped { .. } | Self::BadPointer { .. } => "trap",
            Self::OutOfFuel { .. } => "out-of-fuel",
            Self::TimeUp => "time-up",
            Self::WrongAbi { .. }
            | Self::DuplicateCapability
            | Self::CapabilityRefused
            | Self::ImportRefused
            | Self::Rejected { .. } => "refused",
            Self::NoSuchExport { .. } => "not-found",
            Self::WrongArguments { .. } => "usage",
            Self::Fault { .. } => "fault",
        };
        json!(name)
    }

    /// Returns the trap for a script, or null where it is none.
    pub(crate) fn trap_json(&self) -> serde_json::Value {
        if let Self::Trapped { kind } = self {
            json!({ "kind": kind.map(TrapKind::message) })
        } else if let Self::BadPointer {
            function,
            pointer,
            length,
            memory_bytes,
        } = self
        {
            json!({
                "kind": "pointer outside of memory",
                "host_function": function,
                "pointer": pointer,
                "length": length,
                "memory_bytes": memory_bytes,
            })
        } else {
            serde_json::Value::Null
        }
    }

    /// Returns what was returned for a script, or null where nothing could be.
    pub(crate) fn results_json(&self) -> serde_json::Value {
        match self.results() {
            Some(results) => results
                .iter()
                .map(|&value| values::to_json(value))
                .collect(),
            None => serde_json::Value::Null,
        }
    }

    fn results(&self) -> Option<&[Value]> {
        if let Self::Returned(results) = self {
            Some(results)
        } else {
            None
        }
    }

    /// Returns the exit code of a module's entry, before it is fitted into a shell's, or nothing
    /// where the module did not end by itself.
    pub(crate) fn exit_code(&self) -> Option<i32> {
        match self.results()? {
            [Value::I32(code)] => Some(*code),
            _ => Some(0),
        }
    }
}

/// Where a module stood when it ended, kept beyond the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnedBacktrace {
    /// The innermost functions, that which ran first.
    pub(crate) frames: Vec<Frame>,
    /// How many more there are.
    pub(crate) more: u32,
}

impl OwnedBacktrace {
    pub(crate) fn of(backtrace: &Backtrace) -> Self {
        Self {
            frames: backtrace.places.iter().copied().map(Frame::of).collect(),
            more: backtrace.more,
        }
    }

    /// Adds names and places in the Wasm file, where there are any.
    pub(crate) fn explain(&mut self, translation: &Translation) {
        let place = |frame: &Frame| WirePlace {
            function: frame.function,
            code_offset: frame.code_offset,
        };
        let places: Vec<WirePlace> = self.frames.iter().map(place).collect();
        self.frames = translation.frames(&places);
    }

    /// Writes where it stood: first the function that ran, then those that wait for it.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for frame in &self.frames {
            let how = if lines.is_empty() {
                "in function"
            } else {
                "called by"
            };
            lines.push(format!("  {how} {frame}"));
        }
        if self.more > 0 {
            lines.push(format!("  and {} more", self.more));
        }
        lines
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let frame = |frame: &Frame| {
            json!({
                "function": frame.function,
                "name": frame.name,
                "offset": frame.wasm_offset,
                "code_offset": frame.code_offset,
            })
        };
        json!({
            "frames": self.frames.iter().map(frame).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

/// Writes what was asked for.
pub(crate) fn request(request: &Request) -> String {
    let mut text = format!("{} ({}", request.name, request.interface.name());
    if let Some(pin) = &request.pin {
        text.push_str(&format!(" {pin}"));
    }
    text.push_str(&format!(", {}", request.rights));
    if let Some(level) = request.log_level() {
        text.push_str(&format!(", up to {}", level.name()));
    }
    text.push(')');
    text
}

/// Writes why something was refused.
pub(crate) fn refusal_reason(decision: &Decision, board: &str) -> Option<String> {
    let request = &decision.request;
    Some(match decision.refusal? {
        Refusal::NoSuchPin => format!(
            "board {board} has no {} pin {:?}",
            request.interface.name(),
            request.pin.as_deref().unwrap_or("")
        ),
        Refusal::NotInPolicy => format!("the policy of board {board} does not grant it"),
        Refusal::RightsNotGranted(rights) => {
            format!("the policy of board {board} does not grant the right to {rights}")
        }
        Refusal::Malformed => "the request makes no sense for its interface".to_owned(),
    })
}

/// Writes that a request was refused, or nothing where it was not.
pub(crate) fn refusal(decision: &Decision, board: &str) -> Option<String> {
    let reason = refusal_reason(decision, board)?;
    let consequence = if decision.request.optional {
        ", which it can do without"
    } else {
        ""
    };
    Some(format!(
        "refused: {}: {reason}{consequence}",
        request(&decision.request)
    ))
}

pub(crate) fn import_refused(module: &str, name: &str, error: LinkError) -> String {
    let reason = match error {
        LinkError::Unknown => "nothing of that name is offered".to_owned(),
        LinkError::WrongType => match HostFunction::from_name(name) {
            Some(function) => {
                let types: Vec<&str> = function.parameters().iter().map(|t| t.name()).collect();
                let result = function.result().name();
                format!(
                    "it is ({}) -> {result}, and asked for as another",
                    types.join(", ")
                )
            }
            None => "it has another type".to_owned(),
        },
        LinkError::TooMany => {
            format!("more than {} imports", mote_supervisor::link::IMPORTS_MAX)
        }
    };
    format!("refused: import {module:?} {name:?}: {reason}")
}

pub(crate) fn revoked(name: &str, found: bool, time_us: u64) -> String {
    if found {
        format!("{name} revoked at {}", show_us(time_us))
    } else {
        format!("nothing to revoke: the module has no capability {name:?}")
    }
}

pub(crate) fn log_line(source: &str, level: u8, message: &str) -> String {
    // A module's text must not move the cursor or pass for another line of the tool's.
    let message: String = message
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    format!("[{}] {source}: {message}", level_word(level))
}

/// Returns a level's word, or a question mark for the number of a newer ABI.
pub(crate) fn level_word(level: u8) -> &'static str {
    LogLevel::from_number(i32::from(level)).map_or("?", LogLevel::name)
}

/// Everything that was asked for and what became of it, for a script.
pub(crate) fn decisions_json(decisions: &[Decision], board: &str) -> serde_json::Value {
    let one = |decision: &Decision| {
        let request = &decision.request;
        json!({
            "name": request.name.as_str(),
            "interface": request.interface.name(),
            "pin": request.pin.as_deref(),
            "rights": request.rights.to_string(),
            "optional": request.optional,
            "granted": decision.refusal.is_none(),
            "reason": refusal_reason(decision, board),
        })
    };
    decisions.iter().map(one).collect()
}
