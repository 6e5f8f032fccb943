#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Returns the folder of the project.
///
/// # Panics
///
/// If this crate is not where it should be.
#[must_use]
pub fn project() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors()
        .nth(2)
        .expect("tests/suite is two levels below the project")
}

/// Returns the tool, built once.
///
/// # Panics
///
/// If it cannot be built.
pub fn tool() -> &'static Path {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    TOOL.get_or_init(|| {
        let build = Command::new(env!("CARGO"))
            .args([
                "build",
                "--package",
                "mote-host",
                "--bin",
                "mote",
                "--message-format=json",
            ])
            .current_dir(project())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo runs");
        assert!(build.status.success(), "the tool cannot be built");
        let lines = String::from_utf8_lossy(&build.stdout).into_owned();
        lines
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the tool's executable")
    })
}

/// What came of a run of the tool.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Ran {
    /// Checks the exit code, and that standard error names the cause.
    ///
    /// # Panics
    ///
    /// If either is not so.
    #[track_caller]
    pub fn ends(&self, code: i32, cause: &str) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(self.err.contains(cause), "no {cause:?} in {self:#?}");
        self
    }

    /// Returns what it wrote to standard output, as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Runs the tool with these arguments, in the project's folder.
///
/// # Panics
///
/// If it cannot be started, dies of a signal, or panics: no input may make it do that.
#[track_caller]
pub fn mote<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    let output = Command::new(tool())
        .args(arguments)
        .current_dir(project())
        .stdin(Stdio::null())
        .output()
        .expect("the tool starts");
    let ran = Ran {
        code: output.status.code().expect("the tool ends by itself"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(!ran.err.contains("panicked"), "{ran:#?}");
    ran
}

/// A folder of files for one test, gone with it.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }
}

impl Folder {
    /// Returns the path of a file in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.0
            .path()
            .join(name)
            .to_str()
            .expect("a temporary path is UTF-8")
            .to_owned()
    }

    /// Writes a file; returns its path.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, contents).expect("a temporary file can be written");
        path
    }

    /// Writes a module in the text format with a manifest beside it; returns the module's path.
    pub fn module(&self, name: &str, capabilities: &str, text: &str) -> String {
        let manifest =
            format!("[module]\nname = \"{name}\"\nversion = \"1.0.0\"\nabi = 0\n{capabilities}");
        self.write(&format!("{name}.toml"), manifest);
        self.write(&format!("{name}.wat"), text)
    }
}
