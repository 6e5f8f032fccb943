//! `gpio.out` and `gpio.in`: digital pins.
//!
//! | right | means |
//! | --- | --- |
//! | `write` | drive the output |
//! | `read` | sample the input; for an output, read back what it drives |

use embedded_hal::digital::PinState;
use mote_abi::ErrorCode;
use mote_traits::Gpio;

use super::{Interface, Resource, Rights, Table};

/// Drives an output low (0) or high (1).
pub(crate) fn write<G: Gpio>(
    table: &mut Table<'_>,
    board: &mut G,
    handle: i32,
    level: i32,
) -> Result<i32, ErrorCode> {
    let state = match level {
        0 => PinState::Low,
        1 => PinState::High,
        _ => return Err(ErrorCode::InvalidArgument),
    };
    let resource = table.resource(handle, &[Interface::GpioOut], Rights::WRITE)?;
    let Resource::GpioOut(pin) = resource else {
        return Err(ErrorCode::WrongInterface);
    };
    let output = board.output(pin).ok_or(ErrorCode::Device)?;
    output.set_state(state).map_err(|_| ErrorCode::Device)?;
    Ok(0)
}

/// Samples an input, or reads an output back.
pub(crate) fn read<G: Gpio>(
    table: &mut Table<'_>,
    board: &mut G,
    handle: i32,
) -> Result<i32, ErrorCode> {
    let kinds = [Interface::GpioIn, Interface::GpioOut];
    let high = match table.resource(handle, &kinds, Rights::READ)? {
        Resource::GpioIn(pin) => board.input(pin).ok_or(ErrorCode::Device)?.is_high(),
        Resource::GpioOut(pin) => board.output(pin).ok_or(ErrorCode::Device)?.is_set_high(),
        Resource::Clock | Resource::Log(_) => return Err(ErrorCode::WrongInterface),
    };
    high.map(i32::from).map_err(|_| ErrorCode::Device)
}
