//! From needs and facts to what has to be installed and which compiler each target gets.
//!
//! Pure: everything comes in as arguments, so each rule below has a test on a made-up machine.
//!
//! For each target: what works without installing anything wins (the active Rust first, then the
//! distribution's); else rustup gets the target; else the distribution's compiler is installed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;

use crate::error::Error;
use crate::machine::{Compiler, Machine, OLDEST_QEMU, Program};
use crate::need::{Need, targets};
use crate::target::Target;
use crate::version::Version;

/// Which compiler the person wants, said in `MOTE_TOOLCHAIN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Whatever works.
    #[default]
    Automatic,
    /// The active Rust, with targets from rustup.
    Rustup,
    /// The distribution's Rust, which builds the library itself.
    Debian,
}

impl Choice {
    /// Reads the choice from `MOTE_TOOLCHAIN`.
    ///
    /// # Errors
    /// If its value is none of those that mean something.
    pub fn from_environment() -> Result<Self, Error> {
        match env::var("MOTE_TOOLCHAIN").unwrap_or_default().as_str() {
            "" => Ok(Self::Automatic),
            "rustup" => Ok(Self::Rustup),
            "debian" => Ok(Self::Debian),
            other => Err(Error::Choice(other.to_owned())),
        }
    }
}

/// The compiler that a target is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// The active Rust, which has the target's library.
    Host,
    /// The distribution's Rust, which builds the library from its source.
    Debian,
}

/// What has to be done before the needs can be served, and by whom they will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The compiler for each target.
    pub routes: BTreeMap<Target, Route>,
    /// What is missing; empty on a machine that is ready.
    pub steps: Vec<Step>,
}

/// One thing to install.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// What is missing and what for, as the middle of "Mote needs ...".
    pub what: String,
    /// How to get it.
    pub install: Install,
    /// What a person can do should it fail.
    pub by_hand: String,
}

/// A way to get something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Install {
    /// Let rustup add targets to a toolchain.
    RustupTargets {
        /// The program.
        rustup: PathBuf,
        /// The toolchain's name.
        toolchain: String,
        /// What to add.
        targets: BTreeSet<Target>,
    },
    /// Let rustup add tools to a toolchain.
    RustupComponents {
        /// The program.
        rustup: PathBuf,
        /// The toolchain's name.
        toolchain: String,
        /// What to add.
        components: Vec<String>,
    },
    /// Let apt install packages.
    Packages(Vec<String>),
}

/// What was tried before in this run and did not work: it is not tried again.
#[derive(Clone, Debug, Default)]
pub struct Refusals {
    /// Why rustup cannot add targets.
    pub rustup: Option<String>,
}

/// The oldest compiler that the workspace builds with; stated in its `Cargo.toml`.
pub(crate) fn oldest_rust() -> Version {
    Version::find(env!("CARGO_PKG_RUST_VERSION")).unwrap_or_default()
}

