//! Any bytes as an image, or as changes of one: refused, or run within its block and its fuel.
#![no_main]

use std::sync::LazyLock;

static IMAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(mote_engine_suite::fuzz::images);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mote_engine_suite::fuzz::verify(bytes, &IMAGES);
});
