//! Carries out a plan's steps: says what, then does it, its output for all to see.
//!
//! Nothing is ever removed or replaced to make room: apt is told to give up rather than that.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use crate::environment;
use crate::error::Error;
use crate::machine::{Apt, Elevation};
use crate::plan::{Install, Step};

/// How long rustup may take: without a route it can wait far longer than anybody does. A target's
/// library is 10 to 30 MB.
const RUSTUP_DEADLINE: Duration = Duration::from_secs(300);

/// Keeps two processes from installing at the same time; released when dropped.
pub(crate) struct Turn {
    _file: Option<fs::File>,
}

impl Turn {
    /// Waits until no other process of ours installs. If that cannot be arranged, goes ahead:
    /// both rustup and apt have locks of their own, which only fail less kindly.
    pub(crate) fn wait() -> Self {
        let path = env::temp_dir().join("mote-toolchain.lock");
        let file = fs::File::options()
            .create(true)
            .append(true)
            .open(path)
            .ok();
        Self {
            _file: file.filter(|file| file.lock().is_ok()),
        }
    }
}

/// Carries out one step.
///
/// # Errors
/// If the command of the step fails.
pub(crate) fn carry_out(step: &Step, apt: Option<&Apt>) -> Result<(), Error> {
    match &step.install {
        Install::RustupTargets {
            rustup,
            toolchain,
            targets,
        } => {
            let mut command = Command::new(rustup);
            command.args(["target", "add", "--toolchain", toolchain]);
            command.args(targets.iter().map(|target| target.triple()));
            run_rustup(step, command)
        }
        Install::RustupComponents {
            rustup,
            toolchain,
            components,
        } => {
            let mut command = Command::new(rustup);
            command
                .args(["component", "add", "--toolchain", toolchain])
                .args(components);
            run_rustup(step, command)
        }
        Install::Packages(names) => install_packages(step, names, apt),
    }
}

/// Runs rustup, which must not keep us waiting.
///
/// # Errors
/// If it fails or takes too long.
fn run_rustup(step: &Step, mut command: Command) -> Result<(), Error> {
    environment::clean(&mut command);
    command.env("RUST_BACKTRACE", "0");
    if env::var_os("RUSTUP_MAX_RETRIES").is_none() {
        command.env("RUSTUP_MAX_RETRIES", "1");
    }
    announce(&step.what, &command);
    run(&mut command, Some(RUSTUP_DEADLINE))
}

/// Installs packages, with fresh lists if the ones here do not do.
///
/// # Errors
/// If apt cannot be used or fails.
fn install_packages(step: &Step, names: &[String], apt: Option<&Apt>) -> Result<(), Error> {
    let missing = |why: String| Error::Missing {
        what: step.what.clone(),
        why,
        by_hand: step.by_hand.clone(),
    };
    let apt = apt.ok_or_else(|| missing("there is no apt-get here".to_owned()))?;
    let mut update = apt_get(apt, &["update"]);
    let mut install = apt_get(
        apt,
        &["install", "--yes", "--no-install-recommends", "--no-remove"],
    );
    install.args(names);
    if apt.elevation == Elevation::None {
        return Err(Error::Missing {
            what: step.what.clone(),
            why: "installing packages takes rights that this account lacks".to_owned(),
            by_hand: format!(
                "run `sudo apt-get install {}`, or {}",
                names.join(" "),
                step.by_hand
            ),
        });
    }
    let mut is_fresh = false;
    if !names.iter().all(|name| is_offered(name)) {
        announce(&step.what, &update);
        run(&mut update, None).map_err(|error| missing(error.to_string()))?;
        is_fresh = true;
    }
    announce(&step.what, &install);
    let mut result = run(&mut install, None);
    if result.is_err() && !is_fresh {
        // The lists may be older than what the archive still holds.
        announce(&step.what, &update);
        result = run(&mut update, None).and_then(|()| {
            announce(&step.what, &install);
            run(&mut install, None)
        });
    }
    result.map_err(|error| missing(error.to_string()))
}

fn apt_get(apt: &Apt, arguments: &[&str]) -> Command {
    let mut command = match apt.elevation {
        Elevation::Root | Elevation::None => Command::new(&apt.path),
        Elevation::Sudo => {
            let mut command = Command::new("sudo");
            command
                .args(["-n", "DEBIAN_FRONTEND=noninteractive"])
                .arg(&apt.path);
            command
        }
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(arguments);
    // Wait for whoever else is installing rather than fail at once.
    command.args(["-o", "DPkg::Lock::Timeout=300", "--quiet"]);
    command
}

/// Tells whether apt's lists have a package.
fn is_offered(name: &str) -> bool {
    Command::new("apt-cache")
        .args(["policy", name])
        .env("LC_ALL", "C")
        .output()
        .is_ok_and(|output| offers(&String::from_utf8_lossy(&output.stdout)))
}

fn offers(policy: &str) -> bool {
    policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Candidate:"))
        .any(|candidate| candidate.trim() != "(none)")
}

fn announce(what: &str, command: &Command) {
    eprintln!("mote needs {what}: about to run `{}`", show(command));
}

/// Returns a command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = command.get_program();
    let name = Path::new(program).file_name().unwrap_or(program);
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command whose output is for the person to read: all of it goes to standard error, for
/// standard output belongs to the result of the tool that called us.
///
/// # Errors
/// If the command cannot be started, fails or takes too long.
pub(crate) fn run(command: &mut Command, deadline: Option<Duration>) -> Result<(), Error> {
    let start = |source| Error::Start {
        command: show(command),
        source,
    };
    let stderr = std::io::stderr();
    let output = std::os::fd::AsFd::as_fd(&stderr)
        .try_clone_to_owned()
        .map_err(start)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .map_err(|source| Error::Start {
            command: show(command),
            source,
        })?;
    let status = match deadline {
        None => child.wait(),
        Some(deadline) => wait_until(&mut child, Instant::now() + deadline),
    };
    let status = status.map_err(|source| Error::Start {
        command: show(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Command {
            command: show(command),
            status: status.to_string(),
        })
    }
}

/// Waits for a child, and ends it when its time is up.
///
/// # Errors
/// If the child cannot be waited for.
fn wait_until(child: &mut std::process::Child, deadline: Instant) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            child.kill()?;
            return child.wait();
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{offers, run, show};
    use crate::error::Error;

    #[test]
    fn policy_with_candidate_is_an_offer() {
        assert!(offers(
            "lld-22:\n  Installed: (none)\n  Candidate: 1:22.1.8-1~deb12u1\n"
        ));
        assert!(!offers("foo:\n  Installed: (none)\n  Candidate: (none)\n"));
        assert!(!offers(""));
    }

    #[test]
    fn command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/apt-get");
        command.args(["install", "qemu-system-arm"]);
        assert_eq!(show(&command), "apt-get install qemu-system-arm");
    }

    #[test]
    fn command_past_its_deadline_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("60");
        let result = run(&mut command, Some(Duration::from_millis(10)));
        assert!(matches!(result, Err(Error::Command { .. })));
    }

    #[test]
    fn command_that_does_not_exist_is_named() {
        let result = run(&mut Command::new("mote-no-such-program"), None);
        assert!(
            result
                .unwrap_err()
                .to_string()
                .contains("mote-no-such-program")
        );
    }
}
