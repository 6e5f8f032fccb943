//! Native code, measured in the same run where the machine has a compiler for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::workloads::{Cost, FOLDER, Workload};
use crate::workspace::Workspace;

/// The compiler of the listed figures; another version gives other figures.
const COMPILER: &str = "arm-none-eabi-gcc";

const FLAGS: [&str; 9] = [
    "-mcpu=cortex-m4",
    "-mthumb",
    "-mfloat-abi=hard",
    "-mfpu=fpv4-sp-d16",
    "-O2",
    "-ffreestanding",
    "-fno-builtin",
    "-fno-tree-loop-distribute-patterns",
    "-ffp-contract=off",
];

/// A compiler of C for the board, and what runs it.
#[derive(Debug)]
pub(super) struct Native<'a> {
    workspace: &'a Workspace,
    qemu: &'a Path,
    cycle_model: Option<&'a Path>,
    folder: PathBuf,
    /// The compiler's name and version.
    pub(super) compiler: String,
}

impl<'a> Native<'a> {
    /// Finds the compiler, if there is one.
    pub(super) fn find(
        workspace: &'a Workspace,
        qemu: &'a Path,
        cycle_model: Option<&'a Path>,
        folder: PathBuf,
    ) -> Option<Self> {
        let version = Command::new(COMPILER)
            .arg("-dumpfullversion")
            .output()
            .ok()?;
        let version = String::from_utf8(version.stdout).ok()?;
        Some(Self {
            workspace,
            qemu,
            cycle_model,
            folder,
            compiler: format!("{COMPILER} {}", version.trim()),
        })
    }

    /// Compiles a program with the bare firmware of `tests/engine-suite/native`, runs it and returns
    /// what its call took. It has to give the result that is listed.
    pub(super) fn measure(&self, workload: &Workload) -> Result<Cost> {
        let suite = self.workspace.root.join("tests/engine-suite");
        let elf = self.folder.join(format!("native-{}.elf", workload.name()));
        let source = self
            .workspace
            .root
            .join(FOLDER)
            .join(format!("{}.c", workload.file));
        let status = Command::new(COMPILER)
            .args(FLAGS)
            .arg(format!("-DARGUMENT={}", workload.argument))
            .args(["-nostdlib", "-nostartfiles", "-T"])
            .arg(suite.join("native/link.ld"))
            .arg(suite.join("native/start.c"))
            .arg(&source)
            .args(["-lgcc", "-o"])
            .arg(&elf)
            .status()
            .with_context(|| format!("{COMPILER} cannot be started"))?;
        ensure!(status.success(), "{}: {COMPILER} failed", source.display());
        let log = self.folder.join("native-cycles.log");
        let mut command = Command::new(self.qemu);
        command
            .args(["-M", "mps2-an386", "-icount", "shift=0", "-display", "none"])
            .args(["-monitor", "none", "-serial", "stdio"])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(&elf);
        if let Some(plugin) = self.cycle_model {
            command.arg("-plugin").arg(plugin);
            command.args(["-d", "plugin", "-D"]).arg(&log);
        }
        let output = command
            .stdin(Stdio::null())
            .output()
            .context("QEMU cannot be started")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let number = |name: &str| -> Result<u64> {
            text.lines()
                .find_map(|line| u64::from_str_radix(line.strip_prefix(name)?.trim(), 16).ok())
                .ok_or_else(|| anyhow!("native {} said no {name:?}: {text}", workload.name()))
        };
        ensure!(
            number("result")? == u64::from(workload.result),
            "native {} returned {}, not {}",
            workload.name(),
            number("result")?,
            workload.result
        );
        let cycles = match self.cycle_model {
            None => None,
            Some(_) => {
                let log = std::fs::read_to_string(&log).context("the cycle model wrote no log")?;
                let spans: Vec<u64> = log.lines().filter_map(cycles_of).collect();
                let &[_, overhead, _, call, ..] = spans.as_slice() else {
                    return Err(anyhow!("the cycle model's log is none of this run: {log}"));
                };
                Some(call.saturating_sub(overhead))
            }
        };
        Ok(Cost {
            instructions: number("run")?.saturating_sub(number("overhead")?),
            cycles,
        })
    }
}

/// Returns the cycles of a line of the cycle model's log.
fn cycles_of(line: &str) -> Option<u64> {
    let (_, cycles) = line.strip_prefix("span ")?.split_once(" cycles ")?;
    cycles.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::cycles_of;

    #[test]
    fn cycles_are_read_from_the_log() {
        assert_eq!(cycles_of("span 3: instructions 5 cycles 10"), Some(10));
        assert_eq!(cycles_of("total: instructions 5 cycles 10"), None);
    }
}
