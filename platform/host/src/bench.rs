//! `mote bench`: what a call costs on an emulated board.
//!
//! ```text
//!   module -- translate --> image --+
//!   export, arguments --------------+--> plan --> firmware/bench with the plan --> QEMU
//!                                                                                    |
//!   table, or JSON  <--  Measurement  <--  lines of the serial line  <---------------+
//! ```

mod measured;
mod plan;
mod show;
mod translate;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use anyhow::Context as _;
use mote_engine::{TrapKind, Value};
use mote_sim::Pace;
use mote_toolchain::{Build, Footprint, Need, Target, Toolchain};

use crate::boards::{DeviceBoard, MICROBIT, MPS2_AN386};
use crate::cli::{BenchArguments, EngineName};
use crate::device;
use crate::device_image::device_image;
use crate::exit::{Code, Failure};
use crate::inspect::{self, Inspection, ItemKind};
use crate::module::Module;
use crate::qemu::{self, Boot};
use crate::run::call_arguments_of;
use crate::terminal;
use crate::translation::{Translation, is_image};
use measured::Said;
use plan::Plan;

/// The firmware's package.
const FIRMWARE: &str = "mote-firmware-bench";

/// How often a module is started: each start has to take the same.
const STARTS: u32 = 10;

/// How long a run may take by the clock on the wall; fuel ends most runs long before.
const WALL_LIMIT: Duration = Duration::from_secs(600);

/// A board that the firmware is built for, and the room that it gives.
#[derive(Debug)]
struct BenchBoard {
    device: &'static DeviceBoard,
    /// Words of frames for a module whose calls have no bound.
    stack_words: u32,
    /// Bytes of memory that a module may grow to, beyond those that it begins with.
    memory_bytes: u32,
    /// By how many instructions a count may be off.
    tick: u64,
}

static BOARDS: [BenchBoard; 2] = [
    BenchBoard {
        device: &MPS2_AN386,
        stack_words: 16 * 1024,
        memory_bytes: 8 << 20,
        tick: 0,
    },
    BenchBoard {
        device: &MICROBIT,
        stack_words: 512,
        memory_bytes: 0,
        tick: 63,
    },
];

impl BenchBoard {
    const fn name(&self) -> &'static str {
        self.device.name()
    }
}

/// What was measured.
#[derive(Debug)]
struct Measurement {
    board: &'static str,
    /// By how many instructions a count may be off.
    tick: u64,
    engine: EngineName,
    results: Vec<Value>,
    /// The instructions of each start.
    starts: Vec<u64>,
    start_function: Option<u64>,
    run: u64,
    check: Option<u64>,
    verify: Option<u64>,
    fuel: u64,
    wasm_bytes: usize,
    /// Bytes of what lies in flash of the module.
    image_bytes: usize,
    /// Bytes of the firmware that was timed.
    flash_bytes: u64,
    memory_bytes: u64,
    ram_bytes: u64,
    frame_bytes: u64,
    native_stack_bytes: u64,
    /// Modelled cycles by what was counted, if asked for.
    cycles: BTreeMap<&'static str, u64>,
}

/// `mote bench`.
pub(crate) fn bench(arguments: &BenchArguments) -> Result<Code, Failure> {
    let board = find_board(arguments)?;
    let module = Module::find(&arguments.module, None)?;
    if is_image(&module.wasm) {
        return Err(Failure::refused(format!(
            "{}: an image, and both engines are measured on the Wasm file that it comes from",
            module.path.display()
        )));
    }
    let inspection = inspect::inspect(&module.wasm)
        .map_err(|error| Failure::refused(format!("{}: {error}", module.path.display())))?;
    if arguments.translate {
        return translate::translate(&module, board, arguments);
    }
    let values = arguments_of(&inspection, arguments)?;
    let measurement = measure(&module, &inspection, board, &values, arguments)?;
    if arguments.json {
        terminal::out(&show::json(&measurement).to_string());
    } else {
        let call = format!("{}({})", arguments.export(), arguments.arguments.join(", "));
        for line in show::table(&module, &call, &measurement) {
            terminal::out(&line);
        }
    }
    Ok(Code::Success)
}

