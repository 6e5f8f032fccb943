//! A module at work, step by step.

use super::*;
use crate::capability::{Resource, Rights};
use crate::testing::{Act, Keeper, Script, TestBoard};
use mote_abi::{ErrorCode, LogLevel};
use mote_engine::TrapKind;
use mote_traits::PinIndex;

const SLICE: u64 = 100;

fn instance(acts: &[Act], fuel_limit: Option<u64>) -> Instance<'static, Script> {
    let mut table = Table::new();
    let led = Resource::GpioOut(PinIndex(0));
    table
        .grant("led", led, Rights::WRITE | Rights::READ)
        .unwrap();
    table
        .grant("button", Resource::GpioIn(PinIndex(1)), Rights::READ)
        .unwrap();
    table
        .grant("time", Resource::Clock, Rights::READ | Rights::WAIT)
        .unwrap();
    table
        .grant("log", Resource::Log(LogLevel::Info), Rights::WRITE)
        .unwrap();
    let links = HostFunction::ALL.into_iter().collect();
    let mut instance = Instance::new(Script::new(acts), "m", links, fuel_limit);
    *instance.table_mut() = table;
    instance.call(FunctionIndex(0), &[]).unwrap();
    instance
}

/// Polls until the module waits or ends.
fn poll(instance: &mut Instance<'_, Script>, board: &mut TestBoard, keeper: &mut Keeper) -> Poll {
    loop {
        match instance.poll(board, keeper, SLICE) {
            Poll::Runnable => {}
            other @ (Poll::Waiting { .. } | Poll::Ended(_)) => return other,
        }
    }
}

fn run(acts: &[Act]) -> (std::vec::Vec<Value>, End, TestBoard, Keeper) {
    let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
    let mut instance = instance(acts, None);
    let Poll::Ended(end) = poll(&mut instance, &mut board, &mut keeper) else {
        panic!("waits")
    };
    (instance.engine.answers.clone(), end, board, keeper)
}

fn open(pointer: i32, length: i32) -> Act {
    Act::Call(
        HostFunction::CapabilityOpen,
        [Value::I32(pointer), Value::I32(length)].into(),
    )
}

const DONE: Act = Act::Return(std::vec::Vec::new());
const OPEN_LED: (i32, i32) = (0, 3);
const OPEN_BUTTON: (i32, i32) = (3, 6);
const OPEN_TIME: (i32, i32) = (9, 4);
const OPEN_LOG: (i32, i32) = (13, 3);

fn open_and(what: (i32, i32), function: HostFunction, further: &[Value]) -> [Act; 3] {
    [
        open(what.0, what.1),
        Act::CallLast(function, further.to_vec()),
        DONE,
    ]
}

#[test]
fn pins_are_driven_and_read_through_their_handles() {
    let (answers, end, board, keeper) = run(&open_and(
        OPEN_LED,
        HostFunction::GpioWrite,
        &[Value::I32(1)],
    ));
    assert_eq!(end, End::Returned);
    assert!(board.led.high);
    assert_eq!(answers[1], Value::I32(0));
    assert_eq!(keeper.calls, 2);
    let (answers, ..) = run(&open_and(OPEN_BUTTON, HostFunction::GpioRead, &[]));
    assert_eq!(answers[1], Value::I32(0));
    let level = |level| {
        let (answers, ..) = run(&open_and(
            OPEN_LED,
            HostFunction::GpioWrite,
            &[Value::I32(level)],
        ));
        answers[1]
    };
    assert_eq!(level(2), Value::I32(ErrorCode::InvalidArgument.to_i32()));
}

#[test]
fn handles_of_another_interface_reach_nothing() {
    let (answers, _, board, _) = run(&open_and(
        OPEN_BUTTON,
        HostFunction::GpioWrite,
        &[Value::I32(1)],
    ));
    assert_eq!(answers[1], Value::I32(ErrorCode::WrongInterface.to_i32()));
    assert_eq!(board.button.writes, 0);
}

#[test]
fn pointers_outside_of_memory_trap_and_are_told() {
    for (pointer, length) in [
        (-1, 1),
        (0, 19),
        (18, 1),
        (i32::MIN, i32::MIN),
        (19, 0),
        (1, -1),
    ] {
        let (answers, end, _, keeper) = run(&[open(pointer, length), DONE]);
        assert_eq!(answers, []);
        assert_eq!(
            keeper.calls, 0,
            "a call that has no answer is not in the trace"
        );
        let expected = End::BadPointer {
            function: HostFunction::CapabilityOpen,
            pointer: pointer.cast_unsigned(),
            length: length.cast_unsigned(),
            memory_bytes: 18,
        };
        assert_eq!(end, expected);
    }
    let (answers, end, ..) = run(&[open(18, 0), DONE]);
    assert_eq!(end, End::Returned, "nothing, at the very end, is inside");
    assert_eq!(answers, [Value::I32(ErrorCode::NotFound.to_i32())]);
}

