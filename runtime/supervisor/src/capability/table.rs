//! The capability table: what one module holds.
//!
//! ```text
//!   index   name      resource          rights       generation  state
//!   0       led       gpio.out, pin 0   read+write   1           Open      <- handle (0, 1)
//!   1       time      clock             read+wait    4           Closed    <- no handle is valid
//!   2       button    gpio.in, pin 1    read         2           Revoked   <- every use: REVOKED
//!   3       spare     -                 none         1           Denied    <- open: DENIED
//! ```
//!
//! The entries are fixed when the module starts; none is ever added. What changes is whether an
//! entry is open, and its generation: closing raises it, so that an old number is never valid
//! again. An entry whose generations are used up (8,388,607) retires.

use heapless::Vec;
use mote_abi::{ErrorCode, Handle, LogLevel, generation_after};
use mote_traits::PinIndex;

use super::{Interface, Rights};

/// Most capabilities that one module can hold.
pub const CAPABILITIES_MAX: usize = 16;

/// What a capability is of, resolved against the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An output of the board.
    GpioOut(PinIndex),
    /// An input of the board.
    GpioIn(PinIndex),
    /// The board's clock.
    Clock,
    /// The log, up to this level.
    Log(LogLevel),
}

impl Resource {
    /// Returns the interface that it is used through.
    #[must_use]
    pub const fn interface(self) -> Interface {
        match self {
            Self::GpioOut(_) => Interface::GpioOut,
            Self::GpioIn(_) => Interface::GpioIn,
            Self::Clock => Interface::Clock,
            Self::Log(_) => Interface::Log,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Granted, and no handle of it is out.
    Closed,
    /// Granted, and the handle with the entry's generation is valid.
    Open,
    /// Taken away. The last handle that was out is remembered, to tell its holder so.
    Revoked,
    /// Asked for as optional, and refused.
    Denied,
}

/// How a capability was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls that the table let through.
    pub calls: u32,
    /// Calls that it did not, with a handle that named this entry.
    pub refused: u32,
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    name: &'a str,
    /// Nothing where the capability was denied.
    resource: Option<Resource>,
    rights: Rights,
    generation: u32,
    state: State,
    counters: Counters,
}

/// The table is full, or already has a capability of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// More than [`CAPABILITIES_MAX`] capabilities.
    Full,
    /// Two capabilities of one name.
    Duplicate,
}

/// What one module holds. See the module's documentation.
#[derive(Clone, Debug, Default)]
pub struct Table<'a> {
    entries: Vec<Entry<'a>, CAPABILITIES_MAX>,
}

impl<'a> Table<'a> {
    /// Returns an empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Adds a capability that the module was granted.
    ///
    /// # Errors
    ///
    /// Where the table is full or has one of that name.
    pub fn grant(
        &mut self,
        name: &'a str,
        resource: Resource,
        rights: Rights,
    ) -> Result<(), TableError> {
        self.add(name, Some(resource), rights, State::Closed)
    }

    /// Adds a capability that the module asked for as optional and was refused.
    ///
    /// # Errors
    ///
    /// Where the table is full or has one of that name.
    pub fn deny(&mut self, name: &'a str) -> Result<(), TableError> {
        self.add(name, None, Rights::empty(), State::Denied)
    }

    fn add(
        &mut self,
        name: &'a str,
        resource: Option<Resource>,
        rights: Rights,
        state: State,
    ) -> Result<(), TableError> {
        if self.entries.iter().any(|entry| entry.name == name) {
            return Err(TableError::Duplicate);
        }
        let entry = Entry {
            name,
            resource,
            rights,
            generation: 1,
            state,
            counters: Counters::default(),
        };
        self.entries.push(entry).map_err(|_| TableError::Full)
    }

