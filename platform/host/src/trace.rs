//! A trace: what a module asked of its host, in order.
//!
//! Two traces are equal where module, function, arguments and result are, call by call. Times and
//! fuel are written down beside them and not compared: two boards run at two speeds.

use mote_abi::{Event, Handle, HostFunction};
use mote_engine::Value;
use mote_supervisor::grant::Decision;
use mote_supervisor::manifest::Request;
use mote_supervisor::report::CallRecord;

use crate::duration::show_us;
use crate::values::show;

/// One host call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceCall {
    pub(crate) module: String,
    pub(crate) function: HostFunction,
    pub(crate) arguments: Vec<Value>,
    pub(crate) result: Value,
    pub(crate) time_us: u64,
    pub(crate) fuel_used: u64,
}

impl TraceCall {
    /// Takes a call out of a report; nothing where the report is of a newer ABI.
    pub(crate) fn of(record: &CallRecord<'_>) -> Option<Self> {
        Some(Self {
            module: record.module.to_owned(),
            function: record.host_function()?,
            arguments: record
                .arguments
                .iter()
                .map(|value| value.value())
                .collect::<Option<_>>()?,
            result: record.result.value()?,
            time_us: record.time_us,
            fuel_used: record.fuel_used,
        })
    }

    /// Tells whether two calls are the same, whenever and at what cost they were made.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.module == other.module
            && self.function == other.function
            && self.arguments == other.arguments
            && self.result == other.result
    }

    /// Writes the call for a person, with capabilities by their names.
    pub(crate) fn show(&self, decisions: &[Decision]) -> String {
        let named = |value: Value| {
            if let Value::I32(number) = value {
                capability_name(number, decisions)
            } else {
                None
            }
        };
        let takes_handle = !matches!(
            self.function,
            HostFunction::CapabilityOpen | HostFunction::EventNext
        );
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .enumerate()
            .map(|(place, &value)| match named(value) {
                Some(name) if place == 0 && takes_handle => name,
                _ => show(value),
            })
            .collect();
        let result = match named(self.result) {
            Some(name) if self.function == HostFunction::CapabilityOpen => name,
            _ => show_result(self.function, self.result, decisions),
        };
        format!(
            "{:>14}  {}  {}({}) = {result}",
            show_us(self.time_us),
            self.module,
            self.function.name(),
            arguments.join(", ")
        )
    }
}

/// Returns what a handle was given out for: its index is the request's place in the manifest.
pub(crate) fn capability(handle: i32, decisions: &[Decision]) -> Option<&Request> {
    let handle = Handle::from_i32(handle)?;
    decisions
        .get(usize::from(handle.index()))
        .map(|decision| &decision.request)
}

fn capability_name(handle: i32, decisions: &[Decision]) -> Option<String> {
    capability(handle, decisions).map(|request| request.name.as_str().to_owned())
}

fn show_result(function: HostFunction, result: Value, decisions: &[Decision]) -> String {
    if let (HostFunction::EventNext, Value::I64(answer)) = (function, result)
        && let Some(event) = Event::from_i64(answer)
    {
        let handle = i32::try_from(event.subject).ok();
        return match handle.and_then(|handle| capability_name(handle, decisions)) {
            Some(name) => format!("{}({name})", event.kind.name()),
            None => format!("{}({})", event.kind.name(), event.subject),
        };
    }
    let number = match result {
        Value::I32(value) => i64::from(value),
        Value::I64(value) => value,
        Value::F32(_) | Value::F64(_) | Value::FuncRef(_) | Value::ExternRef(_) => 0,
    };
    match mote_abi::ErrorCode::from_result(number) {
        Some(code) => code.name().to_owned(),
        None => show(result),
    }
}

/// Where two traces part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// At this call, counted from 0, both made one, and not the same.
    At(usize),
    /// After so many equal calls the first one goes on and the second does not.
    FirstGoesOn(usize),
    /// After so many equal calls the second one goes on and the first does not.
    SecondGoesOn(usize),
}

/// Returns where two traces part, or nothing where they are equal.
pub(crate) fn first_difference(first: &[TraceCall], second: &[TraceCall]) -> Option<Difference> {
    if let Some(place) = first.iter().zip(second).position(|(a, b)| !a.same(b)) {
        return Some(Difference::At(place));
    }
    match first.len().cmp(&second.len()) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(Difference::FirstGoesOn(second.len())),
        std::cmp::Ordering::Less => Some(Difference::SecondGoesOn(first.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(result: i32, time_us: u64) -> TraceCall {
        TraceCall {
            module: "m".to_owned(),
            function: HostFunction::GpioRead,
            arguments: vec![Value::I32(256)],
            result: Value::I32(result),
            time_us,
            fuel_used: time_us,
        }
    }

    #[test]
    fn traces_are_equal_whatever_their_times() {
        assert_eq!(first_difference(&[call(1, 0)], &[call(1, 9)]), None);
        let (one, two) = ([call(1, 0)], [call(1, 0), call(0, 0)]);
        assert_eq!(
            first_difference(&two, &one),
            Some(Difference::FirstGoesOn(1))
        );
        assert_eq!(
            first_difference(&one, &two),
            Some(Difference::SecondGoesOn(1))
        );
        assert_eq!(
            first_difference(&one, &[call(0, 0)]),
            Some(Difference::At(0))
        );
    }

    #[test]
    fn errors_are_shown_by_name() {
        assert_eq!(
            call(-2, 1_000_000).show(&[]),
            "    1.000000 s  m  gpio.read(256) = REVOKED"
        );
    }
}
