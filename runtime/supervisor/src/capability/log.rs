//! `log`: messages for people.
//!
//! | right | means |
//! | --- | --- |
//! | `write` | write a message; one below the granted level is dropped, which is a success |

use mote_abi::{ErrorCode, LOG_MESSAGE_MAX_BYTES, LogLevel};

use super::{Interface, Resource, Rights, Table};

/// Checks a message. Returns it with its level if it is to be written, nothing if it is dropped.
pub(crate) fn write<'m>(
    table: &mut Table<'_>,
    handle: i32,
    level: i32,
    message: &'m [u8],
) -> Result<Option<(LogLevel, &'m str)>, ErrorCode> {
    let level = LogLevel::from_number(level).ok_or(ErrorCode::InvalidArgument)?;
    let resource = table.resource(handle, &[Interface::Log], Rights::WRITE)?;
    let Resource::Log(granted) = resource else {
        return Err(ErrorCode::WrongInterface);
    };
    if message.len() > LOG_MESSAGE_MAX_BYTES {
        return Err(ErrorCode::InvalidArgument);
    }
    let message = core::str::from_utf8(message).map_err(|_| ErrorCode::InvalidArgument)?;
    Ok((level <= granted).then_some((level, message)))
}
