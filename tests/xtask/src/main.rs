#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_errors_doc,
    reason = "all here fails the same way: with a message for the person who ran it"
)]

mod bench;
mod budget;
mod command_line;
mod console;
mod cross_check;
mod lint;
mod nightly;
mod run;
mod size;
mod steps;
mod summary;
mod workspace;

use std::process::ExitCode;

fn main() -> ExitCode {
    match command_line::run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
