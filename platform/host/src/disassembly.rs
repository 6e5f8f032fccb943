//! An image's code for a person who debugs: beside the Wasm that it comes from.
//!
//! ```text
//! "sum" (#2) (i32, i32) -> i32: 46 bytes, entry fuel 12
//!   s0-s1 parameters, s2-s3 locals, s4 link, s5-s12 operands
//!     code  wasm
//!      0x8  0x51  zero d=s2 n=2
//!   > 0x12  0x58  load_u32_su a=s1 u=0
//!     0x18        jump_back fuel=7 -> 0x12
//! ```
//!
//! A `>` stands where a branch leads. Places in the code are from its start, as in a backtrace;
//! where no place in the Wasm stands the one above holds. What the instructions mean is at the
//! end, in the words of the instruction table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mote_engine::ValueType;
use mote_image::{DOCUMENTATION, INSTRUCTIONS, Image, Instruction, Kind, Origin, TypeRecord};
use serde_json::json;

use crate::inspect::show_function;
use crate::translation::Translation;

/// An image's code, taken apart.
#[derive(Debug)]
pub(crate) struct Disassembly {
    functions: Vec<Function>,
    /// The meanings of the instructions that occur, by name.
    meanings: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug)]
struct Function {
    index: u32,
    name: Option<String>,
    type_text: String,
    code_bytes: u32,
    entry_fuel: u32,
    frame_words: u32,
    slots: String,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    code_offset: u32,
    wasm_offset: Option<u32>,
    is_target: bool,
    text: String,
}

impl Disassembly {
    /// Takes an image apart that is verified.
    pub(crate) fn of(translation: &Translation, image: &Image<'_>) -> Self {
        let names = translation.names();
        let origins: Vec<Origin> = translation
            .symbols()
            .map(|symbols| symbols.origins().collect())
            .unwrap_or_default();
        let mut disassembly = Self {
            functions: Vec::new(),
            meanings: BTreeMap::new(),
        };
        let header = image.header();
        for index in header.imports..header.functions {
            let Some(record) = image.function(index.into()) else {
                break;
            };
            let next = image.function(usize::from(index).saturating_add(1));
            let end = next.map_or(header.code_bytes, |next| next.code);
            let types = image.function_type(record.type_index.into());
            let parameters = types.map_or(0, |types| words(types.parameters));
            disassembly.functions.push(Function {
                index: index.into(),
                name: names.get(&index.into()).cloned(),
                type_text: types.map(type_text).unwrap_or_default(),
                code_bytes: end.saturating_sub(record.code),
                entry_fuel: record.fuel,
                frame_words: record.frame_words,
                slots: slots(parameters, record.link.into(), record.frame_words),
                lines: lines(image, record.code..end, &origins, &names),
            });
            let mut at = record.code;
            while let Some(instruction) = decode(image, at).filter(|_| at < end) {
                let number = usize::from(instruction.opcode);
                if let (Some(row), Some(it)) = (INSTRUCTIONS.get(number), DOCUMENTATION.get(number))
                {
                    disassembly.meanings.insert(row.name, it.meaning);
                }
                at = after(at, &instruction);
            }
        }
        disassembly
    }

