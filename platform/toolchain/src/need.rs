//! What a command is about to do, as far as tools are concerned.
//!
//! The caller names needs, never packages: running a finished module in the simulator needs
//! nothing and must install nothing.

use std::collections::BTreeSet;

use crate::target::Target;

/// One thing that the caller is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Compile modules for Mote from Rust.
    Guest,
    /// Compile firmware for a target.
    Device(Target),
    /// Boot a firmware on an emulated board.
    Qemu,
    /// Compile WASI preview 1 programs from C.
    WasiC,
    /// Compile WASI preview 1 programs from Rust; only rustup can give what this takes.
    WasiRust,
    /// Check style with rustfmt and clippy.
    Style,
}

impl Need {
    /// Everything that the whole test suite takes.
    pub const TESTS: [Self; 7] = [
        Self::Style,
        Self::Guest,
        Self::Device(Target::ThumbV7EMHardFloat),
        Self::Device(Target::ThumbV7EM),
        Self::Device(Target::ThumbV6M),
        Self::Qemu,
        Self::WasiC,
    ];

    /// Returns the target that has to be compiled for, if it takes one.
    #[must_use]
    pub const fn target(self) -> Option<Target> {
        match self {
            Self::Guest => Some(Target::Wasm32),
            Self::Device(target) => Some(target),
            Self::WasiRust => Some(Target::Wasm32WasiP1),
            Self::Qemu | Self::WasiC | Self::Style => None,
        }
    }
}

/// Collects the targets of a set of needs, each once.
pub(crate) fn targets(needs: &[Need]) -> BTreeSet<Target> {
    needs.iter().filter_map(|need| need.target()).collect()
}
