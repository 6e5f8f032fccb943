//! What an inspection finds.

use mote_engine::ValueType;
use serde::Serialize;

use super::{Capability, ImageState, Proposal};

/// What kind of module a file is: who can run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleKind {
    /// It is entered as Mote's guest ABI says.
    Mote,
    /// A WASI preview 1 program with `_start`.
    WasiCommand,
    /// A WASI preview 1 library, prepared by `_initialize`.
    WasiReactor,
    /// Functions to call by name.
    Library,
    /// A compiler's output that is not linked yet.
    Object,
    /// A library to be linked when it is loaded.
    DynamicLibrary,
}

/// What kind of item is imported or exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global.
    Global,
    /// An exception's tag.
    Tag,
}

impl ItemKind {
    /// Returns the kind's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        }
    }
}

/// Everything that is known of a module.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// Bytes of the file.
    pub size_bytes: u64,
    /// What kind of module it is.
    pub kind: ModuleKind,
    /// The module's name in its name section.
    pub name: Option<String>,
    /// Why no board takes it, one sentence each; empty where nothing stands against it.
    pub problems: Vec<String>,
    /// The sections, in the file's order.
    pub sections: Vec<Section>,
    /// What it imports, in the file's order.
    pub imports: Vec<Import>,
    /// What it exports, in the file's order.
    pub exports: Vec<Export>,
    /// Its memories, imported ones first.
    pub memories: Vec<Memory>,
    /// Its tables, imported ones first.
    pub tables: Vec<Table>,
    /// Its globals.
    pub globals: Globals,
    /// The function that runs before any other, if it has one.
    pub start: Option<StartFunction>,
    /// Its functions.
    pub functions: Functions,
    /// Its data segments.
    pub data: Data,
    /// Its element segments.
    pub elements: Elements,
    /// Whether it computes with floats, or holds any.
    pub floats: bool,
    /// What it needs beyond WebAssembly 1.0.
    pub proposals: Vec<Proposal>,
    /// What it was made with.
    pub producers: Vec<Producer>,
    /// What its manifest asks for; nothing where no manifest was given.
    pub capabilities: Option<Vec<Capability>>,
    /// What its image says that it needs; nothing where none was asked for.
    pub image: Option<ImageState>,
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// Its number in the format.
    pub id: u8,
    /// Its name; for a custom section its own.
    pub name: String,
    /// Whether it is a custom one.
    pub custom: bool,
    /// Bytes from the file's beginning to its header.
    pub offset: u64,
    /// Its bytes, the header included.
    pub size_bytes: u64,
    /// How many items it holds, where it holds a list.
    pub items: Option<u32>,
}

/// What an import is to Mote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum ImportState {
    /// A host function of Mote, with its type.
    Mote,
    /// A host function of Mote, with another type than this.
    MoteWrongType {
        /// The type that it has.
        expected: String,
    },
    /// Nothing that Mote offers under this import module.
    MoteUnknown,
    /// A function of WASI preview 1, with its type.
    Wasi,
    /// A function of WASI preview 1, with another type than this.
    WasiWrongType {
        /// The type that it has.
        expected: String,
    },
    /// Of another WASI than preview 1, or no function of it.
    WasiUnknown,
    /// From a module that nobody here provides.
    Unknown,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// The module that it is imported from.
    pub module: String,
    /// Its name in that module.
    pub name: String,
    /// Its kind.
    pub kind: ItemKind,
    /// Its type.
    #[serde(rename = "type")]
    pub type_text: String,
    /// What it is to Mote.
    pub state: ImportState,
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: ItemKind,
    /// Its type.
    #[serde(rename = "type")]
    pub type_text: String,
    /// What it is called with and how much it returns, if it is a function that Mote could call.
    #[serde(skip)]
    pub signature: Option<Signature>,
}

/// A function's type, as far as a caller from outside of the module needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The types of its parameters.
    pub parameters: Vec<ValueType>,
    /// How many values it returns.
    pub results: usize,
}

/// One memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Whether it is imported.
    pub imported: bool,
    /// Bytes of a page.
    pub page_bytes: u64,
    /// Pages that it begins with.
    pub initial_pages: u64,
    /// Pages that it may grow to, if the module says.
    pub maximum_pages: Option<u64>,
    /// Bytes that it begins with.
    pub initial_bytes: u64,
    /// Bytes that it may grow to, if the module says.
    pub maximum_bytes: Option<u64>,
    /// Whether its addresses are of 64 bits.
    pub memory64: bool,
    /// Whether threads share it.
    pub shared: bool,
    /// Bytes that active data segments write to it.
    pub data_bytes: u64,
    /// The end of the highest such segment whose address is a constant: how far data reaches.
    pub data_end: Option<u64>,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Whether it is imported.
    pub imported: bool,
    /// The type of its elements.
    pub element_type: String,
    /// Elements that it begins with.
    pub initial: u64,
    /// Elements that it may grow to, if the module says.
    pub maximum: Option<u64>,
}

/// How many globals there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Globals {
    /// Imported ones.
    pub imported: u32,
    /// The module's own.
    pub defined: u32,
    /// All that can change.
    pub mutable: u32,
}

/// The function that runs before any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartFunction {
    /// Its number.
    pub index: u32,
    /// Its name, if it has one.
    pub name: Option<String>,
}

/// The functions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Functions {
    /// Imported ones.
    pub imported: u32,
    /// The module's own.
    pub defined: u32,
    /// Bytes of all bodies.
    pub code_bytes: u64,
    /// The largest bodies, the largest first.
    pub largest: Vec<FunctionSize>,
}

/// How large a function's body is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionSize {
    /// The function's number, imported ones counted.
    pub index: u32,
    /// Its name in the name section, or the one that it is exported by.
    pub name: Option<String>,
    /// Bytes of its body.
    pub size_bytes: u64,
}

/// The data segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Data {
    /// How many there are.
    pub segments: u32,
    /// How many of them are copied only when the module asks.
    pub passive: u32,
    /// Bytes of all.
    pub size_bytes: u64,
}

/// The element segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Elements {
    /// How many there are.
    pub segments: u32,
    /// Elements of all.
    pub entries: u64,
}

/// Something that the module was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// What.
    pub name: String,
    /// Which version; may be empty.
    pub version: String,
}
