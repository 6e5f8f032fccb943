//! Recordings: a session's trace in a file, to be looked at, kept, or replayed.
//!
//! Lines of JSON: first what was run, then one call a line, last how it ended. A recording that
//! was cut off is still good up to its last whole line.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use mote_abi::HostFunction;
use mote_supervisor::bundle::Revocation;
use serde_json::{Value as Json, json};

use crate::exit::Failure;
use crate::trace::TraceCall;
use crate::values::{from_json, to_json};
use crate::watch::{End, Watch};

/// Version of the file's form.
///
/// Changes: 1 is the first.
const VERSION: u64 = 1;

/// A recording as it was read.
#[derive(Debug)]
pub(crate) struct Recording {
    /// The board that it was made on.
    pub(crate) board: String,
    /// The host calls, in order.
    pub(crate) calls: Vec<TraceCall>,
    /// What was taken away meanwhile.
    pub(crate) revocations: Vec<Revocation>,
    /// How it ended, in the words of `--json`, if the recording has its end.
    pub(crate) ending: Option<Json>,
}

impl Recording {
    /// Makes a recording of a session without writing it down.
    pub(crate) fn of(watch: &Watch) -> Self {
        Self {
            board: watch.board.clone(),
            calls: watch.trace.clone(),
            revocations: Vec::new(),
            ending: watch.end.as_ref().map(ending_json),
        }
    }

    /// Tells whether the module was stopped, or the recording cut off, and did not end by itself.
    pub(crate) fn was_stopped(&self) -> bool {
        let ending = self.ending.as_ref().and_then(|line| line.get("ending"));
        ending.is_none_or(|ending| ending == "time-up")
    }
}

/// Writes down a session.
pub(crate) fn write(path: &Path, watch: &Watch, revocations: &[Revocation]) -> Result<(), Failure> {
    let context = || format!("{}: the recording cannot be written", path.display());
    let mut lines = vec![json!({
        "mote_recording": VERSION,
        "board": watch.board,
        "engine": watch.engine,
        "revocations": revocations
            .iter()
            .map(|due| json!({"capability": due.capability.as_str(), "at_us": due.at_us}))
            .collect::<Vec<_>>(),
    })];
    lines.extend(watch.trace.iter().map(call_json));
    if let Some(end) = &watch.end {
        let mut line = ending_json(end);
        line["time_us"] = json!(end.time_us);
        line["fuel"] = json!(end.fuel_used);
        lines.push(line);
    }
    let mut file = std::io::BufWriter::new(fs::File::create(path).with_context(context)?);
    for line in lines {
        writeln!(file, "{line}").with_context(context)?;
    }
    file.flush().with_context(context)?;
    Ok(())
}

/// Writes how a session ended, as far as two sessions can be equal in it.
pub(crate) fn ending_json(end: &End) -> Json {
    json!({
        "ending": end.ending.to_json(),
        "results": end.ending.results_json(),
        "trap": end.ending.trap_json(),
    })
}

pub(crate) fn call_json(call: &TraceCall) -> Json {
    json!({
        "module": call.module,
        "function": call.function.name(),
        "arguments": call.arguments.iter().map(|&value| to_json(value)).collect::<Vec<_>>(),
        "result": to_json(call.result),
        "time_us": call.time_us,
        "fuel": call.fuel_used,
    })
}

/// Reads a recording.
pub(crate) fn read(path: &Path) -> Result<Recording, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))?;
    let bad = |number: usize, what: &str| {
        Failure::refused(format!("{}:{number}: {what}", path.display()))
    };
    let mut lines = (1..).zip(text.lines());
    let header: Option<Json> = lines
        .next()
        .and_then(|(_, line)| serde_json::from_str(line).ok());
    let header = header.ok_or_else(|| bad(1, "not a recording: its first line is no JSON"))?;
    match header.get("mote_recording").and_then(Json::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            let what = format!("a recording of version {other}, and this tool reads {VERSION}");
            return Err(bad(1, &what));
        }
        None => return Err(bad(1, "not a recording: made with `mote run --record`")),
    }
    let board = header
        .get("board")
        .and_then(Json::as_str)
        .unwrap_or("sim")
        .to_owned();
    let revocations = header
        .get("revocations")
        .map_or(Some(Vec::new()), revocations_from);
    let revocations = revocations.ok_or_else(|| bad(1, "its revocations make no sense"))?;
    let mut recording = Recording {
        board,
        calls: Vec::new(),
        revocations,
        ending: None,
    };
    for (number, line) in lines {
        let Ok(json) = serde_json::from_str::<Json>(line) else {
            // Only the last line can be cut off; a fault in the middle is another matter.
            if number == text.lines().count() && !text.ends_with('\n') {
                break;
            }
            return Err(bad(number, "no JSON"));
        };
        if json.get("ending").is_some() {
            recording.ending = Some(json);
        } else {
            let call = call_from(&json).ok_or_else(|| bad(number, "not a host call"))?;
            recording.calls.push(call);
        }
    }
    Ok(recording)
}

fn revocations_from(json: &Json) -> Option<Vec<Revocation>> {
    let one = |json: &Json| {
        let capability = mote_supervisor::name(json.get("capability")?.as_str()?).ok()?;
        Some(Revocation {
            capability,
            at_us: json.get("at_us")?.as_u64()?,
        })
    };
    json.as_array()?.iter().map(one).collect()
}

fn call_from(json: &Json) -> Option<TraceCall> {
    let arguments = json.get("arguments")?.as_array()?;
    Some(TraceCall {
        module: json.get("module")?.as_str()?.to_owned(),
        function: HostFunction::from_name(json.get("function")?.as_str()?)?,
        arguments: arguments.iter().map(from_json).collect::<Option<_>>()?,
        result: from_json(json.get("result")?)?,
        time_us: json.get("time_us")?.as_u64()?,
        fuel_used: json.get("fuel")?.as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Code;
    use crate::watch::Show;
    use mote_engine::Value;

    #[test]
    fn recording_reads_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        let mut watch = Watch::new(Show::Nothing, "sim", "wasmi");
        watch.trace.push(TraceCall {
            module: "m".to_owned(),
            function: HostFunction::ClockNow,
            arguments: vec![Value::I32(257)],
            result: Value::I64(i64::MAX),
            time_us: 12,
            fuel_used: 34,
        });
        write(&path, &watch, &[]).unwrap();
        let recording = read(&path).unwrap();
        assert_eq!(recording.calls, watch.trace);
        assert_eq!(recording.board, "sim");
        // Cut in the last line: what came before is kept.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        assert_eq!(read(&path).unwrap().calls, []);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace");
        for (text, expected) in [
            ("", "first line"),
            ("hello", "first line"),
            ("{}", "mote run --record"),
            ("{\"mote_recording\":9}", "version 9"),
            ("{\"mote_recording\":1}\nrubbish\n", ":2: no JSON"),
            ("{\"mote_recording\":1}\n{}\n", ":2: not a host call"),
        ] {
            fs::write(&path, text).unwrap();
            let failure = read(&path).unwrap_err();
            assert_eq!(failure.code, Code::Refused);
            assert!(failure.message.contains(expected), "{text:?}: {failure}");
        }
        assert_eq!(
            read(&folder.path().join("none")).unwrap_err().code,
            Code::NotFound
        );
    }
}
