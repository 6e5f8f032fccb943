//! Counts the WebAssembly instructions that a call executes, to compare with the fuel that it is
//! charged.
//!
//! The module is rewritten: before each instruction a global is counted up, and the global is
//! exported. What counts is what fuel counts: all but `block`, `loop`, `else` and `end`.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other crate knows many payloads"
)]

use anyhow::{Context as _, Result, anyhow, ensure};
use mote_engine::{Engine as _, Value};
use mote_engine_suite::{Ended, call, start, to_image, verified};
use wasmparser::{Operator, Parser, Payload};

const EXPORT: &str = "mote:executed";

/// Calls `run` of a module with one argument; returns how many instructions it executed.
pub(super) fn executed(wasm: &[u8], argument: i32) -> Result<u64> {
    let counting = counting(wasm)?;
    let image = to_image(&counting).map_err(|error| anyhow!("{error:?}"))?;
    let verified = verified(&image).map_err(|error| anyhow!("{error:?}"))?;
    let mut engine = start(verified, 16 * 1024, 0).map_err(|error| anyhow!("{error:?}"))?;
    let run = engine.exported_function("run").context("no export `run`")?;
    let ending = call(&mut engine, run, &[Value::I32(argument)], &mut |_, _| {
        Vec::new()
    });
    ensure!(matches!(ending, Ended::Returned(_)), "{ending:?}");
    match engine.exported_global(EXPORT) {
        Some(Value::I64(count)) => Ok(count.cast_unsigned()),
        other => Err(anyhow!("the counter is {other:?}")),
    }
}

pub(super) fn leb(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

pub(super) fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    leb(out, contents.len() as u64);
    out.extend(contents);
}

/// A section of `count` items, the last of which is `item`.
fn longer(out: &mut Vec<u8>, id: u8, count: u32, items: &[u8], item: &[u8]) {
    let mut contents = Vec::new();
    leb(&mut contents, u64::from(count) + 1);
    contents.extend(items);
    contents.extend(item);
    section(out, id, &contents);
}

/// Returns the module with a counter.
fn counting(wasm: &[u8]) -> Result<Vec<u8>> {
    const GLOBAL: u8 = 6;
    const EXPORTS: u8 = 7;
    const CODE: u8 = 10;
    let mut out = wasm.get(..8).context("no module")?.to_vec();
    let mut globals = None;
    let mut codes = Vec::new();
    let mut functions = 0;
    // i64, mutable, 0.
    let counter = [0x7e, 1, 0x42, 0, 0x0b];
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if let Payload::CodeSectionEntry(body) = &payload {
            codes.extend(counted(body, wasm, globals.unwrap_or(0))?);
            functions -= 1;
            if functions == 0 {
                section(&mut out, CODE, &codes);
            }
            continue;
        }
        let Some((id, range)) = payload.as_section() else {
            continue;
        };
        let bytes = |from, to| wasm.get(from..to).context("a section is cut off");
        let contents = bytes(usize::try_from(range.start)?, usize::try_from(range.end)?)?;
        // Sections come in order: where there are no globals, this is their place.
        if id > GLOBAL && id != 13 && globals.is_none() {
            longer(&mut out, GLOBAL, 0, &[], &counter);
            globals = Some(0);
        }
        match &payload {
            Payload::GlobalSection(own) => {
                globals = Some(own.count());
                longer(&mut out, id, own.count(), after_count(contents)?, &counter);
            }
            Payload::ExportSection(own) => {
                let mut export = Vec::new();
                leb(&mut export, EXPORT.len() as u64);
                export.extend(EXPORT.bytes());
                export.push(3);
                leb(&mut export, u64::from(globals.unwrap_or(0)));
                longer(
                    &mut out,
                    EXPORTS,
                    own.count(),
                    after_count(contents)?,
                    &export,
                );
            }
            Payload::CodeSectionStart { count, .. } => {
                functions = *count;
                leb(&mut codes, u64::from(*count));
            }
            Payload::CustomSection(_) => {}
            _ => section(&mut out, id, contents),
        }
    }
    Ok(out)
}

/// Returns a section's contents after the number of items.
fn after_count(contents: &[u8]) -> Result<&[u8]> {
    let length = contents.iter().take_while(|byte| **byte >= 0x80).count() + 1;
    contents.get(length..).context("a section is cut off")
}

/// Returns a function's entry in the code section, with counting.
fn counted(body: &wasmparser::FunctionBody<'_>, wasm: &[u8], global: u32) -> Result<Vec<u8>> {
    let range = body.range();
    let bytes = |from: u64, to: u64| {
        let bytes = wasm.get(usize::try_from(from)?..usize::try_from(to)?);
        bytes.context("a function is cut off")
    };
    let mut step = vec![0x23];
    leb(&mut step, global.into());
    step.extend([0x42, 1, 0x7c, 0x24]);
    leb(&mut step, global.into());
    let mut code: Vec<u8> = Vec::new();
    let mut last = range.start;
    for next in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, offset) = next?;
        code.extend(bytes(last, offset)?);
        last = offset;
        let free = matches!(
            operator,
            Operator::Block { .. } | Operator::Loop { .. } | Operator::Else | Operator::End
        );
        if !free {
            code.extend(&step);
        }
    }
    code.extend(bytes(last, range.end)?);
    let mut entry = Vec::new();
    leb(&mut entry, code.len() as u64);
    entry.extend(code);
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executed_instructions_are_counted() {
        // (func (export "run") (param i32) (result i32)
        //   (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 0))
        let wasm =
            b"\0asm\x01\0\0\0\x01\x06\x01\x60\x01\x7f\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03run\0\0\
            \x0a\x12\x01\x10\0\x03\x40\x20\0\x41\x01\x6b\x22\0\x0d\0\x0b\x20\0\x0b";
        assert_eq!(executed(wasm, 1).unwrap(), 6);
        assert_eq!(executed(wasm, 10).unwrap(), 51);
    }
}
