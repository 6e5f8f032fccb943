//! What a program imports, and whether all of it is WASI's.
//!
//! All that is wrong is told at once, by name: a person who links a library that is missing wants
//! the whole list, not the first of it.

use mote_abi::IMPORT_MODULE;
use wasmi::{ExternType, FuncType, Module};
use wasmparser::{ExternalKind, Parser, Payload};

use super::functions::{self, MODULE, MODULE_OF_PREVIEW_0};
use super::{COMMAND_ENTRY, WasiError};

/// The one function that touches no memory of the program.
pub(super) const PROC_EXIT: &str = "proc_exit";

/// The export by which WASI finds the program's memory.
const MEMORY: &str = "memory";

/// Tells whether a file is a WASI program: it imports from WASI, of this snapshot or an older one,
/// or it has a command's entry and nothing of Mote's.
///
/// A file that is broken, or no module at all, is none.
#[must_use]
pub fn is_wasi(wasm: &[u8]) -> bool {
    let mut imports_wasi = false;
    let mut imports_mote = false;
    let mut command = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(payload) = payload else { break };
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "only two kinds of section matter, and wasmparser may add others"
        )]
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports().map_while(Result::ok) {
                    imports_wasi |= matches!(import.module, MODULE | MODULE_OF_PREVIEW_0);
                    imports_mote |= import.module == IMPORT_MODULE;
                }
            }
            Payload::ExportSection(section) => {
                command |= section.into_iter().map_while(Result::ok).any(|export| {
                    export.name == COMMAND_ENTRY && export.kind == ExternalKind::Func
                });
            }
            Payload::CodeSectionStart { .. } | Payload::End(_) => break,
            _ => {}
        }
    }
    imports_wasi || (command && !imports_mote)
}

/// Refuses a module that imports anything but WASI's functions with their types.
pub(super) fn check(module: &Module) -> Result<(), WasiError> {
    let mut mote = Vec::new();
    let mut wasi = Vec::new();
    let mut old = false;
    let mut unknown = Vec::new();
    let mut mistyped = Vec::new();
    for import in module.imports() {
        let name = format!("{}.{}", import.module(), import.name());
        match import.module() {
            IMPORT_MODULE => mote.push(name),
            MODULE_OF_PREVIEW_0 => old = true,
            MODULE => {
                match (import.ty(), functions::signature(import.name())) {
                    (ExternType::Func(wanted), Some(offered)) => {
                        let wanted = signature(wanted);
                        if wanted != offered {
                            mistyped.push(format!("{name} is {offered}, not {wanted}"));
                        }
                    }
                    (_, _) => unknown.push(format!("{name} ({})", kind(import.ty()))),
                }
                wasi.push(name);
            }
            _ => unknown.push(format!("{name} ({})", kind(import.ty()))),
        }
    }
    if old {
        return Err(WasiError::OldSnapshot);
    }
    if let (Some(mote), Some(wasi)) = (mote.first(), wasi.first()) {
        return Err(WasiError::Mixed {
            mote: mote.clone(),
            wasi: wasi.clone(),
        });
    }
    unknown.extend(mote);
    if !unknown.is_empty() || !mistyped.is_empty() {
        return Err(WasiError::Imports { unknown, mistyped });
    }
    let exit = format!("{MODULE}.{PROC_EXIT}");
    let needs_memory = wasi.iter().any(|name| *name != exit);
    let has_memory = module
        .get_export(MEMORY)
        .is_some_and(|export| export.memory().is_some());
    if needs_memory && !has_memory {
        return Err(WasiError::NoMemory);
    }
    Ok(())
}

fn kind(import: &ExternType) -> String {
    match import {
        ExternType::Func(function) => format!("function {}", signature(function)),
        ExternType::Memory(_) => "memory".to_owned(),
        ExternType::Table(_) => "table".to_owned(),
        ExternType::Global(_) => "global".to_owned(),
    }
}

/// Writes a function's type as the table of functions has it.
fn signature(function: &FuncType) -> String {
    let list = |types: &[wasmi::ValType]| {
        let names: Vec<&str> = types.iter().map(|value_type| name(*value_type)).collect();
        names.join(", ")
    };
    let (parameters, results) = (list(function.params()), list(function.results()));
    match function.results().len() {
        1 => format!("({parameters}) -> {results}"),
        _ => format!("({parameters}) -> ({results})"),
    }
}

fn name(value_type: wasmi::ValType) -> &'static str {
    match value_type {
        wasmi::ValType::I32 => "i32",
        wasmi::ValType::I64 => "i64",
        wasmi::ValType::F32 => "f32",
        wasmi::ValType::F64 => "f64",
        wasmi::ValType::V128 => "v128",
        wasmi::ValType::FuncRef => "funcref",
        wasmi::ValType::ExternRef => "externref",
    }
}
