//! Traps: what WebAssembly forbids, and where it happened.
//!
//! A trap is the module's fault and ends its call, never the device's work.

/// What the module did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TrapKind {
    /// An `unreachable` instruction was executed.
    Unreachable = 0,
    /// A load, store, copy, fill or data segment outside of the memory.
    MemoryOutOfBounds,
    /// A table access, copy, fill or element segment outside of the table.
    TableOutOfBounds,
    /// An indirect call through an empty table entry.
    IndirectCallToNull,
    /// An indirect call of a function that has another type.
    IndirectCallTypeMismatch,
    /// An integer division by zero.
    IntegerDivideByZero,
    /// An integer division or conversion whose result does not fit.
    IntegerOverflow,
    /// A conversion of a float that is not a number, or too large, to an integer.
    InvalidConversionToInteger,
    /// Calls nested deeper than the stack allows.
    StackOverflow,
    /// The memory or table could not be made as large as the module needs it to go on.
    OutOfMemory,
}

impl TrapKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 10] = [
        Self::Unreachable,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::IndirectCallToNull,
        Self::IndirectCallTypeMismatch,
        Self::IntegerDivideByZero,
        Self::IntegerOverflow,
        Self::InvalidConversionToInteger,
        Self::StackOverflow,
        Self::OutOfMemory,
    ];

    /// Returns the number that stands for the kind in a report.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the kind of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Returns the trap in the words that WebAssembly's test suite uses, where it has any.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable executed",
            Self::MemoryOutOfBounds => "out of bounds memory access",
            Self::TableOutOfBounds => "out of bounds table access",
            Self::IndirectCallToNull => "uninitialized element called",
            Self::IndirectCallTypeMismatch => "indirect call type mismatch",
            Self::IntegerDivideByZero => "integer divide by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::InvalidConversionToInteger => "invalid conversion to integer",
            Self::StackOverflow => "call stack exhausted",
            Self::OutOfMemory => "out of memory",
        }
    }
}

/// A place in the code that an engine executes.
///
/// Where that is in the WebAssembly is for who has the image's symbols to find out: a device does
/// without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodePlace {
    /// The function, in the module's function index space.
    pub function: u32,
    /// Bytes from the start of the image's code to the instruction; of a function that waits for
    /// one that it called, to some place in the call.
    pub code_offset: u32,
}

/// A trap, and where it happened if the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trap {
    /// What the module did.
    pub kind: TrapKind,
    /// Where: the first place of [`Engine::backtrace`](crate::Engine::backtrace). Nothing where
    /// the engine keeps no such record (wasmi does not).
    pub place: Option<CodePlace>,
}

impl From<TrapKind> for Trap {
    fn from(kind: TrapKind) -> Self {
        Self { kind, place: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trap_kind_number_round_trips() {
        for (number, kind) in TrapKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.number()), number);
            assert_eq!(TrapKind::from_number(kind.number()), Some(kind));
            assert!(!kind.message().is_empty());
        }
        assert_eq!(TrapKind::from_number(10), None);
    }
}
