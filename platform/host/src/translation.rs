//! A module's image on this machine: translated from a Wasm file, or read from a file.
//!
//! The translator gives the same image for the same file on every machine, so that what a device
//! says of its image can be looked up in symbols that are made here.

use std::collections::HashMap;
use std::fmt;

use mote_image::{ExportKind, Image, Instruction, MAGIC, Symbols, Verified, verify};
use mote_supervisor::report::WirePlace;
use mote_translate::{Failure, Options, Rule, RuleKind};
use mote_translate_image::{Limit, translate_to_vec, translate_with_symbols};

use crate::inspect;
use crate::module::Module;

/// The features that are accepted: all that there are.
const OPTIONS: Options = Options { floats: true };

/// Tells whether a file is an image, and no Wasm file.
pub(crate) fn is_image(file: &[u8]) -> bool {
    file.starts_with(&MAGIC)
}

/// Tells whether symbols are those of an image.
pub(crate) fn are_of(symbols: &Symbols<'_>, image: &[u8]) -> bool {
    let aligned = Translation::new(image, Vec::new());
    Image::open(aligned.bytes()).is_ok_and(|image| symbols.belong_to(&image))
}

/// Why a module has no image that can be run, in words for whoever gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Refused {
    /// Says where the translator stopped, and which rule or limit it met.
    fn by_translator(wasm: &[u8], failure: &Failure<Limit>) -> Self {
        let (offset, rule) = match failure {
            Failure::Rejected(error) => {
                let found = match error.rule.kind() {
                    RuleKind::Specification => detail(wasm, error),
                    RuleKind::Unsupported | RuleKind::Limit | RuleKind::Backend => None,
                };
                (
                    error.offset,
                    found.unwrap_or_else(|| error.rule.to_string()),
                )
            }
            Failure::Backend { offset, error } => (*offset, format!("does not fit: {error}")),
        };
        // The translator tells what is wrong in a section with the place behind it.
        let before = offset.saturating_sub(1);
        let order = matches!(failure, Failure::Rejected(it) if it.rule == Rule::SectionOrder);
        let inside = |offset: u32| inspect::place(wasm, offset.into());
        let place = match inside(offset) {
            Some(place) if order || place.starts_with("function") => Some(place),
            place => inside(before).or(place),
        };
        let place = place
            .map(|place| format!(" in {place}"))
            .unwrap_or_default();
        Self(format!("at {offset:#x}{place}: {rule}"))
    }
}

/// What the host's validator says beyond the rule, if it finds the same thing: such as which type
/// was expected. The translator, which is for devices too, has no room for that.
fn detail(wasm: &[u8], error: &mote_translate::Error) -> Option<String> {
    let found = wasmparser::Validator::new().validate_all(wasm).err()?;
    let rule = error.rule.message();
    let says_more = found.message().starts_with(rule) && found.message().len() > rule.len();
    (found.offset() == u64::from(error.offset) && says_more).then(|| found.message().to_owned())
}

/// A module's image, and its symbols if they were asked for and are there.
#[derive(Debug, Default)]
pub(crate) struct Translation {
    /// The image, in words, so that it is aligned.
    words: Vec<u32>,
    length: usize,
    symbols: Vec<u8>,
}

impl Translation {
    fn new(image: &[u8], symbols: Vec<u8>) -> Self {
        Self {
            words: bytemuck::pod_collect_to_vec(image),
            length: image.len(),
            symbols,
        }
    }

    /// Translates a Wasm file, or takes an image as it is.
    pub(crate) fn of(code: &[u8]) -> Result<Self, Refused> {
        if is_image(code) {
            return Ok(Self::new(code, Vec::new()));
        }
        let image = translate_to_vec(code, OPTIONS)
            .map_err(|failure| Refused::by_translator(code, &failure))?;
        Ok(Self::new(&image, Vec::new()))
    }

    /// The same, with symbols; those of an image are what was found beside it.
    pub(crate) fn with_symbols(module: &Module) -> Result<Self, Refused> {
        if is_image(&module.wasm) {
            return Ok(Self::new(&module.wasm, module.symbols.clone()));
        }
        let both = translate_with_symbols(&module.wasm, OPTIONS)
            .map_err(|failure| Refused::by_translator(&module.wasm, &failure))?;
        Ok(Self::new(&both.image, both.symbols))
    }

