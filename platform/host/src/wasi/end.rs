//! How a program ended.

use mote_engine::{Trap, TrapKind, Value};
use mote_engine_wasmi::trap_kind;
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};

use super::WasiError;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WasiEnd {
    /// It called `proc_exit`, with this code.
    Exited(u32),
    /// What was called returned these values. For a command (`_start` returns none) that is
    /// success, as exit code 0 is.
    Returned(Vec<Value>),
    /// It did what WebAssembly or WASI forbids.
    Trapped {
        /// What.
        trap: Trap,
        /// What wasi-common says of it, where it was in a WASI call.
        detail: Option<String>,
    },
    /// It used all of its fuel.
    OutOfFuel {
        /// How much it had.
        limit: u64,
    },
}

/// How a program ended, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: WasiEnd,
    /// The fuel that it used, in wasmi's units.
    pub fuel_used: u64,
}

/// What wasi-common's messages begin with where a program gave it a pointer that it must not use
/// (wiggle's `PtrOutOfBounds`, `PtrOverflow`, `PtrNotAligned`). wasmi_wasi passes on the text alone;
/// a test holds this to it.
const POINTER_MESSAGE: &str = "Pointer ";

/// Makes an end of what wasmi calls an error.
pub(super) fn of_error(
    error: wasmi::Error,
    fuel: u64,
    memory_max_bytes: u64,
) -> Result<WasiEnd, WasiError> {
    if let Some(code) = error.i32_exit_status() {
        return Ok(WasiEnd::Exited(code.cast_unsigned()));
    }
    if let Some(code) = error.as_trap_code() {
        return Ok(match trap_kind(code) {
            Some(kind) => trapped(kind, None),
            None => WasiEnd::OutOfFuel { limit: fuel },
        });
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "wasmi's kinds are many and may grow, and all others are faults of ours"
    )]
    match error.kind() {
        ErrorKind::Message(message) if message.starts_with(POINTER_MESSAGE) => Ok(trapped(
            TrapKind::MemoryOutOfBounds,
            Some(message.to_string()),
        )),
        ErrorKind::Message(message) => Err(WasiError::Call(message.to_string())),
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Ok(trapped(TrapKind::TableOutOfBounds, None))
        }
        ErrorKind::Instantiation(InstantiationError::FailedToInstantiateMemory(
            MemoryError::ResourceLimiterDeniedAllocation | MemoryError::OutOfSystemMemory,
        ))
        | ErrorKind::Memory(
            MemoryError::ResourceLimiterDeniedAllocation | MemoryError::OutOfSystemMemory,
        ) => Err(WasiError::MemoryTooLarge { memory_max_bytes }),
        ErrorKind::Instantiation(
            InstantiationError::FailedToInstantiateTable(_) | InstantiationError::TooManyTables,
        )
        | ErrorKind::Table(
            TableError::ResourceLimiterDeniedAllocation | TableError::OutOfSystemMemory,
        ) => Err(WasiError::TableTooLarge {
            tables_max: super::TABLES_MAX,
            elements_max: super::TABLE_MAX_ELEMENTS,
        }),
        _ => Err(WasiError::Internal(error.to_string())),
    }
}

fn trapped(kind: TrapKind, detail: Option<String>) -> WasiEnd {
    WasiEnd::Trapped {
        trap: kind.into(),
        detail,
    }
}
