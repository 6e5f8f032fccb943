//! Host calls: from an import's number and raw arguments to what an interface does.
//!
//! Every pointer that a guest gives is checked here, and nowhere else.

use mote_abi::{ErrorCode, HostFunction};
use mote_engine::Value;
use mote_traits::Board;

use crate::capability::{Table, clock, gpio, log};
use crate::report::{Observer, Report};

/// What comes of a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is answered.
    Now(Value),
    /// It is answered when the clock shows this.
    At { deadline_us: u64 },
    /// It is answered when an event comes, or when the clock shows this if it ever does.
    OnEvent { deadline_us: Option<u64> },
}

/// Why a host call cannot be answered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallFault {
    /// The bytes that it names are not in the module's memory.
    BadPointer { pointer: u32, length: u32 },
    /// The engine passed other arguments than the import's type has: the engine's fault.
    LogicBug,
}

/// Arguments, taken one by one in the order of the signature.
struct Arguments<'a>(core::slice::Iter<'a, Value>);

impl Arguments<'_> {
    fn i32(&mut self) -> Result<i32, CallFault> {
        match self.0.next() {
            Some(Value::I32(value)) => Ok(*value),
            _ => Err(CallFault::LogicBug),
        }
    }

    fn i64(&mut self) -> Result<i64, CallFault> {
        match self.0.next() {
            Some(Value::I64(value)) => Ok(*value),
            _ => Err(CallFault::LogicBug),
        }
    }

    /// Takes a pointer and a length; returns the bytes that they name in the module's memory.
    fn bytes<'m>(&mut self, memory: &'m [u8]) -> Result<&'m [u8], CallFault> {
        let pointer = self.i32()?.cast_unsigned();
        let length = self.i32()?.cast_unsigned();
        let fault = CallFault::BadPointer { pointer, length };
        // Widened before it is added, so that no sum can wrap.
        let end = u64::from(pointer).saturating_add(u64::from(length));
        let start = usize::try_from(pointer).map_err(|_| fault)?;
        let end = usize::try_from(end).map_err(|_| fault)?;
        memory.get(start..end).ok_or(fault)
    }
}

/// What a host call may touch.
pub(crate) struct Context<'a, 't, B> {
    pub(crate) module: &'a str,
    pub(crate) table: &'a mut Table<'t>,
    pub(crate) memory: &'a [u8],
    pub(crate) board: &'a mut B,
}

/// Does what a module asks for.
pub(crate) fn call<B: Board>(
    function: HostFunction,
    arguments: &[Value],
    context: Context<'_, '_, B>,
    observer: &mut impl Observer,
) -> Result<Answer, CallFault> {
    let Context {
        module,
        table,
        memory,
        board,
    } = context;
    let mut arguments = Arguments(arguments.iter());
    let now = match function {
        HostFunction::CapabilityOpen => {
            let name = arguments.bytes(memory)?;
            i32_of(table.open(name).map(mote_abi::Handle::to_i32))
        }
        HostFunction::CapabilityClose => i32_of(table.close(arguments.i32()?).map(|()| 0)),
        HostFunction::GpioWrite => i32_of(gpio::write(
            table,
            board,
            arguments.i32()?,
            arguments.i32()?,
        )),
        HostFunction::GpioRead => i32_of(gpio::read(table, board, arguments.i32()?)),
        HostFunction::ClockNow => {
            let now = clock::now_us(table, board, arguments.i32()?);
            Value::I64(now.unwrap_or_else(ErrorCode::to_i64))
        }
        HostFunction::ClockSleep => {
            match clock::sleep_us(table, board, arguments.i32()?, arguments.i64()?) {
                Ok(deadline_us) => return Ok(Answer::At { deadline_us }),
                Err(code) => Value::I32(code.to_i32()),
            }
        }
        HostFunction::ClockSleepUntil => {
            match clock::sleep_until_us(table, arguments.i32()?, arguments.i64()?) {
                Ok(deadline_us) => return Ok(Answer::At { deadline_us }),
                Err(code) => Value::I32(code.to_i32()),
            }
        }
        HostFunction::LogWrite => {
            let (handle, level) = (arguments.i32()?, arguments.i32()?);
            let written = log::write(table, handle, level, arguments.bytes(memory)?);
            if let Ok(Some((level, message))) = written {
                let level = level as u8; // the enum's own representation
                observer.report(&Report::Log {
                    module,
                    level,
                    message,
                });
            }
            i32_of(written.map(|_| 0))
        }
        HostFunction::EventNext => {
            let timeout_us = arguments.i64()?;
            let deadline_us = u64::try_from(timeout_us)
                .ok()
                .map(|timeout_us| board.now_us().saturating_add(timeout_us));
            return Ok(Answer::OnEvent { deadline_us });
        }
    };
    Ok(Answer::Now(now))
}

fn i32_of(result: Result<i32, ErrorCode>) -> Value {
    Value::I32(result.unwrap_or_else(ErrorCode::to_i32))
}
