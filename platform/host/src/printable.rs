//! Text from a file, made safe to show.
//!
//! Names in a Wasm file may hold any character; one that moves the cursor or turns the text around
//! must not reach a person's terminal.

use std::fmt;

/// Shows a text with its control and invisible characters escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        for character in self.0.chars() {
            // `escape_debug` escapes what cannot be seen, and these three, which are harmless.
            if matches!(character, '"' | '\'' | '\\') {
                text.push(character);
            } else {
                text.extend(character.escape_debug());
            }
        }
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_escapes_what_cannot_be_seen() {
        assert_eq!(Printable("a\u{1b}[2Jb").to_string(), "a\\u{1b}[2Jb");
        assert_eq!(Printable("\u{202e}x").to_string(), "\\u{202e}x");
        assert_eq!(Printable("main::\"ä\"\\").to_string(), "main::\"ä\"\\");
        assert_eq!(format!("{:>4}|", Printable("ab")), "  ab|");
    }
}
