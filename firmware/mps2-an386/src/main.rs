//! Firmware for the MPS2+ AN386: chooses board, engine and policy.
//!
//! Says hello, reads the module from the bundle's region, runs it by the policy beside this file,
//! and reports all of it on the serial line. There is nothing to configure at run time.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device {
    use mote_board_mps2_an386::{take, write_serial};
    use mote_cortex_m::Block;
    use mote_firmware_cortex_m::{Firmware, run_image};

    /// RAM for modules: 3 MB. One as Rust and C build it by default begins with 17 pages of 64 KB.
    #[unsafe(link_section = ".uninit.block")]
    static BLOCK: Block<{ 3 * 256 * 1024 }> = Block::new();

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let firmware = Firmware {
            policy: include_bytes!(concat!(env!("OUT_DIR"), "/policy.postcard")),
            write: write_serial,
        };
        let Some(mut board) = take() else {
            unreachable!("this is the board, and the start of the firmware");
        };
        // SAFETY: it is called here alone, and `main` is entered once.
        let block = unsafe { BLOCK.take() };
        run_image(&firmware, &mut board, block)
    }
}

/// On a PC this is no firmware; it says how to get one.
#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "This is the firmware for {}, built for a PC, where it does nothing.\n\
         To run a module on that board: cargo mote run MODULE --board {}\n\
         To build the firmware alone: cargo build --package mote-firmware-mps2-an386 \
         --profile firmware --target thumbv7em-none-eabihf",
        mote_board_mps2_an386::DESCRIPTION.summary,
        mote_board_mps2_an386::DESCRIPTION.name,
    );
    std::process::ExitCode::FAILURE
}
