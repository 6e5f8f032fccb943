//! What is on this machine: facts only, nothing is decided here.
//!
//! Looking costs a few dozen milliseconds, touches no network and changes nothing. Only what the
//! given needs ask about is looked for. The plan is made from these facts alone, so that tests
//! can plan for machines that they are not running on.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment;
use crate::need::{Need, targets};
use crate::target::Target;
use crate::version::Version;

/// The facts about a machine that a plan is made from.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The Rust that is active here: the first `rustc` and `cargo` on the path.
    pub host: Option<Compiler>,
    /// The `rustup` that manages `host`, if one does.
    pub rustup: Option<PathBuf>,
    /// The distribution's own Rust in `/usr/bin`, whether or not it is the active one.
    pub distribution: Option<Compiler>,
    /// The `rust-lld` that came with `host`.
    pub rust_lld: Option<PathBuf>,
    /// LLVM's linker as the distribution packages it; looked for where there is no `rust_lld`.
    pub lld: Option<Lld>,
    /// The Arm emulator.
    pub qemu: Option<Program>,
    /// The parts of a C compiler for WASI.
    pub wasi: WasiParts,
    /// Debian's package manager.
    pub apt: Option<Apt>,
}

/// A matched `rustc` and `cargo`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiler {
    /// The compiler's path.
    pub rustc: PathBuf,
    /// The build tool's path.
    pub cargo: PathBuf,
    /// The version of `rustc`.
    pub version: Version,
    /// The LLVM that `rustc` is built on.
    pub llvm: Version,
    /// The commit that it was built from, if it says so.
    pub commit: String,
    /// The triple of the machine that it runs on.
    pub host: String,
    /// Where its libraries are.
    pub sysroot: PathBuf,
    /// The targets whose libraries are installed.
    pub targets: BTreeSet<Target>,
    /// Whether the source of its library is there and of the same version.
    pub library_source: bool,
    /// Whether rustfmt and clippy came with it.
    pub style_tools: bool,
}

/// A program and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// LLVM's linker under its two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lld {
    /// Links ELF.
    pub elf: PathBuf,
    /// Links Wasm.
    pub wasm: PathBuf,
}

/// What compiling C for WASI takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WasiParts {
    /// A clang that knows the target.
    pub clang: Option<PathBuf>,
    /// The linker that this clang will run.
    pub linker: Option<PathBuf>,
    /// The folder under which `lib/wasm32-wasi/libc.a` and the headers are.
    pub sysroot: Option<PathBuf>,
    /// The compiler's own library for the target.
    pub runtime: Option<PathBuf>,
}

impl WasiParts {
    /// Tells whether nothing is missing.
    #[must_use]
    pub const fn are_complete(&self) -> bool {
        self.clang.is_some()
            && self.linker.is_some()
            && self.sysroot.is_some()
            && self.runtime.is_some()
    }
}

/// Debian's package manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apt {
    /// The path of `apt-get`.
    pub path: PathBuf,
    /// How it comes by the right to install.
    pub elevation: Elevation,
}

/// How a package manager comes by the right to install.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elevation {
    /// We are root.
    Root,
    /// `sudo` works without asking for a password.
    Sudo,
    /// It does not: a person has to do it.
    None,
}

/// Where distributions put their own Rust.
const DISTRIBUTION_BIN: &str = "/usr/bin";

/// The version from which QEMU is known to run all that we ask of it (seen with 7.2.22, 2026-11).
pub(crate) const OLDEST_QEMU: Version = Version::new(7, 2, 0);

impl Machine {
    /// Looks at this machine, as far as the needs are concerned.
    #[must_use]
    pub fn look(needs: &[Need]) -> Self {
        let mut machine = Self::default();
        if !targets(needs).is_empty() || needs.contains(&Need::Style) {
            machine.look_for_rust();
        }
        if needs.contains(&Need::Qemu) {
            machine.qemu = on_path("qemu-system-arm").and_then(|path| {
                let version = Version::find(&output(&path, &["--version"])?)?;
                Some(Program { path, version })
            });
        }
        if needs.contains(&Need::WasiC) {
            machine.wasi = look_for_wasi();
        }
        machine
    }

