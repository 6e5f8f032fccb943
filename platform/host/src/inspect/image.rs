//! What a module's image says that it needs, so that a person can tell whether it fits.
//!
//! All of it is read from the image. Where its stack has no bound the reason is looked for in
//! the calls of its code: a cycle that can be entered from outside, of direct calls if there is
//! one, otherwise through a table.

use std::collections::BTreeSet;
use std::fmt;

use mote_engine::InstanceSize;
use mote_image::{ExportKind, Features, Image, Instruction, MemoryType, NONE, SegmentMode, opcode};
use mote_supervisor::load::{STACK_DEFAULT_BYTES, TABLE_ENTRIES_MAX};
use mote_supervisor::manifest::Manifest;
use serde::Serialize;

use super::show_function;

/// Whether a module can have an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageState {
    /// It can, and this is what the image says.
    Made(ImageFacts),
    /// It cannot.
    Refused {
        /// Why, and where.
        reason: String,
    },
}

/// What an image says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageFacts {
    /// Bytes of the image.
    pub image_bytes: u64,
    /// Bytes of its code.
    pub code_bytes: u64,
    /// Bytes of its symbols, which are beside it; 0 where there are none.
    pub symbols_bytes: u64,
    /// The features that it needs of an engine.
    pub features: Vec<&'static str>,
    /// Functions, imported ones included.
    pub functions: u32,
    /// What it imports: functions, by module and name.
    pub imports: Vec<String>,
    /// What it exports, by name.
    pub exports: Vec<String>,
    /// Entries that each table begins with.
    pub table_entries: Vec<u32>,
    /// Bytes of memory that it begins with.
    pub memory_bytes: u64,
    /// Bytes of memory that it may grow to.
    pub memory_max_bytes: u64,
    /// Bytes of frames of the deepest chain of calls, where that has a bound.
    pub stack_bytes: Option<u64>,
    /// Why it has none.
    pub unbounded: Option<Unbounded>,
    /// What an instance takes of a device's RAM.
    pub instance: InstanceBytes,
    /// Bytes of RAM that its check takes when it is installed.
    pub verify_bytes: u64,
}

/// The RAM of an instance: all of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct InstanceBytes {
    /// With the memory that its manifest names, or else that it begins with; nothing where that is
    /// more than can be addressed.
    pub with_memory: Option<u64>,
    /// All but the memory.
    pub without_memory: u64,
    /// What of that is for the stack: as much as is needed or, where that has no bound, what its
    /// manifest names or devices give.
    pub stack_bytes: u64,
}

/// Why the stack has no bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unbounded {
    /// Functions that call each other in a circle, the first one again after the last. Empty
    /// where none was found: then chains of calls are too tangled for the translator.
    pub cycle: Vec<CallStep>,
}

/// A call in a cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallStep {
    /// The function that calls.
    pub function: u32,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The table that it calls the next one through; nothing where it calls it directly.
    pub table: Option<u32>,
}

/// Most functions of a cycle that are written out.
const CYCLE_SHOWN: usize = 6;

impl fmt::Display for Unbounded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.cycle.first() else {
            return formatter.write_str("chains of calls are too tangled to be followed");
        };
        let show = |step: &CallStep| show_function(step.function, step.name.as_deref());
        let through = |step: &CallStep| {
            step.table
                .map(|table| format!(" through table {table}"))
                .unwrap_or_default()
        };
        if self.cycle.len() == 1 {
            return write!(formatter, "{} calls itself{}", show(first), through(first));
        }
        write!(formatter, "{}", show(first))?;
        for (step, next) in self
            .cycle
            .iter()
            .zip(self.cycle.iter().skip(1))
            .take(CYCLE_SHOWN)
        {
            write!(formatter, " calls {}{},", show(next), through(step))?;
        }
        if let Some(more) = self.cycle.len().checked_sub(CYCLE_SHOWN.saturating_add(1))
            && more > 0
        {
            write!(formatter, " and so on over {more} more functions,")?;
        }
        let last = self.cycle.last().unwrap_or(first);
        write!(
            formatter,
            " which calls {} again{}",
            show(first),
            through(last)
        )
    }
}

