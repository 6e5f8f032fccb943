//! Whole sessions, by what they report.

use super::*;
use crate::Name;
use crate::bundle::Revocation;
use crate::capability::Interface;
use crate::manifest::Request;
use crate::policy::{Names, PolicyGrant};
use crate::testing::{Act, Keeper, Script, TestBoard};
use mote_abi::HostFunction;
use mote_engine::TrapKind;

fn name(text: &str) -> Name {
    crate::name(text).unwrap()
}

fn manifest() -> Manifest {
    let mut manifest = Manifest::nameless(name("m"));
    for (own, interface, pin) in [
        ("led", Interface::GpioOut, Some("led")),
        ("time", Interface::Clock, None),
    ] {
        let request = Request {
            name: name(own),
            interface,
            pin: pin.map(name),
            rights: interface.rights(),
            log_level: 0,
            optional: false,
        };
        manifest.capabilities.push(request).unwrap();
    }
    manifest
}

fn policy() -> Policy<'static> {
    let grant = |interface: Interface| PolicyGrant {
        modules: Names::Any,
        interface,
        pins: Names::Any,
        rights: interface.rights(),
        log_level: 0,
    };
    Policy {
        grants: Vec::from_slice(&[grant(Interface::GpioOut), grant(Interface::Clock)]).unwrap(),
    }
}

/// Opens the clock, then sleeps 1,000 us again and again.
fn sleeper() -> std::vec::Vec<Act> {
    let handle = mote_abi::Handle::new(1, 1).unwrap().to_i32();
    std::vec![
        Act::Call(
            HostFunction::CapabilityOpen,
            std::vec![Value::I32(9), Value::I32(4)]
        ),
        Act::Call(
            HostFunction::ClockSleep,
            std::vec![Value::I32(handle), Value::I64(1_000)]
        ),
        Act::Repeat,
    ]
}

fn session(
    manifest: &Manifest,
    options: &RunOptions,
    keeper: &mut Keeper,
    script: Result<Script, &str>,
) {
    let plan = Plan {
        manifest: &manifest.borrowed(),
        policy: &policy(),
        options: &options.borrowed(),
    };
    run(&mut TestBoard::default(), plan, |_| script, keeper);
}

fn report_of(acts: &[Act], options: &RunOptions) -> Keeper {
    let mut keeper = Keeper::default();
    session(&manifest(), options, &mut keeper, Ok(Script::new(acts)));
    keeper
}

#[test]
fn session_tells_decisions_start_calls_and_end_in_order() {
    let keeper = report_of(
        &[Act::Return([Value::I32(7)].into())],
        &RunOptions::default(),
    );
    let [led, time, started, ended] = keeper.reports.as_slice() else {
        panic!("{keeper:?}", keeper = keeper.reports)
    };
    assert!(led.contains("Decision") && led.contains("refusal: None"));
    assert!(time.contains("\"time\""));
    assert!(started.contains("Started"));
    assert!(
        ended.contains("Ended") && ended.contains("bits: 7"),
        "{ended}"
    );
}

#[test]
fn session_that_is_refused_never_loads_the_module() {
    let mut foreign = manifest();
    foreign.abi = 9;
    let mut twice = manifest();
    let again = twice.capabilities[0].clone();
    twice.capabilities.push(again).unwrap();
    let mut log = manifest();
    log.capabilities[0].interface = Interface::Log;
    log.capabilities[0].pin = None;
    log.capabilities[0].rights = Interface::Log.rights();
    for (manifest, ending) in [
        (foreign, "WrongAbi { wanted: 9 }"),
        (twice, "DuplicateCapability"),
        (log, "CapabilityRefused"),
    ] {
        let mut keeper = Keeper::default();
        let plan = Plan {
            manifest: &manifest.borrowed(),
            policy: &policy(),
            options: &RunOptions::default(),
        };
        let load = |_: &Manifest<&str>| -> Result<Script, &str> { panic!("loaded") };
        run(&mut TestBoard::default(), plan, load, &mut keeper);
        assert!(keeper.last().contains(ending), "{}", keeper.last());
    }
}

#[test]
fn session_with_a_module_that_is_rejected_says_why() {
    let mut keeper = Keeper::default();
    let long = "ä".repeat(500);
    session(&manifest(), &RunOptions::default(), &mut keeper, Err(&long));
    let expected = std::format!("message: \"{}\"", "ä".repeat(100));
    assert!(keeper.last().contains(&expected), "{}", keeper.last());
}

#[test]
fn session_of_an_export_checks_its_name_and_type() {
    let export = |name: &str, arguments: &[Value]| RunOptions {
        entry: Entry::Export {
            name: heapless::String::try_from(name).unwrap(),
            arguments: arguments.iter().copied().map(WireValue::from).collect(),
        },
        ..RunOptions::default()
    };
    let acts = [Act::Return([Value::I32(7)].into())];
    assert!(
        report_of(&acts, &export("run", &[]))
            .last()
            .contains("Returned")
    );
    assert!(
        report_of(&acts, &export("go", &[]))
            .last()
            .contains("NoSuchExport")
    );
    let wrong = export("run", &[Value::I32(1)]);
    assert!(report_of(&acts, &wrong).last().contains("WrongArguments"));
    let mut script = Script::new(&acts);
    script.entry_results = &[0x7e];
    let mut keeper = Keeper::default();
    session(&manifest(), &RunOptions::default(), &mut keeper, Ok(script));
    assert!(
        keeper.last().contains("WrongArguments"),
        "an entry returns an i32 or nothing"
    );
}

