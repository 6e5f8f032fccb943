//! Standard input, output and error: the host's own, or kept in memory.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use wasi_common::WasiFile;
use wasi_common::pipe::{ReadPipe, WritePipe};
use wasi_common::sync::WasiCtxBuilder;
use wasi_common::sync::stdio::{stderr, stdout};

/// Where a program's input comes from.
#[derive(Clone, Debug, Default)]
pub enum Input {
    /// The host's standard input.
    #[default]
    Inherit,
    /// These bytes, then its end.
    Bytes(Vec<u8>),
}

/// Where something that a program writes goes to.
#[derive(Clone, Debug)]
pub enum Output {
    /// The host's standard output.
    Stdout,
    /// The host's standard error; also for a program's output where the tool's own result is all
    /// that may be written to standard output.
    Stderr,
    /// Memory.
    Capture(Capture),
}

/// A program's three streams.
#[derive(Clone, Debug)]
pub struct Streams {
    /// What it reads.
    pub input: Input,
    /// What it writes.
    pub output: Output,
    /// What it writes of its errors.
    pub error: Output,
}

impl Default for Streams {
    /// The host's own three.
    fn default() -> Self {
        Self {
            input: Input::Inherit,
            output: Output::Stdout,
            error: Output::Stderr,
        }
    }
}

impl Streams {
    /// Returns streams that read nothing and keep what is written, with the two keepers.
    #[must_use]
    pub fn captured(max_bytes: usize) -> (Self, Capture, Capture) {
        let output = Capture::new(max_bytes);
        let error = Capture::new(max_bytes);
        let streams = Self {
            input: Input::Bytes(Vec::new()),
            output: Output::Capture(output.clone()),
            error: Output::Capture(error.clone()),
        };
        (streams, output, error)
    }

    pub(super) fn give(&self, builder: &mut WasiCtxBuilder) {
        match &self.input {
            Input::Inherit => builder.inherit_stdin(),
            Input::Bytes(bytes) => builder.stdin(Box::new(ReadPipe::from(bytes.as_slice()))),
        };
        builder.stdout(self.output.file());
        builder.stderr(self.error.file());
    }
}

impl Output {
    fn file(&self) -> Box<dyn WasiFile> {
        match self {
            Self::Stdout => Box::new(stdout()),
            Self::Stderr => Box::new(stderr()),
            Self::Capture(capture) => Box::new(WritePipe::new(capture.clone())),
        }
    }
}

/// Keeps what is written to it, up to a bound; clones share it.
///
/// What goes beyond the bound is counted and dropped, so that the program notices nothing.
#[derive(Clone, Debug)]
pub struct Capture {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    dropped_bytes: u64,
    max_bytes: usize,
}

impl Capture {
    /// Returns an empty one that keeps at most so many bytes.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        let kept = Kept {
            bytes: Vec::new(),
            dropped_bytes: 0,
            max_bytes,
        };
        Self {
            kept: Arc::new(Mutex::new(kept)),
        }
    }

    /// Returns what was written, as text: bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        self.with(|kept| String::from_utf8_lossy(&kept.bytes).into_owned())
    }

    /// Returns what was written.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.with(|kept| kept.bytes.clone())
    }

    /// Returns how many bytes were written beyond the bound.
    #[must_use]
    pub fn dropped_bytes(&self) -> u64 {
        self.with(|kept| kept.dropped_bytes)
    }

    fn with<R>(&self, access: impl FnOnce(&mut Kept) -> R) -> R {
        // Bytes have no invariant that a panic elsewhere could have broken.
        access(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|kept| {
            let room = kept.max_bytes.saturating_sub(kept.bytes.len());
            let (fits, beyond) = bytes.split_at(room.min(bytes.len()));
            kept.bytes.extend_from_slice(fits);
            kept.dropped_bytes += beyond.len() as u64;
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn capture_beyond_its_bound_counts_and_drops() {
        let capture = Capture::new(5);
        capture.clone().write_all(b"abcd").unwrap();
        capture.clone().write_all(b"efgh").unwrap();
        assert_eq!(capture.bytes(), b"abcde");
        assert_eq!(capture.dropped_bytes(), 3);
    }
}
