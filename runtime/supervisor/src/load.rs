//! Loads an image: from bytes in flash and a block of RAM to an instance that can be called.
//!
//! The one way to Mote's own engine, on a device and in the simulator, so that a module gets the
//! same stack, tables and memory wherever it runs:
//!
//! | part | size |
//! | --- | --- |
//! | stack | what the image's deepest chain of calls takes; where calls have no bound, what the manifest says, or [`STACK_DEFAULT_BYTES`] |
//! | memory | what the module begins with; it may grow to its own limit and the manifest's, or, where neither says any, as far as the block goes |
//! | tables | what they begin with; they may grow to their own limit, at most to [`TABLE_ENTRIES_MAX`] |
//!
//! Whatever does not fit is refused with the number that did not.

use mote_engine::{ImageEngine, InstanceSize, StartError, TrapKind};
use mote_image::{Image, Rejected, verify};

use crate::manifest::Manifest;

/// The engine's name in reports.
pub const NAME: &str = "mote";

/// Stack of a module whose calls have no bound and whose manifest says nothing, in bytes.
///
/// As much as the smallest board has room for beside a module; some 200 calls of a small function.
pub const STACK_DEFAULT_BYTES: u32 = 4096;

/// Entries that a table may grow to, if its own limit is not lower; one that begins with more keeps
/// them. Compilers give tables the limit that they begin with, so they take no room for growth.
pub const TABLE_ENTRIES_MAX: u32 = 64;

/// Why an image cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// It is damaged, or not one that this firmware executes.
    Image(Rejected),
    /// It uses floats, and this firmware is built without.
    Floats,
    /// Its deepest chain of calls takes more stack than its manifest allows.
    Stack {
        /// What it takes, in bytes.
        needed_bytes: u64,
        /// What the manifest allows, in bytes.
        allowed_bytes: u32,
    },
    /// It takes more RAM than there is.
    Room {
        /// What it takes, in bytes; 2^64 - 1 where that cannot be counted.
        needed_bytes: u64,
        /// What there is, in bytes.
        room_bytes: u64,
    },
    /// A segment does not fit into the memory or table that it is for.
    Segment(TrapKind),
}

impl core::fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Image(rejected) => write!(formatter, "{rejected}"),
            Self::Floats => {
                formatter.write_str("it computes with floats, and this firmware is built without")
            }
            Self::Stack {
                needed_bytes,
                allowed_bytes,
            } => write!(
                formatter,
                "its calls take {needed_bytes} bytes of stack, and its manifest allows \
                 {allowed_bytes} (limits.stack_bytes)"
            ),
            Self::Room {
                needed_bytes: u64::MAX,
                ..
            } => formatter.write_str("it takes more RAM than can be counted"),
            Self::Room {
                needed_bytes,
                room_bytes,
            } => write!(
                formatter,
                "it takes {needed_bytes} bytes of RAM, and there are {room_bytes}; its manifest can \
                 limit what is there of its memory (limits.memory_bytes)"
            ),
            Self::Segment(kind) => write!(
                formatter,
                "cannot be instantiated: {} by a segment",
                kind.message()
            ),
        }
    }
}

/// Returns what an instance of a module is to have in a block of so many words.
///
/// # Errors
///
/// [`LoadError::Stack`] and [`LoadError::Room`].
pub fn instance_size<N>(
    image: &Image<'_>,
    manifest: &Manifest<N>,
    room_words: usize,
) -> Result<InstanceSize, LoadError> {
    let least = InstanceSize::least(image);
    let mut size = InstanceSize {
        stack_words: stack_words(image, manifest)?,
        memory_bytes: 0,
        table_entries: TABLE_ENTRIES_MAX,
    };
    let room_bytes = to_bytes(room_words);
    let fixed = size.block_words(image).map_or(u64::MAX, to_bytes);
    let needs = |bytes: u64| LoadError::Room {
        needed_bytes: fixed.saturating_add(bytes),
        room_bytes,
    };
    let left = room_bytes.checked_sub(fixed).ok_or(needs(0))?;
    let memory = image.header().memory;
    let own_limit = memory.map_or(0, |memory| {
        u64::from(memory.pages_max) << u32::from(memory.page_log2).min(31)
    });
    // What is named is there when it is wanted; what nobody named is there as far as there is room.
    let wanted = match manifest.memory_max_bytes {
        Some(limit) => own_limit.min(u64::from(limit)),
        None => own_limit.min(left.max(u64::from(least.memory_bytes))),
    };
    if wanted > left {
        return Err(needs(wanted));
    }
    size.memory_bytes = u32::try_from(wanted).unwrap_or(u32::MAX);
    Ok(size)
}

