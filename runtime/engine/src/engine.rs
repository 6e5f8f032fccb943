//! The step machine: what the supervisor asks of whatever executes a module.
//!
//! ```text
//!              call(function, arguments)
//!   idle ------------------------------------> ready <-------------+
//!    ^                                          |                  |
//!    |                                          | run(fuel)        | resume(results)
//!    |   Returned, Trapped                      v                  |
//!    +------------------------------------ [ executing ] --> waiting for the host
//!                                               |    HostCall
//!                                               | OutOfFuel: ready again, nothing lost
//!                                               +--> ready
//! ```
//!
//! Devices have no threads to block, so nothing here blocks: a host call comes out as a value and
//! its results go back in whenever they are known, microseconds or days later. An engine keeps its
//! state between steps in itself. The trait knows no allocator: what it hands out borrows from the
//! engine, and how an engine is made (from a file and a heap, from an image and a block of
//! memory) is the engine's own affair.

use crate::{CodePlace, Trap, Value, Values};

/// A function of a module, by a number that is its engine's own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionIndex(pub u32);

/// An imported function of a module, counted in the order of the import section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImportIndex(pub u32);

/// Parameter and result types, each a byte of Wasm's own encoding: see [`ValueType::from_byte`].
///
/// Bytes, so that an engine can hand them out from where they lie.
///
/// [`ValueType::from_byte`]: crate::ValueType::from_byte
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature<'a> {
    /// One byte a parameter.
    pub parameters: &'a [u8],
    /// One byte a result.
    pub results: &'a [u8],
}

/// An imported function: the two names it is asked for by, and its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import<'a> {
    /// The Wasm module that it is imported from.
    pub module: &'a str,
    /// Its name in that module.
    pub name: &'a str,
    /// Its type.
    pub signature: Signature<'a>,
}

/// Where execution stopped, and why.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// The function that was called has returned these results. The engine is idle.
    Returned(Values<'a>),
    /// The module called an import. Nothing runs until [`Engine::resume`] gives its results.
    HostCall {
        /// The import that is called.
        import: ImportIndex,
        /// What it is called with, checked against its type.
        arguments: Values<'a>,
    },
    /// The fuel that is left does not pay for what comes next; none of it was spent on that.
    OutOfFuel {
        /// What the balance has to reach before the next piece can run, in units of fuel.
        needed: u64,
    },
    /// The module did what WebAssembly forbids. The engine is idle; memory is as it was then.
    Trapped(Trap),
}

/// Why a call or a resumption could not be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallError {
    /// The module has no function of that index.
    NoSuchFunction,
    /// Number or types of the values differ from the function's type.
    WrongValues,
    /// The engine is in another state: a call while one is in progress, or results that no host
    /// call waits for.
    WrongState,
    /// The engine could not keep what it needs for the call.
    OutOfMemory,
}

/// Why an engine could not go on, where neither module nor caller's values are to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// [`Engine::run`] while no call is ready to run.
    NothingToRun,
    /// The engine found its own state inconsistent: a fault of the engine.
    LogicBug,
}

/// Executes one instance of one module, step by step.
///
/// An implementor keeps to these rules, which the tests of the project check for each engine:
///
/// - the same module, arguments and host results give the same steps, memory and fuel;
/// - fuel counts the same however it is sliced: `run(1)` many times or `run(1_000)` once;
/// - no step takes longer than its fuel allows, whatever the module does.
pub trait Engine {
    /// Returns the import of that index, or nothing past the last one.
    fn import(&self, index: ImportIndex) -> Option<Import<'_>>;

    /// Returns the function that is exported by that name.
    fn exported_function(&self, name: &str) -> Option<FunctionIndex>;

    /// Returns the type of a function.
    fn signature(&self, function: FunctionIndex) -> Option<Signature<'_>>;

    /// Returns the module's start function, which is to be called before any other.
    ///
    /// It is a call like any: it may wait for the host, run out of fuel or trap.
    fn start_function(&self) -> Option<FunctionIndex>;

    /// Prepares a call; nothing runs yet.
    ///
    /// # Errors
    ///
    /// Where the function does not exist, the arguments do not fit its type, a call is already in
    /// progress, or there is no room for it. The engine is then as it was.
    fn call(&mut self, function: FunctionIndex, arguments: &[Value]) -> Result<(), CallError>;

    /// Adds fuel to the balance and runs until the call returns, calls the host, needs more fuel
    /// than there is, or traps.
    ///
    /// # Errors
    ///
    /// Where no call is ready to run, or the engine is broken.
    fn run(&mut self, fuel: u64) -> Result<Step<'_>, Fault>;

    /// Gives the results of the host call that the module waits for; nothing runs yet.
    ///
    /// # Errors
    ///
    /// Where no host call is waited for, or the results do not fit its type. The engine is then
    /// as it was.
    fn resume(&mut self, results: &[Value]) -> Result<(), CallError>;

    /// Gives up the call in progress, if there is one. The engine is idle; memory stays as it is.
    fn abandon(&mut self);

    /// Returns where the call in progress stands, or where the last one trapped, the innermost
    /// function first. Nothing where the engine keeps no such record (wasmi does not), or is idle.
    ///
    /// Of a sized engine, so that one of several can be chosen when a program runs (`dyn Engine`).
    fn backtrace(&self) -> impl Iterator<Item = CodePlace> + '_
    where
        Self: Sized,
    {
        core::iter::empty()
    }

    /// Returns the first memory's bytes, empty where the module has none.
    fn memory(&self) -> &[u8];

    /// Returns the first memory's bytes for writing, empty where the module has none.
    fn memory_mut(&mut self) -> &mut [u8];

    /// Returns the units of fuel that are left of what [`Engine::run`] was given.
    fn fuel_left(&self) -> u64;

    /// Returns the units of fuel that were charged since the instance was made.
    fn fuel_used(&self) -> u64;
}
