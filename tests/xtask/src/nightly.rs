//! What the nightly compiler is for: libFuzzer and Miri.
//!
//! Mote is built by the stable compiler; these tools are not, and a machine may lack them. So each
//! says what it lacks, and what runs in `cargo xtask test` falls back to what the stable compiler
//! can do.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::console::say;
use crate::run::{cargo, read, run};
use crate::workspace::Workspace;

/// cargo-fuzz, in the version that the targets were made with.
const CARGO_FUZZ: &str = "0.13.2";

/// The folder of the fuzzers' workspace, from the root.
const FUZZ_FOLDER: &str = "tests/fuzz";

/// How long libFuzzer may take for one input before that counts as a failure, in seconds.
const TIMEOUT_SECONDS: u32 = 25;
/// The most bytes of an input: modules and images in the seeds are smaller.
const INPUT_BYTES_MAX: u32 = 8192;

/// How the fuzzers are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// Optimised, with the address sanitizer: takes minutes.
    Thorough,
    /// Not optimised and without, but with the engine's own assertions: for a short run.
    Quick,
}

/// The nightly tools of this machine.
pub(crate) struct Nightly<'w> {
    workspace: &'w Workspace,
}

/// Starts a program of the nightly toolchain; what this process was started with is forgotten.
fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command
}

/// Returns why something cannot be had, or nothing.
fn lacks(command: &mut Command, what: &str) -> Option<String> {
    match read(command) {
        Ok(_) => None,
        Err(_) => Some(format!("no {what} here")),
    }
}

impl<'w> Nightly<'w> {
    /// Finds the nightly compiler.
    pub(crate) fn find(workspace: &'w Workspace) -> Result<Self, String> {
        match lacks(
            nightly("rustc").arg("--version"),
            "nightly compiler (`rustup toolchain install nightly`)",
        ) {
            Some(why) => Err(why),
            None => Ok(Self { workspace }),
        }
    }

    fn tools(&self) -> PathBuf {
        self.workspace.target_folder.join("tools")
    }

    /// A command of the nightly cargo, in the workspace, which finds what was installed for it.
    fn cargo(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = nightly("cargo");
        command.current_dir(&self.workspace.root).args(arguments);
        let mut folders = vec![self.tools().join("bin")];
        folders.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        command.env("PATH", std::env::join_paths(folders)?);
        Ok(command)
    }

    /// Sees to it that libFuzzer can be used; returns why not where it cannot.
    pub(crate) fn prepare_fuzzing(&self) -> Result<Option<String>> {
        let why = lacks(
            Command::new("c++").arg("--version"),
            "C++ compiler for libFuzzer",
        );
        if why.is_some() {
            return Ok(why);
        }
        if read(self.cargo(&["fuzz", "--version"])?.env_remove("CARGO")).is_ok() {
            return Ok(None);
        }
        say(&format!(
            "cargo-fuzz is not installed; installing {CARGO_FUZZ} below {}",
            self.tools().display()
        ));
        let mut install = cargo(
            &self.workspace.root,
            &["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ],
        );
        install.arg("--root").arg(self.tools());
        install.arg("--target-dir").arg(self.tools().join("build"));
        match run(&mut install) {
            Ok(()) => Ok(None),
            Err(error) => Ok(Some(format!("cargo-fuzz cannot be installed: {error:#}"))),
        }
    }

    /// Runs one target for so many seconds, from the seeds and what earlier runs found.
    pub(crate) fn fuzz(&self, target: &str, seconds: u64, build: Build) -> Result<()> {
        let folder = self.workspace.target_folder.join("fuzz");
        let corpus = folder.join("corpus");
        let artifacts = folder.join("artifacts").join(target);
        std::fs::create_dir_all(&artifacts)
            .with_context(|| format!("cannot make {}", artifacts.display()))?;
        let mut seeds = cargo(
            &self.workspace.root,
            &[
                "run",
                "--quiet",
                "--package",
                "mote-engine-suite",
                "--features",
                "reference",
                "--example",
                "corpus",
                "--",
            ],
        );
        run(seeds.arg(&corpus))?;
        let mut command =
            self.cargo(&["fuzz", "run", "--fuzz-dir", FUZZ_FOLDER, "--target-dir"])?;
        match build {
            Build::Thorough => command.arg(folder.join("build")),
            Build::Quick => {
                command.arg(folder.join("build-quick"));
                command.args(["--dev", "--sanitizer", "none"])
            }
        };
        command.arg(target).arg(corpus.join(target)).arg("--");
        let mut prefix = OsString::from("-artifact_prefix=");
        prefix.push(artifacts.join(""));
        command.arg(prefix);
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-timeout={TIMEOUT_SECONDS}"));
        command.arg(format!("-max_len={INPUT_BYTES_MAX}"));
        command.args(["-rss_limit_mb=4096", "-print_final_stats=1", "-verbosity=0"]);
        run(&mut command).with_context(|| {
            format!(
                "{target} found something; its input is below {}",
                artifacts.display()
            )
        })
    }

    /// Returns the targets: what is in the fuzzers' folder.
    pub(crate) fn targets(&self) -> Result<Vec<String>> {
        let folder = self.workspace.root.join(FUZZ_FOLDER).join("fuzz_targets");
        let mut targets = Vec::new();
        for entry in std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
        {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs")
                && let Some(name) = path.file_stem().and_then(|name| name.to_str())
            {
                targets.push(name.to_owned());
            }
        }
        targets.sort();
        if targets.is_empty() {
            bail!("there is no target in {}", folder.display());
        }
        Ok(targets)
    }

    /// Returns why Miri cannot be used, or nothing.
    pub(crate) fn lacks_miri(&self) -> Option<String> {
        lacks(
            nightly("cargo").args(["miri", "--version"]),
            "Miri (`rustup component add --toolchain nightly miri rust-src`)",
        )
    }

    /// Runs what Miri looks at.
    pub(crate) fn miri(&self) -> Result<()> {
        let arguments = [
            "miri",
            "test",
            "--package",
            "mote-engine-suite",
            "--test",
            "miri",
        ];
        let mut command = self.cargo(&arguments)?;
        command.arg("--target-dir");
        command.arg(self.workspace.target_folder.join("miri"));
        run(&mut command)
    }
}

/// Runs libFuzzer on one target, or on all, for so many minutes each.
pub(crate) fn fuzz(workspace: &Workspace, target: Option<&str>, minutes: u64) -> Result<bool> {
    let nightly = Nightly::find(workspace).map_err(anyhow::Error::msg)?;
    if let Some(why) = nightly.prepare_fuzzing()? {
        bail!("{why}");
    }
    let targets = nightly.targets()?;
    let chosen: Vec<&String> = targets
        .iter()
        .filter(|name| target.is_none_or(|wanted| wanted == name.as_str()))
        .collect();
    if chosen.is_empty() {
        bail!("no such target; there are {}", targets.join(", "));
    }
    for name in chosen {
        nightly.fuzz(name, minutes * 60, Build::Thorough)?;
    }
    Ok(true)
}

/// Runs Miri.
pub(crate) fn miri(workspace: &Workspace) -> Result<bool> {
    let nightly = Nightly::find(workspace).map_err(anyhow::Error::msg)?;
    if let Some(why) = nightly.lacks_miri() {
        bail!("{why}");
    }
    nightly.miri()?;
    Ok(true)
}
