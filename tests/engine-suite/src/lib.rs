#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "reference")]
mod counted;
#[cfg(feature = "reference")]
mod generate;
#[cfg(feature = "reference")]
mod instance;
#[cfg(feature = "reference")]
mod link;
mod own;
mod workloads;

#[cfg(feature = "reference")]
pub use counted::{CHARGED, CREDIT, EXECUTED, counted};
#[cfg(feature = "reference")]
pub use generate::{Random, module};
#[cfg(feature = "reference")]
pub use instance::{Ending, Instance, Kind, NoInstance, Pause, Room};
#[cfg(feature = "reference")]
pub use link::{Constant, Wants, with_constants};
pub use own::{Place, room_words, start, to_image, verified, words_of};
pub use workloads::{WORKLOADS, Workload};
