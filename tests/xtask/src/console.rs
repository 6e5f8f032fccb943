//! The one place that writes results for people: standard output, line by line.

/// Writes a line.
#[expect(
    clippy::print_stdout,
    reason = "what a command-line tool reports goes there"
)]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Writes a heading that stands out from the output of the tools below it.
pub(crate) fn heading(line: &str) {
    say("");
    say(&format!("=== {line}"));
}
