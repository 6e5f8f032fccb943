//! Uses what the compiler's library has for any firmware: so that it is built in.

use core::hint::black_box;

/// Copies, moves, clears, compares and divides; the result says that it was done.
pub(crate) fn use_all(bytes: &[u8]) -> u64 {
    let mut buffer = [0u8; 64];
    let length = black_box(bytes.len()).min(32);
    let (target, rest) = buffer.split_at_mut(32);
    if let (Some(to), Some(from)) = (target.get_mut(..length), bytes.get(..length)) {
        to.copy_from_slice(from);
    }
    rest.fill(black_box(7));
    let moved = black_box(length.min(16));
    buffer.copy_within(..moved, 8);
    let equal = buffer.get(..length) == bytes.get(..length);
    let number = black_box(length as u64);
    let divided = number.wrapping_mul(1 << 40) / (number | 1);
    let signed = number.cast_signed() / (divided | 1).cast_signed();
    u64::from(equal)
        .wrapping_add(divided)
        .wrapping_add(signed.cast_unsigned())
}
