//! Reads everything that an inspection tells out of a valid module.

use mote_abi::{ENTRY, HostFunction, IMPORT_MODULE};
use mote_engine::{Import as EngineImport, Signature, ValueType};
use mote_supervisor::link::{self, IMPORTS_MAX};
use mote_supervisor::report::LinkError;
use wasmparser::types::{CoreTypeId, EntityType, Types};
use wasmparser::{
    BinaryReaderError, CompositeInnerType, Data as DataSegment, DataKind, ElementItems, FuncType,
    KnownCustom, MemoryType, Operator, Parser, Payload, RefType, TypeRef, ValType,
};

use super::layout::as_u64;
use super::model::Signature as ExportSignature;
use super::names::Names;
use super::{
    Data, Elements, Export, FunctionSize, Functions, Globals, Import, ImportState, InspectError,
    Inspection, ItemKind, Memory, ModuleKind, Producer, Section, StartFunction, Table, proposals,
};
use crate::wasi::functions::{self, MODULE as WASI};

/// How many of the largest functions are told.
const LARGEST_SHOWN: usize = 5;

/// Bytes of a page where a memory does not say otherwise.
const PAGE_LOG2: u32 = 16;

/// The types that a module's entry may have.
const ENTRY_TYPES: [&str; 2] = ["() -> ()", "() -> i32"];

/// What is gathered on the way through a file.
#[derive(Default)]
struct Collector {
    imports: Vec<Import>,
    exports: Vec<Export>,
    exported_functions: Vec<(u32, String)>,
    imported_counts: ImportedCounts,
    start: Option<u32>,
    bodies: Vec<u64>,
    data: Data,
    /// Memory, address if it is a constant, and length of each active segment.
    active: Vec<(u32, Option<u64>, u64)>,
    elements: Elements,
    names: Names,
    producers: Vec<Producer>,
}

#[derive(Default)]
struct ImportedCounts {
    functions: u32,
    memories: u32,
    tables: u32,
    globals: u32,
    mutable_globals: u32,
}

/// Reads a module that the validator has passed.
///
/// # Errors
///
/// Where the reader finds it invalid after all.
pub(super) fn collect(
    wasm: &[u8],
    sections: Vec<Section>,
    types: &Types,
) -> Result<Inspection, InspectError> {
    let mut collector = Collector::default();
    for payload in Parser::new(0).parse_all(wasm) {
        payload
            .and_then(|payload| collector.read(payload, types))
            .map_err(|error| proposals::invalid(wasm, &error))?;
    }
    Ok(collector.finish(wasm, sections, types))
}

