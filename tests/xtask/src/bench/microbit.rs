//! The ten on QEMU's `microbit`, those that fit into its RAM: a page of 64 KiB does not, so their memory
//! is made as small as the program's own layout, in pages of a byte.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use wasm_encoder::{MemorySection, MemoryType, Module, RawSection, SectionId};
use wasmparser::{Operator, Parser, Payload};

use super::Row;
use super::report::{ratio, table, thousands};
use super::tool::Tool;
use crate::console::say;

/// What an instance may have of the 16 KB: the rest is the stack's and a little that is fixed.
const MEMORY_MAX_BYTES: u32 = 13 * 1024 + 512;

/// Measures; returns the lines of a table.
pub(super) fn measure(
    tool: &Tool,
    rows: &[Row],
    folder: &Path,
    good: &mut bool,
) -> Result<Vec<String>> {
    let mut cells = Vec::new();
    for row in rows {
        let name = row.workload.name();
        let (wasm, bytes) = small(&row.wasm)?;
        if bytes > MEMORY_MAX_BYTES {
            let why = format!("does not fit: {} bytes of memory", thousands(bytes.into()));
            let mut line = vec![name.to_owned(), why];
            line.resize(6, "-".to_owned());
            cells.push(line);
            continue;
        }
        let path = folder.join(format!("{name}-small.wasm"));
        fs::write(&path, wasm).with_context(|| path.display().to_string())?;
        let own = tool.bench(&path, row.workload.argument, &["--board", "microbit"])?;
        if own.result()? != row.workload.result {
            say(&format!(
                "FAILED: {name} returned {} on microbit",
                own.result()?
            ));
            *good = false;
        }
        let run = own.number("run_instructions")?;
        cells.push(vec![
            name.to_owned(),
            thousands(run),
            format!("{:.2}", ratio(run, row.mote.instructions)),
            own.cycles("run").map_or_else(|| "-".to_owned(), thousands),
            thousands(own.number("start_instructions")?),
            thousands(own.number("memory_bytes")?),
        ]);
    }
    let heading = [
        "workload",
        "instructions",
        "x Cortex-M4",
        "modelled cycles",
        "start",
        "memory, bytes",
    ];
    Ok(table(&heading, &cells))
}

/// Returns the module with a memory of as many bytes as its layout takes: the linker puts the stack
/// last, so that is where the stack pointer begins.
fn small(wasm: &[u8]) -> Result<(Vec<u8>, u32)> {
    let mut bytes = None;
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::GlobalSection(globals) = payload? {
            let first = globals.into_iter().next().context("no global")??;
            if let Operator::I32Const { value } = first.init_expr.get_operators_reader().read()? {
                bytes = u32::try_from(value).ok();
            }
        }
    }
    let bytes = bytes.context("no stack pointer")?;
    let memory_type = MemoryType {
        minimum: bytes.into(),
        maximum: Some(bytes.into()),
        memory64: false,
        shared: false,
        page_size_log2: Some(0),
    };
    let mut out = Module::new();
    let mut done = false;
    for payload in Parser::new(0).parse_all(wasm) {
        let Some((id, range)) = payload?.as_section() else {
            continue;
        };
        if id == u8::from(SectionId::Memory) {
            let mut memories = MemorySection::new();
            out.section(memories.memory(memory_type));
            done = true;
        } else {
            let (from, to) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
            let data = wasm.get(from..to).context("cut off")?;
            out.section(&RawSection { id, data });
        }
    }
    ensure!(done, "no memory");
    Ok((out.finish(), bytes))
}

#[cfg(test)]
mod tests {
    use super::small;

    #[test]
    fn memory_is_made_as_small_as_the_stack_pointer_says() {
        // (module (memory 1) (global (mut i32) (i32.const 5120)))
        let wasm = b"\0asm\x01\0\0\0\x05\x03\x01\0\x01\x06\x07\x01\x7f\x01\x41\x80\x28\x0b";
        let (small, bytes) = small(wasm).unwrap();
        assert_eq!(bytes, 5_120);
        assert_eq!(&small[8..17], b"\x05\x07\x01\x09\x80\x28\x80\x28\0");
        assert_eq!(&small[17..], &wasm[13..]);
    }
}
