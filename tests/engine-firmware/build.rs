//! Gives the linker the memory of the emulated board.

use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let memory = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M\n RAM : ORIGIN = 0x20000000, LENGTH = 4M }\n";
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        std::fs::write(out.join("memory.x"), memory).unwrap_or_default();
        println!("cargo::rustc-link-search={}", out.display());
        println!("cargo::rustc-link-arg=-Tlink.x");
        println!("cargo::rustc-link-arg=--nmagic");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
