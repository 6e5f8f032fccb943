//! A block of RAM for modules: fixed when the firmware is built, handed out once, never zeroed.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// So many words of RAM, to be a `static` in a section `.uninit.*`: what lies there is not part of
/// the firmware, and the start does not zero it.
#[derive(Debug)]
#[repr(transparent)]
pub struct Block<const WORDS: usize>(UnsafeCell<MaybeUninit<[u32; WORDS]>>);

// SAFETY: the words are only to be had from `take`, whose caller guarantees that it is the only one.
unsafe impl<const WORDS: usize> Sync for Block<WORDS> {}

impl<const WORDS: usize> Default for Block<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Block<WORDS> {
    /// Makes a block of whatever lies there.
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Hands the words out. They hold anything.
    ///
    /// # Safety
    ///
    /// It is called once.
    #[expect(clippy::mut_from_ref, reason = "what the caller guarantees")]
    pub unsafe fn take(&'static self) -> &'static mut [u32] {
        let words: *mut [u32; WORDS] = self.0.get().cast();
        // For all that the compiler knows, these instructions write every word that can be reached
        // by the address; so none of them is uninitialised afterwards.
        #[cfg(target_os = "none")]
        // SAFETY: there are none.
        unsafe {
            core::arch::asm!("/* {0} */", in(reg) words, options(nostack, preserves_flags));
        }
        #[cfg(not(target_os = "none"))]
        // SAFETY: the words are this block's, and nobody else has them, as the caller guarantees.
        unsafe {
            words.write([0; WORDS]);
        }
        // SAFETY: the words are initialised, this block's, and nobody else has them.
        unsafe { &mut *words }
    }
}
