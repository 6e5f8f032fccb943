//! How single values, operators and calls are told to the selector.
//!
//! The back end's methods put these together. Each sees to it that nothing that is still to be
//! computed is harmed by what it emits: see [`ImageBackend::before`].

use crate::Limit;
use crate::code::{LOW_WORDS, Operands};
use crate::forms::{Family, Form, Letter, find};
use crate::operators::{back, branch, can_trap};
use crate::select::Selector;
use crate::translator::ImageBackend;
use crate::tree::{Operation, Source, State};
use mote_engine::ValueType;
use mote_image::opcode;
use mote_translate::{Call, Label, Operand, Slot};

pub(crate) const fn is_wide(value_type: ValueType) -> bool {
    value_type.words() == 2
}

pub(crate) const fn low_half(bits: u64) -> u32 {
    let [a, b, c, d, ..] = bits.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl ImageBackend<'_> {
    pub(crate) fn slot(&self, slot: Slot) -> u32 {
        if self.selector.code.low.is_some() && slot.0 >= self.parameter_words {
            slot.0.saturating_add(LOW_WORDS)
        } else {
            slot.0
        }
    }

    pub(crate) fn source(&mut self, operand: Operand) -> Source {
        match operand {
            Operand::Local(slot) => {
                let slot = self.slot(slot);
                self.selector.code.reads(slot, 1);
                Source::Slot(slot)
            }
            Operand::Constant(bits) => Source::Constant(low_half(bits)),
            Operand::Temporary(slot) => {
                let slot = self.slot(slot);
                self.selector
                    .nodes
                    .root_of(slot)
                    .map_or(Source::Slot(slot), Source::Node)
            }
        }
    }

    pub(crate) fn sources<const COUNT: usize>(
        &mut self,
        operands: [Operand; COUNT],
    ) -> [Source; COUNT] {
        operands.map(|operand| self.source(operand))
    }

    /// Returns the first of the two slots that a 64-bit operand is in or is put into: a constant
    /// into scratch slots. Nothing is evaluated: 64-bit values always have slots.
    pub(crate) fn pair(&mut self, operand: Operand, scratch: u32) -> u32 {
        match operand {
            Operand::Local(slot) | Operand::Temporary(slot) => {
                let slot = self.slot(slot);
                self.selector.code.reads(slot, 2);
                slot
            }
            Operand::Constant(bits) => {
                let to = self.selector.scratch.saturating_add(scratch);
                self.wide_constant(bits, to);
                to
            }
        }
    }

    pub(crate) fn wide_constant(&mut self, bits: u64, to: u32) {
        let (low, high) = (low_half(bits), low_half(bits >> 32));
        let code = &mut self.selector.code;
        if i16::try_from(bits.cast_signed()).is_ok() {
            return code.emit(opcode::move_h_q, &[to, low]);
        }
        code.emit(opcode::move_w_q, &[to, low, high]);
    }

    pub(crate) fn is_temporary(&self, slot: u32) -> bool {
        slot >= self.selector.first_temporary
    }

    /// Sees to what would be harmed, before an instruction with these operands that may trap or
    /// have effects, and writes so many words at a slot.
    pub(crate) fn before(
        &mut self,
        sources: &[Source],
        effects: bool,
        written: Option<(u32, u32)>,
    ) {
        let below = self.selector.first_of(sources);
        self.selector.before(below, effects, written)
    }

    /// The operands are used up.
    pub(crate) fn used(&mut self, first: u8) {
        self.selector.nodes.truncate(first);
        if self
            .selector
            .held
            .is_some_and(|held| held >= self.selector.nodes.count())
        {
            self.selector.held = None;
        }
    }

    /// A 32-bit value is in the accumulator and belongs into a temporary: it stays there for now.
    pub(crate) fn hold(&mut self, to: u32) {
        let index = self
            .selector
            .nodes
            .push(Operation::Held, [Source::Constant(0); 2], to, false);
        self.selector.held = Some(index);
    }

    /// Makes room for nodes. All of them have to go, those of operands too.
    pub(crate) fn make_room(&mut self) {
        if self.selector.nodes.is_full() {
            self.selector.store_all();
        }
    }

    /// An operation on 32 bits: kept for later if its place is on the operand stack, or done.
    pub(crate) fn operate(
        &mut self,
        operation: Operation,
        operands: [Source; 2],
        to: u32,
        effects: bool,
    ) {
        // An operand in a temporary that is not this value's own could be overwritten meanwhile.
        let stays = |source: &Source| match *source {
            Source::Slot(slot) => slot == to || slot < self.selector.first_temporary,
            Source::Constant(_) | Source::Node(_) => true,
        };
        let later = self.is_temporary(to) && operands.iter().all(stays);
        let first = self.selector.first_of(&operands);
        if later {
            self.selector.nodes.push(operation, operands, to, effects);
            return;
        }
        self.selector.before(first, effects, Some((to, 1)));
        let root = self.selector.nodes.push(operation, operands, to, effects);
        if self.is_temporary(to) {
            self.selector.evaluate(root, None);
            let held = self.selector.held == Some(root);
            self.used(first);
            if held {
                self.hold(to);
            }
        } else {
            self.selector.evaluate(root, Some(to));
            self.used(first);
        }
    }

    /// Moves a source to a slot.
    pub(crate) fn store_source(&mut self, source: Source, to: u32) {
        self.before(&[source], false, Some((to, 1)));
        match source {
            Source::Node(index) => {
                let Some(&node) = self.selector.nodes.get(index) else {
                    return;
                };
                if node.effects {
                    self.before(&[source], true, None);
                }
                self.selector.evaluate(index, Some(to));
                self.used(node.start);
            }
            Source::Constant(value) => self.selector.move_constant(value, to),
            Source::Slot(from) if from == to => {}
            Source::Slot(from) => {
                if self.selector.held.is_some() {
                    self.selector.code.accumulator = None;
                }
                self.selector.code.emit_move(from, to)
            }
        }
    }

    /// A 32-bit value with that node or slot is also told elsewhere: the result of a comparison
    /// of it with zero.
    pub(crate) fn zero_test(&mut self, source: Source, to: u32) {
        if let Source::Node(index) = source
            && let Some(node) = self.selector.nodes.get(index)
            && let Operation::Binary(family) = node.operation
        {
            let opposite = match family {
                Family::eq => Some(Family::ne),
                Family::ne => Some(Family::eq),
                Family::lt_s => Some(Family::ge_s),
                Family::ge_s => Some(Family::lt_s),
                Family::lt_u => Some(Family::ge_u),
                Family::ge_u => Some(Family::lt_u),
                _ => None,
            };
            if let Some(opposite) = opposite {
                let operands = node.operands;
                let effects = node.effects;
                self.selector.nodes.truncate(index);
                return self.operate(Operation::Binary(opposite), operands, to, effects);
            }
        }
        match source {
            Source::Constant(value) => self.place_constant(u32::from(value == 0), to),
            _ => self.operate(
                Operation::Binary(Family::eq),
                [source, Source::Constant(0)],
                to,
                false,
            ),
        }
    }

    pub(crate) fn place_constant(&mut self, value: u32, to: u32) {
        self.before(&[], false, Some((to, 1)));
        self.selector.move_constant(value, to)
    }

    /// Returns the families of a condition, its operands and how many nodes it takes: a
    /// comparison is part of the branch.
    pub(crate) fn condition(&mut self, source: Source, unless: bool) -> (Family, [Source; 2]) {
        let zero = Source::Constant(0);
        let plain = if unless { Family::if_z } else { Family::if_nz };
        let Source::Node(index) = source else {
            return (plain, [source, zero]);
        };
        let Some(&node) = self.selector.nodes.get(index) else {
            return (plain, [source, zero]);
        };
        let Operation::Binary(family) = node.operation else {
            return (plain, [source, zero]);
        };
        if family == Family::and {
            self.selector.nodes.set_state(index, State::Absorbed);
            let family = if unless {
                Family::if_and_z
            } else {
                Family::if_and_nz
            };
            return (family, node.operands);
        }
        let Some(ahead) = branch(family, unless) else {
            return (plain, [source, zero]);
        };
        self.selector.nodes.set_state(index, State::Absorbed);
        let against_zero = node.operands.get(1) == Some(&zero);
        match ahead {
            Family::if_eq if against_zero => (Family::if_z, node.operands),
            Family::if_ne if against_zero => (Family::if_nz, node.operands),
            _ => (ahead, node.operands),
        }
    }

    /// Returns the operands of a branch, which are evaluated.
    pub(crate) fn branch_form(&mut self, family: Family, operands: [Source; 2]) -> Operands {
        if matches!(family, Family::if_z | Family::if_nz) {
            let [source, _] = operands;
            let (letter, value) = self.selector.slot_or_accumulator(source);
            if letter == Letter::K {
                self.selector.held = None;
            }
            return Operands::of(&[(letter, value)], None);
        }
        let letters = self.selector.fit(family, operands, false);
        self.selector.uses(letters);
        Operands::of(&letters, None)
    }

    /// Emits a loop's end that counts and branches, if the last instruction counts and the branch
    /// compares what it counted.
    pub(crate) fn count(
        &mut self,
        ahead: Family,
        [a, b]: [Source; 2],
        head: u32,
        charge: u32,
    ) -> bool {
        let ((_, Some(family)), Source::Slot(counter)) = (back(ahead), a) else {
            return false;
        };
        let bound = match b {
            Source::Slot(slot) if slot < 256 && slot != counter => (Letter::S, slot),
            Source::Constant(0) if ahead == Family::if_nz => (Letter::K, 0),
            Source::Constant(value) if i16::try_from(value.cast_signed()).is_ok() => {
                (Letter::H, value)
            }
            Source::Slot(_) | Source::Node(_) | Source::Constant(_) => return false,
        };
        let near = self.selector.code.position().wrapping_sub(head) < 60_000;
        if counter > 255 || charge > 255 || !near || self.selector.held.is_some() {
            return false;
        }
        let Some(added) = self.selector.code.take_increment(counter) else {
            return false;
        };
        let mut operands = Operands::of(&[(Letter::S, counter), added], None);
        operands.form = Form::new(&[added.0]);
        if bound.0 != Letter::K {
            operands.put(bound.0, bound.1);
        }
        let code = &mut self.selector.code;
        if find(family, operands.form).is_none() {
            // Put back what was taken.
            let operands = Operands::of(&[(Letter::S, counter), added], Some(counter));
            code.emit_form(Family::add, &operands);
            return false;
        }
        code.branch_back((Some(family), ahead), &mut operands, head, charge);
        true
    }

    /// Selects by moves and a branch around one: for constants, which have no forms.
    pub(crate) fn select_by_branch(
        &mut self,
        [a, b]: [Operand; 2],
        condition: Operand,
        to: u32,
        wide: bool,
    ) {
        let words = if wide { 2 } else { 1 };
        for operand in [a, b] {
            if let Operand::Local(slot) = operand {
                let slot = self.slot(slot);
                self.selector.code.reads(slot, words);
            }
        }
        let condition = self.source(condition);
        let mut sources = [condition; 3];
        if !wide {
            sources = [self.source(a), self.source(b), condition];
        }
        let first = self.selector.first_of(&sources);
        self.before(&sources, true, Some((to, words)));
        self.selector.evaluate_all(&sources);
        // Whichever was left in the accumulator and is not the condition goes to its slot.
        if self.selector.held.is_some() && condition_index(condition) != self.selector.held {
            self.selector.save();
        }
        let at = |this: &Self, operand: Operand, source: Source| match operand {
            Operand::Constant(_) => None,
            // A wide value is where it was told to be; `source` is of the condition then.
            Operand::Local(slot) | Operand::Temporary(slot) if wide => Some(this.slot(slot)),
            Operand::Local(slot) | Operand::Temporary(slot) => match this.selector.now(source) {
                Source::Slot(slot) => Some(slot),
                _ => Some(this.slot(slot)),
            },
        };
        let [sa, sb, _] = sources;
        let (a_slot, b_slot) = (at(self, a, sa), at(self, b, sb));
        let overlaps = |slot: u32, words: u32| {
            slot < to.saturating_add(words) && to < slot.saturating_add(words)
        };
        // The condition must outlive the first move.
        let (mut letter, mut value) = match self.selector.now(condition) {
            Source::Constant(value) => {
                self.selector.emit(opcode::const_w, &[value]);
                (Letter::K, 0)
            }
            _ => self.selector.slot_or_accumulator(condition),
        };
        if letter == Letter::S && overlaps(value, words) {
            self.selector.emit(opcode::get_s, &[value]);
            (letter, value) = (Letter::K, 0);
        }
        let operands = Operands::of(&[(letter, value)], None);
        self.selector.held = None;
        // The accumulator holds the condition, and moves are not to think that they know better.
        self.selector.code.accumulator = None;
        let a_overlaps = a_slot.is_some_and(|slot| overlaps(slot, words));
        let (family, early, late) = if a_overlaps {
            (Family::if_nz, (a, a_slot), (b, b_slot))
        } else {
            (Family::if_z, (b, b_slot), (a, a_slot))
        };
        if let (Operand::Constant(_), Some(_)) | (_, None) = (early.0, early.1) {
            self.move_plain(early, to, wide);
        } else if early.1 != Some(to) {
            self.move_plain(early, to, wide);
        }
        let mut label = Label::NEW;
        self.selector.code.branch(family, &operands, &mut label);
        if late.1 != Some(to) {
            self.move_plain(late, to, wide);
        }
        self.selector.code.bind(label);
        self.used(first);
    }

    pub(crate) fn move_plain(
        &mut self,
        (operand, slot): (Operand, Option<u32>),
        to: u32,
        wide: bool,
    ) {
        match (operand, slot) {
            (Operand::Constant(bits), _) if wide => self.wide_constant(bits, to),
            (Operand::Constant(bits), _) => self.selector.move_constant(low_half(bits), to),
            (_, Some(from)) if wide => self.selector.code.emit(opcode::move_p_q, &[from, to]),
            (_, Some(from)) => self.selector.code.emit_move(from, to),
            (_, None) => {
                self.selector.fault();
            }
        }
    }

    /// What comes next is only reached by a label.
    pub(crate) fn unreachable_from_here(&mut self) {
        self.selector.nodes.clear();
        self.selector.held = None;
        self.selector.code.barrier();
        self.selector.code.written = u64::MAX;
    }

    /// Everything is stored, and nothing is known of the accumulator.
    pub(crate) fn join(&mut self) {
        self.selector.store_all();
        self.selector.code.barrier();
    }

    /// Before a call: arguments are in place, and what may change is read.
    pub(crate) fn before_call(&mut self, call: &Call<'_>) -> u32 {
        let frame = self.slot(call.frame);
        if u16::try_from(frame).is_err() {
            self.selector.code.fail(Limit::Frame);
        }
        // Whatever lies from the frame on is an argument, or would be overwritten.
        let selector = &mut self.selector;
        let above = u32::MAX.wrapping_sub(frame);
        let first = (0..selector.nodes.count()).find(|&index| {
            selector
                .nodes
                .get(index)
                .is_some_and(|node| node.state == State::Root && node.to >= frame)
        });
        let below = first.unwrap_or(selector.nodes.count());
        selector.before(below, true, Some((frame, above)));
        selector.before(selector.nodes.count(), true, Some((frame, above)));
        for index in 0..selector.nodes.count() {
            if let Some(&node) = selector.nodes.get(index)
                && node.state == State::Root
                && node.to >= frame
            {
                selector.evaluate(index, Some(node.to));
            }
        }
        selector.save();
        frame
    }

    pub(crate) fn after_call(&mut self, call: &Call<'_>, frame: u32) {
        self.selector.nodes.truncate(self.selector.nodes.count());
        self.selector.code.accumulator = None;
        if let [value_type] = call.signature.results
            && ValueType::from_byte(*value_type).is_some_and(|it| it.words() == 1)
            && !self.selector.nodes.is_full()
        {
            self.hold(frame);
        }
    }
}

