//! Modules in the simulator: what they may do, how they end, and what is told.

use mote_suite::{Folder, mote};

const CLOCK_AND_LED: &str = r#"
[capabilities.led]
interface = "gpio.out"
pin = "led0"
[capabilities.time]
interface = "clock"
"#;

/// Opens `led` and `time`, then drives the LED every millisecond until that fails; ends with the
/// error's number.
const DRIVER: &str = r#"(module
    (import "mote_v0" "capability.open" (func $open (param i32 i32) (result i32)))
    (import "mote_v0" "gpio.write" (func $write (param i32 i32) (result i32)))
    (import "mote_v0" "clock.sleep_us" (func $sleep (param i32 i64) (result i32)))
    (memory (export "memory") 7 (pagesize 1))
    (data (i32.const 0) "ledtime")
    (func (export "run") (result i32) (local $led i32) (local $time i32) (local $error i32)
        (local.set $led (call $open (i32.const 0) (i32.const 3)))
        (local.set $time (call $open (i32.const 3) (i32.const 4)))
        (loop $again
            (drop (call $sleep (local.get $time) (i64.const 1000)))
            (local.set $error (call $write (local.get $led) (i32.const 1)))
            (br_if $again (i32.eqz (local.get $error))))
        (i32.sub (i32.const 0) (local.get $error))))"#;

#[test]
fn module_by_hand_follows_its_button() {
    let ran = mote([
        "run",
        "modules/follow",
        "--for",
        "1s",
        "--set",
        "button0=1@250ms",
        "--set",
        "button0=0@650ms",
    ]);
    ran.ends(0, "follow ended");
    let writes: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains("gpio.write"))
        .collect();
    assert_eq!(writes.len(), 2, "{ran:#?}");
    assert!(writes[0].starts_with("    0.300") && writes[0].ends_with("gpio.write(led, 1) = 0"));
    assert!(writes[1].starts_with("    0.700") && writes[1].ends_with("gpio.write(led, 0) = 0"));
    assert!(
        ran.out.trim_end().ends_with("STOP_REQUESTED(0)"),
        "{ran:#?}"
    );
}

#[test]
fn runs_are_the_same_each_time() {
    let folder = Folder::default();
    let module = folder.module("driver", CLOCK_AND_LED, DRIVER);
    let run = || mote(["run", &module, "--for", "50ms", "--json"]).json();
    let first = run();
    assert_eq!(first["trace"].as_array().unwrap().len(), 2 + 2 * 49);
    assert_eq!(run(), first);
}

#[test]
fn denied_capability_is_told_by_name_and_the_module_does_not_start() {
    let folder = Folder::default();
    let module = folder.module("driver", CLOCK_AND_LED, DRIVER);
    let policy = folder.write("policy.toml", "[[grant]]\ninterface = \"clock\"\n");
    let ran = mote(["run", &module, "--policy", &policy, "--for", "1s"]);
    ran.ends(
        126,
        "refused: led (gpio.out led0, read+write): the policy of board sim does not grant",
    );
    assert_eq!(ran.out, "", "nothing ran");
    let json = mote(["run", &module, "--policy", &policy, "--json"]).json();
    assert_eq!(json["ending"], "refused");
    assert_eq!(json["capabilities"][0]["granted"], false);
    assert_eq!(json["capabilities"][1]["granted"], true);
}

#[test]
fn denied_capability_that_is_optional_is_told_and_the_module_starts() {
    let folder = Folder::default();
    let capabilities = CLOCK_AND_LED.replacen(
        "[capabilities.time]",
        "optional = true\n[capabilities.time]",
        1,
    );
    let module = folder.module("driver", &capabilities, DRIVER);
    let policy = folder.write("policy.toml", "[[grant]]\ninterface = \"clock\"\n");
    let ran = mote(["run", &module, "--policy", &policy, "--for", "1s"]);
    // Its open fails with DENIED, and so its write has no handle: INVALID_HANDLE.
    ran.ends(1, "which it can do without");
    assert!(
        ran.out.contains("capability.open(0, 3) = DENIED"),
        "{ran:#?}"
    );
    assert!(ran.out.contains("= INVALID_HANDLE"), "{ran:#?}");
}

#[test]
fn pin_that_the_board_has_not_is_told() {
    let folder = Folder::default();
    let capabilities = CLOCK_AND_LED.replace("led0", "led77");
    let module = folder.module("driver", &capabilities, DRIVER);
    mote(["run", &module]).ends(126, "board sim has no gpio.out pin \"led77\"");
}

#[test]
fn revoked_handle_fails_from_then_on_and_the_module_learns() {
    let folder = Folder::default();
    let module = folder.module("driver", CLOCK_AND_LED, DRIVER);
    let ran = mote(["run", &module, "--for", "1s", "--revoke", "led@5500us"]);
    ran.ends(2, "led revoked at 0.0055");
    assert!(ran.err.contains("ended with exit code 2"), "{ran:#?}");
    let calls: Vec<&str> = ran
        .out
        .lines()
        .filter(|line| line.contains("gpio.write"))
        .collect();
    assert!(
        calls.len() == 6 && calls[5].ends_with("= REVOKED"),
        "{ran:#?}"
    );
    let unknown = mote(["run", &module, "--for", "10ms", "--revoke", "lamp@1ms"]);
    unknown.ends(0, "no capability \"lamp\"");
}

