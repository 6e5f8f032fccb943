//! `mote inspect`: what a module is, needs and asks for, without running it.

use mote_supervisor::grant;
use serde_json::json;

use crate::boards::Board;
use crate::cli::InspectArguments;
use crate::disassembly::Disassembly;
use crate::exit::{Code, Failure};
use crate::inspect::{self, ImageState, Inspection};
use crate::module::Module;
use crate::terminal;
use crate::translate_command::facts;
use crate::translation::{Refused, Translation, is_image};

/// `mote inspect`.
pub(crate) fn inspect(arguments: &InspectArguments) -> Result<Code, Failure> {
    let board = Board::find(&arguments.board)?;
    let module = Module::find(&arguments.module, arguments.manifest.as_deref())?;
    if is_image(&module.wasm) {
        return inspect_image(&module, arguments);
    }
    let mut inspection = inspect::inspect(&module.wasm)
        .map_err(|error| Failure::refused(format!("{}: {error}", module.path.display())))?;
    let translation = Translation::with_symbols(&module);
    if arguments.disassemble && !arguments.json {
        let translation = translation.map_err(|error| refused(&module, &error))?;
        return disassemble(&module, &translation);
    }
    let made = translation
        .and_then(|translation| Ok((facts(&translation, &module.manifest)?, translation)));
    let disassembly = match &made {
        Ok((_, translation)) if arguments.disassemble => {
            let verified = translation
                .verified()
                .map_err(|error| refused(&module, &error))?;
            Some(Disassembly::of(translation, verified.image()).to_json())
        }
        _ => None,
    };
    inspection.add_image(match made {
        Ok((facts, _)) => ImageState::Made(facts),
        Err(error) => ImageState::Refused {
            reason: error.to_string(),
        },
    });
    if let Some(path) = &module.manifest_path {
        let policy = board.read_policy(arguments.policy.as_deref())?;
        let mut decisions = Vec::new();
        grant::decide(
            &module.manifest.borrowed(),
            &policy.policy(),
            board.description(),
            |decision| decisions.push(decision.to_owned()),
        )
        .map_err(|_| Failure::refused(format!("{}: names one capability twice", path.display())))?;
        inspection.add_manifest(&module.manifest, Some(&decisions));
    }
    show(&inspection, disassembly, arguments)
}

fn show(
    inspection: &Inspection,
    disassembly: Option<serde_json::Value>,
    arguments: &InspectArguments,
) -> Result<Code, Failure> {
    if arguments.json {
        let mut json = inspection.to_json();
        if let Some(json) = json.as_object_mut() {
            json.extend(disassembly.map(|code| ("disassembly".to_owned(), code)));
        }
        terminal::out(&json.to_string());
        return Ok(Code::Success);
    }
    write(|text| inspection.write_table(text))
}

/// Shows an image, of which nothing is known but what it says itself: it is checked first.
fn inspect_image(module: &Module, arguments: &InspectArguments) -> Result<Code, Failure> {
    let translation = Translation::with_symbols(module).map_err(|error| refused(module, &error))?;
    let facts = facts(&translation, &module.manifest).map_err(|error| refused(module, &error))?;
    if arguments.json {
        let mut json = json!({ "kind": "image", "image": ImageState::Made(facts) });
        if let Some(json) = json.as_object_mut().filter(|_| arguments.disassemble) {
            let verified = translation
                .verified()
                .map_err(|error| refused(module, &error))?;
            let code = Disassembly::of(&translation, verified.image()).to_json();
            json.insert("disassembly".to_owned(), code);
        }
        terminal::out(&json.to_string());
        return Ok(Code::Success);
    }
    if arguments.disassemble {
        return disassemble(module, &translation);
    }
    write(|text| inspect::write_image_alone(&facts, text))
}

fn disassemble(module: &Module, translation: &Translation) -> Result<Code, Failure> {
    let verified = translation
        .verified()
        .map_err(|error| refused(module, &error))?;
    let text = Disassembly::of(translation, verified.image()).text();
    terminal::out(text.trim_end());
    Ok(Code::Success)
}

fn refused(module: &Module, error: &Refused) -> Failure {
    Failure::refused(format!("{}: refused: {error}", module.path.display()))
}

fn write(table: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Code, Failure> {
    let mut text = Vec::new();
    table(&mut text)
        .map_err(|error| Failure::usage(format!("the table cannot be written: {error}")))?;
    terminal::out(String::from_utf8_lossy(&text).trim_end());
    Ok(Code::Success)
}
