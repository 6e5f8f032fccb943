#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod error;
mod manifest;
mod policy;
mod words;

pub use error::ParseError;
pub use manifest::{ManifestFile, parse_manifest};
pub use policy::{PolicyFile, parse_policy};
