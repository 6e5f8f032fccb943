//! `unsafe` only in the files that `runtime/README.md` lists.
//!
//! The list is short on purpose: who adds a file to it shows the change to whoever reviews, and
//! says there why it cannot do without.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::lint::Finding;
use crate::lint::rust_source::words;

const LIST: &str = "runtime/README.md";
const HEADING: &str = "Files that may hold unsafe";

/// Finds `unsafe` where it may not be, and files on the list that hold none.
pub(crate) fn check(root: &Path, files: &[String]) -> Result<Vec<Finding>> {
    let list = if files.iter().any(|file| file == LIST) {
        fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?
    } else {
        String::new()
    };
    let allowed = listed(&list);
    let mut findings = Vec::new();
    let mut used = vec![false; allowed.len()];
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let source =
            fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let Some(word) = words(&source)
            .into_iter()
            .find(|word| word.text == "unsafe")
        else {
            continue;
        };
        let mut is_allowed = false;
        for (path, used) in allowed.iter().zip(&mut used) {
            if covers(path, file) {
                *used = true;
                is_allowed = true;
            }
        }
        if !is_allowed {
            findings.push(Finding::new(
                format!("{file}:{}", word.line),
                format!(
                    "has `unsafe`, but is not listed under \"{HEADING}\" in {LIST}; do without, or \
                     list it there and say why"
                ),
            ));
        }
    }
    for (path, _) in allowed.iter().zip(&used).filter(|(_, used)| !**used) {
        findings.push(Finding::new(
            LIST,
            format!("lists {path} as a file that may hold `unsafe`, but there is none in it"),
        ));
    }
    Ok(findings)
}

/// Reads the paths in backticks below the heading, up to the next one.
fn listed(readme: &str) -> Vec<&str> {
    let is_heading = |line: &&str| line.starts_with('#');
    let below = readme
        .lines()
        .skip_while(|line| !(is_heading(line) && line.trim_start_matches('#').trim() == HEADING))
        .skip(1)
        .take_while(|line| !is_heading(line));
    below
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|path| path.contains('/') && !path.contains(char::is_whitespace))
        .collect()
}

/// Tells whether an entry stands for a file: the file itself, or a folder written with a slash at
/// its end. Paths are from the root on, or from the list's own folder.
fn covers(entry: &str, file: &str) -> bool {
    [file, file.strip_prefix("runtime/").unwrap_or(file)]
        .into_iter()
        .any(|file| file == entry || (entry.ends_with('/') && file.starts_with(entry)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{HEADING, check, covers, listed};

    #[test]
    fn list_is_what_stands_in_backticks_below_the_heading() {
        let readme = format!(
            "# Runtime\n`a/before.rs`\n## {HEADING}\nNone but these, `unsafe` needs a reason:\n\
             - `engine/src/fast.rs`: measured\n- `platform/boards/`\n## Next\n`a/after.rs`\n"
        );
        assert_eq!(listed(&readme), ["engine/src/fast.rs", "platform/boards/"]);
        assert!(listed("# Runtime\n").is_empty());
    }

    #[test]
    fn entry_covers_its_file_or_folder_only() {
        assert!(covers("engine/src/fast.rs", "runtime/engine/src/fast.rs"));
        assert!(covers(
            "runtime/engine/src/fast.rs",
            "runtime/engine/src/fast.rs"
        ));
        assert!(covers("platform/boards/", "platform/boards/one/src/lib.rs"));
        assert!(!covers("platform/boards", "platform/boards/one/src/lib.rs"));
        assert!(!covers("engine/src/fast.rs", "engine/src/faster.rs"));
    }

    #[test]
    fn unsafe_is_found_where_it_is_not_listed_and_missed_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            "runtime/README.md",
            "runtime/a.rs",
            "runtime/b.rs",
            "runtime/c.rs",
        ];
        fs::create_dir(folder.path().join("runtime")).unwrap();
        let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
        write(
            files[0],
            &format!("## {HEADING}\n`runtime/b.rs` `runtime/c.rs`\n"),
        );
        write(
            files[1],
            "#![forbid(unsafe_code)]\n// unsafe\nfn a() { unsafe {} }",
        );
        write(files[2], "fn b() { unsafe {} }");
        write(files[3], "fn c() {}");
        let findings = check(folder.path(), &files.map(str::to_owned)).unwrap();
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].starts_with("runtime/a.rs:3: has `unsafe`"));
        assert!(findings[1].contains("lists runtime/c.rs"));
    }
}
