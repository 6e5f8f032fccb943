//! Turns the board's policy.toml into what the firmware reads, and tells the linker of the board's memory.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

/// The board's policy, whatever the engine.
const POLICY: &str = "../mps2-an386/policy.toml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={POLICY}");
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string(POLICY)?;
    let policy = mote_manifest::parse_policy(&text)
        .map_err(|error| format!("firmware/mps2-an386/policy.toml: {error}"))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    fs::write(out.join("policy.postcard"), policy.as_bytes())?;
    if env::var("CARGO_CFG_TARGET_OS")? == "none" {
        // link.x is cortex-m-rt's; it includes memory.x, which is the board's.
        println!("cargo::rustc-link-arg-bins=-Tlink.x");
        // Sections need not begin on pages: there are none.
        println!("cargo::rustc-link-arg-bins=--nmagic");
    }
    Ok(())
}
