//! The ABI's version, its fixed names and its limits.
//!
//! They are constants of the ABI, not of a build: a guest may rely on them on every board.

/// Version of the guest ABI. A manifest states the one that its module was built for.
///
/// Changes: 0 is the first, and not yet stable (see the README's section *Stability*).
pub const VERSION: u16 = 0;

/// The Wasm import module that all host functions are imported from.
pub const IMPORT_MODULE: &str = "mote_v0";

/// The export that a module is entered by: `() -> ()` or `() -> i32` (an exit code).
pub const ENTRY: &str = "run";

/// Longest name of a capability, a module, a pin or a board, in bytes of UTF-8.
pub const NAME_MAX_BYTES: usize = 32;

/// Longest message that one `log.write` takes, in bytes of UTF-8.
pub const LOG_MESSAGE_MAX_BYTES: usize = 256;
