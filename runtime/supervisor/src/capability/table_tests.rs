//! What must hold of the table, on cases and on any sequence of uses.

use std::vec::Vec;

use mote_traits::PinIndex;
use proptest::prelude::*;

use super::*;

fn table() -> Table<'static> {
    let mut table = Table::new();
    table
        .grant("led", Resource::GpioOut(PinIndex(0)), Rights::WRITE)
        .unwrap();
    table
        .grant("time", Resource::Clock, Rights::READ | Rights::WAIT)
        .unwrap();
    table.deny("spare").unwrap();
    table
}

fn write(table: &mut Table<'_>, handle: i32) -> Result<Resource, ErrorCode> {
    table.resource(handle, &[Interface::GpioOut], Rights::WRITE)
}

#[test]
fn handle_opens_what_was_granted_and_nothing_else() {
    let mut table = table();
    let led = table.open(b"led").unwrap().to_i32();
    assert_eq!(write(&mut table, led), Ok(Resource::GpioOut(PinIndex(0))));
    assert_eq!(
        table.open(b"led").unwrap().to_i32(),
        led,
        "the same until it is closed"
    );
    assert_eq!(table.open(b"spare"), Err(ErrorCode::Denied));
    assert_eq!(table.open(b"led2"), Err(ErrorCode::NotFound));
    assert_eq!(table.open(b""), Err(ErrorCode::NotFound));
    assert_eq!(table.open(b"\xff"), Err(ErrorCode::NotFound));
}

#[test]
fn handle_of_another_interface_or_right_is_told_apart() {
    let mut table = table();
    let led = table.open(b"led").unwrap().to_i32();
    let time = table.open(b"time").unwrap().to_i32();
    assert_eq!(write(&mut table, time), Err(ErrorCode::WrongInterface));
    let read = table.resource(led, &[Interface::GpioOut], Rights::READ);
    assert_eq!(read, Err(ErrorCode::NotPermitted));
    for none in [0, -1, i32::MAX, i32::MIN, 256 + 9, 3 << 8] {
        assert_eq!(
            write(&mut table, none),
            Err(ErrorCode::InvalidHandle),
            "{none}"
        );
    }
    assert_eq!(
        table.counters("led"),
        Some(Counters {
            calls: 0,
            refused: 2
        })
    );
}

#[test]
fn handle_stale_generation_is_rejected() {
    let mut table = table();
    let old = table.open(b"led").unwrap().to_i32();
    table.close(old).unwrap();
    assert_eq!(write(&mut table, old), Err(ErrorCode::InvalidHandle));
    assert_eq!(table.close(old), Err(ErrorCode::InvalidHandle));
    let new = table.open(b"led").unwrap().to_i32();
    assert_ne!(new, old);
    assert_eq!(write(&mut table, old), Err(ErrorCode::InvalidHandle));
    assert!(write(&mut table, new).is_ok());
}

#[test]
fn handle_that_was_not_opened_is_no_handle() {
    let mut table = table();
    let guessed = Handle::new(0, 1).unwrap().to_i32();
    assert_eq!(write(&mut table, guessed), Err(ErrorCode::InvalidHandle));
}

#[test]
fn handle_revoked_is_told_to_its_holder() {
    let mut table = table();
    let led = table.open(b"led").unwrap();
    assert_eq!(table.revoke("led"), Some(Some(led)));
    assert_eq!(write(&mut table, led.to_i32()), Err(ErrorCode::Revoked));
    assert_eq!(table.close(led.to_i32()), Err(ErrorCode::Revoked));
    assert_eq!(table.open(b"led"), Err(ErrorCode::Revoked));
    assert_eq!(table.revoke("led"), Some(None), "once is enough");
    assert_eq!(table.revoke("time"), Some(None), "no handle was out");
    assert_eq!(table.revoke("other"), None);
}

#[test]
fn entry_with_no_generation_left_retires() {
    let mut table = table();
    table.entries[0].generation = (1 << 23) - 1;
    let last = table.open(b"led").unwrap().to_i32();
    table.close(last).unwrap();
    assert_eq!(table.open(b"led"), Err(ErrorCode::InvalidHandle));
    assert_eq!(write(&mut table, last), Err(ErrorCode::InvalidHandle));
}

