//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::duration::parse_us;
use crate::exit::{Code, Failure, TABLE};
use crate::{bench, demo, inspect_command, replay, run, terminal, translate_command};

/// WebAssembly modules on microcontrollers.
///
/// Runs a module in a simulator on this machine or on an emulated board, and shows what it asks
/// of its host. A module can do nothing but compute until its manifest asks for a capability and
/// the board's policy grants it.
#[derive(Debug, Parser)]
#[command(name = "mote", version, after_long_help = TABLE, max_term_width = 100)]
struct Mote {
    #[command(subcommand)]
    command: Command,

    /// Show what the runtime does meanwhile; twice for more
    #[arg(long, short, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(RunArguments),
    Replay(ReplayArguments),
    Inspect(InspectArguments),
    Translate(TranslateArguments),
    Bench(BenchArguments),
    Demo(DemoArguments),
}

/// The engine that executes a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// Mote's own, on an image translated from the module
    Mote,
    /// The reference: wasmi, for boards that have half a megabyte to spare
    Wasmi,
}

impl BenchArguments {
    /// Returns the name of the export to call.
    pub(crate) fn export(&self) -> &str {
        self.invoke.as_deref().unwrap_or_default()
    }
}

impl EngineName {
    /// Returns the engine's name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mote => mote_supervisor::load::NAME,
            Self::Wasmi => mote_engine_wasmi::NAME,
        }
    }
}

/// Run a module, in the simulator or on an emulated board
///
/// MODULE is a Wasm file, a .wat file, an image, a manifest (.toml), or a folder with a
/// manifest.toml. A file's manifest is the .toml of the same name beside it; without one, the module asks for
/// nothing. A folder that has no Wasm file is built with cargo.
///
/// Each host call is printed to standard output, and everything else to standard error. A WASI
/// program (one that imports wasi_snapshot_preview1) is run on this machine: its output is its
/// own, and nothing of the machine is open to it but what --dir and --env give.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{RUN_EXAMPLES}\n\n{TABLE}"))]
pub(crate) struct RunArguments {
    /// The module: a file or a folder
    pub(crate) module: PathBuf,

    /// Arguments: of the export that --invoke names, or of a WASI program
    #[arg(allow_negative_numbers = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,

    /// Where to run it: sim, a board under QEMU such as mps2-an386, or sim:BOARD, which is the
    /// simulator with that board's pins and policy
    #[arg(long, default_value = "sim")]
    pub(crate) board: String,

    /// What executes it [default: mote; of a WASI program: wasmi]
    #[arg(long, value_enum, hide_default_value = true)]
    pub(crate) engine: Option<EngineName>,

    /// Call this export instead of the module's entry, and print its results, one a line
    #[arg(long, value_name = "EXPORT")]
    pub(crate) invoke: Option<String>,

    /// Give it so much fuel and no more (units of the engine; by default without end)
    #[arg(long, value_name = "UNITS")]
    pub(crate) fuel: Option<u64>,

    /// Stop it after this time of the board's clock, such as 500ms or 2s
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_us)]
    pub(crate) run_for_us: Option<u64>,

    /// Do not wait for real time to pass where the board rests (implied by --for, --fuel, --invoke)
    #[arg(long)]
    pub(crate) fast: bool,

    /// The module's manifest, if not in its usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// In the simulator: the board's policy, if not its usual one
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// In the simulator: put a level on an input, at once or at some time, such as button0=1@500ms
    #[arg(long = "set", value_name = "PIN=LEVEL[@TIME]")]
    pub(crate) levels: Vec<String>,

    /// Take a capability away at some time, such as led@1s
    #[arg(long = "revoke", value_name = "CAPABILITY@TIME")]
    pub(crate) revocations: Vec<String>,

    /// For a WASI program: let it use a folder of this machine, under another name if GUEST is
    /// given; with :ro at the end, for reading only
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]")]
    pub(crate) directories: Vec<String>,

    /// For a WASI program: set a variable of its environment, which is empty otherwise
    #[arg(long = "env", value_name = "NAME=VALUE")]
    pub(crate) environment: Vec<String>,

    /// Write the host calls to a file, for `mote replay`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Print one JSON object at the end, and nothing else
    #[arg(long)]
    pub(crate) json: bool,

    /// Print results, errors, and nothing else
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

const RUN_EXAMPLES: &str = "\
Examples:
  mote run modules/blink --for 2s                      build a Rust module and simulate it
  mote run modules/blink --for 2s --board mps2-an386   the same on an emulated Cortex-M4
  mote run fib.wasm --invoke fib 18                    call an export of any Wasm file
  mote run hello.wasm --dir data::/ -- a b             a WASI program with a folder and arguments";

/// Run a recorded session again in the simulator, and show the first difference
///
/// The module's inputs (clock, pins, events) are answered from the recording, so every host call
/// must be what it was. Ends with 1 where one is not.
#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// What `mote run --record` wrote
    pub(crate) recording: PathBuf,

    /// The module: a file or a folder
    pub(crate) module: PathBuf,

    /// The module's manifest, if not in its usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// The board's policy, if the recording was made with another than its usual one
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// What executes it now, whatever executed it then
    #[arg(long, value_enum, default_value_t = EngineName::Mote)]
    pub(crate) engine: EngineName,

    /// Print the outcome, and not the host calls
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Show what a module is, needs and asks for, without running it
///
/// MODULE may also be an image that `mote translate` made; names and places in the Wasm are taken
/// from the .symbols file of the same name.
#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// The module: a file or a folder
    pub(crate) module: PathBuf,

    /// The board that it is to run on; shows what the board's policy grants
    #[arg(long, default_value = "sim")]
    pub(crate) board: String,

    /// The module's manifest, if not in its usual place
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,

    /// The board's policy, if not its usual one
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Show the code that devices execute, beside the places in the Wasm that it comes from
    #[arg(long)]
    pub(crate) disassemble: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Translate a module into the image that devices execute, and show what it needs
