//! Device registers: 32-bit words that are read and written for their effect.
//!
//! The drivers of boards are generic over [`Registers`], so that their logic is tested on the
//! host with registers that are a struct of the test. Only [`Mmio`] touches an address, and it is
//! the only place where a driver's access is unsafe.

/// A block of 32-bit device registers, by byte offset.
pub trait Registers {
    /// Reads the register, with whatever effect that has.
    fn read(&self, offset: usize) -> u32;

    /// Writes the register, with whatever effect that has.
    fn write(&mut self, offset: usize, value: u32);
}

/// The registers at an address.
#[derive(Debug)]
pub struct Mmio {
    base: usize,
}

impl Mmio {
    /// Makes the registers at an address accessible.
    ///
    /// # Safety
    ///
    /// At `base` lies a block of device registers that may be read and written at every offset that
    /// is used with the value, by whoever owns it.
    #[must_use]
    pub const unsafe fn new(base: usize) -> Self {
        Self { base }
    }

    const fn pointer(&self, offset: usize) -> *mut u32 {
        core::ptr::with_exposed_provenance_mut(self.base.wrapping_add(offset))
    }
}

impl Registers for Mmio {
    fn read(&self, offset: usize) -> u32 {
        let pointer = self.pointer(offset);
        // SAFETY: the pointer is to a device register, as the caller of `new` guarantees.
        unsafe { pointer.read_volatile() }
    }

    fn write(&mut self, offset: usize, value: u32) {
        let pointer = self.pointer(offset);
        // SAFETY: the pointer is to a device register, as the caller of `new` guarantees.
        unsafe { pointer.write_volatile(value) }
    }
}
