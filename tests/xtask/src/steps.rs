//! The steps of `cargo xtask test`, in their order, and what each does.

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use clap::ValueEnum;
use mote_toolchain::{Need, Target, Toolchain};

use crate::console::{heading, say};
use crate::nightly::{Build, Nightly};
use crate::run::{cargo, run as run_command};
use crate::summary::{Outcome, Summary};
use crate::workspace::Workspace;
use crate::{lint, size};

/// A step of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// Find compilers, emulator and C library; install what is missing.
    Setup,
    /// `cargo fmt`: every file is formatted.
    Format,
    /// Structure: dependencies, `unsafe`, folders, names.
    Lint,
    /// clippy on this machine, all targets, no warnings.
    Clippy,
    /// clippy for the device crates and the modules, as they are compiled for the device.
    ClippyDevice,
    /// The device crates build without `std`, with and without a floating point unit, and for a core
    /// without atomic exchanges.
    Device,
    /// All tests, those that need QEMU or a device compiler too.
    Test,
    /// The tests of the engine again, with every access of its `unsafe` asserted.
    Checked,
    /// The fuzzers for a short time: by libFuzzer where it can be had, else on a fixed set of inputs.
    Fuzz,
    /// The examples in the documentation compile and run.
    Doctest,
    /// The documentation builds without warnings.
    Doc,
    /// Flash and RAM of each firmware against its budget.
    Size,
    /// Nothing of the above changed a file that git tracks, or left one that it does not ignore.
    Tree,
}

/// Cortex-M targets that every device crate must build for.
const DEVICE_TARGETS: [Target; 3] = [
    Target::ThumbV7EMHardFloat,
    Target::ThumbV7EM,
    Target::ThumbV6M,
];

/// Not built for the smallest cores: it needs atomic exchanges (see its README).
const NOT_FOR_V6M: &str = "mote-engine-wasmi";

/// How long each fuzzer runs in the tests.
const FUZZ_SECONDS: u64 = 20;

/// Shows the steps.
pub(crate) fn list() {
    for step in Step::value_variants() {
        if let Some(value) = step.to_possible_value() {
            let help = value
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            say(&format!("{:<14} {help}", value.get_name()));
        }
    }
}

/// Runs the given steps, or all if none is given; tells whether all passed.
pub(crate) fn run(workspace: Workspace, only: &[Step]) -> Result<bool> {
    let chosen: Vec<_> = Step::value_variants()
        .iter()
        .filter(|step| only.is_empty() || only.contains(step))
        .collect();
    let mut context = Context {
        before: workspace.changes()?,
        workspace,
        toolchain: None,
    };
    let mut summary = Summary::default();
    for (index, step) in chosen.iter().enumerate() {
        let name = step.name();
        heading(&format!("{}/{} {name}", index + 1, chosen.len()));
        let start = Instant::now();
        let outcome = context.outcome(**step);
        match &outcome {
            Outcome::Passed(_) => {}
            Outcome::Failed(why) => say(&format!("FAILED: {why}")),
            Outcome::NotRun(why) => say(&format!("NOT RUN: {why}")),
        }
        summary.add(&name, outcome, start.elapsed());
    }
    heading("summary");
    say(summary.table().trim_end());
    say("");
    say(&summary.line());
    Ok(summary.is_good())
}

struct Context {
    workspace: Workspace,
    /// What git saw as changed before the first step.
    before: String,
    toolchain: Option<Result<Toolchain, String>>,
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// Tells whether the step cannot even begin without the set-up.
    const fn needs_setup(self) -> bool {
        match self {
            Self::ClippyDevice | Self::Device | Self::Test | Self::Size => true,
            Self::Setup
            | Self::Format
            | Self::Lint
            | Self::Clippy
            | Self::Checked
            | Self::Fuzz
            | Self::Doctest
            | Self::Doc
            | Self::Tree => false,
        }
    }
}

impl Context {
    fn outcome(&mut self, step: Step) -> Outcome {
        if step.needs_setup()
            && let Err(why) = self.toolchain()
        {
            return Outcome::NotRun(format!("the set-up failed: {why}"));
        }
        match self.carry_out(step) {
            Ok(note) => Outcome::Passed(note),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        }
    }

