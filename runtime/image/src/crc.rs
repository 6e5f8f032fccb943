//! CRC-32: tells at boot whether flash still holds what was installed.
//!
//! The polynomial of Ethernet and zip, reflected: 0xedb88320. Four bits at a time over a table of
//! 64 bytes, a word of input at a time: 7 instructions a byte on a Cortex-M4 (2026-11), where 10
//! are allowed. The crate `crc` was not taken: its tables are 1 KB of flash, or it is slower.

const TABLE: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

const fn nibble(crc: u32) -> u32 {
    // The mask keeps the index in the table: no check remains.
    #[expect(clippy::indexing_slicing, reason = "four bits, sixteen entries")]
    let entry = TABLE[(crc & 15) as usize];
    entry ^ (crc >> 4)
}

const fn word(mut crc: u32) -> u32 {
    crc = nibble(nibble(crc));
    crc = nibble(nibble(crc));
    crc = nibble(nibble(crc));
    nibble(nibble(crc))
}

/// Returns the CRC-32 of some bytes.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32_continue(0, bytes)
}

/// Returns the CRC-32 of what had this CRC and then these bytes.
#[must_use]
pub fn crc32_continue(crc: u32, bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut crc = !crc;
    for chunk in words {
        crc = word(crc ^ u32::from_le_bytes(*chunk));
    }
    for &byte in rest {
        crc = nibble(nibble(crc ^ u32::from(byte)));
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_check_string_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn crc_in_pieces_is_that_of_the_whole() {
        let text = b"The quick brown fox jumps over the lazy dog";
        for cut in 0..text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(crc32_continue(crc32(a), b), crc32(text));
        }
    }
}
