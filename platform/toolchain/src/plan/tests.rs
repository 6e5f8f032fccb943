//! Plans for made-up machines, one for each rule.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Choice, Install, Plan, Refusals, Route, oldest_rust, plan};
use crate::error::Error;
use crate::machine::{Apt, Compiler, Elevation, Lld, Machine, Program, WasiParts};
use crate::need::Need;
use crate::target::Target;
use crate::version::Version;

const DEVICE: Need = Need::Device(Target::ThumbV7EMHardFloat);

fn host(targets: &[Target]) -> Compiler {
    Compiler {
        rustc: PathBuf::from("/rust/.cargo/bin/rustc"),
        cargo: PathBuf::from("/rust/.cargo/bin/cargo"),
        version: oldest_rust(),
        sysroot: PathBuf::from("/rust/.rustup/toolchains/stable-here"),
        targets: BTreeSet::from_iter(targets.iter().copied()),
        ..Compiler::default()
    }
}

fn debian() -> Compiler {
    Compiler {
        rustc: PathBuf::from("/usr/bin/rustc"),
        cargo: PathBuf::from("/usr/bin/cargo"),
        version: oldest_rust(),
        llvm: Version::new(22, 1, 8),
        sysroot: PathBuf::from("/usr"),
        library_source: true,
        style_tools: true,
        ..Compiler::default()
    }
}

fn apt() -> Option<Apt> {
    Some(Apt {
        path: PathBuf::from("/usr/bin/apt-get"),
        elevation: Elevation::Root,
    })
}

/// A fresh machine with rustup and Debian's package manager.
fn fresh() -> Machine {
    Machine {
        host: Some(host(&[])),
        rustup: Some(PathBuf::from("/rust/.cargo/bin/rustup")),
        rust_lld: Some(PathBuf::from("/rust/rust-lld")),
        apt: apt(),
        ..Machine::default()
    }
}

/// A fresh machine with nothing but the distribution's Rust.
fn distribution_only() -> Machine {
    Machine {
        host: Some(debian()),
        distribution: Some(debian()),
        apt: apt(),
        ..Machine::default()
    }
}

fn plan_of(machine: &Machine, needs: &[Need]) -> Plan {
    plan(machine, needs, Choice::Automatic, &Refusals::default()).unwrap()
}

fn packages_of(plan: &Plan) -> Vec<Vec<&str>> {
    let names = plan.steps.iter().map(|step| match &step.install {
        Install::Packages(names) => names.iter().map(String::as_str).collect(),
        Install::RustupTargets { .. } | Install::RustupComponents { .. } => vec![],
    });
    names.collect()
}

#[test]
fn nothing_needed_is_nothing_planned_even_on_a_bare_machine() {
    assert_eq!(plan_of(&Machine::default(), &[]), Plan::default());
}

#[test]
fn fresh_machine_adds_all_targets_in_one_step() {
    let plan = plan_of(&fresh(), &[Need::Guest, DEVICE]);
    let [step] = plan.steps.as_slice() else {
        panic!("{plan:?}")
    };
    let Install::RustupTargets {
        toolchain, targets, ..
    } = &step.install
    else {
        panic!("{step:?}")
    };
    assert_eq!(toolchain, "stable-here");
    assert_eq!(
        targets,
        &BTreeSet::from([Target::Wasm32, Target::ThumbV7EMHardFloat])
    );
    assert!(plan.routes.values().all(|route| *route == Route::Host));
}

#[test]
fn installed_targets_need_no_step() {
    let machine = Machine {
        host: Some(host(&Target::ALL)),
        ..fresh()
    };
    let plan = plan_of(&machine, &[Need::Guest, DEVICE, Need::WasiRust]);
    assert!(plan.steps.is_empty());
}

#[test]
fn ready_compiler_of_the_distribution_wins_over_a_download() {
    let machine = Machine {
        host: Some(host(&[Target::Wasm32])),
        distribution: Some(debian()),
        ..fresh()
    };
    let plan = plan_of(&machine, &[Need::Guest, DEVICE]);
    assert!(plan.steps.is_empty());
    assert_eq!(plan.routes[&Target::Wasm32], Route::Host);
    assert_eq!(plan.routes[&Target::ThumbV7EMHardFloat], Route::Debian);
}

#[test]
fn choice_overrules_what_is_ready() {
    let machine = Machine {
        host: Some(host(&[Target::Wasm32])),
        distribution: Some(debian()),
        ..fresh()
    };
    let refusals = Refusals::default();
    let by_rustup = plan(&machine, &[DEVICE], Choice::Rustup, &refusals).unwrap();
    assert!(matches!(
        by_rustup.steps[0].install,
        Install::RustupTargets { .. }
    ));
    let by_debian = plan(&machine, &[Need::Guest], Choice::Debian, &refusals).unwrap();
    assert_eq!(by_debian.routes[&Target::Wasm32], Route::Debian);
    assert!(by_debian.steps.is_empty());
}

