//! QEMU's trace: what was written to the LEDs' register, seen from outside of the device.

/// The trace event of a write to the FPGA's input and output registers.
pub(super) const EVENT: &str = "mps2_fpgaio_write";

/// An LED that was lit or went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LedTransition {
    /// Which: 0 is `led0`.
    pub(crate) led: u8,
    /// Whether it was lit.
    pub(crate) lit: bool,
}

/// Returns which LED changed and how, in order, by what was written to their register; at first all
/// are dark. Where one write changes several, the lowest comes first.
#[must_use]
pub(crate) fn led_transitions(led_writes: &[u32]) -> Vec<LedTransition> {
    let mut before = 0;
    let mut transitions = Vec::new();
    for &value in led_writes {
        for led in 0..32_u8 {
            let bit = 1 << led;
            if (before ^ value) & bit != 0 {
                transitions.push(LedTransition {
                    led,
                    lit: value & bit != 0,
                });
            }
        }
        before = value;
    }
    transitions
}

/// A line of QEMU's standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A write to the LEDs' register.
    Led(u32),
    /// A write to another register of the FPGA.
    OtherRegister,
    /// Something else.
    Text(&'a str),
}

impl<'a> Line<'a> {
    /// Reads a line, such as `mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4`,
    /// which may come after a process number and a time.
    pub(super) fn of(line: &'a str) -> Self {
        let write = || {
            let (before, after) = line.split_once(EVENT)?;
            if before.contains(' ') {
                return None;
            }
            let number = |name: &str| {
                let mut words = after.split_whitespace();
                words.find(|word| *word == name)?;
                let digits = words.next()?.strip_prefix("0x")?;
                u32::from_str_radix(digits, 16).ok()
            };
            Some((number("offset")?, number("data")?))
        };
        match write() {
            Some((0, value)) => Self::Led(value),
            Some(_) => Self::OtherRegister,
            None => Self::Text(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_of_a_led_write_gives_its_value() {
        let line = "mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x3 size 4";
        assert_eq!(Line::of(line), Line::Led(3));
        let dated = format!("417@1764064001.123456:{line}");
        assert_eq!(Line::of(&dated), Line::Led(3));
        let other = line.replace("offset 0x0", "offset 0x4c");
        assert_eq!(Line::of(&other), Line::OtherRegister);
    }

    #[test]
    fn line_of_anything_else_is_text() {
        for line in [
            "",
            "qemu-system-arm: could not load kernel 'x.elf'",
            "mps2_fpgaio_write",
            "mps2_fpgaio_write MPS2 FPGAIO write: offset data",
            "unknown trace event mps2_fpgaio_write offset 0x0 data 0x1",
        ] {
            assert_eq!(Line::of(line), Line::Text(line));
        }
    }

    #[test]
    fn transitions_follow_each_led() {
        let change = |led, lit| LedTransition { led, lit };
        assert_eq!(
            led_transitions(&[0, 1, 1, 3, 2, 1, 0]),
            [
                change(0, true),
                change(1, true),
                change(0, false),
                change(0, true),
                change(1, false),
                change(0, false),
            ]
        );
        assert!(led_transitions(&[]).is_empty());
    }
}
