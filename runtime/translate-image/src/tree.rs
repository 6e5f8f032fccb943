//! Values that are not computed yet: small trees over the operand stack.
//!
//! What an instruction computes is often used by the next one, which then finds it in the
//! accumulator, or does both at once. So an operator is kept as a node until something needs its
//! value in a slot, or might change what it reads. Nodes lie in the order in which they were told,
//! operands before operators: a subtree is a run of them, and is evaluated by walking over it.
//!
//! ```text
//!   a[i + 1] = x + y          nodes: add i 1 | shl #0 2 | add x y
//!   store (shl (add i 1) 2), (add x y)
//! ```
//!
//! A node's value goes to the accumulator if it is the last one before the operator that uses it,
//! otherwise to its slot on the operand stack, which is free: what was pushed later is used by the
//! same operator, or later.

use crate::forms::{Family, Form, Letter, find};

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A slot.
    Slot(u32),
    /// A constant of 32 bits.
    Constant(u32),
    /// A node.
    Node(u8),
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// An operator of two operands.
    Binary(Family),
    /// A load: of the first operand plus the second, a constant, which does not wrap.
    Load(Family),
    /// Nothing: its value is in the accumulator already.
    Held,
}

/// A value to come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) operation: Operation,
    pub(crate) operands: [Source; 2],
    /// Its slot on the operand stack.
    pub(crate) to: u32,
    /// The first node of its subtree.
    pub(crate) start: u8,
    /// Whether computing it can trap, or reads memory.
    pub(crate) effects: bool,
    pub(crate) state: State,
    /// Where in the Wasm it comes from.
    #[cfg(feature = "symbols")]
    pub(crate) origin: u32,
}

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is an operand on the stack.
    Root,
    /// It is an operand of another node.
    Inner,
    /// Its value is in its slot.
    Stored,
    /// Whoever uses it does its work, too.
    Absorbed,
}

/// The nodes.
#[derive(Debug)]
pub(crate) struct Nodes {
    nodes: [Node; Self::MAX],
    count: u8,
    /// Where in the Wasm new nodes come from.
    #[cfg(feature = "symbols")]
    pub(crate) origin: u32,
}

impl Nodes {
    pub(crate) const MAX: usize = 24;

    pub(crate) const fn new() -> Self {
        const EMPTY: Node = Node {
            operation: Operation::Held,
            operands: [Source::Constant(0); 2],
            to: 0,
            start: 0,
            effects: false,
            state: State::Stored,
            #[cfg(feature = "symbols")]
            origin: 0,
        };
        Self {
            nodes: [EMPTY; Self::MAX],
            count: 0,
            #[cfg(feature = "symbols")]
            origin: 0,
        }
    }

    pub(crate) const fn clear(&mut self) {
        self.count = 0;
    }

    pub(crate) const fn count(&self) -> u8 {
        self.count
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.count as usize == Self::MAX
    }

    pub(crate) fn get(&self, index: u8) -> Option<&Node> {
        self.nodes
            .get(usize::from(index))
            .filter(|_| index < self.count)
    }

    pub(crate) fn set_state(&mut self, index: u8, state: State) {
        if let Some(node) = self.nodes.get_mut(usize::from(index)) {
            node.state = state;
        }
    }

    /// A node's value is to go elsewhere.
    pub(crate) fn set_to(&mut self, index: u8, to: u32) {
        if let Some(node) = self.nodes.get_mut(usize::from(index)) {
            node.to = to;
        }
    }

    /// Drops the nodes from that one on.
    pub(crate) fn truncate(&mut self, count: u8) {
        self.count = self.count.min(count);
        // What is stored already is not waited for.
        while let Some(last) = self.count.checked_sub(1)
            && self
                .get(last)
                .is_some_and(|node| node.state == State::Stored)
        {
            self.count = last;
        }
    }

