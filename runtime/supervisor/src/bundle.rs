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
use mote_abi::NAME_MAX_BYTES;
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

/// The name of an export to be called.
pub type ExportName = String<EXPORT_NAME_MAX_BYTES>;

/// Most revocations in a schedule.
pub const REVOCATIONS_MAX: usize = 8;

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry<N = ExportName> {
    /// The ABI's entry, [`mote_abi::ENTRY`].
    Module,
    /// An export, with arguments.
    Export {
        /// Its name.
        name: N,
        /// What it is called with.
        arguments: WireValues,
    },
}

/// Something to be taken away while the module runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation<N = Name> {
    /// The capability, by its name in the manifest.
    pub capability: N,
    /// When, by the board's clock, in microseconds.
    pub at_us: u64,
}

/// How to run a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions<N = Name, X = ExportName> {
    /// What is called.
    pub entry: Entry<X>,
    /// All the fuel it gets, in the engine's units; without a limit where there is none.
    pub fuel_limit: Option<u64>,
    /// How long it may run, by the board's clock, in microseconds; without a limit where there is
    /// none.
    pub run_for_us: Option<u64>,
    /// What is taken away meanwhile.
    pub revocations: Vec<Revocation<N>, REVOCATIONS_MAX>,
}

impl<N, X> Default for RunOptions<N, X> {
    fn default() -> Self {
        Self {
            entry: Entry::Module,
            fuel_limit: None,
            run_for_us: None,
            revocations: Vec::new(),
        }
    }
}

impl RunOptions {
    /// Returns the options with names that are borrowed from here.
    #[must_use]
    pub fn borrowed(&self) -> RunOptions<&str, &str> {
        RunOptions {
            entry: match &self.entry {
                Entry::Module => Entry::Module,
                Entry::Export { name, arguments } => Entry::Export {
                    name,
                    arguments: arguments.clone(),
                },
            },
            fuel_limit: self.fuel_limit,
            run_for_us: self.run_for_us,
            revocations: self
                .revocations
                .iter()
                .map(|revocation| Revocation {
                    capability: revocation.capability.as_str(),
                    at_us: revocation.at_us,
                })
                .collect(),
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
pub struct Contents<'a> {
    /// What the module is and asks for.
    #[serde(borrow)]
    pub manifest: Manifest<&'a str>,
    /// How to run it.
    #[serde(borrow)]
    pub options: RunOptions<&'a str, &'a str>,
    /// What the payload is.
    pub payload_kind: PayloadKind,
}

impl Default for Contents<'_> {
    fn default() -> Self {
        Self {
            manifest: Manifest::nameless(""),
            options: RunOptions::default(),
            payload_kind: PayloadKind::Image,
        }
    }
}

impl<'a> Contents<'a> {
    /// Decodes contents into place, field by field in the order of the types: what `postcard` does,
    /// without a copy of each list at each level of the types (4 KB of stack, 2026-11).
    fn decode(&mut self, bytes: &'a [u8]) -> Option<()> {
        let mut fields = Fields(bytes);
        let Self {
            manifest:
                Manifest {
                    abi,
                    name,
                    version,
                    memory_max_bytes,
                    stack_max_bytes,
                    capabilities,
                },
            options:
                RunOptions {
                    entry,
                    fuel_limit,
                    run_for_us,
                    revocations,
                },
            payload_kind,
        } = self;
        *abi = fields.take()?;
        *name = fields.take()?;
        *version = fields.take()?;
        *memory_max_bytes = fields.take()?;
        *stack_max_bytes = fields.take()?;
        fields.list(capabilities)?;
        *entry = fields.take()?;
        *fuel_limit = fields.take()?;
        *run_for_us = fields.take()?;
        fields.list(revocations)?;
        *payload_kind = fields.take()?;
        fields.0.is_empty().then_some(())
    }

