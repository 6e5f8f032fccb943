//! Firmware for the MPS2+ AN386 with wasmi in the place of Mote's own engine.
//!
//! Says hello, reads the module from the bundle's region, runs it by the policy in ../mps2-an386,
//! and reports all of it on the serial line. There is nothing to configure at run time.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod heap;

#[cfg(target_os = "none")]
mod device {
    use mote_board_mps2_an386::{take, write_serial};
    use mote_engine_wasmi::{Limits, WasmiEngine};
    use mote_firmware_cortex_m::{EngineDescription, Firmware, run};
    use mote_supervisor::bundle::PayloadKind;
    use mote_supervisor::manifest::Manifest;

    use crate::heap;

    #[cortex_m_rt::entry]
    fn main() -> ! {
        let firmware = Firmware {
            policy: include_bytes!(concat!(env!("OUT_DIR"), "/policy.postcard")),
            write: write_serial,
        };
        let Some(mut board) = take() else {
            unreachable!("this is the board, and the start of the firmware");
        };
        heap::set_up();
        let engine = EngineDescription {
            name: mote_engine_wasmi::NAME,
            payload_kind: PayloadKind::Wasm,
            ram_used_bytes: heap::peak_bytes,
            ram_bytes: heap::SIZE_BYTES,
        };
        let load = |wasm: &[u8], manifest: &Manifest<&str>| {
            let limits = Limits {
                memory_max_bytes: manifest.memory_max_bytes,
            };
            WasmiEngine::new(wasm, &limits)
        };
        run(&firmware, engine, &mut board, load)
    }
}

/// On a PC this is no firmware; it says how to get one.
#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "This is the firmware for {}, built for a PC, where it does nothing.\n\
         To run a module on that board: cargo mote run MODULE --board {} --engine wasmi\n\
         To build the firmware alone: cargo build --package mote-firmware-mps2-an386-wasmi \
         --profile firmware --target thumbv7em-none-eabihf",
        mote_board_mps2_an386::DESCRIPTION.summary,
        mote_board_mps2_an386::DESCRIPTION.name,
    );
    std::process::ExitCode::FAILURE
}
