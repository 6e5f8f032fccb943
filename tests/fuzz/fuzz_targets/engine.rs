//! A module made of any bytes: the same on wasmi, and within its block if its image is changed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mote_engine_suite::fuzz::engine(bytes);
});
