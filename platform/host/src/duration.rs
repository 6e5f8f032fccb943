//! Durations on the command line: a number with its unit.

/// Reads a duration such as `250ms`, `2s`, `1.5s`, `3min`, `1h` or `100us`; returns microseconds.
///
/// # Errors
///
/// Where it is none; the message says what one looks like.
pub(crate) fn parse_us(text: &str) -> Result<u64, String> {
    let expected = || format!("{text:?} is no duration: write a number with us, ms, s, min or h");
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .ok_or_else(expected)?;
    let (number, unit) = text.split_at(split);
    let unit_us: u64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "min" => 60_000_000,
        "h" => 3_600_000_000,
        _ => return Err(expected()),
    };
    // By hand and not through a float: 0.1 s should be 100,000 us to the last digit.
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return Err(expected());
    }
    let too_long = || format!("{text:?} is longer than this tool can count");
    let whole: u64 = whole.parse().map_err(|_| too_long())?;
    let scale = 10u64.pow(u32::try_from(fraction.len()).map_err(|_| too_long())?);
    let fraction: u64 = fraction.parse().map_err(|_| too_long())?;
    let fraction_us = u128::from(fraction) * u128::from(unit_us) / u128::from(scale);
    let total = u128::from(whole) * u128::from(unit_us) + fraction_us;
    u64::try_from(total).map_err(|_| too_long())
}

/// Splits `WHAT@DURATION`; the moment is in microseconds.
pub(crate) fn split_moment(text: &str) -> Result<(&str, u64), String> {
    let (what, moment) = text
        .rsplit_once('@')
        .ok_or_else(|| format!("{text:?} has no time: write it as WHAT@TIME, such as ...@500ms"))?;
    Ok((what, parse_us(moment)?))
}

/// Writes microseconds for a person.
pub(crate) fn show_us(time_us: u64) -> String {
    format!("{}.{:06} s", time_us / 1_000_000, time_us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, microseconds) in [
            ("0s", 0),
            ("100us", 100),
            ("250ms", 250_000),
            ("0.1s", 100_000),
            ("1.5s", 1_500_000),
            ("3min", 180_000_000),
            ("1h", 3_600_000_000),
        ] {
            assert_eq!(parse_us(text), Ok(microseconds), "{text}");
        }
        assert_eq!(split_moment("button0=1@5ms"), Ok(("button0=1", 5_000)));
        assert_eq!(show_us(1_000_250), "1.000250 s");
    }

    #[test]
    fn what_is_no_duration_is_refused_with_the_way_to_write_one() {
        for text in [
            "", "5", "s", "-1s", "1,5s", "5 s", "1.s", ".5s", "1e3s", "5years",
        ] {
            assert!(
                parse_us(text).unwrap_err().contains("ms, s, min or h"),
                "{text}"
            );
        }
        assert!(
            parse_us("99999999999999999999h")
                .unwrap_err()
                .contains("longer")
        );
        assert!(split_moment("led").unwrap_err().contains("no time"));
    }
}
