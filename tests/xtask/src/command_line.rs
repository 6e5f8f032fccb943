//! The commands and their manual.

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::steps::Step;
use crate::workspace::Workspace;
use crate::{bench, cross_check, lint, nightly, size, steps};

/// Checks, tests and measures Mote: everything that CI does, on your machine.
///
/// The first run installs what is missing (Rust targets, QEMU, a C compiler for WASI) and says so
/// before it does; see `platform/toolchain/README.md` for how, and for MOTE_TOOLCHAIN, which
/// chooses between rustup's compiler and Debian's.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    after_help = "Exit code: 0 if everything passed, 1 if anything failed, 2 for a wrong command."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check and test, as CI does.
    ///
    /// The steps run in the order that `--list` shows. A step that fails does not stop those that
    /// can go on without it. The last line is `N passed, N failed`, counting steps.
    Test {
        /// Run only this step; may be given several times.
        #[arg(long, value_name = "STEP", value_enum)]
        only: Vec<Step>,
        /// Show the steps and what each does, and run none.
        #[arg(long)]
        list: bool,
    },
    /// Build each firmware and compare its flash and RAM with its budget.
    ///
    /// `firmware/BOARD/budget.toml` holds a limit, which always counts, and what was measured
    /// with each compiler, which must be met exactly, so that no change of size goes unseen.
    Size {
        /// Write what is measured now into the budget files.
        #[arg(long)]
        bless: bool,
    },
    /// Count instructions of the ten workloads on the emulated Cortex-M4, beside the rivals'.
    ///
    /// Prints one table and writes it to `tests/engine-suite/bench.md`. Counts are exact, so two
    /// runs of one build print the same.
    Bench,
    /// Run the fuzzers: libFuzzer, by the nightly compiler.
    ///
    /// Begins with the seeds and what earlier runs found, below `target/fuzz/corpus`; an input that
    /// fails is written below `target/fuzz/artifacts`. Installs cargo-fuzz below `target/tools` where it is
    /// missing. The targets are in `tests/fuzz`; their bodies, which `cargo test` runs as well on a
    /// fixed set of inputs, in `tests/engine-suite/src/fuzz.rs`.
    Fuzz {
        /// `translate`, `verify` or `engine`; all of them, one after the other, if none is given.
        target: Option<String>,
        /// How long each target runs.
        #[arg(long, value_name = "N", default_value_t = 5)]
        minutes: u64,
    },
    /// Run the engine under Miri, which finds undefined behaviour: needs the nightly compiler's Miri.
    Miri,
    /// Compare Mote's engine with wasmtime on generated modules.
    ///
    /// Prints where the two differ, if they do. The first run compiles wasmtime, which takes ten
    /// minutes on two cores; it is below `target/cross-check` then. See `tests/cross-check`.
    CrossCheck {
        /// How many modules.
        #[arg(long, default_value_t = 3000)]
        modules: u64,
        /// The seed of the first.
        #[arg(long, default_value_t = 0)]
        from: u64,
    },
    /// Check the structure: who depends on whom, where `unsafe` is, what lies where.
    Lint,
    /// Install what building and testing takes, and do nothing else.
    Setup,
}

/// Runs the command that was given; tells whether all went well.
pub(crate) fn run() -> Result<bool> {
    let workspace = Workspace::find()?;
    match CommandLine::parse().command {
        Command::Test { list: true, .. } => {
            steps::list();
            Ok(true)
        }
        Command::Test { only, list: false } => steps::run(workspace, &only),
        Command::Size { bless } => size::run(&workspace, bless),
        Command::Bench => bench::run(&workspace),
        Command::Fuzz { target, minutes } => nightly::fuzz(&workspace, target.as_deref(), minutes),
        Command::Miri => nightly::miri(&workspace),
        Command::CrossCheck { modules, from } => cross_check::run(&workspace, modules, from),
        Command::Lint => lint::run(&workspace),
        Command::Setup => steps::run(workspace, &[Step::Setup]),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    #[test]
    fn command_line_is_sound() {
        CommandLine::command().debug_assert();
    }
}
