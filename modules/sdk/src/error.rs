//! What a host call fails with.

use core::num::NonZeroI32;

use embedded_hal::digital;
use mote_abi::ErrorCode;

/// Why a host call failed: one of the ABI's error codes, perhaps of a newer ABI than this SDK's.
///
/// It is the host's answer, never 0, so that a `Result<(), Error>` is as large as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error(NonZeroI32);

impl Error {
    /// Returns the code's number, at least 1.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0.get().saturating_neg()
    }

    /// Returns the code, or nothing where this SDK does not know it.
    #[must_use]
    pub fn code(self) -> Option<ErrorCode> {
        ErrorCode::from_result(self.0.get().into())
    }

    /// Takes the error out of a host call's answer, if there is one.
    pub(crate) fn check(answer: i32) -> Result<(), Self> {
        match NonZeroI32::new(answer.min(0)) {
            None => Ok(()),
            Some(answer) => Err(Self(answer)),
        }
    }

    /// As [`Error::check`], for an answer of 64 bits.
    pub(crate) fn check_long(answer: i64) -> Result<(), Self> {
        // What is less than 0 is an error's number, and fits; what fits not is no error.
        Self::check(i32::try_from(answer).unwrap_or(0))
    }
}

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self(NonZeroI32::new(code.to_i32()).unwrap_or(NonZeroI32::MIN))
    }
}

impl digital::Error for Error {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_an_answer_is_its_code() {
        for code in ErrorCode::ALL {
            assert_eq!(Error::check(code.to_i32()).unwrap_err().code(), Some(code));
            assert_eq!(
                Error::check_long(code.to_i64()).unwrap_err(),
                Error::from(code)
            );
            assert_eq!(Error::from(code).number(), code.number().into());
        }
        assert_eq!(Error::check(7), Ok(()));
        assert_eq!(Error::check_long(i64::MAX), Ok(()));
        assert_eq!(Error::check(-200).unwrap_err().code(), None);
        assert_eq!(Error::check(i32::MIN).unwrap_err().number(), i32::MAX);
        assert_eq!(size_of::<Result<(), Error>>(), 4);
    }
}
