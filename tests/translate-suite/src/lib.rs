//! What the tests of the translator's front end share: buffers, back ends, modules.

mod assemble;
mod audit;
mod machine;
mod modules;
mod numeric;
mod workspace;

pub use audit::Audit;
pub use machine::{Machine, Stop};
pub use modules::{Random, features, smith, smith_to_run};
pub use workspace::{DeviceWorkspace, HostWorkspace, translated};
