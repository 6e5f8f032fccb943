//! Counts what Mote's engine costs on an emulated Cortex-M4, beside native code and its rivals.
//!
//! The counts are QEMU's with `-icount shift=0`: exact, the same on every machine, and not time.
//! Native code and rivals are listed figures, counted the same way in 2026 (gcc 12 -O2 for the
//! FPU; wasm3 -Os of August 2026 with validation; WAMR's fast interpreter of July 2026, -O2).

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use mote_toolchain::{Build, Footprint, Need, Target, Toolchain};

use wasmparser::{Parser, Payload};

use crate::console::say;
use crate::workspace::Workspace;

/// One program, the argument of its `run`, what that returns, and what it costs elsewhere.
struct Workload {
    name: &'static str,
    argument: i32,
    result: u64,
    native: u64,
    wasm3: u64,
    wamr: u64,
}

const fn workload(
    name: &'static str,
    argument: i32,
    result: u64,
    [native, wasm3, wamr]: [u64; 3],
) -> Workload {
    Workload {
        name,
        argument,
        result,
        native,
        wasm3,
        wamr,
    }
}

const WORKLOADS: [Workload; 10] = [
    workload("fib", 18, 2_584, [67_360, 1_271_240, 1_269_606]),
    workload(
        "crc32",
        20,
        3_884_199_554,
        [607_840, 14_624_960, 12_576_495],
    ),
    workload("sieve", 4, 1_028, [592_040, 10_233_960, 9_701_592]),
    workload("sha256", 2, 1_285_909_751, [443_360, 9_011_720, 6_983_006]),
    workload("fir", 2, 744, [353_640, 9_286_640, 8_381_164]),
    workload(
        "heapsort",
        4,
        1_957_067_839,
        [742_127, 17_445_709, 15_722_785],
    ),
    workload("lz", 3, 1_297_121_167, [591_226, 11_692_374, 10_606_189]),
    workload("words", 4, 1_381_828_143, [544_053, 8_903_560, 7_515_874]),
    workload("biquad", 10, 81_837, [139_362, 5_715_291, 2_288_332]),
    workload(
        "siphash",
        12,
        1_911_868_904,
        [195_864, 1_625_792, 1_730_945],
    ),
];

/// Where the result is written down.
const REPORT: &str = "tests/engine-suite/bench.md";

/// What the firmware prints of one run.
#[derive(Default)]
struct Counted {
    check: u64,
    start: u64,
    run: u64,
    fuel: u64,
    result: u64,
}

