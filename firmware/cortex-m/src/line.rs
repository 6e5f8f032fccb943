//! The line that reports go out on: each is a frame, ended by a byte 0.

use mote_supervisor::report::{self, FRAME_MAX_BYTES, Report};

/// Sends bytes, and waits until they are on their way.
pub type Write = fn(&[u8]);

/// A byte stream that carries reports.
#[derive(Debug)]
pub struct Line<W> {
    write: W,
    buffer: [u8; FRAME_MAX_BYTES],
}

impl<W: FnMut(&[u8])> Line<W> {
    /// Makes a line of what sends bytes.
    pub const fn new(write: W) -> Self {
        Self {
            write,
            buffer: [0; FRAME_MAX_BYTES],
        }
    }

    /// Ends a frame that somebody else may have begun; an empty frame means nothing.
    pub fn end_frame(&mut self) {
        (self.write)(&[0]);
    }

    /// Sends a report.
    pub fn send(&mut self, report: &Report<'_>) {
        // Every report fits the buffer, as the supervisor's tests make sure.
        if let Ok(frame) = report::encode(report, &mut self.buffer) {
            (self.write)(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn line_sends_frames_that_decode() {
        let mut bytes = Vec::new();
        let mut line = Line::new(|sent: &[u8]| bytes.extend_from_slice(sent));
        let hello = Report::Hello {
            protocol: 1,
            board: "board",
            engine: "engine",
        };
        line.end_frame();
        line.send(&hello);
        assert_eq!(bytes.first(), Some(&0));
        assert_eq!(bytes.last(), Some(&0));
        assert_eq!(report::decode(&mut bytes[1..]), Ok(hello));
    }
}
