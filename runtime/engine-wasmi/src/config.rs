//! What wasmi is told to accept, and how much it may use.
//!
//! The same on a device and on the host, so that a module that is accepted by one is accepted by
//! the other and overflows its stack at the same call.

use wasmi::{CompilationMode, Config, StoreLimits, StoreLimitsBuilder};

/// Calls that may be nested, the same everywhere.
const RECURSION_DEPTH_MAX: usize = 1_000;

/// Most bytes of wasmi's value stack. Large enough for [`RECURSION_DEPTH_MAX`] frames of 32
/// values of 8 bytes.
const STACK_MAX_BYTES: usize = 256 * 1024;

/// Bytes of value stack that wasmi begins with.
const STACK_MIN_BYTES: usize = 4 * 1024;

/// Most elements of a table.
const TABLE_MAX_ELEMENTS: usize = 64 * 1024;

/// How much an instance may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of memory. A module that begins with more is rejected; one that grows beyond
    /// sees `memory.grow` fail. Nothing means that only the module's own maximum counts.
    pub memory_max_bytes: Option<u32>,
}

impl Limits {
    pub(crate) fn store_limits(self) -> StoreLimits {
        let mut builder = StoreLimitsBuilder::new()
            .instances(1)
            .memories(1)
            .tables(100)
            .table_elements(TABLE_MAX_ELEMENTS)
            .trap_on_grow_failure(false);
        if let Some(bytes) = self.memory_max_bytes {
            builder = builder.memory_size(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        builder.build()
    }
}

/// Returns the configuration for what Mote supports: WebAssembly 1.0 with sign extension, mutable
/// globals, non-trapping conversions, multi-value, bulk memory, reference types, extended
/// constant expressions and custom page sizes; nothing else.
pub(crate) fn config(start_function: bool) -> Config {
    let mut config = Config::default();
    config
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_saturating_float_to_int(true)
        .wasm_multi_value(true)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .wasm_extended_const(true)
        .wasm_custom_page_sizes(true)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .wasm_wide_arithmetic(false)
        .allow_start_fn(start_function)
        .ignore_custom_sections(true)
        .consume_fuel(true)
        // All at once, when it is loaded: a bad function is found before anything runs, and no
        // call is charged for the translation of what it calls.
        .compilation_mode(CompilationMode::Eager)
        .set_max_cached_stacks(0);
    config.set_max_recursion_depth(RECURSION_DEPTH_MAX);
    // wasmi's default maximum is larger than this minimum, and this maximum than that: the order
    // of the calls keeps each of them in range.
    config.set_min_stack_height(STACK_MIN_BYTES);
    config.set_max_stack_height(STACK_MAX_BYTES);
    config
}