/// Measures; tells whether every result is right.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let target = Target::ThumbV7EMHardFloat;
    let toolchain = Toolchain::ready(&[Need::Device(target), Need::Qemu])?;
    let build = |features: &[&str]| -> Result<Footprint> {
        let build = Build::package(&workspace.root, "mote-engine-firmware");
        let file = toolchain.build_firmware(&build.features(features.iter().copied()), target)?;
        Ok(Footprint::of_file(&file)?)
    };
    let without_floats = build(&[])?.flash_bytes;
    let with_floats = build(&["float"])?.flash_bytes;
    let package = Build::package(&workspace.root, "mote-engine-firmware").features(["float"]);
    let firmware = toolchain.build_firmware(&package, target)?;

    let mut lines = vec![
        "| workload | native | Mote | x native | wasm3 | WAMR fast | image / code | start | check a byte | fuel |"
            .to_owned(),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    let (mut mote, mut wasm3, mut wamr) = (0.0, 0.0, 0.0);
    let (mut images, mut codes) = (0, 0);
    let mut all_right = true;
    for workload in &WORKLOADS {
        let path = format!("tests/engine-suite/workloads/{}.wasm", workload.name);
        let path = workspace.root.join(path);
        let wasm = fs::read(&path).with_context(|| path.display().to_string())?;
        let image = mote_engine_suite::to_image(&wasm)
            .map_err(|error| anyhow!("{}: {error:?}", path.display()))?;
        let code = code_section_bytes(&wasm).context("the module has no code section")?;
        let counted = count(toolchain.qemu()?, &firmware, workload.argument, &image)
            .with_context(|| workload.name.to_owned())?;
        if counted.result != workload.result {
            say(&format!(
                "FAILED: {} returned {}, not {}",
                workload.name, counted.result, workload.result
            ));
            all_right = false;
        }
        let times = |count: u64| ratio(count, workload.native);
        mote += times(counted.run).ln();
        wasm3 += times(workload.wasm3).ln();
        wamr += times(workload.wamr).ln();
        let size = ratio(image.len() as u64, code);
        images += image.len() as u64;
        codes += code;
        lines.push(format!(
            "| {} | {} | {} | {:.2} | {:.2} | {:.2} | {size:.2} | {} | {:.1} | {} |",
            workload.name,
            workload.native,
            counted.run,
            times(counted.run),
            times(workload.wasm3),
            times(workload.wamr),
            counted.start,
            ratio(counted.check, image.len() as u64),
            counted.fuel,
        ));
    }
    let mean = |logarithms: f64| (logarithms / 10.0).exp();
    lines.push(format!(
        "| geometric mean; image of all | | | {:.2} | {:.2} | {:.2} | {:.2} | | | |",
        mean(mote),
        mean(wasm3),
        mean(wamr),
        ratio(images, codes)
    ));
    lines.push(String::new());
    lines.push(format!(
        "The bare firmware that was timed (engine, verifier, timer, serial line) takes {with_floats} \
         bytes of flash, and {without_floats} without floats."
    ));
    let compiler = toolchain.compiler_name(target)?;
    let table = lines.join("\n");
    say(&table);
    let report = format!(
        "# Instructions on a Cortex-M4\n\nWritten by `cargo xtask bench` with {compiler}; QEMU's \
         `mps2-an386`, one instruction counted as one. Fuel, bounds and\nstack checks are on. \
         Columns of rivals are times native, as listed in `tests/xtask/src/bench.rs`.\n\n{table}\n"
    );
    fs::write(workspace.root.join(REPORT), report).context(REPORT)?;
    say(&format!("written to {REPORT}"));
    Ok(all_right)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// Runs one image on the emulated board.
fn count(qemu: &Path, firmware: &Path, argument: i32, image: &[u8]) -> Result<Counted> {
    let folder = firmware.parent().context("the firmware is in no folder")?;
    let load = folder.join("bench-image.bin");
    let length = u32::try_from(image.len())?;
    let loaded = [&argument.to_le_bytes()[..], &length.to_le_bytes(), image].concat();
    fs::write(&load, loaded).with_context(|| load.display().to_string())?;
    let device = format!(
        "loader,file={},addr=0x21000000,force-raw=on",
        load.display()
    );
    let output = Command::new(qemu)
        .args([
            "-M",
            "mps2-an386",
            "-icount",
            "shift=0",
            "-display",
            "none",
            "-monitor",
            "none",
        ])
        .args([
            "-serial",
            "stdio",
            "-semihosting-config",
            "enable=on,target=native",
        ])
        .args(["-device", &device, "-kernel"])
        .arg(firmware)
        .stdin(Stdio::null())
        .output()
        .context("QEMU cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |name: &str| -> Result<u64> {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
            .ok_or_else(|| anyhow!("the firmware printed no {name:?}, but:\n{text}"))
    };
    if !text.lines().any(|line| line == "end") {
        bail!("the firmware did not come to its end; it printed:\n{text}");
    }
    Ok(Counted {
        check: number("check ")?,
        start: number("start ")?,
        run: number("run ")?,
        fuel: number("fuel ")?,
        result: number("result ")?,
    })
}

/// Returns how long the contents of a module's code section are.
fn code_section_bytes(wasm: &[u8]) -> Option<u64> {
    Parser::new(0).parse_all(wasm).find_map(|payload| {
        if let Payload::CodeSectionStart {
            unchecked_range: range,
            ..
        } = payload.ok()?
        {
            range.end.checked_sub(range.start)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_section_is_found_by_its_size() {
        let wasm = [&b"\0asm\x01\0\0\0"[..], &[1, 2, 0, 0], &[10, 0x81, 0], &[0]].concat();
        assert_eq!(code_section_bytes(&wasm), Some(1));
        assert_eq!(code_section_bytes(b"\0asm\x01\0\0\0"), None);
        assert_eq!(code_section_bytes(&[]), None);
    }
}
