//! Why a module is not accepted: the rule that it broke, and where.
//!
//! One small `Copy` value. The words are those of WebAssembly's test suite where it has any, so
//! that a person finds them in the specification's tests and elsewhere. What is valid but refused
//! (a proposal, an import that would share state, a buffer that is too small) is named.

use core::fmt;

/// Why a module is rejected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Error {
    /// Bytes from the beginning of the file to what broke the rule: the instruction, or the place
    /// where decoding failed.
    pub offset: u32,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {:#x})", self.rule, self.offset)
    }
}

impl core::error::Error for Error {}

/// Why translation ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// The module is not accepted.
    Rejected(Error),
    /// The back end could not go on.
    Backend {
        /// Bytes from the beginning of the file to the instruction or section that was told.
        offset: u32,
        /// What the back end says.
        error: E,
    },
}

/// What kind of rule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// A rule of the core specification: the module is malformed or invalid.
    Specification,
    /// The module may be valid, but uses what WebAssembly or a proposal has and this runtime not.
    Unsupported,
    /// The module may be valid, but does not fit in this translator or the buffers it was given.
    Limit,
    /// The back end gave up.
    Backend,
}

macro_rules! rules {
    ($($kind:ident: { $($variant:ident => $message:literal,)* })*) => {
        /// The rule that a module broke.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Rule {
            $($(#[doc = $message] $variant,)*)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// Returns the rule in words.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $($(Self::$variant => $message,)*)*
                }
            }

            /// Returns the kind of the rule.
            #[must_use]
            pub const fn kind(self) -> RuleKind {
                match self {
                    $($(Self::$variant)|* => RuleKind::$kind,)*
                }
            }
        }
    };
}

rules! {
    Specification: {
        MagicHeader => "magic header not detected",
        Version => "unknown binary version",
        UnexpectedEnd => "unexpected end",
        IntegerTooLong => "integer representation too long",
        IntegerTooLarge => "integer too large",
        LengthOutOfBounds => "length out of bounds",
        Utf8 => "malformed UTF-8 encoding",
        SectionId => "malformed section id",
        SectionOrder => "unexpected content after last section",
        SectionSize => "section size mismatch",
        FunctionCount => "function and code section have inconsistent lengths",
        DataCount => "data count and data section have inconsistent lengths",
        DataCountRequired => "data count section required",
        ImportKind => "malformed import kind",
        ExportKind => "malformed export kind",
        MalformedType => "malformed type",
        ReferenceType => "malformed reference type",
        Mutability => "malformed mutability",
        LimitsFlags => "malformed limits flags",
        SegmentFlags => "malformed segment flags",
        MemoryFlags => "malformed memop flags",
        ZeroByte => "zero byte expected",
        IllegalOpcode => "illegal opcode",
        EndExpected => "END opcode expected",
        ElseUnexpected => "else without if",
        TooManyLocals => "too many locals",
        TypeMismatch => "type mismatch",
        ResultArity => "invalid result arity",
        UnknownType => "unknown type",
        UnknownFunction => "unknown function",
        UnknownTable => "unknown table",
        UnknownMemory => "unknown memory",
        UnknownGlobal => "unknown global",
        UnknownLocal => "unknown local",
        UnknownLabel => "unknown label",
        UnknownData => "unknown data segment",
        UnknownElement => "unknown elem segment",
        Alignment => "alignment must not be larger than natural",
        ImmutableGlobal => "global is immutable",
        ConstantRequired => "constant expression required",
        DuplicateExport => "duplicate export name",
        StartFunction => "start function",
        UndeclaredReference => "undeclared function reference",
        LimitsOrder => "size minimum must not be greater than maximum",
        MemorySize => "memory size must be at most 65536 pages (4GiB)",
        PageSize => "invalid custom page size",
    }
    Unsupported: {
        Simd => "SIMD (proposal `simd`)",
        RelaxedSimd => "relaxed SIMD (proposal `relaxed-simd`)",
        Threads => "threads and atomics (proposal `threads`)",
        Exceptions => "exceptions (proposal `exception-handling`)",
        GarbageCollection => "garbage collection (proposal `gc`)",
        FunctionReferences => "typed function references (proposal `function-references`)",
        Memory64 => "64-bit memories and tables (proposal `memory64`)",
        MultiMemory => "several memories (proposal `multi-memory`)",
        TailCalls => "tail calls (proposal `tail-call`)",
        StackSwitching => "stack switching (proposal `stack-switching`)",
        WideArithmetic => "wide arithmetic (proposal `wide-arithmetic`)",
        ComponentModel => "components (proposal `component-model`)",
        Floats => "floating point, which this build leaves out",
        ImportedMemory => "an imported memory: instances share no state, functions alone are imported",
        ImportedTable => "an imported table: instances share no state, functions alone are imported",
        ImportedGlobal => "an imported global: instances share no state, functions alone are imported",
    }
    Limit: {
        FileSize => "the file is larger than 4 GiB",
        IndexBuffer => "index buffer: more types, functions, imports, globals, tables, exports or segments than it holds",
        ControlBuffer => "control buffer: blocks are nested deeper than it holds",
        OperandBuffer => "operand buffer: more values on the operand stack than it holds",
        LocalBuffer => "local buffer: more runs of locals of one type than it holds",
        FunctionSize => "a function's body is larger than 128 MiB",
        ConstantDepth => "a constant expression needs more than 16 values at a time",
        TypeSize => "a function type has more than 1000 parameters or results",
    }
    Backend: {
        Backend => "the back end gave up",
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind() {
            RuleKind::Unsupported => "not supported: ",
            RuleKind::Limit => "does not fit: ",
            RuleKind::Specification | RuleKind::Backend => "",
        })?;
        f.write_str(self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn errors_are_small() {
        assert_eq!(size_of::<Rule>(), 4);
        assert_eq!(size_of::<Error>(), 8);
    }

    #[test]
    fn errors_say_what_and_where() {
        let error = Error {
            offset: 42,
            rule: Rule::TypeMismatch,
        };
        assert_eq!(error.to_string(), "type mismatch (at byte 0x2a)");
        let rule = Rule::Threads;
        assert_eq!(
            rule.to_string(),
            "not supported: threads and atomics (proposal `threads`)"
        );
    }
}
