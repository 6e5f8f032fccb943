//! What was measured, on the serial line: a word and hexadecimal numbers a line. Whoever reads it
//! has a formatter; here it would be sized with the engine.

use crate::board::send;

fn text(text: &str) {
    for &byte in text.as_bytes() {
        send(byte);
    }
}

fn digits(number: u64) {
    send(b' ');
    let mut left = number;
    for _ in 0..16 {
        let [.., digit] = (left >> 60).to_be_bytes();
        send(digit + if digit < 10 { b'0' } else { b'a' - 10 });
        left <<= 4;
    }
}

/// Says a word.
pub(crate) fn line(word: &str) {
    text(word);
    send(b'\n');
}

/// Says a word and a number.
pub(crate) fn number(word: &str, value: u64) {
    text(word);
    digits(value);
    send(b'\n');
}

/// Says a word and two numbers.
#[cfg(any(feature = "mote", feature = "wasmi", feature = "translate"))]
pub(crate) fn pair(word: &str, first: u64, second: u64) {
    text(word);
    digits(first);
    digits(second);
    send(b'\n');
}
