//! The name section: what functions were called before they became numbers.
//!
//! Nothing depends on it, so whatever is broken in it ends the reading and nothing else.

use std::collections::HashMap;

use wasmparser::{Name, NameSectionReader};

/// Names of a module and its functions.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) module: Option<String>,
    pub(super) functions: HashMap<u32, String>,
}

impl Names {
    pub(super) fn read(&mut self, section: NameSectionReader<'_>) {
        for name in section.into_iter().map_while(Result::ok) {
            #[expect(
                clippy::wildcard_enum_match_arm,
                reason = "names of other things are not shown"
            )]
            match name {
                Name::Module { name, .. } => self.module = Some(name.to_owned()),
                Name::Function(names) => {
                    for naming in names.into_iter().map_while(Result::ok) {
                        self.functions.insert(naming.index, naming.name.to_owned());
                    }
                }
                _ => {}
            }
        }
    }
}
