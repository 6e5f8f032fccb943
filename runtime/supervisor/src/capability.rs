//! Capabilities: a module's only door to anything outside of its own memory.
//!
//! One file an interface says what its host functions do; `table` holds what a module was granted.
//! No interface knows a board: each gets the traits of `mote-traits`.

pub mod clock;
pub mod gpio;
pub mod interface;
pub mod log;
pub mod rights;
pub mod table;

pub use interface::Interface;
pub use rights::Rights;
pub use table::{Resource, Table};
