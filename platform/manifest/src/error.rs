//! What is wrong with a manifest or a policy, in words that say where and what to write instead.

use std::fmt;

/// What is wrong with a text.
#[derive(Debug)]
pub enum ParseError {
    /// It is not TOML, or a key is missing, unknown or of the wrong type.
    Toml(toml::de::Error),
    /// It is TOML, and something in it makes no sense.
    Meaning {
        /// Where: the table or key.
        place: String,
        /// What is wrong, and what would be right.
        message: String,
    },
}

impl ParseError {
    pub(crate) fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Meaning {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl From<toml::de::Error> for ParseError {
    fn from(error: toml::de::Error) -> Self {
        Self::Toml(error)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(error) => write!(formatter, "{}", error.to_string().trim_end()),
            Self::Meaning { place, message } => write!(formatter, "{place}: {message}"),
        }
    }
}

impl std::error::Error for ParseError {}