fn find_board(arguments: &BenchArguments) -> Result<&'static BenchBoard, Failure> {
    let found = BOARDS.iter().find(|board| board.name() == arguments.board);
    let board = found.ok_or_else(|| {
        let names = BOARDS.each_ref().map(|board| board.name());
        Failure::usage(format!(
            "no bench for board {:?}; there are {}",
            arguments.board,
            names.join(", ")
        ))
    })?;
    if arguments.engine == EngineName::Wasmi {
        if let Some(reason) = board.device.without_wasmi() {
            return Err(Failure::usage(format!(
                "--engine wasmi: it does not run on {}: {reason}",
                board.name()
            )));
        }
        if arguments.stack.is_some() {
            return Err(Failure::usage(
                "--stack: wasmi has its frames on a heap; --stack is for Mote's engine",
            ));
        }
    }
    Ok(board)
}

fn arguments_of(
    inspection: &Inspection,
    arguments: &BenchArguments,
) -> Result<Vec<Value>, Failure> {
    let name = arguments.export();
    let functions = || {
        let exports = inspection.exports.iter();
        exports.filter(|export| export.kind == ItemKind::Function)
    };
    match functions().find(|export| export.name == *name) {
        Some(export) if export.signature.is_some() => {
            call_arguments_of(export.signature.as_ref(), name, &arguments.arguments)
        }
        Some(export) => Err(Failure::refused(format!(
            "{name:?} has the type {}, which no engine here can call",
            export.type_text
        ))),
        None => {
            let names: Vec<_> = functions().map(|export| export.name.as_str()).collect();
            Err(Failure::not_found(format!(
                "{}: exports no function {name:?}; it exports {}",
                arguments.module.display(),
                if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                }
            )))
        }
    }
}

/// What lies beside the firmware, and the room that it gets.
struct Payload {
    bytes: Vec<u8>,
    stack_words: u32,
}

fn payload(
    module: &Module,
    board: &BenchBoard,
    arguments: &BenchArguments,
) -> Result<Payload, Failure> {
    if arguments.engine == EngineName::Wasmi {
        return Ok(Payload {
            bytes: module.wasm.clone(),
            stack_words: 0,
        });
    }
    let refused = |error: &dyn std::fmt::Display| {
        Failure::refused(format!("{}: {error}", module.path.display()))
    };
    let translation = Translation::of(&module.wasm).map_err(|error| refused(&error))?;
    let verified = translation.verified().map_err(|error| refused(&error))?;
    let own = verified.image().header().stack_words;
    Ok(Payload {
        bytes: translation.bytes().to_vec(),
        stack_words: arguments.stack.or(own).unwrap_or(board.stack_words),
    })
}

fn measure(
    module: &Module,
    inspection: &Inspection,
    board: &'static BenchBoard,
    values: &[Value],
    arguments: &BenchArguments,
) -> Result<Measurement, Failure> {
    let payload = payload(module, board, arguments)?;
    let plan = Plan {
        starts: STARTS,
        fuel: arguments.fuel,
        stack_words: payload.stack_words,
        memory_bytes: memory_bytes(inspection, board),
        arguments: values,
        export: arguments.export(),
        payload: &payload.bytes,
    };
    let features: &[&str] = match arguments.engine {
        EngineName::Mote => &["mote", "float", "verify"],
        EngineName::Wasmi => &["wasmi"],
    };
    let Ran {
        said,
        cycles,
        flash_bytes,
    } = run(&plan, features, board, arguments)?;
    failures(&said, inspection, board, arguments)?;
    let sizes = (payload.bytes.len(), flash_bytes);
    let room = Room {
        stack_words: payload.stack_words,
        memory_bytes: memory_bytes(inspection, board),
        initial_bytes: inspection
            .memories
            .first()
            .map_or(0, |memory| memory.initial_bytes),
    };
    measurement(&said, module, board, arguments, sizes, &room, cycles).ok_or_else(|| {
        Failure::from(anyhow::anyhow!(
            "the firmware did not say all that it has to: {said:?}"
        ))
    })
}

/// What came of a run of the firmware.
struct Ran {
    said: Said,
    /// Modelled cycles, where they were asked for.
    cycles: BTreeMap<&'static str, u64>,
    /// What the firmware takes of the board.
    flash_bytes: u64,
}

