//! What the host tells a module.

use mote_abi::Event;

use crate::Error;
use crate::raw;

/// Waits for the next event, for so many microseconds at the most, or for ever. Returns nothing
/// where the time was up first, or where the event is one that only a newer SDK knows.
///
/// # Errors
///
/// Where the host does not answer the call.
pub fn next_event(timeout_us: Option<u64>) -> Result<Option<Event>, Error> {
    let timeout_us = timeout_us.map_or(-1, |us| i64::try_from(us).unwrap_or(i64::MAX));
    let answer = raw::event_next(timeout_us);
    Error::check_long(answer).map(|()| Event::from_i64(answer))
}
