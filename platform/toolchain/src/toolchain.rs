//! The tools, found and ready: the one way to compile and boot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::environment;
use crate::error::Error;
use crate::install::{self, Turn};
use crate::machine::{Compiler, Machine, WasiParts};
use crate::need::Need;
use crate::plan::{Choice, Install, Plan, Refusals, Route, plan};
use crate::target::Target;

/// Everything that a set of needs takes, on this machine.
#[derive(Clone, Debug)]
pub struct Toolchain {
    machine: Machine,
    routes: BTreeMap<Target, Route>,
}

impl Toolchain {
    /// Finds what the needs take, and gets what is missing: says so on standard error before it
    /// does. Installs nothing and is quick where all is there.
    ///
    /// # Errors
    /// If something is missing and cannot be got; the message says how to get it by hand.
    pub fn ready(needs: &[Need]) -> Result<Self, Error> {
        let choice = Choice::from_environment()?;
        let mut refusals = Refusals::default();
        if let Some(toolchain) = Self::if_ready(needs, choice, &refusals)? {
            return Ok(toolchain);
        }
        let _turn = Turn::wait();
        let mut tried = Vec::new();
        loop {
            if let Some(toolchain) = Self::if_ready(needs, choice, &refusals)? {
                return Ok(toolchain);
            }
            let mut machine = Machine::look(needs);
            machine.look_for_apt();
            let plan = plan(&machine, needs, choice, &refusals)?;
            for step in plan.steps {
                if tried.contains(&step) {
                    return Err(Error::Missing {
                        what: step.what,
                        why: "it is still not usable after what was done to install it".to_owned(),
                        by_hand: step.by_hand,
                    });
                }
                let result = install::carry_out(&step, machine.apt.as_ref());
                let by_rustup = !matches!(step.install, Install::Packages(_));
                match result {
                    Ok(()) => tried.push(step),
                    Err(error) if by_rustup => {
                        if choice == Choice::Automatic {
                            eprintln!("mote: {error}; trying Debian's compiler instead");
                        }
                        refusals.rustup = Some(error.to_string());
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Finds what the needs take without installing anything.
    ///
    /// # Errors
    /// If something is missing; the message says how to get it.
    pub fn find(needs: &[Need]) -> Result<Self, Error> {
        let choice = Choice::from_environment()?;
        let mut machine = Machine::look(needs);
        let plan = plan(&machine, needs, choice, &Refusals::default()).or_else(|_| {
            machine.look_for_apt();
            plan(&machine, needs, choice, &Refusals::default())
        })?;
        match plan.steps.into_iter().next() {
            None => Ok(Self {
                machine,
                routes: plan.routes,
            }),
            Some(step) => Err(Error::Missing {
                what: step.what,
                why: "it is not installed".to_owned(),
                by_hand: format!("run `cargo xtask setup`, or {}", step.by_hand),
            }),
        }
    }

    /// Looks without the package manager first: a machine that has everything need not answer
    /// what it could install.
    ///
    /// # Errors
    /// If `MOTE_TOOLCHAIN` means nothing.
    fn if_ready(
        needs: &[Need],
        choice: Choice,
        refusals: &Refusals,
    ) -> Result<Option<Self>, Error> {
        let machine = Machine::look(needs);
        match plan(&machine, needs, choice, refusals) {
            Ok(Plan { steps, routes }) if steps.is_empty() => Ok(Some(Self { machine, routes })),
            Ok(_) | Err(Error::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns which compiler a target is built with.
    ///
    /// # Errors
    /// If the target was not among the needs.
    pub fn route(&self, target: Target) -> Result<Route, Error> {
        self.routes
            .get(&target)
            .copied()
            .ok_or_else(|| Error::NotAskedFor(target.to_string()))
    }

    /// Returns the targets that can be built for.
    pub fn targets(&self) -> impl Iterator<Item = Target> + '_ {
        self.routes.keys().copied()
    }

    /// Tells whether the active Rust has the libraries of a target, whatever its route: clippy
    /// comes with that Rust only.
    #[must_use]
    pub fn host_has(&self, target: Target) -> bool {
        self.machine
            .host
            .as_ref()
            .is_some_and(|host| host.targets.contains(&target))
    }

    /// Returns a name for what compiles a target, such that equal names make equal code:
    /// `rustc-1.95.0` with its own libraries, `rustc-1.96.0-debian` with those it builds itself.
    ///
    /// # Errors
    /// If the target was not among the needs.
    pub fn compiler_name(&self, target: Target) -> Result<String, Error> {
        let route = self.route(target)?;
        let version = self.compiler(route)?.version;
        Ok(match route {
            Route::Host => format!("rustc-{version}"),
            Route::Debian => format!("rustc-{version}-debian"),
        })
    }

    /// Returns the emulator.
    ///
    /// # Errors
    /// If it was not among the needs.
    pub fn qemu(&self) -> Result<&Path, Error> {
        let qemu = self.machine.qemu.as_ref();
        qemu.map(|qemu| qemu.path.as_path())
            .ok_or_else(|| Error::NotAskedFor("QEMU".to_owned()))
    }

    pub(crate) fn wasi(&self) -> &WasiParts {
        &self.machine.wasi
    }

    /// Returns the compiler of a route.
    ///
    /// # Errors
    /// If it was not looked for.
    fn compiler(&self, route: Route) -> Result<&Compiler, Error> {
        let compiler = match route {
            Route::Host => &self.machine.host,
            Route::Debian => &self.machine.distribution,
        };
        compiler
            .as_ref()
            .ok_or_else(|| Error::NotAskedFor("a Rust compiler".to_owned()))
    }

    /// Makes a command that runs one of cargo's subcommands for a target, with the compiler that
    /// the target has, in a folder of a workspace whose build folder is `target_folder`. Paths of
    /// this machine are kept out of what is built, so that equal sources make equal bytes.
    ///
    /// # Errors
    /// If the target was not among the needs.
    pub fn cargo(
        &self,
        subcommand: &str,
        target: Target,
        directory: &Path,
        target_folder: &Path,
    ) -> Result<Command, Error> {
        let route = self.route(target)?;
        self.cargo_by(route, subcommand, target, directory, target_folder)
    }

    /// Makes the same command with the active Rust, whatever the target's route.
    ///
    /// # Errors
    /// If no target was among the needs.
    pub fn cargo_of_host(
        &self,
        subcommand: &str,
        target: Target,
        directory: &Path,
        target_folder: &Path,
    ) -> Result<Command, Error> {
        self.cargo_by(Route::Host, subcommand, target, directory, target_folder)
    }

    /// Makes the command for a route.
    ///
    /// # Errors
    /// As for [`Self::cargo`].
    fn cargo_by(
        &self,
        route: Route,
        subcommand: &str,
        target: Target,
        directory: &Path,
        target_folder: &Path,
    ) -> Result<Command, Error> {
        let compiler = self.compiler(route)?;
        let mut command = Command::new(&compiler.cargo);
        command
            .current_dir(directory)
            .args([subcommand, "--target", target.triple()]);
        command.arg("--config").arg(format!(
            "target.{}.rustflags=[{}]",
            target.triple(),
            remapped_paths(compiler)
                .iter()
                .map(|flag| quote(flag))
                .collect::<Vec<_>>()
                .join(",")
        ));
        match route {
            Route::Host => {
                environment::clean(&mut command);
                command.arg("--target-dir").arg(target_folder);
            }
            Route::Debian => {
                environment::clean_of_rustup(&mut command);
                command
                    .env("RUSTC", &compiler.rustc)
                    .env("RUSTDOC", compiler.rustc.with_file_name("rustdoc"))
                    .env("RUSTC_BOOTSTRAP", "1")
                    .arg("-Zbuild-std=core,alloc")
                    .arg("--target-dir")
                    .arg(target_folder.join("debian"));
                if let Some(linker) = self.linker(target) {
                    let name = format!("CARGO_TARGET_{}_LINKER", target.in_environment());
                    command.env(name, linker);
                }
            }
        }
        Ok(command)
    }

    fn linker(&self, target: Target) -> Option<&PathBuf> {
        let lld = self.machine.lld.as_ref();
        let packaged = lld.map(|lld| {
            if target.is_wasm() {
                &lld.wasm
            } else {
                &lld.elf
            }
        });
        self.machine.rust_lld.as_ref().or(packaged)
    }
}

/// Returns flags that keep places of this machine out of panic messages: where cargo keeps the
/// sources of packages (a folder named after the registry's address), and where the source of the
/// library is, if it is installed; without it, rustc itself writes `/rustc/COMMIT`.
fn remapped_paths(compiler: &Compiler) -> Vec<String> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let sources = home
        .filter(|home| home.is_absolute())
        .map(|home| home.join("registry/src"));
    let registries = sources.iter().flat_map(fs::read_dir).flatten().flatten();
    let mut registries: Vec<_> = registries.map(|entry| entry.path()).collect();
    registries.sort();
    let mut flags: Vec<_> = registries
        .iter()
        .map(|folder| remap(folder, "/cargo"))
        .collect();
    let library = compiler.sysroot.join("lib/rustlib/src/rust");
    flags.push(remap(&library, &format!("/rustc/{}", compiler.commit)));
    flags
}

/// Writes a string as TOML does.
fn quote(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};

    use super::{Toolchain, quote};
    use crate::machine::{Compiler, Lld, Machine};
    use crate::plan::Route;
    use crate::target::Target;
    use crate::version::Version;

    fn toolchain(route: Route) -> Toolchain {
        let compiler = Compiler {
            rustc: PathBuf::from("/usr/bin/rustc"),
            cargo: PathBuf::from("/usr/bin/cargo"),
            version: Version::new(1, 96, 0),
            ..Compiler::default()
        };
        Toolchain {
            machine: Machine {
                host: Some(Compiler {
                    cargo: PathBuf::from("/rust/bin/cargo"),
                    ..compiler.clone()
                }),
                distribution: Some(compiler),
                lld: Some(Lld {
                    elf: "/usr/bin/ld.lld".into(),
                    wasm: "/usr/bin/wasm-ld".into(),
                }),
                ..Machine::default()
            },
            routes: BTreeMap::from([(Target::Wasm32, route), (Target::ThumbV7EM, route)]),
        }
    }

    #[test]
    fn debian_route_names_compiler_linker_and_folder() {
        let command = toolchain(Route::Debian)
            .cargo(
                "build",
                Target::Wasm32,
                Path::new("/project"),
                Path::new("/project/target"),
            )
            .unwrap();
        assert_eq!(command.get_program(), OsStr::new("/usr/bin/cargo"));
        let environment: BTreeMap<_, _> = command.get_envs().collect();
        assert_eq!(
            environment[OsStr::new("RUSTC")],
            Some(OsStr::new("/usr/bin/rustc"))
        );
        let linker = environment[OsStr::new("CARGO_TARGET_WASM32V1_NONE_LINKER")];
        assert_eq!(linker, Some(OsStr::new("/usr/bin/wasm-ld")));
        assert!(
            command
                .get_args()
                .any(|word| word == "/project/target/debian")
        );
        assert!(
            command
                .get_args()
                .any(|word| word == "-Zbuild-std=core,alloc")
        );
    }

    #[test]
    fn host_route_leaves_the_compiler_alone() {
        let command = toolchain(Route::Host)
            .cargo(
                "build",
                Target::ThumbV7EM,
                Path::new("/project"),
                Path::new("/project/target"),
            )
            .unwrap();
        assert_eq!(command.get_program(), OsStr::new("/rust/bin/cargo"));
        assert!(command.get_envs().all(|(_, value)| value.is_none()));
        assert!(command.get_args().any(|word| word == "/project/target"));
    }

    #[test]
    fn target_that_was_not_asked_for_is_refused() {
        let toolchain = toolchain(Route::Host);
        assert!(toolchain.route(Target::ThumbV6M).is_err());
        assert!(toolchain.qemu().is_err());
    }

    #[test]
    fn compiler_name_tells_libraries_apart() {
        let name = |route| toolchain(route).compiler_name(Target::Wasm32).unwrap();
        assert_eq!(name(Route::Host), "rustc-1.96.0");
        assert_eq!(name(Route::Debian), "rustc-1.96.0-debian");
    }

    #[test]
    fn path_with_quotes_survives_as_toml() {
        assert_eq!(
            quote("--remap-path-prefix=/a=/b"),
            "\"--remap-path-prefix=/a=/b\""
        );
        assert!(quote("a\"b").starts_with('\'') || quote("a\"b").contains("\\\""));
    }
}
