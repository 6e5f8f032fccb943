//! Host functions: the names and signatures that a module may import.
//!
//! Flat integers and pointer-length pairs only, so that any language that compiles to Wasm can
//! call them. A pointer is a byte offset into the module's own memory.

/// Type of a parameter or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

impl Type {
    /// Returns the type's byte in a Wasm binary (core specification, 5.3.1).
    #[must_use]
    pub const fn wasm_byte(self) -> u8 {
        match self {
            Self::I32 => 0x7f,
            Self::I64 => 0x7e,
        }
    }

    /// Returns the type's name in the text format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

/// A function that the host provides, imported from [`IMPORT_MODULE`](crate::IMPORT_MODULE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HostFunction {
    /// `capability.open (name_ptr, name_len) -> handle`: gives the handle of a granted capability.
    CapabilityOpen = 0,
    /// `capability.close (handle) -> 0`: gives a handle back; its number is never valid again.
    CapabilityClose = 1,
    /// `gpio.write (handle, level) -> 0`: drives an output low (0) or high (1).
    GpioWrite = 2,
    /// `gpio.read (handle) -> level`: samples an input, or reads back an output.
    GpioRead = 3,
    /// `clock.now_us (handle) -> i64`: microseconds since the board started, never going back.
    ClockNow = 4,
    /// `clock.sleep_us (handle, duration_us: i64) -> 0`: waits for that long at least.
    ClockSleep = 5,
    /// `clock.sleep_until_us (handle, deadline_us: i64) -> 0`: waits until the clock shows that.
    ClockSleepUntil = 6,
    /// `log.write (handle, level, message_ptr, message_len) -> 0`: one message of UTF-8.
    LogWrite = 7,
    /// `event.next (timeout_us: i64) -> i64`: the next event, 0 where none came in that time.
    EventNext = 8,
}

impl HostFunction {
    /// Every function, in the order of its number.
    pub const ALL: [Self; 9] = [
        Self::CapabilityOpen,
        Self::CapabilityClose,
        Self::GpioWrite,
        Self::GpioRead,
        Self::ClockNow,
        Self::ClockSleep,
        Self::ClockSleepUntil,
        Self::LogWrite,
        Self::EventNext,
    ];

    /// Returns the function's number, by which a trace knows it.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the function of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Returns the function that a module imports by this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|function| function.name() == name)
    }

    /// Returns the import's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CapabilityOpen => "capability.open",
            Self::CapabilityClose => "capability.close",
            Self::GpioWrite => "gpio.write",
            Self::GpioRead => "gpio.read",
            Self::ClockNow => "clock.now_us",
            Self::ClockSleep => "clock.sleep_us",
            Self::ClockSleepUntil => "clock.sleep_until_us",
            Self::LogWrite => "log.write",
            Self::EventNext => "event.next",
        }
    }

    /// Returns the types of the parameters.
    #[must_use]
    pub const fn parameters(self) -> &'static [Type] {
        use Type::{I32, I64};
        match self {
            Self::CapabilityOpen | Self::GpioWrite => &[I32, I32],
            Self::CapabilityClose | Self::GpioRead | Self::ClockNow => &[I32],
            Self::ClockSleep | Self::ClockSleepUntil => &[I32, I64],
            Self::LogWrite => &[I32, I32, I32, I32],
            Self::EventNext => &[I64],
        }
    }

    /// Returns the type of the one result, which is negative where the call failed.
    #[must_use]
    pub const fn result(self) -> Type {
        match self {
            Self::CapabilityOpen
            | Self::CapabilityClose
            | Self::GpioWrite
            | Self::GpioRead
            | Self::ClockSleep
            | Self::ClockSleepUntil
            | Self::LogWrite => Type::I32,
            Self::ClockNow | Self::EventNext => Type::I64,
        }
    }

    /// Tells whether the answer comes from outside the module: a clock, an input, an event.
    ///
    /// A replay takes these answers from the recording; all others follow from the module.
    #[must_use]
    pub const fn is_input(self) -> bool {
        matches!(self, Self::GpioRead | Self::ClockNow | Self::EventNext)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn host_function_number_and_name_round_trip() {
        for (index, function) in HostFunction::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(function.number()), index);
            assert_eq!(HostFunction::from_number(function.number()), Some(function));
            assert_eq!(HostFunction::from_name(function.name()), Some(function));
        }
        assert_eq!(HostFunction::from_number(9), None);
        assert_eq!(HostFunction::from_name("gpio.explode"), None);
    }

    #[test]
    fn host_function_table_of_readme_matches() {
        let readme = include_str!("../README.md");
        for function in HostFunction::ALL {
            let parameters: Vec<&str> = function.parameters().iter().map(|t| t.name()).collect();
            let row: String = std::format!(
                "| `{}` | ({}) -> {} |",
                function.name(),
                parameters.join(", "),
                function.result().name()
            );
            assert!(readme.contains(&row), "README.md has no row {row:?}");
        }
    }
}
