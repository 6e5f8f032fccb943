//! Tests of `qemu` with a shell script in the place of QEMU: they run where there is none.
//!
//! What a script cannot show, the real boots of the end-to-end tests do.

use std::io::Write as _;

use mote_supervisor::report::{Backtrace, Ending, FRAME_MAX_BYTES, PROTOCOL_VERSION, encode};

use super::*;

const FAKE_QEMU: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/qemu/fake_qemu.sh");

/// Boots a script that writes these bytes to the serial line and then goes on as `machine` says.
fn boot_fake(machine: &str, bytes: &[u8], wall_limit: Duration) -> (Result<Observed>, Vec<String>) {
    let mut kernel = tempfile::NamedTempFile::new().unwrap();
    kernel.write_all(bytes).unwrap();
    let mut reports = Vec::new();
    let boot = Boot {
        qemu: Path::new(FAKE_QEMU),
        machine,
        leds: LedTrace::Mps2Register,
        elf: kernel.path(),
        pace: Pace::Unbounded,
        wall_limit,
    };
    let observed = super::boot(&boot, &mut |report| reports.push(format!("{report:?}")));
    (observed, reports)
}

fn frame(report: &Report<'_>) -> Vec<u8> {
    let mut buffer = [0; FRAME_MAX_BYTES];
    encode(report, &mut buffer).unwrap().to_vec()
}

fn hello() -> Vec<u8> {
    frame(&Report::Hello {
        protocol: PROTOCOL_VERSION,
        board: "board",
        engine: "engine",
    })
}

fn ended() -> Vec<u8> {
    frame(&Report::Ended {
        ending: Ending::TimeUp,
        fuel_used: 1,
        time_us: 2,
        backtrace: Backtrace::default(),
    })
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn boot_streams_reports_and_ends_qemu_at_the_last() {
    let bytes = [&hello(), b"\0rubbish\0".as_slice(), &ended(), &hello()].concat();
    let start = Instant::now();
    let (observed, reports) = boot_fake("stays", &bytes, LONG);
    assert_eq!(
        observed.unwrap().leds,
        [LedTransition { led: 0, lit: true }]
    );
    assert!(start.elapsed() < LONG, "it was not ended");
    assert_eq!(reports.len(), 3, "{reports:?}");
    assert!(reports[0].starts_with("Hello"));
    assert!(
        reports[1].contains("7 bytes from the device"),
        "{reports:?}"
    );
    assert!(reports[2].starts_with("Ended"));
}

#[test]
fn boot_of_a_qemu_that_dies_shows_what_it_wrote() {
    let (observed, reports) = boot_fake("dies", &hello(), LONG);
    let error = observed.unwrap_err().to_string();
    assert!(error.contains("exit status: 3"), "{error}");
    assert!(error.contains("the machine is on fire"), "{error}");
    assert!(error.contains("Hello"), "{error}");
    assert_eq!(reports.len(), 1);
}

#[test]
fn boot_of_a_qemu_that_dies_after_the_last_report_is_good() {
    let (observed, reports) = boot_fake("dies", &ended(), LONG);
    assert_eq!(
        observed.unwrap().leds,
        [LedTransition { led: 0, lit: true }]
    );
    assert_eq!(reports.len(), 1);
}

#[test]
fn boot_that_takes_too_long_says_how_far_it_came() {
    let start = Instant::now();
    let (observed, _) = boot_fake("stays", &hello(), Duration::from_millis(500));
    let error = observed.unwrap_err().to_string();
    assert!(error.contains("not over after 0.5 s"), "{error}");
    assert!(error.contains("Hello"), "{error}");
    assert!(start.elapsed() < LONG);
}

#[test]
fn boot_without_qemu_says_what_to_install() {
    let boot = Boot {
        qemu: Path::new("no-such-qemu"),
        machine: "mps2-an386",
        leds: LedTrace::Mps2Register,
        elf: Path::new("none.elf"),
        pace: Pace::Unbounded,
        wall_limit: LONG,
    };
    let error = format!("{:#}", super::boot(&boot, &mut |_| {}).unwrap_err());
    assert!(error.contains("no-such-qemu"), "{error}");
    assert!(error.contains("qemu-system-arm"), "{error}");
}
