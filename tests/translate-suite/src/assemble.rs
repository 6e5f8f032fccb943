//! How the reference machine is told: each method becomes a step, labels are resolved by number.

use crate::machine::{Code, LINK, MOST_BYTES, MOST_ENTRIES, Machine, Step, size};
use mote_engine::ValueType;
use mote_translate::{
    AccessOperator, Address, Backend, Bulk, Call, ExportKind, Function, FunctionEnd, FunctionType,
    Label, Mode, Module, Operand, Operator, Results, Slot, Target,
};

impl<const UNTYPED: bool> Machine<UNTYPED> {
    fn push(&mut self, step: Step) {
        self.current.steps.push(step);
    }

    fn label(&mut self, label: &mut Label) -> u32 {
        if *label == Label::NEW {
            *label = Label(u32::try_from(self.current.labels.len()).unwrap());
            self.current.labels.push(usize::MAX);
        }
        label.0
    }

    fn instantiate(&mut self, module: &Module<'_>) {
        let imports = (0..module.import_count()).filter_map(|at| module.import(at));
        self.is_linked = imports.filter(|import| import.module != "spectest").count() > 0;
        let owned = |of: FunctionType<'_>| (of.parameters.to_vec(), of.results.to_vec());
        let types = (0..module.type_count()).map(|at| owned(module.function_type(at).unwrap()));
        self.types = types.collect();
        self.function_types = (0..module.function_count())
            .map(|at| self.types[module.type_of_function(at).unwrap() as usize].clone())
            .collect();
        for export in module.exports() {
            let name = export.name.to_string();
            match export.kind {
                ExportKind::Function => _ = self.exports.insert(name, export.index),
                ExportKind::Global => {
                    let (value_type, _, word) = module.global_place(export.index).unwrap();
                    self.exported_globals.insert(name, (value_type, word));
                }
                ExportKind::Table | ExportKind::Memory => {}
            }
        }
        self.globals = Vec::new();
        for global in module.globals() {
            let halves = global.value.to_le_bytes();
            let (low, high) = halves.split_at(4);
            self.globals
                .push(u32::from_le_bytes(low.try_into().unwrap()));
            if size(global.value_type) == 2 {
                self.globals
                    .push(u32::from_le_bytes(high.try_into().unwrap()));
            }
        }
        if let Some(memory) = module.memory() {
            self.page_bytes = 1 << memory.log2_page_bytes;
            let bytes = u64::from(memory.minimum) * self.page_bytes;
            self.memory = vec![0; usize::try_from(bytes.min(MOST_BYTES)).unwrap()];
            let most = if memory.log2_page_bytes == 0 {
                u32::MAX
            } else {
                0x1_0000
            };
            self.most_pages = u64::from(memory.maximum.unwrap_or(most));
        }
        for table in (0..module.table_count()).map(|at| module.table(at).unwrap()) {
            let most = table.maximum.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES);
            self.tables
                .push((vec![u32::MAX; table.minimum.min(most) as usize], most));
        }
        for (at, segment) in module.elements().enumerate() {
            self.elements.push(segment.items.collect());
            match segment.mode {
                Mode::Active { index, offset } => self.active.push((false, index, offset, at)),
                Mode::Passive => {}
                Mode::Declarative => self.elements[at].clear(),
            }
        }
        for (at, segment) in module.data_segments().enumerate() {
            self.data.push(segment.bytes.to_vec());
            if let Mode::Active { index, offset } = segment.mode {
                self.active.push((true, index, offset, at));
            }
        }
        self.start = module.start();
        self.left = u64::MAX;
    }
}

impl<const UNTYPED: bool> Backend for Machine<UNTYPED> {
    type Error = core::convert::Infallible;
    const LINK_WORDS: u32 = LINK;
    const WORDS_ARE_UNTYPED: bool = UNTYPED;
    const TABLES_JUMP_BACK: bool = UNTYPED;

    fn check(&self) -> Result<(), Self::Error> {
        Ok(())
    }