fn stack_words<N>(image: &Image<'_>, manifest: &Manifest<N>) -> Result<u32, LoadError> {
    let allowed_bytes = manifest.stack_max_bytes;
    match (image.header().stack_words, allowed_bytes) {
        (Some(needed), Some(allowed_bytes)) if needed > allowed_bytes / 4 => {
            Err(LoadError::Stack {
                needed_bytes: u64::from(needed).saturating_mul(4),
                allowed_bytes,
            })
        }
        (Some(needed), _) => Ok(needed),
        (None, allowed) => Ok(allowed.unwrap_or(STACK_DEFAULT_BYTES) / 4),
    }
}

/// Checks and verifies an image and starts an instance of it in a block, which may hold anything.
///
/// The block is the scratch memory for verifying, too.
///
/// # Errors
///
/// Where the image is not sound, or the module does not fit.
#[inline(never)]
pub fn load<'a, N>(
    image: &'a [u8],
    manifest: &Manifest<N>,
    block: &'a mut [u32],
) -> Result<ImageEngine<'a>, LoadError> {
    let image = Image::open(image).map_err(LoadError::Image)?;
    let room_words = block.len();
    let scratch: &mut [u8] = bytemuck::cast_slice_mut(block);
    if image.scratch_bytes() > scratch.len() {
        return Err(LoadError::Room {
            needed_bytes: u64::try_from(image.scratch_bytes()).unwrap_or(u64::MAX),
            room_bytes: to_bytes(room_words),
        });
    }
    let image = verify(image, scratch).map_err(LoadError::Image)?;
    let size = instance_size(image.image(), manifest, room_words)?;
    ImageEngine::start(image, block, size).map_err(|error| match error {
        StartError::Feature => LoadError::Floats,
        StartError::BlockTooSmall(words) => LoadError::Room {
            needed_bytes: to_bytes(words),
            room_bytes: to_bytes(room_words),
        },
        StartError::TooLarge => LoadError::Room {
            needed_bytes: u64::MAX,
            room_bytes: to_bytes(room_words),
        },
        StartError::Segment(kind) => LoadError::Segment(kind),
    })
}

