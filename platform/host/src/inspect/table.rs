//! An inspection, written for a person.
//!
//! What decides comes first: who can run the module, and what it takes of a board. The lists that
//! are only looked at now and then come after it.

use std::io::{self, Write};

use mote_abi::ENTRY;

use super::collect::page_text;
use super::{
    CapabilityState, ImageFacts, ImageState, ImportState, Inspection, ItemKind, Memory, ModuleKind,
    Section,
};
use crate::printable::Printable;

/// Width of the left column, which says what a line is about.
const LABEL_WIDTH: usize = 13;

pub(super) fn write(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", title(inspection))?;
    label(out, "runs on", &runs_on(inspection))?;
    for problem in &inspection.problems {
        label(out, "", &format!("- {}", Printable(problem)))?;
    }
    summary(inspection, out)?;
    image(inspection, out)?;
    capabilities(inspection, out)?;
    imports(inspection, out)?;
    exports(inspection, out)?;
    largest(inspection, out)?;
    sections(&inspection.sections, out)
}

fn image(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    match &inspection.image {
        None => Ok(()),
        Some(ImageState::Refused { reason }) => {
            label(out, "image", &format!("none: {}", Printable(reason)))
        }
        Some(ImageState::Made(facts)) => write_image(facts, out),
    }
}

/// Writes what an image says that it needs.
pub(super) fn write_image(facts: &ImageFacts, out: &mut dyn Write) -> io::Result<()> {
    let features = match facts.features.as_slice() {
        [] => String::new(),
        features => format!(", needs {}", features.join(", ")),
    };
    let size = format!(
        "{}, {} of them code{features}",
        bytes(facts.image_bytes),
        group(facts.code_bytes)
    );
    label(out, "image", &size)?;
    match (facts.stack_bytes, &facts.unbounded) {
        (Some(stack), _) => {
            let text = format!("{} in the deepest chain of calls", bytes(stack));
            label(out, "stack", &text)?;
        }
        (None, Some(reason)) => label(out, "stack", &format!("no bound: {reason}"))?,
        (None, None) => label(out, "stack", "no bound")?,
    }
    let instance = &facts.instance;
    let stack = match facts.stack_bytes {
        Some(_) => String::new(),
        None => format!(", {} of them for the stack", group(instance.stack_bytes)),
    };
    let text = match instance.with_memory {
        Some(all) if facts.memory_bytes > 0 => format!(
            "{} of RAM, {} beside its memory{stack}",
            bytes(all),
            group(instance.without_memory)
        ),
        Some(all) => format!("{} of RAM{stack}", bytes(all)),
        None => format!(
            "more RAM than can be addressed, {} beside its memory{stack}",
            group(instance.without_memory)
        ),
    };
    label(out, "instance", &text)?;
    label(
        out,
        "to install",
        &format!("{} of RAM for the check", bytes(facts.verify_bytes)),
    )
}

/// Writes all that an image says, where nothing but the image is known.
pub(crate) fn write_image_alone(facts: &ImageFacts, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Mote image, {}", bytes(facts.image_bytes))?;
    let imported = u32::try_from(facts.imports.len()).unwrap_or(u32::MAX);
    let own = u64::from(facts.functions.saturating_sub(imported));
    let text = format!("{} in {}", bytes(facts.code_bytes), count(own, "function"));
    label(out, "code", &text)?;
    write_image(facts, out)?;
    if facts.memory_max_bytes > 0 {
        let growth = growth(facts.memory_bytes, Some(facts.memory_max_bytes), bytes);
        let text = format!("{}, {growth}", bytes(facts.memory_bytes));
        label(out, "memory", &text)?;
    }
    for &entries in &facts.table_entries {
        label(out, "table", &count(entries.into(), "element"))?;
    }
    for (what, names) in [("imports", &facts.imports), ("exports", &facts.exports)] {
        if !names.is_empty() {
            label(out, what, &Printable(&names.join(", ")).to_string())?;
        }
    }
    Ok(())
}

fn title(inspection: &Inspection) -> String {
    let kind = match inspection.kind {
        ModuleKind::Mote => "Mote module",
        ModuleKind::WasiCommand => "WASI command",
        ModuleKind::WasiReactor => "WASI reactor",
        ModuleKind::Library => "WebAssembly module",
        ModuleKind::Object => "WebAssembly object file",
        ModuleKind::DynamicLibrary => "WebAssembly dynamic library",
    };
    let name = inspection
        .name
        .as_ref()
        .map(|name| format!(" \"{}\"", Printable(name)))
        .unwrap_or_default();
    format!("{kind}{name}, {}", bytes(inspection.size_bytes))
}