    fn toolchain(&mut self) -> Result<&Toolchain, String> {
        self.toolchain
            .get_or_insert_with(|| {
                Toolchain::ready(&Need::TESTS).map_err(|error| error.to_string())
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    fn carry_out(&mut self, step: Step) -> Result<Option<String>> {
        let root = self.workspace.root.clone();
        match step {
            Step::Setup => return self.set_up(),
            Step::Format => run_command(&mut cargo(&root, &["fmt", "--all", "--check"]))?,
            Step::Lint => {
                if !lint::run(&self.workspace)? {
                    bail!("the structure is not as it should be; see above");
                }
            }
            Step::Clippy => run_command(&mut cargo(
                &root,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            ))?,
            Step::ClippyDevice => return self.clippy_for_devices(),
            Step::Device => self.build_for_devices()?,
            // Examples are compiled by clippy and run by nobody; documentation has its own step.
            Step::Test => run_command(&mut cargo(
                &root,
                &[
                    "test",
                    "--workspace",
                    "--lib",
                    "--bins",
                    "--tests",
                    "--",
                    "--include-ignored",
                ],
            ))?,
            // `checked` is a feature and changes the engine alone, so little is compiled again.
            Step::Checked => run_command(
                cargo(
                    &root,
                    &[
                        "test",
                        "--package",
                        "mote-engine-suite",
                        "--features",
                        "checked,mote-engine/trace",
                        "--tests",
                    ],
                )
                // Of generated modules as many as take a few seconds: this is the second time.
                .env("MOTE_MODULES", "1000"),
            )?,
            Step::Fuzz => return self.fuzz_shortly(),
            Step::Doctest => run_command(&mut cargo(&root, &["test", "--workspace", "--doc"]))?,
            Step::Doc => run_command(
                cargo(&root, &["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )?,
            Step::Size => size::check(&self.workspace)?,
            Step::Tree => self.tree_is_unchanged()?,
        }
        Ok(None)
    }

    fn set_up(&mut self) -> Result<Option<String>> {
        let toolchain = self.toolchain().map_err(|why| anyhow!(why))?;
        let mut compilers = BTreeSet::new();
        for target in toolchain.targets() {
            let compiler = toolchain.compiler_name(target)?;
            say(&format!("{target}: {compiler}"));
            compilers.insert(compiler);
        }
        say(&format!("QEMU: {}", toolchain.qemu()?.display()));
        Ok(Some(compilers.into_iter().collect::<Vec<_>>().join(", ")))
    }

    /// Runs each fuzzer for [`FUZZ_SECONDS`], or what the stable compiler can do of it.
    fn fuzz_shortly(&self) -> Result<Option<String>> {
        let nightly = Nightly::find(&self.workspace);
        let why = match &nightly {
            Err(why) => Some(why.clone()),
            Ok(nightly) => nightly.prepare_fuzzing()?,
        };
        if let (Ok(nightly), None) = (&nightly, &why) {
            let targets = nightly.targets()?;
            for target in &targets {
                nightly.fuzz(target, FUZZ_SECONDS, Build::Quick)?;
            }
            let targets = targets.join(", ");
            return Ok(Some(format!(
                "{FUZZ_SECONDS} s of libFuzzer each: {targets}"
            )));
        }
        let why = why.unwrap_or_default();
        say(&format!(
            "{why}: a fixed set of inputs instead of libFuzzer"
        ));
        run_command(
            cargo(
                &self.workspace.root,
                &["test", "--package", "mote-engine-suite", "--test", "fuzz"],
            )
            .env("MOTE_INPUTS", "10000"),
        )?;
        Ok(Some(format!("a fixed set of inputs, no libFuzzer: {why}")))
    }

    /// Checks each group of crates on the target that it is for. Clippy comes with the active Rust
    /// only; where that lacks the target, the compiler's own warnings are all there is.
    fn clippy_for_devices(&mut self) -> Result<Option<String>> {
        let mut note = None;
        for (target, packages) in self.for_each_target()? {
            let (root, folder) = self.folders();
            let toolchain = self.toolchain().map_err(|why| anyhow!(why))?;
            let mut command = if toolchain.host_has(target) {
                let mut command = toolchain.cargo_of_host("clippy", target, &root, &folder)?;
                add_packages(&mut command, &packages);
                command.args(["--", "-D", "warnings"]);
                command
            } else {
                let message = format!("no clippy for {target} here, only rustc's own warnings");
                say(&message);
                note = Some(message);
                let mut command = toolchain.cargo("check", target, &root, &folder)?;
                add_packages(&mut command, &packages);
                command.arg("--config");
                command.arg(format!("target.{target}.rustflags=[\"-Dwarnings\"]"));
                command
            };
            run_command(&mut command)?;
        }
        Ok(note)
    }

    fn build_for_devices(&mut self) -> Result<()> {
        let packages = self.device_libraries();
        for target in DEVICE_TARGETS {
            let (root, folder) = self.folders();
            let toolchain = self.toolchain().map_err(|why| anyhow!(why))?;
            let mut command = toolchain.cargo("build", target, &root, &folder)?;
            // The profile of firmware: what is built here need not be built again for it, and its
            // libraries take a third of the time, as machine code is made only when linking
            // (25 s instead of 70 s for one target with Rust 1.95, 2026-11).
            command.args(["--lib", "--profile", "firmware"]);
            let packages = packages
                .iter()
                .filter(|name| target != Target::ThumbV6M || *name != NOT_FOR_V6M);
            add_packages(&mut command, packages);
            run_command(&mut command)?;
        }
        Ok(())
    }

    /// The libraries that every device uses, whatever its board.
    fn device_libraries(&self) -> Vec<String> {
        let runtime = self.workspace.under("runtime");
        let packages = runtime
            .chain(self.workspace.under("platform/traits"))
            .chain(self.workspace.under("platform/cortex-m"))
            .chain(self.workspace.under("firmware/cortex-m"));
        packages.map(|package| package.name.clone()).collect()
    }

    /// Which packages are compiled for which target: what all devices share on the first device
    /// target, boards with the firmware that names their target, modules for Wasm.
    fn for_each_target(&self) -> Result<Vec<(Target, Vec<String>)>> {
        let mut groups = vec![(DEVICE_TARGETS[0], self.device_libraries())];
        for (firmware, budget) in size::firmware(&self.workspace)? {
            let boards = self.workspace.under("platform/boards").filter(|board| {
                firmware
                    .dependencies
                    .iter()
                    .any(|dependency| dependency.name == board.name)
            });
            let mut packages: Vec<_> = boards.map(|board| board.name.clone()).collect();
            packages.push(firmware.name.clone());
            groups.push((budget.target, packages));
        }
        let modules: Vec<_> = self
            .workspace
            .under("modules")
            .map(|package| package.name.clone())
            .collect();
        if modules.is_empty() {
            bail!("there is no package under modules/, so no module to check");
        }
        groups.push((Target::Wasm32, modules));
        Ok(groups)
    }

    fn folders(&self) -> (std::path::PathBuf, std::path::PathBuf) {
        (
            self.workspace.root.clone(),
            self.workspace.target_folder.clone(),
        )
    }

    fn tree_is_unchanged(&self) -> Result<()> {
        let after = self.workspace.changes()?;
        if after == self.before {
            return Ok(());
        }
        let before: BTreeSet<_> = self.before.lines().collect();
        let changed: Vec<_> = after
            .lines()
            .filter(|line| !before.contains(line))
            .collect();
        bail!(
            "the tests changed the tree: {}; a test writes only below target/ or in a folder of \
             its own that it removes",
            changed.join(", ")
        )
    }
}

fn add_packages<'a>(
    command: &mut std::process::Command,
    packages: impl IntoIterator<Item = &'a String>,
) {
    for package in packages {
        command.args(["--package", package]);
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::Step;

    #[test]
    fn every_step_says_what_it_does() {
        for step in Step::value_variants() {
            let value = step.to_possible_value().unwrap();
            assert!(value.get_help().is_some(), "{step:?}");
        }
    }

    #[test]
    fn first_step_is_the_setup_and_last_the_tree() {
        let steps = Step::value_variants();
        assert_eq!(steps.first(), Some(&Step::Setup));
        assert_eq!(steps.last(), Some(&Step::Tree));
    }
}