impl Collector {
    fn read(&mut self, payload: Payload<'_>, types: &Types) -> Result<(), BinaryReaderError> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the other sections are told by their headers, or by the validator"
        )]
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.import(&import?, types);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    let entity = types.as_ref().entity_type_from_export(&export);
                    if let Some((kind, type_text)) = entity.map(|entity| describe(&entity, types)) {
                        if kind == ItemKind::Function {
                            let naming = (export.index, export.name.to_owned());
                            self.exported_functions.push(naming);
                        }
                        self.exports.push(Export {
                            name: export.name.to_owned(),
                            kind,
                            type_text,
                            signature: entity.and_then(|entity| callable(&entity, types)),
                        });
                    }
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                self.bodies.push(range.end.saturating_sub(range.start));
            }
            Payload::DataSection(section) => {
                for segment in section {
                    self.data_segment(&segment?);
                }
            }
            Payload::ElementSection(section) => {
                for segment in section {
                    self.elements.segments += 1;
                    self.elements.entries += u64::from(match segment?.items {
                        ElementItems::Functions(items) => items.count(),
                        ElementItems::Expressions(_, items) => items.count(),
                    });
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Name(names) => self.names.read(names),
                KnownCustom::Producers(fields) => {
                    for field in fields.into_iter().map_while(Result::ok) {
                        for value in field.values.into_iter().map_while(Result::ok) {
                            self.producers.push(Producer {
                                field: field.name.to_owned(),
                                name: value.name.to_owned(),
                                version: value.version.to_owned(),
                            });
                        }
                    }
                }
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: &wasmparser::Import<'_>, types: &Types) {
        let counts = &mut self.imported_counts;
        match import.ty {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => counts.functions += 1,
            TypeRef::Memory(_) => counts.memories += 1,
            TypeRef::Table(_) => counts.tables += 1,
            TypeRef::Global(global) => {
                counts.globals += 1;
                counts.mutable_globals += u32::from(global.mutable);
            }
            TypeRef::Tag(_) => {}
        }
        let Some(entity) = types.as_ref().entity_type_from_import(import) else {
            return;
        };
        let (kind, type_text) = describe(&entity, types);
        self.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            kind,
            type_text,
            state: import_state(import, &entity, types),
        });
    }

    fn data_segment(&mut self, segment: &DataSegment<'_>) {
        let length = as_u64(segment.data.len());
        self.data.segments += 1;
        self.data.size_bytes += length;
        match &segment.kind {
            DataKind::Passive => self.data.passive += 1,
            DataKind::Active {
                memory_index,
                offset_expr,
            } => {
                let mut operators = offset_expr.get_operators_reader().into_iter();
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "any other operator is no constant"
                )]
                let address = match (operators.next(), operators.next()) {
                    (Some(Ok(first)), Some(Ok(Operator::End))) => match first {
                        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
                        Operator::I64Const { value } => Some(value.cast_unsigned()),
                        _ => None,
                    },
                    _ => None,
                };
                self.active.push((*memory_index, address, length));
            }
        }
    }

    fn finish(self, wasm: &[u8], sections: Vec<Section>, types: &Types) -> Inspection {
        let proposals = proposals::needed(wasm);
        let memories = self.memories(types);
        let mut inspection = Inspection {
            size_bytes: as_u64(wasm.len()),
            kind: self.kind(&sections),
            name: self.names.module.clone(),
            problems: Vec::new(),
            memories,
            tables: self.tables(types),
            globals: self.globals(types),
            start: self.start.map(|index| StartFunction {
                index,
                name: self.function_name(index),
            }),
            functions: self.functions(),
            data: self.data,
            elements: self.elements,
            floats: proposals::needs_floats(wasm),
            proposals,
            sections,
            imports: self.imports,
            exports: self.exports,
            producers: self.producers,
            capabilities: None,
            image: None,
        };
        inspection.problems = problems(&inspection, wasm);
        inspection
    }

    fn kind(&self, sections: &[Section]) -> ModuleKind {
        let custom = |name: &str| {
            sections
                .iter()
                .any(|section| section.custom && section.name == name)
        };
        let exports = |name: &str| {
            self.exported_functions
                .iter()
                .any(|(_, exported)| exported == name)
        };
        let imports = |module: &str| self.imports.iter().any(|import| import.module == module);
        if custom("linking") {
            ModuleKind::Object
        } else if custom("dylink.0") || custom("dylink") {
            ModuleKind::DynamicLibrary
        } else if imports(IMPORT_MODULE) {
            ModuleKind::Mote
        } else if exports("_start") {
            ModuleKind::WasiCommand
        } else if imports(WASI) {
            ModuleKind::WasiReactor
        } else if exports(ENTRY) {
            ModuleKind::Mote
        } else {
            ModuleKind::Library
        }
    }

    fn memories(&self, types: &Types) -> Vec<Memory> {
        let types = types.as_ref();
        (0..types.memory_count())
            .map(|index| {
                let imported = index < self.imported_counts.memories;
                let segments = self.active.iter().filter(|(memory, _, _)| *memory == index);
                memory(&types.memory_at(index), imported, segments)
            })
            .collect()
    }

    fn tables(&self, types: &Types) -> Vec<Table> {
        let types = types.as_ref();
        (0..types.table_count())
            .map(|index| {
                let table = types.table_at(index);
                Table {
                    imported: index < self.imported_counts.tables,
                    element_type: ValType::Ref(table.element_type).to_string(),
                    initial: table.initial,
                    maximum: table.maximum,
                }
            })
            .collect()
    }

    fn globals(&self, types: &Types) -> Globals {
        let types = types.as_ref();
        let count = types.global_count();
        let mutable = (0..count).filter(|index| types.global_at(*index).mutable);
        Globals {
            imported: self.imported_counts.globals,
            defined: count.saturating_sub(self.imported_counts.globals),
            mutable: u32::try_from(mutable.count()).unwrap_or(count),
        }
    }

    fn functions(&self) -> Functions {
        let imported = self.imported_counts.functions;
        let mut sizes: Vec<(u32, u64)> = (imported..).zip(self.bodies.iter().copied()).collect();
        // The largest first; of equal ones the first in the file.
        sizes.sort_by_key(|(index, size)| (std::cmp::Reverse(*size), *index));
        Functions {
            imported,
            defined: u32::try_from(self.bodies.len()).unwrap_or(u32::MAX),
            code_bytes: self.bodies.iter().sum(),
            largest: sizes
                .into_iter()
                .take(LARGEST_SHOWN)
                .map(|(index, size_bytes)| FunctionSize {
                    index,
                    name: self.function_name(index),
                    size_bytes,
                })
                .collect(),
        }
    }

    fn function_name(&self, index: u32) -> Option<String> {
        let named = self.names.functions.get(&index).cloned();
        let exported = || {
            self.exported_functions
                .iter()
                .find(|(exported, _)| *exported == index)
                .map(|(_, name)| name.clone())
        };
        named.or_else(exported)
    }
}

