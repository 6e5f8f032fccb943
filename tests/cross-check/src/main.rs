//! Runs generated modules on Mote's engine and on wasmtime, and says where they differ.

mod ours;
mod theirs;
mod values;

use std::process::ExitCode;

use clap::Parser;
use mote_engine::{Engine as _, FunctionIndex, ImageEngine};
use mote_engine_suite::{Place, Random, module, room_words, to_image};
use mote_image::{Export, ExportKind};
use wasmtime::error::Context as _;
use wasmtime::{Result, bail, format_err};

use crate::theirs::Theirs;
use crate::values::{same, twin};

/// Native stack of this program: guests of wasmtime run on it.
const STACK_BYTES: usize = 64 << 20;

/// Generated modules on Mote's engine and on wasmtime: results, traps, host calls, globals, memory.
#[derive(Clone, Copy, Parser)]
struct Arguments {
    /// How many modules
    #[arg(long, default_value_t = 3000)]
    modules: u64,
    /// The seed of the first; the seeds are those of `engine-suite`'s test `differential`
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// What the modules came to.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Modules that were started on both.
    modules: u32,
    /// Calls that returned on both.
    returned: u32,
    /// Calls that trapped on both.
    trapped: u32,
    /// Host calls that both made.
    host_calls: usize,
    /// Modules that came to a limit, fuel or stack, after what was compared.
    limited: u32,
    /// Modules that were not started.
    not_started: u32,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let run = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || check(arguments))?;
    run.join()
        .map_err(|_| format_err!("it panicked; see above"))?
}

fn check(arguments: Arguments) -> Result<ExitCode> {
    let engine = theirs::engine()?;
    let mut counts = Counts::default();
    let mut differences = 0;
    for seed in arguments.from..arguments.from.saturating_add(arguments.modules) {
        if let Err(difference) = check_module(&engine, seed, &mut counts) {
            println!("seed {seed}: {difference:#}");
            differences += 1;
        }
        if seed % 1000 == 999 {
            println!("seed {seed}: {counts:?}");
        }
    }
    println!("{differences} modules differ: {counts:?}");
    Ok(if differences == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs the module of a seed on both.
fn check_module(engine: &wasmtime::Engine, seed: u64, counts: &mut Counts) -> Result<()> {
    let mut random = Random::new(seed ^ 0x00d1_ff00);
    let length = 500 + random.below(4000);
    let bytes = random.bytes(length);
    let Some(wasm) = module(&bytes, seed % 2 == 0) else {
        counts.not_started += 1;
        return Ok(());
    };
    let image = to_image(&wasm).map_err(|error| format_err!("it is refused: {error:?}"))?;
    let place = Place::of(&image);
    let verified = place.verified();
    let verified = verified.map_err(|error| format_err!("its image does not verify: {error}"))?;
    let exports: Vec<_> = verified.image().exports().collect();
    let start = verified.image().header().start;
    let size = room_words(verified.image(), 8192, 1 << 20);
    let words = size.block_words(verified.image()).context("its size")?;
    let mut block = vec![0xdead_beef; words];
    let Ok(mut own) = ImageEngine::start(verified, &mut block, size) else {
        // A segment that does not fit; the official suite has those.
        counts.not_started += 1;
        return Ok(());
    };
    let mut random = Random::new(seed ^ 0xc505);
    let start = match start {
        None => (None, Vec::new()),
        Some(function) => match ours::call(&mut own, FunctionIndex(function), &[], &mut random) {
            None => {
                counts.limited += 1;
                return Ok(());
            }
            Some((outcome, calls)) => (outcome.err(), calls),
        },
    };
    let Some(mut theirs) = Theirs::start(engine, &wasm, start)? else {
        counts.trapped += 1;
        return Ok(());
    };
    counts.modules += 1;
    for export in exports
        .iter()
        .filter(|export| export.kind == ExportKind::Function)
    {
        let name = export.name;
        let function = own.exported_function(name).context("an export is lost")?;
        let types = own.signature(function).context("a type is lost")?;
        let arguments: Vec<_> = types.parameters.to_vec();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|&byte| twin(&mut random, byte))
            .collect();
        let given: Vec<_> = arguments.iter().map(|argument| argument.ours).collect();
        let Some((outcome, calls)) = ours::call(&mut own, function, &given, &mut random) else {
            counts.limited += 1;
            return Ok(());
        };
        counts.host_calls += calls.len();
        match &outcome {
            Ok(_) => counts.returned += 1,
            Err(_) => counts.trapped += 1,
        }
        let others: Vec<_> = arguments.iter().map(|argument| argument.theirs).collect();
        theirs
            .call(name, &others, &outcome, calls)
            .and_then(|()| compare_state(&own, &mut theirs, &exports))
            .with_context(|| format!("{name:?} with {given:x?}"))?;
    }
    Ok(())
}

fn compare_state(
    ours: &ImageEngine<'_>,
    theirs: &mut Theirs,
    exports: &[Export<'_>],
) -> Result<()> {
    for export in exports {
        match export.kind {
            ExportKind::Global(_) => {
                let own = ours.exported_global(export.name).context("a global")?;
                let other = theirs.global(export.name).context("a global")?;
                if !same(&own, &other) {
                    bail!("global {:?}: ours {own:x?}, theirs {other:x?}", export.name);
                }
            }
            ExportKind::Memory => {
                let other = theirs.memory(export.name).context("a memory")?;
                if let Some(at) = ours.memory().iter().zip(other).position(|(a, b)| a != b) {
                    bail!("memory differs, first at {at:#x}");
                }
                if ours.memory().len() != other.len() {
                    bail!(
                        "memory: {} bytes, theirs {}",
                        ours.memory().len(),
                        other.len()
                    );
                }
            }
            ExportKind::Function | ExportKind::Table => {}
        }
    }
    Ok(())
}
