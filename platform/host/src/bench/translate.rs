//! `mote bench --translate`: the translator on the board.

use mote_image::crc32_continue;
use mote_translate::Rule;
use mote_translate_image::Limit;
use serde_json::json;

use super::plan::Plan;
use super::show::line;
use super::{BenchBoard, Ran, broken, run};
use crate::cli::BenchArguments;
use crate::exit::{Code, Failure};
use crate::inspect::group;
use crate::module::Module;
use crate::terminal;
use crate::translation::Translation;
use mote_toolchain::Target;

/// The numbers of the back end's limits begin here, after those of the front end's rules.
const FIRST_LIMIT: u64 = 1_000;

/// The back end's limits.
const LIMITS: [Limit; 8] = [
    Limit::Code,
    Limit::Branches,
    Limit::Branch,
    Limit::Frame,
    Limit::Count,
    Limit::Output,
    Limit::Symbols,
    Limit::Operand,
];

/// Translates on the board and compares with this machine's image.
pub(super) fn translate(
    module: &Module,
    board: &BenchBoard,
    arguments: &BenchArguments,
) -> Result<Code, Failure> {
    if board.device.target == Target::ThumbV6M {
        return Err(Failure::usage(format!(
            "--translate: what stands for flash is RAM, of which {} has too little; use \
             --board mps2-an386",
            board.name()
        )));
    }
    let refused = |why: &str| Failure::refused(format!("{}: {why}", module.path.display()));
    let own = Translation::of(&module.wasm).map_err(|error| refused(&error.to_string()))?;
    let own = own.bytes();
    let plan = Plan {
        starts: 0,
        fuel: 0,
        stack_words: 0,
        memory_bytes: 0,
        arguments: &[],
        export: "",
        payload: &module.wasm,
    };
    let Ran {
        said,
        cycles,
        flash_bytes,
    } = run(&plan, &["translate"], board, arguments)?;
    broken(&said)?;
    if let Some([offset, number]) = said.pair("refused") {
        let why = match number.checked_sub(FIRST_LIMIT) {
            Some(number) => LIMITS
                .iter()
                .find(|limit| **limit as u64 == number)
                .map(|limit| limit.message().to_owned()),
            None => usize::try_from(number)
                .ok()
                .and_then(|number| Rule::ALL.get(number))
                .map(ToString::to_string),
        };
        return Err(refused(&format!(
            "{} does not take it: {} (at byte {offset:#x})",
            board.name(),
            why.unwrap_or_else(|| format!("rule {number}"))
        )));
    }
    let number = |word: &str| {
        said.number(word)
            .ok_or_else(|| anyhow::anyhow!("the firmware did not say {word:?}: {said:?}"))
    };
    let same =
        number("image")? == own.len() as u64 && number("crc")? == u64::from(crc32_continue(0, own));
    if !same {
        return Err(Failure {
            code: Code::Different,
            message: format!(
                "{}: the image that {} made is not this machine's: {} and {} bytes",
                module.path.display(),
                board.name(),
                number("image")?,
                own.len()
            ),
        });
    }
    let instructions = said.instructions("translate").first().copied();
    let instructions = instructions.unwrap_or(0);
    let (buffers, stack) = (number("buffers")?, number("stack")?);
    if arguments.json {
        let mut object = json!({
            "board": board.name(),
            "translate_instructions": instructions,
            "wasm_bytes": module.wasm.len(),
            "image_bytes": own.len(),
            "flash_bytes": flash_bytes,
            "buffer_bytes": buffers,
            "ram_bytes": stack,
        });
        if let Some(cycles) = cycles.get("translate") {
            object["cycles"] = json!({"translate": cycles});
        }
        terminal::out(&object.to_string());
        return Ok(Code::Success);
    }
    let per_byte = instructions / (module.wasm.len() as u64).max(1);
    for text in [
        format!(
            "{}: translated on {}, the same image as on this machine",
            module.path.display(),
            board.name()
        ),
        line(
            "translation, instructions",
            instructions,
            &format!("{per_byte} a byte of Wasm"),
        ),
        line("Wasm, bytes", module.wasm.len() as u64, ""),
        line("image, bytes", own.len() as u64, ""),
        line("this firmware in flash, bytes", flash_bytes, ""),
        line(
            "RAM meanwhile, native stack included",
            stack,
            &format!("buffers and back end: {}", group(buffers)),
        ),
    ] {
        terminal::out(&text);
    }
    Ok(Code::Success)
}
