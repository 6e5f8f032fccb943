#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    feature = "counted",
    expect(
        clippy::wildcard_enum_match_arm,
        reason = "another crate knows 600 operators, and a test a few of what there is"
    )
)]

#[cfg(feature = "counted")]
mod counted;
#[cfg(feature = "reference")]
mod differential;
#[cfg(feature = "reference")]
pub mod fuzz;
#[cfg(feature = "reference")]
mod generate;
#[cfg(feature = "reference")]
mod instance;
#[cfg(feature = "reference")]
mod link;
mod own;
#[cfg(feature = "reference")]
mod reference;
mod workloads;

#[cfg(feature = "counted")]
pub use counted::{CHARGED, CREDIT, EXECUTED, counted};
#[cfg(feature = "reference")]
pub use differential::{Counts, differential};
#[cfg(feature = "reference")]
pub use generate::{Random, module};
#[cfg(feature = "reference")]
pub use instance::{Ending, Instance, Kind, NoInstance, Pause, Room};
#[cfg(feature = "reference")]
pub use link::{Constant, Wants, with_constants};
pub use own::{Ended, Place, call, room_words, start, to_image, verified, words_of};
#[cfg(feature = "reference")]
pub use reference::for_wasmi;
pub use workloads::{WORKLOADS, Workload};
