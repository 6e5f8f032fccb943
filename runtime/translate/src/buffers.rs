//! The buffers: all the memory that the front end has, and so its limits.
//!
//! Its caller says how large they are. What does not fit is refused with the buffer's name.

use crate::{Control, Entry, LocalRun};

/// The memory that a translation works in. What is in it before does not matter.
#[derive(Debug)]
pub struct Buffers<'b> {
    /// Where types, functions and so on are in the file: see [`Module`](crate::Module).
    pub index: &'b mut [u32],
    /// The nesting of blocks, the function's body included.
    pub controls: &'b mut [Control],
    /// The operand stack.
    pub operands: &'b mut [Entry],
    /// Runs of locals of one type.
    pub locals: &'b mut [LocalRun],
}

/// Buffers of fixed sizes, in one piece.
#[derive(Clone, Debug)]
pub struct Workspace<
    const INDEX: usize,
    const CONTROLS: usize,
    const OPERANDS: usize,
    const LOCALS: usize,
> {
    index: [u32; INDEX],
    controls: [Control; CONTROLS],
    operands: [Entry; OPERANDS],
    locals: [LocalRun; LOCALS],
}

impl<const INDEX: usize, const CONTROLS: usize, const OPERANDS: usize, const LOCALS: usize>
    Workspace<INDEX, CONTROLS, OPERANDS, LOCALS>
{
    /// A workspace.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            index: [0; INDEX],
            controls: [Control::EMPTY; CONTROLS],
            operands: [Entry::EMPTY; OPERANDS],
            locals: [LocalRun::EMPTY; LOCALS],
        }
    }

    /// Returns the buffers.
    pub const fn buffers(&mut self) -> Buffers<'_> {
        Buffers {
            index: &mut self.index,
            controls: &mut self.controls,
            operands: &mut self.operands,
            locals: &mut self.locals,
        }
    }
}

impl<const INDEX: usize, const CONTROLS: usize, const OPERANDS: usize, const LOCALS: usize> Default
    for Workspace<INDEX, CONTROLS, OPERANDS, LOCALS>
{
    fn default() -> Self {
        Self::new()
    }
}