fn runs_on(inspection: &Inspection) -> String {
    let entry = inspection
        .exports
        .iter()
        .find(|export| export.name == ENTRY && export.kind == ItemKind::Function)
        .map(|export| format!("entered by {ENTRY} {}", export.type_text));
    let by_name = || "no entry; call its exports by name with --invoke".to_owned();
    let only_wasi = inspection
        .imports
        .iter()
        .all(|import| import.state == ImportState::Wasi);
    match inspection.kind {
        ModuleKind::WasiCommand if only_wasi => {
            "the host only: mote run FILE -- ARGUMENT...".to_owned()
        }
        ModuleKind::WasiReactor if only_wasi => {
            "the host only: mote run FILE --invoke NAME".to_owned()
        }
        ModuleKind::WasiCommand | ModuleKind::WasiReactor => "nothing, because".to_owned(),
        ModuleKind::Mote | ModuleKind::Library if inspection.problems.is_empty() => {
            format!(
                "boards and the simulator: {}",
                entry.unwrap_or_else(by_name)
            )
        }
        ModuleKind::Mote
        | ModuleKind::Library
        | ModuleKind::Object
        | ModuleKind::DynamicLibrary => "no board, because".to_owned(),
    }
}

fn summary(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    let functions = &inspection.functions;
    label(
        out,
        "code",
        &format!(
            "{} in {}, {} imported",
            bytes(functions.code_bytes),
            count(u64::from(functions.defined), "function"),
            functions.imported
        ),
    )?;
    if inspection.memories.is_empty() {
        label(out, "memory", "none")?;
    }
    for memory in &inspection.memories {
        write_memory(memory, out)?;
    }
    if inspection.data.segments > 0 {
        let data = inspection.data;
        let passive = match data.passive {
            0 => String::new(),
            passive => format!(", {passive} of them passive"),
        };
        let segments = count(u64::from(data.segments), "segment");
        label(
            out,
            "data",
            &format!("{} in {segments}{passive}", bytes(data.size_bytes)),
        )?;
    }
    for table in &inspection.tables {
        let growth = growth(table.initial, table.maximum, group);
        let imported = if table.imported { ", imported" } else { "" };
        let elements = count(table.initial, "element");
        label(
            out,
            "table",
            &format!("{elements} of {}, {growth}{imported}", table.element_type),
        )?;
    }
    let globals = inspection.globals;
    if globals.imported > 0 || globals.defined > 0 {
        label(
            out,
            "globals",
            &format!(
                "{}, {} mutable, {} imported",
                u64::from(globals.imported) + u64::from(globals.defined),
                globals.mutable,
                globals.imported
            ),
        )?;
    }
    if let Some(start) = &inspection.start {
        label(
            out,
            "start",
            &format!(
                "function {}{} runs before any other",
                start.index,
                named(start.name.as_deref())
            ),
        )?;
    }
    let mut needs: Vec<String> = inspection
        .proposals
        .iter()
        .map(|proposal| {
            let verdict = if proposal.supported {
                ""
            } else {
                " (not supported)"
            };
            format!("{}{verdict}", proposal.name)
        })
        .collect();
    if inspection.floats {
        needs.push("floats".to_owned());
    }
    if needs.is_empty() {
        needs.push("WebAssembly 1.0 without floats".to_owned());
    }
    label(out, "needs", &needs.join(", "))?;
    for producer in &inspection.producers {
        let text = format!("{} {}", producer.name, producer.version);
        label(
            out,
            &producer.field,
            &Printable(text.trim_end()).to_string(),
        )?;
    }
    Ok(())
}

fn write_memory(memory: &Memory, out: &mut dyn Write) -> io::Result<()> {
    let page = page_text(memory.page_bytes);
    let growth = growth(memory.initial_pages, memory.maximum_pages, |pages| {
        bytes(pages.saturating_mul(memory.page_bytes))
    });
    let mut line = format!(
        "{}, {} of {page}, {growth}",
        bytes(memory.initial_bytes),
        count(memory.initial_pages, "page")
    );
    for (is, word) in [
        (memory.imported, ", imported"),
        (memory.shared, ", shared"),
        (memory.memory64, ", 64-bit"),
    ] {
        if is {
            line.push_str(word);
        }
    }
    label(out, "memory", &line)?;
    match memory.data_end {
        Some(end) if memory.data_bytes > 0 => label(
            out,
            "",
            &format!(
                "data fills {} of it and ends at {}",
                bytes(memory.data_bytes),
                group(end)
            ),
        ),
        Some(_) | None => Ok(()),
    }
}

fn growth(initial: u64, maximum: Option<u64>, show: impl Fn(u64) -> String) -> String {
    match maximum {
        Some(maximum) if maximum == initial => "does not grow".to_owned(),
        Some(maximum) => format!("grows up to {}", show(maximum)),
        None => "grows without a limit".to_owned(),
    }
}

