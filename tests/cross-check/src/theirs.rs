//! An instance on wasmtime, whose host answers what Mote's host answered.

use mote_engine::TrapKind;
use wasmtime::{
    Caller, Config, Engine, Error, ExternType, Func, Instance, Module, OptLevel, Result, Store,
    Trap, Val, bail, format_err,
};

use crate::ours::{HostCall, Outcome};
use crate::values::all_same;

/// More than anything needs that came to an end on Mote's engine.
const FUEL: u64 = u64::MAX / 2;

/// Native stack of a guest: frames of a compiler are larger than an interpreter's.
const STACK_BYTES: usize = 8 << 20;

/// Makes the engine: floats as the specification's deterministic profile has them, nothing optimised.
pub(crate) fn engine() -> Result<Engine> {
    let mut config = Config::new();
    config.cranelift_nan_canonicalization(true);
    config.cranelift_opt_level(OptLevel::None);
    config.wasm_custom_page_sizes(true);
    config.consume_fuel(true);
    config.max_wasm_stack(STACK_BYTES);
    Engine::new(&config)
}

/// What the host was asked on Mote's engine, and how many of that were asked here.
#[derive(Default)]
struct Script {
    calls: Vec<HostCall>,
    asked: usize,
}

/// An instance of a module.
pub(crate) struct Theirs {
    store: Store<Script>,
    instance: Instance,
}

impl Theirs {
    /// Starts an instance. `start` is what the module's start function did on Mote's engine; where that
    /// trapped, the same has to happen here, and there is no instance.
    pub(crate) fn start(
        engine: &Engine,
        wasm: &[u8],
        start: (Option<TrapKind>, Vec<HostCall>),
    ) -> Result<Option<Self>> {
        let module = Module::new(engine, wasm)?;
        let (trapped, calls) = start;
        let mut store = Store::new(engine, Script { calls, asked: 0 });
        store.set_fuel(FUEL)?;
        let mut imports = Vec::new();
        for import in module.imports() {
            let ExternType::Func(own_type) = import.ty() else {
                bail!("{} is imported and no function", import.name());
            };
            let number = u32::try_from(imports.len())?;
            let answer = move |mut caller: Caller<'_, Script>, given: &[Val], out: &mut [Val]| {
                caller.data_mut().answer(number, given, out)
            };
            imports.push(Func::new(&mut store, own_type, answer).into());
        }
        match (Instance::new(&mut store, &module, &imports), trapped) {
            (Ok(instance), None) => {
                store.data().is_over()?;
                Ok(Some(Self { store, instance }))
            }
            (Err(error), Some(kind)) if trap_kind(&error) == Some(kind) => Ok(None),
            (outcome, trapped) => Err(format_err!(
                "the start function: ours trapped with {trapped:?}, theirs {:?}",
                outcome.err()
            )),
        }
    }

    /// Calls an export, and compares.
    pub(crate) fn call(
        &mut self,
        name: &str,
        arguments: &[Val],
        ours: &Outcome,
        calls: Vec<HostCall>,
    ) -> Result<()> {
        *self.store.data_mut() = Script { calls, asked: 0 };
        let function = self
            .instance
            .get_func(&mut self.store, name)
            .ok_or_else(|| format_err!("it has no such export"))?;
        let results = function.ty(&self.store).results().len();
        let mut out = vec![Val::I32(0); results];
        let theirs = function.call(&mut self.store, arguments, &mut out);
        match (ours, theirs) {
            (Ok(own), Ok(())) if all_same(own, &out) => {}
            (Err(kind), Err(error)) => {
                if trap_kind(&error) != Some(*kind) {
                    bail!("ours trapped with {kind:?}, theirs with {error:#}");
                }
            }
            (ours, theirs) => bail!("ours {ours:x?}, theirs {theirs:?} {out:x?}"),
        }
        self.store.data().is_over()
    }

    /// Returns the value of an exported global.
    pub(crate) fn global(&mut self, name: &str) -> Option<Val> {
        let global = self.instance.get_global(&mut self.store, name)?;
        Some(global.get(&mut self.store))
    }

    /// Returns the bytes of an exported memory.
    pub(crate) fn memory(&mut self, name: &str) -> Option<&[u8]> {
        let memory = self.instance.get_memory(&mut self.store, name)?;
        Some(memory.data(&self.store))
    }
}

impl Script {
    fn answer(&mut self, import: u32, given: &[Val], out: &mut [Val]) -> Result<()> {
        let number = self.asked;
        self.asked += 1;
        let Some(call) = self.calls.get(number) else {
            bail!("host call {number} is one more than ours made");
        };
        if call.import != import || !all_same(&call.arguments, given) {
            bail!(
                "host call {number}: ours calls import {} with {:x?}, theirs {import} with {given:x?}",
                call.import,
                call.arguments
            );
        }
        for (out, result) in out.iter_mut().zip(&call.results) {
            *out = result.theirs;
        }
        Ok(())
    }

    fn is_over(&self) -> Result<()> {
        if self.asked != self.calls.len() {
            bail!("{} host calls, not {}", self.asked, self.calls.len());
        }
        Ok(())
    }
}

/// Returns the trap in Mote's words, where it is one.
fn trap_kind(error: &Error) -> Option<TrapKind> {
    Some(match error.downcast_ref::<Trap>()? {
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull => TrapKind::IndirectCallToNull,
        Trap::BadSignature => TrapKind::IndirectCallTypeMismatch,
        Trap::IntegerDivisionByZero => TrapKind::IntegerDivideByZero,
        Trap::IntegerOverflow => TrapKind::IntegerOverflow,
        Trap::BadConversionToInteger => TrapKind::InvalidConversionToInteger,
        _ => return None,
    })
}