#[test]
fn refusal_of_rustup_leads_to_debian() {
    let refusals = Refusals {
        rustup: Some("no route".to_owned()),
    };
    let plan = plan(&fresh(), &[DEVICE], Choice::Automatic, &refusals).unwrap();
    assert_eq!(
        packages_of(&plan),
        [["rustc-web", "cargo-web", "rust-web-src"]]
    );
    assert_eq!(plan.routes[&Target::ThumbV7EMHardFloat], Route::Debian);
}

#[test]
fn refusal_of_rustup_without_debian_names_both_ways() {
    let machine = Machine {
        apt: None,
        ..fresh()
    };
    let refusals = Refusals {
        rustup: Some("no route".to_owned()),
    };
    let error = plan(&machine, &[DEVICE], Choice::Automatic, &refusals)
        .unwrap_err()
        .to_string();
    for part in [
        "no route",
        "rustup target add thumbv7em-none-eabihf",
        "rust-web-src",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn distribution_without_linker_gets_that_of_its_llvm() {
    assert_eq!(
        packages_of(&plan_of(&distribution_only(), &[DEVICE])),
        [["lld-22"]]
    );
    let machine = Machine {
        lld: Some(Lld {
            elf: "/usr/bin/ld.lld-22".into(),
            wasm: "/usr/bin/wasm-ld-22".into(),
        }),
        ..distribution_only()
    };
    assert!(plan_of(&machine, &[DEVICE]).steps.is_empty());
}

#[test]
fn distribution_that_is_too_old_is_upgraded() {
    let old = Compiler {
        version: Version::new(1, 85, 0),
        ..debian()
    };
    let machine = Machine {
        host: Some(old.clone()),
        distribution: Some(old),
        ..distribution_only()
    };
    let plan = plan_of(&machine, &[DEVICE]);
    assert_eq!(
        packages_of(&plan),
        [["rustc-web", "cargo-web", "rust-web-src"]]
    );
}

#[test]
fn wasi_in_rust_comes_from_rustup_or_not_at_all() {
    let plan_with =
        |machine: &Machine, choice| plan(machine, &[Need::WasiRust], choice, &Refusals::default());
    assert!(plan_with(&fresh(), Choice::Automatic).is_ok());
    assert!(plan_with(&distribution_only(), Choice::Automatic).is_err());
    let error = plan_with(&fresh(), Choice::Debian).unwrap_err().to_string();
    assert!(
        error.contains("MOTE_TOOLCHAIN=debian") && !error.contains("rust-web-src"),
        "{error}"
    );
}

#[test]
fn style_tools_come_from_where_the_compiler_came() {
    let plan = plan_of(&fresh(), &[Need::Style]);
    assert!(matches!(
        plan.steps[0].install,
        Install::RustupComponents { .. }
    ));
    let bare = Compiler {
        style_tools: false,
        ..debian()
    };
    let machine = Machine {
        host: Some(bare.clone()),
        distribution: Some(bare),
        ..distribution_only()
    };
    assert_eq!(
        packages_of(&plan_of(&machine, &[Need::Style])),
        [["rustfmt-web", "rust-web-clippy"]]
    );
    let machine = Machine {
        distribution: Some(debian()),
        ..fresh()
    };
    let refusals = Refusals {
        rustup: Some("no route".to_owned()),
    };
    assert!(super::plan(&machine, &[Need::Style], Choice::Automatic, &refusals).is_err());
    assert!(
        plan_of(&distribution_only(), &[Need::Style])
            .steps
            .is_empty()
    );
}

#[test]
fn emulator_is_installed_if_missing_or_too_old() {
    let qemu = |version| {
        Some(Program {
            path: PathBuf::from("/usr/bin/qemu-system-arm"),
            version,
        })
    };
    let with = |qemu| plan_of(&Machine { qemu, ..fresh() }, &[Need::Qemu]);
    assert_eq!(packages_of(&with(None)), [["qemu-system-arm"]]);
    assert_eq!(
        packages_of(&with(qemu(Version::new(6, 2, 0)))),
        [["qemu-system-arm"]]
    );
    assert!(with(qemu(Version::new(7, 2, 22))).steps.is_empty());
}

#[test]
fn wasi_in_c_is_installed_as_a_whole_if_any_part_is_missing() {
    let some = || Some(PathBuf::from("/usr"));
    let mut wasi = WasiParts {
        clang: some(),
        linker: some(),
        sysroot: some(),
        runtime: some(),
    };
    let complete = Machine {
        wasi: wasi.clone(),
        ..fresh()
    };
    assert!(plan_of(&complete, &[Need::WasiC]).steps.is_empty());
    wasi.runtime = None;
    let plan = plan_of(&Machine { wasi, ..fresh() }, &[Need::WasiC]);
    assert_eq!(packages_of(&plan)[0].len(), 4);
}

#[test]
fn package_without_package_manager_is_an_error_that_names_it() {
    let machine = Machine {
        apt: None,
        ..fresh()
    };
    let result = plan(
        &machine,
        &[Need::Qemu],
        Choice::Automatic,
        &Refusals::default(),
    );
    let Err(Error::Missing { by_hand, .. }) = result else {
        panic!("{result:?}")
    };
    assert!(by_hand.contains("qemu-system-arm"));
}
