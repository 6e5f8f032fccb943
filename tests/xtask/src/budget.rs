//! The budget of a firmware: what it may take, and what it took when last measured.
//!
//! The limit is a promise to whoever has a board with that much memory. The measured values are
//! exact, one pair for each compiler: a change of one byte has to be written down by whoever makes
//! it, so that growth is seen in the change that causes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mote_toolchain::{Footprint, Target};
use toml::Table;

/// Flash and RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Bytes of flash.
    pub(crate) flash_bytes: u64,
    /// Bytes of RAM.
    pub(crate) ram_bytes: u64,
}

impl From<&Footprint> for Memory {
    fn from(footprint: &Footprint) -> Self {
        Self {
            flash_bytes: footprint.flash_bytes,
            ram_bytes: footprint.ram_bytes,
        }
    }
}

/// A budget file.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    path: PathBuf,
    /// All that stands before the measured values, as it was written.
    head: String,
    /// What the firmware is built for.
    pub(crate) target: Target,
    /// What it may take.
    pub(crate) limit: Memory,
    /// What it took, by compiler.
    pub(crate) measured: BTreeMap<String, Memory>,
}

/// How a measurement compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As written down.
    Same,
    /// This compiler was never measured; the limit holds.
    Unmeasured,
    /// It is not allowed; says what is wrong and what to do.
    Bad(String),
}

impl Budget {
    /// Reads a budget file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {}: each firmware has a budget beside it",
                path.display()
            )
        })?;
        Self::parse(path, &text).with_context(|| format!("{} is not a budget", path.display()))
    }

    fn parse(path: &Path, text: &str) -> Result<Self> {
        let table: Table = text.parse()?;
        let triple = table
            .get("target")
            .and_then(toml::Value::as_str)
            .unwrap_or_default();
        let Some(target) = Target::from_triple(triple) else {
            let known: Vec<_> = Target::ALL.into_iter().map(Target::triple).collect();
            bail!(
                "`target` is {triple:?}; it must be one of {}",
                known.join(", ")
            );
        };
        let limit = table.get("limit").and_then(toml::Value::as_table);
        let measured = table.get("measured").and_then(toml::Value::as_table);
        let measured = measured.into_iter().flatten().map(|(compiler, memory)| {
            let memory = memory.as_table().context("`measured` holds tables")?;
            Ok((compiler.clone(), memory_of(memory)?))
        });
        Ok(Self {
            path: path.to_path_buf(),
            head: head_of(text),
            target,
            limit: memory_of(limit.context("there is no table `limit`")?)?,
            measured: measured.collect::<Result<_>>()?,
        })
    }

    /// Compares a measurement with the budget.
    pub(crate) fn judge(&self, compiler: &str, found: Memory) -> Verdict {
        let over = |what, found: u64, limit: u64| {
            let over = found.checked_sub(limit).filter(|over| *over > 0)?;
            Some(format!(
                "{what} is {found} bytes, {over} over the limit of {limit}"
            ))
        };
        let flash = over("flash", found.flash_bytes, self.limit.flash_bytes);
        let ram = over("RAM", found.ram_bytes, self.limit.ram_bytes);
        let over: Vec<_> = flash.into_iter().chain(ram).collect();
        if !over.is_empty() {
            return Verdict::Bad(format!(
                "{}; make it smaller, or raise the limit in {} and say why",
                over.join(", "),
                self.path.display()
            ));
        }
        match self.measured.get(compiler) {
            None => Verdict::Unmeasured,
            Some(measured) if *measured == found => Verdict::Same,
            Some(measured) => Verdict::Bad(format!(
                "flash changed by {} and RAM by {} bytes; if that is meant, run \
                 `cargo xtask size --bless` and commit {}",
                difference(measured.flash_bytes, found.flash_bytes),
                difference(measured.ram_bytes, found.ram_bytes),
                self.path.display()
            )),
        }
    }

    /// Writes a measurement down. What stands before the measured values stays as it was. Where
    /// the value of this compiler changed, the program did, so what others measured is of another
    /// program: it is dropped, lest whoever has only that compiler be told of a change that they
    /// did not make. Returns the compilers whose values were dropped.
    pub(crate) fn bless(&mut self, compiler: &str, found: Memory) -> Result<Vec<String>> {
        let before = self.measured.insert(compiler.to_owned(), found);
        let mut dropped = Vec::new();
        if before.is_some_and(|before| before != found) {
            dropped.extend(
                self.measured
                    .keys()
                    .filter(|other| *other != compiler)
                    .cloned(),
            );
            self.measured.retain(|other, _| other == compiler);
        }
        fs::write(&self.path, self.text())
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(dropped)
    }

    fn text(&self) -> String {
        let mut text = self.head.trim_end().to_owned();
        text.push('\n');
        for (compiler, memory) in &self.measured {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n[measured.{}]\nflash_bytes = {}\nram_bytes = {}\n",
                toml::Value::from(compiler.as_str()),
                memory.flash_bytes,
                memory.ram_bytes
            );
        }
        text
    }
}

