//! The SDK and the C header against the ABI: one page, three languages.

use std::collections::BTreeMap;
use std::process::Command;

use mote_abi::{ErrorCode, EventKind, HostFunction, IMPORT_MODULE, LogLevel};
use mote_suite::{Folder, mote, project};
use mote_toolchain::{Build, Need, Toolchain};
use wasmparser::{Parser, Payload, TypeRef};

/// Returns the host functions that a module imports, by name, with their types as text.
#[expect(clippy::wildcard_enum_match_arm, reason = "two of many sections count")]
fn imports(wasm: &[u8]) -> BTreeMap<String, String> {
    let mut types = Vec::new();
    let mut imports = BTreeMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.unwrap() {
            Payload::TypeSection(section) => {
                types = section
                    .into_iter_err_on_gc_types()
                    .map(|own| {
                        let own = own.unwrap();
                        format!("{:?} -> {:?}", own.params(), own.results())
                    })
                    .collect();
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.unwrap();
                    assert_eq!(import.module, IMPORT_MODULE);
                    let TypeRef::Func(index) = import.ty else {
                        panic!("{import:?}")
                    };
                    imports.insert(import.name.to_owned(), types[index as usize].clone());
                }
            }
            _ => {}
        }
    }
    imports
}

fn expected() -> BTreeMap<String, String> {
    let name = |types: &[mote_abi::Type]| {
        let names: Vec<&str> = types
            .iter()
            .map(|own| {
                if *own == mote_abi::Type::I32 {
                    "I32"
                } else {
                    "I64"
                }
            })
            .collect();
        format!("[{}]", names.join(", "))
    };
    HostFunction::ALL
        .iter()
        .map(|function| {
            let types = format!(
                "{} -> {}",
                name(function.parameters()),
                name(&[function.result()])
            );
            (function.name().to_owned(), types)
        })
        .collect()
}

fn header() -> String {
    std::fs::read_to_string(project().join("modules/sdk/mote.h")).unwrap()
}

#[test]
fn header_has_every_number_of_the_abi() {
    let header = header();
    let mut lines = vec![
        format!("#define MOTE_ABI_VERSION {}", mote_abi::VERSION),
        format!("#define MOTE_NAME_MAX_BYTES {}", mote_abi::NAME_MAX_BYTES),
        format!(
            "#define MOTE_LOG_MESSAGE_MAX_BYTES {}",
            mote_abi::LOG_MESSAGE_MAX_BYTES
        ),
    ];
    for code in ErrorCode::ALL {
        lines.push(format!(
            "#define MOTE_ERROR_{} {}",
            code.name(),
            code.number()
        ));
    }
    for kind in EventKind::ALL {
        lines.push(format!(
            "#define MOTE_EVENT_{} {}",
            kind.name(),
            kind.number()
        ));
    }
    for level in LogLevel::ALL {
        let name = format!("{level:?}").to_uppercase();
        lines.push(format!("#define MOTE_LOG_{name} {}", level.number()));
    }
    for line in &lines {
        assert!(
            header.lines().any(|own| own == line),
            "mote.h has no {line:?}"
        );
    }
    let numbers = header.lines().filter(|line| {
        ["#define MOTE_ERROR_", "#define MOTE_EVENT_"]
            .iter()
            .any(|start| line.starts_with(start))
    });
    assert_eq!(
        numbers.count(),
        ErrorCode::ALL.len() + EventKind::ALL.len(),
        "and no other"
    );
}

/// Calls everything, so that nothing is left out of the module.
const EVERYTHING_IN_C: &str = r#"#include "mote.h"
MOTE_ENTRY int run(void) {
    int32_t log = mote_capability_open("log", 3);
    if (log < 0) return -log;
    if (mote_log_write(log, MOTE_LOG_INFO, "hello from C", 12) < 0) return 100;
    int32_t none = mote_capability_open("none", 4);
    if (none != -MOTE_ERROR_NOT_FOUND) return 101;
    int64_t rest = mote_gpio_write(none, 1) + mote_gpio_read(none) + mote_clock_now_us(none)
        + mote_clock_sleep_us(none, 1) + mote_clock_sleep_until_us(none, 1);
    if (rest != -5 * MOTE_ERROR_INVALID_HANDLE) return 102;
    if (mote_event_next(0) != 0) return 103;
    return mote_capability_close(log);
}
"#;

