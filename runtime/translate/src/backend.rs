//! The back end: what is told of a module, instruction by instruction.
//!
//! The front end decodes, validates and keeps the operand stack; a [`Backend`] turns what it is
//! told into code and knows neither Wasm's encoding nor its stack. Everything that it hears is
//! valid and reachable: dead code is validated and paid for, but not told.
//!
//! ```text
//!   begin(module)
//!     function(f)                     for each body, in the order of the file
//!       at(offset)                    before each instruction that is told
//!       binary, load, call, ...       operands are told as places, the result has a place
//!       loop_head, branch, bind, ...  labels are words that the front end keeps for the back end
//!     function_end(figures)           the fuel of an entry, the words of the frame
//!   function_name(f, name)            for each name of the name section, if names are wanted
//!   end(module)
//! ```
//!
//! **The frame.** A function works on 32-bit words, its *slots*. Parameters and locals come first,
//! then [`Backend::LINK_WORDS`] words that the back end may use as it likes, then one place for
//! each height of the operand stack. 64-bit values take two slots, low word first. The arguments
//! of a call are in consecutive slots, which become the first slots of the callee's frame; its
//! results are in consecutive slots from the same one on. Nothing has to be moved either way.
//!
//! ```text
//!   caller:  | locals | link | operands ... a b |
//!   callee:                               | a b locals | link | operands |
//!   caller:  | locals | link | operands ... r |
//! ```
//!
//! **Operands.** `local.get` and constants are not told at all: they come as the operand of what
//! uses them. The front end moves such a value to its own slot ([`Backend::move_value`]) where it
//! would not survive: before its local is written, where control joins, where it is an argument.
//! A value in a temporary is used exactly once, by what pops it. A result that the next
//! instruction puts in a local (`local.set`, `local.tee`) is told with the local as its place.
//!
//! **Order.** Operands are to be read, all of them, before the result is written: the result's
//! slots may be those of an operand, or overlap them (`i64.extend_i32_s`). Moves that belong
//! together are told so that none overwrites what a later one reads.

use crate::{AccessOperator, BulkOperator, FunctionType, Module, Operator};
use mote_engine::ValueType;

/// A 32-bit word of a function's frame, counted from the first parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// In a parameter or local, which may be read again.
    Local(Slot),
    /// In the slot of its height on the operand stack; this is the only use of it.
    Temporary(Slot),
    /// A constant's bits, in the low half where it has 32. References are their word: a
    /// function's index, or [`NULL_REFERENCE`](crate::NULL_REFERENCE).
    Constant(u64),
}

/// A word that the front end keeps for the back end wherever control can go.
///
/// The front end makes it, as [`Label::NEW`], hands it over with each branch, and hands it back
/// when the place is known. What is in it is the back end's affair: for a loop the place of its
/// head, before [`Backend::bind`] the first of a chain of branches that await their target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub u32);

impl Label {
    /// A label that nothing branches to yet.
    pub const NEW: Self = Self(u32::MAX);
}

/// Where a branch goes.
#[derive(Debug, PartialEq, Eq)]
pub struct Target<'l> {
    /// The label, to be updated by the back end.
    pub label: &'l mut Label,
    /// For a jump back to the head of a loop the fuel that it costs, to be taken only if the
    /// branch is; nothing for a jump ahead.
    pub back: Option<u32>,
}

/// The results of a function, where it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// It has none.
    None,
    /// It has one.
    One(ValueType, Operand),
    /// It has several: they are in consecutive slots from this one on, so many words. They are to
    /// end up in the frame's first slots; copied in ascending order nothing is overwritten early.
    Many(Slot, u32),
}

/// A function that is about to be told.
#[derive(Clone, Copy, Debug)]
pub struct Function<'a> {
    /// The function, in the module's function index space: imports first.
    pub index: u32,
    /// Its type, in the module's type index space.
    pub type_index: u32,
    /// Its parameters and results.
    pub signature: FunctionType<'a>,
    /// The words of its parameters: the slots that the caller has filled.
    pub parameter_words: u32,
    /// The words of parameters and locals. Locals begin as zeros; those that are references are
    /// null, which is told as moves right after this.
    pub local_words: u32,
    /// The slot of the first operand: after the locals and the link words.
    pub operands: Slot,
    /// Bytes from the beginning of the file to the body, which is local declarations and code.
    pub offset: u32,
    /// The code, declarations excluded, for back ends that look ahead. It is not validated yet.
    pub code: &'a [u8],
}

