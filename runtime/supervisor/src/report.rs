//! Reports: what the runtime tells whoever watches it.
//!
//! The same values whether the runtime is on a device, which sends them as frames over its serial
//! line, or in the simulator, where the tool gets them as they are; so a trace from one can be
//! compared with a trace from the other. A frame is the report in postcard, framed by COBS: a
//! byte 0 ends it, and only that.

use heapless::Vec;
use mote_abi::HostFunction;
use mote_engine::{CodePlace, Engine, TrapKind, Value, ValueType};
use serde::{Deserialize, Serialize};

use crate::grant::Decision;
use crate::manifest::Version;

/// Version of the reports' encoding, the first thing that a device says.
///
/// Changes: 1 is the first; 2 tells with a module's end where it stood.
pub const PROTOCOL_VERSION: u8 = 2;

/// Most arguments of a host call. The ABI's functions have fewer.
pub const ARGUMENTS_MAX: usize = 8;

/// Most values of a call from outside, or of a return, that a report carries.
pub const VALUES_MAX: usize = 16;

/// Most functions of a backtrace that a report carries: the innermost ones.
pub const BACKTRACE_MAX: usize = 8;

/// Longest encoded report with its frame, in bytes.
pub const FRAME_MAX_BYTES: usize = 320;

/// A value as it is written down: the byte of its Wasm type, and its bits.
///
/// A null reference has the bits 2^64 - 1, which no reference has.
///
/// In memory it takes nine bytes, not the sixteen that alignment would make of it: devices hold lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u8, u64)", into = "(u8, u64)")]
pub struct WireValue {
    type_byte: u8,
    bits: [u8; 8],
}

impl From<(u8, u64)> for WireValue {
    fn from((type_byte, bits): (u8, u64)) -> Self {
        Self {
            type_byte,
            bits: bits.to_ne_bytes(),
        }
    }
}

impl From<WireValue> for (u8, u64) {
    fn from(value: WireValue) -> Self {
        (value.type_byte, u64::from_ne_bytes(value.bits))
    }
}

impl core::fmt::Debug for WireValue {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (type_byte, bits) = (*self).into();
        formatter
            .debug_struct("WireValue")
            .field("type_byte", &type_byte)
            .field("bits", &bits)
            .finish()
    }
}

const NULL_BITS: u64 = u64::MAX;

impl From<Value> for WireValue {
    fn from(value: Value) -> Self {
        let bits = match value {
            Value::I32(value) => u64::from(value.cast_unsigned()),
            Value::I64(value) => value.cast_unsigned(),
            Value::F32(bits) => u64::from(bits),
            Value::F64(bits) => bits,
            Value::FuncRef(reference) | Value::ExternRef(reference) => {
                reference.map_or(NULL_BITS, u64::from)
            }
        };
        (value.value_type().byte(), bits).into()
    }
}

impl WireValue {
    /// Returns the value, or nothing where the type byte is none or the bits do not fit it.
    #[must_use]
    pub fn value(self) -> Option<Value> {
        let (type_byte, bits) = self.into();
        let small = u32::try_from(bits);
        let reference = if bits == NULL_BITS {
            Ok(None)
        } else {
            small.map(Some)
        };
        match ValueType::from_byte(type_byte)? {
            ValueType::I32 => small.ok().map(|bits| Value::I32(bits.cast_signed())),
            ValueType::I64 => Some(Value::I64(bits.cast_signed())),
            ValueType::F32 => small.ok().map(Value::F32),
            ValueType::F64 => Some(Value::F64(bits)),
            ValueType::FuncRef => reference.ok().map(Value::FuncRef),
            ValueType::ExternRef => reference.ok().map(Value::ExternRef),
        }
    }
}

/// Values as they are written down.
pub type WireValues = Vec<WireValue, VALUES_MAX>;

/// A host call's arguments as they are written down.
pub type CallValues = Vec<WireValue, ARGUMENTS_MAX>;

/// One host call, told when it is over.
///
/// Two traces are equal where these are: the same module, function, arguments and result, in the
/// same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord<'a> {
    /// The module that called.
    pub module: &'a str,
    /// What it called, by [`HostFunction::number`].
    pub function: u8,
    /// What with.
    pub arguments: CallValues,
    /// What it was answered.
    pub result: WireValue,
    /// The board's clock when the call was answered, in microseconds. Not part of equality between
    /// traces of two boards.
    pub time_us: u64,
    /// The fuel that the module had used by then, in the units of its engine.
    pub fuel_used: u64,
}

impl CallRecord<'_> {
    /// Returns the function that was called, or nothing where the number is of a newer ABI.
    #[must_use]
    pub fn host_function(&self) -> Option<HostFunction> {
        HostFunction::from_number(self.function)
    }
}