    /// Writes it for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for function in &self.functions {
            text.push_str(&format!(
                "{} {}: {} bytes, entry fuel {}\n  {}\n",
                show_function(function.index, function.name.as_deref()),
                function.type_text,
                function.code_bytes,
                function.entry_fuel,
                function.slots,
            ));
            let last = function.lines.last().map_or(0, |line| line.code_offset);
            let width = format!("{last:#x}").len().max(4);
            let wasm = function.lines.iter().filter_map(|line| line.wasm_offset);
            let wasm_width = wasm
                .max()
                .map_or(0, |most| format!("{most:#x}").len().max(4));
            let heads = if wasm_width > 0 { "wasm" } else { "" };
            text.push_str(&format!("    {:>width$}  {heads:>wasm_width$}\n", "code"));
            for line in &function.lines {
                let mark = if line.is_target { '>' } else { ' ' };
                let code = format!("{:#x}", line.code_offset);
                let wasm = line.wasm_offset.map(|at| format!("{at:#x}"));
                let wasm = wasm.unwrap_or_default();
                text.push_str(&format!(
                    "  {mark} {code:>width$}  {wasm:>wasm_width$}  {}\n",
                    line.text
                ));
            }
            text.push('\n');
        }
        text.push_str("what the instructions do\n");
        let width = self
            .meanings
            .keys()
            .map(|name| name.len())
            .max()
            .unwrap_or(0);
        for (name, meaning) in &self.meanings {
            text.push_str(&format!("  {name:width$}  {}\n", meaning.trim_matches('"')));
        }
        text
    }

    /// Returns it for a script.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let line = |line: &Line| {
            json!({
                "code_offset": line.code_offset,
                "offset": line.wasm_offset,
                "target": line.is_target,
                "text": line.text,
            })
        };
        let function = |function: &Function| {
            json!({
                "function": function.index,
                "name": function.name,
                "type": function.type_text,
                "code_bytes": function.code_bytes,
                "entry_fuel": function.entry_fuel,
                "frame_bytes": u64::from(function.frame_words) * 4,
                "instructions": function.lines.iter().map(line).collect::<Vec<_>>(),
            })
        };
        self.functions.iter().map(function).collect()
    }
}

fn decode<'a>(image: &Image<'a>, at: u32) -> Option<Instruction<'a>> {
    Instruction::decode(image.code().get(usize::try_from(at).ok()?..)?)
}

fn after(at: u32, instruction: &Instruction<'_>) -> u32 {
    at.saturating_add(u32::try_from(instruction.length()).unwrap_or(u32::MAX))
}

fn words(types: &[u8]) -> u32 {
    let own = types.iter().filter_map(|&byte| ValueType::from_byte(byte));
    own.map(|own| if own.words() == 2 { 2 } else { 1 }).sum()
}

fn type_text(types: TypeRecord<'_>) -> String {
    let list = |types: &[u8]| {
        let names = types.iter().map(|&byte| ValueType::from_byte(byte));
        let names = names.map(|own| own.map_or("?", ValueType::name));
        names.collect::<Vec<_>>().join(", ")
    };
    let results = match types.results {
        [_] => list(types.results),
        several => format!("({})", list(several)),
    };
    format!("({}) -> {results}", list(types.parameters))
}

