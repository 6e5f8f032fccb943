//! The workspace as cargo and git see it: packages, who depends on whom, files.
//!
//! Every list that a step works through is found here, so that a new crate is checked and built
//! from its first day on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::run::{cargo, read};

/// The packages of the workspace and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target_folder: PathBuf,
    /// Its packages, by name.
    pub(crate) packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its folder from the root on, with `/` between.
    pub(crate) folder: String,
    /// The packages of this workspace that it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A package that another depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// Who sees it.
    pub(crate) kind: Kind,
}

/// Who sees a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The package itself.
    Product,
    /// Its build script only.
    Build,
    /// Its tests, examples and benchmarks only.
    Test,
}

impl Workspace {
    /// Tells whether a package of the workspace depends on this one.
    pub(crate) fn is_depended_on(&self, name: &str) -> bool {
        self.packages
            .iter()
            .flat_map(|package| &package.dependencies)
            .any(|dependency| dependency.name == name)
    }

    /// Finds the workspace that this program was built from.
    pub(crate) fn find() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let arguments = ["metadata", "--no-deps", "--format-version", "1"];
        Self::of_metadata(&read(&mut cargo(here, &arguments))?)
            .context("cargo metadata lacks what it has always had")
    }

    fn of_metadata(json: &str) -> Option<Self> {
        let metadata: Value = serde_json::from_str(json).ok()?;
        let root = PathBuf::from(metadata.get("workspace_root")?.as_str()?);
        let found = metadata.get("packages")?.as_array()?;
        let names: Vec<_> = found
            .iter()
            .filter_map(|package| package.get("name")?.as_str())
            .collect();
        let mut packages: Vec<_> = found
            .iter()
            .map(|package| Package::of_metadata(package, &root, &names))
            .collect::<Option<_>>()?;
        packages.sort_by(|left, right| left.name.cmp(&right.name));
        let target_folder = PathBuf::from(metadata.get("target_directory")?.as_str()?);
        Some(Self {
            root,
            target_folder,
            packages,
        })
    }

    /// Returns the packages whose folder lies under another.
    pub(crate) fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Package> {
        self.packages
            .iter()
            .filter(move |package| is_under(&package.folder, folder))
    }

    /// Returns all files that are part of the project, from the root on: what git tracks, and what
    /// it would track if asked to. Those that were deleted but are still tracked are left out.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut command = Command::new("git");
        command.current_dir(&self.root);
        command.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let said = read(&mut command).context("the files of the project are those git knows")?;
        let mut files: Vec<_> = said
            .split_terminator('\0')
            .filter(|file| self.root.join(file).exists())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Returns what git sees as changed.
    pub(crate) fn changes(&self) -> Result<String> {
        read(
            Command::new("git")
                .current_dir(&self.root)
                .args(["status", "--porcelain"]),
        )
    }
}

impl Package {
    fn of_metadata(package: &Value, root: &Path, names: &[&str]) -> Option<Self> {
        let manifest = Path::new(package.get("manifest_path")?.as_str()?);
        let folder = manifest.parent()?.strip_prefix(root).ok()?;
        let dependencies = package
            .get("dependencies")?
            .as_array()?
            .iter()
            .filter_map(|dependency| {
                let name = dependency.get("name")?.as_str()?;
                let is_ours = names.contains(&name) && dependency.get("path").is_some();
                is_ours.then(|| Dependency {
                    name: name.to_owned(),
                    kind: match dependency.get("kind").and_then(Value::as_str) {
                        Some("dev") => Kind::Test,
                        Some("build") => Kind::Build,
                        _ => Kind::Product,
                    },
                })
            })
            .collect();
        Some(Self {
            name: package.get("name")?.as_str()?.to_owned(),
            folder: folder.to_str()?.replace('\\', "/"),
            dependencies,
        })
    }

    /// Returns the last part of its folder.
    pub(crate) fn leaf(&self) -> &str {
        self.folder.rsplit('/').next().unwrap_or_default()
    }
}

/// Tells whether a path is another or lies under it.
pub(crate) fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{Workspace, is_under};

    #[test]
    fn metadata_of_this_workspace_is_understood() {
        let workspace = Workspace::find().unwrap();
        let own = workspace
            .packages
            .iter()
            .find(|package| package.name == "xtask")
            .unwrap();
        assert_eq!(own.folder, "tests/xtask");
        assert_eq!(own.leaf(), "xtask");
        assert!(
            own.dependencies
                .iter()
                .any(|dependency| dependency.name == "mote-toolchain")
        );
    }

    #[test]
    fn path_under_folder_is_told_from_one_with_the_same_start() {
        assert!(is_under("runtime/abi", "runtime"));
        assert!(is_under("runtime", "runtime"));
        assert!(!is_under("runtime-old/abi", "runtime"));
    }
}