    /// Adds a node; its operands, if they are nodes, become part of it. There has to be room.
    pub(crate) fn push(
        &mut self,
        operation: Operation,
        operands: [Source; 2],
        to: u32,
        effects: bool,
    ) -> u8 {
        let index = self.count;
        let (mut start, mut effects) = (index, effects);
        for operand in operands {
            if let Source::Node(inner) = operand
                && let Some(node) = self.get(inner)
            {
                start = start.min(node.start);
                effects |= node.effects;
                self.set_state(inner, State::Inner);
            }
        }
        let node = Node {
            operation,
            operands,
            to,
            start,
            effects,
            state: State::Root,
            #[cfg(feature = "symbols")]
            origin: self.origin,
        };
        if let Some(place) = self.nodes.get_mut(usize::from(index)) {
            *place = node;
            self.count = index.saturating_add(1);
        }
        index
    }

    /// Returns the operand on the stack that is to be in that slot, if it is a node.
    pub(crate) fn root_of(&self, slot: u32) -> Option<u8> {
        (0..self.count).rev().find(|&index| {
            self.get(index)
                .is_some_and(|node| node.state == State::Root && node.to == slot)
        })
    }

    /// Returns the first root of which that is true: `wanted` is asked of each node of its
    /// subtree, with whether it is the root itself. A part that was stored counts: the root still
    /// has to read it.
    pub(crate) fn first_root(&self, below: u8, wanted: impl Fn(&Node, bool) -> bool) -> Option<u8> {
        (0..below.min(self.count)).find(|&root| {
            let Some(node) = self.get(root) else {
                return false;
            };
            node.state == State::Root
                && (node.start..=root).any(|index| {
                    self.get(index).is_some_and(|inner| {
                        let live = matches!(inner.state, State::Inner | State::Stored);
                        (live || index == root) && wanted(inner, index == root)
                    })
                })
        })
    }
}

impl Node {
    /// Tells whether it reads one of so many slots from that one on.
    pub(crate) fn reads(&self, first: u32, words: u32) -> bool {
        self.operands.iter().any(
            |operand| matches!(operand, Source::Slot(slot) if slot.wrapping_sub(first) < words),
        ) && self.operation != Operation::Held
    }
}

/// Whether the operands of a family may change places.
pub(crate) const fn commutes(family: Family) -> bool {
    matches!(
        family,
        Family::add
            | Family::mul
            | Family::and
            | Family::or
            | Family::xor
            | Family::eq
            | Family::ne
            | Family::if_eq
            | Family::if_ne
            | Family::again_ne
            | Family::if_and_nz
            | Family::if_and_z
            | Family::fadd
            | Family::fmul
            | Family::feq
            | Family::fne
            | Family::if_feq
            | Family::if_fne
    )
}

/// Returns the letters that could stand for a constant, the best one first.
pub(crate) fn letters_of(family: Family, value: u32) -> [Option<Letter>; 3] {
    let signed = value.cast_signed();
    let half = i16::try_from(signed).is_ok();
    let byte = value < 256;
    let shifts = matches!(
        family,
        Family::shl | Family::shr_u | Family::shr_s | Family::rotr
    );
    let byte = byte && (!shifts || value < 32);
    [
        byte.then_some(Letter::B),
        half.then_some(Letter::H),
        Some(Letter::W),
    ]
}

/// Finds the form of a family that takes these operands. Each is given with the letters that it
/// can have, best first; returns the letter that each one gets and whether they change places.
pub(crate) fn choose(
    family: Family,
    a: &[Option<Letter>],
    b: &[Option<Letter>],
    to_slot: bool,
) -> Option<([Letter; 2], bool)> {
    for &first in a.iter().flatten() {
        for &second in b.iter().flatten() {
            let form = Form::new(&[first, second]).to_slot(to_slot);
            if find(family, form).is_some() {
                return Some(([first, second], false));
            }
            let swapped = Form::new(&[second, first]).to_slot(to_slot);
            if commutes(family) && find(family, swapped).is_some() {
                return Some(([second, first], true));
            }
        }
    }
    None
}
