//! Where an image is written: a slice of memory, or flash that can be read like memory.

use crate::Limit;

/// A place for an image. It is written from the front to the back, and its header last of all.
pub trait Output {
    /// Writes bytes at an offset; nothing was written there before.
    ///
    /// # Errors
    ///
    /// Where they do not fit.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Limit>;

    /// Returns what was written, from the start.
    fn written(&self) -> &[u8];
}

/// An image in memory.
#[derive(Debug)]
pub struct Memory<'b> {
    bytes: &'b mut [u8],
    end: usize,
}

impl<'b> Memory<'b> {
    /// Returns an output that writes there.
    #[must_use]
    pub const fn new(bytes: &'b mut [u8]) -> Self {
        Self { bytes, end: 0 }
    }
}

impl Output for Memory<'_> {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Limit> {
        let start = usize::try_from(offset).map_err(|_| Limit::Output)?;
        let end = start.checked_add(bytes.len()).ok_or(Limit::Output)?;
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
}
