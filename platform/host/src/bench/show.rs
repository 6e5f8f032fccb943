//! A measurement, for people and for scripts.

use serde_json::{Map, json};

use super::Measurement;
use crate::cli::EngineName;
use crate::inspect::group;
use crate::module::Module;
use crate::values;
use mote_engine::Value;

/// Returns a line of a table: what, how many, and a note.
pub(super) fn line(name: &str, number: u64, note: &str) -> String {
    let line = format!("  {name:<36} {:>14}  {note}", group(number));
    line.trim_end().to_owned()
}

/// Returns the least and the most instructions of a start.
fn start_range(starts: &[u64]) -> (u64, u64) {
    let least = starts.iter().min().copied().unwrap_or(0);
    (least, starts.iter().max().copied().unwrap_or(0))
}

/// Returns the lines of a table.
pub(super) fn table(module: &Module, call: &str, own: &Measurement) -> Vec<String> {
    let results: Vec<_> = own
        .results
        .iter()
        .map(|&value| values::show(value))
        .collect();
    let mut lines = vec![format!(
        "{}: {call} = {} on {}, engine {}",
        module.path.display(),
        if results.is_empty() {
            "nothing".to_owned()
        } else {
            results.join(", ")
        },
        own.board,
        own.engine.name()
    )];
    let mut row = |name: &str, number: u64, note: String| {
        lines.push(line(name, number, &note));
    };
    let cycles = |word: &str| {
        let cycles = own.cycles.get(word);
        cycles.map_or_else(String::new, |cycles| {
            format!("modelled cycles: {}", group(*cycles))
        })
    };
    let (least, most) = start_range(&own.starts);
    let starts = if most - least <= own.tick {
        let exact = if own.tick == 0 { "" } else { ", to a tick" };
        format!("{} times the same{exact}", own.starts.len())
    } else {
        format!("{} times, {} at the least", own.starts.len(), group(least))
    };
    row(
        "start, instructions",
        most,
        [starts, cycles("start")].join("  "),
    );
    if let Some(count) = own.start_function {
        row(
            "start function, instructions",
            count,
            cycles("start_function"),
        );
    }
    row("call, instructions", own.run, cycles("run"));
    if let Some(count) = own.check {
        let note = format!("at each boot; {} a byte", tenths(count, own.image_bytes));
        row("integrity check, instructions", count, note);
    }
    if let Some(count) = own.verify {
        let note = format!(
            "once, when it is installed, with the check; {} a byte",
            tenths(count, own.image_bytes)
        );
        row("verification, instructions", count, note);
    }
    row("call, fuel charged", own.fuel, String::new());
    let of = format!("of {} bytes of Wasm", group(own.wasm_bytes as u64));
    let image = match own.engine {
        EngineName::Mote => "image in flash, bytes",
        EngineName::Wasmi => "Wasm in flash, bytes",
    };
    row(
        image,
        own.image_bytes as u64,
        if own.engine == EngineName::Mote {
            of
        } else {
            String::new()
        },
    );
    row(
        "this firmware in flash, bytes",
        own.flash_bytes,
        String::new(),
    );
    row("guest memory, bytes", own.memory_bytes, String::new());
    row(
        "RAM beside it, without frames",
        own.ram_bytes,
        String::new(),
    );
    row(
        "RAM beside it, with frames",
        own.ram_bytes + own.frame_bytes,
        format!("frames: {}", group(own.frame_bytes)),
    );
    row(
        "native stack meanwhile, bytes",
        own.native_stack_bytes,
        String::new(),
    );
    lines
}

fn tenths(count: u64, bytes: usize) -> String {
    let tenths = (count * 10).checked_div(bytes as u64).unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Returns the measurement as JSON. A single result is itself; integers are numbers.
pub(super) fn json(own: &Measurement) -> serde_json::Value {
    let (least, most) = start_range(&own.starts);
    let result = match own.results.as_slice() {
        [] => serde_json::Value::Null,
        [value] => plain(*value),
        values => values.iter().map(|value| plain(*value)).collect(),
    };
    let results: Vec<_> = own
        .results
        .iter()
        .map(|value| values::to_json(*value))
        .collect();
    let mut object = json!({
        "board": own.board,
        "engine": own.engine.name(),
        "result": result,
        "results": results,
        "start_instructions": most,
        "start_instructions_least": least,
        "starts": own.starts.len(),
        "start_function_instructions": own.start_function,
        "run_instructions": own.run,
        "check_instructions": own.check,
        "verify_instructions": own.verify,
        "fuel": own.fuel,
        "wasm_bytes": own.wasm_bytes,
        "image_bytes": own.image_bytes,
        "flash_bytes": own.flash_bytes,
        "memory_bytes": own.memory_bytes,
        "ram_bytes": own.ram_bytes,
        "frame_bytes": own.frame_bytes,
        "ram_with_frames_bytes": own.ram_bytes + own.frame_bytes,
        "native_stack_bytes": own.native_stack_bytes,
    });
    if !own.cycles.is_empty() {
        let cycles: Map<_, _> = own
            .cycles
            .iter()
            .map(|(word, cycles)| ((*word).to_owned(), json!(cycles)))
            .collect();
        object["cycles"] = cycles.into();
    }
    object
}

fn plain(value: Value) -> serde_json::Value {
    match value {
        Value::I32(number) => json!(number),
        Value::I64(number) => json!(number),
        Value::F32(bits) if f32::from_bits(bits).is_finite() => json!(f32::from_bits(bits)),
        Value::F64(bits) if f64::from_bits(bits).is_finite() => json!(f64::from_bits(bits)),
        Value::F32(_) | Value::F64(_) | Value::FuncRef(_) | Value::ExternRef(_) => {
            json!(values::show(value))
        }
    }
}
