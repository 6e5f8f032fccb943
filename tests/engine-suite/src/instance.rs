//! One instance on either engine: Mote's own, or wasmi behind the same trait.

use crate::{start, to_image, verified};
use mote_engine::{CallError, Engine, ImageEngine, StartError, Step, TrapKind, Value};
use mote_engine_wasmi::{Limits, Rejected, WasmiEngine, trap_kind};
use mote_translate::Failure;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mote's own.
    Mote,
    /// The reference.
    Wasmi,
}

impl Kind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mote, Self::Wasmi];
}

/// How much an instance may have. wasmi has limits of its own for its stack.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Words of stack.
    pub stack_words: u32,
    /// Bytes that the memory may grow by.
    pub more_memory: u32,
}

impl Room {
    /// Enough for small programs.
    pub const SMALL: Self = Self {
        stack_words: 16_384,
        more_memory: 0,
    };
}

/// Why there is no instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoInstance {
    /// The module is not accepted.
    Rejected(String),
    /// A segment does not fit, or the start function traps.
    Trapped(TrapKind),
    /// The engine or its translator is at fault.
    Broken(String),
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With results.
    Returned(Vec<Value>),
    /// With a trap.
    Trapped(TrapKind),
    /// Not within its fuel.
    OutOfFuel,
    /// Not begun.
    Refused(CallError),
}

/// Where a call stands that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// At its end.
    Ended(Ending),
    /// At the call of this import, with these arguments.
    HostCall(u32, Vec<Value>),
}

/// An instance.
#[derive(Debug)]
pub enum Instance {
    /// On Mote's own engine.
    Mote(Box<ImageEngine<'static>>),
    /// On wasmi.
    Wasmi(Box<WasmiEngine>),
}

impl Instance {
    /// Makes an instance; its start function is not called.
    ///
    /// # Errors
    ///
    /// Where the module is not accepted or cannot be instantiated.
    pub fn new(kind: Kind, wasm: &[u8], room: Room) -> Result<Self, NoInstance> {
        match kind {
            Kind::Mote => own(wasm, room).map(|engine| Self::Mote(Box::new(engine))),
            Kind::Wasmi => reference(wasm).map(|engine| Self::Wasmi(Box::new(engine))),
        }
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &dyn Engine {
        match self {
            Self::Mote(engine) => engine.as_ref(),
            Self::Wasmi(engine) => engine.as_ref(),
        }
    }

    /// Returns the engine.
    pub fn engine_mut(&mut self) -> &mut dyn Engine {
        match self {
            Self::Mote(engine) => engine.as_mut(),
            Self::Wasmi(engine) => engine.as_mut(),
        }
    }

    /// Returns the value of an exported global.
    pub fn global(&mut self, name: &str) -> Option<Value> {
        match self {
            Self::Mote(engine) => engine.exported_global(name),
            Self::Wasmi(engine) => engine.exported_global(name),
        }
    }

    /// Prepares the call of an exported function.
    ///
    /// # Errors
    ///
    /// Where that is its end: there is no room for the arguments, or it is refused.
    ///
    /// # Panics
    ///
    /// Where there is no such function.
    pub fn begin(&mut self, name: &str, arguments: &[Value]) -> Result<(), Ending> {
        let function = self.engine().exported_function(name);
        let function = function.expect("the function is exported");
        let called = self.engine_mut().call(function, arguments);
        called.map_err(|error| match error {
            CallError::OutOfMemory => Ending::Trapped(TrapKind::StackOverflow),
            CallError::NoSuchFunction | CallError::WrongValues | CallError::WrongState => {
                Ending::Refused(error)
            }
        })
    }

    /// Runs until the call ends or calls the host, with more fuel than anything takes.
    ///
    /// # Panics
    ///
    /// Where the engine breaks.
    pub fn run(&mut self) -> Pause {
        let engine = self.engine_mut();
        match engine.run(1 << 50).expect("the engine runs") {
            Step::Returned(values) => Pause::Ended(Ending::Returned(values.collect())),
            Step::Trapped(trap) => Pause::Ended(Ending::Trapped(trap.kind)),
            Step::HostCall { import, arguments } => Pause::HostCall(import.0, arguments.collect()),
            Step::OutOfFuel { .. } => {
                engine.abandon();
                Pause::Ended(Ending::OutOfFuel)
            }
        }
    }

    /// Calls an exported function; imports are answered by `host`.
    ///
    /// # Panics
    ///
    /// Where there is no such export, or the engine breaks.
    pub fn call(
        &mut self,
        name: &str,
        arguments: &[Value],
        host: &mut dyn FnMut(u32, &[Value]) -> Vec<Value>,
    ) -> Ending {
        if let Err(ending) = self.begin(name, arguments) {
            return ending;
        }
        loop {
            match self.run() {
                Pause::Ended(ending) => return ending,
                Pause::HostCall(import, arguments) => {
                    let results = host(import, &arguments);
                    let resumed = self.engine_mut().resume(&results);
                    resumed.expect("the results are accepted");
                }
            }
        }
    }
}

fn own(wasm: &[u8], room: Room) -> Result<ImageEngine<'static>, NoInstance> {
    let image = to_image(wasm).map_err(|error| match error {
        Failure::Rejected(error) => NoInstance::Rejected(error.to_string()),
        Failure::Backend { error, .. } => NoInstance::Broken(format!("{error:?}")),
    })?;
    let image = verified(&image).map_err(|error| NoInstance::Broken(format!("{error:?}")))?;
    start(image, room.stack_words, room.more_memory).map_err(|error| match error {
        StartError::Segment(kind) => NoInstance::Trapped(kind),
        other => NoInstance::Broken(format!("{other:?}")),
    })
}

fn reference(wasm: &[u8]) -> Result<WasmiEngine, NoInstance> {
    WasmiEngine::new(wasm, &Limits::default()).map_err(|error| match &error {
        Rejected::Instantiation(inner) => match inner.as_trap_code().and_then(trap_kind) {
            Some(kind) => NoInstance::Trapped(kind),
            // wasmi gives this one no code.
            None if error.to_string().contains("out of bounds table access") => {
                NoInstance::Trapped(TrapKind::TableOutOfBounds)
            }
            None => NoInstance::Broken(error.to_string()),
        },
        _ => NoInstance::Rejected(error.to_string()),
    })
}
