//! Where the interpreter touches memory without a check: all of its `unsafe`, and why it holds.
//!
//! Four cursors walk four regions: code (read only), frames, globals and tables (words), linear
//! memory (bytes). A cursor is a pointer and no bound, because a register for each bound and a
//! comparison for each access cost more than what the access does. What keeps them in bounds was
//! proved before anything ran, or is checked by the instruction itself:
//!
//! | access | in bounds because |
//! | --- | --- |
//! | code | `verify` saw that each branch lands on an instruction and each function ends in one that goes elsewhere; return addresses are in link words, which no instruction names |
//! | frame | `verify` saw that each slot is below the frame's size; a call checks that the callee's frame lies in the frames before it goes there |
//! | globals, tables | `verify` saw that each index exists; a table's entry is compared with its length |
//! | linear memory | each load and store compares its address with the memory's length |
//!
//! The promise is made in one place: [`Cursor::new`] is unsafe, and only [`context`] calls it, with the regions of one instance and an image
//! that went through `verify`. The methods are then sound as that table says, for the one caller
//! that they have; the module is private to the crate for that reason.
//!
//! **The checked twin.** With the feature `checked` each cursor also carries its region's bounds
//! and each access asserts them. It is slower and larger, and behaves the same: tests and fuzzers
//! run in both builds.
//!
//! What checks on code and frames would cost was not measured; a handler has ten instructions, two
//! to four of which are such accesses.
#![expect(
    unsafe_code,
    reason = "the one file of the crate where accesses go unchecked"
)]

use crate::context::Context;
use crate::instance::{Layout, STATE_WORDS, word};
use crate::interpreter::Exit;
use mote_image::Image;

/// A place in a region of the instance or the image.
pub(crate) struct Cursor<T> {
    at: *mut T,
    #[cfg(feature = "checked")]
    start: usize,
    #[cfg(feature = "checked")]
    end: usize,
}

impl<T> Clone for Cursor<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Cursor<T> {}

/// A place in the code.
pub(crate) type Code = Cursor<u8>;
/// A place among words: frames, globals, tables.
pub(crate) type Words = Cursor<u32>;
/// The start of the linear memory.
pub(crate) type Bytes = Cursor<u8>;

impl<T> Cursor<T> {
    /// Makes a cursor at the start of a region.
    ///
    /// # Safety
    ///
    /// The region is readable for as long as the cursor and its copies are used, writable if
    /// anything is written, used through nothing else meanwhile, and accesses stay within it.
    pub(crate) unsafe fn new(start: *mut T, length: usize) -> Self {
        #[cfg(not(feature = "checked"))]
        let _ = length;
        Self {
            at: start,
            #[cfg(feature = "checked")]
            start: start as usize,
            #[cfg(feature = "checked")]
            end: (start as usize).wrapping_add(length.wrapping_mul(size_of::<T>())),
        }
    }

    /// Moves ahead by so many elements.
    #[inline(always)]
    pub(crate) fn ahead(self, count: usize) -> Self {
        let mut moved = self;
        moved.at = self.at.wrapping_add(count);
        moved
    }

    /// Moves back by so many elements.
    #[inline(always)]
    pub(crate) fn back(self, count: usize) -> Self {
        let mut moved = self;
        moved.at = self.at.wrapping_sub(count);
        moved
    }

    /// Returns the address.
    #[inline(always)]
    pub(crate) fn address(self) -> usize {
        self.at as usize
    }

    #[inline(always)]
    fn check(self, offset: usize, bytes: usize) {
        #[cfg(feature = "checked")]
        {
            let from = self.address().wrapping_add(offset);
            assert!(
                from >= self.start && from.wrapping_add(bytes) <= self.end,
                "out of region"
            );
        }
        let _ = (offset, bytes);
    }
}

impl Code {
    /// Reads a byte of the instruction.
    #[inline(always)]
    pub(crate) fn u8(self, offset: usize) -> u32 {
        self.check(offset, 1);
        // SAFETY: operands lie in the instruction, and the instruction in the code: verify.
        u32::from(unsafe { self.at.wrapping_add(offset).read() })
    }

    /// Reads a halfword of the instruction.
    #[inline(always)]
    pub(crate) fn u16(self, offset: usize) -> u32 {
        self.check(offset, 2);
        // SAFETY: as for a byte; halfwords are aligned, for code is and offsets are even.
        u32::from(unsafe { self.at.wrapping_add(offset).cast::<u16>().read() })
    }

    /// Reads a signed halfword of the instruction and extends its sign.
    #[inline(always)]
    pub(crate) fn i16(self, offset: usize) -> i32 {
        self.check(offset, 2);
        // SAFETY: as for an unsigned halfword.
        i32::from(unsafe { self.at.wrapping_add(offset).cast::<i16>().read() })
    }