fn memory<'a>(
    memory: &MemoryType,
    imported: bool,
    segments: impl Iterator<Item = &'a (u32, Option<u64>, u64)>,
) -> Memory {
    let page_bytes = 1u64 << memory.page_size_log2.unwrap_or(PAGE_LOG2).min(PAGE_LOG2);
    let mut data_bytes = 0u64;
    let mut data_end = None;
    for (_, address, length) in segments {
        data_bytes = data_bytes.saturating_add(*length);
        data_end = data_end.max(address.map(|address| address.saturating_add(*length)));
    }
    Memory {
        imported,
        page_bytes,
        initial_pages: memory.initial,
        maximum_pages: memory.maximum,
        initial_bytes: memory.initial.saturating_mul(page_bytes),
        maximum_bytes: memory
            .maximum
            .map(|maximum| maximum.saturating_mul(page_bytes)),
        memory64: memory.memory64,
        shared: memory.shared,
        data_bytes,
        data_end,
    }
}

/// Returns the kind and the type of something that is imported or exported.
fn describe(entity: &EntityType, types: &Types) -> (ItemKind, String) {
    match entity {
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            let text = function_type(types, *id).map(signature).unwrap_or_default();
            (ItemKind::Function, text)
        }
        EntityType::Tag(id) => {
            let text = function_type(types, *id).map(signature).unwrap_or_default();
            (ItemKind::Tag, text)
        }
        EntityType::Table(table) => {
            let element = ValType::Ref(table.element_type);
            let limits = limits(table.initial, table.maximum);
            (ItemKind::Table, format!("{limits} of {element}"))
        }
        EntityType::Memory(memory) => {
            let page = 1u64 << memory.page_size_log2.unwrap_or(PAGE_LOG2).min(PAGE_LOG2);
            let limits = limits(memory.initial, memory.maximum);
            (
                ItemKind::Memory,
                format!("{limits} pages of {}", page_text(page)),
            )
        }
        EntityType::Global(global) => {
            let mutable = if global.mutable { "mutable " } else { "" };
            (
                ItemKind::Global,
                format!("{mutable}{}", global.content_type),
            )
        }
    }
}

