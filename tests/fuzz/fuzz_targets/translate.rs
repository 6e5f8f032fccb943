//! Any bytes as a module: translated as another validator says, and verified.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    mote_engine_suite::fuzz::translate(bytes);
});
