//! Firmware for the MPS2+ AN386: chooses the board, wires the table, starts the supervisor.
//!
//! Says hello, reads the module from the bundle's region, runs it by the policy beside this file,
//! and reports all of it on the serial line. There is nothing to configure at run time.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod failure;
#[cfg(target_os = "none")]
mod heap;
#[cfg(any(target_os = "none", test))]
mod line;
#[cfg(target_os = "none")]
mod report;
#[cfg(target_os = "none")]
mod stack;

/// What modules may have: policy.toml, in postcard.
#[cfg(target_os = "none")]
static POLICY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.postcard"));

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use mote_board_mps2_an386::{Parts, bundle_region};
    use mote_engine_wasmi::{Limits, WasmiEngine};
    use mote_supervisor::{bundle, session};

    let Some(Parts { mut board, uart }) = Parts::take() else {
        failure::stop();
    };
    heap::set_up();
    let mut reporter = report::set_up(uart, &board, mote_engine_wasmi::NAME);
    let Ok(policy) = postcard::from_bytes(POLICY) else {
        failure::end("the firmware's policy is malformed: build the firmware anew");
    };
    match bundle::read(bundle_region()) {
        Err(error) => failure::end(error.message()),
        Ok(contents) => {
            let plan = session::Plan {
                manifest: &contents.manifest,
                policy: &policy,
                options: &contents.options,
            };
            let load = |manifest: &mote_supervisor::manifest::Manifest| {
                let limits = Limits {
                    memory_max_bytes: manifest.memory_max_bytes,
                };
                WasmiEngine::new(contents.wasm, &limits)
            };
            session::run(&mut board, plan, load, &mut reporter);
        }
    }
    failure::stop();
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
