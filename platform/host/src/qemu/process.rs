//! The QEMU process: started with everything it needs, and never left behind.

use std::collections::VecDeque;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use mote_sim::Pace;

use super::Boot;
use super::trace::{LedTrace, Leds, Line};

/// How many of QEMU's last lines are kept.
const REMEMBERED_LINES: usize = 20;

/// Counts instructions, one a nanosecond of the device's time, so that each run is the same; and
/// does not sleep where the device does: its time jumps to what it waits for.
const ICOUNT_UNBOUNDED: &str = "shift=0,sleep=off";

/// The same, and sleeps where the device does, so that a person can watch.
const ICOUNT_REAL: &str = "shift=0,sleep=on";

/// A QEMU that runs. Dropping it kills it.
pub(super) struct Qemu {
    child: Child,
    listener: Option<JoinHandle<Heard>>,
    serial_file: PathBuf,
    // Removed when this is dropped: after the process, which writes into it.
    _folder: TempDir,
}

/// What QEMU wrote to its standard error.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) leds: Leds,
    lines: VecDeque<String>,
}

impl Heard {
    /// Returns the last lines that are not of the trace, as a sentence.
    pub(super) fn last_lines(&self) -> String {
        if self.lines.is_empty() {
            return "QEMU itself wrote nothing.".to_owned();
        }
        let lines: Vec<String> = self.lines.iter().map(|line| format!("  {line}")).collect();
        format!("QEMU wrote:\n{}", lines.join("\n"))
    }
}

impl Qemu {
    /// Starts QEMU, with these options besides.
    pub(super) fn start(boot: &Boot<'_>, options: &[OsString]) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("mote-qemu-")
            .tempdir()
            .context("cannot make a temporary folder: set TMPDIR to one that can be written to")?;
        let serial_file = folder.path().join("serial");
        fs::File::create(&serial_file)
            .with_context(|| format!("cannot write to {}", serial_file.display()))?;
        let mut serial = OsString::from("file:");
        serial.push(&serial_file);
        let icount = match boot.pace {
            Pace::Unbounded => ICOUNT_UNBOUNDED,
            Pace::Real => ICOUNT_REAL,
        };
        let mut command = command_that_dies_with_us(boot.qemu);
        command
            .args(["-machine", boot.machine])
            .args(["-display", "none", "-monitor", "none", "-nic", "none"])
            .arg("-serial")
            .arg(serial)
            .args(["-icount", icount, "-trace", boot.leds.event()])
            .arg("-kernel")
            .arg(boot.elf)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| {
            format!(
                "cannot start {}: install QEMU (Debian: qemu-system-arm)",
                boot.qemu.display()
            )
        })?;
        let stderr = child.stderr.take();
        let leds = boot.leds;
        let listener = stderr.map(|stderr| thread::spawn(move || listen(stderr, leds)));
        Ok(Self {
            child,
            listener,
            serial_file,
            _folder: folder,
        })
    }

    /// Returns the file that the serial line goes to.
    pub(super) fn serial_file(&self) -> &Path {
        &self.serial_file
    }

    /// Returns how QEMU ended, if it did.
    pub(super) fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask after QEMU")
    }

    /// Ends QEMU and returns what it wrote.
    pub(super) fn end(mut self) -> Result<Heard> {
        self.kill();
        let heard = self.listener.take().map(JoinHandle::join);
        match heard {
            Some(Ok(heard)) => Ok(heard),
            Some(Err(_)) | None => bail!("QEMU's messages are lost: report it"),
        }
    }

    fn kill(&mut self) {
        // Both fail only where it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads QEMU's standard error to its end.
fn listen(stderr: ChildStderr, leds: LedTrace) -> Heard {
    let mut heard = Heard::default();
    for line in BufReader::new(stderr).split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line);
        match leds.line(line.trim_end()) {
            Line::Leds { told, lit } => heard.leds.update(told, lit),
            Line::Other => {}
            Line::Text(text) => {
                if heard.lines.len() == REMEMBERED_LINES {
                    heard.lines.pop_front();
                }
                heard.lines.push_back(text.to_owned());
            }
        }
    }
    heard
}

/// Returns a command that the kernel kills when this program dies, where `setpriv` can have that.
fn command_that_dies_with_us(program: &Path) -> Command {
    let path = env::var_os("PATH").unwrap_or_default();
    let setpriv = env::split_paths(&path)
        .map(|folder| folder.join("setpriv"))
        .find(|file| file.is_file());
    let found = |name: &OsStr| {
        Path::new(name).is_file()
            || env::split_paths(&path).any(|folder| folder.join(name).is_file())
    };
    match setpriv {
        // Where there is no such program, starting it directly gives the better message.
        Some(setpriv) if found(program.as_os_str()) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        Some(_) | None => Command::new(program),
    }
}
