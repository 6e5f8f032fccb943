//! The control stack: the blocks that the code at hand is in.

use crate::module::Module;
use crate::reader::{self, Reader};
use crate::{FunctionType, Label, Rule};
use mote_engine::ValueType;

/// What kind of block it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The function's body: a branch to it returns.
    Function,
    Block,
    Loop,
    If,
    Else,
}

/// A block's parameters and results, in a word.
///
/// ```text
///   0xffff_ffff                none
///   0xffff_ff00 + byte         no parameters, one result of that type
///   less                       a type's index
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockType(u32);

/// Indexes of types are below: a file has no room for more types.
const SHORT: u32 = 0xffff_ff00;

impl BlockType {
    pub(crate) const fn of_type(type_index: u32) -> Self {
        Self(type_index)
    }

    pub(crate) fn read(reader: &mut Reader<'_>, module: &Module<'_>) -> Result<Self, Rule> {
        let floats = module.options.floats;
        match reader.peek() {
            Some(0x40) => {
                reader.byte();
                Ok(Self(u32::MAX))
            }
            // A negative number in a byte, as all types are.
            Some(0x41..=0x7f) => {
                let value_type = reader.value_type(floats);
                Ok(Self(SHORT | u32::from(value_type.byte())))
            }
            _ => {
                let type_index = reader.block_index();
                if type_index >= module.type_count() {
                    return Err(Rule::UnknownType);
                }
                Ok(Self(type_index))
            }
        }
    }

    pub(crate) fn signature<'a>(self, module: &Module<'a>) -> FunctionType<'a> {
        const NONE: FunctionType<'_> = FunctionType {
            parameters: &[],
            results: &[],
        };
        if self.0 < SHORT {
            return module.function_type(self.0).unwrap_or(NONE);
        }
        let [byte, ..] = self.0.to_le_bytes();
        let results: &[u8] = match reader::value_type(byte, true) {
            Ok(ValueType::I32) => &[0x7f],
            Ok(ValueType::I64) => &[0x7e],
            Ok(ValueType::F32) => &[0x7d],
            Ok(ValueType::F64) => &[0x7c],
            Ok(ValueType::FuncRef) => &[0x70],
            Ok(ValueType::ExternRef) => &[0x6f],
            Err(_) => &[],
        };
        FunctionType {
            parameters: &[],
            results,
        }
    }
}

/// A block.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    pub(crate) kind: Kind,
    /// Whether reachable code branches to its end.
    pub(crate) branched: bool,
    /// Whether the rest of it cannot be reached.
    pub(crate) polymorphic: bool,
    /// Whether its beginning can be reached.
    pub(crate) entered: bool,
    pub(crate) block_type: BlockType,
    /// The operand stack's height below its parameters.
    pub(crate) height: u32,
    /// The slot of its first parameter or result.
    pub(crate) slot: u32,
    /// Where a branch to it goes.
    pub(crate) label: Label,
    /// An `if`'s label of its `else`; a loop's count of instructions before its head.
    pub(crate) other: u32,
}

impl Control {
    /// A block to fill a buffer with.
    pub const EMPTY: Self = Self {
        kind: Kind::Function,
        branched: false,
        polymorphic: false,
        entered: true,
        block_type: BlockType(u32::MAX),
        height: 0,
        slot: 0,
        label: Label::NEW,
        other: 0,
    };

    /// The types of the values that a branch to it takes along.
    pub(crate) fn label_types<'a>(&self, module: &Module<'a>) -> &'a [u8] {
        let signature = self.block_type.signature(module);
        if self.kind == Kind::Loop {
            signature.parameters
        } else {
            signature.results
        }
    }
}

/// The blocks, the function's body first.
pub(crate) struct Controls<'b> {
    controls: &'b mut [Control],
    pub(crate) depth: usize,
}

impl<'b> Controls<'b> {
    pub(crate) const fn new(controls: &'b mut [Control]) -> Self {
        Self { controls, depth: 0 }
    }

    pub(crate) fn push(&mut self, control: Control) -> Result<(), Rule> {
        *self
            .controls
            .get_mut(self.depth)
            .ok_or(Rule::ControlBuffer)? = control;
        self.depth = self.depth.wrapping_add(1);
        Ok(())
    }

    /// The block that is so many blocks outside of the innermost.
    pub(crate) fn label(&mut self, depth: u32) -> Result<&mut Control, Rule> {
        let at = self
            .depth
            .checked_sub(1)
            .and_then(|top| top.checked_sub(depth as usize));
        let control = at.and_then(|at| self.controls.get_mut(at));
        control.ok_or(Rule::UnknownLabel)
    }

    /// The innermost block.
    pub(crate) fn top(&mut self) -> Result<&mut Control, Rule> {
        self.label(0)
    }

    pub(crate) fn pop(&mut self) -> Result<Control, Rule> {
        let control = *self.top()?;
        self.depth = self.depth.wrapping_sub(1);
        Ok(control)
    }
}
