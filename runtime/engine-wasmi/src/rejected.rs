//! Why a module is not accepted.

use alloc::string::String;

/// Why wasmi cannot make an instance of a module: the module's fault, found before it runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Rejected {
    /// It is not a valid module, uses a proposal that is not supported, or passes a limit.
    Invalid(wasmi::Error),
    /// It imports something that is not a function: a memory, a table or a global.
    ImportNotAFunction {
        /// What it imports: `memory`, `table` or `global`.
        kind: &'static str,
        /// The Wasm module that it imports from.
        module: String,
        /// The name that it imports.
        name: String,
    },
    /// Its start function, or a function that it exports or imports, has a type with vectors.
    VectorType,
    /// An active segment does not fit, or its memory or tables are larger than the limits.
    Instantiation(wasmi::Error),
}

impl core::fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Invalid(error) => write!(formatter, "{error}"),
            Self::ImportNotAFunction { kind, module, name } => write!(
                formatter,
                "imports a {kind} ({module:?} {name:?}); only functions can be imported, since \
                 modules share nothing"
            ),
            Self::VectorType => formatter.write_str("SIMD is not supported"),
            Self::Instantiation(error) => write!(formatter, "cannot be instantiated: {error}"),
        }
    }
}

impl core::error::Error for Rejected {}