#[test]
fn table_full_or_with_a_name_twice_is_refused() {
    let names: Vec<_> = (0..CAPABILITIES_MAX)
        .map(|index| std::format!("c{index}"))
        .collect();
    let mut table = Table::new();
    for name in &names {
        table.grant(name, Resource::Clock, Rights::READ).unwrap();
    }
    assert_eq!(table.deny("c0"), Err(TableError::Duplicate));
    assert_eq!(table.deny("more"), Err(TableError::Full));
}

#[derive(Clone, Debug)]
enum Use {
    Open(usize),
    Close(usize),
    Revoke(usize),
    /// Use a handle that was given out at some time, or any number.
    Take(Result<usize, i32>),
}

const NAMES: [&str; 4] = ["a", "b", "c", "none"];

fn uses() -> impl Strategy<Value = Vec<Use>> {
    let one = prop_oneof![
        (0..NAMES.len()).prop_map(Use::Open),
        any::<usize>().prop_map(Use::Close),
        (0..NAMES.len()).prop_map(Use::Revoke),
        any::<usize>().prop_map(|index| Use::Take(Ok(index))),
        any::<i32>().prop_map(|number| Use::Take(Err(number))),
    ];
    prop::collection::vec(one, 0..200)
}

proptest! {
    /// A handle works exactly from when it is opened until it is closed or revoked, for what was
    /// granted under that name; no number works but those that are open.
    #[test]
    fn no_handle_outlives_its_end_and_none_gains_a_right(uses in uses()) {
        let rights = [Rights::WRITE, Rights::READ, Rights::READ | Rights::WRITE];
        let mut table = Table::new();
        for (index, right) in rights.iter().enumerate() {
            let pin = PinIndex(u8::try_from(index).unwrap());
            table.grant(NAMES[index], Resource::GpioOut(pin), *right).unwrap();
        }
        let mut given: Vec<i32> = Vec::new();
        let mut open = [None; 3];
        let mut revoked = [false; 3];
        for step in uses {
            match step {
                Use::Open(which) => match table.open(NAMES[which].as_bytes()) {
                    Ok(handle) => {
                        prop_assert!(which < 3 && !revoked[which]);
                        let handle = handle.to_i32();
                        prop_assert!(open[which].is_none_or(|own| own == handle));
                        prop_assert!(open[which].is_some() || !given.contains(&handle));
                        open[which] = Some(handle);
                        given.push(handle);
                    }
                    Err(code) if which == 3 => prop_assert_eq!(code, ErrorCode::NotFound),
                    Err(code) => {
                        prop_assert_eq!(code, ErrorCode::Revoked);
                        prop_assert!(revoked[which]);
                    }
                },
                Use::Close(index) if !given.is_empty() => {
                    let handle = given[index % given.len()];
                    let place = open.iter().position(|own| *own == Some(handle));
                    prop_assert_eq!(table.close(handle).is_ok(), place.is_some());
                    if let Some(place) = place {
                        open[place] = None;
                    }
                }
                Use::Close(_) => {}
                Use::Revoke(which) => {
                    prop_assert_eq!(table.revoke(NAMES[which]).is_some(), which < 3);
                    if which < 3 {
                        revoked[which] = true;
                        open[which] = None;
                    }
                }
                Use::Take(which) => {
                    let handle = match which {
                        Ok(index) if !given.is_empty() => given[index % given.len()],
                        Ok(_) => 0,
                        Err(number) => number,
                    };
                    let place = open.iter().position(|own| *own == Some(handle));
                    for right in [Rights::READ, Rights::WRITE] {
                        let found = table.resource(handle, &[Interface::GpioOut], right);
                        let expected = place.filter(|&place| rights[place].contains(right));
                        let pin = expected.map(|place| PinIndex(u8::try_from(place).unwrap()));
                        prop_assert_eq!(found.ok(), pin.map(Resource::GpioOut));
                    }
                }
            }
        }
    }
}
