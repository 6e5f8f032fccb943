//! QEMU's trace: what became of the board's LEDs, seen from outside of the device.

/// How QEMU tells of a board's LEDs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LedTrace {
    /// MPS2: writes to the register of the FPGA whose bits 0 and 1 are the LEDs.
    Mps2Register,
    /// nRF51: changes of the level of port lines; which LED is on each, by the line's number.
    Nrf51Lines(&'static [u32]),
}

/// An LED that was lit or went out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LedTransition {
    /// Which: 0 is `led0`.
    pub(crate) led: u8,
    /// Whether it was lit.
    pub(crate) lit: bool,
}

/// A line of QEMU's standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// It tells of these LEDs, a bit each, that they are now as in `lit`.
    Leds {
        /// Of which it tells.
        told: u32,
        /// Which of them are lit.
        lit: u32,
    },
    /// The same trace event, of something else.
    Other,
    /// Something else.
    Text(&'a str),
}

impl LedTrace {
    /// Returns the trace event that QEMU is to tell of.
    pub(super) const fn event(self) -> &'static str {
        match self {
            Self::Mps2Register => "mps2_fpgaio_write",
            Self::Nrf51Lines(_) => "nrf51_gpio_update_output_irq",
        }
    }

    /// Reads a line, such as `mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4` or
    /// `nrf51_gpio_update_output_irq line 13 value 1`, which may come after a process number and a
    /// time.
    pub(super) fn line(self, line: &str) -> Line<'_> {
        let told = || {
            let (before, after) = line.split_once(self.event())?;
            if before.contains(' ') {
                return None;
            }
            let number = |name: &str| {
                let mut words = after.split_whitespace();
                words.find(|word| *word == name)?;
                let word = words.next()?;
                match word.strip_prefix("0x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => word.parse().ok(),
                }
            };
            match self {
                Self::Mps2Register => match (number("offset")?, number("data")?) {
                    (0, lit) => Some(Line::Leds {
                        told: u32::MAX,
                        lit,
                    }),
                    _ => Some(Line::Other),
                },
                Self::Nrf51Lines(lines) => {
                    let (own, value) = (number("line")?, number("value")?);
                    let Some(led) = lines.iter().position(|&line| line == own) else {
                        return Some(Line::Other);
                    };
                    let told = 1_u32.checked_shl(u32::try_from(led).ok()?)?;
                    let lit = if value == 1 { told } else { 0 };
                    Some(Line::Leds { told, lit })
                }
            }
        };
        told().unwrap_or(Line::Text(line))
    }
}

/// The LEDs, as far as QEMU has told of them; at first all are dark.
#[derive(Debug, Default)]
pub(super) struct Leds {
    lit: u32,
    transitions: Vec<LedTransition>,
}

impl Leds {
    /// Takes what a line tells. Where it changes several, the lowest comes first.
    pub(super) fn update(&mut self, told: u32, lit: u32) {
        let after = (self.lit & !told) | (lit & told);
        for led in 0..32_u8 {
            let bit = 1 << led;
            if (self.lit ^ after) & bit != 0 {
                self.transitions.push(LedTransition {
                    led,
                    lit: after & bit != 0,
                });
            }
        }
        self.lit = after;
    }

    /// Returns which LED changed and how, in order.
    pub(super) fn into_transitions(self) -> Vec<LedTransition> {
        self.transitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MPS2: LedTrace = LedTrace::Mps2Register;
    const NRF51: LedTrace = LedTrace::Nrf51Lines(&[13, 14]);

    #[test]
    fn line_of_a_register_write_tells_of_all_leds() {
        let line = "mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x3 size 4";
        let leds = Line::Leds {
            told: u32::MAX,
            lit: 3,
        };
        assert_eq!(MPS2.line(line), leds);
        let dated = format!("417@1764064001.123456:{line}");
        assert_eq!(MPS2.line(&dated), leds);
        let other = line.replace("offset 0x0", "offset 0x4c");
        assert_eq!(MPS2.line(&other), Line::Other);
    }

    #[test]
    fn line_of_a_port_tells_of_the_led_that_is_on_it() {
        let line = "nrf51_gpio_update_output_irq line 14 value 1";
        assert_eq!(NRF51.line(line), Line::Leds { told: 2, lit: 2 });
        let low = line.replace("value 1", "value 0");
        assert_eq!(NRF51.line(&low), Line::Leds { told: 2, lit: 0 });
        let other = line.replace("line 14", "line 4");
        assert_eq!(NRF51.line(&other), Line::Other);
    }

    #[test]
    fn line_of_anything_else_is_text() {
        for line in [
            "",
            "qemu-system-arm: could not load kernel 'x.elf'",
            "mps2_fpgaio_write",
            "mps2_fpgaio_write MPS2 FPGAIO write: offset data",
            "unknown trace event mps2_fpgaio_write offset 0x0 data 0x1",
            "nrf51_gpio_update_output_irq line",
        ] {
            assert_eq!(MPS2.line(line), Line::Text(line));
            assert_eq!(NRF51.line(line), Line::Text(line));
        }
    }

    #[test]
    fn transitions_follow_each_led() {
        let change = |led, lit| LedTransition { led, lit };
        let mut leds = Leds::default();
        for value in [0, 1, 1, 3, 2, 1, 0] {
            leds.update(u32::MAX, value);
        }
        leds.update(2, 2);
        leds.update(1, 0);
        leds.update(1, 1);
        assert_eq!(
            leds.into_transitions(),
            [
                change(0, true),
                change(1, true),
                change(0, false),
                change(0, true),
                change(1, false),
                change(0, false),
                change(1, true),
                change(0, true),
            ]
        );
    }
}
