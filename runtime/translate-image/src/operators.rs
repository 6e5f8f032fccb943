//! Which family of instructions does what an operator of WebAssembly does.

use crate::forms::Family;
use crate::tree::Source;
use mote_translate::{AccessOperator, Operator};

/// An operator of two 32-bit operands, made to fit what families there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simplified {
    /// A family, and its operands.
    Binary(Family, [Source; 2]),
    /// One of the operands, or a constant.
    Value(Source),
}

static OPERATORS: [Option<(Family, bool)>; Operator::ALL.len()] = operators();
static ACCESSES: [Option<(Family, Option<Family>)>; AccessOperator::ALL.len()] = accesses();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn operators() -> [Option<(Family, bool)>; Operator::ALL.len()] {
    let mut all = [None; Operator::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = binary(Operator::ALL[at]);
        at = at.wrapping_add(1);
    }
    all
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn accesses() -> [Option<(Family, Option<Family>)>; AccessOperator::ALL.len()] {
    let mut all = [None; AccessOperator::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = access(AccessOperator::ALL[at]);
        at = at.wrapping_add(1);
    }
    all
}

/// Returns the family of an operator, and whether its two operands change places.
pub(crate) fn family_of(operator: Operator) -> Option<(Family, bool)> {
    OPERATORS.get(operator.index()).copied().flatten()
}

/// Returns the family of a load or store, and how a load's 32 bits become 64, if they do.
pub(crate) fn family_of_access(operator: AccessOperator) -> Option<(Family, Option<Family>)> {
    ACCESSES.get(operator.index()).copied().flatten()
}

const fn binary(operator: Operator) -> Option<(Family, bool)> {
    Some(match operator {
        Operator::I32_ADD => (Family::add, false),
        Operator::I32_SUB => (Family::sub, false),
        Operator::I32_MUL => (Family::mul, false),
        Operator::I32_DIV_S => (Family::div_s, false),
        Operator::I32_DIV_U => (Family::div_u, false),
        Operator::I32_REM_S => (Family::rem_s, false),
        Operator::I32_REM_U => (Family::rem_u, false),
        Operator::I32_AND => (Family::and, false),
        Operator::I32_OR => (Family::or, false),
        Operator::I32_XOR => (Family::xor, false),
        Operator::I32_SHL => (Family::shl, false),
        Operator::I32_SHR_S => (Family::shr_s, false),
        Operator::I32_SHR_U => (Family::shr_u, false),
        Operator::I32_ROTL => (Family::rotl, false),
        Operator::I32_ROTR => (Family::rotr, false),
        Operator::I32_EQ => (Family::eq, false),
        Operator::I32_NE => (Family::ne, false),
        Operator::I32_LT_S => (Family::lt_s, false),
        Operator::I32_LT_U => (Family::lt_u, false),
        Operator::I32_GE_S => (Family::ge_s, false),
        Operator::I32_GE_U => (Family::ge_u, false),
        Operator::I32_GT_S => (Family::lt_s, true),
        Operator::I32_GT_U => (Family::lt_u, true),
        Operator::I32_LE_S => (Family::ge_s, true),
        Operator::I32_LE_U => (Family::ge_u, true),
        Operator::F32_ADD => (Family::fadd, false),
        Operator::F32_SUB => (Family::fsub, false),
        Operator::F32_MUL => (Family::fmul, false),
        Operator::F32_DIV => (Family::fdiv, false),
        Operator::F32_EQ => (Family::feq, false),
        Operator::F32_NE => (Family::fne, false),
        Operator::F32_LT => (Family::flt, false),
        Operator::F32_LE => (Family::fle, false),
        Operator::F32_GT => (Family::flt, true),
        Operator::F32_GE => (Family::fle, true),
        _ => return other(operator),
    })
}

const fn other(operator: Operator) -> Option<(Family, bool)> {
    Some(match operator {
        Operator::I32_CLZ => (Family::clz, false),
        Operator::I32_CTZ => (Family::ctz, false),
        Operator::I32_POPCNT => (Family::popcnt, false),
        Operator::I32_EXTEND8_S => (Family::extend_8, false),
        Operator::I32_EXTEND16_S => (Family::extend_16, false),
        Operator::I64_ADD => (Family::add64, false),
        Operator::I64_SUB => (Family::sub64, false),
        Operator::I64_MUL => (Family::mul64, false),
        Operator::I64_DIV_S => (Family::div_s64, false),
        Operator::I64_DIV_U => (Family::div_u64, false),
        Operator::I64_REM_S => (Family::rem_s64, false),
        Operator::I64_REM_U => (Family::rem_u64, false),
        Operator::I64_AND => (Family::and64, false),
        Operator::I64_OR => (Family::or64, false),
        Operator::I64_XOR => (Family::xor64, false),
        Operator::I64_SHL => (Family::shl64, false),
        Operator::I64_SHR_S => (Family::shr_s64, false),
        Operator::I64_SHR_U => (Family::shr_u64, false),
        Operator::I64_ROTL => (Family::rotl64, false),
        Operator::I64_ROTR => (Family::rotr64, false),
        Operator::I64_EQZ => (Family::eqz64, false),
        Operator::I64_EQ => (Family::eq64, false),
        Operator::I64_NE => (Family::ne64, false),
        Operator::I64_LT_S => (Family::lt_s64, false),
        Operator::I64_LT_U => (Family::lt_u64, false),
        Operator::I64_GE_S => (Family::ge_s64, false),
        Operator::I64_GE_U => (Family::ge_u64, false),
        Operator::I64_GT_S => (Family::lt_s64, true),
        Operator::I64_GT_U => (Family::lt_u64, true),
        Operator::I64_LE_S => (Family::ge_s64, true),
        Operator::I64_LE_U => (Family::ge_u64, true),
        Operator::I64_CLZ => (Family::clz64, false),
        Operator::I64_CTZ => (Family::ctz64, false),
        Operator::I64_POPCNT => (Family::popcnt64, false),
        Operator::I64_EXTEND8_S => (Family::extend_8_64, false),
        Operator::I64_EXTEND16_S => (Family::extend_16_64, false),
        Operator::I64_EXTEND32_S => (Family::extend_32_64, false),
        Operator::I64_EXTEND_I32_S => (Family::extend_s, false),
        Operator::I64_EXTEND_I32_U => (Family::extend_u, false),
        _ => return float(operator),
    })
}

const fn float(operator: Operator) -> Option<(Family, bool)> {
    Some(match operator {
        Operator::F32_ABS => (Family::fabs, false),
        Operator::F32_NEG => (Family::fneg, false),
        Operator::F32_CEIL => (Family::fceil, false),
        Operator::F32_FLOOR => (Family::ffloor, false),
        Operator::F32_TRUNC => (Family::ftrunc, false),
        Operator::F32_NEAREST => (Family::fnearest, false),
        Operator::F32_SQRT => (Family::fsqrt, false),
        Operator::F32_MIN => (Family::fmin, false),
        Operator::F32_MAX => (Family::fmax, false),
        Operator::F32_COPYSIGN => (Family::fcopysign, false),
        Operator::F64_ABS => (Family::dabs, false),
        Operator::F64_NEG => (Family::dneg, false),
        Operator::F64_CEIL => (Family::dceil, false),
        Operator::F64_FLOOR => (Family::dfloor, false),
        Operator::F64_TRUNC => (Family::dtrunc, false),
        Operator::F64_NEAREST => (Family::dnearest, false),
        Operator::F64_SQRT => (Family::dsqrt, false),
        Operator::F64_ADD => (Family::dadd, false),
        Operator::F64_SUB => (Family::dsub, false),
        Operator::F64_MUL => (Family::dmul, false),
        Operator::F64_DIV => (Family::ddiv, false),
        Operator::F64_MIN => (Family::dmin, false),
        Operator::F64_MAX => (Family::dmax, false),
        Operator::F64_COPYSIGN => (Family::dcopysign, false),
        Operator::F64_EQ => (Family::deq, false),
        Operator::F64_NE => (Family::dne, false),
        Operator::F64_LT => (Family::dlt, false),
        Operator::F64_LE => (Family::dle, false),
        Operator::F64_GT => (Family::dlt, true),
        Operator::F64_GE => (Family::dle, true),
        Operator::F32_CONVERT_I32_S => (Family::f32_from_s32, false),
        Operator::F32_CONVERT_I32_U => (Family::f32_from_u32, false),
        Operator::F32_CONVERT_I64_S => (Family::f32_from_s64, false),
        Operator::F32_CONVERT_I64_U => (Family::f32_from_u64, false),
        Operator::F64_CONVERT_I32_S => (Family::f64_from_s32, false),
        Operator::F64_CONVERT_I32_U => (Family::f64_from_u32, false),
        Operator::F64_CONVERT_I64_S => (Family::f64_from_s64, false),
        Operator::F64_CONVERT_I64_U => (Family::f64_from_u64, false),
        Operator::F32_DEMOTE_F64 => (Family::f32_demote, false),
        Operator::F64_PROMOTE_F32 => (Family::f64_promote, false),
        Operator::I32_TRUNC_F32_S => (Family::f32_trunc_s32, false),
        Operator::I32_TRUNC_F32_U => (Family::f32_trunc_u32, false),
        Operator::I64_TRUNC_F32_S => (Family::f32_trunc_s64, false),
        Operator::I64_TRUNC_F32_U => (Family::f32_trunc_u64, false),
        Operator::I32_TRUNC_F64_S => (Family::f64_trunc_s32, false),
        Operator::I32_TRUNC_F64_U => (Family::f64_trunc_u32, false),
        Operator::I64_TRUNC_F64_S => (Family::f64_trunc_s64, false),
        Operator::I64_TRUNC_F64_U => (Family::f64_trunc_u64, false),
        Operator::I32_TRUNC_SAT_F32_S => (Family::f32_saturate_s32, false),
        Operator::I32_TRUNC_SAT_F32_U => (Family::f32_saturate_u32, false),
        Operator::I64_TRUNC_SAT_F32_S => (Family::f32_saturate_s64, false),
        Operator::I64_TRUNC_SAT_F32_U => (Family::f32_saturate_u64, false),
        Operator::I32_TRUNC_SAT_F64_S => (Family::f64_saturate_s32, false),
        Operator::I32_TRUNC_SAT_F64_U => (Family::f64_saturate_u32, false),
        Operator::I64_TRUNC_SAT_F64_S => (Family::f64_saturate_s64, false),
        Operator::I64_TRUNC_SAT_F64_U => (Family::f64_saturate_u64, false),
        _ => return None,
    })
}

const fn access(operator: AccessOperator) -> Option<(Family, Option<Family>)> {
    Some(match operator {
        AccessOperator::I32_LOAD | AccessOperator::F32_LOAD => (Family::load_u32, None),
        AccessOperator::I32_LOAD8_S => (Family::load_i8, None),
        AccessOperator::I32_LOAD8_U => (Family::load_u8, None),
        AccessOperator::I32_LOAD16_S => (Family::load_i16, None),
        AccessOperator::I32_LOAD16_U => (Family::load_u16, None),
        AccessOperator::I64_LOAD | AccessOperator::F64_LOAD => (Family::load_64, None),
        AccessOperator::I64_LOAD8_S => (Family::load_i8, Some(Family::extend_s)),
        AccessOperator::I64_LOAD8_U => (Family::load_u8, Some(Family::extend_u)),
        AccessOperator::I64_LOAD16_S => (Family::load_i16, Some(Family::extend_s)),
        AccessOperator::I64_LOAD16_U => (Family::load_u16, Some(Family::extend_u)),
        AccessOperator::I64_LOAD32_S => (Family::load_u32, Some(Family::extend_s)),
        AccessOperator::I64_LOAD32_U => (Family::load_u32, Some(Family::extend_u)),
        AccessOperator::I32_STORE | AccessOperator::F32_STORE => (Family::store_32, None),
        AccessOperator::I64_STORE | AccessOperator::F64_STORE => (Family::store_64, None),
        AccessOperator::I32_STORE8 | AccessOperator::I64_STORE8 => (Family::store_8, None),
        AccessOperator::I32_STORE16 | AccessOperator::I64_STORE16 => (Family::store_16, None),
        AccessOperator::I64_STORE32 => (Family::store_32, None),
        _ => return None,
    })
}

/// Whether computing it can trap.
pub(crate) const fn can_trap(family: Family) -> bool {
    let number = family as u8;
    matches!(
        family,
        Family::div_s | Family::div_u | Family::rem_s | Family::rem_u
    ) || matches!(
        family,
        Family::div_s64 | Family::div_u64 | Family::rem_s64 | Family::rem_u64
    ) || number >= Family::f32_trunc_s32 as u8 && number <= Family::f64_trunc_u64 as u8
}

/// Returns the family of branches that are taken if a comparison holds, or does not.
pub(crate) const fn branch(comparison: Family, unless: bool) -> Option<Family> {
    Some(match (comparison, unless) {
        (Family::eq, false) | (Family::ne, true) => Family::if_eq,
        (Family::ne, false) | (Family::eq, true) => Family::if_ne,
        (Family::lt_s, false) | (Family::ge_s, true) => Family::if_lt_s,
        (Family::ge_s, false) | (Family::lt_s, true) => Family::if_ge_s,
        (Family::lt_u, false) | (Family::ge_u, true) => Family::if_lt_u,
        (Family::ge_u, false) | (Family::lt_u, true) => Family::if_ge_u,
        (Family::feq, false) | (Family::fne, true) => Family::if_feq,
        (Family::fne, false) | (Family::feq, true) => Family::if_fne,
        (Family::flt, false) => Family::if_flt,
        (Family::flt, true) => Family::if_fnlt,
        (Family::fle, false) => Family::if_fle,
        (Family::fle, true) => Family::if_fnle,
        _ => return None,
    })
}

/// Returns the family of branches back for one of branches ahead, and of loop ends.
pub(crate) const fn back(ahead: Family) -> (Option<Family>, Option<Family>) {
    match ahead {
        Family::if_ne => (Some(Family::again_ne), Some(Family::count_ne)),
        Family::if_lt_s => (Some(Family::again_lt_s), Some(Family::count_lt_s)),
        Family::if_lt_u => (None, Some(Family::count_lt_u)),
        Family::if_nz => (Some(Family::again_nz), Some(Family::count_nz)),
        // There is none: see `Code::branch_back`.
        _ => (None, None),
    }
}

/// Returns the family of branches that are taken if the condition does not hold.
pub(crate) const fn opposite(ahead: Family) -> Option<Family> {
    Some(match ahead {
        Family::if_eq => Family::if_ne,
        Family::if_ne => Family::if_eq,
        Family::if_lt_s => Family::if_ge_s,
        Family::if_ge_s => Family::if_lt_s,
        Family::if_lt_u => Family::if_ge_u,
        Family::if_ge_u => Family::if_lt_u,
        Family::if_nz => Family::if_z,
        Family::if_z => Family::if_nz,
        Family::if_and_nz => Family::if_and_z,
        Family::if_and_z => Family::if_and_nz,
        Family::if_flt => Family::if_fnlt,
        Family::if_fnlt => Family::if_flt,
        Family::if_fle => Family::if_fnle,
        Family::if_fnle => Family::if_fle,
        _ => return None,
    })
}

/// Returns the family that shifts one of its operands by a constant, and then does what that one
/// of the first does with both.
pub(crate) const fn with_shift(family: Family, shift: Family) -> Option<Family> {
    Some(match (family, shift) {
        (Family::xor, Family::shl) => Family::xor_shl,
        (Family::xor, Family::shr_u) => Family::xor_shr_u,
        (Family::xor, Family::rotr) => Family::xor_rotr,
        (Family::or, Family::shl) => Family::or_shl,
        (Family::add, Family::shl) => Family::add_shl,
        _ => return None,
    })
}

const fn shift(family: Family) -> bool {
    matches!(
        family,
        Family::shl | Family::shr_u | Family::shr_s | Family::rotr | Family::rotl
    )
}

/// Computes an operator of two constants, where that cannot trap.
fn fold(family: Family, a: u32, b: u32) -> Option<u32> {
    let (s, t) = (a.cast_signed(), b.cast_signed());
    Some(match family {
        Family::add => a.wrapping_add(b),
        Family::sub => a.wrapping_sub(b),
        Family::mul => a.wrapping_mul(b),
        Family::and => a & b,
        Family::or => a | b,
        Family::xor => a ^ b,
        Family::shl => a.wrapping_shl(b),
        Family::shr_u => a.wrapping_shr(b),
        Family::shr_s => s.wrapping_shr(b).cast_unsigned(),
        Family::rotr => a.rotate_right(b & 31),
        Family::rotl => a.rotate_left(b & 31),
        Family::eq => u32::from(a == b),
        Family::ne => u32::from(a != b),
        Family::lt_s => u32::from(s < t),
        Family::lt_u => u32::from(a < b),
        Family::ge_s => u32::from(s >= t),
        Family::ge_u => u32::from(a >= b),
        _ => return None,
    })
}

/// Simplifies an operator of two 32-bit operands: constants are folded and go to the right,
/// comparisons with a constant use those families that there are.
pub(crate) fn simplify(family: Family, swap: bool, [a, b]: [Source; 2]) -> Simplified {
    let (mut family, mut a, mut b) = if swap { (family, b, a) } else { (family, a, b) };
    if let (Source::Constant(x), Source::Constant(y)) = (a, b)
        && let Some(value) = fold(family, x, y)
    {
        return Simplified::Value(Source::Constant(value));
    }
    if let Source::Constant(value) = a {
        // c < x is x >= c + 1, and c >= x is x < c + 1.
        let (most, flipped) = match family {
            Family::lt_s => (0x7fff_ffff, Family::ge_s),
            Family::lt_u => (u32::MAX, Family::ge_u),
            Family::ge_s => (0x7fff_ffff, Family::lt_s),
            Family::ge_u => (u32::MAX, Family::lt_u),
            _ => (value, family),
        };
        if value != most {
            family = flipped;
            (a, b) = (b, Source::Constant(value.wrapping_add(1)));
        } else if crate::tree::commutes(family) {
            (a, b) = (b, a);
        }
    }
    let Source::Constant(value) = b else {
        return Simplified::Binary(family, [a, b]);
    };
    let value = if shift(family) { value & 31 } else { value };
    let (family, value) = match family {
        Family::sub => (Family::add, value.wrapping_neg()),
        Family::rotl => (Family::rotr, value.wrapping_neg() & 31),
        _ => (family, value),
    };
    let nothing =
        value == 0 && (shift(family) || matches!(family, Family::add | Family::or | Family::xor));
    if nothing {
        return Simplified::Value(a);
    }
    Simplified::Binary(family, [a, Source::Constant(value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_with_a_constant_at_the_left_are_turned_over() {
        let x = Source::Slot(3);
        let greater = simplify(Family::lt_s, true, [x, Source::Constant(7)]);
        assert_eq!(
            greater,
            Simplified::Binary(Family::ge_s, [x, Source::Constant(8)])
        );
        let most = simplify(Family::lt_s, true, [x, Source::Constant(0x7fff_ffff)]);
        assert_eq!(
            most,
            Simplified::Binary(Family::lt_s, [Source::Constant(0x7fff_ffff), x])
        );
    }

    #[test]
    fn each_operator_has_a_family_unless_it_only_retypes() {
        for &operator in Operator::ALL {
            let known = family_of(operator).is_some();
            let apart =
                operator.is_retyping() || matches!(operator.name(), "i32.eqz" | "ref.is_null");
            assert!(known != apart, "{}", operator.name());
        }
        for &operator in AccessOperator::ALL {
            assert!(family_of_access(operator).is_some(), "{}", operator.name());
        }
    }
}