/// Builds the firmware with these features, and runs it with a plan.
fn run(
    plan: &Plan<'_>,
    features: &[&str],
    board: &BenchBoard,
    arguments: &BenchArguments,
) -> Result<Ran, Failure> {
    let plan = plan.to_bytes().context("the module is too large")?;
    let toolchain = Toolchain::ready(&[Need::Device(board.device.target), Need::Qemu])?;
    let build = Build::package(&device::workspace()?, FIRMWARE)
        .without_default_features()
        .features(features.iter().copied());
    let turn = turn();
    let firmware = toolchain.build_firmware(&build, board.device.target)?;
    let footprint = Footprint::of_file(&firmware)?;
    let elf = std::fs::read(&firmware).with_context(|| firmware.display().to_string())?;
    drop(turn);
    let folder = tempfile::tempdir().context("a folder for the device image")?;
    let elf_path = folder.path().join("bench.elf");
    std::fs::write(&elf_path, device_image(&elf, &plan)?)
        .with_context(|| elf_path.display().to_string())?;

    let log = folder.path().join("cycles.log");
    let options = arguments
        .cycle_model
        .as_ref()
        .map_or_else(Vec::new, |plugin| {
            let mut plugin = plugin.clone().into_os_string();
            if board.device.target == Target::ThumbV6M {
                plugin.push(",cpu=m0");
            }
            let words: [OsString; 6] = [
                "-plugin".into(),
                plugin,
                "-d".into(),
                "plugin".into(),
                "-D".into(),
                log.clone().into(),
            ];
            words.into()
        });
    let boot = Boot {
        qemu: toolchain.qemu()?,
        machine: board.device.machine,
        leds: board.device.leds,
        elf: &elf_path,
        pace: Pace::Unbounded,
        wall_limit: WALL_LIMIT,
    };
    let said = qemu::listen(&boot, &options, "end")?.ok_or_else(|| Failure {
        code: Code::OutOfFuel,
        message: format!(
            "it was not over after {} s; bound it with less fuel: --fuel UNITS",
            WALL_LIMIT.as_secs()
        ),
    })?;
    let said = Said::of(&said);
    let cycles = match &arguments.cycle_model {
        // A run that failed has fewer stretches, and its failure is told.
        Some(_) if said.has("run") || said.has("image") => {
            let log = std::fs::read_to_string(&log).context("the cycle model wrote no log")?;
            said.cycles(&log)?
        }
        _ => BTreeMap::new(),
    };
    Ok(Ran {
        said,
        cycles,
        flash_bytes: footprint.flash_bytes,
    })
}

/// Waits until no other bench builds: cargo puts firmware with other features in the same place.
/// Where that cannot be arranged, goes ahead.
fn turn() -> Option<std::fs::File> {
    let path = std::env::temp_dir().join("mote-bench.lock");
    let file = std::fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .ok()?;
    file.lock().ok()?;
    Some(file)
}