    /// Checks the image: one from a file may be anybody's, one from the translator may be wrong.
    pub(crate) fn verified(&self) -> Result<Verified<'_>, Refused> {
        let refused = |rejected| Refused(format!("the image is not accepted: {rejected}"));
        let image = Image::open(self.bytes()).map_err(refused)?;
        let mut scratch = vec![0; image.scratch_bytes()];
        verify(image, &mut scratch).map_err(refused)
    }

    /// Returns the image's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        let all: &[u8] = bytemuck::cast_slice(&self.words);
        all.get(..self.length).unwrap_or(all)
    }

    /// Returns the symbols' bytes; none where there are none.
    pub(crate) fn symbols_bytes(&self) -> &[u8] {
        &self.symbols
    }

    /// Returns the symbols, if they are there, whole, and this image's.
    pub(crate) fn symbols(&self) -> Option<Symbols<'_>> {
        let symbols = Symbols::open(&self.symbols).ok()?;
        let image = Image::open(self.bytes()).ok()?;
        symbols.belong_to(&image).then_some(symbols)
    }

    /// Returns the names of functions: of imports what they are asked for by, of others what the
    /// symbols say, or the name that they are exported by.
    pub(crate) fn names(&self) -> HashMap<u32, String> {
        let mut names = HashMap::new();
        let Ok(image) = Image::open(self.bytes()) else {
            return names;
        };
        for (function, index) in (0..image.header().imports).zip(0..) {
            if let Some(import) = image.import(index) {
                let name = || format!("{}.{}", import.module, import.name);
                names.entry(function.into()).or_insert_with(name);
            }
        }
        if let Some(symbols) = self.symbols() {
            for (function, name) in symbols.names() {
                names.entry(function).or_insert_with(|| name.to_owned());
            }
        }
        for export in image.exports() {
            if export.kind == ExportKind::Function {
                names
                    .entry(export.index)
                    .or_insert_with(|| export.name.to_owned());
            }
        }
        names
    }

    /// Looks up the places of a backtrace.
    pub(crate) fn frames(&self, places: &[WirePlace]) -> Vec<Frame> {
        let names = self.names();
        let symbols = self.symbols();
        let frame = |place: &WirePlace| Frame {
            function: place.function,
            name: names.get(&place.function).cloned(),
            code_offset: self.instruction_at(*place),
            wasm_offset: symbols.and_then(|it| it.wasm_offset(place.code_offset)),
        };
        places.iter().map(frame).collect()
    }

    /// Returns where the instruction begins that has this place in it.
    fn instruction_at(&self, place: WirePlace) -> u32 {
        let begin = || {
            let image = Image::open(self.bytes()).ok()?;
            let record = image.function(usize::try_from(place.function).ok()?)?;
            let mut at = record.code;
            loop {
                let rest = image.code().get(usize::try_from(at).ok()?..)?;
                let length = Instruction::decode(rest)?.length();
                let next = at.checked_add(u32::try_from(length).ok()?)?;
                if next > place.code_offset {
                    return (at <= place.code_offset).then_some(at);
                }
                at = next;
            }
        };
        begin().unwrap_or(place.code_offset)
    }
}

/// A function that a module stood in, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) function: u32,
    pub(crate) name: Option<String>,
    /// The instruction, in bytes from the start of the image's code.
    pub(crate) code_offset: u32,
    /// The operator, in bytes from the beginning of the Wasm file, where symbols say that.
    pub(crate) wasm_offset: Option<u32>,
}

impl Frame {
    /// A place that nothing more is known of.
    pub(crate) fn of(place: WirePlace) -> Self {
        Self {
            function: place.function,
            name: None,
            code_offset: place.code_offset,
            wasm_offset: None,
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = inspect::show_function(self.function, self.name.as_deref());
        match self.wasm_offset {
            Some(offset) => write!(formatter, "{function} at {offset:#x}"),
            None => write!(
                formatter,
                "{function} at {:#x} of the image's code",
                self.code_offset
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(wasm: &[u8]) -> String {
        Translation::of(wasm).unwrap_err().to_string()
    }

    #[test]
    fn refusals_say_where_in_which_function_and_by_which_rule() {
        let wat = |text: &str| wat::parse_str(text).unwrap();
        let mismatch = wat("(module (func) (func $f (result i32) (i64.const 1)))");
        assert_eq!(
            refused(&mismatch),
            "at 0x21 in function \"f\" (#1): type mismatch: expected i32, found i64"
        );
        let vector = wat("(module (func (drop (v128.const i64x2 0 0))))");
        let vector = refused(&vector);
        assert!(
            vector.contains("function #0: not supported: SIMD (proposal `simd`)"),
            "{vector}"
        );
        let memory = wat("(module (import \"a\" \"m\" (memory 1)))");
        let memory = refused(&memory);
        assert!(
            memory.contains("in import section: not supported: an imported memory"),
            "{memory}"
        );
        let locals = format!("(module (func (local {})))", "i64 ".repeat(33_000));
        let locals = refused(&wat(&locals));
        assert!(
            locals.contains("in function #0: does not fit: a function has more locals"),
            "{locals}"
        );
    }
}
