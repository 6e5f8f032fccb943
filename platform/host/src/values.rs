//! Values between the command line, the engine and JSON.

use mote_engine::{Value, ValueType};
use serde_json::json;

/// Reads an argument for a parameter of this type.
///
/// Integers are decimal or `0x...`, signed or unsigned; floats are decimal, `inf`, `nan`, or the
/// bits as `0x...`; references can only be `null`.
///
/// # Errors
///
/// Where the text is no value of the type; the message says what would be.
pub(crate) fn parse(text: &str, value_type: ValueType) -> Result<Value, String> {
    let wrong = |expected: &str| format!("{text:?} is no {}: {expected}", value_type.name());
    match value_type {
        ValueType::I32 => integer(text, u64::from(u32::MAX), i64::from(i32::MIN))
            .and_then(|bits| u32::try_from(bits & u64::from(u32::MAX)).ok())
            .map(|bits| Value::I32(bits.cast_signed()))
            .ok_or_else(|| wrong("write -2147483648 to 4294967295, or 0x...")),
        ValueType::I64 => integer(text, u64::MAX, i64::MIN)
            .map(|bits| Value::I64(bits.cast_signed()))
            .ok_or_else(|| wrong("write -2^63 to 2^64 - 1, or 0x...")),
        ValueType::F32 => {
            let bits = hex(text).map_or_else(
                || text.parse::<f32>().ok().map(f32::to_bits),
                |bits| u32::try_from(bits).ok(),
            );
            bits.map(Value::F32)
                .ok_or_else(|| wrong("write a number, inf, nan, or 0x and bits"))
        }
        ValueType::F64 => {
            let bits = hex(text).or_else(|| text.parse::<f64>().ok().map(f64::to_bits));
            bits.map(Value::F64)
                .ok_or_else(|| wrong("write a number, inf, nan, or 0x and bits"))
        }
        ValueType::FuncRef if text == "null" => Ok(Value::FuncRef(None)),
        ValueType::ExternRef if text == "null" => Ok(Value::ExternRef(None)),
        ValueType::FuncRef | ValueType::ExternRef => Err(wrong("only null can be given")),
    }
}

fn hex(text: &str) -> Option<u64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    u64::from_str_radix(&digits.replace('_', ""), 16).ok()
}

/// Returns an integer's bits, sign-extended to 64, where it lies between the two bounds.
fn integer(text: &str, highest: u64, lowest: i64) -> Option<u64> {
    if let Some(bits) = hex(text) {
        return (bits <= highest).then_some(bits);
    }
    let text = text.replace('_', "");
    if let Ok(value) = text.parse::<u64>() {
        return (value <= highest).then_some(value);
    }
    let value = text.parse::<i64>().ok()?;
    (value >= lowest).then_some(value.cast_unsigned())
}

/// Writes a value for a person: integers signed, floats so that they read back the same.
pub(crate) fn show(value: Value) -> String {
    match value {
        Value::I32(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::F32(bits) => {
            let float = f32::from_bits(bits);
            if float.is_nan() {
                format!("nan:{bits:#010x}")
            } else {
                format!("{float:?}")
            }
        }
        Value::F64(bits) => {
            let float = f64::from_bits(bits);
            if float.is_nan() {
                format!("nan:{bits:#018x}")
            } else {
                format!("{float:?}")
            }
        }
        Value::FuncRef(None) | Value::ExternRef(None) => "null".to_owned(),
        Value::FuncRef(Some(_)) => "a function".to_owned(),
        Value::ExternRef(Some(number)) => format!("extern {number}"),
    }
}

/// Writes a value for a script. Integers are numbers where JSON can be trusted with them (32
/// bits) and text where not; floats have their bits beside them.
pub(crate) fn to_json(value: Value) -> serde_json::Value {
    let name = value.value_type().name();
    match value {
        Value::I32(number) => json!({"type": name, "value": number}),
        Value::I64(number) => json!({"type": name, "value": number.to_string()}),
        Value::F32(bits) => {
            json!({"type": name, "value": show(value), "bits": format!("{bits:#010x}")})
        }
        Value::F64(bits) => {
            json!({"type": name, "value": show(value), "bits": format!("{bits:#018x}")})
        }
        Value::FuncRef(number) | Value::ExternRef(number) => json!({"type": name, "value": number}),
    }
}

/// Reads back what [`to_json`] wrote.
pub(crate) fn from_json(json: &serde_json::Value) -> Option<Value> {
    let value = json.get("value")?;
    let bits = || hex(json.get("bits")?.as_str()?);
    let number = || match value.is_null() {
        true => Some(None),
        false => value
            .as_u64()
            .and_then(|number| u32::try_from(number).ok())
            .map(Some),
    };
    Some(match json.get("type")?.as_str()? {
        "i32" => Value::I32(i32::try_from(value.as_i64()?).ok()?),
        "i64" => Value::I64(value.as_str()?.parse().ok()?),
        "f32" => Value::F32(u32::try_from(bits()?).ok()?),
        "f64" => Value::F64(bits()?),
        "funcref" => Value::FuncRef(number()?),
        "externref" => Value::ExternRef(number()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_by_type() {
        let cases = [
            ("-1", ValueType::I32, Value::I32(-1)),
            ("4294967295", ValueType::I32, Value::I32(-1)),
            ("0xff", ValueType::I32, Value::I32(255)),
            ("1_000", ValueType::I32, Value::I32(1_000)),
            ("-9223372036854775808", ValueType::I64, Value::I64(i64::MIN)),
            ("18446744073709551615", ValueType::I64, Value::I64(-1)),
            ("1.5", ValueType::F32, Value::F32(1.5f32.to_bits())),
            (
                "-inf",
                ValueType::F64,
                Value::F64(f64::NEG_INFINITY.to_bits()),
            ),
            ("0x7fc00000", ValueType::F32, Value::F32(0x7fc0_0000)),
            ("null", ValueType::ExternRef, Value::ExternRef(None)),
        ];
        for (text, value_type, value) in cases {
            assert_eq!(parse(text, value_type), Ok(value), "{text}");
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        let cases = [
            ("4294967296", ValueType::I32),
            ("-2147483649", ValueType::I32),
            ("0x100000000", ValueType::I32),
            ("1.5", ValueType::I32),
            ("", ValueType::I64),
            ("18446744073709551616", ValueType::I64),
            ("one", ValueType::F32),
            ("0x100000000", ValueType::F32),
            ("7", ValueType::FuncRef),
        ];
        for (text, value_type) in cases {
            let message = parse(text, value_type).unwrap_err();
            assert!(message.contains(value_type.name()), "{message}");
        }
    }

    #[test]
    fn json_reads_back() {
        for value in [
            Value::I32(i32::MIN),
            Value::I64(i64::MAX),
            Value::F32(0x7fc0_0000),
            Value::F64(0.1f64.to_bits()),
            Value::FuncRef(None),
            Value::ExternRef(Some(7)),
        ] {
            assert_eq!(from_json(&to_json(value)), Some(value));
        }
        assert_eq!(show(Value::F64(0.1f64.to_bits())), "0.1");
        assert_eq!(show(Value::F32(0x7fc0_0001)), "nan:0x7fc00001");
    }
}