/// Returns how many bytes of memory a module may have.
fn memory_bytes(inspection: &Inspection, board: &BenchBoard) -> u32 {
    let Some(memory) = inspection.memories.first() else {
        return 0;
    };
    let most = memory.maximum_bytes.unwrap_or(u64::MAX);
    let bytes = memory
        .initial_bytes
        .max(most.min(board.memory_bytes.into()));
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The room that an instance was given.
struct Room {
    stack_words: u32,
    /// Bytes of memory that it might grow to.
    memory_bytes: u32,
    /// Bytes of memory that it begins with.
    initial_bytes: u64,
}

/// Puts together what was said of a run that went well.
fn measurement(
    said: &Said,
    module: &Module,
    board: &BenchBoard,
    arguments: &BenchArguments,
    (image_bytes, flash_bytes): (usize, u64),
    room: &Room,
    cycles: BTreeMap<&'static str, u64>,
) -> Option<Measurement> {
    let first = |word: &str| said.instructions(word).first().copied();
    let (ram_bytes, frame_bytes) = match arguments.engine {
        EngineName::Mote => {
            let [block_words, engine_bytes] = said.pair("block")?;
            // The word beyond the frames is theirs as well.
            let frames = (u64::from(room.stack_words) + 1) * 4;
            let memory = u64::from(room.memory_bytes).next_multiple_of(4);
            let block = block_words * 4;
            (block.checked_sub(frames + memory)? + engine_bytes, frames)
        }
        EngineName::Wasmi => said.pair("heap")?.into(),
    };
    // wasmi shows its memory only if it is exported; there is as much on its heap.
    let (ram_bytes, memory_bytes) = match said.number("memory")? {
        0 if arguments.engine == EngineName::Wasmi => (
            ram_bytes.saturating_sub(room.initial_bytes),
            room.initial_bytes,
        ),
        bytes => (ram_bytes, bytes),
    };
    Some(Measurement {
        board: board.name(),
        tick: board.tick,
        engine: arguments.engine,
        results: said.results(),
        starts: said.instructions("start"),
        start_function: first("start_function"),
        run: first("run")?,
        check: first("check"),
        verify: first("verify"),
        fuel: said.number("fuel")?,
        wasm_bytes: module.wasm.len(),
        image_bytes,
        flash_bytes,
        memory_bytes,
        ram_bytes,
        frame_bytes,
        native_stack_bytes: said.number("stack")?,
        cycles,
    })
}

/// Tells why a run came to no result, if it did not.
fn failures(
    said: &Said,
    inspection: &Inspection,
    board: &BenchBoard,
    arguments: &BenchArguments,
) -> Result<(), Failure> {
    let refused = |why: String| {
        Err(Failure::refused(format!(
            "{}: {why}",
            arguments.module.display()
        )))
    };
    let room = said.number("room").unwrap_or(0);
    // What runs before the call is the start function, which may fail just as well.
    let who = if said.has("start_function") && !said.has("run") {
        "its start function"
    } else {
        arguments.export()
    };
    if let Some(kind) = said.number("trap") {
        let kind = u8::try_from(kind).ok().and_then(TrapKind::from_number);
        let what = kind.map_or("an unknown trap", TrapKind::message);
        let hint = match kind {
            Some(TrapKind::StackOverflow) if arguments.engine == EngineName::Mote => {
                "; --stack WORDS gives it more"
            }
            _ => "",
        };
        return Err(Failure {
            code: Code::Trap,
            message: format!("{who} trapped: {what}{hint}"),
        });
    }
    if said.has("out_of_fuel") {
        return Err(Failure {
            code: Code::OutOfFuel,
            message: format!(
                "{who} is out of fuel: {} units were given; --fuel UNITS gives it more",
                arguments.fuel
            ),
        });
    }
    if let Some(index) = said.number("host_call") {
        let mut functions = inspection
            .imports
            .iter()
            .filter(|import| import.kind == ItemKind::Function);
        let import = usize::try_from(index)
            .ok()
            .and_then(|index| functions.nth(index));
        let name = import.map_or_else(
            || format!("number {index}"),
            |import| format!("{:?} {:?}", import.module, import.name),
        );
        return refused(format!(
            "it called the import {name}, and nothing answers imports in a bench; call an export \
             that needs none, or use `mote run`"
        ));
    }
    if let Some(words) = said.number("too_small") {
        return refused(format!(
            "an instance takes {} bytes of RAM (memory, frames, tables), and {} has {room}",
            words * 4,
            board.name()
        ));
    }
    if said.has("too_large") {
        return refused(format!(
            "an instance takes more RAM than {} can have",
            board.name()
        ));
    }
    if let Some(kind) = said.number("segment") {
        let kind = u8::try_from(kind).ok().and_then(TrapKind::from_number);
        let what = kind.map_or("an unknown trap", TrapKind::message);
        return refused(format!("cannot be instantiated: {what} by a segment"));
    }
    if said.has("call_out_of_memory") {
        return refused(
            "its arguments do not fit into the stack: --stack WORDS gives it more".to_owned(),
        );
    }
    if said.has("rejected") {
        return refused(format!(
            "wasmi rejects it, or has too little memory for it: {} has {room} bytes for its heap; \
             `mote run --engine wasmi` tells which",
            board.name()
        ));
    }
    if said.has("panicked") && arguments.engine == EngineName::Wasmi {
        return refused(format!(
            "wasmi panicked, most likely for want of memory: {} has {room} bytes for its heap",
            board.name()
        ));
    }
    broken(said)
}

/// Fails where the firmware itself did.
fn broken(said: &Said) -> Result<(), Failure> {
    for word in [
        "panicked",
        "faulted",
        "fault",
        "no_plan",
        "no_image",
        "crc_is_wrong",
        "not_verified",
        "feature",
    ] {
        if said.has(word) {
            return Err(Failure::from(anyhow::anyhow!(
                "the bench's firmware failed ({word}): report it, with the module"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "bench/tests.rs"]
mod tests;
