//! Who may depend on whom.
//!
//! ```text
//!   modules/* -> sdk -> abi -> image <- engine <- engine-wasmi
//!                        ^       ^       ^            ^
//!                        supervisor, update           |
//!                        |       ^    ^               |
//!              traits <--+   manifest |               |
//!                ^               ^    |               |
//!          sim, boards/* <--- host, firmware/* -------+
//!                `--> cortex-m <-------'
//! ```
//!
//! The table below is the rule; a package in a folder that it does not know is a finding too, so
//! that a new one gets its row. What only tests see is free, except that nothing but `tests` ever
//! depends on `tests`.

use crate::lint::Finding;
use crate::workspace::{Kind, Package, is_under};

/// A folder, and the folders that packages in it may depend on. The first row that fits counts.
type Row = (&'static str, &'static [&'static str]);

const RUNTIME_AND_TRAITS: &[&str] = &[
    "runtime/abi",
    "runtime/image",
    "runtime/engine",
    "platform/traits",
];

const TABLE: &[Row] = &[
    ("runtime/image", &[]),
    ("runtime/abi", &["runtime/image"]),
    ("runtime/engine", &["runtime/image"]),
    ("runtime/engine-wasmi", &["runtime/image", "runtime/engine"]),
    ("runtime/translate", &["runtime/image", "runtime/engine"]),
    (
        "runtime/translate-image",
        &["runtime/image", "runtime/engine", "runtime/translate"],
    ),
    ("runtime/supervisor", RUNTIME_AND_TRAITS),
    ("runtime/update", RUNTIME_AND_TRAITS),
    ("platform/traits", &[]),
    ("platform/toolchain", &[]),
    ("platform/manifest", &["runtime/abi", "runtime/supervisor"]),
    ("platform/sim", &["platform/traits"]),
    ("platform/cortex-m", &["platform/traits"]),
    ("platform/boards", &["platform/traits", "platform/cortex-m"]),
    // Of the boards it takes their descriptions, to simulate them and to name their pins.
    ("platform/host", &["runtime", "platform"]),
    (
        "firmware/cortex-m",
        &["runtime", "platform/traits", "platform/cortex-m"],
    ),
    (
        "firmware",
        &[
            "runtime",
            "platform/traits",
            "platform/cortex-m",
            "platform/boards",
            "firmware/cortex-m",
        ],
    ),
    ("modules/sdk", &["runtime/abi"]),
    ("modules", &["runtime/abi", "modules/sdk"]),
    ("tests", &["runtime", "platform", "modules", "tests"]),
];

/// What build scripts may depend on besides: they run on the host.
const BUILD_TABLE: &[Row] = &[("firmware", &["platform/manifest"])];

/// Finds dependencies that the table does not allow.
pub(crate) fn check(packages: &[Package]) -> Vec<Finding> {
    packages
        .iter()
        .flat_map(|package| check_package(package, packages))
        .collect()
}

fn check_package(package: &Package, packages: &[Package]) -> Vec<Finding> {
    let Some((_, allowed)) = TABLE
        .iter()
        .find(|(folder, _)| is_under(&package.folder, folder))
    else {
        return vec![Finding::new(
            &package.name,
            format!(
                "lies in {}, which the table in tests/xtask/src/lint/arrows.rs does not know; \
                 give it a row that says what it may depend on",
                package.folder
            ),
        )];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let Some(target) = packages.iter().find(|other| other.name == dependency.name) else {
            continue;
        };
        let is_in = |folders: &[&str]| {
            folders
                .iter()
                .any(|folder| is_under(&target.folder, folder))
        };
        let is_allowed = match dependency.kind {
            Kind::Product => is_in(allowed),
            Kind::Build => is_in(allowed) || is_in(allowed_to_build_script(package)),
            Kind::Test => !is_under(&target.folder, "tests") || is_under(&package.folder, "tests"),
        };
        if !is_allowed {
            findings.push(Finding::new(
                &package.name,
                format!(
                    "depends on {} ({}), but packages in {} may depend only on {}; see \
                     tests/xtask/src/lint/arrows.rs",
                    target.name,
                    target.folder,
                    package.folder,
                    if allowed.is_empty() {
                        "nothing of ours".to_owned()
                    } else {
                        allowed.join(", ")
                    }
                ),
            ));
        }
    }
    findings
}

fn allowed_to_build_script(package: &Package) -> &'static [&'static str] {
    let row = BUILD_TABLE
        .iter()
        .find(|(folder, _)| is_under(&package.folder, folder));
    row.map_or(&[], |(_, allowed)| allowed)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::workspace::Kind::{self, Build, Product, Test};
    use crate::workspace::{Dependency, Package};

    fn package(name: &str, folder: &str, dependencies: &[(&str, Kind)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: *kind,
            })
            .collect();
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies,
        }
    }

    fn project(extra: Package) -> Vec<Package> {
        vec![
            package("mote-abi", "runtime/abi", &[]),
            package("mote-engine", "runtime/engine", &[]),
            package(
                "mote-engine-wasmi",
                "runtime/engine-wasmi",
                &[("mote-engine", Product)],
            ),
            package("mote-sdk", "modules/sdk", &[("mote-abi", Product)]),
            package("mote-suite", "tests/suite", &[("mote-abi", Product)]),
            extra,
        ]
    }

    #[test]
    fn arrow_that_the_table_has_is_allowed() {
        let module = package("mote-blink", "modules/blink", &[("mote-sdk", Product)]);
        assert_eq!(check(&project(module)), []);
    }

    #[test]
    fn arrow_the_other_way_is_found_and_named() {
        let board = package(
            "mote-board",
            "platform/boards/one",
            &[("mote-engine", Product)],
        );
        let findings = check(&project(board));
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0]
                .to_string()
                .contains("mote-board: depends on mote-engine")
        );
    }

    #[test]
    fn folder_with_the_same_start_is_another_folder() {
        let engine = package(
            "mote-supervisor",
            "runtime/supervisor",
            &[("mote-engine-wasmi", Product)],
        );
        assert_eq!(check(&project(engine)).len(), 1);
    }

    #[test]
    fn tests_may_see_more_but_only_tests_see_tests() {
        let curious = package(
            "mote-update",
            "runtime/update",
            &[("mote-engine-wasmi", Test)],
        );
        assert_eq!(check(&project(curious)), []);
        let wrong = package("mote-update", "runtime/update", &[("mote-suite", Test)]);
        assert_eq!(check(&project(wrong)).len(), 1);
        let fuzz = package("mote-fuzz", "tests/fuzz", &[("mote-suite", Test)]);
        assert_eq!(check(&project(fuzz)), []);
    }

    #[test]
    fn build_script_may_use_what_its_package_may_not() {
        let mut packages = project(package(
            "mote-firmware-one",
            "firmware/one",
            &[("mote-manifest", Build)],
        ));
        packages.push(package("mote-manifest", "platform/manifest", &[]));
        assert_eq!(check(&packages), []);
        let product = package(
            "mote-firmware-two",
            "firmware/two",
            &[("mote-manifest", Product)],
        );
        packages.push(product);
        assert_eq!(check(&packages).len(), 1);
    }

    #[test]
    fn folder_without_a_row_is_a_finding() {
        let findings = check(&project(package("mote-cloud", "cloud", &[])));
        assert!(findings[0].to_string().contains("give it a row"));
    }
}
