//! The words that manifests and policies share: names, interfaces, rights, levels.

use mote_abi::{LogLevel, NAME_MAX_BYTES};
use mote_supervisor::Name;
use mote_supervisor::capability::{Interface, Rights};

use crate::ParseError;

pub(crate) fn name(place: &str, text: &str) -> Result<Name, ParseError> {
    if text.is_empty() {
        return Err(ParseError::at(place, "a name must not be empty"));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(ParseError::at(
            place,
            format!("{text:?} has a space or a control character"),
        ));
    }
    mote_supervisor::name(text).map_err(|_| {
        ParseError::at(
            place,
            format!(
                "{text:?} has {} bytes; a name has at most {NAME_MAX_BYTES}",
                text.len()
            ),
        )
    })
}

pub(crate) fn interface(place: &str, text: &str) -> Result<Interface, ParseError> {
    Interface::from_name(text).ok_or_else(|| {
        let known: Vec<&str> = Interface::ALL
            .iter()
            .map(|interface| interface.name())
            .collect();
        ParseError::at(
            place,
            format!("no interface {text:?}; there are {}", known.join(", ")),
        )
    })
}

/// Reads a list of rights; without one it is all that the interface has.
pub(crate) fn rights(
    place: &str,
    interface: Interface,
    words: Option<&[String]>,
) -> Result<Rights, ParseError> {
    let Some(words) = words else {
        return Ok(interface.rights());
    };
    let mut rights = Rights::empty();
    for word in words {
        let right = Rights::from_word(word).filter(|right| interface.rights().contains(*right));
        rights |= right.ok_or_else(|| {
            let message = format!(
                "{} has no right {word:?}; it has {}",
                interface.name(),
                interface.rights()
            );
            ParseError::at(place, message)
        })?;
    }
    if rights.is_empty() {
        return Err(ParseError::at(
            place,
            "an empty list of rights asks for nothing; leave it out",
        ));
    }
    Ok(rights)
}

/// Reads a log level; the default is for an interface `log` that names none.
pub(crate) fn log_level(
    place: &str,
    interface: Interface,
    word: Option<&str>,
    default: LogLevel,
) -> Result<u8, ParseError> {
    match (interface, word) {
        (Interface::Log, None) => Ok(default as u8),
        (Interface::Log, Some(word)) => {
            let level = LogLevel::ALL.into_iter().find(|level| level.name() == word);
            level.map(|level| level as u8).ok_or_else(|| {
                let levels = LogLevel::ALL.map(LogLevel::name);
                let message = format!("no level {word:?}; there are {}", levels.join(", "));
                ParseError::at(place, message)
            })
        }
        (_, None) => Ok(0),
        (other, Some(_)) => Err(ParseError::at(
            place,
            format!("{} has no level; only log has", other.name()),
        )),
    }
}