fn head_of(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("[measured"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn memory_of(table: &Table) -> Result<Memory> {
    let number = |key: &str| -> Result<u64> {
        let value = table.get(key).and_then(toml::Value::as_integer);
        let value = value.with_context(|| format!("there is no whole number `{key}`"))?;
        u64::try_from(value).with_context(|| format!("`{key}` is below zero"))
    };
    Ok(Memory {
        flash_bytes: number("flash_bytes")?,
        ram_bytes: number("ram_bytes")?,
    })
}

/// Writes a difference with its sign.
pub(crate) fn difference(base: u64, head: u64) -> String {
    if head >= base {
        format!("+{}", head - base)
    } else {
        format!("-{}", base - head)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Budget, Memory, Verdict, difference};

    const TEXT: &str = "# Why this much.\ntarget = \"thumbv7em-none-eabihf\"\n\n[limit]\n\
        flash_bytes = 1000 # half\nram_bytes = 100\n\n[measured.\"rustc-1.95.0\"]\n\
        flash_bytes = 900\nram_bytes = 90\n";

    fn budget() -> Budget {
        Budget::parse(Path::new("budget.toml"), TEXT).unwrap()
    }

    const fn memory(flash_bytes: u64, ram_bytes: u64) -> Memory {
        Memory {
            flash_bytes,
            ram_bytes,
        }
    }

    #[test]
    fn measurement_as_written_down_is_good() {
        assert_eq!(
            budget().judge("rustc-1.95.0", memory(900, 90)),
            Verdict::Same
        );
    }

    #[test]
    fn measurement_that_changed_says_how_to_bless_it_even_if_smaller() {
        let verdict = budget().judge("rustc-1.95.0", memory(899, 91));
        let Verdict::Bad(why) = verdict else {
            panic!("{verdict:?}")
        };
        assert!(
            why.contains("by -1") && why.contains("by +1") && why.contains("--bless"),
            "{why}"
        );
    }

    #[test]
    fn unknown_compiler_is_held_to_the_limit_only() {
        assert_eq!(
            budget().judge("rustc-1.99.0", memory(1000, 100)),
            Verdict::Unmeasured
        );
        let verdict = budget().judge("rustc-1.99.0", memory(1001, 100));
        let Verdict::Bad(why) = verdict else {
            panic!("{verdict:?}")
        };
        assert!(why.contains("1 over the limit of 1000"), "{why}");
    }

    #[test]
    fn blessing_keeps_the_head_and_the_other_compilers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("budget.toml");
        fs::write(&path, TEXT).unwrap();
        let mut budget = Budget::read(&path).unwrap();
        budget
            .bless("rustc-1.96.0-debian", memory(901, 90))
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(TEXT), "{text}");
        let again = Budget::read(&path).unwrap();
        assert_eq!(again.measured.len(), 2);
        assert_eq!(
            again.judge("rustc-1.96.0-debian", memory(901, 90)),
            Verdict::Same
        );
    }

    #[test]
    fn blessing_a_change_drops_what_others_measured_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("budget.toml");
        fs::write(&path, TEXT).unwrap();
        let mut budget = Budget::read(&path).unwrap();
        budget
            .bless("rustc-1.96.0-debian", memory(800, 90))
            .unwrap();
        let dropped = budget.bless("rustc-1.95.0", memory(901, 90)).unwrap();
        assert_eq!(dropped, ["rustc-1.96.0-debian"]);
        let again = Budget::read(&path).unwrap();
        assert_eq!(
            again.judge("rustc-1.96.0-debian", memory(801, 90)),
            Verdict::Unmeasured
        );
        assert_eq!(again.judge("rustc-1.95.0", memory(901, 90)), Verdict::Same);
    }

    #[test]
    fn budget_without_what_it_needs_is_refused_by_name() {
        let refusal = |text: &str| {
            format!(
                "{:#}",
                Budget::parse(Path::new("budget.toml"), text).unwrap_err()
            )
        };
        assert!(refusal("").contains("target"));
        assert!(refusal("target = \"thumbv7em-none-eabi\"").contains("limit"));
        assert!(
            refusal("target = \"thumbv7em-none-eabi\"\n[limit]\nflash_bytes = -1\nram_bytes = 1")
                .contains("flash_bytes")
        );
    }

    #[test]
    fn difference_has_a_sign() {
        assert_eq!(difference(5, 7), "+2");
        assert_eq!(difference(7, 5), "-2");
        assert_eq!(difference(5, 5), "+0");
    }
}
