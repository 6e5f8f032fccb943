//! The firmware on emulated boards: the same modules, reports and traces as in the simulator.

use mote_suite::{Folder, mote};

const BOARD: &str = "mps2-an386";

/// Runs a module on the board with a recording, then replays it in the simulator.
fn run_and_replay(module: &str, options: &[&str]) -> mote_suite::Ran {
    run_on_and_replay(BOARD, module, options)
}

fn run_on_and_replay(board: &str, module: &str, options: &[&str]) -> mote_suite::Ran {
    let folder = Folder::default();
    let recording = folder.path("recording");
    let line = ["run", module, "--board", board, "--record", &recording];
    let ran = mote(line.iter().chain(options));
    let replay = mote(["replay", "--quiet", &recording, module]);
    replay.ends(0, "equal: ");
    ran
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn blink_drives_its_led_and_has_the_trace_of_the_simulator() {
    let ran = run_and_replay("modules/blink", &["--for", "3s"]);
    ran.ends(0, "QEMU saw the LEDs change 12 times, as the module asked");
    ran.ends(0, "[info] blink: blinking at 2 Hz");
    assert_eq!(
        ran.out
            .lines()
            .filter(|line| line.contains("gpio.write(led, 1) = 0"))
            .count(),
        6
    );
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn firmware_with_wasmi_makes_the_same_host_calls() {
    let ran = run_and_replay("modules/blink", &["--for", "1s", "--engine", "wasmi"]);
    ran.ends(0, "QEMU saw the LEDs change 4 times, as the module asked");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn smallest_board_runs_the_same_modules_in_its_16_kb() {
    let run = |module: &str, options: &[&str]| {
        run_on_and_replay("microbit", module, &[options, &["--verbose"]].concat())
    };
    let blink = run("modules/blink", &["--for", "3s"]);
    blink.ends(0, "QEMU saw the LEDs change 12 times, as the module asked");
    blink.ends(0, "[info] blink: blinking at 2 Hz");
    // What the firmware tells of itself: "stack: 4908 of 5632 bytes".
    let number_after = |text: &str| -> u32 {
        let (_, rest) = blink.err.split_once(text).unwrap();
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    };
    let variables = number_after("bytes of flash, ") - 10 * 1024;
    assert!(
        number_after("stack: ") + variables <= 6 * 1024,
        "{blink:#?}"
    );
    run("modules/follow", &["--for", "1s"]).ends(0, "follow ended");
}

/// A Cortex-M0 faults at an unaligned access; WebAssembly allows each.
#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn unaligned_access_is_the_same_everywhere() {
    let folder = Folder::default();
    let module = folder.write(
        "unaligned.wat",
        "(module (memory 32 (pagesize 1))
            (data (i32.const 0) \"\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\")
            (func (export \"f\") (param i32) (result i32 i32 i32 i64 i32 i64)
                (i32.store offset=13 (local.get 0) (i32.const 0x11223344))
                (i32.store16 offset=17 (local.get 0) (i32.const 0x5566))
                (i64.store offset=19 (local.get 0) (i64.const 0x0102030405060708))
                (i32.load (local.get 0))
                (i32.load16_s offset=2 (local.get 0))
                (i32.load16_u offset=17 (local.get 0))
                (i64.load offset=1 (local.get 0))
                (i32.load offset=13 (local.get 0))
                (i64.load offset=19 (local.get 0))))",
    );
    for board in ["sim", BOARD, "microbit"] {
        for (address, first, second, fourth) in [
            ("0", 0x0403_0201, 0x0403, 0x0908_0706_0504_0302_u64),
            ("1", 0x0504_0302, 0x0504, 0x0a09_0807_0605_0403),
            ("2", 0x0605_0403, 0x0605, 0x0b0a_0908_0706_0504),
            ("3", 0x0706_0504, 0x0706, 0x0c0b_0a09_0807_0605),
        ] {
            let ran = mote(["run", &module, "--board", board, "--invoke", "f", address]);
            ran.ends(0, "");
            let expected = format!(
                "{first}\n{second}\n{}\n{fourth}\n{}\n{}\n",
                0x5566, 0x1122_3344, 0x0102_0304_0506_0708_u64
            );
            assert_eq!(ran.out, expected, "{board}, {address}: {ran:#?}");
        }
    }
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn what_the_smallest_board_cannot_do_is_refused_with_the_reason() {
    let folder = Folder::default();
    let wasmi = mote([
        "run",
        "modules/blink",
        "--board",
        "microbit",
        "--engine",
        "wasmi",
    ]);
    wasmi.ends(125, "half a megabyte");
    wasmi.ends(125, "--board sim:microbit");
    let float = folder.write(
        "float.wat",
        "(module (func (export \"run\") (result i32)
            (i32.trunc_f32_s (f32.add (f32.const 1) (f32.const 2)))))",
    );
    mote(["run", &float, "--board", "microbit"]).ends(126, "floats");
    let page = folder.write("page.wat", "(module (memory 1) (func (export \"run\")))");
    mote(["run", &page, "--board", "microbit"]).ends(126, "bytes of RAM, and there are 10240");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn module_by_hand_reads_a_button_and_hears_that_it_should_stop() {
    let ran = run_and_replay("modules/follow", &["--for", "1s"]);
    ran.ends(0, "follow ended");
    assert!(ran.out.contains("gpio.read(button) = 0"), "{ran:#?}");
    assert!(
        ran.out.trim_end().ends_with("STOP_REQUESTED(0)"),
        "{ran:#?}"
    );
}

/// What the tool says of a module in the simulator and on each board, and what it ends with.
#[track_caller]
fn same_everywhere(module: &str, options: &[&str], code: i32, cause: &str) {
    for board in ["sim:mps2-an386", BOARD, "microbit"] {
        let ran = mote(["run", module, "--board", board].iter().chain(options));
        ran.ends(code, cause);
    }
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn modules_that_fail_do_so_on_the_device_as_in_the_simulator() {
    let folder = Folder::default();
    let wat = |name: &str, text: &str| folder.write(&format!("{name}.wat"), text);
    let entry = |body: &str| {
        format!(
            "(module (memory (export \"m\") 8 (pagesize 1)) (func (export \"run\") (result i32) {body}))"
        )
    };
    let trap = wat("trap", &entry("(i32.div_s (i32.const 1) (i32.const 0))"));
    same_everywhere(&trap, &[], 134, "trapped: integer divide by zero");
    let deep = wat("deep", &entry("(call 0)"));
    same_everywhere(&deep, &[], 134, "trapped: call stack exhausted");
    let spin = wat("spin", &entry("(loop (br 0)) (i32.const 0)"));
    same_everywhere(&spin, &["--fuel", "50000"], 124, "out of fuel: 50000");
    same_everywhere(&spin, &["--for", "50ms"], 0, "its time is up");
    let code = wat("code", &entry("(i32.const 77)"));
    same_everywhere(&code, &[], 77, "ended with exit code 77");
    let high = wat("high", &entry("(i32.const -1)"));
    same_everywhere(&high, &[], 123, "ended with exit code -1");
    let import = wat(
        "import",
        "(module (import \"env\" \"f\" (func)) (func (export \"run\")))",
    );
    same_everywhere(
        &import,
        &[],
        126,
        "import \"env\" \"f\": nothing of that name is offered",
    );
    let large = wat("large", "(module (memory 65536) (func (export \"run\")))");
    let ran = mote(["run", &large, "--board", BOARD]);
    ran.ends(126, "bytes of RAM, and there are 3145728");
    let pointer = wat(
        "pointer",
        "(module (import \"mote_v0\" \"capability.open\" (func $o (param i32 i32) (result i32)))
            (memory (export \"memory\") 8 (pagesize 1))
            (func (export \"run\") (result i32) (call $o (i32.const 7) (i32.const 2))))",
    );
    same_everywhere(
        &pointer,
        &[],
        134,
        "2 bytes at 0x7, which are outside of its memory of 8 bytes",
    );
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn capability_that_is_refused_or_revoked_is_told_by_the_device() {
    let folder = Folder::default();
    let text = "(module
        (import \"mote_v0\" \"capability.open\" (func $open (param i32 i32) (result i32)))
        (import \"mote_v0\" \"event.next\" (func $next (param i64) (result i64)))
        (import \"mote_v0\" \"gpio.write\" (func $write (param i32 i32) (result i32)))
        (memory (export \"memory\") 3 (pagesize 1))
        (data (i32.const 0) \"led\")
        (func (export \"run\") (result i32) (local $led i32)
            (local.set $led (call $open (i32.const 0) (i32.const 3)))
            (drop (call $next (i64.const -1)))
            (i32.sub (i32.const 0) (call $write (local.get $led) (i32.const 1)))))";
    let led =
        |pin: &str| format!("[capabilities.led]\ninterface = \"gpio.out\"\npin = \"{pin}\"\n");
    let module = folder.module("holder", &led("led1"), text);
    same_everywhere(&module, &["--revoke", "led@10ms"], 2, "led revoked at 0.01");
    let module = folder.module("holder", &led("led3"), text);
    same_everywhere(&module, &[], 126, "has no gpio.out pin \"led3\"");
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn any_export_can_be_called_on_the_device() {
    let folder = Folder::default();
    let module = folder.write(
        "sum.wat",
        "(module (func (export \"sum\") (param i32 i64 f64) (result f64 i64)
            (f64.add (local.get 2) (f64.convert_i32_s (local.get 0)))
            (i64.mul (local.get 1) (i64.const -3))))",
    );
    for board in ["sim", BOARD] {
        let ran = mote([
            "run", &module, "--board", board, "--invoke", "sum", "-2", "5", "0.25",
        ]);
        ran.ends(0, "");
        assert_eq!(ran.out, "-1.75\n-15\n", "{ran:#?}");
    }
}

#[test]
#[ignore = "needs QEMU and a device compiler: cargo xtask test"]
fn demo_ends_well_and_a_wasi_program_does_not_run_on_a_board() {
    let demo = mote(["demo", "--for", "1s"]);
    demo.ends(0, "");
    assert!(demo.out.contains("equal: "), "{demo:#?}");
    let folder = Folder::default();
    let program = folder.write(
        "exit.wat",
        "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))
            (memory (export \"memory\") 1) (func (export \"_start\")))",
    );
    mote(["run", &program, "--board", BOARD]).ends(126, "a WASI program, which needs a computer");
}
