//! WASI programs, as real compilers make them: what they get, and what they cannot reach.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use mote_suite::{Folder, Ran, mote, project};
use mote_toolchain::{Need, Toolchain};

/// Compiles one of the programs in C beside this suite, once.
fn program(name: &str) -> String {
    static BUILT: OnceLock<Folder> = OnceLock::new();
    let folder = BUILT.get_or_init(|| {
        let folder = Folder::default();
        let toolchain = Toolchain::ready(&[Need::WasiC]).unwrap();
        for name in ["hello", "outside"] {
            let source = project().join(format!("tests/suite/wasi/{name}.c"));
            let output = folder.path(&format!("{name}.wasm"));
            toolchain.compile_wasi_c(&source, output.as_ref()).unwrap();
        }
        folder
    });
    folder.path(&format!("{name}.wasm"))
}

fn run(program_name: &str, options: &[&str], arguments: &[&str]) -> Ran {
    let program = program(program_name);
    let head = ["run", program.as_str()];
    mote(
        head.iter()
            .chain(options)
            .chain(&["--"])
            .chain(arguments)
            .copied(),
    )
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_gets_its_arguments_and_its_exit_code_is_the_tools() {
    let ran = run("hello", &[], &["one", "two words"]);
    ran.ends(0, "");
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str()),
        ("one\ntwo words\n", "")
    );
    for (code, shown) in [("7", 7), ("123", 123), ("124", 123), ("255", 123)] {
        assert_eq!(run("hello", &[], &["-c", code]).code, shown);
    }
    let json = run("hello", &["--json"], &["-c", "200", "word"]);
    assert_eq!(json.json()["exit_code"], 200);
    assert_eq!(
        json.err, "word\n",
        "standard output is the one JSON object's"
    );
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_gets_no_environment_but_what_is_given() {
    let ran = run(
        "hello",
        &["--env", "NAME=a=b"],
        &["-e", "NAME", "-e", "PATH", "-e", "HOME"],
    );
    assert_eq!(ran.out, "NAME=a=b\nPATH=(not set)\nHOME=(not set)\n");
    run("hello", &["--env", "NAME"], &[]).ends(125, "write it as NAME=VALUE");
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_reads_what_is_in_its_folders_and_nothing_else() {
    let folder = Folder::default();
    let (inside, secret) = (folder.path("inside"), folder.write("secret", "the secret"));
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(Path::new(&inside).join("open"), "for all").unwrap();
    std::os::unix::fs::symlink("../secret", Path::new(&inside).join("way-out")).unwrap();
    let dir = format!("{inside}::data");
    let ran = run("hello", &["--dir", &dir], &["-r", "data/open"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "for all"));
    for path in [
        "data/../secret",
        "../secret",
        &secret,
        "data/way-out",
        "/etc/passwd",
    ] {
        let ran = run("hello", &["--dir", &dir], &["-r", path]);
        // The program's own message, with the cause, and its own exit code.
        ran.ends(2, &format!("hello: {path}: "));
        assert_eq!(ran.out, "", "nothing was read");
    }
    let ran = run("hello", &[], &["-r", "open"]);
    ran.ends(2, "given no folder");
    run("hello", &["--dir", "/none/such"], &[]).ends(127, "/none/such");
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_that_tries_to_get_out_does_not() {
    let folder = Folder::default();
    let (inside, secret) = (folder.path("inside"), folder.write("secret", "the secret"));
    std::fs::create_dir(&inside).unwrap();
    let dir = format!("{inside}::.");
    let ran = run(
        "outside",
        &["--dir", &dir],
        &["../secret", "../../etc/passwd", &secret],
    );
    ran.ends(0, "");
    assert_eq!(ran.out.matches("refused").count(), 9, "{ran:#?}");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "the secret");
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_may_write_unless_the_folder_is_for_reading() {
    let folder = Folder::default();
    let file = folder.write("note", "before");
    let dir = |end: &str| format!("{}::.{end}", folder.path(""));
    // `outside` opens for writing what it is told, here a file of its own folder.
    let ran = run("outside", &["--dir", &dir(":ro")], &["note"]);
    assert!(ran.out.contains("read note: OPENED"), "{ran:#?}");
    assert!(ran.out.contains("write note: refused"), "{ran:#?}");
    let ran = run("outside", &["--dir", &dir("")], &["note"]);
    assert!(ran.out.contains("write note: OPENED"), "{ran:#?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "before");
}

#[test]
#[ignore = "needs a C compiler for WASI: cargo xtask test"]
fn program_is_bounded_by_fuel_and_its_options_by_sense() {
    run("hello", &["--fuel", "10"], &["word"]).ends(124, "out of fuel: 10");
    for option in [
        ["--for", "1s"],
        ["--set", "button0=1"],
        ["--revoke", "led@1s"],
    ] {
        run("hello", &option, &[]).ends(125, "is for modules on a board");
    }
}

#[test]
fn program_in_rust_runs_too_where_its_target_is_installed() {
    // Only rustup has the library for it; where that is not to be had, C has shown the same.
    if Toolchain::find(&[Need::WasiRust]).is_err() {
        eprintln!(
            "skipped: Rust's wasm32-wasip1 is not installed (rustup target add wasm32-wasip1)"
        );
        return;
    }
    let folder = Folder::default();
    let output = folder.path("outside.wasm");
    let rustc = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--target",
            "wasm32-wasip1",
            "-Copt-level=1",
            "-o",
            &output,
        ])
        .arg(project().join("tests/suite/wasi/outside.rs"))
        .output()
        .unwrap();
    assert!(
        rustc.status.success(),
        "{}",
        String::from_utf8_lossy(&rustc.stderr)
    );
    std::fs::create_dir(folder.path("inside")).unwrap();
    folder.write("secret", "the secret");
    let dir = format!("{}::.", folder.path("inside"));
    let ran = mote(["run", &output, "--dir", &dir, "--", "../secret"]);
    ran.ends(0, "");
    assert_eq!(ran.out.matches("refused").count(), 3, "{ran:#?}");
}
