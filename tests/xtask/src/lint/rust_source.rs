//! Just enough of Rust's grammar to find words in code, and not in comments or strings.
//!
//! It need not understand a program, only know where comments, strings and characters begin and
//! end. What it does not know it takes for code, so it never hides a word.

/// A word of the code and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The word.
    pub(crate) text: &'a str,
    /// Its line, from 1.
    pub(crate) line: usize,
}

/// Returns the identifiers and keywords of a Rust source.
pub(crate) fn words(source: &str) -> Vec<Word<'_>> {
    let mut reader = Reader {
        source,
        position: 0,
        line: 1,
    };
    let mut words = Vec::new();
    while let Some(next) = reader.peek() {
        let rest = reader.rest();
        if rest.starts_with("//") {
            reader.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            reader.skip(length_of_comment(rest));
        } else if let Some(length) = length_of_raw_string(rest) {
            reader.skip(length);
        } else if next == '"' {
            reader.skip(length_of_string(rest));
        } else if next == '\'' {
            reader.skip(length_of_character(rest));
        } else if is_of_word(next) {
            let length = rest.find(|next| !is_of_word(next)).unwrap_or(rest.len());
            words.push(Word {
                text: &rest[..length],
                line: reader.line,
            });
            reader.skip(length);
        } else {
            reader.skip(next.len_utf8());
        }
    }
    words
}

struct Reader<'a> {
    source: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, length: usize) {
        let skipped = self.rest().get(..length).unwrap_or(self.rest());
        self.line += skipped.matches('\n').count();
        self.position += skipped.len().max(1);
    }
}

fn is_of_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

/// Measures a block comment, with those inside it.
fn length_of_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut position = 0;
    while let Some(here) = rest.get(position..).filter(|here| !here.is_empty()) {
        if here.starts_with("/*") {
            depth += 1;
            position += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// Measures a raw string or raw byte or C string: `r"..."`, `br#"..."#`. Something else has none;
/// an identifier that begins alike is never met in its middle, for it is read as a whole.
fn length_of_raw_string(rest: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].into_iter().find_map(|prefix| {
        let after = rest.strip_prefix(prefix)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..]
            .starts_with('"')
            .then_some((prefix.len() + hashes + 1, hashes))
    });
    let (start, hashes) = start?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(
        rest[start..]
            .find(&end)
            .map_or(rest.len(), |found| start + found + end.len()),
    )
}

fn length_of_string(rest: &str) -> usize {
    let mut is_escaped = false;
    for (index, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Measures a character, or the quote alone where it begins a lifetime.
fn length_of_character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        // What is escaped may be a quote itself; the closing one comes after it.
        Some((_, '\\')) => rest
            .char_indices()
            .skip(3)
            .find(|(_, character)| *character == '\'')
            .map_or(rest.len(), |(index, _)| index + 1),
        Some(_) => match characters.next() {
            Some((index, '\'')) => index + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    fn texts(source: &str) -> Vec<&str> {
        words(source).iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_of_comments_and_strings_are_not_code() {
        assert_eq!(texts("a // unsafe\nb"), ["a", "b"]);
        assert_eq!(texts("a /* unsafe /* unsafe */ unsafe */ b"), ["a", "b"]);
        assert_eq!(texts(r#"a "unsafe \" unsafe" b"#), ["a", "b"]);
        assert_eq!(texts(r###"a r#"unsafe " unsafe"# b"###), ["a", "b"]);
        assert_eq!(texts(r#"a br"unsafe\" b"#), ["a", "b"]);
        assert_eq!(texts("/// unsafe\nfn a() {}"), ["fn", "a"]);
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(texts("'\"' unsafe '\"'"), ["unsafe"]);
        assert_eq!(texts(r"'\'' unsafe '\\' b"), ["unsafe", "b"]);
        assert_eq!(texts("<'a> unsafe"), ["a", "unsafe"]);
        assert_eq!(texts("'é' unsafe"), ["unsafe"]);
        assert_eq!(texts(r"'\u{1F600}' unsafe"), ["unsafe"]);
    }

    #[test]
    fn word_is_taken_as_a_whole() {
        assert_eq!(texts("forbid(unsafe_code)"), ["forbid", "unsafe_code"]);
        assert_eq!(texts("for \"unsafe\" br_x"), ["for", "br_x"]);
        assert_eq!(texts("r#type"), ["r", "type"]);
    }

    #[test]
    fn line_is_counted_through_what_is_skipped() {
        let found = words("/* \n */ \"\n\" \n unsafe");
        assert_eq!(found[0].line, 4);
    }

    #[test]
    fn source_that_ends_in_the_middle_ends_the_words() {
        for source in ["\"", "'", "/*", "r#\"", "'\\", "b'", "//", "\"\\"] {
            let _ = words(source);
        }
    }
}
