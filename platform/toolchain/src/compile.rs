//! Builds guests and firmware with cargo, and finds what it made.
//!
//! What was made is read from cargo's own messages, never guessed from names.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

use crate::environment;
use crate::error::Error;
use crate::install::show;
use crate::target::Target;
use crate::toolchain::Toolchain;

/// The profile that modules are built with.
const GUEST_PROFILE: &str = "guest";

/// The profile that firmware is built with.
const FIRMWARE_PROFILE: &str = "firmware";

/// What `[profile.guest]` is where a module's own workspace does not say: the same as in Mote's.
const GUEST_SETTINGS: [&str; 6] = [
    "inherits=\"release\"",
    "opt-level=\"z\"",
    "lto=\"fat\"",
    "codegen-units=1",
    "panic=\"abort\"",
    "strip=true",
];

/// What to build.
#[derive(Clone, Debug)]
pub struct Build {
    directory: PathBuf,
    package: Option<String>,
    features: Vec<String>,
    default_features: bool,
    environment: Vec<(OsString, OsString)>,
}

impl Build {
    /// Builds the package whose `Cargo.toml` is in a folder.
    #[must_use]
    pub fn folder(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            package: None,
            features: Vec::new(),
            default_features: true,
            environment: Vec::new(),
        }
    }

    /// Builds a package of the workspace that a folder belongs to.
    #[must_use]
    pub fn package(directory: &Path, package: &str) -> Self {
        Self {
            package: Some(package.to_owned()),
            ..Self::folder(directory)
        }
    }

    /// Turns features of the package on.
    #[must_use]
    pub fn features<'a>(mut self, features: impl IntoIterator<Item = &'a str>) -> Self {
        self.features
            .extend(features.into_iter().map(str::to_owned));
        self
    }

    /// Turns the package's default features off.
    #[must_use]
    pub fn without_default_features(mut self) -> Self {
        self.default_features = false;
        self
    }

    /// Sets a variable for build scripts and `env!`.
    #[must_use]
    pub fn environment(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }
}

impl Toolchain {
    /// Builds a module and returns the `.wasm` file. Cargo's progress goes to standard error.
    ///
    /// # Errors
    /// If cargo fails, or makes no or more than one `.wasm` of the package.
    pub fn build_guest(&self, build: &Build) -> Result<PathBuf, Error> {
        self.build(build, Target::Wasm32, GUEST_PROFILE)
    }

    /// Builds a WASI program from Rust and returns the `.wasm` file.
    ///
    /// # Errors
    /// If cargo fails, or makes no or more than one `.wasm` of the package.
    pub fn build_wasi_rust(&self, build: &Build) -> Result<PathBuf, Error> {
        self.build(build, Target::Wasm32WasiP1, "release")
    }

    /// Builds a firmware for a target and returns the ELF file. Cargo's progress goes to standard
    /// error.
    ///
    /// # Errors
    /// If cargo fails, or makes no or more than one program of the package.
    pub fn build_firmware(&self, build: &Build, target: Target) -> Result<PathBuf, Error> {
        self.build(build, target, FIRMWARE_PROFILE)
    }

