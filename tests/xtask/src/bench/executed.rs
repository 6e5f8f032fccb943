//! Counts the WebAssembly instructions that a call executes, to compare with the fuel that it is
//! charged.

use anyhow::{Context as _, Result, anyhow, ensure};
use mote_engine::{Engine as _, Value};
use mote_engine_suite::{EXECUTED, Ended, call, counted, start, to_image, verified};

/// Calls `run` of a module with one argument; returns how many instructions it executed.
pub(super) fn executed(wasm: &[u8], argument: i32) -> Result<u64> {
    let counting = counted(wasm).context("counters cannot be written into the module")?;
    let image = to_image(&counting).map_err(|error| anyhow!("{error:?}"))?;
    let verified = verified(&image).map_err(|error| anyhow!("{error:?}"))?;
    let mut engine = start(verified, 16 * 1024, 0).map_err(|error| anyhow!("{error:?}"))?;
    let run = engine.exported_function("run").context("no export `run`")?;
    let ending = call(&mut engine, run, &[Value::I32(argument)], &mut |_, _| {
        Vec::new()
    });
    ensure!(matches!(ending, Ended::Returned(_)), "{ending:?}");
    match engine.exported_global(EXECUTED) {
        Some(Value::I64(count)) => Ok(count.cast_unsigned()),
        other => Err(anyhow!("the counter is {other:?}")),
    }
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