fn condition_index(source: Source) -> Option<u8> {
    match source {
        Source::Node(index) => Some(index),
        Source::Slot(_) | Source::Constant(_) => None,
    }
}

impl ImageBackend<'_> {
    /// A value that needs no code becomes the operand of a place.
    pub(crate) fn place(&mut self, source: Source, to: u32) {
        if let Source::Node(index) = source
            && self.is_temporary(to)
            && self
                .selector
                .nodes
                .get(index)
                .is_some_and(|node| node.to == to)
        {
            return;
        }
        self.store_source(source, to)
    }

    /// `(x + 1) + 2` is `x + 3`.
    pub(crate) fn merge_sums(&mut self, family: Family, operands: [Source; 2]) -> [Source; 2] {
        let [Source::Node(index), Source::Constant(b)] = operands else {
            return operands;
        };
        let Some(&node) = self.selector.nodes.get(index) else {
            return operands;
        };
        match (family, node.operation, node.operands) {
            (Family::add, Operation::Binary(Family::add), [inner, Source::Constant(a)]) => {
                self.selector.nodes.truncate(index);
                if let Source::Node(inner) = inner {
                    self.selector.nodes.set_state(inner, State::Root);
                }
                [inner, Source::Constant(a.wrapping_add(b))]
            }
            _ => operands,
        }
    }

    /// An operator on 32-bit operands that has a form for slots only.
    pub(crate) fn in_slots(&mut self, family: Family, operands: [Operand; 2], to: u32) {
        let sources = self.sources(operands);
        let first = self.selector.first_of(&sources);
        self.before(&sources, can_trap(family), Some((to, 1)));
        self.selector.evaluate_all(&sources);
        let [a, b] = sources;
        let [a, b] = [self.selector.slot(a, 0), self.selector.slot(b, 1)];
        self.selector.save();
        let operands = Operands::of(&[(Letter::S, a), (Letter::S, b)], Some(to));
        self.selector.code.emit_form(family, &operands);
        self.used(first);
    }

    /// Returns family and operands of an operator on 64 bits.
    pub(crate) fn wide_operands(
        &mut self,
        family: Family,
        a: Operand,
        b: Operand,
    ) -> (Family, Operands) {
        let shift = matches!(
            family,
            Family::shl64 | Family::shr_u64 | Family::shr_s64 | Family::rotl64 | Family::rotr64
        );
        let (a, b) = match (family, a, b) {
            (Family::add64 | Family::and64, Operand::Constant(_), b) => (b, a),
            _ => (a, b),
        };
        let mut family = family;
        let a = self.pair(a, 0);
        let has_half = find(family, Form::new(&[Letter::P, Letter::H]).to_slot(true)).is_some();
        let second = match b {
            Operand::Constant(bits) if shift => {
                // A rotation by a constant is one to the left; from 32 on the words change places.
                let mut amount = low_half(bits);
                if family == Family::rotr64 {
                    amount = amount.wrapping_neg();
                }
                amount &= 63;
                if matches!(family, Family::rotl64 | Family::rotr64) {
                    family = if amount < 32 {
                        Family::rotl64
                    } else {
                        Family::rotl64_beyond
                    };
                    amount &= 31;
                }
                (Letter::B, amount)
            }
            Operand::Constant(bits) if has_half && i16::try_from(bits.cast_signed()).is_ok() => {
                (Letter::H, low_half(bits))
            }
            Operand::Local(slot) | Operand::Temporary(slot) if shift => {
                let slot = self.slot(slot);
                self.selector.code.reads(slot, 1);
                (Letter::S, slot)
            }
            _ => (Letter::P, self.pair(b, 2)),
        };
        (family, Operands::of(&[(Letter::P, a), second], None))
    }

    pub(crate) fn select_32(&mut self, values: [Operand; 2], condition: Operand, to: u32) {
        let [a, b] = values;
        let sources = self.sources([a, b, condition]);
        let first = self.selector.first_of(&sources);
        self.before(&sources, false, Some((to, 1)));
        self.selector.evaluate_all(&sources);
        let keep = self.is_temporary(to);
        let mut chosen = None;
        for attempt in 0..2 {
            let letters = sources.map(|source| match self.selector.now(source) {
                Source::Node(_) => Letter::K,
                Source::Slot(slot)
                    if attempt == 0
                        && self.selector.held.is_none()
                        && self.selector.code.accumulator == Some(slot) =>
                {
                    Letter::K
                }
                Source::Slot(_) | Source::Constant(_) => Letter::S,
            });
            let count = letters
                .iter()
                .filter(|&&letter| letter == Letter::K)
                .count();
            let form = Form::new(&letters);
            let exists = |to_slot| find(Family::select, form.to_slot(to_slot)).is_some();
            if count <= 1 && (exists(!keep) || exists(true)) {
                chosen = Some((letters, keep && exists(false)));
                break;
            }
            self.selector.save();
        }
        let Some((letters, keep)) = chosen else {
            self.selector.fault();
            return;
        };
        let mut operands = Operands::new();
        for (letter, source) in letters.into_iter().zip(sources) {
            operands.put(letter, Selector::value(self.selector.now(source)));
        }
        if operands.has_accumulator() {
            self.selector.held = None;
        }
        self.selector.save();
        operands.to = (!keep).then_some(to);
        self.selector.code.emit_form(Family::select, &operands);
        self.used(first);
        if keep {
            self.hold(to);
        }
    }

    /// Evaluates what an address needs, and then a value.
    pub(crate) fn evaluate_address(
        &mut self,
        address: crate::select::Address,
        value: Option<Source>,
    ) {
        let mut sources = [Source::Constant(0); 3];
        for (place, source) in sources
            .iter_mut()
            .zip(address.sources().into_iter().flatten())
        {
            *place = source;
        }
        if let (Some(value), [_, _, last]) = (value, &mut sources) {
            *last = value;
        }
        self.selector.evaluate_all(&sources)
    }

    /// Moves operands to the scratch slots.
    pub(crate) fn fill_scratch(&mut self, sources: &[Source]) {
        self.selector.evaluate_all(sources);
        self.selector.save();
        let scratch = self.selector.scratch;
        for (&source, to) in sources.iter().zip(scratch..) {
            match self.selector.now(source) {
                Source::Slot(from) => self.selector.code.emit_move(from, to),
                Source::Constant(value) => self.selector.move_constant(value, to),
                Source::Node(_) => {
                    self.selector.fault();
                }
            }
        }
    }

    /// A test of bits before a branch back, or with operands that have no form: the bits go to
    /// the accumulator, and that is tested.
    pub(crate) fn test_in_accumulator(
        &mut self,
        family: Family,
        operands: [Source; 2],
        back: Option<u32>,
    ) -> (Family, [Source; 2]) {
        if !matches!(family, Family::if_and_nz | Family::if_and_z) {
            return (family, operands);
        }
        let byte = operands
            .iter()
            .any(|source| matches!(source, Source::Constant(value) if *value < 256));
        if back.is_none() && byte {
            return (family, operands);
        }
        let letters = self.selector.fit(Family::and, operands, false);
        self.selector.uses(letters);
        self.selector.save();
        let mut operands = Operands::of(&letters, None);
        // Where there is only a form that stores, it stores where nothing is.
        operands.to = find(Family::and, operands.form)
            .is_none()
            .then_some(self.selector.scratch);
        self.selector.code.emit_form(Family::and, &operands);
        let plain = if family == Family::if_and_z {
            Family::if_z
        } else {
            Family::if_nz
        };
        self.hold_for_test();
        let index = self.selector.nodes.count().saturating_sub(1);
        (plain, [Source::Node(index), Source::Constant(0)])
    }

    pub(crate) fn hold_for_test(&mut self) {
        let to = self.selector.scratch;
        if self.selector.nodes.is_full() {
            // Its operands are used: any place will do.
            self.selector
                .nodes
                .truncate(self.selector.nodes.count().saturating_sub(1));
        }
        self.hold(to);
    }

    /// A source after everything was stored.
    pub(crate) fn after_store(&self, source: Source, operand: Operand) -> Source {
        match (source, operand) {
            (Source::Node(_), Operand::Temporary(slot)) => Source::Slot(self.slot(slot)),
            _ => source,
        }
    }
}
