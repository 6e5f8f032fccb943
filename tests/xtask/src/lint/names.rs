//! What packages and files may be called.
//!
//! A name says what is inside. `utils` and its kin say that nobody decided, and `mod.rs` says
//! nothing in a list of open files.

use crate::lint::Finding;
use crate::workspace::Package;

const EMPTY_WORDS: [&str; 8] = [
    "utils",
    "util",
    "common",
    "misc",
    "helpers",
    "helper",
    "utilities",
    "stuff",
];

/// Finds names that say nothing, and packages that are not called as their folder.
pub(crate) fn check(packages: &[Package], files: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        if package.name.split('-').any(says_nothing) {
            findings.push(Finding::new(
                &package.name,
                "is a name that says nothing; name the one job that the package does",
            ));
        }
        let leaf = package.leaf();
        if package.name != leaf && !package.name.ends_with(&format!("-{leaf}")) {
            findings.push(Finding::new(
                &package.name,
                format!(
                    "lies in {}; its name has to end as its folder does",
                    package.folder
                ),
            ));
        }
    }
    for file in files.iter().filter(|file| file.ends_with(".rs")) {
        let mut parts: Vec<_> = file.trim_end_matches(".rs").split('/').collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
            let better = format!("{}.rs", parts.join("/"));
            findings.push(Finding::new(file, format!("is a mod.rs; call it {better}")));
        }
        if parts.iter().any(|part| says_nothing(part)) {
            findings.push(Finding::new(
                file,
                "has a name that says nothing; put each part where it is used, or name its job",
            ));
        }
    }
    findings
}

fn says_nothing(word: &str) -> bool {
    EMPTY_WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::workspace::Package;

    fn package(name: &str, folder: &str) -> Package {
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: Vec::new(),
        }
    }

    fn messages(packages: &[Package], files: &[&str]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(ToString::to_string).collect();
        check(packages, &files)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn names_that_say_something_are_left_alone() {
        let packages = [
            package("mote-abi", "runtime/abi"),
            package("mote-board-mps2-an386", "platform/boards/mps2-an386"),
            package("xtask", "tests/xtask"),
        ];
        assert!(messages(&packages, &["runtime/abi/src/model.rs"]).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        assert_eq!(
            messages(&[package("mote-utils", "runtime/utils")], &[]).len(),
            1
        );
        assert_eq!(messages(&[], &["runtime/abi/src/helpers.rs"]).len(), 1);
        assert_eq!(messages(&[], &["runtime/abi/src/common/one.rs"]).len(), 1);
    }

    #[test]
    fn mod_file_is_told_its_better_name() {
        let messages = messages(&[], &["runtime/abi/src/event/mod.rs"]);
        assert!(
            messages[0].contains("call it runtime/abi/src/event.rs"),
            "{messages:?}"
        );
    }

    #[test]
    fn package_called_otherwise_than_its_folder_is_found() {
        assert_eq!(
            messages(&[package("mote-numbers", "runtime/abi")], &[]).len(),
            1
        );
    }
}
