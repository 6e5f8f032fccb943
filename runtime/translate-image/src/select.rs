//! Instruction selection: trees of values to instructions.

use crate::Limit;
use crate::code::{Code, Operands, writes};
use crate::forms::{Family, Form, Letter, find};
use crate::operators::with_shift;
use crate::tree::{Nodes, Operation, Source, State, choose, letters_of};
use mote_image::opcode;
use mote_translate::Label;

/// How an address is made up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Address {
    /// A source plus an offset, which does not wrap.
    Offset(Source, u16),
    /// A source plus an immediate, which wraps.
    Plus(Source, i16),
    /// Two sources plus an immediate, which wraps.
    Sum(Source, Source, i16),
    /// A source shifted, plus an immediate, which wraps.
    Scaled(Source, u8, i16),
    /// A constant.
    Absolute(u32),
}

impl Address {
    pub(crate) const fn sources(&self) -> [Option<Source>; 2] {
        match *self {
            Self::Offset(a, _) | Self::Plus(a, _) | Self::Scaled(a, ..) => [Some(a), None],
            Self::Sum(a, b, _) => [Some(a), Some(b)],
            Self::Absolute(_) => [None; 2],
        }
    }
}

/// Code, and the values that are still to be computed.
#[derive(Debug)]
pub(crate) struct Selector<'b> {
    pub(crate) code: Code<'b>,
    pub(crate) nodes: Nodes,
    /// The node whose value is in the accumulator and nowhere else.
    pub(crate) held: Option<u8>,
    /// Four slots that are free between instructions.
    pub(crate) scratch: u32,
    /// Where the slots of the operand stack begin.
    pub(crate) first_temporary: u32,
}

