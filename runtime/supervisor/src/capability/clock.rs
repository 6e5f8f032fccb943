//! `clock`: the board's monotonic clock.
//!
//! | right | means |
//! | --- | --- |
//! | `read` | look at it |
//! | `wait` | sleep by it |

use mote_abi::ErrorCode;
use mote_traits::Clock;

use super::{Interface, Rights, Table};

/// Returns the microseconds since the board started.
pub(crate) fn now_us<C: Clock>(
    table: &mut Table<'_>,
    board: &mut C,
    handle: i32,
) -> Result<i64, ErrorCode> {
    table.resource(handle, &[Interface::Clock], Rights::READ)?;
    // 2^63 microseconds are 292,000 years: a clock that shows more is broken.
    i64::try_from(board.now_us()).map_err(|_| ErrorCode::Device)
}

/// Returns when a sleep of that length is over.
pub(crate) fn sleep_us<C: Clock>(
    table: &mut Table<'_>,
    board: &mut C,
    handle: i32,
    duration_us: i64,
) -> Result<u64, ErrorCode> {
    let duration_us = u64::try_from(duration_us).map_err(|_| ErrorCode::InvalidArgument)?;
    table.resource(handle, &[Interface::Clock], Rights::WAIT)?;
    Ok(board.now_us().saturating_add(duration_us))
}

/// Returns when a sleep until that time is over.
pub(crate) fn sleep_until_us(
    table: &mut Table<'_>,
    handle: i32,
    deadline_us: i64,
) -> Result<u64, ErrorCode> {
    let deadline_us = u64::try_from(deadline_us).map_err(|_| ErrorCode::InvalidArgument)?;
    table.resource(handle, &[Interface::Clock], Rights::WAIT)?;
    Ok(deadline_us)
}
