//! Where an image is written: a slice of memory, or flash that can be read like memory.

use crate::Limit;

/// A place for an image. It is written from the front to the back, and its header last of all.
///
/// Where functions begin is known when their code is written, and wanted when all code is: until
/// then it is kept at the place's far end, so that it takes no RAM.
pub trait Output {
    /// Writes bytes at an offset; nothing was written there before.
    ///
    /// # Errors
    ///
    /// Where they do not fit.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Limit>;

    /// Returns what was written, from the start.
    fn written(&self) -> &[u8];

    /// Keeps a record until the image is finished. Each index is kept once, in ascending order.
    ///
    /// # Errors
    ///
    /// Where there is no room between it and what was written.
    fn keep(&mut self, index: usize, record: &[u8; RECORD_BYTES]) -> Result<(), Limit>;

    /// Returns a record that was kept.
    fn kept(&self, index: usize) -> Option<&[u8; RECORD_BYTES]>;
}

/// The bytes of what is kept.
pub const RECORD_BYTES: usize = 16;

/// An image in memory: any, or flash that is written like memory. Besides the image it has to have
/// room for a record of each function.
#[derive(Debug)]
pub struct Memory<'b> {
    bytes: &'b mut [u8],
    end: usize,
    /// Where what is kept begins.
    kept: usize,
}

impl<'b> Memory<'b> {
    /// Returns an output that writes there.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        let kept = bytes.len();
        Self {
            bytes,
            end: 0,
            kept,
        }
    }

    fn place(&self, index: usize) -> Option<usize> {
        let back = index.checked_add(1)?.checked_mul(RECORD_BYTES)?;
        self.bytes.len().checked_sub(back)
    }
}

impl Output for Memory<'_> {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Limit> {
        let start = usize::try_from(offset).map_err(|_| Limit::Output)?;
        let end = start.checked_add(bytes.len()).ok_or(Limit::Output)?;
        if end > self.kept {
            return Err(Limit::Output);
        }
        self.bytes
            .get_mut(start..end)
            .ok_or(Limit::Output)?
            .copy_from_slice(bytes);
        self.end = self.end.max(end);
        Ok(())
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or(&[])
    }

    fn keep(&mut self, index: usize, record: &[u8; RECORD_BYTES]) -> Result<(), Limit> {
        let at = self.place(index).filter(|&at| at >= self.end);
        let at = at.ok_or(Limit::Output)?;
        let place = self.bytes.get_mut(at..).and_then(|it| it.first_chunk_mut());
        *place.ok_or(Limit::Output)? = *record;
        self.kept = self.kept.min(at);
        Ok(())
    }

    fn kept(&self, index: usize) -> Option<&[u8; RECORD_BYTES]> {
        let at = self.place(index).filter(|&at| at >= self.kept)?;
        self.bytes.get(at..)?.first_chunk()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_kept_at_the_end_and_nothing_is_written_over() {
        let mut bytes = [0; 48];
        let mut memory = Memory::new(&mut bytes);
        memory.keep(0, &[1; RECORD_BYTES]).unwrap();
        memory.keep(1, &[2; RECORD_BYTES]).unwrap();
        assert_eq!(memory.write(1, &[3; 16]), Err(Limit::Output));
        memory.write(0, &[3; 16]).unwrap();
        assert_eq!(memory.keep(2, &[4; RECORD_BYTES]), Err(Limit::Output));
        assert_eq!(memory.kept(0), Some(&[1; RECORD_BYTES]));
        assert_eq!(memory.kept(1), Some(&[2; RECORD_BYTES]));
        assert_eq!(memory.kept(2), None);
        assert_eq!(memory.written(), [3; 16]);
    }
}