/// What is known of a function when its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionEnd {
    /// The fuel that an entry costs: the number of its instructions, dead ones too, but `block`,
    /// `loop`, `else` and `end` are free.
    pub fuel: u32,
    /// The words of the greatest operand height that reachable code has.
    pub operand_words: u32,
    /// The words of the frame: parameters, locals and operands. A definition on the Wasm, so
    /// link words are not among them.
    pub frame_words: u32,
    /// Bytes from the beginning of the file to the byte after the body.
    pub offset: u32,
}

/// An address in the memory: the sum of a 32-bit operand and a constant, which does not wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The dynamic part, an `i32`.
    pub base: Operand,
    /// The static part.
    pub offset: u32,
}

/// A call whose arguments are in place.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The callee's parameters and results.
    pub signature: FunctionType<'a>,
    /// The first slot of the arguments, afterwards of the results: the callee's frame begins here.
    pub frame: Slot,
}

/// A bulk operation, with the index spaces that its immediates are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bulk {
    /// Which.
    pub operator: BulkOperator,
    /// The destination table (`table.copy`, `table.init`, `table.fill`); otherwise 0.
    pub to: u32,
    /// The source table, data segment or element segment; otherwise 0.
    pub from: u32,
}

/// Turns what a module does into code.
///
/// Each method's operands are in Wasm's order: the first was pushed first. `to` is where the
/// result goes. A back end for which something does not fit remembers that, and is asked after each
/// instruction ([`Backend::check`]): then translation ends and the caller is given its error. (A
/// result of each method instead took 3 KB of flash.)
pub trait Backend {
    /// Why the back end cannot go on: mostly that something does not fit.
    type Error;

    /// The words of each frame, between locals and operands, that are the back end's own.
    const LINK_WORDS: u32 = 0;

    /// Whether slots are untyped and a 64-bit value's low word is its first: then the
    /// reinterpretations and `i32.wrap_i64` need no code and are not told. A 64-bit result may
    /// then be read as a 32-bit operand from the same slot, which matters to who keeps the last
    /// result in a register.
    const WORDS_ARE_UNTYPED: bool = false;

    /// Whether an entry of a branch table can jump back and charge for it. If not, such entries
    /// are told as places to be bound, each with a branch of its own.
    const TABLES_JUMP_BACK: bool = false;

    /// Whether functions' names are wanted: if not, the name section is passed over.
    const NAMES: bool = false;

    /// Tells why the back end cannot go on, if something went wrong by now. It is asked after each
    /// instruction; until then it may be told more, and the first thing that went wrong counts.
    ///
    /// # Errors
    ///
    /// That.
    fn check(&self) -> Result<(), Self::Error>;