    fn begin(&mut self, _module: &Module<'_>) {}

    fn function(&mut self, function: &Function<'_>) {
        self.index = function.index;
        self.current = Code {
            local_words: function.local_words,
            parameter_words: function.parameter_words,
            ..Code::default()
        };
    }

    fn function_end(&mut self, end: FunctionEnd) {
        self.current.frame_words = end.frame_words;
        self.code
            .insert(self.index, std::mem::take(&mut self.current));
    }

    fn end(&mut self, module: &Module<'_>) {
        self.instantiate(module);
    }

    fn at(&mut self, _offset: u32, _code: &[u8]) {}

    fn move_value(&mut self, value_type: ValueType, from: Operand, to: Slot) {
        self.push(Step::Move(size(value_type), from, to))
    }

    fn unary(&mut self, operator: Operator, a: Operand, to: Slot) {
        self.push(Step::Operator(operator, a, Operand::Constant(0), to))
    }

    fn binary(&mut self, operator: Operator, a: Operand, b: Operand, to: Slot) {
        self.push(Step::Operator(operator, a, b, to))
    }

    fn select(
        &mut self,
        value_type: ValueType,
        values: [Operand; 2],
        condition: Operand,
        to: Slot,
    ) {
        self.push(Step::Select(size(value_type), values, condition, to))
    }

    fn drop_value(&mut self, _value_type: ValueType, _a: Operand) {}

    fn global_get(&mut self, value_type: ValueType, word: u32, to: Slot) {
        self.push(Step::GlobalGet(size(value_type), word, to))
    }

    fn global_set(&mut self, value_type: ValueType, word: u32, a: Operand) {
        self.push(Step::GlobalSet(size(value_type), word, a))
    }

    fn function_referenced(&mut self, _function: u32) {}

    fn load(&mut self, operator: AccessOperator, address: Address, to: Slot) {
        self.push(Step::Load(operator, address, to))
    }

    fn store(&mut self, operator: AccessOperator, address: Address, value: Operand) {
        self.push(Step::Store(operator, address, value))
    }

    fn memory_size(&mut self, to: Slot) {
        self.push(Step::MemorySize(to))
    }

    fn memory_grow(&mut self, delta: Operand, to: Slot) {
        self.push(Step::MemoryGrow(delta, to))
    }

    fn table_get(&mut self, table: u32, index: Operand, to: Slot) {
        self.push(Step::TableGet(table, index, to))
    }

    fn table_set(&mut self, table: u32, index: Operand, a: Operand) {
        self.push(Step::TableSet(table, index, a))
    }

    fn table_size(&mut self, table: u32, to: Slot) {
        self.push(Step::TableSize(table, to))
    }

    fn table_grow(&mut self, table: u32, value: Operand, delta: Operand, to: Slot) {
        self.push(Step::TableGrow(table, value, delta, to))
    }

    fn bulk(&mut self, bulk: Bulk, operands: [Operand; 3]) {
        self.push(Step::Bulk(bulk, operands))
    }

    fn data_drop(&mut self, segment: u32) {
        self.push(Step::DataDrop(segment))
    }

    fn element_drop(&mut self, segment: u32) {
        self.push(Step::ElementDrop(segment))
    }

    fn call(&mut self, function: u32, call: &Call<'_>) {
        self.push(Step::Call(function, call.frame))
    }

    fn call_indirect(&mut self, type_index: u32, table: u32, selector: Operand, call: &Call<'_>) {
        self.push(Step::CallIndirect(type_index, table, selector, call.frame))
    }

    fn return_values(&mut self, results: Results) {
        self.push(Step::Return(results))
    }

    fn unreachable(&mut self) {
        self.push(Step::Unreachable)
    }

    fn loop_head(&mut self, label: &mut Label, _depth: u32) {
        self.label(label);
        self.bind(*label)
    }

    fn bind(&mut self, label: Label) {
        self.current.labels[label.0 as usize] = self.current.steps.len();
    }

    fn branch(&mut self, target: Target<'_>) {
        let label = self.label(target.label);
        self.push(Step::Jump(label))
    }

    fn branch_if(&mut self, condition: Operand, unless: bool, target: Target<'_>) {
        let label = self.label(target.label);
        self.push(Step::JumpIf(condition, unless, label))
    }

    fn branch_table(&mut self, selector: Operand, _entries: u32) -> Label {
        self.table_step = self.current.steps.len();
        self.push(Step::Table(selector, Vec::new()));
        Label(0)
    }

    fn table_entry(&mut self, target: Option<Target<'_>>) {
        let mut own = Label::NEW;
        let label = self.label(target.map_or(&mut own, |target| target.label));
        if let Some(Step::Table(_, labels)) = self.current.steps.get_mut(self.table_step) {
            labels.push(label);
        }
    }

    fn bind_entry(&mut self, _table: Label, entry: u32) {
        let Some(Step::Table(_, labels)) = self.current.steps.get(self.table_step) else {
            return;
        };
        self.bind(Label(labels[entry as usize]))
    }
}