    /// Gives the handle of a capability; the same one until it is closed.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`, `Revoked`, or `InvalidHandle` where its generations are used up.
    pub fn open(&mut self, name: &[u8]) -> Result<Handle, ErrorCode> {
        let (index, entry) = self
            .entries
            .iter_mut()
            .enumerate()
            .find(|(_, entry)| entry.name.as_bytes() == name)
            .ok_or(ErrorCode::NotFound)?;
        match entry.state {
            State::Denied => return Err(ErrorCode::Denied),
            State::Revoked => return Err(ErrorCode::Revoked),
            State::Closed | State::Open => {}
        }
        let handle = u8::try_from(index)
            .ok()
            .and_then(|index| Handle::new(index, entry.generation))
            .ok_or(ErrorCode::InvalidHandle)?;
        entry.state = State::Open;
        Ok(handle)
    }

    /// Ends a handle. The capability can be opened again, under another number.
    ///
    /// # Errors
    ///
    /// `InvalidHandle` or `Revoked`.
    pub fn close(&mut self, handle: i32) -> Result<(), ErrorCode> {
        let entry = self.entry_of(handle)?;
        entry.state = State::Closed;
        // Generation 0 is in no handle: an entry that has used up the others cannot be opened.
        entry.generation = generation_after(entry.generation).unwrap_or(0);
        Ok(())
    }

    /// Takes a capability away. Returns the handle that died, if one was out, or nothing at all
    /// where the module has no capability of that name.
    pub fn revoke(&mut self, name: &str) -> Option<Option<Handle>> {
        let (index, entry) = self
            .entries
            .iter_mut()
            .enumerate()
            .find(|(_, entry)| entry.name == name)?;
        match entry.state {
            State::Revoked | State::Denied => return Some(None),
            State::Closed | State::Open => {}
        }
        let was_open = entry.state == State::Open;
        entry.state = State::Revoked;
        let handle = u8::try_from(index)
            .ok()
            .and_then(|i| Handle::new(i, entry.generation));
        Some(if was_open { handle } else { None })
    }

    /// Looks up what a handle gives access to, for a function that needs one of these interfaces
    /// and this right. Each look-up counts as a call, or as a refusal of the entry it names.
    ///
    /// # Errors
    ///
    /// `InvalidHandle`, `Revoked`, `WrongInterface` or `NotPermitted`: the first that applies.
    pub fn resource(
        &mut self,
        handle: i32,
        interfaces: &[Interface],
        right: Rights,
    ) -> Result<Resource, ErrorCode> {
        let entry = self.entry_of(handle)?;
        let found = match entry.resource {
            None => Err(ErrorCode::InvalidHandle),
            Some(resource) if !interfaces.contains(&resource.interface()) => {
                Err(ErrorCode::WrongInterface)
            }
            Some(_) if !entry.rights.contains(right) => Err(ErrorCode::NotPermitted),
            Some(resource) => Ok(resource),
        };
        let counter = match found {
            Ok(_) => &mut entry.counters.calls,
            Err(_) => &mut entry.counters.refused,
        };
        *counter = counter.saturating_add(1);
        found
    }

    /// Returns how a capability was used.
    #[must_use]
    pub fn counters(&self, name: &str) -> Option<Counters> {
        self.entries
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.counters)
    }

    fn entry_of(&mut self, handle: i32) -> Result<&mut Entry<'a>, ErrorCode> {
        let handle = Handle::from_i32(handle).ok_or(ErrorCode::InvalidHandle)?;
        let entry = self
            .entries
            .get_mut(usize::from(handle.index()))
            .ok_or(ErrorCode::InvalidHandle)?;
        let current = entry.generation == handle.generation();
        match entry.state {
            State::Open if current => Ok(entry),
            State::Revoked if current => {
                entry.counters.refused = entry.counters.refused.saturating_add(1);
                Err(ErrorCode::Revoked)
            }
            State::Open | State::Revoked | State::Closed | State::Denied => {
                entry.counters.refused = entry.counters.refused.saturating_add(1);
                Err(ErrorCode::InvalidHandle)
            }
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
