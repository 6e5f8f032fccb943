//! Which operands each instruction has, in a form small enough for devices.
//!
//! The table as it stands has names, meanings and lists, and takes 11 KB. What verifier and engine
//! need of it are the operands' kinds. Most instructions share them with others: so there is a
//! byte for each instruction, and a word for each list of operands.

use crate::Kind;
use crate::instruction::INSTRUCTIONS;

/// The operands' kinds of an instruction: six bits each, the first lowest, five at most; what is
/// left of thirty bits are ones. The accumulator, which is always first, is a bit of its own, and
/// so is that the list comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape(u32);

const KIND_BITS: u32 = 6;
const NO_KIND: u32 = (1 << KIND_BITS) - 1;
const LIST_BITS: u32 = KIND_BITS * 5;
const LIST: u32 = (1 << LIST_BITS) - 1;
const TWICE: u32 = 1 << LIST_BITS;
const ACCUMULATOR: u32 = TWICE << 1;

/// In the byte of an instruction: it takes the accumulator.
const WITH_ACCUMULATOR: u8 = 1 << 7;
const COUNT_MAX: usize = WITH_ACCUMULATOR as usize;

/// All lists of operands, and which one each instruction has.
struct Shapes {
    lists: [u32; COUNT_MAX],
    count: usize,
    of: [u8; INSTRUCTIONS.len()],
}

/// Packs kinds that are none of them the accumulator.
const fn pack(kinds: &[Kind]) -> u32 {
    let (first, second) = kinds.split_at(kinds.len() / 2);
    if kinds.len() > (LIST_BITS / KIND_BITS) as usize {
        let packed = pack(first);
        assert!(
            packed == pack(second),
            "a long list that is not the same twice"
        );
        return packed | TWICE;
    }
    let mut packed = LIST;
    let mut rest = kinds;
    while let [tail @ .., last] = rest {
        assert!(!matches!(last, Kind::K), "the accumulator comes first");
        packed = (packed << KIND_BITS | *last as u32) & LIST;
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
        let (kinds, accumulator) = match INSTRUCTIONS[number].kinds {
            [Kind::K, kinds @ ..] => (kinds, WITH_ACCUMULATOR),
            kinds => (kinds, 0),
        };
        let packed = pack(kinds);
        let mut list = 0;
        while list < shapes.count && shapes.lists[list] != packed {
            list += 1;
        }
        if list == shapes.count {
            shapes.lists[list] = packed;
            shapes.count += 1;
        }
        shapes.of[number] = list as u8 | accumulator;
        number += 1;
    }
    shapes
};

static OF: [u8; INSTRUCTIONS.len()] = SHAPES.of;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static LISTS: [u32; SHAPES.count] = {
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
        let byte = *OF.get(usize::from(opcode))?;
        let list = LISTS.get(usize::from(byte & !WITH_ACCUMULATOR))?;
        let accumulator = u32::from(byte & WITH_ACCUMULATOR) << 24;
        Some(Self(list | accumulator))
    }

    /// Returns the operands' kinds, and where they are in the instruction.
    pub fn places(self) -> impl Iterator<Item = (Kind, usize)> {
        let mut packed = self.0;
        let mut offset = 2usize;
        core::iter::from_fn(move || {
            if packed & ACCUMULATOR != 0 {
                packed &= !ACCUMULATOR;
                return Some((Kind::K, offset));
            }
            if packed & NO_KIND == NO_KIND && packed & TWICE != 0 {
                packed = self.0 & LIST;
            }
            let kind = *Kind::ALL.get((packed & NO_KIND) as usize)?;
            let rest = (packed & LIST) >> KIND_BITS;
            packed = rest | NO_KIND << (LIST_BITS - KIND_BITS) | packed & TWICE;
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

const _: () = assert!((WITH_ACCUMULATOR as u32) << 24 == ACCUMULATOR);
