//! Modules: random ones, and what the reference validator is to accept.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};
use wasmparser::WasmFeatures;

/// A generator of numbers, the same on each run (`xorshift64*`).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below a limit.
    pub const fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 32) % limit as u64) as usize
    }

    /// Returns so many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_be_bytes()[0]).collect()
    }
}

/// The WebAssembly that is supported, as the reference validator calls it.
#[must_use]
pub fn features() -> WasmFeatures {
    WasmFeatures::WASM1
        | WasmFeatures::SIGN_EXTENSION
        | WasmFeatures::SATURATING_FLOAT_TO_INT
        | WasmFeatures::MULTI_VALUE
        | WasmFeatures::BULK_MEMORY
        | WasmFeatures::REFERENCE_TYPES
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::CUSTOM_PAGE_SIZES
}

/// What random modules may import, in the text format.
const IMPORTS: &str = r#"(module
    (import "m" "a" (func))
    (import "m" "b" (func (param i32 i64) (result i32)))
    (import "m" "c" (func (result f64 i32)))
)"#;

/// Returns a random module of the WebAssembly that is supported.
#[must_use]
pub fn smith(random: &mut Random) -> Option<Vec<u8>> {
    generated(random, Config::default())
}

/// Returns a random module whose results do not depend on the engine: NaNs are canonical.
#[must_use]
pub fn smith_to_run(random: &mut Random) -> Option<Vec<u8>> {
    let config = Config {
        canonicalize_nans: true,
        export_everything: true,
        max_memory32_bytes: 4 << 20,
        max_table_elements: 1000,
        ..Config::default()
    };
    generated(random, config)
}

fn generated(random: &mut Random, config: Config) -> Option<Vec<u8>> {
    let length = 500 + random.below(4000);
    let bytes = random.bytes(length);
    let mut unstructured = Unstructured::new(&bytes);
    let config = Config {
        bulk_memory_enabled: true,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: random.below(4) == 0,
        exceptions_enabled: false,
        gc_enabled: false,
        generate_custom_sections: random.below(4) == 0,
        available_imports: Some(wat::parse_str(IMPORTS).ok()?),
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 8,
        max_exports: 8,
        max_funcs: 8,
        max_globals: 6,
        max_imports: 3,
        max_instructions: 500,
        max_types: 8,
        min_funcs: 2,
        max_tables: 4,
        max_nesting_depth: 12,
        memory64_enabled: false,
        multi_value_enabled: true,
        reference_types_enabled: true,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        extended_const_enabled: true,
        ..config
    };
    Some(Module::new(config, &mut unstructured).ok()?.to_bytes())
}
