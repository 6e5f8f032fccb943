//! `mote translate`: from a Wasm file to the image that devices execute.

use std::fs;
use std::path::Path;

use anyhow::Context;
use mote_supervisor::manifest::Manifest;
use serde_json::json;

use crate::cli::TranslateArguments;
use crate::exit::{Code, Failure};
use crate::inspect::{self, ImageFacts, write_image_alone};
use crate::module::Module;
use crate::terminal;
use crate::translation::{Refused, Translation, is_image};

/// `mote translate`.
pub(crate) fn translate(arguments: &TranslateArguments) -> Result<Code, Failure> {
    let module = Module::find(&arguments.module, None)?;
    let path = module.path.display();
    if is_image(&module.wasm) {
        return Err(Failure::usage(format!(
            "{path}: an image already; give the Wasm file"
        )));
    }
    // It says more of what is no module at all, or breaks off.
    inspect::inspect(&module.wasm).map_err(|error| Failure::refused(format!("{path}: {error}")))?;
    let refused = |error: Refused| Failure::refused(format!("{path}: refused: {error}"));
    let translation = Translation::with_symbols(&module).map_err(refused)?;
    let facts = facts(&translation, &module.manifest).map_err(refused)?;
    write(&arguments.output, translation.bytes())?;
    if let Some(symbols) = &arguments.symbols {
        write(symbols, translation.symbols_bytes())?;
    }
    if arguments.json {
        terminal::out(&json!(facts).to_string());
        return Ok(Code::Success);
    }
    let mut text = Vec::new();
    write_image_alone(&facts, &mut text)
        .map_err(|error| Failure::usage(format!("the table cannot be written: {error}")))?;
    terminal::out(String::from_utf8_lossy(&text).trim_end());
    Ok(Code::Success)
}

/// Reads what an image says of itself, after it was checked.
pub(crate) fn facts(translation: &Translation, manifest: &Manifest) -> Result<ImageFacts, Refused> {
    let verified = translation.verified()?;
    let names = translation.names();
    let symbols = translation.symbols_bytes().len();
    Ok(ImageFacts::of(
        verified.image(),
        manifest,
        symbols,
        |function| names.get(&function).cloned(),
    ))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let context = || format!("{}: cannot be written", path.display());
    Ok(fs::write(path, bytes).with_context(context)?)
}
