//! No file names a folder of somebody's own machine.
//!
//! Such a path works for one person and tells everybody else who that is.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::lint::Finding;

/// Top folders below which people keep their own things. Kept without slashes, so that this file
/// does not find itself.
const FOLDERS: [&str; 4] = ["home", "root", "work", "Users"];

/// Paths that look personal and are not: file and text.
const ALLOWED: &[(&str, &str)] = &[];

/// Finds personal paths in all text files.
pub(crate) fn check(root: &Path, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in files {
        let path = root.join(file);
        if path.is_dir() || path.is_symlink() {
            continue;
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {file}"))?;
        // What is not text is not written by hand.
        let Ok(text) = str::from_utf8(&bytes) else {
            continue;
        };
        findings.extend(check_text(file, text));
    }
    Ok(findings)
}

fn check_text(file: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let found = personal_path(line)?;
            let is_allowed = ALLOWED
                .iter()
                .any(|(where_, what)| *where_ == file && found.starts_with(what));
            (!is_allowed).then(|| {
                Finding::new(
                    format!("{file}:{}", index + 1),
                    format!("names a folder of one machine, {found}; write it relative"),
                )
            })
        })
        .collect()
}

/// Finds the first absolute path below one of the folders.
fn personal_path(line: &str) -> Option<&str> {
    FOLDERS.iter().find_map(|folder| {
        let pattern = format!("/{folder}/");
        line.match_indices(&pattern).find_map(|(start, _)| {
            let is_part_of_longer_path = line[..start].chars().next_back().is_some_and(|before| {
                before.is_alphanumeric()
                    || ['_', '-', '.', '}', ')', '$', '~', '*'].contains(&before)
            });
            let rest = &line[start..];
            let end = rest.find(|end: char| end.is_whitespace() || "\"'`<>,;".contains(end));
            (!is_part_of_longer_path).then(|| &rest[..end.unwrap_or(rest.len())])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{check_text, personal_path};

    /// Puts a slash where the source must not have one.
    fn line(text: &str) -> String {
        text.replace('|', "/")
    }

    #[test]
    fn personal_path_is_found_wherever_it_stands() {
        for text in [
            "cd |home|jo|mote",
            "\"|root|.cargo|bin\"",
            "(see |work|notes)",
            "|Users|jo",
        ] {
            assert!(personal_path(&line(text)).is_some(), "{text}");
        }
    }

    #[test]
    fn path_that_only_has_such_a_part_is_left_alone() {
        for text in [
            "target|work|x",
            "https:||example.org|home|x",
            "$HOME|work|x",
            "|usr|bin",
        ] {
            assert_eq!(personal_path(&line(text)), None, "{text}");
        }
    }

    #[test]
    fn finding_names_file_and_line() {
        let findings = check_text("a.md", &line("one\ntwo |root|x three\n"));
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].starts_with("a.md:2: ") && findings[0].contains(&line("|root|x;")));
    }
}
