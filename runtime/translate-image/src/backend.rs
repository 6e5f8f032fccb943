//! The back end: what the front end tells, as code.

use crate::Limit;
use crate::code::{LOW_WORDS, Operands};
use crate::forms::{Family, Form, Letter, find};
use crate::operators::{Simplified, back, can_trap, family_of, family_of_access, simplify};
use crate::symbols::SYMBOLS;
use crate::translator::ImageBackend;
use crate::tree::{Operation, Source, commutes};
use mote_engine::ValueType;
use mote_image::opcode;
use mote_translate::{
    AccessOperator, Address, Backend, Bulk, BulkOperator, Call, Function, FunctionEnd, Label,
    Module, Operand, Operator, Results, Slot, Target,
};

use crate::lower::is_wide;

/// Frames with more words of locals than that get slots within reach of a byte.
const LARGE_FRAME_WORDS: u32 = 128;

/// Functions with more bytes of WebAssembly than that get branches of any length: code is not
/// known to be longer than five times that.
const LONG_FUNCTION_BYTES: usize = 12_000;

impl Backend for ImageBackend<'_> {
    type Error = Limit;

    const LINK_WORDS: u32 = 5;
    const WORDS_ARE_UNTYPED: bool = true;
    const NAMES: bool = SYMBOLS;

    fn check(&self) -> Result<(), Limit> {
        self.selector.code.failed.map_or(Ok(()), Err)
    }

    fn begin(&mut self, module: &Module<'_>) {
        self.begin_image(module)
    }

    #[inline(never)]
    fn function(&mut self, function: &Function<'_>) {
        let large = function.local_words > LARGE_FRAME_WORDS;
        self.parameter_words = function.parameter_words;
        if large && function.parameter_words > 200 {
            self.selector.code.fail(Limit::Frame);
        }
        let low = large.then_some(function.parameter_words);
        let extra = if large { LOW_WORDS } else { 0 };
        self.first_local = function.parameter_words.saturating_add(extra);
        let far = function.code.len() > LONG_FUNCTION_BYTES;
        self.link = function.local_words.saturating_add(extra);
        if u16::try_from(self.link).is_err() {
            self.selector.code.fail(Limit::Frame);
        }
        self.selector
            .code
            .begin(low, far, self.first_local..self.link);
        self.type_index = function.type_index;
        self.result_words = mote_translate::words(function.signature.results);
        self.selector.scratch = self.link.saturating_add(1);
        self.selector.first_temporary = self.slot(function.operands);
        self.selector.nodes.clear();
        self.selector.held = None;
        self.body_offset = function.offset;
        self.comes_from(function.offset);
    }

    #[inline(never)]
    fn function_end(&mut self, end: FunctionEnd) {
        let extra = if self.selector.code.low.is_some() {
            LOW_WORDS
        } else {
            0
        };
        let words = end
            .frame_words
            .saturating_add(Self::LINK_WORDS)
            .saturating_add(extra);
        self.end_function(end.fuel, words.max(self.result_words))
    }

    fn end(&mut self, module: &Module<'_>) {
        self.end_image(module)
    }

    fn at(&mut self, offset: u32, _code: &[u8]) {
        self.comes_from(offset);
    }

    fn function_name(&mut self, function: u32, name: &str) {
        self.write_name(function, name)
    }

    #[inline(never)]
    fn move_value(&mut self, value_type: ValueType, from: Operand, to: Slot) {
        let to = self.slot(to);
        if !is_wide(value_type) {
            let source = self.source(from);
            return self.store_source(source, to);
        }
        self.before(&[], false, Some((to, 2)));
        match from {
            Operand::Constant(bits) => self.wide_constant(bits, to),
            Operand::Local(slot) | Operand::Temporary(slot) => {
                let from = self.slot(slot);
                self.selector.code.reads(from, 2);
                if from == to {
                    return;
                }
                self.selector.code.emit(opcode::move_p_q, &[from, to])
            }
        }
    }

    #[inline(never)]
    fn unary(&mut self, operator: Operator, a: Operand, to: Slot) {
        let to = self.slot(to);
        self.make_room();
        if operator == Operator::I32_EQZ {
            let source = self.source(a);
            return self.zero_test(source, to);
        }
        if operator == Operator::REF_IS_NULL {
            let operands = [self.source(a), Source::Constant(mote_image::NONE)];
            if let [Source::Constant(a), Source::Constant(b)] = operands {
                return self.place_constant(u32::from(a == b), to);
            }
            return self.operate(Operation::Binary(Family::eq), operands, to, false);
        }
        let Some((family, _)) = family_of(operator) else {
            return;
        };
        let words = if is_wide(operator.result()) { 2 } else { 1 };
        self.float |= is_float(operator);
        if is_wide(operator.operand()) {
            self.before(&[], can_trap(family), Some((to, words)));
            let a = self.pair(a, 0);
            if words == 1 {
                self.selector.save();
            }
            let operands = Operands::of(&[(Letter::P, a)], Some(to));
            return self.selector.code.emit_form(family, &operands);
        }
        let source = self.source(a);
        let first = self.selector.first_of(&[source]);
        self.before(&[source], can_trap(family), Some((to, words)));
        self.selector.evaluate_all(&[source]);
        let (mut letter, mut value) = match self.selector.now(source) {
            constant @ Source::Constant(_) => (Letter::S, self.selector.slot(constant, 0)),
            other => self.selector.slot_or_accumulator(other),
        };
        if letter == Letter::K && find(family, Form::new(&[letter]).to_slot(true)).is_none() {
            let slot = match self.selector.now(source) {
                Source::Slot(slot) => slot,
                other => self.selector.slot(other, 0),
            };
            (letter, value) = (Letter::S, slot);
        }
        if letter == Letter::K {
            self.selector.held = None;
        } else if words == 1 {
            self.selector.save();
        }
        let operands = Operands::of(&[(letter, value)], Some(to));
        self.selector.code.emit_form(family, &operands);
        self.used(first);
    }

    #[inline(never)]
    fn binary(&mut self, operator: Operator, a: Operand, b: Operand, to: Slot) {
        let to = self.slot(to);
        self.make_room();
        self.float |= is_float(operator);
        let Some((family, swap)) = family_of(operator) else {
            return;
        };
        if !is_wide(operator.operand()) {
            if matches!(family, Family::fmin | Family::fmax | Family::fcopysign) {
                return self.in_slots(family, [a, b], to);
            }
            let operands = self.sources([a, b]);
            return match simplify(family, swap, operands) {
                Simplified::Binary(family, operands) => {
                    let operands = self.merge_sums(family, operands);
                    self.operate(Operation::Binary(family), operands, to, can_trap(family));
                }
                Simplified::Value(source) => self.place(source, to),
            };
        }
        let (a, b) = if swap { (b, a) } else { (a, b) };
        let words = if is_wide(operator.result()) { 2 } else { 1 };
        self.before(&[], can_trap(family), Some((to, words)));
        let (family, mut operands) = self.wide_operands(family, a, b);
        // A comparison's result may stay in the accumulator.
        let keep = words == 1 && self.is_temporary(to) && find(family, operands.form).is_some();
        if words == 1 {
            self.selector.save();
        }
        operands.to = (!keep).then_some(to);
        self.selector.code.emit_form(family, &operands);
        if keep {
            self.hold(to);
        }
    }

    #[inline(never)]
    fn select(
        &mut self,
        value_type: ValueType,
        values: [Operand; 2],
        condition: Operand,
        to: Slot,
    ) {
        let to = self.slot(to);
        self.make_room();
        let constants = values.iter().chain([&condition]);
        if constants
            .into_iter()
            .any(|operand| matches!(operand, Operand::Constant(_)))
        {
            return self.select_by_branch(values, condition, to, is_wide(value_type));
        }
        let [a, b] = values;
        if is_wide(value_type) {
            let condition = self.source(condition);
            let first = self.selector.first_of(&[condition]);
            self.before(&[condition], true, Some((to, 2)));
            self.selector.evaluate_all(&[condition]);
            let condition = self.selector.slot(condition, 0);
            let [a, b] = [self.pair(a, 0), self.pair(b, 0)];
            let letters = [(Letter::P, a), (Letter::P, b), (Letter::S, condition)];
            let operands = Operands::of(&letters, Some(to));
            self.selector.code.emit_form(Family::select64, &operands);
            self.used(first);
            return;
        }
        self.select_32([a, b], condition, to)
    }

    #[inline(never)]
    fn drop_value(&mut self, _value_type: ValueType, a: Operand) {
        if let Source::Node(index) = self.source(a)
            && let Some(&node) = self.selector.nodes.get(index)
        {
            if node.effects {
                self.before(&[Source::Node(index)], true, None);
                self.selector.evaluate(index, None);
            }
            self.used(node.start);
        }
    }

    #[inline(never)]
    fn global_get(&mut self, value_type: ValueType, word: u32, to: Slot) {
        let to = self.slot(to);
        self.make_room();
        let words = if is_wide(value_type) { 2 } else { 1 };
        self.before(&[], false, Some((to, words)));
        if words == 2 {
            self.selector.emit(opcode::global_get_d, &[to, word]);
            let (to, word) = (to.saturating_add(1), word.saturating_add(1));
            return self.selector.emit(opcode::global_get_d, &[to, word]);
        }
        if self.is_temporary(to) {
            self.selector.emit(opcode::global_get, &[word]);
            self.hold(to);
            return;
        }
        self.selector.emit(opcode::global_get_d, &[to, word])
    }

    #[inline(never)]
    fn global_set(&mut self, value_type: ValueType, word: u32, a: Operand) {
        if is_wide(value_type) {
            self.before(&[], true, None);
            let a = self.pair(a, 0);
            self.selector.code.emit(opcode::global_set_s, &[a, word]);
            let (a, word) = (a.saturating_add(1), word.saturating_add(1));
            return self.selector.code.emit(opcode::global_set_s, &[a, word]);
        }
        let source = self.source(a);
        let first = self.selector.first_of(&[source]);
        self.before(&[source], true, None);
        self.selector.evaluate_all(&[source]);
        let (letter, value) = self.selector.slot_or_accumulator(source);
        if letter == Letter::K {
            self.selector.held = None;
            self.selector.code.emit(opcode::global_set_k, &[0, word]);
        } else {
            self.selector
                .code
                .emit(opcode::global_set_s, &[value, word]);
        }
        self.used(first);
    }

    fn function_referenced(&mut self, function: u32) {
        self.mark_referenced(function);
    }

    #[inline(never)]
    fn load(&mut self, operator: AccessOperator, address: Address, to: Slot) {
        let to = self.slot(to);
        self.make_room();
        let Some((family, extension)) = family_of_access(operator) else {
            return;
        };
        let base = self.source(address.base);
        if family != Family::load_64 && extension.is_none() {
            let operands = [base, Source::Constant(address.offset)];
            return self.operate(Operation::Load(family), operands, to, true);
        }
        let first = self.selector.first_of(&[base]);
        self.before(&[base], true, Some((to, 2)));
        let plan = self.selector.absorb_address(family, base, address.offset);
        self.evaluate_address(plan, None);
        match extension {
            None => {
                self.selector
                    .load(family, base, address.offset, Some(to), to);
            }
            Some(extension) => {
                let aside = self.selector.scratch;
                self.selector
                    .load(family, base, address.offset, None, aside);
                let operands = Operands::of(&[(Letter::K, 0)], Some(to));
                self.selector.code.emit_form(extension, &operands);
            }
        }
        self.used(first);
    }

    #[inline(never)]
    fn store(&mut self, operator: AccessOperator, address: Address, value: Operand) {
        let Some((family, _)) = family_of_access(operator) else {
            return;
        };
        let base = self.source(address.base);
        if family == Family::store_64 {
            let first = self.selector.first_of(&[base]);
            self.before(&[base], true, None);
            let plan = self.selector.absorb_address(family, base, address.offset);
            self.evaluate_address(plan, None);
            let value = self.pair(value, 0);
            let mut operands = self.selector.address_operands(plan, address.offset);
            if operands.has_accumulator() {
                self.selector.held = None;
            }
            operands.put(Letter::P, value);
            self.selector.code.emit_form(family, &operands);
            self.used(first);
            return;
        }
        let value = self.source(value);
        let first = self.selector.first_of(&[base, value]);
        self.before(&[base, value], true, None);
        let plan = self.selector.absorb_address(family, base, address.offset);
        if let crate::select::Address::Sum(_, Source::Node(second), _) = plan {
            // The sum is not computed on its own, so its second part lies where the value's parts go.
            let aside = self.selector.scratch.saturating_add(3);
            self.selector.nodes.set_to(second, aside);
        }
        self.evaluate_address(plan, Some(value));
        self.selector.store(family, plan, address.offset, value);
        self.used(first);
    }

    fn memory_size(&mut self, to: Slot) {
        let to = self.slot(to);
        self.before(&[], false, Some((to, 1)));
        self.selector.emit(opcode::memory_size, &[to])
    }

    #[inline(never)]
    fn memory_grow(&mut self, delta: Operand, to: Slot) {
        let to = self.slot(to);
        let delta = self.source(delta);
        self.before(&[delta], true, Some((to, 1)));
        self.store_source(delta, to);
        self.selector.save();
        self.selector.emit(opcode::memory_grow, &[to])
    }

    #[inline(never)]
    fn table_get(&mut self, table: u32, index: Operand, to: Slot) {
        let to = self.slot(to);
        let index = self.source(index);
        let first = self.selector.first_of(&[index]);
        self.before(&[index], true, Some((to, 1)));
        self.selector.evaluate_all(&[index]);
        let index = self.selector.slot(index, 0);
        self.selector.emit(opcode::table_get, &[index, to, table]);
        self.used(first);
    }

    #[inline(never)]
    fn table_set(&mut self, table: u32, index: Operand, a: Operand) {
        let sources = self.sources([index, a]);
        let first = self.selector.first_of(&sources);
        self.before(&sources, true, None);
        self.selector.evaluate_all(&sources);
        let [index, a] = sources;
        let [index, a] = [self.selector.slot(index, 0), self.selector.slot(a, 1)];
        self.selector.emit(opcode::table_set, &[index, a, table]);
        self.used(first);
    }

    fn table_size(&mut self, table: u32, to: Slot) {
        let to = self.slot(to);
        self.before(&[], false, Some((to, 1)));
        self.selector.emit(opcode::table_size, &[to, table])
    }

    #[inline(never)]
    fn table_grow(&mut self, table: u32, value: Operand, delta: Operand, to: Slot) {
        let to = self.slot(to);
        let sources = self.sources([value, delta]);
        let first = self.selector.first_of(&sources);
        self.before(&sources, true, Some((to, 1)));
        self.fill_scratch(&sources);
        let scratch = self.selector.scratch;
        self.selector.emit(opcode::table_grow, &[scratch, table]);
        self.used(first);
        self.selector.code.emit_move(scratch, to)
    }

    #[inline(never)]
    fn bulk(&mut self, bulk: Bulk, operands: [Operand; 3]) {
        let sources = self.sources(operands);
        let first = self.selector.first_of(&sources);
        self.before(&sources, true, None);
        self.fill_scratch(&sources);
        let slots = self.selector.scratch;
        let (to, from) = (bulk.to, bulk.from);
        match bulk.operator {
            BulkOperator::MemoryCopy => self.selector.emit(opcode::memory_copy, &[slots]),
            BulkOperator::MemoryFill => self.selector.emit(opcode::memory_fill, &[slots]),
            BulkOperator::MemoryInit => self.selector.emit(opcode::memory_init, &[slots, from]),
            BulkOperator::TableCopy => self.selector.emit(opcode::table_copy, &[slots, to, from]),
            BulkOperator::TableFill => self.selector.emit(opcode::table_fill, &[slots, to]),
            BulkOperator::TableInit => self.selector.emit(opcode::table_init, &[slots, to, from]),
        }
        self.used(first);
    }

    fn data_drop(&mut self, segment: u32) {
        self.before(&[], true, None);
        self.selector.emit(opcode::data_drop, &[segment])
    }

    fn element_drop(&mut self, segment: u32) {
        self.before(&[], true, None);
        self.selector.emit(opcode::element_drop, &[segment])
    }

    #[inline(never)]
    fn call(&mut self, function: u32, call: &Call<'_>) {
        let frame = self.before_call(call);
        let opcode = if function < self.imports {
            opcode::call_import
        } else {
            opcode::call
        };
        self.selector.code.emit(opcode, &[function, frame]);
        self.after_call(call, frame);
    }

    #[inline(never)]
    fn call_indirect(&mut self, type_index: u32, table: u32, selector: Operand, call: &Call<'_>) {
        let selector = self.source(selector);
        if let Source::Node(index) = selector
            && let Some(&node) = self.selector.nodes.get(index)
        {
            // It comes last; what it needs is evaluated after the arguments.
            self.selector.store_through(index);
            let _ = node;
        }
        let selector = self.selector.now(selector);
        let frame = self.before_call(call);
        let selector = self.selector.slot(selector, 0);
        let type_index = self.canonical_type(type_index);
        let operands = [selector, table, type_index, frame];
        self.selector.code.emit(opcode::call_indirect, &operands);
        self.after_call(call, frame);
    }

    #[inline(never)]
    fn return_values(&mut self, results: Results) {
        let link = self.link;
        match results {
            Results::None => {
                self.before(&[], true, None);
                self.selector.code.emit(opcode::return_k, &[0, link]);
            }
            Results::One(value_type, operand) if is_wide(value_type) => {
                self.before(&[], true, None);
                let from = self.pair(operand, 0);
                if self.link >= 2 {
                    if from != 0 {
                        self.selector.code.emit(opcode::move_p_q, &[from, 0]);
                    }
                    self.selector.code.emit(opcode::return_k, &[0, link]);
                } else {
                    self.selector
                        .code
                        .emit(opcode::return_many, &[link, 2, from]);
                }
            }
            Results::One(_, operand) => {
                let source = self.source(operand);
                self.before(&[source], true, None);
                self.selector.evaluate_all(&[source]);
                if let Source::Constant(value) = source
                    && i16::try_from(value.cast_signed()).is_ok()
                {
                    self.selector.code.emit(opcode::return_h, &[value, link]);
                } else {
                    let (letter, value) = self.selector.slot_or_accumulator(source);
                    if letter == Letter::S && value < 256 {
                        self.selector.code.emit(opcode::return_s, &[value, link]);
                    } else {
                        if letter == Letter::S {
                            self.selector.emit(opcode::get_s, &[value]);
                        }
                        self.selector.code.emit(opcode::return_k, &[0, link]);
                    }
                }
            }
            Results::Many(slot, words) => {
                self.selector.store_all();
                let from = self.slot(slot);
                self.selector
                    .code
                    .emit(opcode::return_many, &[link, words, from]);
            }
        }
        self.unreachable_from_here();
    }

    #[inline(never)]
    fn unreachable(&mut self) {
        self.before(&[], true, None);
        self.selector.code.emit(opcode::unreachable, &[]);
        self.unreachable_from_here();
    }

    #[inline(never)]
    fn loop_head(&mut self, label: &mut Label, _depth: u32) {
        self.join();
        *label = Label(self.selector.code.position());
    }

    #[inline(never)]
    fn bind(&mut self, label: Label) {
        self.join();
        self.selector.code.bind(label)
    }

    #[inline(never)]
    fn branch(&mut self, target: Target<'_>) {
        self.selector.store_all();
        match target.back {
            Some(charge) => self.selector.code.jump_back(target.label.0, charge),
            None => self.selector.code.jump(target.label),
        }
        self.unreachable_from_here();
    }

    #[inline(never)]
    fn branch_if(&mut self, condition: Operand, unless: bool, target: Target<'_>) {
        let source = self.source(condition);
        let first = self.selector.first_of(&[source]);
        self.selector.store_below(first);
        let (family, operands) = self.condition(source, unless);
        if let Some(charge) = target.back {
            let head = target.label.0;
            let [a, b] = operands;
            if self.count(family, [a, b], head, charge)
                || (commutes(family) && self.count(family, [b, a], head, charge))
            {
                self.used(first);
                return;
            }
        }
        if target.back.is_none() && self.selector.branch_on_load(family, operands, target.label) {
            self.used(first);
            return;
        }
        self.selector.evaluate_all(&operands);
        // Branches back have no form that tests bits.
        let (family, operands) = self.test_in_accumulator(family, operands, target.back);
        let mut operands = self.branch_form(family, operands);
        let code = &mut self.selector.code;
        match target.back {
            Some(charge) => {
                let families = (back(family).0, family);
                code.branch_back(families, &mut operands, target.label.0, charge);
            }
            None => code.branch(family, &operands, target.label),
        }
        self.used(first);
    }

    #[inline(never)]
    fn branch_table(&mut self, selector: Operand, entries: u32) -> Label {
        let source = self.source(selector);
        self.selector.store_all();
        let slot = self.selector.slot(self.after_store(source, selector), 0);
        let start = self.selector.code.table(slot, entries);
        self.table_written = self.selector.code.written;
        self.unreachable_from_here();
        self.table = start;
        self.entry = 0;
        Label(start)
    }

    #[inline(never)]
    fn table_entry(&mut self, target: Option<Target<'_>>) {
        let entry = self.entry;
        self.entry = entry.saturating_add(1);
        if let Some(target) = target {
            let code = &mut self.selector.code;
            let written = core::mem::replace(&mut code.written, self.table_written);
            code.table_entry(self.table, entry, target.label);
            code.written = written;
        }
    }

    #[inline(never)]
    fn bind_entry(&mut self, table: Label, entry: u32) {
        self.join();
        self.selector.code.written = 0;
        self.selector.code.bind_entry(table.0, entry)
    }
}

const fn is_float(operator: Operator) -> bool {
    // F32_EQ to F64_GE, F32_ABS to F64_COPYSIGN, the conversions.
    matches!(operator.index(), 22..=33 | 70..=97 | 99..=102 | 105..=122 | 128..=135)
}
