//! Which proposals beyond WebAssembly 1.0 a module needs.
//!
//! A module needs a proposal if it is valid with all of them and not with all but this one: the
//! validator itself is asked, and no list of instructions is kept here. Asking one by one would
//! validate a module some thirty times, so they are asked in groups that are halved.

use serde::Serialize;
use wasmparser::types::Types;
use wasmparser::{Validator, WasmFeatures};

use super::functions::FunctionMap;
use super::{InspectError, layout};

/// A proposal that a module needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// Its name, as the WebAssembly community group has it.
    pub name: &'static str,
    /// Whether Mote supports it.
    pub supported: bool,
}

const fn yes(name: &'static str, feature: WasmFeatures) -> (Proposal, WasmFeatures) {
    let supported = true;
    (Proposal { name, supported }, feature)
}

const fn no(name: &'static str, feature: WasmFeatures) -> (Proposal, WasmFeatures) {
    let supported = false;
    (Proposal { name, supported }, feature)
}

/// The proposals that a core module may need; Mote's own first, in the order of their age.
const PROPOSALS: [(Proposal, WasmFeatures); 25] = [
    yes("mutable-global", WasmFeatures::MUTABLE_GLOBAL),
    yes("sign-extension", WasmFeatures::SIGN_EXTENSION),
    yes("nontrapping-fptoint", WasmFeatures::SATURATING_FLOAT_TO_INT),
    yes("multi-value", WasmFeatures::MULTI_VALUE),
    yes("bulk-memory", WasmFeatures::BULK_MEMORY),
    yes("reference-types", WasmFeatures::REFERENCE_TYPES),
    yes("extended-const", WasmFeatures::EXTENDED_CONST),
    yes("custom-page-sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    no("simd", WasmFeatures::SIMD),
    no("relaxed-simd", WasmFeatures::RELAXED_SIMD),
    no("threads", WasmFeatures::THREADS),
    no("tail-call", WasmFeatures::TAIL_CALL),
    no("multi-memory", WasmFeatures::MULTI_MEMORY),
    no("memory64", WasmFeatures::MEMORY64),
    no("exception-handling", WasmFeatures::EXCEPTIONS),
    no("legacy-exception-handling", WasmFeatures::LEGACY_EXCEPTIONS),
    // wasmparser takes the second of these to include the first.
    no(
        "function-references",
        WasmFeatures::FUNCTION_REFERENCES.union(WasmFeatures::GC),
    ),
    no("gc", WasmFeatures::GC),
    no("wide-arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    no("stack-switching", WasmFeatures::STACK_SWITCHING),
    no("memory-control", WasmFeatures::MEMORY_CONTROL),
    no(
        "shared-everything-threads",
        WasmFeatures::SHARED_EVERYTHING_THREADS,
    ),
    no("custom-descriptors", WasmFeatures::CUSTOM_DESCRIPTORS),
    no("compact-import-section", WasmFeatures::COMPACT_IMPORTS),
    no(
        "acquire-release-atomics",
        WasmFeatures::ACQUIRE_RELEASE_ATOMICS,
    ),
];

/// Validates a module with every proposal allowed.
///
/// # Errors
///
/// Where it is invalid even so.
pub(super) fn validate(wasm: &[u8]) -> Result<Types, InspectError> {
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(wasm)
        .map_err(|error| invalid(wasm, &error))
}

/// Makes an error of the validator's.
pub(super) fn invalid(wasm: &[u8], error: &wasmparser::BinaryReaderError) -> InspectError {
    InspectError::Invalid {
        offset: error.offset(),
        inside: inside(wasm, error.offset()),
        message: error.message().to_owned(),
    }
}

/// Names what a place in a file is in: a function, or else a section.
pub(super) fn inside(wasm: &[u8], offset: u64) -> Option<String> {
    let functions = FunctionMap::of(wasm);
    if let Some(function) = functions.at(offset) {
        return Some(format!("function {}", functions.show(function)));
    }
    layout::inside(&layout::sections(wasm).unwrap_or_default(), offset)
}

/// Returns the proposals that a module needs, which is valid with all of them.
pub(super) fn needed(wasm: &[u8]) -> Vec<Proposal> {
    let mut found = Vec::new();
    search(wasm, &PROPOSALS, &mut found);
    found
}

/// Tells whether a module needs floats, which a board may be built without.
pub(super) fn needs_floats(wasm: &[u8]) -> bool {
    needs(wasm, WasmFeatures::FLOATS)
}

/// Returns what stands against a module where only what Mote supports is allowed.
pub(super) fn beyond_supported(wasm: &[u8]) -> Option<String> {
    let unsupported = PROPOSALS
        .iter()
        .filter(|(proposal, _)| !proposal.supported)
        .fold(WasmFeatures::empty(), |all, (_, feature)| all | *feature);
    validates_without(wasm, unsupported).err()
}

fn search(wasm: &[u8], candidates: &[(Proposal, WasmFeatures)], found: &mut Vec<Proposal>) {
    let all = candidates
        .iter()
        .fold(WasmFeatures::empty(), |all, (_, feature)| all | *feature);
    if !needs(wasm, all) {
        return;
    }
    if let [(proposal, _)] = candidates {
        found.push(*proposal);
        return;
    }
    let (first, second) = candidates.split_at(candidates.len() / 2);
    search(wasm, first, found);
    search(wasm, second, found);
}

fn needs(wasm: &[u8], features: WasmFeatures) -> bool {
    validates_without(wasm, features).is_err()
}

fn validates_without(wasm: &[u8], features: WasmFeatures) -> Result<(), String> {
    Validator::new_with_features(WasmFeatures::all().difference(features))
        .validate_all(wasm)
        .map(|_| ())
        .map_err(|error| format!("{} at byte {:#x}", error.message(), error.offset()))
}
