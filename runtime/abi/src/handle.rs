//! Handles: what a guest holds in place of a capability.
//!
//! ```text
//!   31 | 30             8 | 7      0
//!    0 |    generation    |  index
//! ```
//!
//! Bit 31 is always 0, so that a handle is a positive `i32` and cannot be taken for an error
//! code. A generation is at least 1, so 0 is never a handle. The generation goes up each time the
//! table's entry is closed or revoked; a number with an old one is refused.

/// Highest index that fits into a handle.
pub const INDEX_MAX: u8 = u8::MAX;

const GENERATION_MAX: u32 = (1 << 23) - 1;
const GENERATION_SHIFT: u32 = 8;

/// An entry of a module's capability table, as the module knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    index: u8,
    generation: u32,
}

impl Handle {
    /// Returns a handle, or nothing where the generation does not fit (1 to 2^23 - 1).
    #[must_use]
    pub const fn new(index: u8, generation: u32) -> Option<Self> {
        if generation == 0 || generation > GENERATION_MAX {
            None
        } else {
            Some(Self { index, generation })
        }
    }

    /// Returns the handle that a guest's number stands for, if it can be one at all.
    #[must_use]
    pub const fn from_i32(number: i32) -> Option<Self> {
        if number <= 0 {
            return None;
        }
        let [index, ..] = number.to_le_bytes();
        Self::new(index, number.unsigned_abs() >> GENERATION_SHIFT)
    }

    /// Returns the number that a guest holds.
    #[must_use]
    pub const fn to_i32(self) -> i32 {
        let bits = (self.generation << GENERATION_SHIFT) | self.index as u32;
        i32::from_le_bytes(bits.to_le_bytes())
    }

    /// Returns the entry's place in the table.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.index
    }

    /// Returns the generation that the entry had when the handle was given out.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }
}

/// Returns the generation after this one, or nothing where there is none: such an entry retires,
/// since starting over would let a very old handle live again.
#[must_use]
pub const fn generation_after(generation: u32) -> Option<u32> {
    if generation >= GENERATION_MAX {
        None
    } else {
        Some(generation.wrapping_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handle_number_round_trips() {
        for (index, generation) in [(0, 1), (255, 1), (0, GENERATION_MAX), (255, GENERATION_MAX)] {
            let handle = Handle::new(index, generation).unwrap();
            assert!(handle.to_i32() > 0);
            assert_eq!(Handle::from_i32(handle.to_i32()), Some(handle));
        }
    }

    #[test]
    fn handle_numbers_that_are_none_are_refused() {
        for number in [0, -1, i32::MIN, 255] {
            assert_eq!(Handle::from_i32(number), None, "{number}");
        }
        assert_eq!(Handle::new(0, 0), None);
        assert_eq!(Handle::new(0, GENERATION_MAX + 1), None);
        assert_eq!(generation_after(GENERATION_MAX), None);
        assert_eq!(generation_after(1), Some(2));
    }
}
