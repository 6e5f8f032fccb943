//! Versions of compilers and emulators, as they print them.
//!
//! Only the three numbers matter here: what follows them (`-nightly`, `+dfsg`) never decides
//! whether a tool is new enough.

use std::fmt;

/// Three numbers; those that a tool leaves out are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number.
    pub patch: u32,
}

impl Version {
    /// Makes a version of its numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }

    /// Finds the first thing in a text that looks like a version: digits with a dot between.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        text.split(|character: char| !(character.is_ascii_digit() || character == '.'))
            .find_map(Self::of_word)
    }

    /// Reads a version from the line of `rustc -vV` (or a like list) that starts with `key`.
    #[must_use]
    pub fn find_after(text: &str, key: &str) -> Option<Self> {
        text.lines()
            .find_map(|line| line.strip_prefix(key))
            .and_then(Self::find)
    }

    fn of_word(word: &str) -> Option<Self> {
        let mut numbers = word.split('.').map(str::parse::<u32>);
        let major = numbers.next()?.ok()?;
        let minor = numbers.next()?.ok()?;
        let patch = numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Self {
            major,
            minor,
            patch,
        })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn version_of_real_tools_is_found() {
        for (text, expected) in [
            (
                "rustc 1.95.0 (59807616e 2026-04-14)",
                Version::new(1, 95, 0),
            ),
            (
                "rustc 1.97.0-nightly (abc 2026-05-01)",
                Version::new(1, 97, 0),
            ),
            (
                "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)",
                Version::new(7, 2, 22),
            ),
            ("Debian clang version 14.0.6", Version::new(14, 0, 6)),
            ("1.95", Version::new(1, 95, 0)),
        ] {
            assert_eq!(Version::find(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn version_is_not_seen_where_none_is() {
        for text in ["", "rustc", "rustc 7", "a.b.c", "99999999999.1"] {
            assert_eq!(Version::find(text), None, "{text}");
        }
    }

    #[test]
    fn version_after_key_skips_the_other_lines() {
        let text = "rustc 1.95.0\nhost: x\nLLVM version: 22.1.2\n";
        assert_eq!(
            Version::find_after(text, "LLVM version:"),
            Some(Version::new(22, 1, 2))
        );
        assert_eq!(Version::find_after(text, "missing:"), None);
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(Version::new(10, 0, 0) > Version::new(7, 2, 0));
        assert!(Version::new(1, 95, 0) >= Version::new(1, 95, 0));
    }
}
