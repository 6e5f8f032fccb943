//! The machines that code is compiled for.
//!
//! Everything that differs between two targets of ours is asked of this enum, so that no triple is
//! spelled out anywhere else.

use std::fmt;

/// A compilation target that Mote's devices or modules use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Cortex-M0, M0+ and M1.
    ThumbV6M,
    /// Cortex-M3.
    ThumbV7M,
    /// Cortex-M4 and M7 without a floating point unit, or with it unused.
    ThumbV7EM,
    /// Cortex-M4F and M7F, floats in registers.
    ThumbV7EMHardFloat,
    /// Mote's modules: Wasm with nothing but `core` and `alloc`.
    Wasm32,
    /// WASI preview 1 programs in Rust; needs `std`.
    Wasm32WasiP1,
}

impl Target {
    /// Every target, in the order of their triples.
    pub const ALL: [Self; 6] = [
        Self::ThumbV6M,
        Self::ThumbV7EM,
        Self::ThumbV7EMHardFloat,
        Self::ThumbV7M,
        Self::Wasm32WasiP1,
        Self::Wasm32,
    ];

    /// Returns the name that rustc knows the target by.
    #[must_use]
    pub const fn triple(self) -> &'static str {
        match self {
            Self::ThumbV6M => "thumbv6m-none-eabi",
            Self::ThumbV7M => "thumbv7m-none-eabi",
            Self::ThumbV7EM => "thumbv7em-none-eabi",
            Self::ThumbV7EMHardFloat => "thumbv7em-none-eabihf",
            Self::Wasm32 => "wasm32v1-none",
            Self::Wasm32WasiP1 => "wasm32-wasip1",
        }
    }

    /// Finds the target with this triple, if it is one of ours.
    #[must_use]
    pub fn from_triple(triple: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|target| target.triple() == triple)
    }

    /// Tells whether code for the target is Wasm.
    #[must_use]
    pub const fn is_wasm(self) -> bool {
        matches!(self, Self::Wasm32 | Self::Wasm32WasiP1)
    }

    /// Tells whether programs for the target use the whole standard library, which takes more
    /// than its source to build: a C library too.
    #[must_use]
    pub const fn needs_std(self) -> bool {
        matches!(self, Self::Wasm32WasiP1)
    }

    /// Returns the part of the name of cargo's `CARGO_TARGET_<...>_LINKER`.
    pub(crate) fn in_environment(self) -> String {
        self.triple().to_uppercase().replace('-', "_")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.triple())
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn triple_of_each_target_leads_back_to_it() {
        for target in Target::ALL {
            assert_eq!(Target::from_triple(target.triple()), Some(target));
        }
        assert_eq!(Target::from_triple("x86_64-unknown-linux-gnu"), None);
    }

    #[test]
    fn environment_name_is_as_cargo_wants_it() {
        assert_eq!(
            Target::ThumbV7EMHardFloat.in_environment(),
            "THUMBV7EM_NONE_EABIHF"
        );
    }
}
