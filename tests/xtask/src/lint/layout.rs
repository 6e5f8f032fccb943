//! What lies where: the top folders are the architecture, and each folder says what it is for.

use std::collections::BTreeSet;

use crate::lint::Finding;
use crate::workspace::Package;

const TOP_FOLDERS: [&str; 5] = ["runtime", "platform", "modules", "firmware", "tests"];

const TOP_FILES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "clippy.toml",
    "rustfmt.toml",
];

/// Finds entries at the top that should not be there, or are not, and folders without a README.
pub(crate) fn check(packages: &[Package], files: &[String]) -> Vec<Finding> {
    let top: BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.split('/').next())
        .collect();
    let visible = top.iter().filter(|name| !name.starts_with('.'));
    let expected: BTreeSet<_> = TOP_FOLDERS.iter().chain(&TOP_FILES).copied().collect();
    let mut findings = Vec::new();
    for extra in visible.filter(|name| !expected.contains(*name)) {
        findings.push(Finding::new(
            *extra,
            format!(
                "does not belong at the top, where there are only {}",
                list(&expected)
            ),
        ));
    }
    for missing in expected.iter().filter(|name| !top.contains(*name)) {
        findings.push(Finding::new(
            *missing,
            "is missing at the top of the project",
        ));
    }
    let folders = packages.iter().map(|package| package.folder.as_str());
    for folder in TOP_FOLDERS.into_iter().chain(folders) {
        let readme = format!("{folder}/README.md");
        if !files.contains(&readme) {
            findings.push(Finding::new(
                readme,
                "is missing; each folder says what lives there and what may depend on it",
            ));
        }
    }
    findings
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{TOP_FILES, TOP_FOLDERS, check};

    fn files() -> Vec<String> {
        let readmes = TOP_FOLDERS
            .iter()
            .map(|folder| format!("{folder}/README.md"));
        TOP_FILES
            .iter()
            .map(ToString::to_string)
            .chain(readmes)
            .collect()
    }

    #[test]
    fn project_as_designed_has_no_findings() {
        let mut files = files();
        files.push(".gitignore".to_owned());
        assert_eq!(check(&[], &files), []);
    }

    #[test]
    fn entry_that_does_not_belong_at_the_top_is_found() {
        let mut files = files();
        files.push("docs/idea.md".to_owned());
        assert!(
            check(&[], &files)[0]
                .to_string()
                .starts_with("docs: does not belong")
        );
    }

    #[test]
    fn readme_that_is_missing_is_found() {
        let mut files = files();
        files.retain(|file| file != "firmware/README.md");
        files.push("firmware/one/src/main.rs".to_owned());
        assert!(
            check(&[], &files)[0]
                .to_string()
                .starts_with("firmware/README.md: is missing")
        );
    }
}
