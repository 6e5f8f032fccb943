//! The bundle: a module, its manifest and how to run it, in one piece beside the firmware.
//!
//! ```text
//!   0   4   8      12     16
//!   magic  length  CRC-32  zero   postcard of Contents, `length` bytes
//! ```
//!
//! Little endian. It lies in a region of flash of its own, where the host tool puts it when it
//! builds a firmware with a module; a region without one (erased, or rubbish) is told apart by
//! magic and CRC. The policy is not in it: what a module may have is the firmware's to say.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::manifest::Manifest;
use crate::report::WireValues;

/// The first bytes of a bundle. The last is the version of [`Contents`].
///
/// Changes: 1 is the first.
pub const MAGIC: [u8; 4] = *b"MOT\x01";

/// Bytes before the contents.
pub const HEADER_BYTES: usize = 16;

/// Longest name of an export to be called, in bytes.
pub const EXPORT_NAME_MAX_BYTES: usize = 128;

/// Most revocations in a schedule.
pub const REVOCATIONS_MAX: usize = 8;

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of them exists, for as long as the session"
)]
pub enum Entry {
    /// The ABI's entry, [`mote_abi::ENTRY`].
    Module,
    /// An export, with arguments.
    Export {
        /// Its name.
        name: String<EXPORT_NAME_MAX_BYTES>,
        /// What it is called with.
        arguments: WireValues,
    },
}

/// Something to be taken away while the module runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The capability, by its name in the manifest.
    pub capability: Name,
    /// When, by the board's clock, in microseconds.
    pub at_us: u64,
}

/// How to run a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// What is called.
    pub entry: Entry,
    /// All the fuel it gets, in the engine's units; without a limit where there is none.
    pub fuel_limit: Option<u64>,
    /// How long it may run, by the board's clock, in microseconds; without a limit where there is
    /// none.
    pub run_for_us: Option<u64>,
    /// What is taken away meanwhile.
    pub revocations: Vec<Revocation, REVOCATIONS_MAX>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            entry: Entry::Module,
            fuel_limit: None,
            run_for_us: None,
            revocations: Vec::new(),
        }
    }
}

/// What is in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents<'a> {
    /// What the module is and asks for.
    pub manifest: Manifest,
    /// How to run it.
    pub options: RunOptions,
    /// The module: a Wasm file.
    #[serde(borrow)]
    pub wasm: &'a [u8],
}

/// Why a region of flash holds no bundle that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// It does not begin as one: nothing was put there, or by another version of the tool.
    Absent,
    /// Its length is beyond the region.
    Truncated,
    /// Its checksum is another.
    Corrupt,
    /// Its contents are not what this version can read.
    Malformed,
}

impl BundleError {
    /// Returns what is wrong, in words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Absent => "no module: the bundle's region does not begin with its magic",
            Self::Truncated => "the bundle is longer than its region",
            Self::Corrupt => "the bundle's checksum is wrong",
            Self::Malformed => "the bundle's contents are malformed",
        }
    }
}

/// Reads the bundle in a region of flash.
///
/// # Errors
///
/// Where there is none, or it is damaged.
pub fn read(region: &[u8]) -> Result<Contents<'_>, BundleError> {
    let (header, rest) = region
        .split_at_checked(HEADER_BYTES)
        .ok_or(BundleError::Absent)?;
    let [magic, length, sum, _] = words(header).ok_or(BundleError::Absent)?;
    if magic != u32::from_le_bytes(MAGIC) {
        return Err(BundleError::Absent);
    }
    let length = usize::try_from(length).map_err(|_| BundleError::Truncated)?;
    let contents = rest.get(..length).ok_or(BundleError::Truncated)?;
    if crc32(contents) != sum {
        return Err(BundleError::Corrupt);
    }
    postcard::from_bytes(contents).map_err(|_| BundleError::Malformed)
}

/// Returns the header that belongs before contents that are already encoded.
///
/// # Errors
///
/// `Truncated`, where they are 4 GiB or longer.
pub fn header(contents: &[u8]) -> Result<[u8; HEADER_BYTES], BundleError> {
    let length = u32::try_from(contents.len()).map_err(|_| BundleError::Truncated)?;
    let words = [u32::from_le_bytes(MAGIC), length, crc32(contents), 0];
    let mut header = [0; HEADER_BYTES];
    for (bytes, word) in header.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Ok(header)
}

fn words(header: &[u8]) -> Option<[u32; 4]> {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(words)
}

/// CRC-32 as in Ethernet and zip.
fn crc32(bytes: &[u8]) -> u32 {
    crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC).checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec as StdVec;

    fn sample() -> StdVec<u8> {
        let contents = Contents {
            manifest: Manifest::nameless(crate::name("sample").unwrap()),
            options: RunOptions::default(),
            wasm: b"\0asm\x01\0\0\0",
        };
        let mut buffer = [0; 256];
        let encoded = postcard::to_slice(&contents, &mut buffer).unwrap();
        let mut bundle = header(encoded).unwrap().to_vec();
        bundle.extend_from_slice(encoded);
        bundle
    }

    #[test]
    fn bundle_in_a_larger_region_is_read() {
        let mut region = sample();
        region.extend_from_slice(&[0xff; 100]);
        let contents = read(&region).unwrap();
        assert_eq!(contents.wasm, b"\0asm\x01\0\0\0");
        assert_eq!(contents.manifest.name, "sample");
    }

    #[test]
    fn bundle_with_any_bit_changed_is_refused() {
        let good = sample();
        // The last header word is spare, and not looked at.
        for bit in (0..good.len() * 8).filter(|bit| !(96..128).contains(bit)) {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn bundle_absent_or_truncated_is_told_apart() {
        assert_eq!(read(&[]), Err(BundleError::Absent));
        assert_eq!(read(&[0xff; 64]), Err(BundleError::Absent));
        assert_eq!(read(&[0; 64]), Err(BundleError::Absent));
        let good = sample();
        assert_eq!(read(&good[..good.len() - 1]), Err(BundleError::Truncated));
    }
}