    /// Looks for a package manager; apart from [`Self::look`] because only a machine that lacks
    /// something has to answer.
    pub fn look_for_apt(&mut self) {
        self.apt = on_path("apt-get").map(|path| Apt {
            path,
            elevation: elevation(),
        });
    }

    fn look_for_rust(&mut self) {
        self.host = on_path("rustc")
            .zip(on_path("cargo"))
            .and_then(|(rustc, cargo)| Compiler::look(rustc, cargo));
        if let Some(host) = &self.host {
            // rustup leaves this file in each toolchain that it has unpacked.
            let managed = host
                .sysroot
                .join("lib/rustlib/multirust-channel-manifest.toml")
                .is_file();
            self.rustup = on_path("rustup").filter(|_| managed);
            let lld = host
                .sysroot
                .join("lib/rustlib")
                .join(&host.host)
                .join("bin/rust-lld");
            self.rust_lld = lld.is_file().then_some(lld);
        }
        let (rustc, cargo) = (
            Path::new(DISTRIBUTION_BIN).join("rustc"),
            Path::new(DISTRIBUTION_BIN).join("cargo"),
        );
        self.distribution = match &self.host {
            Some(host) if host.sysroot == Path::new("/usr") => Some(host.clone()),
            _ if rustc.is_file() && cargo.is_file() && !is_rustup_proxy(&rustc) => {
                Compiler::look(rustc, cargo)
            }
            _ => None,
        };
        if let (None, Some(compiler)) = (&self.rust_lld, &self.distribution) {
            self.lld = look_for_lld(compiler.llvm.major);
        }
    }
}

impl Compiler {
    /// Asks a compiler about itself.
    fn look(rustc: PathBuf, cargo: PathBuf) -> Option<Self> {
        let said = output(&rustc, &["-vV"])?;
        let sysroot = PathBuf::from(output(&rustc, &["--print", "sysroot"])?.trim_end());
        let version = Version::find_after(&said, "release:")?;
        let libraries = sysroot.join("lib/rustlib");
        Some(Self {
            version,
            llvm: Version::find_after(&said, "LLVM version:").unwrap_or_default(),
            commit: said
                .lines()
                .find_map(|line| line.strip_prefix("commit-hash: "))
                .unwrap_or_default()
                .to_owned(),
            host: said
                .lines()
                .find_map(|line| line.strip_prefix("host: "))?
                .to_owned(),
            targets: Target::ALL
                .into_iter()
                .filter(|target| has_core(&libraries.join(target.triple()).join("lib")))
                .collect(),
            style_tools: ["rustfmt", "cargo-fmt", "cargo-clippy", "clippy-driver"]
                .iter()
                .all(|name| sysroot.join("bin").join(name).is_file()),
            library_source: has_library_source(&libraries.join("src/rust"), version),
            sysroot,
            rustc,
            cargo,
        })
    }

    /// Returns the name that rustup has for this compiler: that of the folder it lies in.
    #[must_use]
    pub fn rustup_name(&self) -> String {
        self.sysroot
            .file_name()
            .unwrap_or(OsStr::new("stable"))
            .to_string_lossy()
            .into_owned()
    }
}

/// Tells whether a folder of libraries has `core` in it. A folder alone says nothing: rustup
/// leaves an empty one behind when a target is removed.
fn has_core(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
    })
}

/// Tells whether the library's source is there. Debian's link leads to a folder that names the
/// version, which must then be the compiler's: the two packages can be upgraded apart.
fn has_library_source(source: &Path, version: Version) -> bool {
    let folder = source.canonicalize().unwrap_or_default();
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    source.join("library/Cargo.lock").is_file()
        && (!name.starts_with("rustc-") || Version::find(&name) == Some(version))
}

/// Tells whether a program in the distribution's folder is rustup in disguise: Debian's package
/// `rustup` puts its proxies there.
fn is_rustup_proxy(program: &Path) -> bool {
    program.canonicalize().is_ok_and(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy() == "rustup")
    })
}