/// Decides how the needs are served on a machine.
///
/// # Errors
/// [`Error::Missing`] if something is needed and nothing can be tried to get it.
pub fn plan(
    machine: &Machine,
    needs: &[Need],
    choice: Choice,
    refusals: &Refusals,
) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let mut from_rustup = BTreeSet::new();
    let mut from_debian = BTreeSet::new();
    for target in targets(needs) {
        let route = route(machine, target, choice, refusals)?;
        plan.routes.insert(target, route.by);
        match (route.by, route.ready) {
            (_, true) => {}
            (Route::Host, false) => _ = from_rustup.insert(target),
            (Route::Debian, false) => _ = from_debian.insert(target),
        }
    }
    if let (false, Some(rustup), Some(host)) =
        (from_rustup.is_empty(), &machine.rustup, &machine.host)
    {
        plan.steps.push(Step {
            what: format!("the Rust library for {}", list(&from_rustup)),
            by_hand: rust_by_hand(&from_rustup),
            install: Install::RustupTargets {
                rustup: rustup.clone(),
                toolchain: host.rustup_name(),
                targets: from_rustup,
            },
        });
    }
    if !from_debian.is_empty() {
        plan.steps.push(debian_step(machine, &from_debian));
    }
    let is_old = |qemu: &Program| qemu.version < OLDEST_QEMU;
    if needs.contains(&Need::Qemu) && machine.qemu.as_ref().is_none_or(is_old) {
        let found = machine.qemu.as_ref().map_or_else(String::new, |qemu| {
            format!(" (here is {}, {})", qemu.version, qemu.path.display())
        });
        plan.steps.push(packages(
            format!("QEMU {OLDEST_QEMU} or newer to boot firmware on emulated boards{found}"),
            &["qemu-system-arm"],
            "install QEMU for Arm (Debian, Ubuntu and Fedora: qemu-system-arm; Arch: \
             qemu-system-arm; Homebrew: qemu), then run this again",
        ));
    }
    if needs.contains(&Need::Style) {
        plan.steps.extend(style_step(machine, refusals)?);
    }
    if needs.contains(&Need::WasiC) && !machine.wasi.are_complete() {
        plan.steps.push(packages(
            "a C compiler and C library for WASI programs".to_owned(),
            &["clang", "lld", "wasi-libc", "libclang-rt-dev-wasm32"],
            "install clang, lld, wasi-libc and libclang-rt-dev-wasm32 (Debian, Ubuntu), or unpack \
             the WASI SDK and set WASI_SDK_PATH to its folder, then run this again",
        ));
    }
    for step in &plan.steps {
        if matches!(step.install, Install::Packages(_)) && machine.apt.is_none() {
            return Err(Error::Missing {
                what: step.what.clone(),
                why: "there is no apt-get here to install it with".to_owned(),
                by_hand: step.by_hand.clone(),
            });
        }
    }
    Ok(plan)
}

/// A route that was chosen, and whether it is open as it stands.
struct Chosen {
    by: Route,
    ready: bool,
}

/// Chooses the compiler for one target.
///
/// # Errors
/// If no way is left.
fn route(
    machine: &Machine,
    target: Target,
    choice: Choice,
    refusals: &Refusals,
) -> Result<Chosen, Error> {
    let may_use_host = choice != Choice::Debian;
    // A whole `std` for WASI takes more than the compiler's source: a C library inside the
    // toolchain, which Debian's package does not hold.
    let may_use_debian = choice != Choice::Rustup && !target.needs_std();
    let host = machine
        .host
        .as_ref()
        .filter(|_| may_use_host)
        .filter(|host| is_new_enough(host));
    if host.is_some_and(|host| host.targets.contains(&target)) {
        return Ok(Chosen {
            by: Route::Host,
            ready: true,
        });
    }
    if may_use_debian && debian_lacks(machine).is_empty() {
        return Ok(Chosen {
            by: Route::Debian,
            ready: true,
        });
    }
    if host.is_some() && machine.rustup.is_some() && refusals.rustup.is_none() {
        return Ok(Chosen {
            by: Route::Host,
            ready: false,
        });
    }
    if may_use_debian && (machine.apt.is_some() || choice == Choice::Debian) {
        return Ok(Chosen {
            by: Route::Debian,
            ready: false,
        });
    }
    let why = if let Some(why) = &refusals.rustup {
        format!("rustup cannot add it ({why})")
    } else if let Some(host) = machine.host.as_ref().filter(|host| !is_new_enough(host)) {
        format!(
            "the active Rust is {}, older than {}",
            host.version,
            oldest_rust()
        )
    } else if choice == Choice::Debian {
        "MOTE_TOOLCHAIN=debian rules out rustup, which alone has it".to_owned()
    } else {
        "there is no rustup to add it with".to_owned()
    };
    let why = if choice == Choice::Rustup {
        format!("{why}; MOTE_TOOLCHAIN=rustup rules out Debian's compiler")
    } else {
        why
    };
    Err(Error::Missing {
        what: format!("the Rust library for {target}"),
        why,
        by_hand: rust_by_hand(&BTreeSet::from([target])),
    })
}

fn is_new_enough(compiler: &Compiler) -> bool {
    compiler.version >= oldest_rust()
}

