//! What a module is made of, for `mote inspect`.
//!
//! Any Wasm module can be inspected, also one that no board would take: the answer then says what
//! stands against it. A file that is no valid module gets an [`InspectError`] that says what it
//! looks like instead, or where it breaks off or goes wrong.
//!
//! ```text
//!   file --- layout.rs: sections by their headers: is it Wasm, is all of it there?
//!     |
//!   validation, every proposal allowed --- proposals.rs: which ones it needs
//!     |
//!   collect.rs --- model.rs: Inspection --- capabilities.rs: + manifest and decisions
//!                                    |  `-- image.rs: + its image: size, stack, an instance's RAM
//!                                    +--- table.rs, or JSON
//! ```

mod capabilities;
mod collect;
mod error;
mod functions;
mod image;
mod layout;
mod model;
mod names;
mod proposals;
mod table;
#[cfg(test)]
mod tests;

use std::io;
pub(crate) use table::group;

use mote_supervisor::grant::Decision;
use mote_supervisor::manifest::Manifest;

pub use capabilities::{Capability, CapabilityState};
pub use error::InspectError;
pub(crate) use functions::show_function;
pub use image::{CallStep, ImageFacts, ImageState, InstanceBytes, Unbounded};
pub use model::{
    Data, Elements, Export, FunctionSize, Functions, Globals, Import, ImportState, Inspection,
    ItemKind, Memory, ModuleKind, Producer, Section, Signature, StartFunction, Table,
};
pub use proposals::Proposal;
pub(crate) use table::write_image_alone;

/// Inspects a Wasm file.
///
/// # Errors
///
/// Where it is no valid WebAssembly module, whatever proposals are allowed.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, InspectError> {
    let sections = layout::sections(wasm)?;
    let types = proposals::validate(wasm)?;
    collect::collect(wasm, sections, &types)
}

/// Names what a place in a Wasm file is in, valid or not: a function, or else a section.
pub(crate) fn place(wasm: &[u8], offset: u64) -> Option<String> {
    proposals::inside(wasm, offset)
}

impl Inspection {
    /// Adds what the module's manifest asks for and, where a board's policy was asked, what came of
    /// it.
    pub fn add_manifest(&mut self, manifest: &Manifest, decisions: Option<&[Decision]>) {
        self.capabilities = Some(capabilities::list(manifest, decisions));
    }

    /// Adds what the module's image says that it needs, or why it can have none.
    pub fn add_image(&mut self, image: ImageState) {
        self.image = Some(image);
    }

    /// Returns the type of an exported function, if Mote could call it.
    #[must_use]
    pub fn signature(&self, export: &str) -> Option<Signature> {
        let mut exports = self.exports.iter();
        exports.find(|own| own.name == export)?.signature.clone()
    }

    /// Returns the names of the proposals that the module needs and Mote does not support.
    #[must_use]
    pub fn unsupported_proposals(&self) -> Vec<&'static str> {
        self.proposals
            .iter()
            .filter(|proposal| !proposal.supported)
            .map(|proposal| proposal.name)
            .collect()
    }

    /// Returns all of it as JSON.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // The model holds nothing that JSON cannot: no maps with keys other than text, no floats.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Writes all of it for a person to read.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn write_table(&self, out: &mut dyn io::Write) -> io::Result<()> {
        table::write(self, out)
    }
}
