//! Counts what an image costs on an emulated Cortex-M4, and prints it.
//!
//! The image is not part of the firmware: the emulator's loader puts it at `IMAGE`, after two words
//! that say what to call it with. So the build that is timed is the build that is sized. Printed
//! are, a line each: result, instructions of the integrity check, of verifying, of a start, of the
//! call, the fuel that it charged, and the words of the block. The timer counts instructions in
//! forties, when the emulator runs with `-icount shift=0`:
//!
//! ```text
//! cargo build -p mote-engine-firmware --profile firmware --target thumbv7em-none-eabihf --features float
//! qemu-system-arm -M mps2-an386 -icount shift=0 -nographic -kernel FIRMWARE \
//!     -semihosting-config enable=on,target=native \
//!     -device loader,file=ARGUMENT_LENGTH_IMAGE,addr=0x21000000,force-raw=on
//! ```
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device;

#[cfg(not(target_os = "none"))]
fn main() {}
