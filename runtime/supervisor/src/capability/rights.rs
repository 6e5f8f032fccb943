//! Rights: what a handle may be used for.

use serde::{Deserialize, Serialize};

bitflags::bitflags! {
    /// A set of rights. An interface's page says what each of them means there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Rights: u8 {
        /// Take something in: sample a pin, look at a clock.
        const READ = 1;
        /// Put something out: drive a pin, write to the log.
        const WRITE = 2;
        /// Be parked until something comes.
        const WAIT = 4;
    }
}

impl Rights {
    /// Every right with the word that manifests and policies use for it.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::READ, "read"),
        (Self::WRITE, "write"),
        (Self::WAIT, "wait"),
    ];

    /// Returns the right of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .into_iter()
            .find(|(_, own)| *own == word)
            .map(|(right, _)| right)
    }
}

impl core::fmt::Display for Rights {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut first = true;
        for (right, word) in Self::WORDS {
            if self.contains(right) {
                if !first {
                    formatter.write_str("+")?;
                }
                formatter.write_str(word)?;
                first = false;
            }
        }
        if first {
            formatter.write_str("none")
        } else {
            Ok(())
        }
    }
}

impl Serialize for Rights {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.bits())
    }
}

impl<'de> Deserialize<'de> for Rights {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bits = u8::deserialize(deserializer)?;
        // A bit that this version does not know is refused: it must not become a right later on.
        Self::from_bits(bits).ok_or_else(|| serde::de::Error::custom("unknown right"))
    }
}
