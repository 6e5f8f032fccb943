//! Calls an export of an instance, whichever engine has it.

use mote_engine::{CallError, Engine, Fault, FunctionIndex, Step, Value, ValueType};

use crate::clock::count;
use crate::plan::Plan;
use crate::report;

/// Most arguments of a call.
const ARGUMENTS_MAX: usize = 16;

/// Runs the start function, if there is one, and the plan's call. What the call took is said by the
/// word `run`.
pub(crate) fn run(engine: &mut impl Engine, plan: &Plan) {
    if let Some(start) = engine.start_function()
        && !call(engine, start, &[], plan.fuel, "start_function")
    {
        return;
    }
    let Some(function) = engine.exported_function(plan.name) else {
        report::line("no_export");
        return;
    };
    let mut arguments = [Value::I32(0); ARGUMENTS_MAX];
    let mut length = 0;
    for ((value_type, words), place) in plan.values().zip(&mut arguments) {
        let [value_type, ..] = value_type.to_le_bytes();
        if let Some(value_type) = ValueType::from_byte(value_type) {
            *place = Value::from_words(value_type, words);
            length += 1;
        }
    }
    let arguments = arguments.get(..length).unwrap_or(&[]);
    call(engine, function, arguments, plan.fuel, "run");
}

/// Tells whether it returned.
fn call(
    engine: &mut impl Engine,
    function: FunctionIndex,
    arguments: &[Value],
    fuel: u64,
    word: &str,
) -> bool {
    let before = engine.fuel_used();
    if let Err(error) = engine.call(function, arguments) {
        report::line(match error {
            CallError::NoSuchFunction => "call_no_function",
            CallError::WrongValues => "call_wrong_values",
            CallError::WrongState => "call_wrong_state",
            CallError::OutOfMemory => "call_out_of_memory",
        });
        return false;
    }
    let (step, instructions) = count(|| engine.run(fuel));
    report::number(word, instructions);
    let returned = match step {
        Ok(Step::Returned(values)) => {
            for value in values {
                let [low, high] = value.to_words();
                let bits = u64::from(low) | u64::from(high) << 32;
                report::pair("result", value.value_type().byte().into(), bits);
            }
            true
        }
        Ok(Step::HostCall { import, .. }) => {
            report::number("host_call", import.0.into());
            false
        }
        Ok(Step::OutOfFuel { needed }) => {
            report::number("out_of_fuel", needed);
            false
        }
        Ok(Step::Trapped(trap)) => {
            report::number("trap", trap.kind.number().into());
            false
        }
        Err(Fault::NothingToRun | Fault::LogicBug) => {
            report::line("fault");
            false
        }
    };
    if word == "run" {
        report::number("fuel", engine.fuel_used().wrapping_sub(before));
    }
    returned
}
