//! The report: tables of what was measured, and each budget with what was found.

use super::Row;
use super::workloads::Cost;

/// A promise, and what was found.
#[derive(Debug)]
pub(super) struct Budget {
    pub(super) what: String,
    /// At most this.
    pub(super) limit: f64,
    pub(super) goal: Option<f64>,
    /// Nothing where it could not be measured.
    pub(super) found: Option<f64>,
    pub(super) unit: &'static str,
}

impl Budget {
    pub(super) fn is_met(&self) -> bool {
        self.found.is_some_and(|found| found <= self.limit)
    }
}

/// Writes a number with separators.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(super) fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// Returns the geometric mean; nothing where a value is missing or there is none.
pub(super) fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let values: Option<Vec<f64>> = values.into_iter().collect();
    let values = values?;
    let count = u32::try_from(values.len())
        .ok()
        .filter(|count| *count > 0)?;
    Some((values.iter().map(|value| value.ln()).sum::<f64>() / f64::from(count)).exp())
}

fn fraction(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

fn count(value: Option<u64>) -> String {
    value.map_or_else(|| "-".to_owned(), thousands)
}

/// Returns a table's lines: heading, rule, rows.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let heading: Vec<_> = heading.iter().map(ToString::to_string).collect();
    let rule = vec!["---".to_owned(); heading.len()];
    let mut lines = vec![line(&heading), line(&rule)];
    lines.extend(rows.iter().map(|row| line(row)));
    lines
}

fn known_ratio(a: Option<u64>, b: Option<u64>) -> Option<f64> {
    Some(ratio(a?, b?))
}

/// Instructions of the call: native, both engines, rivals.
pub(super) fn instructions(rows: &[Row]) -> Vec<String> {
    let yardstick = |row: &Row| Some(row.workload.native.instructions);
    costs(rows, |cost| Some(cost.instructions), yardstick)
}

/// The same in modelled cycles.
pub(super) fn cycles(rows: &[Row]) -> Vec<String> {
    costs(rows, |cost| cost.cycles, Row::native_cycles)
}

/// One part of what the call costs, and how many times native code's that is.
fn costs(
    rows: &[Row],
    part: impl Fn(Cost) -> Option<u64>,
    yardstick: impl Fn(&Row) -> Option<u64>,
) -> Vec<String> {
    let times = |row: &Row, cost: Cost| known_ratio(part(cost), yardstick(row));
    let rival = |row: &Row| row.workload.rivals.map(|it| (it.wasm3, it.wamr));
    let wasm3 = |row: &Row| rival(row).and_then(|(it, _)| times(row, it));
    let wamr = |row: &Row| rival(row).and_then(|(_, it)| times(row, it));
    let mut cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.workload.name().to_owned(),
                count(part(row.workload.native)),
                count(row.native.and_then(&part)),
                count(part(row.mote)),
                fraction(times(row, row.mote)),
                count(part(row.wasmi)),
                fraction(times(row, row.wasmi)),
                fraction(wasm3(row)),
                fraction(wamr(row)),
            ]
        })
        .collect();
    let of = |part: &dyn Fn(&Row) -> Option<f64>| fraction(mean(rows.iter().map(part)));
    cells.push(vec![
        "**geometric mean**".to_owned(),
        String::new(),
        String::new(),
        String::new(),
        of(&|row| times(row, row.mote)),
        String::new(),
        of(&|row| times(row, row.wasmi)),
        of(&wasm3),
        of(&wamr),
    ]);
    let heading = [
        "workload",
        "native",
        "measured here",
        "Mote",
        "x native",
        "wasmi",
        "x native",
        "wasm3, x",
        "WAMR fast, x",
    ];
    table(&heading, &cells)
}

/// Start, checks, fuel, sizes and RAM.
pub(super) fn rest(rows: &[Row]) -> Vec<String> {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.workload.name().to_owned(),
                thousands(row.start),
                thousands(row.wasmi_start),
                fraction(Some(ratio(row.check, row.image_bytes))),
                fraction(Some(ratio(row.verify, row.image_bytes))),
                thousands(row.fuel),
                fraction(Some(ratio(row.fuel, row.executed))),
                thousands(row.image_bytes),
                fraction(Some(ratio(row.image_bytes, row.sizes.code_bytes))),
                thousands(row.ram_bytes),
                thousands(row.frame_bytes),
                thousands(row.wasmi_ram_bytes),
            ]
        })
        .collect();
    let heading = [
        "workload",
        "start",
        "start, wasmi",
        "check, a byte",
        "verify, a byte",
        "fuel",
        "fuel / executed",
        "image, bytes",
        "image / code",
        "RAM",
        "frames",
        "RAM, wasmi",
    ];
    table(&heading, &cells)
}

/// Each budget, met or missed.
pub(super) fn budgets(budgets: &[Budget]) -> Vec<String> {
    let number = |value: f64| {
        if value >= 1_000.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "bytes and instructions, positive and far below 2^52"
            )]
            thousands(value.round() as u64)
        } else if value.fract() == 0.0 {
            format!("{value}")
        } else {
            format!("{value:.2}")
        }
    };
    let cells: Vec<Vec<String>> = budgets
        .iter()
        .map(|own| {
            let goal = own
                .goal
                .map_or_else(String::new, |goal| format!(" (goal {})", number(goal)));
            let verdict = match own.found {
                None => "not measured",
                Some(_) if own.is_met() => "met",
                Some(_) => "**missed**",
            };
            vec![
                own.what.clone(),
                format!("{}{goal} {}", number(own.limit), own.unit)
                    .trim()
                    .to_owned(),
                own.found.map_or_else(|| "-".to_owned(), number),
                verdict.to_owned(),
            ]
        })
        .collect();
    table(&["budget", "at most", "found", ""], &cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_is_geometric_and_needs_every_value() {
        let two = mean([Some(2.0), Some(8.0)]).unwrap();
        assert!((two - 4.0).abs() < 1e-9);
        assert_eq!(mean([Some(2.0), None]), None);
        assert_eq!(mean([]), None);
    }

    #[test]
    fn budget_is_met_missed_or_not_measured() {
        let budget = |found| Budget {
            what: "flash".to_owned(),
            limit: 4096.0,
            goal: Some(2048.0),
            found,
            unit: "bytes",
        };
        let lines = budgets(&[budget(Some(4096.0)), budget(Some(4097.0)), budget(None)]);
        assert_eq!(
            lines[2],
            "| flash | 4,096 (goal 2,048) bytes | 4,096 | met |"
        );
        assert!(lines[3].ends_with("| 4,097 | **missed** |"));
        assert!(lines[4].ends_with("| - | not measured |"));
    }
}