impl Selector<'_> {
    // --- What must happen before something else does.

    /// Returns the first node of what these sources need.
    pub(crate) fn first_of(&self, sources: &[Source]) -> u8 {
        let starts = sources.iter().filter_map(|source| match *source {
            Source::Node(index) => self.nodes.get(index).map(|node| node.start),
            Source::Slot(_) | Source::Constant(_) => None,
        });
        starts.min().unwrap_or(self.nodes.count())
    }

    /// Stores every value up to that one in its slot, in order.
    pub(crate) fn store_through(&mut self, last: u8) {
        for index in 0..=last {
            if let Some(node) = self.nodes.get(index)
                && node.state == State::Root
            {
                let to = node.to;
                self.evaluate(index, Some(to));
            }
        }
    }

    /// Stores all values.
    pub(crate) fn store_all(&mut self) {
        if let Some(last) = self.nodes.count().checked_sub(1) {
            self.store_through(last);
        }
        self.nodes.truncate(0);
    }

    /// Stores the values below a node, all of them.
    pub(crate) fn store_below(&mut self, below: u8) {
        if let Some(last) = below.checked_sub(1) {
            self.store_through(last);
        }
    }

    /// Stores the values below a node that would be harmed: by a trap or a change of the memory
    /// that comes first, or because something is written to these slots.
    pub(crate) fn before(&mut self, below: u8, effects: bool, written: Option<(u32, u32)>) {
        // One at a time is stored.
        for _ in 0..=Nodes::MAX {
            let harmed = self.nodes.first_root(below, |node, is_root| {
                let (first, words) = written.unwrap_or((0, 0));
                let spills = !is_root && node.to.wrapping_sub(first) < words;
                if node.state == State::Stored {
                    return spills;
                }
                (effects && node.effects) || node.reads(first, words) || spills
            });
            match harmed {
                Some(root) => self.store_through(root),
                None => return,
            }
        }
    }

    /// Saves the value that only the accumulator has.
    pub(crate) fn save(&mut self) {
        if let Some(index) = self.held.take() {
            let to = self.nodes.get(index).map_or(0, |node| node.to);
            self.code.emit(opcode::keep_d, &[0, to]);
            self.nodes.set_state(index, State::Stored);
        }
    }

    /// Emits an instruction; what only the accumulator has is saved if that is lost.
    pub(crate) fn emit(&mut self, opcode: u16, operands: &[u32]) {
        if writes(opcode) {
            self.save();
        }
        self.code.emit(opcode, operands)
    }

    // --- Sources.

    /// Returns where a source is by now.
    pub(crate) fn now(&self, source: Source) -> Source {
        match source {
            Source::Node(index) => match self.nodes.get(index) {
                Some(node) if node.state == State::Stored => Source::Slot(node.to),
                _ => source,
            },
            Source::Slot(_) | Source::Constant(_) => source,
        }
    }

    /// Returns the letters that can stand for a source, best first.
    fn letters(&self, family: Family, source: Source) -> [Option<Letter>; 3] {
        match source {
            Source::Slot(slot) if self.held.is_none() && self.code.accumulator == Some(slot) => {
                [Some(Letter::K), Some(Letter::S), None]
            }
            Source::Slot(_) => [Some(Letter::S), None, None],
            Source::Constant(value) => letters_of(family, value),
            Source::Node(_) => [Some(Letter::K), None, None],
        }
    }

    pub(crate) const fn value(source: Source) -> u32 {
        match source {
            Source::Slot(value) | Source::Constant(value) => value,
            Source::Node(_) => 0,
        }
    }

    /// Puts a constant in the accumulator.
    fn load_constant(&mut self, value: u32) {
        let opcode = if i16::try_from(value.cast_signed()).is_ok() {
            opcode::const_h
        } else {
            opcode::const_w
        };
        self.emit(opcode, &[value]);
    }

    /// Puts a constant in a slot. The accumulator keeps what it has.
    pub(crate) fn move_constant(&mut self, value: u32, to: u32) {
        let opcode = if i16::try_from(value.cast_signed()).is_ok() {
            opcode::move_h_d
        } else {
            opcode::move_w_d
        };
        self.code.emit(opcode, &[to, value]);
    }

    /// Returns the slot that a source is in, or is put into: a constant into the scratch slot of
    /// that number. A node has to be evaluated.
    pub(crate) fn slot(&mut self, source: Source, scratch: u32) -> u32 {
        if matches!(source, Source::Node(index) if self.held == Some(index)) {
            self.save();
        }
        match self.now(source) {
            Source::Slot(slot) => slot,
            Source::Constant(value) => {
                let to = self.scratch.saturating_add(scratch);
                self.move_constant(value, to);
                to
            }
            Source::Node(_) => self.fault(),
        }
    }

    /// Notes that there is no instruction for something. Returns some slot.
    #[cold]
    pub(crate) fn fault(&mut self) -> u32 {
        self.code.fail(Limit::Operand);
        0
    }

    // --- Evaluation.

    /// Evaluates a root, to a slot or to the accumulator. What is below it is not harmed.
    pub(crate) fn evaluate(&mut self, root: u8, to: Option<u32>) {
        let Some(&node) = self.nodes.get(root) else {
            return;
        };
        self.evaluate_operands(node.start, root, &[Source::Node(root)]);
        self.compute(root, to)
    }

    /// Evaluates what these sources of an instruction need, from that node on. One of them, the
    /// last, may be left in the accumulator.
    pub(crate) fn evaluate_all(&mut self, sources: &[Source]) {
        let first = self.first_of(sources);
        self.evaluate_operands(first, self.nodes.count(), sources)
    }

    /// Evaluates the nodes of a range, for those in `users`: sources of an instruction, or the
    /// one node that follows.
    fn evaluate_operands(&mut self, first: u8, end: u8, users: &[Source]) {
        let with_end = if users == [Source::Node(end)] {
            end.saturating_add(1)
        } else {
            end
        };
        for index in (first..with_end).rev() {
            self.absorb(index);
        }
        for index in first..end {
            let Some(&node) = self.nodes.get(index) else {
                continue;
            };
            if matches!(node.state, State::Stored | State::Absorbed) {
                continue;
            }
            if node.operation == Operation::Held && self.held == Some(index) {
                continue;
            }
            let to = if self.is_used_next(index, with_end, users) {
                None
            } else {
                Some(node.to)
            };
            self.compute(index, to);
        }
    }

    /// Marks the nodes whose work a node does, too: parts of a load's address, a shift.
    fn absorb(&mut self, index: u8) {
        let Some(&node) = self.nodes.get(index) else {
            return;
        };
        if let Operation::Binary(family) = node.operation
            && matches!(node.state, State::Root | State::Inner)
        {
            let [a, b] = node.operands;
            for (shifted, other) in [(b, a), (a, b)] {
                if let Source::Node(shift) = shifted
                    && self.absorbs_shift(family, shift, other, index)
                {
                    self.nodes.set_state(shift, State::Absorbed);
                    return;
                }
            }
        }
        if let (Operation::Load(family), [base, Source::Constant(offset)]) =
            (node.operation, node.operands)
            && matches!(node.state, State::Root | State::Inner)
        {
            self.absorb_address(family, base, offset);
        }
    }

    /// Tells whether an operator can do the work of a shift that is one of its operands: the other
    /// one has to be in the accumulator by then.
    fn absorbs_shift(&self, family: Family, shift: u8, other: Source, user: u8) -> bool {
        let Some((_, source, _)) = self.shift(family, shift) else {
            return false;
        };
        let inner = self.nodes.get(shift).map(|node| node.state) == Some(State::Inner);
        inner
            && match (source, other) {
                // It is the last one that is computed.
                (Source::Slot(_), Source::Node(_)) => true,
                (Source::Node(source), Source::Node(other)) => source < other,
                // It is there now, and nothing comes between.
                (Source::Slot(_), Source::Slot(slot)) => {
                    self.held.is_none()
                        && self.code.accumulator == Some(slot)
                        && shift.checked_add(1) == Some(user)
                        && (0..shift).all(|index| {
                            let state = self.nodes.get(index).map(|node| node.state);
                            state == Some(State::Stored)
                        })
                }
                _ => false,
            }
    }

    /// Returns the family that does the work of an operator and a shift, what is shifted and by
    /// how much.
    fn shift(&self, family: Family, shift: u8) -> Option<(Family, Source, u32)> {
        let node = self.nodes.get(shift)?;
        match (node.operation, node.operands) {
            (Operation::Binary(shift), [source, Source::Constant(amount)]) => {
                Some((with_shift(family, shift)?, source, amount & 31))
            }
            _ => None,
        }
    }

    /// Marks the nodes whose work is done as part of an address.
    pub(crate) fn absorb_address(&mut self, family: Family, base: Source, offset: u32) -> Address {
        let address = self.address(family, base, offset);
        let [a, b] = address.sources();
        let mut inside = base;
        // The nodes from the base down to the address's own sources, two at most.
        for _ in 0..2 {
            let Source::Node(index) = inside else { break };
            if Some(inside) == a || Some(inside) == b {
                break;
            }
            let Some(&node) = self.nodes.get(index) else {
                break;
            };
            if !matches!(node.state, State::Root | State::Inner) {
                break;
            }
            self.nodes.set_state(index, State::Absorbed);
            let [first, _] = node.operands;
            inside = first;
        }
        address
    }

    /// Tells whether the value of a node is used by the next instruction, which can take it from
    /// the accumulator.
    fn is_used_next(&self, index: u8, end: u8, users: &[Source]) -> bool {
        let next = (index.saturating_add(1)..end).find(|&next| {
            self.nodes.get(next).is_some_and(|node| {
                matches!(node.state, State::Root | State::Inner)
                    && node.operation != Operation::Held
            })
        });
        let wanted = Some(Source::Node(index));
        let Some(next) = next else {
            return users.iter().any(|&user| Some(user) == wanted);
        };
        let Some(node) = self.nodes.get(next) else {
            return false;
        };
        match (node.operation, node.operands) {
            (Operation::Load(family), [base, Source::Constant(offset)]) => self
                .address(family, base, offset)
                .sources()
                .contains(&wanted),
            (Operation::Binary(family), [a, b]) if Some(a) == wanted || Some(b) == wanted => {
                // Of two nodes the one before is in its slot by then.
                let letters = [a, b].map(|source| match source {
                    Source::Node(_) if Some(source) != wanted => [Some(Letter::S), None, None],
                    Source::Slot(_) => [Some(Letter::S), None, None],
                    _ => self.letters(family, source),
                });
                let [a, b] = &letters;
                choose(family, a, b, false).is_some() || choose(family, a, b, true).is_some()
            }
            _ => false,
        }
    }

    /// Computes a node whose operands are evaluated.
    fn compute(&mut self, index: u8, to: Option<u32>) {
        let Some(&node) = self.nodes.get(index) else {
            return;
        };
        // It may be emitted long after it was told.
        #[cfg(feature = "symbols")]
        let at_hand = core::mem::replace(&mut self.code.origins.at_hand, node.origin);
        let in_slot = match (node.operation, node.operands) {
            (Operation::Binary(family), operands) => match self.absorbed_shift(family, operands) {
                Some(shift) => self.binary_with_shift(shift, to, node.to),
                None => self.binary(family, operands, to, node.to),
            },
            (Operation::Load(family), [base, Source::Constant(offset)]) => {
                self.load(family, base, offset, to, node.to)
            }
            _ => {
                // It is in the accumulator, unless it was saved.
                if self.held == Some(index)
                    && let Some(to) = to
                {
                    self.code.emit(opcode::keep_d, &[0, to]);
                    self.held = None;
                }
                to
            }
        };
        if in_slot == Some(node.to) {
            self.nodes.set_state(index, State::Stored);
        } else if in_slot.is_none() {
            self.held = Some(index);
        }
        #[cfg(feature = "symbols")]
        {
            self.code.origins.at_hand = at_hand;
        }
    }

    /// Returns family, other operand, what is shifted and by how much, where an operator does the
    /// work of a shift.
    fn absorbed_shift(
        &self,
        family: Family,
        [a, b]: [Source; 2],
    ) -> Option<(Family, Source, Source, u32)> {
        [(b, a), (a, b)].into_iter().find_map(|(shifted, other)| {
            let Source::Node(index) = shifted else {
                return None;
            };
            let node = self.nodes.get(index)?;
            let (family, source, amount) = self.shift(family, index)?;
            (node.state == State::Absorbed).then_some((family, other, source, amount))
        })
    }

    /// Emits an operator of which one operand is shifted.
    fn binary_with_shift(
        &mut self,
        (family, other, shifted, amount): (Family, Source, Source, u32),
        to: Option<u32>,
        spare: u32,
    ) -> Option<u32> {
        let shifted = self.slot(shifted, 0);
        match self.now(other) {
            Source::Node(_) => self.held = None,
            Source::Slot(slot) if self.held.is_none() && self.code.accumulator == Some(slot) => {}
            Source::Slot(slot) => self.emit(opcode::get_s, &[slot]),
            Source::Constant(value) => self.load_constant(value),
        }
        let letters = [(Letter::K, 0), (Letter::S, shifted), (Letter::B, amount)];
        self.emit_where(family, &mut Operands::of(&letters, to), spare)
    }

    /// Emits an operator of two operands; where to, if not to the accumulator alone. Returns the
    /// slot that it went to.
    fn binary(
        &mut self,
        family: Family,
        operands: [Source; 2],
        to: Option<u32>,
        spare: u32,
    ) -> Option<u32> {
        let letters = self.fit(family, operands, to.is_some());
        let mut operands = Operands::of(&letters, to);
        self.uses(letters);
        self.save();
        self.emit_where(family, &mut operands, spare)
    }

    /// What only the accumulator has is used up by an instruction with these operands.
    pub(crate) fn uses(&mut self, operands: [(Letter, u32); 2]) {
        if operands.iter().any(|(letter, _)| *letter == Letter::K) {
            self.held = None;
        }
    }

    /// Finds a form for two operands, and puts a constant that has none in the accumulator.
    /// Returns letters and values in the form's order.
    #[inline(never)]
    pub(crate) fn fit(
        &mut self,
        family: Family,
        operands: [Source; 2],
        to_slot: bool,
    ) -> [(Letter, u32); 2] {
        let either = |a: &[Option<Letter>], b: &[Option<Letter>]| {
            choose(family, a, b, to_slot).or_else(|| choose(family, a, b, !to_slot))
        };
        for attempt in 0..2 {
            let [a, b] = operands.map(|source| self.now(source));
            let (x, y) = (self.letters(family, a), self.letters(family, b));
            if let Some(chosen) = either(&x, &y) {
                return in_order(chosen, [a, b]);
            }
            if attempt == 0 {
                // A value that only the accumulator has makes room.
                self.save();
            }
        }
        let mut sources = operands.map(|source| self.now(source));
        if let [Source::Constant(value), Source::Constant(_)] = sources {
            let to = self.scratch;
            self.move_constant(value, to);
            sources = [Source::Slot(to), sources[1]];
        }
        let k = [Some(Letter::K)];
        let s = [Some(Letter::S)];
        let (constant, mut chosen) = match sources {
            [_, Source::Constant(value)] => (value, either(&s, &k)),
            [Source::Constant(value), _] => (value, either(&k, &s)),
            _ => (0, None),
        };
        if chosen.is_some() {
            self.load_constant(constant);
        } else {
            let to = self.scratch.saturating_add(1);
            self.move_constant(constant, to);
            sources = sources.map(|source| match source {
                Source::Constant(_) => Source::Slot(to),
                other => other,
            });
            chosen = either(&s, &s);
        }
        if chosen.is_none() {
            self.fault();
        }
        in_order(chosen.unwrap_or(([Letter::S; 2], false)), sources)
    }

    // --- Addresses.

    /// Returns the best way to make up an address that an instruction of the family can use.
    pub(crate) fn address(&self, family: Family, base: Source, offset: u32) -> Address {
        let has = |letters: &[Letter]| {
            let form = Form::new(letters);
            [false, true]
                .into_iter()
                .any(|to_slot| find(family, form.to_slot(to_slot)).is_some())
                || find(family, form.then(Letter::S)).is_some()
                || find(family, form.then(Letter::P)).is_some()
        };
        if let Source::Constant(value) = base
            && let Some(address) = value.checked_add(offset)
            && has(&[Letter::W])
        {
            return Address::Absolute(address);
        }
        let operator = |source: Source| match source {
            Source::Node(index) => self
                .nodes
                .get(index)
                .filter(|node| node.state != State::Stored)
                .and_then(|node| match node.operation {
                    Operation::Binary(family) => Some((family, node.operands)),
                    Operation::Load(_) | Operation::Held => None,
                }),
            Source::Slot(_) | Source::Constant(_) => None,
        };
        let small = |value: u32| i16::try_from(value.cast_signed()).ok();
        let sum = |source: Source, immediate: i16| match operator(source) {
            Some((Family::add, [a, b])) if has(&[Letter::S, Letter::S, Letter::H]) => match b {
                Source::Constant(_) => None,
                Source::Slot(_) | Source::Node(_) => Some(Address::Sum(a, b, immediate)),
            },
            Some((Family::shl, [a, Source::Constant(amount)]))
                if has(&[Letter::S, Letter::B, Letter::H]) =>
            {
                let [amount, ..] = amount.to_le_bytes();
                match a {
                    Source::Constant(_) => None,
                    _ => Some(Address::Scaled(a, amount, immediate)),
                }
            }
            _ => None,
        };
        if offset == 0 && has(&[Letter::S, Letter::H]) {
            if let Some((Family::add, [a, Source::Constant(value)])) = operator(base)
                && let Some(immediate) = small(value)
            {
                return sum(a, immediate).unwrap_or(Address::Plus(a, immediate));
            }
            if let Some(address) = sum(base, 0) {
                return address;
            }
        }
        Address::Offset(base, u16::try_from(offset).unwrap_or(0))
    }

    /// Returns the operands of an address, and whether the accumulator is one; those of its sources
    /// that are constants or too many are put where they can be had.
    #[inline(never)]
    pub(crate) fn address_operands(&mut self, address: Address, offset: u32) -> Operands {
        let mut all = Operands::new();
        match address {
            Address::Absolute(value) => all.put(Letter::W, value),
            Address::Offset(base, low) => {
                self.put_base(&mut all, base);
                if u32::from(low) == offset {
                    all.put(Letter::U, offset);
                } else {
                    all.put(Letter::W, offset);
                    if all.has_accumulator() {
                        self.held = None;
                    }
                    self.save();
                    // `at` takes base and offset in the order of the letters of its one form.
                    all.form = all.form.without_last();
                    self.code.emit_form(Family::at, &all);
                    all = Operands::of(&[(Letter::K, 0), (Letter::U, 0)], None);
                }
            }
            Address::Plus(a, immediate) => {
                self.put_base(&mut all, a);
                all.put_half(immediate);
            }
            Address::Scaled(a, amount, immediate) => {
                self.put_base(&mut all, a);
                all.put(Letter::B, amount.into());
                all.put_half(immediate);
            }
            Address::Sum(a, b, immediate) => {
                // The accumulator comes first.
                let second = match self.now(b) {
                    Source::Node(_) => true,
                    now => self.is_accumulator(now),
                };
                let (a, b) = if second { (b, a) } else { (a, b) };
                self.put_base(&mut all, a);
                self.put_base(&mut all, b);
                all.put_half(immediate);
            }
        }
        all
    }

    /// Whether the accumulator has what is in that slot, and nothing besides.
    pub(crate) fn is_accumulator(&self, source: Source) -> bool {
        match source {
            Source::Slot(slot) => self.held.is_none() && self.code.accumulator == Some(slot),
            Source::Constant(_) | Source::Node(_) => false,
        }
    }

    /// Adds one of an address's sources to its operands.
    fn put_base(&mut self, all: &mut Operands, source: Source) {
        let now = self.now(source);
        let letter = match now {
            Source::Node(_) => Letter::K,
            Source::Slot(_) if self.is_accumulator(now) && !all.has_accumulator() => Letter::K,
            Source::Slot(_) => Letter::S,
            Source::Constant(value) => {
                // Rare: a constant that overflows with its offset, and traps.
                let to = self.scratch.saturating_add(2);
                self.move_constant(value, to);
                return all.put(Letter::S, to);
            }
        };
        all.put(letter, Self::value(now));
    }

    /// Emits a branch that loads a byte and tests it, if that is what a condition does. All below
    /// it has to be stored.
    pub(crate) fn branch_on_load(
        &mut self,
        family: Family,
        [tested, _]: [Source; 2],
        label: &mut Label,
    ) -> bool {
        let family = match family {
            Family::if_z => Family::if_z_u8,
            Family::if_nz => Family::if_nz_u8,
            _ => return false,
        };
        let Source::Node(index) = tested else {
            return false;
        };
        let Some(&node) = self.nodes.get(index) else {
            return false;
        };
        let (Operation::Load(Family::load_u8), [base, Source::Constant(offset)]) =
            (node.operation, node.operands)
        else {
            return false;
        };
        if node.state == State::Stored || self.held.is_some() {
            return false;
        }
        let (slot, letter, value) = match self.address(Family::load_u8, base, offset) {
            Address::Plus(Source::Slot(slot), half) => {
                (slot, Letter::H, i32::from(half).cast_unsigned())
            }
            Address::Offset(Source::Slot(slot), low) if u32::from(low) == offset => {
                (slot, Letter::U, low.into())
            }
            _ => return false,
        };
        let operands = Operands::of(&[(Letter::S, slot), (letter, value)], None);
        if find(family, operands.form).is_none() {
            return false;
        }
        // It is the load that may trap.
        #[cfg(feature = "symbols")]
        let at_hand = core::mem::replace(&mut self.code.origins.at_hand, node.origin);
        self.code.branch(family, &operands, label);
        #[cfg(feature = "symbols")]
        {
            self.code.origins.at_hand = at_hand;
        }
        true
    }

    /// Emits a load; where to, if not to the accumulator alone. Returns the slot that it went to.
    pub(crate) fn load(
        &mut self,
        family: Family,
        base: Source,
        offset: u32,
        to: Option<u32>,
        spare: u32,
    ) -> Option<u32> {
        let address = self.address(family, base, offset);
        let mut operands = self.address_operands(address, offset);
        operands.to = to;
        if operands.has_accumulator() {
            self.held = None;
        }
        if family != Family::load_64 {
            self.save();
        }
        self.emit_where(family, &mut operands, spare)
    }

    /// Emits an instruction whose result goes to a slot or to the accumulator alone; where there
    /// is no such form, the other one. Returns the slot that it went to.
    fn emit_where(&mut self, family: Family, operands: &mut Operands, spare: u32) -> Option<u32> {
        let to = operands.to;
        let exists = |to_slot| find(family, operands.form.to_slot(to_slot)).is_some();
        let destination = match to {
            None if !exists(false) => Some(spare),
            Some(_) if !exists(true) => None,
            _ => to,
        };
        operands.to = destination;
        self.code.emit_form(family, operands);
        if let (Some(to), None) = (to, destination) {
            self.code.emit(opcode::keep_d, &[0, to]);
            return Some(to);
        }
        destination
    }

    /// Emits a store of 32 bits or fewer. Everything is evaluated, the value last.
    pub(crate) fn store(&mut self, family: Family, address: Address, offset: u32, value: Source) {
        // Of address and value one can be in the accumulator.
        let held = |this: &Self, source: Option<Source>| matches!(source, Some(Source::Node(index)) if this.held == Some(index));
        let [a, b] = address.sources();
        let several = matches!(address, Address::Sum(..) | Address::Scaled(..));
        if several && (held(self, a) || held(self, b)) {
            // There are no forms for that.
            self.save();
        }
        let mut address_held = held(self, a) || held(self, b);
        let far = matches!(address, Address::Offset(_, low) if u32::from(low) != offset);
        let mut value = self.now(value);
        if far && held(self, Some(value)) {
            self.save();
            value = self.now(value);
        }
        let plain = match address {
            Address::Offset(..) => Some(Letter::U),
            Address::Plus(..) => Some(Letter::H),
            Address::Sum(..) | Address::Scaled(..) | Address::Absolute(_) => None,
        };
        let exists = |base: Letter, value: Letter| {
            plain.is_some_and(|kind| find(family, Form::new(&[base, kind, value])).is_some())
        };
        let byte =
            matches!(value, Source::Constant(value) if value < 256) && exists(Letter::S, Letter::B);
        // An address that only the accumulator has, where nothing takes it from there.
        let of_value = if byte { Letter::B } else { Letter::S };
        if address_held && !far && !exists(Letter::K, of_value) {
            self.save();
            address_held = false;
        }
        if let (Source::Constant(constant), false) = (value, byte) {
            if address_held || far {
                let to = self.scratch;
                self.move_constant(constant, to);
                value = Source::Slot(to);
            } else {
                self.load_constant(constant);
                return self.store_accumulator(family, address, offset);
            }
        }
        if matches!(value, Source::Node(_)) {
            self.store_accumulator(family, address, offset);
            self.held = None;
            return;
        }
        let mut operands = self.address_operands(address, offset);
        let uses_accumulator = operands.has_accumulator();
        if uses_accumulator {
            self.held = None;
        }
        let letter = match value {
            Source::Constant(_) => Letter::B,
            Source::Slot(_)
                if !uses_accumulator
                    && self.is_accumulator(value)
                    && find(family, operands.form.then(Letter::K)).is_some() =>
            {
                Letter::K
            }
            Source::Slot(_) | Source::Node(_) => Letter::S,
        };
        operands.put(letter, Self::value(value));
        if find(family, operands.form).is_none() && uses_accumulator {
            if self.code.accumulator.is_some() {
                // No form for an address in the accumulator: it is in a slot, too.
                operands = self.address_in_slots(address, offset);
            } else {
                // An address that was put together: it has to go to a slot, too.
                let to = self.scratch.saturating_add(2);
                self.code.emit(opcode::keep_d, &[0, to]);
                operands = Operands::of(&[(Letter::S, to), (Letter::U, 0)], None);
            }
            operands.put(letter, Self::value(value));
        }
        self.code.emit_form(family, &operands);
    }

    /// Stores what is in the accumulator.
    fn store_accumulator(&mut self, family: Family, address: Address, offset: u32) {
        let mut operands = self.address_in_slots(address, offset);
        operands.put(Letter::K, 0);
        self.code.emit_form(family, &operands);
    }

    /// As [`Selector::address_operands`], where the accumulator is needed for something else.
    fn address_in_slots(&mut self, address: Address, offset: u32) -> Operands {
        let accumulator = self.code.accumulator.take();
        let operands = self.address_operands(address, offset);
        if operands.has_accumulator() {
            self.fault();
        }
        self.code.accumulator = accumulator;
        operands
    }

    /// Returns the letter and value of a source as an operand that has the forms `s` and `k`. A
    /// constant goes to the accumulator.
    pub(crate) fn slot_or_accumulator(&mut self, source: Source) -> (Letter, u32) {
        let source = self.now(source);
        match source {
            Source::Slot(slot) if !self.is_accumulator(source) => return (Letter::S, slot),
            Source::Slot(_) | Source::Node(_) => {}
            Source::Constant(value) => self.load_constant(value),
        }
        (Letter::K, 0)
    }
}

/// Letters and sources, which change places if that is said.
fn in_order((letters, swapped): ([Letter; 2], bool), sources: [Source; 2]) -> [(Letter, u32); 2] {
    let ([x, y], [a, b]) = (letters, sources);
    let (a, b) = if swapped { (b, a) } else { (a, b) };
    [(x, Selector::value(a)), (y, Selector::value(b))]
}