    /// Reads a word of the instruction, which is aligned to two bytes.
    #[inline(always)]
    pub(crate) fn u32(self, offset: usize) -> u32 {
        if cfg!(all(target_arch = "arm", not(thumb_2))) {
            return self.u16(offset) | self.u16(offset.wrapping_add(2)) << 16;
        }
        self.check(offset, 4);
        // SAFETY: as for a byte.
        unsafe { self.at.wrapping_add(offset).cast::<u32>().read_unaligned() }
    }

    /// Moves by so many halfwords, ahead or back.
    #[inline(always)]
    pub(crate) fn jump(self, halfwords: i32) -> Self {
        let mut moved = self;
        moved.at = self
            .at
            .wrapping_offset((halfwords as isize).wrapping_mul(2));
        moved
    }

    /// Moves ahead by the length of an instruction and reads the opcode that is there.
    ///
    /// On a Cortex-M4 one instruction does both. The assembly also keeps the compiler from
    /// merging the ends of all handlers, which would cost a jump each (the prototype: 6.2 instead
    /// of 6.9 times native, 2026-11). The number in the comment makes each one unique.
    #[inline(always)]
    #[cfg(all(thumb_2, not(feature = "checked")))]
    pub(crate) fn fetch_next<const LENGTH: usize, const UNIQUE: u16>(&mut self) -> u32 {
        let opcode: u32;
        // SAFETY: reads the halfword at the next instruction, which is in the code: verify.
        unsafe {
            core::arch::asm!(
                "ldrh {opcode}, [{at}, #{length}]! @ {unique}",
                opcode = out(reg) opcode,
                at = inout(reg) self.at,
                length = const LENGTH,
                unique = const UNIQUE,
                options(nostack, readonly, preserves_flags),
            );
        }
        opcode
    }

    /// Reads the opcode of the instruction that this is at.
    #[inline(always)]
    #[cfg(all(thumb_2, not(feature = "checked")))]
    pub(crate) fn fetch<const UNIQUE: u16>(self) -> u32 {
        let opcode: u32;
        // SAFETY: reads the halfword at the instruction, which is in the code: verify.
        unsafe {
            core::arch::asm!(
                "ldrh {opcode}, [{at}] @ {unique}",
                opcode = out(reg) opcode,
                at = in(reg) self.at,
                unique = const UNIQUE,
                options(nostack, readonly, preserves_flags),
            );
        }
        opcode
    }

    /// Moves ahead by the length of an instruction and reads the opcode that is there.
    #[inline(always)]
    #[cfg(not(all(thumb_2, not(feature = "checked"))))]
    pub(crate) fn fetch_next<const LENGTH: usize, const UNIQUE: u16>(&mut self) -> u32 {
        *self = self.ahead(LENGTH);
        self.u16(0)
    }

    /// Reads the opcode of the instruction that this is at.
    #[inline(always)]
    #[cfg(not(all(thumb_2, not(feature = "checked"))))]
    pub(crate) fn fetch<const UNIQUE: u16>(self) -> u32 {
        self.u16(0)
    }
}

/// Hides where a value comes from, so that it is kept in a register and not worked out again.
#[inline(always)]
pub(crate) fn opaque(value: u32) -> u32 {
    #[cfg(all(thumb_2, not(feature = "checked")))]
    {
        let mut value = value;
        // SAFETY: there is no instruction in it.
        unsafe {
            core::arch::asm!("@ {0}", inout(reg) value, options(nomem, nostack, preserves_flags));
        }
        value
    }
    #[cfg(not(all(thumb_2, not(feature = "checked"))))]
    value
}

/// Tells the compiler that a shift's amount is less than that, so that it need not see to it.
#[inline(always)]
pub(crate) fn below<const LIMIT: u32>(amount: u32) -> u32 {
    if amount >= LIMIT {
        never()
    }
    amount
}

/// Where no verified code gets.
#[inline(always)]
pub(crate) fn never() -> ! {
    #[cfg(feature = "checked")]
    {
        panic_never()
    }
    #[cfg(not(feature = "checked"))]
    // SAFETY: verify lets no opcode through that the engine has no handler for, and no shift by
    // more than a value has bits.
    unsafe {
        core::hint::unreachable_unchecked()
    }
}

#[cfg(feature = "checked")]
#[expect(
    clippy::panic,
    reason = "the checked twin stops where the other would go astray"
)]
fn panic_never() -> ! {
    panic!("not verified code")
}

impl Words {
    /// Returns a part of the region as a region of its own.
    fn part(self, from: usize, to: usize) -> Self {
        let part = self.ahead(from);
        #[cfg(feature = "checked")]
        let part = {
            let to = self.ahead(to).address();
            assert!(part.address() <= to && to <= self.end, "part beyond region");
            Self {
                start: part.address(),
                end: to,
                ..part
            }
        };
        let _ = to;
        part
    }

