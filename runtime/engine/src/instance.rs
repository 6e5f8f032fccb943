//! Where everything of an instance lies in its block.
//!
//! ```text
//!   state | globals | tables | dropped | entries of tables ... | frames ... | linear memory ...
//! ```
//!
//! All of an instance's state is in its block: copy the block, and the instance is copied. Places
//! are counted in words from the end of the state, so that the copy may lie elsewhere.

use mote_image::{Header, Image, NONE};

/// What an instance may have beyond what its image says: the host's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceSize {
    /// Words for the frames of all functions that are entered at a time.
    pub stack_words: u32,
    /// Bytes of linear memory that there is room for. More than the image asks for lets it grow;
    /// fewer make an access beyond them trap.
    pub memory_bytes: u32,
    /// Entries that each table may grow to, if its type allows; one that begins with more keeps
    /// what it has.
    pub table_entries: u32,
}

impl InstanceSize {
    /// The stack that an image gets which does not say how much it needs, in words.
    pub const UNBOUNDED_STACK_WORDS: u32 = 1024;

    /// Returns what an image needs at least: its memory as it starts, tables as they are, and the
    /// stack of its deepest chain of calls, where that has a bound.
    #[must_use]
    pub fn least(image: &Image<'_>) -> Self {
        let header = image.header();
        Self {
            stack_words: header.stack_words.unwrap_or(Self::UNBOUNDED_STACK_WORDS),
            memory_bytes: initial_memory_bytes(header),
            table_entries: 0,
        }
    }

    /// Returns the words of the block that an instance of this size takes; nothing where that is
    /// more than there can be.
    #[must_use]
    pub fn block_words(&self, image: &Image<'_>) -> Option<usize> {
        Layout::new(image, *self)?.end.checked_add(STATE_WORDS)
    }
}

/// Returns the bytes of memory that an instance starts with; as many as can be counted.
pub(crate) fn initial_memory_bytes(header: &Header) -> u32 {
    let bytes = header
        .memory
        .map_or(0, |memory| u64::from(memory.pages) << memory.page_log2);
    u32::try_from(bytes).unwrap_or(NONE)
}

/// The words of the state.
pub(crate) const STATE_WORDS: usize = 16;

/// What each word of the state is.
pub(crate) mod word {
    /// What the instance is doing: see [`phase`](super::phase).
    pub(crate) const PHASE: u32 = 0;
    /// The instruction, in bytes from the start of the code.
    pub(crate) const PC: u32 = 1;
    /// The frame, in words from the start of the frames.
    pub(crate) const FRAME: u32 = 2;
    /// The accumulator.
    pub(crate) const ACC: u32 = 3;
    /// The function that was called from outside.
    pub(crate) const FUNCTION: u32 = 4;
    /// The import that is waited for.
    pub(crate) const IMPORT: u32 = 5;
    /// Where in the frames its arguments are and its results go.
    pub(crate) const BASE: u32 = 6;
    /// The memory's pages.
    pub(crate) const PAGES: u32 = 7;
    /// The memory's bytes that there is room for.
    pub(crate) const MEMORY_BYTES: u32 = 8;
    /// What was done of a growth, in bytes or entries.
    pub(crate) const PROGRESS: u32 = 9;
    /// The balance of fuel, two words.
    pub(crate) const BALANCE: u32 = 10;
    /// The fuel that was ever given, two words: what is not in the balance was charged.
    pub(crate) const GIVEN: u32 = 12;
}

/// What an instance is doing, as a word of its state.
pub(crate) mod phase {
    /// Nothing.
    pub(crate) const IDLE: u32 = 0;
    /// A function is called; it is not entered yet.
    pub(crate) const CALLED: u32 = 1;
    /// In the middle of the code.
    pub(crate) const RUNNING: u32 = 2;
    /// The code called an import.
    pub(crate) const WAITING: u32 = 3;
    /// An import is called from outside; the host is not told yet.
    pub(crate) const CALLED_IMPORT: u32 = 4;
    /// The host was told of it.
    pub(crate) const WAITING_OUTSIDE: u32 = 5;
    /// It has answered.
    pub(crate) const ANSWERED: u32 = 6;
    /// It trapped: as nothing, but the frames are as they were then.
    pub(crate) const TRAPPED: u32 = 7;
}

/// Where the parts begin, in words after the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) globals: usize,
    pub(crate) tables: usize,
    pub(crate) dropped: usize,
    pub(crate) entries: usize,
    pub(crate) frames: usize,
    pub(crate) memory: usize,
    /// Where the memory ends, and with it the block.
    pub(crate) end: usize,
    /// The bytes of memory that there is room for.
    pub(crate) memory_bytes: u32,
}

impl Layout {
    pub(crate) fn new(image: &Image<'_>, size: InstanceSize) -> Option<Self> {
        let header = image.header();
        let globals = 0usize;
        let tables = globals.checked_add(usize::from(header.globals))?;
        let dropped = tables.checked_add(usize::from(header.tables).checked_mul(3)?)?;
        let segments = usize::from(header.data).checked_add(usize::from(header.elements))?;
        let entries = dropped.checked_add(segments.div_ceil(32))?;
        let mut frames = entries;
        for index in 0..usize::from(header.tables) {
            let capacity = usize::try_from(table_capacity(image, index, size)?).ok()?;
            frames = frames.checked_add(capacity)?;
        }
        // A word more, so that a callee's frame may begin where the frames end.
        let memory = frames
            .checked_add(usize::try_from(size.stack_words).ok()?)?
            .checked_add(1)?;
        let memory_bytes = if header.memory.is_some() {
            size.memory_bytes
        } else {
            0
        };
        let memory_words = usize::try_from(memory_bytes.div_ceil(4)).ok()?;
        let end = memory.checked_add(memory_words)?;
        Some(Self {
            globals,
            tables,
            dropped,
            entries,
            frames,
            memory,
            end,
            memory_bytes,
        })
    }
}

/// Returns the entries that a table has room for.
pub(crate) fn table_capacity(image: &Image<'_>, index: usize, size: InstanceSize) -> Option<u32> {
    let table = image.table(index)?;
    Some(table.entries.max(size.table_entries.min(table.entries_max)))
}
