//! What the loop needs to know of an instance while it runs.
//!
//! It is built on the native stack from the instance's block when a step begins and taken apart
//! again when it ends. Only what is used once in a while is read from here; the rest is in
//! registers.

use crate::instance::word;
use crate::interpreter::Exit;
use crate::raw::{Bytes, Code, Words, opaque};
use mote_image::Image;

/// The loop's view of an instance.
pub(crate) struct Context<'a> {
    /// The instruction.
    pub(crate) pc: Code,
    /// Slot 0 of the function.
    pub(crate) frame: Words,
    /// The last result.
    pub(crate) acc: u32,
    /// The start of the linear memory.
    pub(crate) bytes: Bytes,
    /// The words of the instance's state: see `instance.rs`.
    pub(crate) state: Words,
    /// The start of the code.
    pub(crate) code: Code,
    /// The functions' records.
    pub(crate) functions: Words,
    /// How many functions there are.
    pub(crate) function_count: u32,
    /// How many of them are imports.
    pub(crate) import_count: u32,
    /// The first word of the frames.
    pub(crate) frames: Words,
    /// The address at which the frames end.
    pub(crate) frames_end: usize,
    /// The words of the globals.
    pub(crate) globals: Words,
    /// Three words for each table: where in the block its entries are, how many, how many at most.
    pub(crate) tables: Words,
    /// One bit for each data segment that was given up, then one for each element segment.
    pub(crate) dropped: Words,
    /// The block.
    pub(crate) block: Words,
    /// The bytes that there is room for.
    pub(crate) memory_capacity: u32,
    /// Why the loop ends, where it does.
    pub(crate) exit: Exit,
    /// The image.
    pub(crate) image: &'a Image<'a>,
}

impl Context<'_> {
    /// Returns the addresses that an access of 1, 2 or 4 bytes has to be below.
    #[inline(always)]
    pub(crate) fn limits(&self) -> [u32; 3] {
        let bytes = self.state.get(word::MEMORY_BYTES);
        [
            bytes,
            opaque(bytes.saturating_sub(1)),
            opaque(bytes.saturating_sub(3)),
        ]
    }

    /// Returns the fuel that is not in the loop's register.
    #[inline(always)]
    pub(crate) fn balance(&self) -> u64 {
        self.state.pair(word::BALANCE)
    }

    /// Sets the fuel that is not in the loop's register.
    #[inline(always)]
    pub(crate) fn set_balance(&self, balance: u64) {
        self.state.set_pair(word::BALANCE, balance);
    }

    /// Moves fuel from the balance to the loop's register, as much as fits.
    #[inline(always)]
    pub(crate) fn take_fuel(&self) -> i32 {
        let balance = self.balance();
        let fuel = i32::try_from(balance).unwrap_or(i32::MAX);
        self.set_balance(balance.wrapping_sub(u64::from(fuel.unsigned_abs())));
        fuel
    }

    /// Moves the loop's fuel back, even if it fell short: then the balance does for a moment.
    #[inline(always)]
    pub(crate) fn put_fuel(&self, fuel: i32) {
        let fuel = i64::from(fuel).cast_unsigned();
        self.set_balance(self.balance().wrapping_add(fuel));
    }

    /// Writes where it stands to the instance's state.
    pub(crate) fn leave(&self) {
        let pc = self.code_offset(self.pc.address());
        self.state.set(word::PC, pc);
        self.state
            .set(word::FRAME, self.frame.distance(self.frames));
        self.state.set(word::ACC, self.acc);
    }

    /// Returns how far into the code an address is.
    #[inline(always)]
    pub(crate) fn code_offset(&self, address: usize) -> u32 {
        let bytes = address.wrapping_sub(self.code.address());
        #[expect(clippy::cast_possible_truncation, reason = "code has less than 4 GB")]
        let offset = bytes as u32;
        offset
    }
}
