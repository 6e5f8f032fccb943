//! `mote demo`: the whole, in one command.
//!
//! Builds the example module from Rust, runs it on an emulated Cortex-M4 and then in the simulator
//! with the same clock, and compares the two traces; what the LED did is told by the emulator.

use std::time::Instant;

use mote_sim::Pace;
use mote_supervisor::bundle::RunOptions;

use crate::boards::{Board, DEVICES};
use crate::cli::{DemoArguments, EngineName};
use crate::device::{self, Firmware};
use crate::exit::{Code, Failure};
use crate::module::Module;
use crate::recording::Recording;
use crate::replay::{difference, run_again};
use crate::terminal;
use crate::watch::{Show, Watch};

/// What executes the module.
const ENGINE: EngineName = EngineName::Mote;

/// `mote demo`.
pub(crate) fn demo(arguments: &DemoArguments) -> Result<Code, Failure> {
    let Some(device) = DEVICES.first() else {
        return Err(Failure::usage("this tool knows no device"));
    };
    let name = device.description.name;

    step("1. A program in Rust becomes a WebAssembly module");
    let module = Module::find(&device::workspace()?.join("modules/blink"), None)?;
    let memory = module.manifest.memory_max_bytes.unwrap_or(0);
    terminal::out(&format!(
        "   {} {}: {} bytes, at most {memory} bytes of memory",
        module.manifest.name,
        module.manifest.version,
        module.wasm.len()
    ));
    for request in &module.manifest.capabilities {
        terminal::out(&format!("   asks for {}", crate::present::request(request)));
    }

    step(&format!("2. It runs on an emulated Cortex-M4 ({name})"));
    let options = RunOptions {
        run_for_us: Some(arguments.run_for_us),
        ..RunOptions::default()
    };
    let mut on_device = Watch::new(Show::All, name, ENGINE.name());
    let firmware = Firmware::ready(device, ENGINE)?;
    let begun = Instant::now();
    let run = device::run(
        &module,
        &firmware,
        &options,
        Pace::Unbounded,
        &mut on_device,
    )?;
    terminal::out(&format!(
        "   firmware: {} bytes of flash, {} bytes of RAM; booted, ran and ended in {:.1} s",
        run.footprint.flash_bytes,
        run.footprint.ram_bytes,
        begun.elapsed().as_secs_f32()
    ));
    let mut ended_well = on_device.ended_well();

    step("3. What its LED did, as the emulator saw it from outside");
    let times = run.leds.len();
    terminal::out(&format!(
        "   {times} changes, each one that the module asked for"
    ));
    ended_well &= times > 0;

    step("4. The same module runs in the simulator, with the clock of the device");
    let policy = Board::Device(device).read_policy(None)?;
    let recording = Recording::of(&on_device);
    let again = run_again(
        &module,
        device.description,
        &policy.policy(),
        &recording,
        ENGINE,
        Show::All,
    )?;

    step("5. The two traces");
    match difference(&recording, &again) {
        Some(difference) => {
            terminal::out(&format!("   {difference}"));
            Ok(Code::Different)
        }
        None if !ended_well => Err(Failure {
            code: Code::Tool,
            message: "the module did not run as it should; see above".to_owned(),
        }),
        None => {
            let calls = again.trace.len();
            terminal::out(&format!(
                "   equal: {calls} host calls, the same in the same order"
            ));
            Ok(Code::Success)
        }
    }
}

fn step(title: &str) {
    terminal::out(&format!("\n{title}"));
}