fn capabilities(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    let Some(capabilities) = &inspection.capabilities else {
        return Ok(());
    };
    if capabilities.is_empty() {
        return label(out, "capabilities", "none are asked for");
    }
    let mut rows = Columns::new(["name", "interface", "pin", "rights", "", ""], 0);
    for capability in capabilities {
        let level = capability
            .log_level
            .filter(|_| capability.interface == "log");
        let optional = if capability.optional { "optional" } else { "" };
        let state = match &capability.state {
            CapabilityState::Asked => String::new(),
            CapabilityState::Granted => "granted".to_owned(),
            CapabilityState::Refused { reason } => format!("refused: {reason}"),
        };
        rows.push([
            Printable(&capability.name).to_string(),
            capability.interface.to_owned(),
            capability
                .pin
                .as_ref()
                .map_or_else(|| "-".to_owned(), |pin| Printable(pin).to_string()),
            match level {
                Some(level) => format!("{} up to {level}", capability.rights.join("+")),
                None => capability.rights.join("+"),
            },
            optional.to_owned(),
            Printable(&state).to_string(),
        ]);
    }
    rows.write("capabilities", out)
}

fn imports(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Columns::new(["from", "name", "kind", "type", ""], 0);
    for import in &inspection.imports {
        let state = match &import.state {
            ImportState::Mote => "Mote".to_owned(),
            ImportState::MoteWrongType { expected } | ImportState::WasiWrongType { expected } => {
                format!("wrong type: it is {expected}")
            }
            ImportState::MoteUnknown => "not offered by Mote".to_owned(),
            ImportState::Wasi => "WASI".to_owned(),
            ImportState::WasiUnknown => "not in WASI preview 1".to_owned(),
            ImportState::Unknown => "unknown".to_owned(),
        };
        rows.push([
            Printable(&import.module).to_string(),
            Printable(&import.name).to_string(),
            import.kind.name().to_owned(),
            import.type_text.clone(),
            state,
        ]);
    }
    rows.write("imports", out)
}

fn exports(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Columns::new(["name", "kind", "type"], 0);
    for export in &inspection.exports {
        rows.push([
            Printable(&export.name).to_string(),
            export.kind.name().to_owned(),
            export.type_text.clone(),
        ]);
    }
    rows.write("exports", out)
}

fn largest(inspection: &Inspection, out: &mut dyn Write) -> io::Result<()> {
    let functions = &inspection.functions;
    let mut rows = Columns::new(["bytes", "of all", "function"], 2);
    for function in &functions.largest {
        let percent = function
            .size_bytes
            .saturating_mul(100)
            .checked_div(functions.code_bytes)
            .unwrap_or(0);
        rows.push([
            group(function.size_bytes),
            format!("{percent} %"),
            format!("{}{}", function.index, named(function.name.as_deref())),
        ]);
    }
    rows.write("largest functions", out)
}

fn sections(sections: &[Section], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Columns::new(["offset", "bytes", "items", "section"], 3);
    for section in sections {
        let name = if section.custom {
            format!("custom \"{}\"", Printable(&section.name))
        } else {
            section.name.clone()
        };
        rows.push([
            format!("{:#x}", section.offset),
            group(section.size_bytes),
            section
                .items
                .map_or_else(|| "-".to_owned(), |items| group(u64::from(items))),
            name,
        ]);
    }
    rows.write("sections", out)
}

fn label(out: &mut dyn Write, label: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {label:LABEL_WIDTH$} {text}")
}

fn named(name: Option<&str>) -> String {
    name.map(|name| format!(" {}", Printable(name)))
        .unwrap_or_default()
}

fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", group(number))
}

/// Writes a number of bytes, and in larger units where it is many.
fn bytes(number: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    const GIB: u64 = 1 << 30;
    let exact = count(number, "byte");
    let (unit, name) = match number {
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        KIB.. => (KIB, "KiB"),
        _ => return exact,
    };
    let tenths = number.saturating_mul(10) / unit;
    match tenths % 10 {
        0 => format!("{exact} ({} {name})", tenths / 10),
        tenth => format!("{exact} ({}.{tenth} {name})", tenths / 10),
    }
}

/// Writes a number with its digits in groups of three.
pub(crate) fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A list in columns, the first few of them set to the right.
struct Columns<const N: usize> {
    rows: Vec<[String; N]>,
    right: usize,
}

impl<const N: usize> Columns<N> {
    fn new(heads: [&str; N], right: usize) -> Self {
        Self {
            rows: vec![heads.map(str::to_owned)],
            right,
        }
    }

    fn push(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    /// Writes the list under a title; nothing where it has no rows but its head.
    fn write(&self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.len() < 2 {
            return Ok(());
        }
        let widths: Vec<usize> = (0..N)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        writeln!(out, "\n{title}")?;
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line.push_str("  ");
                if column < self.right {
                    line.push_str(&format!("{cell:>width$}"));
                } else {
                    line.push_str(&format!("{cell:<width$}"));
                }
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(group(0), "0");
        assert_eq!(group(999), "999");
        assert_eq!(group(1_000), "1,000");
        assert_eq!(group(1_234_567), "1,234,567");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_023), "1,023 bytes");
        assert_eq!(bytes(65_536), "65,536 bytes (64 KiB)");
        assert_eq!(bytes(1_114_112), "1,114,112 bytes (1 MiB)");
        assert_eq!(bytes(1_300_000), "1,300,000 bytes (1.2 MiB)");
    }
}
