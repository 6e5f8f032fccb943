//! What each part takes of flash: the bench's firmware with it and without.

use anyhow::Result;
use mote_toolchain::{Build, Footprint, Toolchain};

use super::TARGET;
use super::report::{table, thousands};
use crate::workspace::Workspace;

/// The bench's firmware.
const FIRMWARE: &str = "mote-firmware-bench";

/// Bytes of flash of the bench's firmware, by what is built in.
#[derive(Debug)]
pub(super) struct Flash {
    pub(super) bare: u64,
    pub(super) library: u64,
    pub(super) engine: u64,
    pub(super) floats: u64,
    pub(super) verify: u64,
    pub(super) translate: u64,
    pub(super) wasmi: u64,
}

impl Flash {
    pub(super) fn measure(workspace: &Workspace, toolchain: &Toolchain) -> Result<Self> {
        let build = |features: &[&str]| -> Result<u64> {
            let build = Build::package(&workspace.root, FIRMWARE)
                .without_default_features()
                .features(features.iter().copied());
            let file = toolchain.build_firmware(&build, TARGET)?;
            Ok(Footprint::of_file(&file)?.flash_bytes)
        };
        Ok(Self {
            bare: build(&[])?,
            library: build(&["library"])?,
            engine: build(&["mote"])?,
            floats: build(&["mote", "float"])?,
            verify: build(&["mote", "float", "verify"])?,
            translate: build(&["translate"])?,
            wasmi: build(&["wasmi"])?,
        })
    }

    pub(super) fn table(&self) -> Vec<String> {
        let row = |what: &str, bytes: u64, part: &str, of: u64| {
            vec![
                what.to_owned(),
                thousands(bytes),
                part.to_owned(),
                thousands(bytes.saturating_sub(of)),
            ]
        };
        let rows = [
            row("bare: timer, serial line", self.bare, "", self.bare),
            row(
                "with memory moves and 64-bit division",
                self.library,
                "the compiler's library, in the others too",
                self.bare,
            ),
            row(
                "with the engine",
                self.engine,
                "engine without floats",
                self.bare,
            ),
            row("with floats", self.floats, "engine with floats", self.bare),
            row(
                "with the verifier (what is timed)",
                self.verify,
                "verify",
                self.floats,
            ),
            row(
                "with the translator instead",
                self.translate,
                "translate",
                self.bare,
            ),
            row(
                "with wasmi instead",
                self.wasmi,
                "wasmi with its heap",
                self.bare,
            ),
        ];
        table(&["firmware", "bytes", "part", "bytes"], &rows)
    }
}
