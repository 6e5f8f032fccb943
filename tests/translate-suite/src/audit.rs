//! A back end that emits nothing: it checks that what it is told keeps the trait's promises, and
//! writes it down if asked to.
//!
//! It panics where a slot lies outside of the frame, a label is bound twice or never, something is
//! told that cannot be reached, or the stated frame is too small.

use mote_engine::ValueType;
use mote_translate::{
    AccessOperator, Address, Backend, Bulk, Call, Function, FunctionEnd, Label, Module, Operand,
    Operator, Results, Slot, Target, words,
};
use std::collections::BTreeMap;

/// The words between locals and operands: so many, to see that they are kept.
const LINK: u32 = 2;

/// Checks what it is told.
#[derive(Debug, Default)]
pub struct Audit {
    /// What was told, one line each, if it is wanted.
    pub lines: Option<Vec<String>>,
    /// What each function's end said, by the function's index.
    pub ends: BTreeMap<u32, FunctionEnd>,
    /// The charge of each branch back: where the instruction is, and what it costs.
    pub charges: Vec<(u32, u32)>,
    function: u32,
    local_words: u32,
    /// The greatest slot that was seen, and one more.
    seen: u32,
    /// Where the instruction is.
    offset: u32,
    reachable: bool,
    labels: u32,
    /// Labels that something branches to and that are not bound.
    open: Vec<u32>,
    loops: Vec<u32>,
    /// Entries of the table being told that are not, and those that await their place.
    entries: u32,
    await_entries: Vec<(u32, u32)>,
    tables: u32,
}

impl Audit {
    /// One that writes down what it is told.
    #[must_use]
    pub fn writing() -> Self {
        Self {
            lines: Some(Vec::new()),
            ..Self::default()
        }
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            lines.push(line());
        }
    }

    fn told(&self) {
        assert!(
            self.reachable,
            "told at {:#x}, which is not reachable",
            self.offset
        );
        assert_eq!(self.entries, 0, "table entries are missing");
    }

    fn slot(&mut self, slot: Slot, size: u32) {
        self.seen = self.seen.max(slot.0 + size);
        let end = slot.0 + size;
        assert!(
            end <= self.local_words || slot.0 >= self.local_words + LINK,
            "{slot:?} in link"
        );
    }

    fn read(&mut self, operand: Operand, size: u32) -> Operand {
        match operand {
            Operand::Local(slot) => assert!(slot.0 + size <= self.local_words, "{operand:?}"),
            Operand::Temporary(slot) => {
                assert!(slot.0 >= self.local_words + LINK, "{operand:?}");
                self.slot(slot, size);
            }
            Operand::Constant(bits) => assert!(size == 2 || bits <= u64::from(u32::MAX)),
        }
        operand
    }

    fn typed(&mut self, operand: Operand, value_type: ValueType) -> Operand {
        self.read(operand, words(&[value_type.byte()]))
    }

    fn write(&mut self, slot: Slot, value_type: ValueType) {
        self.slot(slot, words(&[value_type.byte()]));
    }

    fn go(&mut self, target: &mut Target<'_>) -> String {
        if let Some(cost) = target.back {
            assert!(
                self.loops.contains(&target.label.0),
                "back to something else than a loop"
            );
            assert!(cost > 0);
            self.charges.push((self.offset, cost));
            return format!("L{} charge {cost}", target.label.0);
        }
        if *target.label == Label::NEW {
            self.labels += 1;
            *target.label = Label(self.labels);
            self.open.push(self.labels);
        }
        assert!(
            self.open.contains(&target.label.0),
            "a branch ahead to what is behind"
        );
        format!("L{}", target.label.0)
    }
}

fn place(operand: Operand) -> String {
    match operand {
        Operand::Local(slot) => format!("l{}", slot.0),
        Operand::Temporary(slot) => format!("t{}", slot.0),
        Operand::Constant(bits) => format!("{bits:#x}"),
    }
}

const I32: ValueType = ValueType::I32;

impl Backend for Audit {
    type Error = core::convert::Infallible;
    const LINK_WORDS: u32 = LINK;

