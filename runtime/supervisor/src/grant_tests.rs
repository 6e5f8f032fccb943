//! What a manifest gets of a policy on a board.

use super::*;
use crate::policy::{Names, PolicyGrant};
use crate::testing::BOARD;
use heapless::Vec;

/// What became of all requests of a module.
struct Grants {
    decisions: std::vec::Vec<Decision<&'static str>>,
    table: Table<'static>,
}

fn decide_all(
    manifest: &Manifest<&'static str>,
    policy: &Policy<'_>,
) -> Result<Grants, TableError> {
    let mut decisions = std::vec::Vec::new();
    decide(manifest, policy, &BOARD, |decision| {
        decisions.push(decision);
    })?;
    let mut table = Table::new();
    hold(manifest, policy, &BOARD, &mut table)?;
    Ok(Grants { decisions, table })
}

fn request(interface: Interface, pin: Option<&'static str>) -> Request<&'static str> {
    Request {
        name: "own",
        interface,
        pin,
        rights: interface.rights(),
        log_level: if interface == Interface::Log {
            LogLevel::Debug as u8
        } else {
            0
        },
        optional: false,
    }
}

fn grant(interface: Interface) -> PolicyGrant<'static> {
    PolicyGrant {
        modules: Names::Any,
        interface,
        pins: Names::Any,
        rights: interface.rights(),
        log_level: if interface == Interface::Log {
            LogLevel::Warn as u8
        } else {
            0
        },
    }
}

fn decide_one(request: Request<&'static str>, grants: &[PolicyGrant<'_>]) -> Grants {
    let mut manifest = Manifest::nameless("m");
    manifest.capabilities.push(request).unwrap();
    let policy = Policy {
        grants: Vec::from_slice(grants).unwrap(),
    };
    decide_all(&manifest, &policy).unwrap()
}

fn refusal(request: Request<&'static str>, grants: &[PolicyGrant<'_>]) -> Option<Refusal> {
    decide_one(request, grants).decisions[0].refusal
}

#[test]
fn request_that_the_policy_covers_is_granted() {
    let mut grants = decide_one(
        request(Interface::GpioOut, Some("led")),
        &[grant(Interface::Log), grant(Interface::GpioOut)],
    );
    assert!(!grants.decisions.iter().any(Decision::is_fatal));
    assert!(grants.table.open(b"own").is_ok());
}

#[test]
fn request_that_no_grant_covers_is_refused() {
    let led = || request(Interface::GpioOut, Some("led"));
    assert_eq!(refusal(led(), &[]), Some(Refusal::NotInPolicy));
    assert_eq!(
        refusal(led(), &[grant(Interface::GpioIn)]),
        Some(Refusal::NotInPolicy)
    );
    let other_module = PolicyGrant {
        modules: Names::Of("x"),
        ..grant(Interface::GpioOut)
    };
    assert_eq!(refusal(led(), &[other_module]), Some(Refusal::NotInPolicy));
    let other_pin = PolicyGrant {
        pins: Names::Of("led2"),
        ..grant(Interface::GpioOut)
    };
    assert_eq!(refusal(led(), &[other_pin]), Some(Refusal::NotInPolicy));
    let this = PolicyGrant {
        modules: Names::Of("x m"),
        pins: Names::Of("led"),
        ..grant(Interface::GpioOut)
    };
    assert_eq!(refusal(led(), &[this]), None);
}

#[test]
fn request_for_a_pin_that_is_not_there_is_refused_by_that_name() {
    let all = [grant(Interface::GpioOut), grant(Interface::GpioIn)];
    let refused = |interface, pin| refusal(request(interface, Some(pin)), &all);
    assert_eq!(
        refused(Interface::GpioOut, "led9"),
        Some(Refusal::NoSuchPin)
    );
    assert_eq!(
        refused(Interface::GpioOut, "button"),
        Some(Refusal::NoSuchPin),
        "an input"
    );
    assert_eq!(refused(Interface::GpioIn, "button"), None);
}

#[test]
fn request_for_more_rights_than_granted_is_refused_with_them() {
    let narrow = PolicyGrant {
        rights: Rights::READ,
        ..grant(Interface::GpioOut)
    };
    let led = request(Interface::GpioOut, Some("led"));
    let missing = Some(Refusal::RightsNotGranted(Rights::WRITE));
    assert_eq!(
        refusal(led.clone(), core::slice::from_ref(&narrow)),
        missing
    );
    assert_eq!(
        refusal(led, &[narrow, grant(Interface::GpioOut)]),
        None,
        "together they do"
    );
}

#[test]
fn request_that_makes_no_sense_is_refused() {
    let all = [
        grant(Interface::GpioOut),
        grant(Interface::Clock),
        grant(Interface::Log),
    ];
    let mut cases = [
        request(Interface::GpioOut, None),
        request(Interface::Clock, Some("led")),
        request(Interface::Clock, None),
        request(Interface::Clock, None),
        request(Interface::Log, None),
    ];
    cases[2].rights = Rights::WRITE;
    cases[3].rights = Rights::empty();
    cases[4].log_level = 9;
    for case in cases {
        assert_eq!(
            refusal(case.clone(), &all),
            Some(Refusal::Malformed),
            "{case:?}"
        );
    }
}

#[test]
fn request_that_is_optional_is_not_fatal_when_refused() {
    let mut led = request(Interface::GpioOut, Some("led"));
    assert!(decide_one(led.clone(), &[]).decisions[0].is_fatal());
    led.optional = true;
    let mut grants = decide_one(led, &[]);
    assert!(!grants.decisions.iter().any(Decision::is_fatal));
    assert_eq!(grants.table.open(b"own"), Err(mote_abi::ErrorCode::Denied));
}

#[test]
fn log_level_is_the_less_talkative_of_the_two() {
    let mut grants = decide_one(request(Interface::Log, None), &[grant(Interface::Log)]);
    let handle = grants.table.open(b"own").unwrap().to_i32();
    let resource = grants
        .table
        .resource(handle, &[Interface::Log], Rights::WRITE);
    assert_eq!(resource, Ok(Resource::Log(LogLevel::Warn)));
}

#[test]
fn manifest_with_a_name_twice_is_refused() {
    let mut manifest = Manifest::nameless("m");
    for _ in 0..2 {
        manifest
            .capabilities
            .push(request(Interface::Clock, None))
            .unwrap();
    }
    assert_eq!(
        decide_all(&manifest, &Policy::default()).err(),
        Some(TableError::Duplicate)
    );
}
