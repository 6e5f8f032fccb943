//! Linking: what each import of a module is.
//!
//! A module may import the functions of the guest ABI with exactly their types and nothing else.
//! All that is wrong is reported, not only the first, before anything runs.

use heapless::Vec;
use mote_abi::{HostFunction, IMPORT_MODULE};
use mote_engine::{Engine, Import, ImportIndex};

use crate::report::{LinkError, Observer, Report};

/// Most functions that a module can import. The ABI has fewer, but one may be imported twice.
pub const IMPORTS_MAX: usize = 32;

/// What each import of a module is, in the order of its imports.
pub type Links = Vec<HostFunction, IMPORTS_MAX>;

/// Longest part of an import's name that is reported, in bytes.
const REPORTED_NAME_MAX_BYTES: usize = 64;

/// Resolves all imports, or reports each that cannot be and returns nothing.
#[inline(never)]
pub fn link<E: Engine>(engine: &E, observer: &mut impl Observer) -> Option<Links> {
    let mut links = Links::new();
    let mut all_good = true;
    for index in 0.. {
        let Some(import) = engine.import(ImportIndex(index)) else {
            break;
        };
        let resolved = resolve(&import)
            .and_then(|function| links.push(function).map_err(|_| LinkError::TooMany));
        if let Err(error) = resolved {
            all_good = false;
            observer.report(&Report::ImportRefused {
                module: cut(import.module, REPORTED_NAME_MAX_BYTES),
                name: cut(import.name, REPORTED_NAME_MAX_BYTES),
                error,
            });
            if error == LinkError::TooMany {
                break;
            }
        }
    }
    all_good.then_some(links)
}

/// Resolves one import.
///
/// # Errors
///
/// Where nothing of that name is offered, or with another type.
pub fn resolve(import: &Import<'_>) -> Result<HostFunction, LinkError> {
    if import.module != IMPORT_MODULE {
        return Err(LinkError::Unknown);
    }
    let function = HostFunction::from_name(import.name).ok_or(LinkError::Unknown)?;
    let parameters = function
        .parameters()
        .iter()
        .map(|parameter| parameter.wasm_byte());
    let same = parameters.eq(import.signature.parameters.iter().copied())
        && import.signature.results == [function.result().wasm_byte()];
    if same {
        Ok(function)
    } else {
        Err(LinkError::WrongType)
    }
}

/// Returns the longest beginning of a text that has at most so many bytes.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = bytes_max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_engine::Signature;

    #[test]
    fn import_with_another_name_or_type_is_refused() {
        let import = |module, name, parameters| Import {
            module,
            name,
            signature: Signature {
                parameters,
                results: &[0x7f],
            },
        };
        let good = import(IMPORT_MODULE, "gpio.write", &[0x7f, 0x7f]);
        assert_eq!(resolve(&good), Ok(HostFunction::GpioWrite));
        let elsewhere = import("env", "gpio.write", &[0x7f, 0x7f]);
        assert_eq!(resolve(&elsewhere), Err(LinkError::Unknown));
        let unknown = import(IMPORT_MODULE, "gpio.explode", &[0x7f, 0x7f]);
        assert_eq!(resolve(&unknown), Err(LinkError::Unknown));
        for parameters in [&[0x7f][..], &[0x7f, 0x7e], &[0x7f, 0x7f, 0x7f]] {
            let wrong = import(IMPORT_MODULE, "gpio.write", parameters);
            assert_eq!(resolve(&wrong), Err(LinkError::WrongType));
        }
    }

    #[test]
    fn cut_keeps_characters_whole() {
        assert_eq!(cut("abc", 64), "abc");
        assert_eq!(cut("aäb", 2), "a");
        assert_eq!(cut("", 0), "");
    }
}