fn to_bytes(words: usize) -> u64 {
    u64::try_from(words).map_or(u64::MAX, |words| words.saturating_mul(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_engine::{Engine, FunctionIndex, Step};
    use std::string::ToString;
    use std::vec::Vec;

    /// Bytes at an address that is a multiple of four.
    fn image(text: &str) -> Vec<u32> {
        let wasm = wat::parse_str(text).unwrap();
        let options = mote_translate::Options { floats: true };
        let bytes = mote_translate_image::translate_to_vec(&wasm, options).unwrap();
        let words = bytes.chunks(4).map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_ne_bytes(word)
        });
        words.collect()
    }

    fn sized(
        text: &str,
        manifest: &Manifest<&str>,
        room_words: usize,
    ) -> Result<InstanceSize, LoadError> {
        let image = image(text);
        let image = Image::open(bytemuck::cast_slice(&image)).unwrap();
        instance_size(&image, manifest, room_words)
    }

    fn limits(
        memory_max_bytes: Option<u32>,
        stack_max_bytes: Option<u32>,
    ) -> Manifest<&'static str> {
        Manifest {
            memory_max_bytes,
            stack_max_bytes,
            ..Manifest::nameless("m")
        }
    }

    #[test]
    fn memory_that_nobody_limits_may_grow_as_far_as_there_is_room() {
        let text = "(module (memory 1))";
        let none = Manifest::nameless("m");
        let size = sized(text, &none, 100_000).unwrap();
        assert!((390_000..400_000).contains(&size.memory_bytes), "{size:?}");
        let limited = "(module (memory 1 2))";
        let size = sized(limited, &none, 100_000).unwrap();
        assert_eq!(size.memory_bytes, 131_072);
    }

    #[test]
    fn memory_that_the_manifest_names_is_there_or_the_module_is_refused() {
        let text = "(module (memory 1))";
        let size = sized(text, &limits(Some(1000), None), 1000).unwrap();
        assert_eq!(size.memory_bytes, 1000);
        let error = sized(text, &limits(Some(4000), None), 1000).unwrap_err();
        let message = error.to_string();
        assert!(
            matches!(
                error,
                LoadError::Room {
                    needed_bytes: 4001..,
                    room_bytes: 4000
                }
            ),
            "{error:?}"
        );
        assert!(message.contains("there are 4000"), "{message}");
        let error = sized(text, &Manifest::nameless("m"), 1000).unwrap_err();
        assert!(
            matches!(
                error,
                LoadError::Room {
                    needed_bytes: 65_537..,
                    room_bytes: 4000
                }
            ),
            "{error:?}"
        );
    }

    #[test]
    fn stack_is_the_chains_or_the_manifests_or_the_default() {
        let chain = "(module (func (export \"f\") (call 1)) (func (param i64) (local i64)))";
        let chain = chain.replace("(call 1)", "(call 1 (i64.const 1))");
        let bounded = sized(&chain, &Manifest::nameless("m"), 1000)
            .unwrap()
            .stack_words;
        assert!((5..40).contains(&bounded), "{bounded}");
        let error = sized(&chain, &limits(None, Some(bounded * 4 - 1)), 1000).unwrap_err();
        let needed_bytes = u64::from(bounded) * 4;
        assert!(
            matches!(error, LoadError::Stack { needed_bytes: found, .. } if found == needed_bytes)
        );
        let endless = "(module (func (export \"f\") (call 0)))";
        let words = |manifest: &Manifest<&str>| sized(endless, manifest, 5000).unwrap().stack_words;
        assert_eq!(words(&Manifest::nameless("m")), STACK_DEFAULT_BYTES / 4);
        assert_eq!(words(&limits(None, Some(400))), 100);
    }

    #[test]
    fn image_runs_from_a_block_that_held_rubbish() {
        let image = image(
            "(module (memory 8 (pagesize 1)) (data (i32.const 2) \"\\05\")
                (func (export \"f\") (result i32) (i32.load8_u (i32.const 2))))",
        );
        let mut block = [0xdead_beef; 200];
        let mut engine = load(
            bytemuck::cast_slice(&image),
            &Manifest::nameless("m"),
            &mut block,
        )
        .unwrap();
        let function = engine.exported_function("f").unwrap();
        engine.call(function, &[]).unwrap();
        let Step::Returned(mut values) = engine.run(1000).unwrap() else {
            panic!("it returns")
        };
        assert_eq!(values.next(), Some(mote_engine::Value::I32(5)));
        assert_eq!(function, FunctionIndex(0));
    }

    #[test]
    fn image_that_is_damaged_or_does_not_fit_is_refused() {
        let mut image = image("(module (memory 8 (pagesize 1)) (data (i32.const 7) \"\\05\\06\"))");
        let mut block = [0; 200];
        let none = Manifest::nameless("m");
        let refused = |image: &[u32], block: &mut [u32]| {
            load(bytemuck::cast_slice(image), &none, block).unwrap_err()
        };
        assert_eq!(
            refused(&image, &mut block),
            LoadError::Segment(TrapKind::MemoryOutOfBounds)
        );
        assert!(matches!(refused(&image, &mut []), LoadError::Room { .. }));
        assert!(matches!(
            refused(&image, &mut [0; 10]),
            LoadError::Room { .. }
        ));
        image[10] ^= 1;
        assert!(matches!(refused(&image, &mut block), LoadError::Image(_)));
    }
}
