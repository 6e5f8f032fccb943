//! A handle that is closed when it is dropped.

use crate::Error;
use crate::raw;

/// An open capability of any interface.
#[derive(Debug)]
pub(crate) struct Capability(i32);

impl Capability {
    pub(crate) fn open(name: &str) -> Result<Self, Error> {
        let handle = raw::capability_open(name);
        Error::check(handle).map(|()| Self(handle))
    }

    pub(crate) const fn handle(&self) -> i32 {
        self.0
    }
}

impl Drop for Capability {
    fn drop(&mut self) {
        // It fails only where the handle is dead already, which is what was wanted.
        let _ = raw::capability_close(self.0);
    }
}