/// Says what the slots of a frame are for.
fn slots(parameters: u32, link: u32, frame: u32) -> String {
    let part = |from: u32, to: u32, what: &str| {
        let last = to.checked_sub(1).filter(|last| *last >= from)?;
        Some(if last == from {
            format!("s{from} {what}")
        } else {
            format!("s{from}-s{last} {what}")
        })
    };
    let parts = [
        part(0, parameters, "parameters"),
        part(parameters, link, "locals"),
        part(link, link.saturating_add(1), "link"),
        part(link.saturating_add(1), frame, "operands"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Returns where an instruction at that place leads, but for what follows it.
fn targets(at: u32, instruction: &Instruction<'_>) -> Vec<u32> {
    let operands = instruction.operands().filter_map(|(kind, value)| {
        matches!(kind, Kind::T | Kind::R | Kind::Tf | Kind::Rf).then_some(value)
    });
    operands
        .chain(instruction.entries())
        .filter_map(|halfwords| place(at, halfwords))
        .collect()
}

fn place(at: u32, halfwords: i64) -> Option<u32> {
    let place = i64::from(at).checked_add(halfwords.checked_mul(2)?)?;
    u32::try_from(place).ok()
}

fn lines(
    image: &Image<'_>,
    range: std::ops::Range<u32>,
    origins: &[Origin],
    names: &HashMap<u32, String>,
) -> Vec<Line> {
    let mut all = Vec::new();
    let mut reached = BTreeSet::new();
    let mut at = range.start;
    while let Some(instruction) = decode(image, at).filter(|_| at < range.end) {
        reached.extend(targets(at, &instruction));
        let origin = origins.binary_search_by_key(&at, |origin| origin.code_offset);
        all.push(Line {
            code_offset: at,
            wasm_offset: origin
                .ok()
                .and_then(|index| origins.get(index))
                .map(|origin| origin.wasm_offset),
            is_target: false,
            text: text(at, &instruction, names),
        });
        at = after(at, &instruction);
    }
    for line in &mut all {
        line.is_target = reached.contains(&line.code_offset);
    }
    all
}

/// Writes an instruction: places as places in the code, functions with their names.
fn text(at: u32, instruction: &Instruction<'_>, names: &HashMap<u32, String>) -> String {
    let number = usize::from(instruction.opcode);
    let mut text = INSTRUCTIONS
        .get(number)
        .map_or("?", |row| row.name)
        .to_owned();
    let operands = DOCUMENTATION.get(number).map_or(&[][..], |it| it.operands);
    for ((kind, value), name) in instruction.operands().zip(operands) {
        match kind {
            Kind::K | Kind::L => {}
            Kind::S | Kind::D | Kind::V | Kind::F | Kind::O | Kind::A => {
                text.push_str(&format!(" {name}=s{value}"));
            }
            Kind::P | Kind::Q | Kind::S2 => {
                text.push_str(&format!(" {name}=s{value}-s{}", value.saturating_add(1)));
            }
            Kind::S3 => text.push_str(&format!(" {name}=s{value}-s{}", value.saturating_add(2))),
            Kind::N | Kind::I => {
                let function = u32::try_from(value).unwrap_or(u32::MAX);
                let own = names.get(&function).map(String::as_str);
                text.push_str(&format!(" {}", show_function(function, own)));
            }
            Kind::Y => text.push_str(&format!(" type={value}")),
            Kind::J => text.push_str(&format!(" table={value}")),
            Kind::C | Kind::Z => text.push_str(&format!(" fuel={value}")),
            Kind::T | Kind::R | Kind::Tf | Kind::Rf => {
                let place = place(at, value).unwrap_or(0);
                text.push_str(&format!(" -> {place:#x}"));
            }
            Kind::B | Kind::M | Kind::M6 | Kind::H | Kind::U | Kind::G => {
                text.push_str(&format!(" {name}={value}"));
            }
            Kind::X | Kind::E | Kind::W => text.push_str(&format!(" {name}={value}")),
        }
    }
    for (index, entry) in instruction.entries().enumerate() {
        let place = place(at, entry).unwrap_or(0);
        text.push_str(&format!(" {index}->{place:#x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Module;

    #[test]
    fn code_is_shown_beside_the_wasm_that_it_comes_from() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sum.wat");
        let text = "(module
            (import \"env\" \"tell\" (func $tell (param i32)))
            (func $sum (export \"run\") (param $n i32) (result i32) (local $all i32)
              (loop $again
                (local.set $all (i32.add (local.get $all) (i32.load (local.get $n))))
                (local.tee $n (i32.sub (local.get $n) (i32.const 4)))
                (br_if $again (i32.ne (i32.const 0))))
              (call $tell (local.get $all))
              (local.get $all))
            (memory 1))";
        std::fs::write(&path, text).unwrap();
        let module = Module::find(&path, None).unwrap();
        let translation = Translation::with_symbols(&module).unwrap();
        let verified = translation.verified().unwrap();
        let shown = Disassembly::of(&translation, verified.image());
        let text = shown.text();
        for wanted in [
            "\"sum\" (#1) (i32) -> i32:",
            "s0 parameters, s1 locals, s2 link, s3-",
            "call_import \"env.tell\" (#0)",
            "what the instructions do",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        // The head of the loop is marked, and the branch at its end names it.
        let head = text.lines().find(|line| line.starts_with("  >")).unwrap();
        let head = head.split_whitespace().nth(1).unwrap();
        assert!(text.contains(&format!(" -> {head}\n")), "{text}");
        // The load stands beside its operator.
        let wasm = &module.wasm;
        let load = wasm.windows(3).position(|at| at == [0x28, 2, 0]).unwrap();
        let line = text.lines().find(|line| line.contains("load_u32")).unwrap();
        assert!(line.contains(&format!("{load:#x}")), "{load:#x}: {text}");
        let json = shown.to_json();
        assert_eq!(json[0]["name"], "sum");
        assert_eq!(
            json[0]["instructions"].as_array().unwrap().len(),
            shown.functions[0].lines.len()
        );
    }
}
