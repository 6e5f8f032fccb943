//! The entry of a module, and what it needs of a runtime of its own: a panic that traps.

use crate::Error;

/// What an entry may return, as a module's exit code.
pub trait ExitCode {
    /// Returns the exit code; 0 is success.
    fn exit_code(self) -> i32;
}

impl ExitCode for () {
    fn exit_code(self) -> i32 {
        0
    }
}

impl ExitCode for i32 {
    fn exit_code(self) -> i32 {
        self
    }
}

impl<T: ExitCode> ExitCode for Result<T, Error> {
    /// An error has its code's number.
    fn exit_code(self) -> i32 {
        match self {
            Ok(value) => value.exit_code(),
            Err(error) => error.number(),
        }
    }
}

/// Makes a function the module's entry.
///
/// The function takes nothing and returns nothing, an exit code, or a `Result` with
/// [`Error`](crate::Error).
///
/// ```
/// mote_sdk::entry!(hello);
///
/// fn hello() -> Result<(), mote_sdk::Error> {
///     mote_sdk::Log::open("log")?.info("hello")
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! entry {
    ($function:path) => {
        const _: () = {
            #[cfg_attr(target_arch = "wasm32", unsafe(export_name = "run"))]
            #[cfg_attr(
                not(target_arch = "wasm32"),
                expect(dead_code, reason = "no host to call")
            )]
            extern "C" fn entry() -> i32 {
                $crate::ExitCode::exit_code($function())
            }
        };
    };
}

/// A panic ends the module with a trap; its text would be most of a small module's size.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn exit_codes_follow_the_result() {
        assert_eq!(().exit_code(), 0);
        assert_eq!(Ok::<i32, Error>(7).exit_code(), 7);
        assert_eq!(Err::<(), _>(Error::from(ErrorCode::Revoked)).exit_code(), 2);
    }

    #[test]
    fn without_a_host_nothing_opens() {
        let error = Error::from(ErrorCode::InvalidHandle);
        assert_eq!(crate::Clock::open("time").unwrap_err(), error);
    }
}