    /// Builds with a profile and finds what was made.
    ///
    /// # Errors
    /// As for [`Self::build_guest`].
    fn build(&self, build: &Build, target: Target, profile: &str) -> Result<PathBuf, Error> {
        let project = Project::of(&build.directory)?;
        let manifest = project.manifest_of(build)?;
        let mut command = self.cargo("build", target, &build.directory, &project.target_folder)?;
        command.args([
            "--profile",
            profile,
            "--message-format",
            "json-render-diagnostics",
        ]);
        if profile == GUEST_PROFILE && !project.has_profile(GUEST_PROFILE)? {
            for setting in GUEST_SETTINGS {
                command
                    .arg("--config")
                    .arg(format!("profile.{GUEST_PROFILE}.{setting}"));
            }
        }
        if let Some(package) = &build.package {
            command.args(["--package", package]);
        }
        if !build.features.is_empty() {
            command.arg("--features").arg(build.features.join(","));
        }
        if !build.default_features {
            command.arg("--no-default-features");
        }
        command.envs(build.environment.iter().map(|(name, value)| (name, value)));
        let artifacts = artifacts(&mut command, &manifest, target)?;
        match artifacts.as_slice() {
            [artifact] => Ok(artifact.clone()),
            [] => Err(Error::Artifact(format!(
                "{} builds, but makes no {}; a module is a `cdylib` or a program, a firmware a \
                 program",
                manifest.display(),
                if target.is_wasm() {
                    ".wasm file"
                } else {
                    "program"
                }
            ))),
            several => Err(Error::Artifact(format!(
                "{} makes {} files where one is wanted: {}",
                manifest.display(),
                several.len(),
                several
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
        }
    }
}

/// Runs cargo and collects what it made of one package.
///
/// # Errors
/// If cargo cannot be started or fails.
fn artifacts(
    command: &mut Command,
    manifest: &Path,
    target: Target,
) -> Result<Vec<PathBuf>, Error> {
    let line = show(command);
    let start = |source| Error::Start {
        command: line.clone(),
        source,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(start)?;
    let mut found = Vec::new();
    if let Some(output) = child.stdout.take() {
        for message in BufReader::new(output).lines() {
            let message = message.map_err(start)?;
            found.extend(artifact(&message, manifest, target));
        }
    }
    let status = child.wait().map_err(start)?;
    if !status.success() {
        return Err(Error::Command {
            command: line,
            status: status.to_string(),
        });
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Reads one of cargo's messages: the file that it made of the package, if it made one.
fn artifact(message: &str, manifest: &Path, target: Target) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_of_package = message.get("reason")? == "compiler-artifact"
        && Path::new(message.get("manifest_path")?.as_str()?) == manifest;
    if !is_of_package {
        return None;
    }
    if target.is_wasm() {
        let mut files = message
            .get("filenames")?
            .as_array()?
            .iter()
            .filter_map(Value::as_str);
        files
            .find(|file| file.ends_with(".wasm"))
            .map(PathBuf::from)
    } else {
        message.get("executable")?.as_str().map(PathBuf::from)
    }
}

/// The workspace that a folder belongs to, as cargo sees it.
struct Project {
    root: PathBuf,
    target_folder: PathBuf,
    /// Name and manifest of each package.
    packages: Vec<(String, PathBuf)>,
}

impl Project {
    /// Asks cargo which workspace a folder belongs to.
    ///
    /// # Errors
    /// If there is no workspace, or cargo cannot read it.
    fn of(directory: &Path) -> Result<Self, Error> {
        let program = crate::machine::on_path("cargo").unwrap_or_else(|| PathBuf::from("cargo"));
        let mut command = Command::new(program);
        environment::clean(&mut command);
        command
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(directory)
            .stderr(Stdio::inherit());
        let output = command.output().map_err(|source| Error::Start {
            command: show(&command),
            source,
        })?;
        if !output.status.success() {
            return Err(Error::Command {
                command: format!("{} (in {})", show(&command), directory.display()),
                status: output.status.to_string(),
            });
        }
        Self::of_metadata(&output.stdout)
            .ok_or_else(|| Error::Artifact("cargo metadata says nothing that we know".to_owned()))
    }

    fn of_metadata(json: &[u8]) -> Option<Self> {
        let metadata: Value = serde_json::from_slice(json).ok()?;
        let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
        let packages = metadata
            .get("packages")?
            .as_array()?
            .iter()
            .filter_map(|package| {
                Some((
                    text(package, "name")?,
                    PathBuf::from(text(package, "manifest_path")?),
                ))
            });
        Some(Self {
            root: PathBuf::from(text(&metadata, "workspace_root")?),
            target_folder: PathBuf::from(text(&metadata, "target_directory")?),
            packages: packages.collect(),
        })
    }

    /// Finds the `Cargo.toml` of the package to build.
    ///
    /// # Errors
    /// If there is no such package; the message lists those that are.
    fn manifest_of(&self, build: &Build) -> Result<PathBuf, Error> {
        let own = env::current_dir()
            .unwrap_or_default()
            .join(&build.directory)
            .join("Cargo.toml");
        let own = own.canonicalize().unwrap_or(own);
        let found = self
            .packages
            .iter()
            .find(|(name, manifest)| match &build.package {
                Some(package) => package == name,
                None => manifest
                    .canonicalize()
                    .is_ok_and(|manifest| manifest == own),
            });
        found.map(|(_, manifest)| manifest.clone()).ok_or_else(|| {
            let names = self.packages.iter().map(|(name, _)| name.as_str());
            Error::Artifact(format!(
                "there is no package {} in the workspace {}; it has {}",
                build
                    .package
                    .as_deref()
                    .unwrap_or("with a Cargo.toml in that folder"),
                self.root.display(),
                names.collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// Tells whether the workspace itself says how a profile is built.
    ///
    /// # Errors
    /// If its `Cargo.toml` cannot be read.
    fn has_profile(&self, profile: &str) -> Result<bool, Error> {
        let path = self.root.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|source| Error::File {
            action: "read",
            path: path.clone(),
            source,
        })?;
        // Cargo has read the file already, so it is TOML.
        let manifest: toml::Table = text.parse().unwrap_or_default();
        Ok(manifest
            .get("profile")
            .and_then(|profiles| profiles.get(profile))
            .is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Build, Project, artifact};
    use crate::target::Target;

    const MODULE: &str = r#"{"reason":"compiler-artifact","manifest_path":"/p/blink/Cargo.toml",
        "target":{"kind":["cdylib"]},"filenames":["/p/target/blink.wasm"],"executable":null}"#;
    const FIRMWARE: &str = r#"{"reason":"compiler-artifact","manifest_path":"/p/board/Cargo.toml",
        "target":{"kind":["bin"]},"filenames":["/p/target/board"],"executable":"/p/target/board"}"#;

    #[test]
    fn artifact_of_module_is_its_wasm() {
        let found = artifact(MODULE, Path::new("/p/blink/Cargo.toml"), Target::Wasm32);
        assert_eq!(found, Some(PathBuf::from("/p/target/blink.wasm")));
    }

    #[test]
    fn artifact_of_firmware_is_its_program() {
        let found = artifact(
            FIRMWARE,
            Path::new("/p/board/Cargo.toml"),
            Target::ThumbV7EM,
        );
        assert_eq!(found, Some(PathBuf::from("/p/target/board")));
    }

    #[test]
    fn artifact_of_another_package_or_message_is_none() {
        let manifest = Path::new("/p/other/Cargo.toml");
        assert_eq!(artifact(MODULE, manifest, Target::Wasm32), None);
        assert_eq!(
            artifact("{\"reason\":\"build-finished\"}", manifest, Target::Wasm32),
            None
        );
        assert_eq!(artifact("not json", manifest, Target::Wasm32), None);
    }

    #[test]
    fn package_that_is_not_there_is_answered_with_those_that_are() {
        let project = Project::of_metadata(
            br#"{"workspace_root":"/p","target_directory":"/p/target",
                "packages":[{"name":"blink","manifest_path":"/p/blink/Cargo.toml"}]}"#,
        )
        .unwrap();
        let build = Build::package(Path::new("/p"), "blink");
        assert_eq!(
            project.manifest_of(&build).unwrap(),
            Path::new("/p/blink/Cargo.toml")
        );
        let error = project
            .manifest_of(&Build::package(Path::new("/p"), "blonk"))
            .unwrap_err();
        assert!(error.to_string().contains("blonk") && error.to_string().contains("it has blink"));
    }
}
