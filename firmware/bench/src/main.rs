#![doc = include_str!("../README.md")]
#![cfg_attr(target_os = "none", no_std, no_main)]
#![deny(unsafe_code)]

#[cfg(any(
    all(feature = "mote", feature = "wasmi"),
    all(feature = "translate", any(feature = "mote", feature = "wasmi")),
))]
compile_error!("one of `mote`, `wasmi` and `translate` at a time: see README.md");

#[cfg(target_os = "none")]
mod board;
#[cfg(target_os = "none")]
mod clock;
#[cfg(all(target_os = "none", feature = "library"))]
mod library;
#[cfg(all(target_os = "none", feature = "mote"))]
mod own;
#[cfg(target_os = "none")]
mod plan;
#[cfg(all(target_os = "none", feature = "wasmi"))]
mod reference;
#[cfg(target_os = "none")]
mod report;
#[cfg(all(target_os = "none", any(feature = "mote", feature = "wasmi")))]
mod run;
#[cfg(all(target_os = "none", feature = "translate"))]
mod translator;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    board::set_up();
    if let Some(plan) = plan::Plan::read(board::bundle()) {
        // What a measurement costs itself, to be taken off the others.
        report::number("overhead", clock::count(|| {}).1);
        #[cfg(feature = "library")]
        report::number("library", library::use_all(plan.payload));
        #[cfg(feature = "translate")]
        translator::run(&plan);
        #[cfg(feature = "mote")]
        own::run(&plan);
        #[cfg(feature = "wasmi")]
        reference::run(&plan);
        #[cfg(not(any(feature = "mote", feature = "wasmi")))]
        report::number("arguments", plan.values().count() as u64);
    } else {
        report::line("no_plan");
    }
    report::line("end");
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    // In few words: the formatter would be a part of what is sized.
    report::line("panicked");
    report::line("end");
    loop {
        core::hint::spin_loop();
    }
}

/// Where a hard fault goes to, on a fresh stack.
#[cfg(target_os = "none")]
extern "C" fn faulted() -> ! {
    report::line("faulted");
    report::line("end");
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!("This is the firmware of `mote bench`, built for a PC, where it does nothing.");
    std::process::ExitCode::FAILURE
}