    /// Returns the region as bytes.
    pub(crate) fn bytes(self) -> Bytes {
        Bytes {
            at: self.at.cast(),
            #[cfg(feature = "checked")]
            start: self.start,
            #[cfg(feature = "checked")]
            end: self.end,
        }
    }

    /// Returns how many words it is ahead of another cursor of the region.
    pub(crate) fn distance(self, start: Self) -> u32 {
        let bytes = self.address().wrapping_sub(start.address());
        #[expect(
            clippy::cast_possible_truncation,
            reason = "regions have less than 4 GB"
        )]
        let count = (bytes / 4) as u32;
        count
    }

    /// Reads a word.
    #[inline(always)]
    pub(crate) fn get(self, index: u32) -> u32 {
        let index = index as usize;
        self.check(index.wrapping_mul(4), 4);
        // SAFETY: the slot is in the frame, or the index in its region: see the head of the file.
        unsafe { self.at.wrapping_add(index).read() }
    }

    /// Writes a word.
    #[inline(always)]
    pub(crate) fn set(self, index: u32, value: u32) {
        let index = index as usize;
        self.check(index.wrapping_mul(4), 4);
        // SAFETY: as for reading.
        unsafe { self.at.wrapping_add(index).write(value) }
    }

    /// Reads two words as one of 64 bits.
    #[inline(always)]
    pub(crate) fn pair(self, index: u32) -> u64 {
        let pair = self.ahead(index as usize).known();
        u64::from(pair.get(0)) | u64::from(pair.get(1)) << 32
    }

    /// Writes a word of 64 bits as two.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half first")]
    pub(crate) fn set_pair(self, index: u32, value: u64) {
        let pair = self.ahead(index as usize).known();
        pair.set(0, value as u32);
        pair.set(1, (value >> 32) as u32);
    }

    /// Hides where an address comes from: then both words of a pair are reached from it, by one
    /// instruction, and not each on its own (2026-11: 14 % of `siphash`).
    #[inline(always)]
    fn known(self) -> Self {
        #[cfg(all(thumb_2, not(feature = "checked")))]
        {
            let mut moved = self;
            // SAFETY: there is no instruction in it.
            unsafe {
                core::arch::asm!("@ {0}", inout(reg) moved.at, options(readonly, nostack, preserves_flags));
            }
            moved
        }
        #[cfg(not(all(thumb_2, not(feature = "checked"))))]
        self
    }
}

macro_rules! access {
    ($load:ident $store:ident $type:ty) => {
        /// Reads from linear memory, at any alignment.
        #[inline(always)]
        pub(crate) fn $load(self, address: u32) -> $type {
            self.check(address as usize, size_of::<$type>());
            let place = self.at.wrapping_add(address as usize).cast::<$type>();
            // SAFETY: the caller has compared the address with the memory's length.
            unsafe { place.read_unaligned() }
        }

        /// Writes to linear memory, at any alignment.
        #[inline(always)]
        pub(crate) fn $store(self, address: u32, value: $type) {
            self.check(address as usize, size_of::<$type>());
            let place = self.at.wrapping_add(address as usize).cast::<$type>();
            // SAFETY: the caller has compared the address with the memory's length.
            unsafe { place.write_unaligned(value) }
        }
    };
}

impl Bytes {
    access!(load_u8 store_u8 u8);
    access!(load_u16 store_u16 u16);
    access!(load_u32 store_u32 u32);
    access!(load_u64 store_u64 u64);

    /// Copies bytes within the region; the ranges may overlap.
    ///
    /// In parts that do not: the library's function for those that do is 1.6 KB of flash.
    pub(crate) fn copy(self, to: u32, from: u32, count: u32) {
        let distance = to.abs_diff(from);
        let (mut done, mut left) = (0u32, count);
        while left > 0 && distance > 0 {
            let part = left.min(distance);
            left = left.wrapping_sub(part);
            let at = if to > from { left } else { done };
            let (to, from) = (to.wrapping_add(at) as usize, from.wrapping_add(at) as usize);
            let part_bytes = part as usize;
            self.check(to, part_bytes);
            self.check(from, part_bytes);
            let source = self.at.wrapping_add(from);
            let target = self.at.wrapping_add(to);
            // SAFETY: the caller has compared both ends with the region's length, and a part is no
            // longer than the ranges are apart.
            unsafe { target.copy_from_nonoverlapping(source, part_bytes) }
            done = done.wrapping_add(part);
        }
    }

    /// Copies bytes of the image to linear memory.
    pub(crate) fn copy_in(self, to: u32, source: &[u8]) {
        self.check(to as usize, source.len());
        let place = self.at.wrapping_add(to as usize);
        // SAFETY: the caller has compared the end with the memory's length.
        unsafe { place.copy_from_nonoverlapping(source.as_ptr(), source.len()) }
    }