/// Returns the type of a function that Mote could call: one of its six value types only.
fn callable(entity: &EntityType, types: &Types) -> Option<ExportSignature> {
    let (EntityType::Func(id) | EntityType::FuncExact(id)) = entity else {
        return None;
    };
    let function = function_type(types, *id)?;
    let all = |types: &[ValType]| types.iter().map(|own| value_type(*own)).collect();
    let (parameters, results): (Option<Vec<_>>, Option<Vec<_>>) =
        (all(function.params()), all(function.results()));
    Some(ExportSignature {
        parameters: parameters?,
        results: results?.len(),
    })
}

fn value_type(own: ValType) -> Option<ValueType> {
    match own {
        ValType::I32 => Some(ValueType::I32),
        ValType::I64 => Some(ValueType::I64),
        ValType::F32 => Some(ValueType::F32),
        ValType::F64 => Some(ValueType::F64),
        ValType::Ref(RefType::FUNCREF) => Some(ValueType::FuncRef),
        ValType::Ref(RefType::EXTERNREF) => Some(ValueType::ExternRef),
        ValType::V128 | ValType::Ref(_) => None,
    }
}

/// Writes how large a page is.
pub(super) fn page_text(page_bytes: u64) -> String {
    match page_bytes {
        1 => "1 byte".to_owned(),
        1024.. => format!("{} KiB", page_bytes / 1024),
        _ => format!("{page_bytes} bytes"),
    }
}

fn limits(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) if maximum == initial => format!("{initial}"),
        Some(maximum) => format!("{initial} to {maximum}"),
        None => format!("{initial} or more"),
    }
}

fn function_type(types: &Types, id: CoreTypeId) -> Option<&FuncType> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the types of functions are function types; others are of other proposals"
    )]
    match &types.as_ref().get(id)?.composite_type.inner {
        CompositeInnerType::Func(function) => Some(function),
        _ => None,
    }
}

/// Writes a function's type: `(i32, i32) -> i32`, or `()` for no result.
fn signature(function: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    let results = list(function.results());
    let parameters = list(function.params());
    match function.results().len() {
        1 => format!("({parameters}) -> {results}"),
        _ => format!("({parameters}) -> ({results})"),
    }
}

fn import_state(
    import: &wasmparser::Import<'_>,
    entity: &EntityType,
    types: &Types,
) -> ImportState {
    let function = match entity {
        EntityType::Func(id) | EntityType::FuncExact(id) => function_type(types, *id),
        EntityType::Table(_)
        | EntityType::Memory(_)
        | EntityType::Global(_)
        | EntityType::Tag(_) => None,
    };
    if import.module == IMPORT_MODULE {
        return function.map_or(ImportState::MoteUnknown, |function| {
            mote_state(import, function)
        });
    }
    if import.module == WASI {
        match (function.map(signature), functions::signature(import.name)) {
            (Some(wanted), Some(offered)) if wanted == offered => ImportState::Wasi,
            (Some(_), Some(offered)) => ImportState::WasiWrongType {
                expected: offered.to_owned(),
            },
            (_, _) => ImportState::WasiUnknown,
        }
    } else if functions::OTHER_MODULES.contains(&import.module) {
        ImportState::WasiUnknown
    } else {
        ImportState::Unknown
    }
}

/// Asks the linker of the supervisor, which decides on the device as well.
fn mote_state(import: &wasmparser::Import<'_>, function: &FuncType) -> ImportState {
    let bytes = |types: &[ValType]| types.iter().copied().map(type_byte).collect::<Vec<u8>>();
    let (parameters, results) = (bytes(function.params()), bytes(function.results()));
    let resolved = link::resolve(&EngineImport {
        module: import.module,
        name: import.name,
        signature: Signature {
            parameters: &parameters,
            results: &results,
        },
    });
    match resolved {
        Ok(_) => ImportState::Mote,
        Err(LinkError::WrongType) => ImportState::MoteWrongType {
            expected: HostFunction::from_name(import.name)
                .map(expected_signature)
                .unwrap_or_default(),
        },
        Err(LinkError::Unknown | LinkError::TooMany) => ImportState::MoteUnknown,
    }
}

