//! What the bench's firmware says: a word and hexadecimal numbers a line.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use mote_engine::{Value, ValueType};

/// Words of lines that are counts of instructions, each of its own stretch of the run.
const COUNTED: [&str; 7] = [
    "overhead",
    "check",
    "verify",
    "start",
    "start_function",
    "run",
    "translate",
];

/// The lines that a firmware said.
#[derive(Debug, Default)]
pub(super) struct Said {
    lines: Vec<(String, Vec<u64>)>,
}

impl Said {
    /// Reads the lines.
    pub(super) fn of(text: &str) -> Self {
        let lines = text.lines().map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default().to_owned();
            let numbers = words.map_while(|word| u64::from_str_radix(word, 16).ok());
            (name, numbers.collect())
        });
        Self {
            lines: lines.collect(),
        }
    }

    fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a [u64]> {
        let lines = self.lines.iter().filter(move |(name, _)| name == word);
        lines.map(|(_, numbers)| numbers.as_slice())
    }

    /// Tells whether a line begins with that word.
    pub(super) fn has(&self, word: &str) -> bool {
        self.all(word).next().is_some()
    }

    /// Returns the first number of the first line of that word.
    pub(super) fn number(&self, word: &str) -> Option<u64> {
        self.all(word).next()?.first().copied()
    }

    /// Returns both numbers of the first line of that word.
    pub(super) fn pair(&self, word: &str) -> Option<[u64; 2]> {
        self.all(word).next()?.first_chunk().copied()
    }

    /// Returns the instructions of that word, in the order of the run, without the measurement's.
    pub(super) fn instructions(&self, word: &str) -> Vec<u64> {
        let overhead = self.number("overhead").unwrap_or(0);
        let numbers = self.all(word).filter_map(|numbers| numbers.first());
        numbers
            .map(|&count| count.saturating_sub(overhead))
            .collect()
    }

    /// Returns what the call returned.
    pub(super) fn results(&self) -> Vec<Value> {
        let results = self.all("result").filter_map(|numbers| {
            let &[value_type, bits] = numbers.first_chunk()?;
            let value_type = ValueType::from_byte(u8::try_from(value_type).ok()?)?;
            let low = u32::try_from(bits & u64::from(u32::MAX)).ok()?;
            let high = u32::try_from(bits >> 32).ok()?;
            Some(Value::from_words(value_type, [low, high]))
        });
        results.collect()
    }

    /// Returns the modelled cycles of each word that counts instructions, of its first line, from the
    /// plugin's log: every second stretch is one that was counted.
    ///
    /// # Errors
    ///
    /// Where the log is none of this run.
    pub(super) fn cycles(&self, log: &str) -> Result<BTreeMap<&'static str, u64>> {
        let stretches = log.lines().filter_map(|line| {
            let (_, cycles) = line.strip_prefix("span ")?.split_once(" cycles ")?;
            cycles.trim().parse::<u64>().ok()
        });
        let mut stretches = stretches.skip(1).step_by(2);
        let mut cycles = BTreeMap::new();
        for (name, _) in &self.lines {
            let Some(word) = COUNTED.iter().find(|word| **word == name) else {
                continue;
            };
            let found = stretches
                .next()
                .context("the cycle model's log has fewer stretches than the run")?;
            cycles.entry(*word).or_insert(found);
        }
        let overhead = cycles.get("overhead").copied().unwrap_or(0);
        for own in cycles.values_mut() {
            *own = own.saturating_sub(overhead);
        }
        Ok(cycles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "overhead 0000000000000010\nstart 0000000000000110\nstart 0000000000000111\n\
                        run 0000000000000020\nresult 000000000000007e ffffffffffffffff\nfault\n";

    #[test]
    fn lines_are_read_and_the_overhead_is_taken_off() {
        let said = Said::of(TEXT);
        assert_eq!(said.instructions("start"), [0x100, 0x101]);
        assert_eq!(said.instructions("run"), [0x10]);
        assert_eq!(said.results(), [Value::I64(-1)]);
        assert!(said.has("fault") && !said.has("trap"));
        assert_eq!(said.pair("start"), None);
    }

    #[test]
    fn cycles_are_every_second_stretch() {
        let said = Said::of(TEXT);
        let log = (0..8).fold(String::new(), |log, index| {
            log + &format!("span {index}: instructions 1 cycles {}\n", 100 * index)
        });
        let cycles = said.cycles(&log).unwrap();
        assert_eq!(cycles["overhead"], 0);
        assert_eq!(cycles["start"], 200);
        assert_eq!(cycles["run"], 600);
        assert!(said.cycles("").is_err());
    }
}