///
/// `mote inspect` shows an image, and `mote run` runs one. Names in what they show
/// are taken from the .symbols file of the same name.
#[derive(Debug, Args)]
pub(crate) struct TranslateArguments {
    /// The module: a file or a folder
    pub(crate) module: PathBuf,

    /// Write the image here
    #[arg(long, short, value_name = "FILE.image")]
    pub(crate) output: PathBuf,

    /// Write the symbols here: names of functions, and places in the Wasm file
    #[arg(long, value_name = "FILE.symbols")]
    pub(crate) symbols: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Count what a call costs on an emulated board: instructions, fuel, flash and RAM
///
/// Builds a bare firmware with one engine, puts the module beside it, starts it ten times and calls
/// the export once. Counts are exact and the same on every machine; they are not times. Nothing
/// answers imports here: a module that calls one is refused at that call.
///
/// For Mote's engine the module is translated on this machine, as one that is installed. RAM is
/// counted beside guest memory: without frames, and with the frames that the image asks for, or
/// --stack gives.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{BENCH_EXAMPLES}\n\n{TABLE}"))]
pub(crate) struct BenchArguments {
    /// The module: a Wasm file, a .wat file, or what else `mote run` takes
    pub(crate) module: PathBuf,

    /// Arguments of the export
    #[arg(allow_negative_numbers = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<String>,

    /// The export to call
    #[arg(long, value_name = "EXPORT", required_unless_present = "translate")]
    pub(crate) invoke: Option<String>,

    /// Call nothing: let the board translate the module, with the buffers of a small device, and
    /// compare the image with this machine's
    #[arg(long, conflicts_with_all = ["invoke", "engine", "stack", "fuel"])]
    pub(crate) translate: bool,

    /// Where: mps2-an386 (Cortex-M4), or microbit (Cortex-M0)
    #[arg(long, default_value = "mps2-an386")]
    pub(crate) board: String,

    /// What executes it
    #[arg(long, value_enum, default_value_t = EngineName::Mote)]
    pub(crate) engine: EngineName,

    /// Give the call so much fuel and no more (units of the engine)
    #[arg(long, value_name = "UNITS", default_value_t = 1_000_000_000)]
    pub(crate) fuel: u64,

    /// Words of 4 bytes for the frames of Mote's engine; by default what the image says that it
    /// needs, and where its calls have no bound, 16384 words, on microbit 512
    #[arg(long, value_name = "WORDS")]
    pub(crate) stack: Option<u32>,

    /// Also model cycles, with this plugin of QEMU's (see tests/cycle-model)
    #[arg(long, value_name = "FILE")]
    pub(crate) cycle_model: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const BENCH_EXAMPLES: &str = "\
Examples:
  mote bench fib.wasm --invoke fib 18
  mote bench fib.wasm --invoke fib 18 --engine wasmi    the same on wasmi, to compare
  mote bench fib.wasm --invoke fib 18 --json            for a script";

/// Show the whole: build a module, run it on an emulated Cortex-M4 and in the simulator, compare
///
/// Gets what it needs (Rust's targets, QEMU) and says so before it does.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// How long the module runs, by the board's clock
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_us, default_value = "2s")]
    pub(crate) run_for_us: u64,
}

/// Runs the tool; returns what it ends with.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let outcome = match Mote::try_parse_from(arguments) {
        Ok(mote) => {
            terminal::set_up_log(mote.verbose);
            execute(&mote.command)
        }
        Err(error) => {
            // Help and version are answers, and go to standard output; clap knows.
            let code = if error.use_stderr() {
                Code::Tool
            } else {
                Code::Success
            };
            let _ = error.print();
            return ExitCode::from(code.number());
        }
    };
    match outcome {
        Ok(code) => ExitCode::from(code.number()),
        Err(Failure { code, message }) => {
            terminal::note(&message);
            ExitCode::from(code.number())
        }
    }
}

fn execute(command: &Command) -> Result<Code, Failure> {
    match command {
        Command::Run(arguments) => run::run(arguments),
        Command::Replay(arguments) => replay::replay(arguments),
        Command::Inspect(arguments) => inspect_command::inspect(arguments),
        Command::Translate(arguments) => translate_command::translate(arguments),
        Command::Bench(arguments) => bench::bench(arguments),
        Command::Demo(arguments) => demo::demo(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Mote::command().debug_assert();
    }

    #[test]
    fn arguments_after_invoke_may_be_negative_and_options_may_follow() {
        let line = [
            "mote", "run", "a.wasm", "--invoke", "add", "-1", "2", "--json",
        ];
        let mote = Mote::try_parse_from(line).unwrap();
        let Command::Run(run) = mote.command else {
            panic!("run")
        };
        assert_eq!(run.arguments, ["-1", "2"]);
        assert!(run.json);
    }

    #[test]
    fn arguments_of_a_program_follow_two_dashes() {
        let line = ["mote", "run", "a.wasm", "--", "--help", "-x"];
        let mote = Mote::try_parse_from(line).unwrap();
        let Command::Run(run) = mote.command else {
            panic!("run")
        };
        assert_eq!(run.arguments, ["--help", "-x"]);
    }
}
