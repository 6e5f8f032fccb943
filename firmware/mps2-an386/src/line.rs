//! The line that reports go out on: each is a frame, ended by a byte 0.

use embedded_io::Write;
use mote_supervisor::report::{self, FRAME_MAX_BYTES, Report};

/// A byte stream that carries reports.
pub(crate) struct Line<W> {
    writer: W,
    buffer: [u8; FRAME_MAX_BYTES],
}

impl<W: Write> Line<W> {
    /// Makes a line of a byte stream.
    pub(crate) const fn new(writer: W) -> Self {
        Self {
            writer,
            buffer: [0; FRAME_MAX_BYTES],
        }
    }

    /// Ends a frame that somebody else may have begun; an empty frame means nothing.
    pub(crate) fn end_frame(&mut self) {
        // There is nobody to tell that the line fails: it is what one would be told by.
        let _ = self.writer.write_all(&[0]);
    }

    /// Sends a report.
    pub(crate) fn send(&mut self, report: &Report<'_>) {
        // Every report fits the buffer, as the supervisor's tests make sure; for the rest see
        // above.
        if let Ok(frame) = report::encode(report, &mut self.buffer) {
            let _ = self.writer.write_all(frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_sends_frames_that_decode() {
        let mut bytes = [0xff_u8; 128];
        let mut line = Line::new(&mut bytes[..]);
        let hello = Report::Hello {
            protocol: 1,
            board: "board",
            engine: "engine",
        };
        line.end_frame();
        line.send(&hello);
        let left = line.writer.len();
        let sent = 128 - left;
        let frame = &mut bytes[1..sent];
        assert_eq!(frame.last(), Some(&0));
        assert_eq!(report::decode(frame), Ok(hello));
        assert_eq!(bytes[0], 0);
    }
}
