//! The command `mote`: all that it does is in the library of this crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    mote_host::cli::main(std::env::args_os())
}
