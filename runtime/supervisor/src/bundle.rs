//! The bundle: a module, its manifest and how to run it, in one piece beside the firmware.
//!
//! ```text
//!   0   4        8      12       16
//!   magic length CRC-32 payload  postcard of Contents, `length` bytes | to a multiple of 4 | payload
//! ```
//!
//! Little endian; the CRC is of all that follows the header. The payload begins at a multiple of four
//! bytes if the bundle does, for an executable image is run where it lies. The bundle lies in a
//! region of flash of its own, where the host tool puts it when it builds a firmware with a module; a
//! region without one (erased, or rubbish) is told apart by magic and CRC. The policy is not in it:
//! what a module may have is the firmware's to say.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::manifest::Manifest;
use crate::report::WireValues;

/// The first bytes of a bundle. The last is the version of [`Contents`].
///
/// Changes: 1 is the first; 2 has the payload after the contents, and of two kinds.
pub const MAGIC: [u8; 4] = *b"MOT\x02";

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

/// What a module is there as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayloadKind {
    /// A Wasm file, for a firmware with wasmi.
    Wasm,
    /// An executable image, for a firmware with Mote's own engine.
    Image,
}

impl PayloadKind {
    /// Returns what a firmware says that executes this kind and was given another.
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Wasm => {
                "the bundle has no Wasm file, and this firmware runs nothing else (wasmi)"
            }
            Self::Image => {
                "the bundle has no executable image, and this firmware runs nothing else (mote)"
            }
        }
    }
}

/// What is in a bundle beside the module itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// What the module is and asks for.
    pub manifest: Manifest,
    /// How to run it.
    pub options: RunOptions,
    /// What the payload is.
    pub payload_kind: PayloadKind,
}

/// A bundle that was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    /// What is in it beside the module itself.
    pub contents: Contents,
    /// The module itself.
    pub payload: &'a [u8],
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
pub fn read(region: &[u8]) -> Result<Bundle<'_>, BundleError> {
    let (header, rest) = region
        .split_at_checked(HEADER_BYTES)
        .ok_or(BundleError::Absent)?;
    let [magic, length, sum, payload_length] = words(header).ok_or(BundleError::Absent)?;
    if magic != u32::from_le_bytes(MAGIC) {
        return Err(BundleError::Absent);
    }
    let length = usize::try_from(length).map_err(|_| BundleError::Truncated)?;
    let payload_length = usize::try_from(payload_length).map_err(|_| BundleError::Truncated)?;
    let contents = rest.get(..length).ok_or(BundleError::Truncated)?;
    let after = length.saturating_add(padding_bytes(length));
    let end = after.saturating_add(payload_length);
    let payload = rest.get(after..end).ok_or(BundleError::Truncated)?;
    if crc32([contents, payload]) != sum {
        return Err(BundleError::Corrupt);
    }
    let contents = postcard::from_bytes(contents).map_err(|_| BundleError::Malformed)?;
    Ok(Bundle { contents, payload })
}

/// Returns the header that belongs before contents that are already encoded. After them come
/// [`padding_bytes`] of zeros, and the payload.
///
/// # Errors
///
/// `Truncated`, where either is 4 GiB or longer.
pub fn header(contents: &[u8], payload: &[u8]) -> Result<[u8; HEADER_BYTES], BundleError> {
    let length = |part: &[u8]| u32::try_from(part.len()).map_err(|_| BundleError::Truncated);
    let words = [
        u32::from_le_bytes(MAGIC),
        length(contents)?,
        crc32([contents, payload]),
        length(payload)?,
    ];
    let mut header = [0; HEADER_BYTES];
    for (bytes, word) in header.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Ok(header)
}

/// Returns how many zeros stand between contents of this length and the payload.
#[must_use]
pub const fn padding_bytes(contents_bytes: usize) -> usize {
    contents_bytes.wrapping_neg() % 4
}

fn words(header: &[u8]) -> Option<[u32; 4]> {
    let mut words = [0; 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = u32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some(words)
}

/// CRC-32 as in Ethernet and zip, of two parts as if they were one.
fn crc32(parts: [&[u8]; 2]) -> u32 {
    let crc = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);
    let mut digest = crc.digest();
    for part in parts {
        digest.update(part);
    }
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec as StdVec;

    fn sample() -> StdVec<u8> {
        let contents = Contents {
            manifest: Manifest::nameless(crate::name("sample").unwrap()),
            options: RunOptions::default(),
            payload_kind: PayloadKind::Wasm,
        };
        let mut buffer = [0; 256];
        let encoded = &*postcard::to_slice(&contents, &mut buffer).unwrap();
        let payload = b"\0asm\x01\0\0\0";
        let mut bundle = header(encoded, payload).unwrap().to_vec();
        bundle.extend_from_slice(encoded);
        bundle.resize(bundle.len() + padding_bytes(encoded.len()), 0);
        assert!(bundle.len().is_multiple_of(4));
        bundle.extend_from_slice(payload);
        bundle
    }

    #[test]
    fn bundle_in_a_larger_region_is_read() {
        let mut region = sample();
        region.extend_from_slice(&[0xff; 100]);
        let bundle = read(&region).unwrap();
        assert_eq!(bundle.payload, b"\0asm\x01\0\0\0");
        assert_eq!(bundle.contents.manifest.name, "sample");
    }

    #[test]
    fn bundle_with_any_bit_changed_is_refused() {
        let good = sample();
        let length = usize::from(good[4]);
        let padding = 16 + length..16 + length + padding_bytes(length);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // What fills up to a multiple of four is not looked at.
            let is_refused = !padding.contains(&(bit / 8));
            assert_eq!(read(&bad).is_err(), is_refused, "bit {bit}");
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
