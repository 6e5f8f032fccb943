//! A board and an engine of plain data, for the tests of this crate.

use core::convert::Infallible;
use std::collections::VecDeque;
use std::string::{String, ToString};
use std::vec::Vec;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};
use mote_abi::HostFunction;
use mote_engine::{
    CallError, CodePlace, Engine, Fault, FunctionIndex, Import, ImportIndex, Signature, Step, Trap,
    TrapKind, Value, Values,
};
use mote_traits::{Board, BoardDescription, Clock, Direction, Gpio, PinDescription, PinIndex};

use crate::report::{Observer, Report};

pub(crate) const BOARD: BoardDescription = BoardDescription {
    name: "test",
    summary: "one output, one input",
    pins: &[
        PinDescription {
            name: "led",
            direction: Direction::Output,
        },
        PinDescription {
            name: "button",
            direction: Direction::Input,
        },
    ],
};

#[derive(Default)]
pub(crate) struct TestPin {
    pub(crate) high: bool,
    pub(crate) writes: usize,
}

impl ErrorType for TestPin {
    type Error = Infallible;
}

impl OutputPin for TestPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.high = false;
        self.writes += 1;
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        self.high = true;
        self.writes += 1;
        Ok(())
    }
}

impl StatefulOutputPin for TestPin {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.high)
    }
    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.high)
    }
}

impl InputPin for TestPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.high)
    }
    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.high)
    }
}

#[derive(Default)]
pub(crate) struct TestBoard {
    pub(crate) led: TestPin,
    pub(crate) button: TestPin,
    pub(crate) now_us: u64,
    pub(crate) rests: Vec<Option<u64>>,
}

impl Gpio for TestBoard {
    type Error = Infallible;
    fn output(&mut self, pin: PinIndex) -> Option<&mut dyn StatefulOutputPin<Error = Infallible>> {
        (pin == PinIndex(0)).then_some(&mut self.led as _)
    }
    fn input(&mut self, pin: PinIndex) -> Option<&mut dyn InputPin<Error = Infallible>> {
        (pin == PinIndex(1)).then_some(&mut self.button as _)
    }
}

impl Clock for TestBoard {
    fn now_us(&mut self) -> u64 {
        self.now_us
    }
    fn rest_until_us(&mut self, deadline_us: Option<u64>) {
        self.rests.push(deadline_us);
        assert!(self.rests.len() < 10_000, "the session rests for ever");
        self.now_us = self.now_us.max(deadline_us.unwrap_or(self.now_us + 1_000));
    }
    fn computed(&mut self, fuel: u64) {
        self.now_us += fuel;
    }
}

impl Board for TestBoard {
    fn description(&self) -> &'static BoardDescription {
        &BOARD
    }
}

/// What a scripted module does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Calls the host; the results are kept in `answers`.
    Call(HostFunction, Vec<Value>),
    /// Calls the host with the handle that the last answer gave, and these further arguments.
    CallLast(HostFunction, Vec<Value>),
    /// Spends fuel, charged whole as a block is.
    Spend(u64),
    Trap(TrapKind),
    Return(Vec<Value>),
    /// Goes back to the beginning of the script.
    Repeat,
}

/// An engine that follows a script. It imports each function of the ABI, in order.
pub(crate) struct Script {
    acts: Vec<Act>,
    next: usize,
    running: bool,
    waiting: bool,
    pub(crate) answers: Vec<Value>,
    balance: u64,
    used: u64,
    pub(crate) largest_balance: u64,
    words: Vec<u32>,
    types: Vec<u8>,
    memory: Vec<u8>,
    parameters: Vec<Vec<u8>>,
    results: Vec<Vec<u8>>,
    pub(crate) entry_results: &'static [u8],
    /// How many functions a backtrace has.
    pub(crate) depth: u32,
}

impl Script {
    pub(crate) fn new(acts: &[Act]) -> Self {
        let types = |f: &HostFunction| f.parameters().iter().map(|t| t.wasm_byte()).collect();
        Self {
            acts: acts.to_vec(),
            next: 0,
            running: false,
            waiting: false,
            answers: Vec::new(),
            balance: 0,
            used: 0,
            largest_balance: 0,
            words: Vec::new(),
            types: Vec::new(),
            memory: b"ledbuttontimelog\xff\xfe".to_vec(),
            parameters: HostFunction::ALL.iter().map(types).collect(),
            results: HostFunction::ALL
                .iter()
                .map(|f| [f.result().wasm_byte()].into())
                .collect(),
            entry_results: &[0x7f],
            depth: 0,
        }
    }