impl ImageFacts {
    /// Reads what an image says, and what an instance of it takes that has its manifest's limits.
    /// `name` is asked for functions' names.
    pub(crate) fn of(
        image: &Image<'_>,
        manifest: &Manifest,
        symbols_bytes: usize,
        name: impl Fn(u32) -> Option<String>,
    ) -> Self {
        let header = image.header();
        let stack_max_bytes = manifest.stack_max_bytes.unwrap_or(STACK_DEFAULT_BYTES);
        let size = InstanceSize {
            stack_words: header.stack_words.unwrap_or(stack_max_bytes / 4),
            memory_bytes: 0,
            table_entries: TABLE_ENTRIES_MAX,
        };
        let block = |memory_bytes: u32| {
            let words = InstanceSize {
                memory_bytes,
                ..size
            }
            .block_words(image);
            words.map(|words| as_u64(words).saturating_mul(4))
        };
        let (memory_bytes, memory_max_bytes) = header.memory.map_or((0, 0), memory_bytes);
        // What the manifest names is there from the start.
        let backed_bytes = manifest
            .memory_max_bytes
            .map_or(memory_bytes, |limit| memory_max_bytes.min(limit.into()));
        let unbounded = header.stack_words.is_none().then(|| Unbounded {
            cycle: cycle(image)
                .into_iter()
                .map(|(function, table)| CallStep {
                    function,
                    name: name(function),
                    table,
                })
                .collect(),
        });
        let features = [(Features::FLOAT, "float")];
        Self {
            image_bytes: as_u64(image.bytes().len()),
            code_bytes: header.code_bytes.into(),
            symbols_bytes: as_u64(symbols_bytes),
            features: features
                .into_iter()
                .filter(|(feature, _)| feature.within(image.features()))
                .map(|(_, name)| name)
                .collect(),
            functions: header.functions.into(),
            imports: (0..usize::from(header.imports))
                .filter_map(|index| image.import(index))
                .map(|import| format!("{}.{}", import.module, import.name))
                .collect(),
            exports: image.exports().map(|it| it.name.to_owned()).collect(),
            table_entries: (0..usize::from(header.tables))
                .filter_map(|index| image.table(index))
                .map(|table| table.entries)
                .collect(),
            memory_bytes,
            memory_max_bytes,
            stack_bytes: header.stack_words.map(|words| u64::from(words) * 4),
            unbounded,
            instance: InstanceBytes {
                with_memory: u32::try_from(backed_bytes).ok().and_then(block),
                without_memory: block(0).unwrap_or(0),
                stack_bytes: u64::from(size.stack_words) * 4,
            },
            verify_bytes: as_u64(image.scratch_bytes()),
        }
    }
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn memory_bytes(memory: MemoryType) -> (u64, u64) {
    let bytes = |pages: u32| u64::from(pages) << memory.page_log2.min(32);
    (bytes(memory.pages), bytes(memory.pages_max))
}

/// A call: of which function, and through which table if it is indirect.
type Edge = (u32, Option<u32>);

/// Finds functions that call each other in a circle and can be reached from outside; each with
/// how it calls the next one.
fn cycle(image: &Image<'_>) -> Vec<Edge> {
    let direct = Calls::read(image);
    let none = BTreeSet::new();
    let (mut held, mut declared) = (BTreeSet::new(), BTreeSet::new());
    for index in 0..usize::from(image.header().elements) {
        let Some(segment) = image.element(index) else {
            break;
        };
        let of_its_kind = if segment.mode == SegmentMode::Declared {
            &mut declared
        } else {
            &mut held
        };
        let words = segment.contents.as_chunks::<4>().0;
        of_its_kind.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
    }
    declared.extend(exported(image).chain(held.iter().copied()));
    let all = (0..u32::from(image.header().functions)).collect();
    // Direct recursion is what a person looks for first. Of tables: what segments put into them,
    // what instructions could, and what globals hold.
    [&none, &held, &declared, &all]
        .into_iter()
        .map(|candidates| direct.find_cycle(image, candidates))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

fn exported<'a>(image: &'a Image<'_>) -> impl Iterator<Item = u32> + 'a {
    image
        .exports()
        .filter(|export| export.kind == ExportKind::Function)
        .map(|export| export.index)
}

/// How far the search for cycles is with a function.
#[derive(Clone, Copy)]
enum Visit {
    Not,
    OnTheWay,
    Done,
}

/// What each function calls, by index.
struct Calls(Vec<Callees>);

#[derive(Default)]
struct Callees {
    direct: BTreeSet<u32>,
    /// Tables and types.
    indirect: BTreeSet<(u32, u32)>,
}

impl Calls {
    fn read(image: &Image<'_>) -> Self {
        let functions = usize::from(image.header().functions);
        let one = |index: usize| {
            let mut callees = Callees::default();
            let record = image.function(index).filter(|record| record.code != NONE);
            let start = record.map_or(usize::MAX, |record| record.code as usize);
            let next = image.function(index.saturating_add(1));
            let end = next.map_or(image.header().code_bytes, |next| next.code) as usize;
            let mut rest = image.code().get(start..end).unwrap_or_default();
            while let Some(instruction) = Instruction::decode(rest) {
                let operand = |at| u32::try_from(instruction.operand(at)).unwrap_or(NONE);
                match instruction.opcode {
                    opcode::call => {
                        callees.direct.insert(operand(0));
                    }
                    opcode::call_indirect => {
                        callees.indirect.insert((operand(1), operand(2)));
                    }
                    _ => {}
                }
                rest = rest.get(instruction.length()..).unwrap_or_default();
            }
            callees
        };
        Self((0..functions).map(one).collect())
    }

    /// All calls of a function, those through tables of what a table may hold.
    fn of(&self, image: &Image<'_>, function: u32, held: &BTreeSet<u32>) -> Vec<Edge> {
        let Some(Callees { direct, indirect }) = self.0.get(function as usize) else {
            return Vec::new();
        };
        let mut edges: Vec<Edge> = direct.iter().map(|&callee| (callee, None)).collect();
        for &(table, wanted) in indirect {
            let same = held.iter().filter(|&&callee| {
                let record = image.function(callee as usize);
                record.is_some_and(|record| u32::from(record.type_index) == wanted)
            });
            edges.extend(same.map(|&callee| (callee, Some(table))));
        }
        edges
    }

    /// Searches depth first, with a stack of its own.
    fn find_cycle(&self, image: &Image<'_>, held: &BTreeSet<u32>) -> Vec<Edge> {
        let mut states = vec![Visit::Not; self.0.len()];
        let roots: Vec<u32> = exported(image).chain(image.header().start).collect();
        for root in roots {
            // The way down: each function, with the calls that are still to be followed.
            let mut way: Vec<(u32, Vec<Edge>)> = Vec::new();
            let mut enter = Some((root, None));
            let mut taken: Vec<Option<u32>> = Vec::new();
            loop {
                if let Some((function, table)) = enter.take() {
                    match states.get_mut(function as usize) {
                        Some(state @ Visit::Not) => {
                            *state = Visit::OnTheWay;
                            way.push((function, self.of(image, function, held)));
                            taken.push(table);
                        }
                        Some(Visit::OnTheWay) => {
                            let start = way.iter().position(|(own, _)| *own == function);
                            let start = start.unwrap_or(0);
                            let mut steps = taken.split_off(start.saturating_add(1));
                            steps.push(table);
                            let functions = way.iter().skip(start).map(|(own, _)| *own);
                            return functions.zip(steps).collect();
                        }
                        Some(Visit::Done) | None => {}
                    }
                }
                let Some((_, edges)) = way.last_mut() else {
                    break;
                };
                match edges.pop() {
                    Some(edge) => enter = Some(edge),
                    None => {
                        if let Some((function, _)) = way.pop()
                            && let Some(state) = states.get_mut(function as usize)
                        {
                            *state = Visit::Done;
                        }
                        taken.pop();
                    }
                }
            }
        }
        Vec::new()
    }
}
