//! Tries to get at files that it was not given, as Rust's standard library does it.
//!
//! `outside PATH...` reads, lists and writes each path, and prints a line for each attempt. Ends
//! with 0 where all were refused, and with 1 where any succeeded.
//!
//! Built by `rustc --edition 2024 --target wasm32-wasip1 outside.rs`, where rustup has that target.

use std::fs;
use std::io;
use std::process::ExitCode;

fn attempt<T>(how: &str, path: &str, result: io::Result<T>) -> bool {
    match &result {
        Ok(_) => println!("{how} {path}: OPENED"),
        Err(error) => println!("{how} {path}: refused: {error}"),
    }
    result.is_ok()
}

fn main() -> ExitCode {
    let mut opened = false;
    for path in std::env::args().skip(1) {
        opened |= attempt("read", &path, fs::read(&path));
        opened |= attempt("list", &path, fs::read_dir(&path));
        opened |= attempt("write", &path, fs::write(&path, "overwritten"));
    }
    ExitCode::from(u8::from(opened))
}