/// A place in the code of a module's image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WirePlace {
    /// The function, in the module's function index space.
    pub function: u32,
    /// Bytes from the start of the image's code to the instruction; of a function that waits for
    /// one that it called, to some place in the call.
    pub code_offset: u32,
}

impl From<CodePlace> for WirePlace {
    fn from(place: CodePlace) -> Self {
        Self {
            function: place.function,
            code_offset: place.code_offset,
        }
    }
}

/// Where a module stood when it ended. Empty where it returned, or the engine does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backtrace {
    /// The innermost functions, that which ran first.
    pub places: Vec<WirePlace, BACKTRACE_MAX>,
    /// How many more there are, outside of these.
    pub more: u32,
}

impl Backtrace {
    /// Takes down where an engine stands.
    pub fn of(engine: &impl Engine) -> Self {
        let mut backtrace = Self::default();
        for place in engine.backtrace() {
            if backtrace.places.push(place.into()).is_err() {
                backtrace.more = backtrace.more.saturating_add(1);
            }
        }
        backtrace
    }
}

/// Why an import could not be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkError {
    /// Nothing of that name is offered.
    Unknown,
    /// It is offered with another type.
    WrongType,
    /// It is one too many.
    TooMany,
}

/// Why a module ended, or did not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending<'a> {
    /// Its function returned these values.
    Returned(WireValues),
    /// It trapped.
    Trapped {
        /// What it did, by [`TrapKind::number`].
        kind: u8,
    },
    /// It gave a host function a range of bytes that is not in its memory.
    BadPointer {
        /// The host function, by [`HostFunction::number`].
        function: u8,
        /// The first byte.
        pointer: u32,
        /// How many bytes.
        length: u32,
        /// How many bytes of memory the module has.
        memory_bytes: u64,
    },
    /// It used up all the fuel it was given.
    OutOfFuel {
        /// All that it was given, in the units of its engine.
        limit: u64,
    },
    /// The time that it was given is over.
    TimeUp,
    /// Its manifest is for another ABI.
    WrongAbi {
        /// The one it is for.
        wanted: u16,
    },
    /// Its manifest names one capability twice.
    DuplicateCapability,
    /// A capability was refused that it cannot do without; the decisions said which and why.
    CapabilityRefused,
    /// An import was refused; the reports before said which and why.
    ImportRefused,
    /// The engine does not accept it.
    Rejected {
        /// Why, in the engine's words.
        message: &'a str,
    },
    /// It exports no function of the name that was to be called.
    NoSuchExport {
        /// The name.
        name: &'a str,
    },
    /// The function to be called has another type than the arguments, or than an entry may have.
    WrongArguments {
        /// The function's name.
        name: &'a str,
    },
    /// The runtime could not go on: its own fault, not the module's.
    Fault {
        /// What was found.
        message: &'a str,
    },
}

impl Ending<'_> {
    /// Returns the trap's kind, where it ended by one that this version knows.
    #[must_use]
    pub fn trap_kind(&self) -> Option<TrapKind> {
        if let Self::Trapped { kind } = self {
            TrapKind::from_number(*kind)
        } else {
            None
        }
    }
}