#[test]
fn log_messages_are_checked_and_filtered() {
    let log = |level: i32, pointer: i32, length: i32| {
        let further = [Value::I32(level), Value::I32(pointer), Value::I32(length)];
        let (answers, _, _, keeper) = run(&open_and(OPEN_LOG, HostFunction::LogWrite, &further));
        (answers[1], keeper.has("Log {"))
    };
    assert_eq!(log(3, 0, 3), (Value::I32(0), true));
    assert_eq!(log(4, 0, 3), (Value::I32(0), false), "debug is below info");
    let invalid = Value::I32(ErrorCode::InvalidArgument.to_i32());
    assert_eq!(log(9, 0, 3), (invalid, false), "no level");
    assert_eq!(log(3, 14, 4), (invalid, false), "not UTF-8");
}

#[test]
fn sleep_parks_the_module_until_its_time() {
    let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
    let acts = open_and(OPEN_TIME, HostFunction::ClockSleep, &[Value::I64(500)]);
    let mut instance = instance(&acts, None);
    let waiting = Poll::Waiting {
        deadline_us: Some(500),
    };
    assert_eq!(poll(&mut instance, &mut board, &mut keeper), waiting);
    board.now_us = 499;
    assert_eq!(poll(&mut instance, &mut board, &mut keeper), waiting);
    assert_eq!(keeper.calls, 1, "told when it is over");
    board.now_us = 500;
    assert_eq!(
        poll(&mut instance, &mut board, &mut keeper),
        Poll::Ended(End::Returned)
    );
    assert_eq!(keeper.calls, 2);
    let (answers, ..) = run(&open_and(
        OPEN_TIME,
        HostFunction::ClockSleep,
        &[Value::I64(-1)],
    ));
    assert_eq!(answers[1], Value::I32(ErrorCode::InvalidArgument.to_i32()));
    let past = [Value::I64(0)];
    let (answers, ..) = run(&open_and(OPEN_TIME, HostFunction::ClockSleepUntil, &past));
    assert_eq!(answers[1], Value::I32(0));
}

#[test]
fn revocation_kills_the_handle_and_is_an_event() {
    let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
    let wait = |timeout| Act::Call(HostFunction::EventNext, [Value::I64(timeout)].into());
    let mut instance = instance(&[open(0, 3), wait(-1), wait(0), open(0, 3), DONE], None);
    let waiting = Poll::Waiting { deadline_us: None };
    assert_eq!(poll(&mut instance, &mut board, &mut keeper), waiting);
    assert!(instance.waits_for_event());
    assert!(!instance.revoke("none"));
    assert!(instance.revoke("led"));
    assert_eq!(
        poll(&mut instance, &mut board, &mut keeper),
        Poll::Ended(End::Returned)
    );
    let [
        Value::I32(handle),
        Value::I64(event),
        Value::I64(none),
        Value::I32(again),
    ] = instance.engine.answers[..]
    else {
        panic!("{:?}", instance.engine.answers)
    };
    let event = Event::from_i64(event).unwrap();
    assert_eq!(event.kind, EventKind::CapabilityRevoked);
    assert_eq!(event.subject, handle.cast_unsigned());
    assert_eq!(none, 0);
    assert_eq!(again, ErrorCode::Revoked.to_i32());
}

#[test]
fn events_that_are_not_fetched_are_counted() {
    let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
    let next = Act::Call(HostFunction::EventNext, [Value::I64(0)].into());
    let mut acts = std::vec![next; EVENTS_MAX + 2];
    acts.push(DONE);
    let mut instance = instance(&acts, None);
    for subject in 0..11 {
        instance.post(Event {
            kind: EventKind::StopRequested,
            subject,
        });
    }
    poll(&mut instance, &mut board, &mut keeper);
    let last = Event {
        kind: EventKind::EventsLost,
        subject: 3,
    };
    assert_eq!(
        instance.engine.answers[EVENTS_MAX],
        Value::I64(last.to_i64())
    );
    assert_eq!(instance.engine.answers[EVENTS_MAX + 1], Value::I64(0));
}

#[test]
fn fuel_is_topped_up_to_a_slice_and_does_not_pile_up() {
    let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
    let mut acts = std::vec::Vec::new();
    for _ in 0..50 {
        acts.extend([Act::Spend(3), open(0, 3)]);
    }
    acts.extend([Act::Spend(SLICE * 3), DONE]);
    let mut instance = instance(&acts, None);
    let end = poll(&mut instance, &mut board, &mut keeper);
    assert_eq!(end, Poll::Ended(End::Returned));
    assert_eq!(
        instance.engine.largest_balance,
        SLICE * 3,
        "a large piece is paid for at once"
    );
    assert_eq!(instance.engine.fuel_used(), 50 * 3 + SLICE * 3);
}

#[test]
fn fuel_limit_is_never_passed() {
    for limit in [0, 1, 99, 100, 101, 1_000] {
        let (mut board, mut keeper) = (TestBoard::default(), Keeper::default());
        let mut instance = instance(&[Act::Spend(7), Act::Repeat], Some(limit));
        let end = poll(&mut instance, &mut board, &mut keeper);
        assert_eq!(end, Poll::Ended(End::OutOfFuel { limit }));
        assert_eq!(instance.engine.fuel_used(), limit / 7 * 7);
    }
}

#[test]
fn traps_end_the_module() {
    let (_, end, ..) = run(&[Act::Trap(TrapKind::Unreachable)]);
    assert_eq!(end, End::Trapped(TrapKind::Unreachable.into()));
}
