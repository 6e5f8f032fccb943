//! Finds the module that a person means, and its manifest.
//!
//! | what is given | what it means |
//! | --- | --- |
//! | a folder | its `manifest.toml`; the module is the manifest's `wasm`, or else built by cargo |
//! | a file `.toml` | that manifest, and its `wasm` |
//! | any other file | a Wasm file, its text form, or an image; its manifest is the `.toml` of the same name |

use std::fs;
use std::path::{Path, PathBuf};

use mote_image::Symbols;
use mote_manifest::ManifestFile;
use mote_supervisor::manifest::Manifest;
use mote_toolchain::{Build, Need, Toolchain};

use crate::exit::Failure;
use crate::terminal;
use crate::translation::{are_of, is_image};

/// A module, ready to run.
#[derive(Debug)]
pub(crate) struct Module {
    /// The Wasm file's bytes, or an image's.
    pub(crate) wasm: Vec<u8>,
    /// The symbols beside an image, if there are any.
    pub(crate) symbols: Vec<u8>,
    /// Where they come from.
    pub(crate) path: PathBuf,
    /// What it is and asks for; made up where it has none.
    pub(crate) manifest: Manifest,
    /// Where the manifest comes from, if there is one.
    pub(crate) manifest_path: Option<PathBuf>,
}

impl Module {
    /// Finds a module. `manifest` is where its manifest is, if not in its usual place.
    pub(crate) fn find(path: &Path, manifest: Option<&Path>) -> Result<Self, Failure> {
        if !path.exists() {
            return Err(Failure::not_found(format!(
                "{}: no such file or folder; give a Wasm file, a .wat file, a manifest, or a \
                 folder with a manifest.toml",
                path.display()
            )));
        }
        let is_toml = path
            .extension()
            .is_some_and(|extension| extension == "toml");
        if path.is_dir() || is_toml {
            let own = if is_toml {
                path.to_owned()
            } else {
                path.join("manifest.toml")
            };
            return Self::of_manifest(manifest.unwrap_or(&own), path);
        }
        let wasm = read_wasm(path)?;
        let beside = path.with_extension("toml");
        let manifest_path = match manifest {
            Some(path) => Some(path.to_owned()),
            None => beside.is_file().then_some(beside),
        };
        let manifest = match &manifest_path {
            Some(path) => read_manifest(path)?.manifest,
            None => Manifest::nameless(name_of(path)),
        };
        Ok(Self {
            symbols: symbols_beside(path, &wasm),
            wasm,
            path: path.to_owned(),
            manifest,
            manifest_path,
        })
    }

    fn of_manifest(manifest_path: &Path, given: &Path) -> Result<Self, Failure> {
        let file = read_manifest(manifest_path)?;
        let folder = manifest_path.parent().unwrap_or(Path::new("."));
        let path = match &file.wasm {
            Some(wasm) => folder.join(wasm),
            None if folder.join("Cargo.toml").is_file() => build(folder)?,
            None => {
                return Err(Failure::not_found(format!(
                    "{}: does not say where the module is: add wasm = \"FILE\" to [module] in {}, \
                     or a Cargo.toml beside it to build one",
                    given.display(),
                    manifest_path.display()
                )));
            }
        };
        let wasm = read_wasm(&path)?;
        let manifest_path = Some(manifest_path.to_owned());
        Ok(Self {
            symbols: symbols_beside(&path, &wasm),
            wasm,
            path,
            manifest: file.manifest,
            manifest_path,
        })
    }
}

/// Builds a module in Rust.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let toolchain = Toolchain::ready(&[Need::Guest])?;
    Ok(toolchain.build_guest(&Build::folder(folder))?)
}

fn read_manifest(path: &Path) -> Result<ManifestFile, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
    mote_manifest::parse_manifest(&text)
        .map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

/// Reads a Wasm file; the text form is turned into the binary one.
fn read_wasm(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::unreadable(path, &error))?;
    let is_text = path.extension().is_some_and(|extension| extension == "wat");
    if !is_text {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Failure::refused(format!(
            "{}: not UTF-8 at byte {}, which the text format has to be",
            path.display(),
            error.utf8_error().valid_up_to()
        ))
    })?;
    wat::parse_str(&text).map_err(|mut error| {
        error.set_path(path);
        Failure::refused(error.to_string().trim_end().to_owned())
    })
}

/// Reads the symbols of an image: the `.symbols` of the same name. Nothing depends on them, so
/// what is wrong with them is told, and no more.
fn symbols_beside(path: &Path, code: &[u8]) -> Vec<u8> {
    let beside = path.with_extension("symbols");
    if !is_image(code) || !beside.is_file() {
        return Vec::new();
    }
    let wrong = match fs::read(&beside) {
        Err(error) => format!("cannot be read: {error}"),
        Ok(bytes) => match Symbols::open(&bytes) {
            Err(error) => error.message().to_owned(),
            // Of an image that is none it does not matter.
            Ok(symbols) if !are_of(&symbols, code) => "the symbols of another image".to_owned(),
            Ok(_) => return bytes,
        },
    };
    terminal::note(&format!("{}: {wrong}; left out", beside.display()));
    Vec::new()
}

/// Makes a name of a file's.
fn name_of(path: &Path) -> mote_supervisor::Name {
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy())
        .unwrap_or_default();
    let mut name = mote_supervisor::Name::new();
    for character in stem
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
    {
        if name.push(character).is_err() {
            break;
        }
    }
    if name.is_empty() {
        mote_supervisor::name("module").unwrap_or_default()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;

    #[test]
    fn module_beside_its_manifest_is_found_from_each_side() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("led.wat"), "(module)").unwrap();
        let manifest = "[module]\nname = \"led\"\nversion = \"1.2.3\"\nabi = 0\nwasm = \"led.wat\"";
        fs::write(at("led.toml"), manifest).unwrap();
        fs::copy(at("led.toml"), at("manifest.toml")).unwrap();
        for path in [at("led.wat"), at("led.toml"), folder.path().to_owned()] {
            let module = Module::find(&path, None).unwrap();
            assert_eq!(module.wasm, b"\0asm\x01\0\0\0");
            assert_eq!(module.manifest.version.minor, 2);
        }
    }

    #[test]
    fn module_without_a_manifest_is_named_for_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("a b{}.wasm", "ä".repeat(40)));
        fs::write(&path, b"anything").unwrap();
        let module = Module::find(&path, None).unwrap();
        assert!(module.manifest.name.starts_with("abä") && module.manifest.name.len() <= 32);
        assert_eq!(module.manifest_path, None);
    }

    #[test]
    fn what_is_missing_or_unreadable_is_told_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let missing = Module::find(&at("none.wasm"), None).unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
        let bare = Module::find(folder.path(), None).unwrap_err();
        assert_eq!(bare.code, Code::NotFound);
        assert!(bare.message.contains("manifest.toml"), "{bare}");
        fs::write(at("bad.wat"), "(module (func (nonsense)))").unwrap();
        let bad = Module::find(&at("bad.wat"), None).unwrap_err();
        assert_eq!(bad.code, Code::Refused);
        assert!(bad.message.contains("bad.wat:1"), "{bad}");
        fs::write(at("latin.wat"), b"(module \xff)").unwrap();
        let latin = Module::find(&at("latin.wat"), None).unwrap_err();
        assert!(latin.message.contains("byte 8"), "{latin}");
    }
}