#[test]
fn pointer_outside_of_memory_traps_with_the_cause() {
    let folder = Folder::default();
    let text = DRIVER.replacen(
        "(i32.const 0) (i32.const 3)",
        "(i32.const 6) (i32.const 3)",
        1,
    );
    let module = folder.module("driver", CLOCK_AND_LED, &text);
    mote(["run", &module]).ends(
        134,
        "capability.open was given 3 bytes at 0x6, which are outside of its memory of 7 bytes",
    );
    let json = mote(["run", &module, "--json"]).json();
    assert_eq!(json["trap"]["pointer"], 6);
}

#[test]
fn unknown_imports_are_all_told_by_name() {
    let folder = Folder::default();
    let module = folder.write(
        "imports.wat",
        r#"(module
            (import "env" "puts" (func (param i32) (result i32)))
            (import "mote_v0" "gpio.explode" (func))
            (import "mote_v0" "gpio.write" (func (param i32) (result i32)))
            (func (export "run")))"#,
    );
    let ran = mote(["run", &module]);
    ran.ends(
        126,
        "import \"env\" \"puts\": nothing of that name is offered",
    );
    ran.ends(
        126,
        "import \"mote_v0\" \"gpio.explode\": nothing of that name is offered",
    );
    ran.ends(
        126,
        "\"gpio.write\": it is (i32, i32) -> i32, and asked for as another",
    );
}

#[test]
fn module_for_another_abi_is_refused() {
    let folder = Folder::default();
    let module = folder.module("driver", CLOCK_AND_LED, DRIVER);
    let manifest = std::fs::read_to_string(folder.path("driver.toml")).unwrap();
    folder.write("driver.toml", manifest.replace("abi = 0", "abi = 7"));
    mote(["run", &module]).ends(126, "built for ABI 7");
}

#[test]
fn manifest_with_a_fault_is_told_with_its_place() {
    let folder = Folder::default();
    let module = folder.module(
        "driver",
        "[capabilities.led]\ninterface = \"gpio.uot\"\n",
        DRIVER,
    );
    let ran = mote(["run", &module]);
    ran.ends(
        126,
        "driver.toml: capabilities.led.interface: no interface \"gpio.uot\"",
    );
    folder.write("driver.toml", "[module]\nname = \"driver\n");
    mote(["run", &module]).ends(126, "line 2");
}

#[test]
fn log_messages_cannot_forge_lines_or_move_the_cursor() {
    let folder = Folder::default();
    let module = folder.module(
        "log",
        "[capabilities.log]\ninterface = \"log\"\n",
        r#"(module
            (import "mote_v0" "capability.open" (func $open (param i32 i32) (result i32)))
            (import "mote_v0" "log.write" (func $log (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 64 (pagesize 1))
            (data (i32.const 0) "log\1b[2Jhello\nmote: all is well")
            (func (export "run") (result i32)
                (call $log (call $open (i32.const 0) (i32.const 3)) (i32.const 2)
                    (i32.const 3) (i32.const 28))))"#,
    );
    let ran = mote(["run", &module, "--fast"]);
    ran.ends(
        0,
        "mote: [warn] log: \u{fffd}[2Jhello\u{fffd}mote: all is well",
    );
    assert!(!ran.err.contains('\x1b'));
}

#[test]
fn recording_replays_without_a_difference_and_shows_one_where_there_is() {
    let folder = Folder::default();
    let recording = folder.path("recording");
    let run = [
        "run",
        "modules/follow",
        "--for",
        "1s",
        "--set",
        "button0=1@250ms",
        "--record",
    ];
    mote(run.into_iter().chain([recording.as_str()])).ends(0, "");
    let ran = mote(["replay", &recording, "modules/follow"]);
    ran.ends(0, "equal: 23 host calls");
    let text = std::fs::read_to_string(&recording).unwrap();
    let changed = text.replacen("\"value\":1}", "\"value\":0}", 1);
    assert_ne!(changed, text);
    let changed = folder.write("changed", changed);
    let ran = mote(["replay", "--quiet", &changed, "modules/follow"]);
    ran.ends(1, "differ");
    assert!(
        ran.err.contains("recorded") && ran.err.contains("now"),
        "{ran:#?}"
    );
}

#[test]
fn what_makes_no_sense_together_is_a_usage_error_that_says_why() {
    for (line, cause) in [
        (
            &["run", "modules/follow", "--board", "moon"][..],
            "no board \"moon\"; there are sim",
        ),
        (
            &["run", "modules/follow", "--dir", "."],
            "--dir and --env are for WASI programs",
        ),
        (
            &["run", "modules/follow", "x"],
            "a module takes no arguments",
        ),
        (&["run", "modules/follow", "--for", "5"], "is no duration"),
        (
            &["run", "modules/follow", "--set", "button9=1"],
            "has the inputs button0, button1",
        ),
        (
            &["run", "modules/follow", "--set", "button0=2"],
            "a level is 0 or 1",
        ),
        (&["run", "modules/follow", "--revoke", "led"], "has no time"),
        (&["run", "modules/follow", "--fuel", "-1"], "--fuel"),
        (&["run"], "MODULE"),
        (&["fly"], "fly"),
    ] {
        mote(line).ends(125, cause);
    }
    for missing in ["none.wasm", "modules", "modules/none/manifest.toml"] {
        assert_eq!(mote(["run", missing]).code, 127, "{missing}");
    }
}

#[test]
fn help_is_an_answer_and_has_the_exit_codes() {
    for line in [&["--help"][..], &["run", "--help"], &["help", "run"]] {
        let ran = mote(line);
        ran.ends(0, "");
        for code in ["124", "125", "126", "127", "134"] {
            assert!(ran.out.contains(code), "{line:?}: {}", ran.out);
        }
    }
}
