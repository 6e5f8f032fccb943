//! Names of modules, capabilities, pins and boards.

use mote_abi::NAME_MAX_BYTES;

/// A name of at most [`NAME_MAX_BYTES`] bytes of UTF-8.
pub type Name = heapless::String<NAME_MAX_BYTES>;

/// A name that is longer than [`NAME_MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTooLong;

/// Makes a name of a text.
///
/// # Errors
///
/// Where the text is longer than [`NAME_MAX_BYTES`] bytes.
pub fn name(text: &str) -> Result<Name, NameTooLong> {
    Name::try_from(text).map_err(|_| NameTooLong)
}