    fn keep(&mut self, values: &[Value]) {
        self.types = values
            .iter()
            .map(|value| value.value_type().byte())
            .collect();
        self.words.clear();
        for value in values {
            self.words
                .extend(&value.to_words()[..value.value_type().words()]);
        }
    }

    fn host_call(&mut self, function: HostFunction, arguments: &[Value]) -> Step<'_> {
        self.keep(arguments);
        self.waiting = true;
        self.next += 1;
        Step::HostCall {
            import: ImportIndex(function.number().into()),
            arguments: Values::new(&self.types, &self.words).unwrap(),
        }
    }
}

impl Engine for Script {
    fn import(&self, index: ImportIndex) -> Option<Import<'_>> {
        let place = usize::try_from(index.0).unwrap();
        let function = HostFunction::ALL.get(place)?;
        Some(Import {
            module: mote_abi::IMPORT_MODULE,
            name: function.name(),
            signature: Signature {
                parameters: &self.parameters[place],
                results: &self.results[place],
            },
        })
    }
    fn exported_function(&self, name: &str) -> Option<FunctionIndex> {
        (name == "run").then_some(FunctionIndex(0))
    }
    fn signature(&self, _: FunctionIndex) -> Option<Signature<'_>> {
        Some(Signature {
            parameters: &[],
            results: self.entry_results,
        })
    }
    fn start_function(&self) -> Option<FunctionIndex> {
        None
    }
    fn call(&mut self, _: FunctionIndex, _: &[Value]) -> Result<(), CallError> {
        self.running = true;
        Ok(())
    }
    fn run(&mut self, fuel: u64) -> Result<Step<'_>, Fault> {
        self.balance += fuel;
        self.largest_balance = self.largest_balance.max(self.balance);
        if !self.running || self.waiting {
            return Err(Fault::NothingToRun);
        }
        loop {
            match self.acts[self.next].clone() {
                Act::Spend(needed) => {
                    if self.balance < needed {
                        return Ok(Step::OutOfFuel { needed });
                    }
                    self.balance -= needed;
                    self.used += needed;
                    self.next += 1;
                }
                Act::Repeat => self.next = 0,
                Act::Trap(kind) => return Ok(Step::Trapped(Trap::from(kind))),
                Act::Call(function, arguments) => return Ok(self.host_call(function, &arguments)),
                Act::CallLast(function, further) => {
                    let mut arguments = std::vec![*self.answers.last().unwrap()];
                    arguments.extend(further);
                    return Ok(self.host_call(function, &arguments));
                }
                Act::Return(values) => {
                    self.keep(&values);
                    self.running = false;
                    return Ok(Step::Returned(
                        Values::new(&self.types, &self.words).unwrap(),
                    ));
                }
            }
        }
    }
    fn resume(&mut self, results: &[Value]) -> Result<(), CallError> {
        assert!(self.waiting);
        self.waiting = false;
        self.answers.extend(results);
        Ok(())
    }
    fn abandon(&mut self) {
        self.running = false;
    }
    fn backtrace(&self) -> impl Iterator<Item = CodePlace> + '_
    where
        Self: Sized,
    {
        let place = |function| CodePlace {
            function,
            code_offset: 2 * function,
        };
        (0..if self.running { self.depth } else { 0 }).map(place)
    }
    fn memory(&self) -> &[u8] {
        &self.memory
    }
    fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
    fn fuel_left(&self) -> u64 {
        self.balance
    }
    fn fuel_used(&self) -> u64 {
        self.used
    }
}

/// Keeps every report as the text that debugging shows, and knows when to stop.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) reports: Vec<String>,
    pub(crate) calls: usize,
    pub(crate) calls_max: Option<usize>,
    pub(crate) answers: VecDeque<Value>,
}

impl Keeper {
    pub(crate) fn last(&self) -> &str {
        self.reports.last().map_or("", |report| report.as_str())
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.reports.iter().any(|report| report.contains(text))
    }
}

impl Observer for Keeper {
    fn report(&mut self, report: &Report<'_>) {
        if matches!(report, Report::Call(_)) {
            self.calls += 1;
        }
        self.reports.push(std::format!("{report:?}").to_string());
    }
    fn answer(&mut self, _: HostFunction, measured: Value) -> Value {
        self.answers.pop_front().unwrap_or(measured)
    }
    fn has_enough(&mut self) -> bool {
        self.calls_max.is_some_and(|calls| self.calls >= calls)
    }
}
