//! What the bench's firmware is to run, in words: `firmware/bench/src/plan.rs` reads it.

use mote_engine::Value;

const MAGIC: [u8; 4] = *b"BEN1";

/// What to run.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// How often to start.
    pub(super) starts: u32,
    /// The fuel of the start function and of the call, each.
    pub(super) fuel: u64,
    /// Words of frames, for Mote's engine.
    pub(super) stack_words: u32,
    /// Bytes of memory that there is room for.
    pub(super) memory_bytes: u32,
    /// What the export is called with.
    pub(super) arguments: &'a [Value],
    /// The export.
    pub(super) export: &'a str,
    /// An image, or a Wasm file.
    pub(super) payload: &'a [u8],
}

impl Plan<'_> {
    /// Returns the plan's bytes.
    ///
    /// # Errors
    ///
    /// Where there is more of something than words can count.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, std::num::TryFromIntError> {
        let [f0, f1, f2, f3, f4, f5, f6, f7] = self.fuel.to_le_bytes();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.starts.to_le_bytes());
        bytes.extend([f0, f1, f2, f3, f4, f5, f6, f7]);
        bytes.extend(self.stack_words.to_le_bytes());
        bytes.extend(self.memory_bytes.to_le_bytes());
        for count in [self.arguments.len(), self.export.len(), self.payload.len()] {
            bytes.extend(u32::try_from(count)?.to_le_bytes());
        }
        for &argument in self.arguments {
            let [low, high] = argument.to_words();
            for word in [argument.value_type().byte().into(), low, high] {
                bytes.extend(word.to_le_bytes());
            }
        }
        bytes.extend(self.export.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(self.payload);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_is_words_with_the_payload_at_a_multiple_of_four() {
        let plan = Plan {
            starts: 10,
            fuel: 1 << 32,
            stack_words: 7,
            memory_bytes: 8,
            arguments: &[Value::I64(-2)],
            export: "run.1",
            payload: &[1, 2, 3],
        };
        let bytes = plan.to_bytes().unwrap();
        let words: Vec<u32> = bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        let head = [10, 0, 1, 7, 8, 1, 5, 3, 0x7e, u32::MAX - 1, u32::MAX];
        assert_eq!(words[1..12], head);
        assert_eq!(&bytes[48..], b"run.1\0\0\0\x01\x02\x03");
    }
}
