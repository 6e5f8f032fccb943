//! Buffers: those of a host, and those that a device can spare.

use core::convert::Infallible;
use mote_translate::translate;
use mote_translate::{
    Backend, Buffers, Control, Entry, Error, Failure, LocalRun, Options, Workspace,
};

/// The buffers of a device: 2 KB.
pub type DeviceWorkspace = Workspace<128, 33, 96, 32>;

/// Buffers that real programs fit in.
#[derive(Debug)]
pub struct HostWorkspace {
    index: Vec<u32>,
    controls: Vec<Control>,
    operands: Vec<Entry>,
    locals: Vec<LocalRun>,
}

impl Default for HostWorkspace {
    fn default() -> Self {
        Self {
            index: vec![0xdead_beef; 1 << 20],
            controls: vec![Control::EMPTY; 1 << 16],
            operands: vec![Entry::EMPTY; 1 << 16],
            locals: vec![LocalRun::EMPTY; 50_000],
        }
    }
}

impl HostWorkspace {
    /// Returns the buffers.
    pub fn buffers(&mut self) -> Buffers<'_> {
        Buffers {
            index: &mut self.index,
            controls: &mut self.controls,
            operands: &mut self.operands,
            locals: &mut self.locals,
        }
    }
}

/// Translates a module.
///
/// # Errors
///
/// Where the module is rejected.
pub fn translated<B: Backend<Error = Infallible>>(
    wasm: &[u8],
    buffers: Buffers<'_>,
    backend: &mut B,
) -> Result<(), Error> {
    match translate(wasm, Options { floats: true }, buffers, backend) {
        Ok(()) => Ok(()),
        Err(Failure::Rejected(error)) => Err(error),
        Err(Failure::Backend { error, .. }) => match error {},
    }
}