#[test]
fn session_ends_when_its_time_is_up() {
    let options = RunOptions {
        run_for_us: Some(10_500),
        ..RunOptions::default()
    };
    let keeper = report_of(&sleeper(), &options);
    assert!(keeper.last().contains("TimeUp"), "{}", keeper.last());
    assert!(
        keeper.last().contains("time_us: 10500"),
        "{}",
        keeper.last()
    );
    let spinner = report_of(&[Act::Spend(10), Act::Repeat], &options);
    assert!(
        spinner.last().contains("TimeUp"),
        "also where it never calls the host"
    );
}

#[test]
fn session_asks_a_module_that_waits_for_events_to_stop() {
    let wait = Act::Call(HostFunction::EventNext, [Value::I64(-1)].into());
    let options = RunOptions {
        run_for_us: Some(5_000),
        ..RunOptions::default()
    };
    let polite = report_of(
        &[wait.clone(), Act::Return([Value::I32(3)].into())],
        &options,
    );
    assert!(polite.last().contains("Returned") && polite.last().contains("time_us: 5000"));
    let deaf = report_of(&[wait, Act::Repeat], &options);
    assert!(deaf.last().contains("TimeUp") && deaf.last().contains("time_us: 105000"));
}

#[test]
fn session_ends_when_its_observer_has_enough() {
    let mut keeper = Keeper {
        calls_max: Some(5),
        ..Keeper::default()
    };
    session(
        &manifest(),
        &RunOptions::default(),
        &mut keeper,
        Ok(Script::new(&sleeper())),
    );
    assert_eq!(keeper.calls, 5);
    assert!(keeper.last().contains("TimeUp"));
}

#[test]
fn session_revokes_on_schedule() {
    let revocation = |what: &str, at_us| Revocation {
        capability: name(what),
        at_us,
    };
    let revocations =
        Vec::from_slice(&[revocation("time", 2_500), revocation("other", 2_500)]).unwrap();
    let options = RunOptions {
        run_for_us: Some(4_000),
        revocations,
        ..RunOptions::default()
    };
    // Once its clock is revoked the sleeper does not sleep any more: it has to spend something.
    let mut acts = sleeper();
    acts.insert(2, Act::Spend(10));
    let keeper = report_of(&acts, &options);
    assert!(
        keeper.has("Revoked { name: \"time\", found: true, time_us: 2500 }"),
        "{:?}",
        keeper.reports
    );
    assert!(keeper.has("Revoked { name: \"other\", found: false"));
    let revoked = mote_abi::ErrorCode::Revoked.to_i32().cast_unsigned();
    assert!(keeper.has(&std::format!("bits: {revoked} }}")));
}

#[test]
fn session_tells_traps_and_fuel() {
    let keeper = report_of(&[Act::Trap(TrapKind::Unreachable)], &RunOptions::default());
    assert!(keeper.last().contains("Trapped { kind: 0 }"));
    let options = RunOptions {
        fuel_limit: Some(50),
        ..RunOptions::default()
    };
    let keeper = report_of(&[Act::Spend(10), Act::Repeat], &options);
    assert!(
        keeper
            .last()
            .contains("OutOfFuel { limit: 50 }, fuel_used: 50")
    );
}

#[test]
fn session_tells_where_a_module_stood_unless_it_returned() {
    let ends = |acts: &[Act], depth: u32| {
        let mut keeper = Keeper::default();
        let mut script = Script::new(acts);
        script.depth = depth;
        let options = RunOptions {
            fuel_limit: Some(50),
            ..RunOptions::default()
        };
        session(&manifest(), &options, &mut keeper, Ok(script));
        std::string::String::from(keeper.last())
    };
    let trap = ends(&[Act::Trap(TrapKind::Unreachable)], 2);
    let both = "[WirePlace { function: 0, code_offset: 0 }, \
                WirePlace { function: 1, code_offset: 2 }], more: 0";
    assert!(trap.contains(both), "{trap}");
    let deep = ends(&[Act::Trap(TrapKind::StackOverflow)], 20);
    assert!(deep.contains("function: 7, ") && !deep.contains("function: 8, "));
    assert!(deep.contains("more: 12"), "{deep}");
    let open = Act::Call(
        HostFunction::CapabilityOpen,
        [Value::I32(99), Value::I32(1)].into(),
    );
    for acts in [[Act::Spend(10), Act::Repeat], [open, Act::Repeat]] {
        let told = ends(&acts, 1);
        assert!(told.contains("function: 0, "), "{told}");
    }
    let returned = ends(&[Act::Return([Value::I32(0)].into())], 1);
    assert!(returned.contains("places: [], more: 0"), "{returned}");
}

#[test]
fn session_answers_inputs_from_a_recording() {
    let handle = mote_abi::Handle::new(1, 1).unwrap().to_i32();
    let acts = [
        Act::Call(
            HostFunction::CapabilityOpen,
            [Value::I32(9), Value::I32(4)].into(),
        ),
        Act::Call(HostFunction::ClockNow, [Value::I32(handle)].into()),
        Act::Return([Value::I32(0)].into()),
    ];
    let mut keeper = Keeper::default();
    keeper.answers.push_back(Value::I64(123_456));
    session(
        &manifest(),
        &RunOptions::default(),
        &mut keeper,
        Ok(Script::new(&acts)),
    );
    assert!(keeper.has("bits: 123456"), "{:?}", keeper.reports);
}
