//! Turns policy.toml into what the firmware reads, and tells the linker of the board's memory.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=policy.toml");
    println!("cargo::rerun-if-changed=build.rs");
    let text = fs::read_to_string("policy.toml")?;
    let policy = mote_manifest::parse_policy(&text)
        .map_err(|error| format!("firmware/microbit/policy.toml: {error}"))?;
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
