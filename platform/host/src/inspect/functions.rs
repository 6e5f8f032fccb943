//! Where the functions of a file are and what they are called, for messages about it.
//!
//! The file need not be valid: whatever can be read of it is.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{ExternalKind, KnownCustom, Parser, Payload};

use super::names::Names;
use crate::printable::Printable;

/// The functions of a Wasm file.
#[derive(Debug, Default)]
pub(crate) struct FunctionMap {
    imports: u32,
    bodies: Vec<Range<u64>>,
    names: HashMap<u32, String>,
}

impl FunctionMap {
    /// Reads as much of a file as can be read.
    pub(crate) fn of(wasm: &[u8]) -> Self {
        let mut map = Self::default();
        let mut names = Names::default();
        let mut exports = HashMap::new();
        for payload in Parser::new(0).parse_all(wasm).map_while(Result::ok) {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "nothing else has to do with functions"
            )]
            match payload {
                Payload::ImportSection(section) => {
                    let functions = section
                        .into_imports()
                        .map_while(Result::ok)
                        .filter(|import| matches!(import.ty, wasmparser::TypeRef::Func(_)));
                    map.imports = u32::try_from(functions.count()).unwrap_or(u32::MAX);
                }
                Payload::ExportSection(section) => {
                    for export in section.into_iter().map_while(Result::ok) {
                        if export.kind == ExternalKind::Func {
                            exports
                                .entry(export.index)
                                .or_insert(export.name.to_owned());
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => map.bodies.push(body.range()),
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(section) = section.as_known() {
                        names.read(section);
                    }
                }
                _ => {}
            }
        }
        map.names = exports;
        map.names.extend(names.functions);
        map
    }

    /// Returns the function whose body that place in the file is in.
    pub(crate) fn at(&self, offset: u64) -> Option<u32> {
        // Where something ends too early that is the end of the body.
        let inside = |body: &&Range<u64>| body.start <= offset && offset <= body.end;
        let (index, _) = (self.imports..)
            .zip(&self.bodies)
            .find(|(_, body)| inside(body))?;
        Some(index)
    }

    /// Writes which function that is.
    pub(crate) fn show(&self, function: u32) -> String {
        show_function(function, self.names.get(&function).map(String::as_str))
    }
}

/// Writes which function that is, by its name if it has one.
pub(crate) fn show_function(function: u32, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("\"{}\" (#{function})", Printable(name)),
        None => format!("#{function}"),
    }
}
