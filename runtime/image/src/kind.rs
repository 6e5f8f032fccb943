//! Operand kinds, and where operands lie in an instruction.
//!
//! An instruction is a 16-bit opcode and then its operands: bytes first, then halfwords, then
//! words, each at a fixed offset. Its length is even and at least four. Nothing needs more than
//! two-byte alignment. The kind of an operand is all that encoder and verifier know of it: a new
//! instruction of known kinds is encoded and checked without a line of code.

/// What an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The accumulator; takes no room.
    K,
    /// A slot that is read.
    S,
    /// A slot that is written.
    D,
    /// A slot that is read and written.
    V,
    /// Two slots that are read, the low word first.
    P,
    /// Two slots that are written, the low word first.
    Q,
    /// The first of two slots that are read and written.
    S2,
    /// The first of three slots that are read and written.
    S3,
    /// An unsigned byte.
    B,
    /// An amount to shift 32 bits by: a byte less than 32.
    M,
    /// An amount to shift 64 bits by: a byte less than 64.
    M6,
    /// Units of fuel, a byte.
    C,
    /// A signed halfword, extended to 32 bits.
    H,
    /// An unsigned halfword.
    U,
    /// A word of the globals.
    G,
    /// A function of the image.
    N,
    /// An import.
    I,
    /// A type.
    Y,
    /// A table.
    J,
    /// A data segment.
    X,
    /// An element segment.
    E,
    /// The slot at which the frame of a callee begins; always the last halfword.
    A,
    /// The slot of the function's own link word.
    L,
    /// A place ahead, in halfwords from the start of the instruction.
    T,
    /// A place behind or here, in halfwords from the start of the instruction.
    R,
    /// A 32-bit immediate, or a count.
    W,
    /// A slot that is read, of any number; the first of several with a count.
    F,
    /// A slot that is written, of any number; the first of several with a count.
    O,
    /// Units of fuel, a word.
    Z,
    /// A place ahead, in halfwords, a word.
    Tf,
    /// A place behind or here, in halfwords, a word.
    Rf,
}

impl Kind {
    /// All kinds, in the order of their numbers.
    pub(crate) const ALL: &'static [Self] = &[
        Self::K,
        Self::S,
        Self::D,
        Self::V,
        Self::P,
        Self::Q,
        Self::S2,
        Self::S3,
        Self::B,
        Self::M,
        Self::M6,
        Self::C,
        Self::H,
        Self::U,
        Self::G,
        Self::N,
        Self::I,
        Self::Y,
        Self::J,
        Self::X,
        Self::E,
        Self::A,
        Self::L,
        Self::T,
        Self::R,
        Self::W,
        Self::F,
        Self::O,
        Self::Z,
        Self::Tf,
        Self::Rf,
    ];

    /// Returns how many bytes an operand takes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::K => 0,
            Self::S | Self::D | Self::V | Self::P | Self::Q | Self::S2 | Self::S3 => 1,
            Self::B | Self::C | Self::M | Self::M6 => 1,
            Self::H | Self::U | Self::G | Self::N | Self::I | Self::Y | Self::J => 2,
            Self::X | Self::E | Self::A | Self::L | Self::T | Self::R => 2,
            Self::W | Self::F | Self::O | Self::Z | Self::Tf | Self::Rf => 4,
        }
    }

    /// Tells whether an operand is signed.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::H | Self::T | Self::R | Self::Tf | Self::Rf)
    }
}

/// Returns the offset of the operand `index` of an instruction with these operands, or, for an
/// index past the last, where the operands end.
#[must_use]
pub const fn operand_offset(kinds: &[Kind], index: usize) -> usize {
    let mut offset = 2usize;
    let mut at = 0usize;
    let mut rest = kinds;
    while let [kind, tail @ ..] = rest {
        let bytes = kind.bytes();
        if bytes > 1 && offset % 2 == 1 {
            offset = offset.wrapping_add(1);
        }
        if at == index {
            return offset;
        }
        offset = offset.wrapping_add(bytes);
        at = at.wrapping_add(1);
        rest = tail;
    }
    offset
}

/// Returns the length of an instruction with these operands: even, and four at least.
#[must_use]
pub const fn instruction_length(kinds: &[Kind]) -> usize {
    let end = operand_offset(kinds, usize::MAX);
    let even = if end % 2 == 1 {
        end.wrapping_add(1)
    } else {
        end
    };
    if even < 4 { 4 } else { even }
}
