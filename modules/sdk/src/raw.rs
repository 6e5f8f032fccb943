//! The imports, as they are: what `runtime/abi` lists, in Rust's terms.
//!
//! The only unsafe code of the SDK. Each safe function here passes integers, or a slice's own
//! pointer and length, which the host checks and only reads.

#[cfg(target_arch = "wasm32")]
mod imports {
    #[link(wasm_import_module = "mote_v0")]
    unsafe extern "C" {
        #[link_name = "capability.open"]
        pub(super) fn capability_open(name: *const u8, length: usize) -> i32;
        #[link_name = "capability.close"]
        pub(crate) safe fn capability_close(handle: i32) -> i32;
        #[link_name = "gpio.write"]
        pub(crate) safe fn gpio_write(handle: i32, level: i32) -> i32;
        #[link_name = "gpio.read"]
        pub(crate) safe fn gpio_read(handle: i32) -> i32;
        #[link_name = "clock.now_us"]
        pub(crate) safe fn clock_now_us(handle: i32) -> i64;
        #[link_name = "clock.sleep_us"]
        pub(crate) safe fn clock_sleep_us(handle: i32, duration_us: i64) -> i32;
        #[link_name = "clock.sleep_until_us"]
        pub(crate) safe fn clock_sleep_until_us(handle: i32, deadline_us: i64) -> i32;
        #[link_name = "log.write"]
        pub(super) fn log_write(handle: i32, level: i32, message: *const u8, length: usize) -> i32;
        #[link_name = "event.next"]
        pub(crate) safe fn event_next(timeout_us: i64) -> i64;
    }
}

/// Outside of a module there is no host: every call answers `INVALID_HANDLE`. So that a module's
/// crate builds, and can be linted, for the machine that it is written on.
#[cfg(not(target_arch = "wasm32"))]
mod imports {
    const NONE: i32 = mote_abi::ErrorCode::InvalidHandle.to_i32();

    pub(super) unsafe fn capability_open(_: *const u8, _: usize) -> i32 {
        NONE
    }
    pub(crate) fn capability_close(_: i32) -> i32 {
        NONE
    }
    pub(crate) fn gpio_write(_: i32, _: i32) -> i32 {
        NONE
    }
    pub(crate) fn gpio_read(_: i32) -> i32 {
        NONE
    }
    pub(crate) fn clock_now_us(_: i32) -> i64 {
        NONE.into()
    }
    pub(crate) fn clock_sleep_us(_: i32, _: i64) -> i32 {
        NONE
    }
    pub(crate) fn clock_sleep_until_us(_: i32, _: i64) -> i32 {
        NONE
    }
    pub(super) unsafe fn log_write(_: i32, _: i32, _: *const u8, _: usize) -> i32 {
        NONE
    }
    pub(crate) fn event_next(_: i64) -> i64 {
        NONE.into()
    }
}

pub(crate) use imports::{
    capability_close, clock_now_us, clock_sleep_until_us, clock_sleep_us, event_next, gpio_read,
    gpio_write,
};

pub(crate) fn capability_open(name: &str) -> i32 {
    // SAFETY: the pointer is valid for reads of the length, since both are of one slice; the host
    // only reads.
    unsafe { imports::capability_open(name.as_ptr(), name.len()) }
}

pub(crate) fn log_write(handle: i32, level: i32, message: &str) -> i32 {
    // SAFETY: the pointer is valid for reads of the length, since both are of one slice; the host
    // only reads.
    unsafe { imports::log_write(handle, level, message.as_ptr(), message.len()) }
}
