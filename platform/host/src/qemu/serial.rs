//! The serial line: a file that grows, cut into frames.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Longest rubbish that is kept as one frame: many times what a frame can be.
const FRAME_MAX_BYTES: usize = 64 * 1024;

/// Reads what is added to a file.
pub(super) struct Follower {
    file: File,
    buffer: Vec<u8>,
}

impl Follower {
    /// Follows a file from its beginning.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)
            .with_context(|| format!("cannot read the serial line's file {}", path.display()))?;
        Ok(Self {
            file,
            buffer: vec![0; 64 * 1024],
        })
    }

    /// Reads what is new. Returns whether there was anything.
    pub(super) fn read(&mut self, frames: &mut Frames) -> Result<bool> {
        let length = self
            .file
            .read(&mut self.buffer)
            .context("cannot read the serial line's file")?;
        let new = self.buffer.get(..length).unwrap_or_default();
        frames.push(new);
        Ok(length > 0)
    }
}

/// Bytes that come in pieces, and frames that go out whole.
#[derive(Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
    /// Up to where no end was found.
    searched: usize,
}

impl Frames {
    /// Takes bytes.
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched = self.searched.saturating_sub(self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next frame, without the 0 that ends it. Empty ones mean nothing and are left out.
    pub(super) fn next(&mut self) -> Option<&mut [u8]> {
        loop {
            let rest = self.bytes.get(self.searched..)?;
            let found = rest.iter().position(|&byte| byte == 0);
            let end = match found {
                Some(place) => self.searched + place,
                None if self.bytes.len() - self.start >= FRAME_MAX_BYTES => self.bytes.len(),
                None => {
                    self.searched = self.bytes.len();
                    return None;
                }
            };
            let start = self.start;
            self.start = (end + 1).min(self.bytes.len());
            self.searched = self.start;
            if end > start {
                return self.bytes.get_mut(start..end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(frames: &mut Frames) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| frames.next().map(|frame| frame.to_vec())).collect()
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_come() {
        let bytes = b"\0one\0two\0\0\0three\0fo";
        let expected: [&[u8]; 3] = [b"one", b"two", b"three"];
        for size in 1..=bytes.len() {
            let mut frames = Frames::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(size) {
                frames.push(piece);
                seen.extend(all(&mut frames));
            }
            assert_eq!(seen, expected, "in pieces of {size}");
            frames.push(b"ur\0");
            assert_eq!(all(&mut frames), [b"four"]);
        }
    }

    #[test]
    fn frames_without_end_do_not_pile_up() {
        let mut frames = Frames::default();
        frames.push(&vec![7; FRAME_MAX_BYTES + 5]);
        let seen = all(&mut frames);
        assert_eq!(seen.len(), 1);
        frames.push(&[0]);
        assert!(all(&mut frames).is_empty());
    }
}
