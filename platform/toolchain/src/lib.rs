#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod compile;
mod environment;
mod error;
mod footprint;
mod install;
mod machine;
mod need;
mod plan;
mod target;
mod toolchain;
mod version;
mod wasi;

pub use compile::Build;
pub use error::Error;
pub use footprint::{Footprint, Section};
pub use machine::{Apt, Compiler, Elevation, Lld, Machine, Program, WasiParts};
pub use need::Need;
pub use plan::{Choice, Install, Plan, Refusals, Route, Step, plan};
pub use target::Target;
pub use toolchain::Toolchain;
pub use version::Version;
