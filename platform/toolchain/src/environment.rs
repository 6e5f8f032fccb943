//! What an inner cargo sees of our environment.
//!
//! `cargo run` tells its child a lot about itself: its compiler, its toolchain, the package being
//! run. Handed on to an inner cargo, that makes one compiler pick up another's parts. So the inner
//! cargo gets the person's settings (`CARGO_HOME`, network, terminal, jobs), and none of the outer
//! cargo's.
//!
//! Flags for the host (`RUSTFLAGS`) are not handed on either: `-C target-cpu=native` means nothing
//! on a Cortex-M, and sizes must not depend on them.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

/// Removes from a command's environment what belongs to the cargo that started us. The choice
/// of a rustup toolchain (`cargo +NAME`) stays.
pub(crate) fn clean(command: &mut Command) {
    remove(command, belongs_to_outer_cargo);
}

/// Removes also what belongs to rustup, for a compiler that is not rustup's.
pub(crate) fn clean_of_rustup(command: &mut Command) {
    remove(command, |name| {
        belongs_to_outer_cargo(name) || belongs_to_rustup(name)
    });
}

fn remove(command: &mut Command, unwanted: impl Fn(&str) -> bool) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&unwanted) {
            command.env_remove::<&OsStr>(&name);
        }
    }
}

fn belongs_to_outer_cargo(name: &str) -> bool {
    const NAMES: [&str; 18] = [
        "CARGO",
        "CARGO_BUILD_RUSTC",
        "CARGO_BUILD_RUSTC_WRAPPER",
        "CARGO_BUILD_RUSTDOC",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "RUSTC_LINKER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
    ];
    const STARTS: [&str; 6] = [
        "CARGO_BIN_",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "DEP_",
    ];
    NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

fn belongs_to_rustup(name: &str) -> bool {
    // The library path is set by rustup's proxies and by `cargo run`, to rustup's libraries.
    const NAMES: [&str; 3] = [
        "LD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "RUST_RECURSION_COUNT",
    ];
    NAMES.contains(&name) || name.starts_with("RUSTUP_")
}

#[cfg(test)]
mod tests {
    use super::{belongs_to_outer_cargo, belongs_to_rustup};

    #[test]
    fn settings_of_the_person_are_handed_on() {
        for name in [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_TERM_COLOR",
            "CARGO_NET_OFFLINE",
            "CARGO_HTTP_CAINFO",
            "CARGO_BUILD_JOBS",
            "CARGO_REGISTRIES_CRATES_IO_PROTOCOL",
        ] {
            assert!(
                !belongs_to_outer_cargo(name) && !belongs_to_rustup(name),
                "{name}"
            );
        }
    }

    #[test]
    fn settings_of_the_outer_cargo_are_not() {
        for name in [
            "CARGO",
            "RUSTC",
            "CARGO_MANIFEST_DIR",
            "CARGO_PKG_VERSION_MAJOR",
            "RUSTFLAGS",
        ] {
            assert!(belongs_to_outer_cargo(name), "{name}");
        }
        assert!(!belongs_to_outer_cargo("RUSTUP_TOOLCHAIN"));
        assert!(belongs_to_rustup("RUSTUP_TOOLCHAIN"));
    }
}
