//! Random modules of the WebAssembly that is supported, the same on each run.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

/// A generator of numbers, the same on each run (`xorshift64`).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d);
        random.0 |= (random.0 == 0) as u64;
        random
    }

    /// Returns the next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number below a limit.
    ///
    /// # Panics
    ///
    /// Where the limit is 0.
    pub const fn below(&mut self, limit: usize) -> usize {
        ((self.next() >> 16) % limit as u64) as usize
    }

    /// Returns so many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

/// What modules that call the host may import.
const IMPORTS: &str = r#"(module
    (import "host" "tick" (func))
    (import "host" "take" (func (param i32)))
    (import "host" "give" (func (result i32)))
    (import "host" "mix" (func (param i32 i64 f32 f64) (result i32 i64)))
    (import "host" "wide" (func (param i64) (result i64)))
)"#;

/// Returns a module made of these bytes, or nothing where they make none. With `calls`, it imports
/// functions of the host. Memory and tables are bounded by the module itself, so that growth ends
/// at the same size on each engine: at a megabyte and 100 entries.
#[must_use]
pub fn module(bytes: &[u8], calls: bool) -> Option<Vec<u8>> {
    let mut unstructured = Unstructured::new(bytes);
    let choices: u8 = unstructured.arbitrary().ok()?;
    let config = Config {
        allow_start_export: choices & 1 == 0,
        // More of the code is reached where less of it traps.
        disallow_traps: choices & 6 != 0,
        custom_page_sizes_enabled: choices & 0x18 == 0,
        available_imports: calls.then(|| wat::parse_str(IMPORTS).ok()).flatten(),
        min_imports: if calls { 5 } else { 0 },
        max_imports: if calls { 5 } else { 0 },
        min_funcs: 2,
        max_funcs: 10,
        min_exports: 3,
        export_everything: true,
        max_instructions: 300,
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        memory_max_size_required: true,
        table_max_size_required: true,
        max_table_elements: 100,
        max_tables: 2,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 8,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        multi_value_enabled: true,
        sign_extension_ops_enabled: true,
        saturating_float_to_int_enabled: true,
        extended_const_enabled: true,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        memory64_enabled: false,
        tail_call_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        wide_arithmetic_enabled: false,
        compact_imports_enabled: false,
        canonicalize_nans: false,
        ..Config::default()
    };
    Some(Module::new(config, &mut unstructured).ok()?.to_bytes())
}
