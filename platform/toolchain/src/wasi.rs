//! Compiles C to WASI preview 1 programs with clang and wasi-libc.
//!
//! Any Debian can do this, whereas Rust for WASI takes what only rustup gives; so tests that need
//! a real WASI program write it in C.

use std::path::Path;
use std::process::Command;

use crate::environment;
use crate::error::Error;
use crate::install::run;
use crate::toolchain::Toolchain;

impl Toolchain {
    /// Compiles one C file to a WASI preview 1 program.
    ///
    /// # Errors
    /// If the compiler was not among the needs, or does not accept the file.
    pub fn compile_wasi_c(&self, source: &Path, output: &Path) -> Result<(), Error> {
        let parts = self.wasi();
        let (Some(clang), Some(sysroot)) = (&parts.clang, &parts.sysroot) else {
            return Err(Error::NotAskedFor("C for WASI".to_owned()));
        };
        let mut command = Command::new(clang);
        environment::clean_of_rustup(&mut command);
        command
            .arg("--target=wasm32-wasi")
            .arg(format!("--sysroot={}", sysroot.display()))
            .args(["-rtlib=compiler-rt", "-O1", "-Wall", "-Wextra", "-o"])
            .arg(output)
            .arg(source);
        run(&mut command, None)
    }
}
