//! Which operands each instruction has, in a form small enough for devices.
//!
//! The table as it stands has names, meanings and lists, and takes 11 KB. What verifier and engine
//! need of it are the operands' kinds. Most instructions share them with others: so there is a
//! byte for each instruction, and a word for each list of operands.

use crate::Kind;
use crate::instruction::INSTRUCTIONS;

/// The operands' kinds of an instruction: six bits each, the first lowest; the rest are ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u64);

const COUNT_MAX: usize = 160;

/// All lists of operands, and which one each instruction has.
struct Shapes {
    lists: [u64; COUNT_MAX],
    count: usize,
    of: [u8; INSTRUCTIONS.len()],
}

const fn pack(kinds: &[Kind]) -> u64 {
    let mut packed = u64::MAX;
    let mut rest = kinds;
    while let [tail @ .., last] = rest {
        packed = packed << 6 | *last as u64;
        rest = tail;
    }
    packed
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const SHAPES: Shapes = {
    let mut shapes = Shapes {
        lists: [0; COUNT_MAX],
        count: 0,
        of: [0; INSTRUCTIONS.len()],
    };
    let mut number = 0;
    while number < INSTRUCTIONS.len() {
        let packed = pack(INSTRUCTIONS[number].kinds);
        let mut list = 0;
        while list < shapes.count && shapes.lists[list] != packed {
            list += 1;
        }
        if list == shapes.count {
            shapes.lists[list] = packed;
            shapes.count += 1;
        }
        shapes.of[number] = list as u8;
        number += 1;
    }
    shapes
};

static OF: [u8; INSTRUCTIONS.len()] = SHAPES.of;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static LISTS: [u64; SHAPES.count] = {
    let mut lists = [0; SHAPES.count];
    let mut at = 0usize;
    while at < SHAPES.count {
        lists[at] = SHAPES.lists[at];
        at = at.wrapping_add(1);
    }
    lists
};

impl Shape {
    /// Returns an instruction's operands, or nothing where there is no such instruction.
    #[must_use]
    pub fn of(opcode: u16) -> Option<Self> {
        let list = OF.get(usize::from(opcode))?;
        LISTS.get(usize::from(*list)).map(|&packed| Self(packed))
    }

    /// Returns the operands' kinds, and where they are in the instruction.
    pub fn places(self) -> impl Iterator<Item = (Kind, usize)> {
        let mut packed = self.0;
        let mut offset = 2usize;
        core::iter::from_fn(move || {
            let [low, ..] = packed.to_le_bytes();
            let kind = *Kind::ALL.get(usize::from(low & 63))?;
            packed = packed >> 6 | 63 << 58;
            let bytes = kind.bytes();
            if bytes > 1 {
                offset = offset.next_multiple_of(2);
            }
            let at = offset;
            offset = offset.wrapping_add(bytes);
            Some((kind, at))
        })
    }

    /// Returns the instruction's length, entries of a branch table not counted.
    #[must_use]
    pub fn length(self) -> usize {
        let end = self
            .places()
            .last()
            .map_or(2, |(kind, at)| at.wrapping_add(kind.bytes()));
        end.next_multiple_of(2).max(4)
    }
}
