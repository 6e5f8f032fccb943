//! Error codes that a host function answers with.
//!
//! A host function's result is at least 0 where it succeeded, and minus one of these where it did
//! not. Codes are never reused; the table in the README is tested against this enum.

/// Why a host function did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ErrorCode {
    /// The number is not a handle that is open: never given out, closed, or of an old generation.
    InvalidHandle = 1,
    /// The capability behind the handle was taken away while the module ran.
    Revoked = 2,
    /// The handle is open but belongs to another interface than the function.
    WrongInterface = 3,
    /// The handle does not carry the right that the function needs.
    NotPermitted = 4,
    /// The manifest asks for no capability of that name.
    NotFound = 5,
    /// The manifest asks for the capability, and the board's policy refused it.
    Denied = 6,
    /// An argument is outside what the function takes.
    InvalidArgument = 7,
    /// The board's peripheral reported a failure.
    Device = 8,
}

impl ErrorCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 8] = [
        Self::InvalidHandle,
        Self::Revoked,
        Self::WrongInterface,
        Self::NotPermitted,
        Self::NotFound,
        Self::Denied,
        Self::InvalidArgument,
        Self::Device,
    ];

    /// Returns the code's positive number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns what a host function of result type `i32` answers.
    #[must_use]
    pub const fn to_i32(self) -> i32 {
        // A code is at most 255, so its negation cannot overflow.
        (self as i32).wrapping_neg()
    }

    /// Returns what a host function of result type `i64` answers.
    #[must_use]
    pub const fn to_i64(self) -> i64 {
        (self as i64).wrapping_neg()
    }

    /// Returns the code in a host function's result, or nothing where that is a success.
    #[must_use]
    pub const fn from_result(result: i64) -> Option<Self> {
        match result {
            -1 => Some(Self::InvalidHandle),
            -2 => Some(Self::Revoked),
            -3 => Some(Self::WrongInterface),
            -4 => Some(Self::NotPermitted),
            -5 => Some(Self::NotFound),
            -6 => Some(Self::Denied),
            -7 => Some(Self::InvalidArgument),
            -8 => Some(Self::Device),
            _ => None,
        }
    }

    /// Returns the name that the C header and the documentation use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidHandle => "INVALID_HANDLE",
            Self::Revoked => "REVOKED",
            Self::WrongInterface => "WRONG_INTERFACE",
            Self::NotPermitted => "NOT_PERMITTED",
            Self::NotFound => "NOT_FOUND",
            Self::Denied => "DENIED",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::Device => "DEVICE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_code_result_round_trips() {
        for (index, code) in ErrorCode::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), index + 1, "numbers have no gap");
            assert_eq!(ErrorCode::from_result(i64::from(code.to_i32())), Some(code));
            assert_eq!(ErrorCode::from_result(code.to_i64()), Some(code));
        }
        assert_eq!(ErrorCode::from_result(0), None);
        assert_eq!(ErrorCode::from_result(-9), None);
    }

    #[test]
    fn error_code_table_of_readme_matches() {
        let readme = include_str!("../README.md");
        for code in ErrorCode::ALL {
            let row = std::format!("| {} | `{}` |", code.number(), code.name());
            assert!(readme.contains(&row), "README.md has no row {row:?}");
        }
    }
}