    fn check(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn begin(&mut self, module: &Module<'_>) {
        let _ = (module.globals().count(), module.exports().count());
        self.say(|| "begin".into())
    }

    fn function(&mut self, function: &Function<'_>) {
        assert_eq!(function.operands.0, function.local_words + LINK);
        assert!(function.parameter_words <= function.local_words);
        self.function = function.index;
        self.local_words = function.local_words;
        self.seen = function.local_words + LINK;
        self.reachable = true;
        self.labels = 0;
        self.say(|| {
            format!(
                "function {} locals {}",
                function.index, function.local_words
            )
        })
    }

    fn function_end(&mut self, end: FunctionEnd) {
        assert!(!self.reachable, "the end is reached");
        assert_eq!(self.open, [0u32; 0], "labels are open");
        assert_eq!(self.await_entries, []);
        assert_eq!(end.frame_words, self.local_words + end.operand_words);
        assert!(
            self.seen <= end.frame_words + LINK,
            "{} of {end:?}",
            self.seen
        );
        self.loops.clear();
        self.ends.insert(self.function, end);
        self.say(|| format!("end fuel {} frame {}", end.fuel, end.frame_words))
    }

    fn end(&mut self, module: &Module<'_>) {
        assert_eq!(module.exports().count(), module.exports().len());
        assert_eq!(module.globals().count(), module.globals().len());
        assert_eq!(module.data_segments().count(), module.data_segments().len());
        assert_eq!(module.elements().count(), module.elements().len());
        for segment in module.elements() {
            assert_eq!(segment.items.count(), segment.items.len());
        }
        self.say(|| "done".into())
    }

    fn at(&mut self, offset: u32, code: &[u8]) {
        assert!(!code.is_empty());
        self.offset = offset;
    }

    fn move_value(&mut self, value_type: ValueType, from: Operand, to: Slot) {
        self.told();
        self.typed(from, value_type);
        self.write(to, value_type);
        assert_ne!(from, Operand::Temporary(to));
        self.say(|| format!("t{} = {}", to.0, place(from)))
    }

    fn unary(&mut self, operator: Operator, a: Operand, to: Slot) {
        self.told();
        assert!(!operator.is_binary());
        self.typed(a, operator.operand());
        self.write(to, operator.result());
        self.say(|| format!("t{} = {} {}", to.0, operator.name(), place(a)))
    }

    fn binary(&mut self, operator: Operator, a: Operand, b: Operand, to: Slot) {
        self.told();
        assert!(operator.is_binary());
        self.typed(a, operator.operand());
        self.typed(b, operator.operand());
        self.write(to, operator.result());
        self.say(|| format!("t{} = {} {} {}", to.0, operator.name(), place(a), place(b)))
    }

    fn select(
        &mut self,
        value_type: ValueType,
        values: [Operand; 2],
        condition: Operand,
        to: Slot,
    ) {
        self.told();
        let [a, b] = values.map(|value| self.typed(value, value_type));
        self.typed(condition, I32);
        self.write(to, value_type);
        self.say(|| {
            format!(
                "t{} = {} ? {} : {}",
                to.0,
                place(condition),
                place(a),
                place(b)
            )
        })
    }

    fn drop_value(&mut self, value_type: ValueType, a: Operand) {
        self.told();
        self.typed(a, value_type);
        self.say(|| format!("drop {}", place(a)))
    }

    fn global_get(&mut self, value_type: ValueType, word: u32, to: Slot) {
        self.told();
        self.write(to, value_type);
        self.say(|| format!("t{} = global {word}", to.0))
    }

    fn global_set(&mut self, value_type: ValueType, word: u32, a: Operand) {
        self.told();
        self.typed(a, value_type);
        self.say(|| format!("global {word} = {}", place(a)))
    }

    fn function_referenced(&mut self, _function: u32) {
        self.told();
    }

    fn load(&mut self, operator: AccessOperator, address: Address, to: Slot) {
        self.told();
        assert!(!operator.is_store());
        self.typed(address.base, I32);
        self.write(to, operator.value_type());
        self.say(|| {
            let (name, base) = (operator.name(), place(address.base));
            format!("t{} = {name} {base}+{}", to.0, address.offset)
        })
    }

    fn store(&mut self, operator: AccessOperator, address: Address, value: Operand) {
        self.told();
        assert!(operator.is_store());
        self.typed(address.base, I32);
        self.typed(value, operator.value_type());
        self.say(|| {
            let (name, base) = (operator.name(), place(address.base));
            format!("{name} {base}+{} {}", address.offset, place(value))
        })
    }

    fn memory_size(&mut self, to: Slot) {
        self.told();
        self.write(to, I32);
        self.say(|| format!("t{} = memory.size", to.0))
    }

    fn memory_grow(&mut self, delta: Operand, to: Slot) {
        self.told();
        self.typed(delta, I32);
        self.write(to, I32);
        self.say(|| format!("t{} = memory.grow {}", to.0, place(delta)))
    }

    fn table_get(&mut self, table: u32, index: Operand, to: Slot) {
        self.told();
        self.typed(index, I32);
        self.write(to, I32);
        self.say(|| format!("t{} = table {table} {}", to.0, place(index)))
    }

    fn table_set(&mut self, table: u32, index: Operand, a: Operand) {
        self.told();
        self.typed(index, I32);
        self.typed(a, I32);
        self.say(|| format!("table {table} {} = {}", place(index), place(a)))
    }

    fn table_size(&mut self, table: u32, to: Slot) {
        self.told();
        self.write(to, I32);
        self.say(|| format!("t{} = table.size {table}", to.0))
    }

    fn table_grow(&mut self, table: u32, value: Operand, delta: Operand, to: Slot) {
        self.told();
        self.typed(value, I32);
        self.typed(delta, I32);
        self.write(to, I32);
        self.say(|| {
            format!(
                "t{} = table.grow {table} {} {}",
                to.0,
                place(value),
                place(delta)
            )
        })
    }

    fn bulk(&mut self, bulk: Bulk, operands: [Operand; 3]) {
        self.told();
        let [a, b, c] = operands.map(|operand| place(self.typed(operand, I32)));
        self.say(|| format!("{bulk:?} {a} {b} {c}"))
    }

    fn data_drop(&mut self, segment: u32) {
        self.told();
        self.say(|| format!("data.drop {segment}"))
    }

    fn element_drop(&mut self, segment: u32) {
        self.told();
        self.say(|| format!("elem.drop {segment}"))
    }

    fn call(&mut self, function: u32, call: &Call<'_>) {
        self.told();
        self.slot(
            call.frame,
            words(call.signature.parameters).max(words(call.signature.results)),
        );
        self.say(|| format!("call {function} at t{}", call.frame.0))
    }

    fn call_indirect(&mut self, type_index: u32, table: u32, selector: Operand, call: &Call<'_>) {
        self.told();
        let arguments = words(call.signature.parameters);
        if let Operand::Temporary(slot) = self.typed(selector, I32) {
            assert_eq!(slot.0, call.frame.0 + arguments);
        }
        self.slot(call.frame, arguments.max(words(call.signature.results)));
        let (frame, selector) = (call.frame.0, place(selector));
        self.say(|| format!("call type {type_index} table {table} {selector} at t{frame}"))
    }

    fn return_values(&mut self, results: Results) {
        self.told();
        self.reachable = false;
        match results {
            Results::None => self.say(|| "return".into()),
            Results::One(value_type, operand) => {
                self.typed(operand, value_type);
                self.say(|| format!("return {}", place(operand)))
            }
            Results::Many(slot, count) => {
                self.slot(slot, count);
                self.say(|| format!("return {count} words at t{}", slot.0))
            }
        }
    }

    fn unreachable(&mut self) {
        self.told();
        self.reachable = false;
        self.say(|| "unreachable".into())
    }

    fn loop_head(&mut self, label: &mut Label, depth: u32) {
        self.told();
        assert_eq!(*label, Label::NEW);
        assert!(depth > 0);
        self.labels += 1;
        *label = Label(self.labels);
        self.loops.push(self.labels);
        self.say(|| format!("loop L{} depth {depth}", label.0))
    }

    fn bind(&mut self, label: Label) {
        assert_eq!(self.entries, 0);
        let before = self.open.len();
        self.open.retain(|&open| open != label.0);
        assert_eq!(self.open.len() + 1, before, "{label:?} is not awaited");
        self.reachable = true;
        self.say(|| format!("L{}:", label.0))
    }

    fn branch(&mut self, mut target: Target<'_>) {
        self.told();
        let target = self.go(&mut target);
        self.reachable = false;
        self.say(|| format!("jump {target}"))
    }

    fn branch_if(&mut self, condition: Operand, unless: bool, mut target: Target<'_>) {
        self.told();
        self.typed(condition, I32);
        let target = self.go(&mut target);
        let word = if unless { "unless" } else { "if" };
        self.say(|| format!("jump {word} {} {target}", place(condition)))
    }

    fn branch_table(&mut self, selector: Operand, entries: u32) -> Label {
        self.told();
        self.typed(selector, I32);
        assert!(entries > 0);
        self.entries = entries;
        self.tables = entries;
        self.reachable = false;
        self.say(|| format!("table of {entries} by {}", place(selector)));
        Label(0x7ab1e)
    }

    fn table_entry(&mut self, target: Option<Target<'_>>) {
        let entry = self.tables - self.entries;
        self.entries = self.entries.checked_sub(1).expect("too many table entries");
        match target {
            None => {
                self.await_entries.push((0x7ab1e, entry));
                self.say(|| "  -".into())
            }
            Some(mut target) => {
                assert_eq!(target.back, None);
                let target = self.go(&mut target);
                self.say(|| format!("  {target}"))
            }
        }
    }

    fn bind_entry(&mut self, table: Label, entry: u32) {
        assert_eq!(self.entries, 0);
        let before = self.await_entries.len();
        self.await_entries
            .retain(|&awaited| awaited != (table.0, entry));
        assert_eq!(
            self.await_entries.len() + 1,
            before,
            "entry {entry} is not awaited"
        );
        self.reachable = true;
        self.say(|| format!("entry {entry}:"))
    }
}