/// Finds LLVM's linker, of the compiler's LLVM or newer: an older one does not know all that our
/// Wasm modules ask for (`--page-size=1` is not in 14, which is Debian 12's plain `lld`).
fn look_for_lld(llvm_major: u32) -> Option<Lld> {
    [format!("-{llvm_major}"), String::new()]
        .into_iter()
        .find_map(|suffix| {
            let elf = on_path(&format!("ld.lld{suffix}"))?;
            let wasm = on_path(&format!("wasm-ld{suffix}"))?;
            let version = Version::find(&output(&wasm, &["--version"])?)?;
            (version.major >= llvm_major).then_some(Lld { elf, wasm })
        })
}

/// Finds a C compiler for WASI: the WASI SDK where `WASI_SDK_PATH` names one, else clang with the
/// libraries where Debian puts them.
fn look_for_wasi() -> WasiParts {
    if let Some(sdk) = env::var_os("WASI_SDK_PATH").map(PathBuf::from) {
        let clang = sdk.join("bin/clang");
        return wasi_parts_of(
            clang.is_file().then_some(clang),
            &sdk.join("share/wasi-sysroot"),
        );
    }
    let names = [String::from("clang")].into_iter();
    let names = names.chain((14..=22).rev().map(|version| format!("clang-{version}")));
    let mut best = WasiParts::default();
    for clang in names.filter_map(|name| on_path(&name)) {
        let parts = wasi_parts_of(Some(clang), Path::new("/usr"));
        if parts.are_complete() {
            return parts;
        }
        if best.clang.is_none() {
            best = parts;
        }
    }
    best
}

fn wasi_parts_of(clang: Option<PathBuf>, sysroot: &Path) -> WasiParts {
    let ask = |question: &str| {
        let said = output(
            clang.as_ref()?,
            &["--target=wasm32-wasi", "-rtlib=compiler-rt", question],
        )?;
        let path = PathBuf::from(said.trim());
        path.is_file().then_some(path)
    };
    WasiParts {
        linker: ask("--print-prog-name=wasm-ld"),
        runtime: ask("--print-libgcc-file-name"),
        sysroot: sysroot
            .join("lib/wasm32-wasi/libc.a")
            .is_file()
            .then(|| sysroot.to_path_buf()),
        clang,
    }
}

fn elevation() -> Elevation {
    if is_root() {
        Elevation::Root
    } else if on_path("sudo")
        .and_then(|sudo| output(&sudo, &["-n", "true"]))
        .is_some()
    {
        Elevation::Sudo
    } else {
        Elevation::None
    }
}

/// Tells whether we are root, by who owns our entry in `/proc`.
#[cfg(target_os = "linux")]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(target_os = "linux"))]
const fn is_root() -> bool {
    false
}

/// Finds a program by the path that the inner commands will have.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Runs a program that answers a question; nothing if it fails.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    environment::clean(&mut command);
    let output = command
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Machine, has_core, has_library_source};
    use crate::version::Version;

    #[test]
    fn look_without_needs_finds_nothing_and_runs_nothing() {
        let machine = Machine::look(&[]);
        assert!(machine.host.is_none() && machine.distribution.is_none());
        assert!(machine.qemu.is_none() && machine.apt.is_none());
    }

    #[test]
    fn target_folder_without_core_is_not_installed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_core(folder.path()));
        fs::write(folder.path().join("self-contained"), "").unwrap();
        assert!(!has_core(folder.path()));
        fs::write(folder.path().join("libcore-0123.rlib"), "").unwrap();
        assert!(has_core(folder.path()));
    }

    #[test]
    fn library_source_of_another_version_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("rustc-1.96.0");
        fs::create_dir_all(source.join("library")).unwrap();
        assert!(!has_library_source(&source, Version::new(1, 96, 0)));
        fs::write(source.join("library/Cargo.lock"), "").unwrap();
        assert!(has_library_source(&source, Version::new(1, 96, 0)));
        assert!(!has_library_source(&source, Version::new(1, 95, 0)));
    }
}