    /// Tells whether all names are as short as names are, so that a report has room for them.
    fn names_fit(&self) -> bool {
        let requests = self.manifest.capabilities.iter();
        let mut names = requests
            .flat_map(|request| [Some(request.name), request.pin])
            .flatten()
            .chain([self.manifest.name])
            .chain(self.options.revocations.iter().map(|due| due.capability));
        let entry_fits = match &self.options.entry {
            Entry::Module => true,
            Entry::Export { name, .. } => name.len() <= EXPORT_NAME_MAX_BYTES,
        };
        entry_fits && names.all(|name| name.len() <= NAME_MAX_BYTES)
    }
}

/// What is left of an encoding.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    #[inline(never)]
    fn take<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let (value, rest) = postcard::take_from_bytes(self.0).ok()?;
        self.0 = rest;
        Some(value)
    }

    fn list<T: Deserialize<'a>, const MAX: usize>(&mut self, into: &mut Vec<T, MAX>) -> Option<()> {
        into.clear();
        for _ in 0..self.take::<u32>()? {
            into.push(self.take()?).ok()?;
        }
        Some(())
    }
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

/// Reads the bundle in a region of flash: returns the payload, the module itself, and puts the rest
/// where the caller has room for it.
///
/// # Errors
///
/// Where there is none, or it is damaged.
#[inline(never)]
pub fn read<'a>(region: &'a [u8], into: &mut Contents<'a>) -> Result<&'a [u8], BundleError> {
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
    if into.decode(contents).is_none() || !into.names_fit() {
        return Err(BundleError::Malformed);
    }
    Ok(payload)
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
        let manifest = Manifest::nameless(crate::name("sample").unwrap());
        let contents = Contents {
            manifest: manifest.borrowed(),
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
        let mut contents = Contents::default();
        let payload = read(&region, &mut contents).unwrap();
        assert_eq!(payload, b"\0asm\x01\0\0\0");
        assert_eq!(contents.manifest.name, "sample");
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
            assert_eq!(
                read(&bad, &mut Contents::default()).is_err(),
                is_refused,
                "bit {bit}"
            );
        }
    }

    fn refused(region: &[u8]) -> Result<&[u8], BundleError> {
        read(region, &mut Contents::default())
    }

    #[test]
    fn contents_are_decoded_as_they_were_encoded() {
        let mut manifest = Manifest::nameless("sample");
        manifest.memory_max_bytes = Some(70_000);
        for (name, pin) in [("led", Some("led0")), ("log", None)] {
            let request = crate::manifest::Request {
                name,
                pin,
                interface: crate::capability::Interface::Log,
                rights: crate::capability::Rights::all(),
                log_level: 3,
                optional: true,
            };
            manifest.capabilities.push(request).unwrap();
        }
        let contents = Contents {
            manifest,
            options: RunOptions {
                entry: Entry::Export {
                    name: "f",
                    arguments: [mote_engine::Value::I64(-1).into()].into_iter().collect(),
                },
                fuel_limit: Some(u64::MAX),
                run_for_us: None,
                revocations: [Revocation {
                    capability: "led",
                    at_us: 9,
                }]
                .into_iter()
                .collect(),
            },
            payload_kind: PayloadKind::Wasm,
        };
        let mut buffer = [0; 256];
        let encoded = &*postcard::to_slice(&contents, &mut buffer).unwrap();
        assert_eq!(postcard::from_bytes(encoded), Ok(contents.clone()));
        let mut decoded = Contents::default();
        assert_eq!(decoded.decode(encoded), Some(()));
        assert_eq!(decoded, contents);
        for length in 0..encoded.len() {
            assert_eq!(Contents::default().decode(&encoded[..length]), None);
        }
    }

    #[test]
    fn bundle_absent_or_truncated_is_told_apart() {
        assert_eq!(refused(&[]), Err(BundleError::Absent));
        assert_eq!(refused(&[0xff; 64]), Err(BundleError::Absent));
        assert_eq!(refused(&[0; 64]), Err(BundleError::Absent));
        let good = sample();
        assert_eq!(
            refused(&good[..good.len() - 1]),
            Err(BundleError::Truncated)
        );
    }
}
