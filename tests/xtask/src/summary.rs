//! What came of each step, as a table and as one plain line.

use std::fmt::Write as _;
use std::time::Duration;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Well, with what there is to say about it.
    Passed(Option<String>),
    /// Badly, and why.
    Failed(String),
    /// It could not begin, and why; counts as failed.
    NotRun(String),
}

/// The outcomes so far.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    rows: Vec<(String, Outcome, Duration)>,
}

impl Summary {
    /// Adds a step.
    pub(crate) fn add(&mut self, name: &str, outcome: Outcome, time: Duration) {
        self.rows.push((name.to_owned(), outcome, time));
    }

    /// Tells whether every step passed.
    pub(crate) fn is_good(&self) -> bool {
        self.passed() == self.rows.len()
    }

    fn passed(&self) -> usize {
        self.rows
            .iter()
            .filter(|(_, outcome, _)| matches!(outcome, Outcome::Passed(_)))
            .count()
    }

    /// Writes the table.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for (name, outcome, time) in &self.rows {
            let (word, note) = match outcome {
                Outcome::Passed(note) => ("passed", note.as_deref().unwrap_or_default()),
                Outcome::Failed(why) => ("FAILED", why.as_str()),
                Outcome::NotRun(why) => ("NOT RUN", why.as_str()),
            };
            let note = note.lines().next().unwrap_or_default();
            let seconds = time.as_secs_f64();
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{name:<16} {word:<8} {seconds:>7.1} s  {note}");
        }
        table
    }

    /// Writes the last line.
    pub(crate) fn line(&self) -> String {
        let passed = self.passed();
        format!("{passed} passed, {} failed", self.rows.len() - passed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, Summary};

    #[test]
    fn step_that_could_not_run_counts_as_failed() {
        let mut summary = Summary::default();
        summary.add("setup", Outcome::Passed(None), Duration::ZERO);
        assert!(summary.is_good());
        summary.add(
            "size",
            Outcome::NotRun("no compiler".to_owned()),
            Duration::ZERO,
        );
        assert!(!summary.is_good());
        assert_eq!(summary.line(), "1 passed, 1 failed");
        assert!(summary.table().contains("NOT RUN"));
    }
}
