//! Builds each firmware, prints what it takes, compares it with its budget.

use anyhow::{Context as _, Result, bail};
use mote_toolchain::{Build, Footprint, Need, Toolchain};

use crate::budget::{Budget, Memory, Verdict, difference};
use crate::console::say;
use crate::workspace::{Package, Workspace};

/// Measures every firmware; tells whether all keep to their budgets.
pub(crate) fn run(workspace: &Workspace, bless: bool) -> Result<bool> {
    let firmware = firmware(workspace)?;
    let needs: Vec<_> = firmware
        .iter()
        .map(|(_, budget)| Need::Device(budget.target))
        .collect();
    let toolchain = Toolchain::ready(&needs)?;
    let mut is_good = true;
    for (package, mut budget) in firmware {
        let compiler = toolchain.compiler_name(budget.target)?;
        let build = Build::package(&workspace.root, &package.name);
        let file = toolchain.build_firmware(&build, budget.target)?;
        let footprint = Footprint::of_file(&file)?;
        let found = Memory::from(&footprint);
        report(package, &compiler, &budget, &footprint);
        let verdict = budget.judge(&compiler, found);
        match verdict {
            Verdict::Bad(why) if !bless || is_over(&budget, found) => {
                say(&format!("FAILED: {}: {why}", package.folder));
                is_good = false;
            }
            Verdict::Same => say("as written down"),
            Verdict::Unmeasured if !bless => say(&format!(
                "{compiler} was not measured before, so only the limit counts; \
                 `cargo xtask size --bless` writes it down"
            )),
            Verdict::Unmeasured | Verdict::Bad(_) => {
                let dropped = budget.bless(&compiler, found)?;
                say(&format!("written down in {}/budget.toml", package.folder));
                for other in dropped {
                    say(&format!(
                        "what {other} measured was of another program and is dropped; bless it \
                         with that compiler too (see MOTE_TOOLCHAIN) to have it back"
                    ));
                }
            }
        }
    }
    Ok(is_good)
}

/// Finds every firmware and its budget. A package under firmware/ that others depend on is a part of
/// them, and no firmware. That there is none is an error: a measurement of nothing must not pass.
pub(crate) fn firmware(workspace: &Workspace) -> Result<Vec<(&Package, Budget)>> {
    let mut found = Vec::new();
    for package in workspace.under("firmware") {
        if workspace.is_depended_on(&package.name) {
            continue;
        }
        let path = workspace.root.join(&package.folder).join("budget.toml");
        found.push((package, Budget::read(&path)?));
    }
    if found.is_empty() {
        bail!("there is no package under firmware/, so nothing to measure; is it in `members`?");
    }
    Ok(found)
}

fn is_over(budget: &Budget, found: Memory) -> bool {
    found.flash_bytes > budget.limit.flash_bytes || found.ram_bytes > budget.limit.ram_bytes
}

fn report(package: &Package, compiler: &str, budget: &Budget, footprint: &Footprint) {
    say("");
    say(&format!(
        "{} with {compiler} for {}",
        package.name, budget.target
    ));
    say(&format!(
        "  {:<20} {:>10}  {:<10}",
        "section", "bytes", "takes"
    ));
    for section in &footprint.sections {
        let takes = match (section.in_flash, section.in_ram) {
            (true, true) => "flash, RAM",
            (true, false) => "flash",
            (false, _) => "RAM",
        };
        say(&format!(
            "  {:<20} {:>10}  {takes:<10}",
            section.name, section.size_bytes
        ));
    }
    let base = budget.measured.get(compiler);
    say(&format!(
        "  {:<20} {:>10} {:>10} {:>8} {:>10}",
        "", "base", "head", "diff", "limit"
    ));
    let row = |name: &str, base: Option<u64>, head: u64, limit: u64| {
        let (base, diff) = base.map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |base| (base.to_string(), difference(base, head)),
        );
        say(&format!(
            "  {name:<20} {base:>10} {head:>10} {diff:>8} {limit:>10}"
        ));
    };
    let limit = budget.limit;
    row(
        "flash",
        base.map(|base| base.flash_bytes),
        footprint.flash_bytes,
        limit.flash_bytes,
    );
    row(
        "RAM",
        base.map(|base| base.ram_bytes),
        footprint.ram_bytes,
        limit.ram_bytes,
    );
}

/// The same as [`run`], as a step of the tests.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    if run(workspace, false).context("sizes cannot be measured")? {
        Ok(())
    } else {
        bail!("a firmware does not keep to its budget; see above")
    }
}