fn expected_signature(function: HostFunction) -> String {
    let parameters: Vec<&str> = function
        .parameters()
        .iter()
        .map(|parameter| parameter.name())
        .collect();
    format!(
        "({}) -> {}",
        parameters.join(", "),
        function.result().name()
    )
}

/// Returns the byte of a type, 0 for one that no host function has.
fn type_byte(value_type: ValType) -> u8 {
    match value_type {
        ValType::I32 => mote_abi::Type::I32.wasm_byte(),
        ValType::I64 => mote_abi::Type::I64.wasm_byte(),
        ValType::F32 | ValType::F64 | ValType::V128 | ValType::Ref(_) => 0,
    }
}

/// Says what stands against a module on a board, one sentence each.
fn problems(inspection: &Inspection, wasm: &[u8]) -> Vec<String> {
    let mut problems = Vec::new();
    match inspection.kind {
        ModuleKind::Object => {
            // What it lacks is what the linker would add.
            return vec!["it is an object file: link it first (wasm-ld)".to_owned()];
        }
        ModuleKind::DynamicLibrary => {
            return vec!["it is a dynamic library: link it into a module".to_owned()];
        }
        ModuleKind::WasiCommand | ModuleKind::WasiReactor => {
            if inspection
                .imports
                .iter()
                .any(|import| import.module == WASI)
            {
                problems.push("it imports from WASI, which only the host offers".to_owned());
            }
        }
        ModuleKind::Mote | ModuleKind::Library => {}
    }
    let unsupported = inspection.unsupported_proposals();
    if !unsupported.is_empty() {
        problems.push(format!(
            "it needs what is not supported: {}",
            unsupported.join(", ")
        ));
    } else if let Some(message) = proposals::beyond_supported(wasm) {
        problems.push(format!("it needs what is not supported: {message}"));
    }
    for import in &inspection.imports {
        let name = format!("{}.{}", import.module, import.name);
        match &import.state {
            ImportState::Mote => {}
            ImportState::Wasi if inspection.kind == ModuleKind::Mote => problems.push(format!(
                "it imports {name} from WASI beside Mote's own functions"
            )),
            ImportState::Wasi => {}
            ImportState::MoteWrongType { expected } | ImportState::WasiWrongType { expected } => {
                problems.push(format!(
                    "it imports {name} as {}, but it is {expected}",
                    import.type_text
                ))
            }
            ImportState::MoteUnknown => {
                problems.push(format!("it imports {name}, which Mote does not offer"));
            }
            ImportState::WasiUnknown => problems.push(format!(
                "it imports {name}, which is no function of WASI preview 1"
            )),
            ImportState::Unknown => {
                let kind = import.kind.name();
                problems.push(format!(
                    "it imports the {kind} {name}, which nobody provides"
                ));
            }
        }
    }
    let entry = inspection
        .exports
        .iter()
        .find(|export| export.name == ENTRY && export.kind == ItemKind::Function);
    if let Some(entry) = entry {
        let fits = ENTRY_TYPES.contains(&entry.type_text.as_str());
        if inspection.kind == ModuleKind::Mote && !fits {
            problems.push(format!(
                "its entry {ENTRY} is {}, but must be {}",
                entry.type_text,
                ENTRY_TYPES.join(" or ")
            ));
        }
    }
    if inspection.imports.len() > IMPORTS_MAX {
        problems.push(format!(
            "it has {} imports; a board links at most {IMPORTS_MAX}",
            inspection.imports.len()
        ));
    }
    problems
}
