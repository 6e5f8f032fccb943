//! Runs a module on an emulated device: builds the firmware, puts the module into it, boots QEMU.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use mote_abi::HostFunction;
use mote_engine::Value;
use mote_sim::Pace;
use mote_supervisor::bundle::{Contents, PayloadKind, RunOptions, header, padding_bytes};
use mote_supervisor::report::Observer;
use mote_toolchain::{Build, Footprint, Need, Toolchain};
use mote_traits::Direction;

use crate::boards::DeviceBoard;
use crate::cli::EngineName;
use crate::device_image::device_image;
use crate::exit::{Code, Failure};
use crate::module::Module;
use crate::qemu::{self, Boot, LedTransition};
use crate::trace::capability;
use crate::translation::Translation;
use crate::watch::Watch;

/// How long an emulated session may take beyond the time that its module is given, by the clock on
/// the wall. Far more than any should: a machine may be busy.
const WALL_MARGIN: Duration = Duration::from_secs(120);

/// What came of a session on a device.
#[derive(Debug)]
pub(crate) struct DeviceRun {
    /// What the firmware takes of the device.
    pub(crate) footprint: Footprint,
    /// What the LEDs did, as seen by the emulator and not told by the firmware.
    pub(crate) leds: Vec<LedTransition>,
}

/// A board's firmware, built, and what boots it.
#[derive(Debug)]
pub(crate) struct Firmware {
    board: &'static DeviceBoard,
    engine: EngineName,
    toolchain: Toolchain,
    elf: PathBuf,
}

impl Firmware {
    /// Builds a board's firmware with an engine, or finds it built.
    pub(crate) fn ready(board: &'static DeviceBoard, engine: EngineName) -> Result<Self, Failure> {
        let package = board.firmware(engine)?;
        let toolchain = Toolchain::ready(&[Need::Device(board.target), Need::Qemu])?;
        let build = Build::package(&workspace()?, package);
        let elf = toolchain.build_firmware(&build, board.target)?;
        Ok(Self {
            board,
            engine,
            toolchain,
            elf,
        })
    }
}

/// Runs a module until it ends.
pub(crate) fn run(
    module: &Module,
    firmware: &Firmware,
    options: &RunOptions,
    pace: Pace,
    watch: &mut Watch,
) -> Result<DeviceRun, Failure> {
    let Firmware {
        board,
        engine,
        toolchain,
        elf,
    } = firmware;
    let footprint = Footprint::of_file(elf)?;
    let bytes = std::fs::read(elf).with_context(|| elf.display().to_string())?;
    let image = device_image(&bytes, &bundle(module, options, *engine)?)?;
    let folder = tempfile::tempdir().context("a folder for the device image")?;
    let elf = folder.path().join("device.elf");
    std::fs::write(&elf, image).with_context(|| elf.display().to_string())?;

    let boot = Boot {
        qemu: toolchain.qemu()?,
        machine: board.machine,
        leds: board.leds,
        elf: &elf,
        pace,
        wall_limit: wall_limit(options),
    };
    let observed = qemu::boot(&boot, &mut |report| watch.report(report))?;
    let leds = observed.leds;
    if let Some(difference) = leds_differ(board, watch, &leds) {
        return Err(Failure {
            code: Code::Different,
            message: difference,
        });
    }
    Ok(DeviceRun { footprint, leds })
}

/// Returns how long QEMU may take. Its idle time costs nothing; its busy time may be slower than
/// the board by far.
fn wall_limit(options: &RunOptions) -> Duration {
    match options.run_for_us {
        Some(us) => WALL_MARGIN.saturating_add(Duration::from_micros(us).saturating_mul(10)),
        None => Duration::from_secs(u64::from(u32::MAX)),
    }
}

/// Encodes a module, as the engine wants it, its manifest and how to run it.
fn bundle(module: &Module, options: &RunOptions, engine: EngineName) -> Result<Vec<u8>, Failure> {
    let translation;
    let (payload_kind, payload) = match engine {
        EngineName::Wasmi => (PayloadKind::Wasm, module.wasm.as_slice()),
        EngineName::Mote => {
            translation = Translation::of(&module.wasm).map_err(|error| {
                Failure::refused(format!("{}: refused: {error}", module.path.display()))
            })?;
            (PayloadKind::Image, translation.bytes())
        }
    };
    let contents = Contents {
        manifest: module.manifest.borrowed(),
        options: options.borrowed(),
        payload_kind,
    };
    let contents = postcard::to_allocvec(&contents).context("the module cannot be encoded")?;
    let header = header(&contents, payload).map_err(|error| Failure::refused(error.message()))?;
    let padding = vec![0; padding_bytes(contents.len())];
    Ok([header.as_slice(), &contents, &padding, payload].concat())
}

/// Compares what the LEDs did with what the module asked for, and tells how they differ.
fn leds_differ(board: &DeviceBoard, watch: &Watch, seen: &[LedTransition]) -> Option<String> {
    let asked = asked_of_leds(board, watch);
    let seen: Vec<(usize, bool)> = seen
        .iter()
        .map(|led| (usize::from(led.led), led.lit))
        .collect();
    if asked == seen {
        return None;
    }
    let place = asked
        .iter()
        .zip(&seen)
        .take_while(|(asked, seen)| asked == seen)
        .count();
    Some(format!(
        "the LEDs of {} did not do what the module was told they did: of {} changes the first {} \
         are equal, then the module asked for {:?} and QEMU saw {:?}",
        board.description.name,
        asked.len(),
        place,
        asked.get(place),
        seen.get(place)
    ))
}

/// Returns which output changed to which level, by the module's calls. An LED's number is the
/// place of its pin among the board's outputs.
fn asked_of_leds(board: &DeviceBoard, watch: &Watch) -> Vec<(usize, bool)> {
    let outputs: Vec<&str> = board
        .description
        .pins
        .iter()
        .filter(|pin| pin.direction == Direction::Output)
        .map(|pin| pin.name)
        .collect();
    let mut levels = vec![false; outputs.len()];
    let mut changes = Vec::new();
    for call in &watch.trace {
        let (HostFunction::GpioWrite, Value::I32(0)) = (call.function, call.result) else {
            continue;
        };
        let [Value::I32(handle), Value::I32(level)] = call.arguments.as_slice() else {
            continue;
        };
        let pin = capability(*handle, &watch.decisions).and_then(|request| request.pin.as_deref());
        let output = outputs.iter().position(|name| Some(*name) == pin);
        if let Some((output, shown)) = output.and_then(|o| levels.get_mut(o).map(|l| (o, l)))
            && *shown != (*level != 0)
        {
            *shown = *level != 0;
            changes.push((output, *shown));
        }
    }
    changes
}

/// Returns the folder of this project, which the firmware is built from.
pub(crate) fn workspace() -> Result<PathBuf, Failure> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = own.ancestors().nth(2).unwrap_or(own);
    if root.join("firmware").is_dir() {
        return Ok(root.to_owned());
    }
    Err(Failure::not_found(format!(
        "{}: the sources that this tool was built from are gone, and the firmware is built from \
         them; build the tool again where they are now",
        root.display()
    )))
}