/// Something that the runtime tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report<'a> {
    /// The first thing a device says.
    Hello {
        /// [`PROTOCOL_VERSION`].
        protocol: u8,
        /// The board's name.
        board: &'a str,
        /// The engine's name.
        engine: &'a str,
    },
    /// What became of one request of the manifest.
    #[serde(borrow)]
    Decision(Decision<&'a str>),
    /// An import that cannot be resolved.
    ImportRefused {
        /// The Wasm module that it is imported from, cut at 64 bytes.
        module: &'a str,
        /// Its name, cut at 64 bytes.
        name: &'a str,
        /// Why.
        error: LinkError,
    },
    /// The module is about to run.
    Started {
        /// Its name.
        module: &'a str,
        /// Its version.
        version: Version,
    },
    /// A host call is over.
    Call(CallRecord<'a>),
    /// The module wrote to the log.
    Log {
        /// The module.
        module: &'a str,
        /// [`mote_abi::LogLevel::number`].
        level: u8,
        /// What it wrote.
        message: &'a str,
    },
    /// A capability was revoked.
    Revoked {
        /// Its name.
        name: &'a str,
        /// Whether the module has one of that name.
        found: bool,
        /// The board's clock then, in microseconds.
        time_us: u64,
    },
    /// The runtime itself has something to say: a record of the `log` crate.
    Diagnostic {
        /// [`mote_abi::LogLevel::number`].
        level: u8,
        /// The part of the runtime.
        target: &'a str,
        /// What it says.
        message: &'a str,
    },
    /// The module is no longer running. The last report of a session.
    Ended {
        /// Why.
        ending: Ending<'a>,
        /// The fuel that it used, in the units of its engine.
        fuel_used: u64,
        /// The board's clock then, in microseconds.
        time_us: u64,
        /// Where it stood, unless it returned.
        backtrace: Backtrace,
    },
}

/// Watches a session, and may put recorded answers in the place of the board's.
pub trait Observer {
    /// Is told what happened.
    fn report(&mut self, report: &Report<'_>);

    /// Is asked what an input ([`HostFunction::is_input`]) answers the module: the board's own
    /// answer, unless a replay knows better.
    fn answer(&mut self, function: HostFunction, measured: Value) -> Value {
        let _ = function;
        measured
    }

    /// Is asked, between any two steps, whether the session has gone on for long enough. One that
    /// has ends with [`Ending::TimeUp`].
    fn has_enough(&mut self) -> bool {
        false
    }
}

/// Encodes a report as a frame. Returns the part of the buffer that it takes.
///
/// # Errors
///
/// Where the buffer is too small; [`FRAME_MAX_BYTES`] is enough for every report.
pub fn encode<'b>(report: &Report<'_>, buffer: &'b mut [u8]) -> Result<&'b mut [u8], FrameError> {
    postcard::to_slice_cobs(report, buffer).map_err(|_| FrameError)
}

/// Decodes a frame, with or without the byte 0 at its end, in place.
///
/// # Errors
///
/// Where it is not a frame of a report.
pub fn decode(frame: &mut [u8]) -> Result<Report<'_>, FrameError> {
    postcard::from_bytes_cobs(frame).map_err(|_| FrameError)
}

/// A frame that does not fit its buffer, or is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameError;

impl core::fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("not a report, or too long for one")
    }
}

impl core::error::Error for FrameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_value_round_trips() {
        for value in [
            Value::I32(i32::MIN),
            Value::I64(-1),
            Value::F32(0x7fc0_0000),
            Value::F64(u64::MAX),
            Value::FuncRef(None),
            Value::FuncRef(Some(7)),
            Value::ExternRef(None),
            Value::ExternRef(Some(u32::MAX)),
        ] {
            assert_eq!(WireValue::from(value).value(), Some(value));
        }
        assert_eq!(WireValue::from((0x7b, 0)).value(), None, "v128");
        assert_eq!(WireValue::from((0x7f, 1 << 40)).value(), None, "too large");
    }

    #[test]
    fn longest_report_fits_its_frame() {
        let long_name = core::str::from_utf8(&[b'n'; 32]).unwrap();
        let record = Report::Call(CallRecord {
            module: long_name,
            function: 255,
            arguments: core::iter::repeat_n(Value::I64(-1).into(), ARGUMENTS_MAX).collect(),
            result: Value::I64(-1).into(),
            time_us: u64::MAX,
            fuel_used: u64::MAX,
        });
        let message = [b'm'; mote_abi::LOG_MESSAGE_MAX_BYTES];
        let log = Report::Log {
            module: long_name,
            level: 5,
            message: core::str::from_utf8(&message).unwrap(),
        };
        let place = WirePlace {
            function: u32::MAX,
            code_offset: u32::MAX,
        };
        let ended = Report::Ended {
            ending: Ending::Returned(
                core::iter::repeat_n(Value::I64(-1).into(), VALUES_MAX).collect(),
            ),
            fuel_used: u64::MAX,
            time_us: u64::MAX,
            backtrace: Backtrace {
                places: core::iter::repeat_n(place, BACKTRACE_MAX).collect(),
                more: u32::MAX,
            },
        };
        for report in [record, log, ended] {
            let mut buffer = [0; FRAME_MAX_BYTES];
            let frame = encode(&report, &mut buffer).unwrap();
            assert_eq!(
                frame.iter().filter(|&&byte| byte == 0).count(),
                1,
                "one end, at the end"
            );
            assert_eq!(decode(frame).unwrap(), report);
        }
    }

    #[test]
    fn every_host_function_has_so_few_arguments() {
        for function in HostFunction::ALL {
            assert!(
                function.parameters().len() <= ARGUMENTS_MAX,
                "{}",
                function.name()
            );
        }
    }

    #[test]
    fn decode_rubbish_is_refused() {
        assert_eq!(decode(&mut [0xff; 40]), Err(FrameError));
        assert_eq!(decode(&mut []), Err(FrameError));
        assert_eq!(
            encode(
                &Report::Diagnostic {
                    level: 1,
                    target: "",
                    message: ""
                },
                &mut []
            ),
            Err(FrameError)
        );
    }
}
