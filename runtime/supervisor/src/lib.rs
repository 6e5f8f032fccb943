#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]
#![cfg_attr(
    not(test),
    deny(
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::alloc_instead_of_core
    )
)]
#[cfg(test)]
extern crate std;

pub mod bundle;
pub mod capability;
pub mod grant;
mod host_call;
pub mod instance;
pub mod link;
pub mod load;
pub mod manifest;
mod name;
pub mod policy;
pub mod report;
pub mod session;
#[cfg(test)]
mod testing;

pub use name::{Name, NameTooLong, name};