/// What is missing before the distribution's compiler can build for our targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Compiler,
    Linker,
}

fn debian_lacks(machine: &Machine) -> Vec<Lack> {
    let mut lacks = Vec::new();
    let compiler = machine.distribution.as_ref();
    if !compiler.is_some_and(|compiler| is_new_enough(compiler) && compiler.library_source) {
        lacks.push(Lack::Compiler);
    }
    if machine.rust_lld.is_none() && machine.lld.is_none() {
        lacks.push(Lack::Linker);
    }
    lacks
}

fn debian_step(machine: &Machine, targets: &BTreeSet<Target>) -> Step {
    let lacks = debian_lacks(machine);
    let mut names = Vec::new();
    if lacks.contains(&Lack::Compiler) {
        names.extend(["rustc-web", "cargo-web", "rust-web-src"].map(String::from));
    }
    // Which version of the linker fits is known once the compiler is there: one after the other.
    if names.is_empty() && lacks.contains(&Lack::Linker) {
        let llvm = machine
            .distribution
            .as_ref()
            .map_or(0, |compiler| compiler.llvm.major);
        names.push(format!("lld-{llvm}"));
    }
    Step {
        what: format!("a Rust compiler that can build for {}", list(targets)),
        install: Install::Packages(names),
        by_hand: rust_by_hand(targets),
    }
}

/// Plans how the active Rust gets rustfmt and clippy; those of another would not fit it.
///
/// # Errors
/// If they are missing and there is no way to add them.
fn style_step(machine: &Machine, refusals: &Refusals) -> Result<Option<Step>, Error> {
    let what = "rustfmt and clippy to check style".to_owned();
    let by_hand = "run `rustup component add rustfmt clippy`, or install the packages rustfmt-web \
                   and rust-web-clippy of Debian beside its rustc-web, then run this again";
    let Some(host) = &machine.host else {
        let why = "there is no rustc and cargo on the path".to_owned();
        return Err(Error::Missing {
            what,
            why,
            by_hand: by_hand.to_owned(),
        });
    };
    if host.style_tools {
        return Ok(None);
    }
    let install = match (&machine.rustup, &refusals.rustup) {
        (Some(rustup), None) => Install::RustupComponents {
            rustup: rustup.clone(),
            toolchain: host.rustup_name(),
            components: vec!["rustfmt".to_owned(), "clippy".to_owned()],
        },
        (Some(_), Some(refusal)) => {
            let why = format!("rustup cannot add them ({refusal})");
            return Err(Error::Missing {
                what,
                why,
                by_hand: by_hand.to_owned(),
            });
        }
        (None, _) if machine.distribution.as_ref() == Some(host) => {
            Install::Packages(vec!["rustfmt-web".to_owned(), "rust-web-clippy".to_owned()])
        }
        (None, _) => {
            let why = "the active Rust is neither rustup's nor the distribution's".to_owned();
            return Err(Error::Missing {
                what,
                why,
                by_hand: by_hand.to_owned(),
            });
        }
    };
    Ok(Some(Step {
        what,
        install,
        by_hand: by_hand.to_owned(),
    }))
}

fn packages(what: String, names: &[&str], by_hand: &str) -> Step {
    Step {
        what,
        install: Install::Packages(names.iter().map(ToString::to_string).collect()),
        by_hand: by_hand.to_owned(),
    }
}

fn rust_by_hand(targets: &BTreeSet<Target>) -> String {
    let with_rustup = targets
        .iter()
        .map(|target| target.triple())
        .collect::<Vec<_>>()
        .join(" ");
    let with_packages = if targets.iter().any(|target| target.needs_std()) {
        String::new()
    } else {
        format!(
            ", or install the packages rustc-web, cargo-web and rust-web-src of Debian (Rust {} \
             or newer)",
            oldest_rust()
        )
    };
    format!("run `rustup target add {with_rustup}`{with_packages}, then run this again")
}

fn list(targets: &BTreeSet<Target>) -> String {
    targets
        .iter()
        .map(|target| target.triple())
        .collect::<Vec<_>>()
        .join(" and ")
}

#[cfg(test)]
mod tests;
