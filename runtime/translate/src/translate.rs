//! The pass over the file: header, sections, code.

use crate::backend::Backend;
use crate::body::Body;
use crate::buffers::Buffers;
use crate::control::Controls;
use crate::locals::Locals;
use crate::module::Module;
use crate::operands::Operands;
use crate::reader::Reader;
use crate::sections::{CODE, CUSTOM, function_names, place_of_section};
use crate::{Control, Entry, Error, Failure, LocalRun, Rule};

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
    let mut pass = Pass {
        backend,
        reader: Reader::new(wasm, 0),
        offset: 0,
    };
    let (index, stacks) = (
        buffers.index,
        Stacks {
            controls: buffers.controls,
            operands: buffers.operands,
            locals: buffers.locals,
        },
    );
    let done = pass.run(Module::new(wasm, options, index), stacks);
    done.map_err(|rule| match pass.backend.check() {
        Err(error) if rule == Rule::Backend => Failure::Backend {
            offset: pass.offset,
            error,
        },
        _ => Failure::Rejected(Error {
            offset: pass.offset,
            rule,
        }),
    })
}

/// The buffers that functions are read with.
struct Stacks<'b> {
    controls: &'b mut [Control],
    operands: &'b mut [Entry],
    locals: &'b mut [LocalRun],
}

struct Pass<'a, 'b, B: Backend> {
    backend: &'b mut B,
    reader: Reader<'a>,
    /// Where the section or instruction at hand is.
    offset: u32,
}

impl<'a, B: Backend> Pass<'a, '_, B> {
    #[inline(never)]
    fn run(&mut self, mut module: Module<'a>, stacks: Stacks<'_>) -> Result<(), Rule> {
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
                self.backend.begin(&module);
                self.check()?;
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
            self.backend.begin(&module);
            self.check()?;
        }
        if module.data_count() != module.data.count {
            return Err(Rule::DataCount);
        }
        self.backend.end(&module);
        self.check()
    }

    fn check(&self) -> Result<(), Rule> {
        self.backend.check().map_err(|_| Rule::Backend)
    }

    /// Tells the functions' names, if that custom section has them.
    fn names(&mut self, module: &Module<'a>, section: Reader<'a>) -> Result<(), Rule> {
        for (function, name) in function_names(section) {
            if function < module.function_count() {
                self.backend.function_name(function, name);
                self.check()?;
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

    #[inline(never)]
    fn code(
        &mut self,
        module: &Module<'a>,
        mut reader: Reader<'a>,
        stacks: Stacks<'_>,
    ) -> Result<(), Rule> {
        let count = reader.count();
        reader.check()?;
        if count != module.functions.count {
            return Err(Rule::FunctionCount);
        }
        let mut body = Body::new(
            module,
            &mut *self.backend,
            Controls::new(stacks.controls),
            Operands::new(stacks.operands),
            Locals::new(stacks.locals),
        );
        for index in module.import_count()..module.function_count() {
            self.offset = reader.offset();
            let length = reader.u32();
            let part = reader.part(length);
            reader.check()?;
            let done = body.read(index, part);
            self.offset = body.offset;
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