    /// Fills bytes of linear memory.
    pub(crate) fn fill(self, to: u32, value: u8, count: u32) {
        self.check(to as usize, count as usize);
        let place = self.at.wrapping_add(to as usize);
        // SAFETY: the caller has compared the end with the memory's length.
        unsafe { place.write_bytes(value, count as usize) }
    }
}

/// Returns the view of an instance that the loop works on; it stands where its state says.
///
/// The image is the one that the engine was started with, which was verified; the layout is the
/// block's own.
pub(crate) fn context<'a>(
    image: &'a Image<'a>,
    state: &mut [u32; STATE_WORDS],
    block: &mut [u32],
    layout: &Layout,
) -> Context<'a> {
    let code_bytes = image.code();
    let records = image.function_records();
    // SAFETY: the region outlives the context's borrow of the image, and code is only read. That
    // accesses stay within it was verified.
    let code = unsafe { Cursor::new(code_bytes.as_ptr().cast_mut(), code_bytes.len()) };
    // SAFETY: as for code. An image is aligned to words, and so are its records.
    let functions =
        unsafe { Cursor::new(records.as_ptr().cast::<u32>().cast_mut(), records.len() / 4) };
    let length = block.len();
    // SAFETY: as for the rest of the block.
    let state = unsafe { Words::new(state.as_mut_ptr(), STATE_WORDS) };
    // SAFETY: the block is borrowed for as long as the context is used, and used through it only.
    let block = unsafe { Words::new(block.as_mut_ptr(), length) };
    let frames = block.part(layout.frames, layout.memory);
    let memory = block.part(layout.memory, layout.end);
    // SAFETY: a part of the block, seen as bytes; see there.
    let bytes = unsafe { Bytes::new(memory.at.cast(), layout.memory_bytes as usize) };
    let header = image.header();
    Context {
        pc: code.ahead(state.get(word::PC) as usize),
        frame: frames.ahead(state.get(word::FRAME) as usize),
        acc: state.get(word::ACC),
        bytes,
        state,
        code,
        functions,
        function_count: u32::from(header.functions),
        import_count: u32::from(header.imports),
        frames,
        frames_end: memory.address().wrapping_sub(size_of::<u32>()),
        globals: block.part(layout.globals, layout.tables),
        tables: block.part(layout.tables, layout.dropped),
        dropped: block.part(layout.dropped, layout.entries),
        block,
        memory_capacity: layout.memory_bytes,
        exit: Exit::Halted,
        image,
    }
}

/// Returns words as the bytes that they are in memory.
pub(crate) const fn bytes_of(words: &[u32]) -> &[u8] {
    // SAFETY: any word is four bytes, and bytes need no alignment.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// Returns words as the bytes that they are in memory, for writing.
pub(crate) const fn bytes_of_mut(words: &mut [u32]) -> &mut [u8] {
    // SAFETY: any word is four bytes and any four bytes a word, and bytes need no alignment.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

/// Returns the square root, from the float unit.
#[cfg(all(feature = "float", target_arch = "arm", target_abi = "eabihf"))]
pub(crate) fn square_root(value: f32) -> f32 {
    let mut bits = value.to_bits();
    // SAFETY: it computes a value. Rust does not let float registers be named here, so the one
    // that is used is put back as it was.
    unsafe {
        core::arch::asm!(
            "vmov {kept}, s0", "vmov s0, {bits}", "vsqrt.f32 s0, s0", "vmov {bits}, s0",
            "vmov s0, {kept}",
            kept = out(reg) _, bits = inout(reg) bits, options(pure, nomem, nostack));
    }
    f32::from_bits(bits)
}

/// Tells the float unit to make every NaN the canonical one, while a guest runs; returns what to
/// give back to [`restore_float_unit`].
#[cfg(feature = "float")]
pub(crate) fn prepare_float_unit() -> u32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    {
        /// Default NaN.
        const DN: u32 = 1 << 25;
        let before: u32;
        // SAFETY: Rust promises nothing about which NaN an operation yields, so it may be told
        // to be this one; nothing else is changed.
        unsafe {
            core::arch::asm!("vmrs {0}, fpscr", "orr {1}, {0}, {2}", "vmsr fpscr, {1}",
                out(reg) before, out(reg) _, const DN, options(nomem, nostack, preserves_flags));
        }
        before
    }
    #[cfg(not(all(target_arch = "arm", target_abi = "eabihf")))]
    0
}

/// Undoes what [`prepare_float_unit`] did.
#[cfg(feature = "float")]
pub(crate) fn restore_float_unit(before: u32) {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    // SAFETY: the unit is as it was.
    unsafe {
        core::arch::asm!("vmsr fpscr, {0}", in(reg) before,
            options(nomem, nostack, preserves_flags));
    }
    let _ = before;
}