#[test]
#[ignore = "needs a C compiler for Wasm: cargo xtask test"]
fn module_in_c_imports_what_the_abi_lists_and_runs() {
    Toolchain::ready(&[Need::WasiC]).unwrap();
    let folder = Folder::default();
    let source = folder.write("everything.c", EVERYTHING_IN_C);
    let module = folder.path("everything.wasm");
    let header = project().join("modules/sdk");
    let clang = Command::new("clang")
        .args([
            "--target=wasm32",
            "-Os",
            "-Wall",
            "-Werror",
            "-nostdlib",
            "-Wl,--no-entry",
        ])
        .args(["-Wl,--strip-all", "-I"])
        .arg(header)
        .args(["-o", &module, &source])
        .output()
        .unwrap();
    assert!(
        clang.status.success(),
        "{}",
        String::from_utf8_lossy(&clang.stderr)
    );
    assert_eq!(imports(&std::fs::read(&module).unwrap()), expected());
    let manifest = "[module]\nname = \"everything\"\nversion = \"1.0.0\"\nabi = 0\n\
                    [capabilities.log]\ninterface = \"log\"\n";
    folder.write("everything.toml", manifest);
    mote(["run", &module, "--fast"]).ends(0, "[info] everything: hello from C");
}

/// The same in Rust, with the SDK.
const EVERYTHING_IN_RUST: &str = r#"#![no_std]
use mote_sdk::{Clock, ErrorCode, Input, InputPin, Log, Output, OutputPin, next_event};
mote_sdk::entry!(everything);
fn everything() -> Result<i32, mote_sdk::Error> {
    let log = Log::open("log")?;
    log.info("hello from Rust")?;
    if Output::open("none").unwrap_err().code() != Some(ErrorCode::NotFound) {
        return Ok(101);
    }
    if next_event(Some(0))?.is_some() {
        return Ok(103);
    }
    if let (Ok(mut o), Ok(mut i), Ok(c)) = (Output::open("o"), Input::open("i"), Clock::open("c")) {
        o.set_state(i.is_high()?.into())?;
        c.sleep_us(c.now_us()?)?;
        c.sleep_until_us(1)?;
    }
    Ok(0)
}
"#;

#[test]
#[ignore = "needs a compiler for Wasm: cargo xtask test"]
fn module_in_rust_imports_what_the_abi_lists_and_runs() {
    let toolchain = Toolchain::ready(&[Need::Guest]).unwrap();
    let folder = Folder::default();
    std::fs::create_dir(folder.path("src")).unwrap();
    folder.write("src/lib.rs", EVERYTHING_IN_RUST);
    let sdk = project().join("modules/sdk");
    folder.write(
        "Cargo.toml",
        format!(
            "[package]\nname = \"everything\"\nedition = \"2024\"\n[lib]\n\
             crate-type = [\"cdylib\"]\n[dependencies]\nmote-sdk = {{ path = {sdk:?} }}\n\
             [profile.guest]\ninherits = \"release\"\nlto = true\n[workspace]\n"
        ),
    );
    // As others would: outside of this project's workspace.
    let module = toolchain
        .build_guest(&Build::folder(folder.path("").as_ref()))
        .unwrap();
    assert_eq!(imports(&std::fs::read(&module).unwrap()), expected());
    let manifest = "[module]\nname = \"everything\"\nversion = \"1.0.0\"\nabi = 0\n\
                    [capabilities.log]\ninterface = \"log\"\n";
    folder.write("manifest.toml", manifest);
    mote(["run", &folder.path(""), "--fast"]).ends(0, "[info] everything: hello from Rust");
}

#[test]
#[ignore = "needs a compiler for Wasm: cargo xtask test"]
fn blink_is_well_under_a_kilobyte_and_has_pages_of_one_byte() {
    let json = mote(["inspect", "modules/blink", "--json"]).json();
    let size = json["size_bytes"]
        .as_u64()
        .unwrap_or_else(|| panic!("{json:#}"));
    assert!(size < 800, "{size} bytes");
    assert_eq!(json["memories"][0]["page_bytes"], 1, "{json:#}");
    assert!(
        json["memories"][0]["initial_bytes"].as_u64().unwrap() <= 512,
        "{json:#}"
    );
}