    /// Everything but the code and the data segments is known and valid.
    fn begin(&mut self, module: &Module<'_>);

    /// A function's body begins. Its frame holds the arguments, and zeros for the other locals.
    fn function(&mut self, function: &Function<'_>);

    /// The body is complete. The last thing told was a return, a branch or `unreachable`.
    fn function_end(&mut self, end: FunctionEnd);

    /// A function's name, where [`Backend::NAMES`] are wanted; from the name section, hence after
    /// all code. Nothing depends on names, so what is wrong with them is no error: one that is not
    /// UTF-8 or no function's is not told, and of a malformed section only what comes before.
    fn function_name(&mut self, function: u32, name: &str) {
        let _ = (function, name);
    }

    /// Everything is known and valid, and the whole file was read.
    fn end(&mut self, module: &Module<'_>);

    /// What is told until the next such call comes from the instruction at this place.
    ///
    /// `code` begins with its opcode and ends with the body: whoever likes may look ahead. Only
    /// the instruction itself is sure to be valid, and only once something is told of it.
    fn at(&mut self, offset: u32, code: &[u8]);

    // --- Values.

    /// Copies a value to a local, or to a temporary that `from` is not in yet.
    fn move_value(&mut self, value_type: ValueType, from: Operand, to: Slot);

    /// An operator with one operand.
    fn unary(&mut self, operator: Operator, a: Operand, to: Slot);

    /// An operator with two operands.
    fn binary(&mut self, operator: Operator, a: Operand, b: Operand, to: Slot);

    /// `a` if the condition, an `i32`, is not zero, otherwise `b`.
    fn select(&mut self, value_type: ValueType, values: [Operand; 2], condition: Operand, to: Slot);

    /// A value is not needed after all.
    fn drop_value(&mut self, value_type: ValueType, a: Operand);

    /// A global is read. `word` is where it lies among the words of all globals.
    fn global_get(&mut self, value_type: ValueType, word: u32, to: Slot);

    /// A global is written.
    fn global_set(&mut self, value_type: ValueType, word: u32, a: Operand);

    /// `ref.func`: a constant like others, but a call graph may want to know whose address is
    /// taken.
    fn function_referenced(&mut self, function: u32);

    // --- Memory and tables.

    /// A value is loaded.
    fn load(&mut self, operator: AccessOperator, address: Address, to: Slot);

    /// A value is stored.
    fn store(&mut self, operator: AccessOperator, address: Address, value: Operand);

    /// The memory's pages.
    fn memory_size(&mut self, to: Slot);

    /// Grows the memory by so many pages; its former pages, or -1.
    fn memory_grow(&mut self, delta: Operand, to: Slot);

    /// A table's entry.
    fn table_get(&mut self, table: u32, index: Operand, to: Slot);

    /// A table's entry is written.
    fn table_set(&mut self, table: u32, index: Operand, a: Operand);

    /// A table's entries, their number.
    fn table_size(&mut self, table: u32, to: Slot);

    /// Grows a table by so many entries of that value; the former number, or -1.
    fn table_grow(&mut self, table: u32, value: Operand, delta: Operand, to: Slot);

    /// A bulk operation, with its three operands: destination, source or value, count.
    fn bulk(&mut self, bulk: Bulk, operands: [Operand; 3]);

    /// A passive data segment is given up.
    fn data_drop(&mut self, segment: u32);

    /// A passive element segment is given up.
    fn element_drop(&mut self, segment: u32);

    // --- Calls.

    /// A call of a function of the module, or of an import.
    fn call(&mut self, function: u32, call: &Call<'_>);

    /// A call through a table. The selector's slot, if it has one, is that after the arguments.
    fn call_indirect(&mut self, type_index: u32, table: u32, selector: Operand, call: &Call<'_>);

    /// The function returns. What is told next is only reached by a label.
    fn return_values(&mut self, results: Results);

    // --- Control. All labels of a function are bound, or loop heads, when it ends.

    /// `unreachable`. What is told next is only reached by a label.
    fn unreachable(&mut self);

    /// The head of a loop, which branches with [`Target::back`] lead to. `depth` is 1 for an
    /// outermost loop.
    fn loop_head(&mut self, label: &mut Label, depth: u32);

    /// All branches to this label lead here, and there was one at least.
    fn bind(&mut self, label: Label);

    /// A jump. What is told next is only reached by a label.
    fn branch(&mut self, target: Target<'_>);

    /// A jump, taken if the condition, an `i32`, is not zero (or is, where `unless` says so).
    fn branch_if(&mut self, condition: Operand, unless: bool, target: Target<'_>);

    /// A branch table with so many entries, which follow; the last is taken for every selector
    /// that has none of its own. What it returns is given back with [`Backend::bind_entry`].
    fn branch_table(&mut self, selector: Operand, entries: u32) -> Label;

    /// The next entry of the table, or nothing where it will be bound later.
    fn table_entry(&mut self, target: Option<Target<'_>>);

    /// That entry of the table leads here: to moves, and then a branch or return.
    fn bind_entry(&mut self, table: Label, entry: u32);
}
