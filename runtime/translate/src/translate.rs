//! The pass over the file: header, sections, code.

use crate::backend::Backend;
use crate::body::{Body, keep};
use crate::buffers::Buffers;
use crate::control::Controls;
use crate::locals::Locals;
use crate::module::Module;
use crate::operands::Operands;
use crate::reader::Reader;
use crate::sections::{CODE, CUSTOM, function_names, place_of_section};
use crate::{Error, Failure, Rule};

/// The place of the function section.
const FUNCTIONS: u8 = 3;

/// What is to be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether `f32` and `f64` are.
    pub floats: bool,
}

/// Validates a module and tells a back end what it does.
///
/// # Errors
///
/// Where the module breaks a rule, uses what is not supported, or does not fit in the buffers; or
/// where the back end cannot go on. What the back end was told until then is of no use.
pub fn translate<B: Backend>(
    wasm: &[u8],
    options: Options,
    buffers: Buffers<'_>,
    backend: &mut B,
) -> Result<(), Failure<B::Error>> {
    let stacks = (
        Controls::new(buffers.controls),
        Operands::new(buffers.operands),
        Locals::new(buffers.locals),
    );
    let mut pass = Pass {
        backend,
        failure: None,
        reader: Reader::new(wasm, 0),
        offset: 0,
    };
    let done = pass.run(Module::new(wasm, options, buffers.index), stacks);
    done.map_err(|rule| match pass.failure {
        Some(error) => Failure::Backend {
            offset: pass.offset,
            error,
        },
        None => Failure::Rejected(Error {
            offset: pass.offset,
            rule,
        }),
    })
}

/// The stacks that functions are read with.
type Stacks<'a, 'b> = (Controls<'b>, Operands<'a, 'b>, Locals<'b>);

struct Pass<'a, 'b, B: Backend> {
    backend: &'b mut B,
    /// Why the back end gave up.
    failure: Option<B::Error>,
    reader: Reader<'a>,
    /// Where the section or instruction at hand is.
    offset: u32,
}

impl<'a, B: Backend> Pass<'a, '_, B> {
    fn run(&mut self, mut module: Module<'a>, stacks: Stacks<'a, '_>) -> Result<(), Rule> {
        self.header()?;
        let mut stacks = Some(stacks);
        let mut last = 0;
        while !self.reader.is_empty() {
            self.offset = self.reader.offset();
            let id = self.reader.byte();
            let length = self.reader.u32();
            let mut part = self.reader.part(length);
            self.reader.check()?;
            let place = place_of_section(id);
            if place > 0 {
                if place <= last {
                    return Err(Rule::SectionOrder);
                }
                if last <= FUNCTIONS && place > FUNCTIONS {
                    module.reserve_declared()?;
                }
                last = place;
            }
            if id == CODE
                && let Some(stacks) = stacks.take()
            {
                keep(&mut self.failure, self.backend.begin(&module))?;
                self.code(&module, part, stacks)?;
            } else {
                let whole = part;
                let done = module.read_section(id, &mut part);
                self.offset = part.offset();
                done?;
                // Before the code a name section is out of its place, and nobody listens yet.
                if B::NAMES && id == CUSTOM && stacks.is_none() {
                    self.names(&module, whole)?;
                }
            }
        }
        self.offset = self.reader.offset();
        if stacks.is_some() {
            if module.functions.count > 0 {
                return Err(Rule::FunctionCount);
            }
            keep(&mut self.failure, self.backend.begin(&module))?;
        }
        if module.data_count() != module.data.count {
            return Err(Rule::DataCount);
        }
        keep(&mut self.failure, self.backend.end(&module))
    }

    /// Tells the functions' names, if that custom section has them.
    fn names(&mut self, module: &Module<'a>, section: Reader<'a>) -> Result<(), Rule> {
        for (function, name) in function_names(section) {
            if function < module.function_count() {
                keep(
                    &mut self.failure,
                    self.backend.function_name(function, name),
                )?;
            }
        }
        Ok(())
    }

    fn header(&mut self) -> Result<(), Rule> {
        if self.reader.rest().len() > u32::MAX as usize {
            return Err(Rule::FileSize);
        }
        let magic = self.reader.bits(4);
        self.reader.check()?;
        if magic != 0x6d73_6100 {
            return Err(Rule::MagicHeader);
        }
        let version = self.reader.bits(4);
        self.reader.check()?;
        match version {
            1 => Ok(()),
            // The upper half says that it is a component; its version is below.
            version if version >> 16 == 1 => Err(Rule::ComponentModel),
            _ => Err(Rule::Version),
        }
    }

    fn code(
        &mut self,
        module: &Module<'a>,
        mut reader: Reader<'a>,
        stacks: Stacks<'a, '_>,
    ) -> Result<(), Rule> {
        let (controls, operands, locals) = stacks;
        let count = reader.count();
        reader.check()?;
        if count != module.functions.count {
            return Err(Rule::FunctionCount);
        }
        let mut body = Body::new(module, &mut *self.backend, controls, operands, locals);
        for index in module.import_count()..module.function_count() {
            self.offset = reader.offset();
            let length = reader.u32();
            let part = reader.part(length);
            reader.check()?;
            let done = body.read(index, part);
            self.offset = body.offset;
            if done.is_err() {
                self.failure = body.failure.take();
            }
            done?;
        }
        self.offset = reader.offset();
        if reader.is_empty() {
            Ok(())
        } else {
            Err(Rule::SectionSize)
        }
    }
}
