//! Structural lints: what no compiler checks, and reviewers should not have to.
//!
//! Each lint gives findings; a finding says where, what, and what to do. All of them also run as
//! ordinary tests of this crate, so that a bare `cargo test` sees them.

mod arrows;
mod layout;
mod names;
mod personal_paths;
mod rust_source;
mod unsafe_code;

use std::fmt;

use anyhow::Result;

use crate::console::say;
use crate::workspace::Workspace;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// A package or a file, and a line if there is one.
    place: String,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

/// Runs all lints and prints what they find; tells whether that is nothing.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let files = workspace.files()?;
    let findings = findings(workspace, &files)?;
    for finding in &findings {
        say(&finding.to_string());
    }
    say(&format!(
        "{} packages and {} files looked at, {} findings",
        workspace.packages.len(),
        files.len(),
        findings.len()
    ));
    Ok(findings.is_empty())
}

fn findings(workspace: &Workspace, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = arrows::check(&workspace.packages);
    findings.extend(layout::check(&workspace.packages, files));
    findings.extend(names::check(&workspace.packages, files));
    findings.extend(unsafe_code::check(&workspace.root, files)?);
    findings.extend(personal_paths::check(&workspace.root, files)?);
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::arrows;
    use crate::workspace::Workspace;

    #[test]
    fn arrows_between_packages_point_one_way() {
        let workspace = Workspace::find().unwrap();
        let findings = arrows::check(&workspace.packages);
        assert!(findings.is_empty(), "{findings:#?}");
    }

    #[test]
    fn structure_is_as_it_should_be() {
        let workspace = Workspace::find().unwrap();
        let files = workspace.files().unwrap();
        let findings = super::findings(&workspace, &files).unwrap();
        assert!(findings.is_empty(), "{findings:#?}");
    }
}
