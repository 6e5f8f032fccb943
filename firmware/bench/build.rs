//! Chooses the board by the target, and gives the linker its memory.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    println!("cargo::rustc-check-cfg=cfg(board, values(\"mps2-an386\", \"microbit\"))");
    let target = env::var("TARGET")?;
    let board = if target.starts_with("thumbv6m") {
        "microbit"
    } else {
        "mps2-an386"
    };
    println!("cargo::rustc-cfg=board=\"{board}\"");
    if env::var("CARGO_CFG_TARGET_OS")? == "none" {
        let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
        fs::copy(format!("memory/{board}.x"), out.join("memory.x"))?;
        fs::copy("memory/regions.x", out.join("regions.x"))?;
        println!("cargo::rustc-link-search={}", out.display());
        // link.x is cortex-m-rt's; it includes memory.x.
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
        // Sections need not begin on pages: there are none.
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    Ok(())
}
