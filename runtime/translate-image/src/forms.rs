//! Which instruction there is for which operands, from the names of the table.
//!
//! An instruction's name is a family and a form: `add_kh_d` is `add` of accumulator and 16-bit
//! immediate, with its result in a slot. The back end looks for the form that it would like best
//! and takes what there is: which forms exist is the table's affair, and a form that is added
//! there is used here at once.

use mote_image::INSTRUCTIONS;

/// Where an operand is, as the letters of a form say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    /// A slot.
    S = 1,
    /// The accumulator.
    K,
    /// A byte.
    B,
    /// A signed halfword.
    H,
    /// An unsigned halfword.
    U,
    /// A word.
    W,
    /// Two slots.
    P,
}

impl Letter {
    /// How many bytes the operand takes.
    pub(crate) const fn bytes(self) -> u8 {
        match self {
            Self::K => 0,
            Self::S | Self::P | Self::B => 1,
            Self::H | Self::U => 2,
            Self::W => 4,
        }
    }
}

/// A form: three bits a letter, the last letter lowest; above them whether the result has a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form(u16);

const TO_SLOT: u16 = 1 << 15;

impl Form {
    pub(crate) const fn new(letters: &[Letter]) -> Self {
        let mut packed = 0;
        let mut rest = letters;
        while let [first, tail @ ..] = rest {
            packed = packed << 3 | *first as u16;
            rest = tail;
        }
        Self(packed)
    }

    pub(crate) const fn to_slot(self, to_slot: bool) -> Self {
        if to_slot {
            Self(self.0 | TO_SLOT)
        } else {
            self
        }
    }

    pub(crate) const fn then(self, letter: Letter) -> Self {
        Self(self.0 << 3 | letter as u16)
    }

    /// The form without its last letter.
    pub(crate) const fn without_last(self) -> Self {
        Self(self.0 >> 3)
    }

    /// Whether the accumulator is one of its letters.
    pub(crate) const fn has_accumulator(self) -> bool {
        let mut rest = self.0 & !TO_SLOT;
        while rest != 0 {
            if rest & 7 == Letter::K as u16 {
                return true;
            }
            rest >>= 3;
        }
        false
    }

    /// Reads the form that a name ends in, or nothing where that is none.
    const fn parse(name: &[u8]) -> Option<Self> {
        let mut form = Self(0);
        let mut rest = name;
        while let [first, tail @ ..] = rest {
            form = match (*first, tail) {
                (b'_', b"d" | b"q") => return Some(form.to_slot(true)),
                (b'_', _) => form,
                (b's', _) => form.then(Letter::S),
                (b'k', _) => form.then(Letter::K),
                (b'b', _) => form.then(Letter::B),
                (b'h', _) => form.then(Letter::H),
                (b'u', _) => form.then(Letter::U),
                (b'w', _) => form.then(Letter::W),
                (b'p', _) => form.then(Letter::P),
                _ => return None,
            };
            rest = tail;
        }
        Some(form)
    }
}

macro_rules! families {
    ($($name:ident)*) => {
        /// A family of instructions: those that differ in where their operands are.
        #[expect(non_camel_case_types, reason = "the names of the table")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Family { $($name),* }

        const FAMILIES: &[&str] = &[$(stringify!($name)),*];
    };
}

families! {
    add sub mul and or xor shl shr_u shr_s rotr rotl
    xor_shl xor_shr_u xor_rotr or_shl add_shl
    eq ne lt_s lt_u ge_s ge_u
    div_s div_u rem_s rem_u
    clz ctz popcnt extend_8 extend_16
    select
    load_u8 load_i8 load_u16 load_i16 load_u32 store_8 store_16 store_32 at
    if_eq if_ne if_lt_s if_lt_u if_ge_s if_ge_u if_nz if_z if_nz_u8 if_z_u8 if_and_nz if_and_z
    again_ne again_lt_s again_nz
    count_ne count_lt_s count_lt_u count_nz
    add64 sub64 mul64 and64 or64 xor64 shl64 shr_u64 shr_s64 rotl64 rotl64_beyond rotr64
    div_s64 div_u64 rem_s64 rem_u64
    eq64 ne64 lt_s64 lt_u64 ge_s64 ge_u64 eqz64
    clz64 ctz64 popcnt64 extend_8_64 extend_16_64 extend_32_64 extend_s extend_u
    load_64 store_64 select64
    fadd fsub fmul fdiv fmin fmax fcopysign
    fabs fneg fceil ffloor ftrunc fnearest fsqrt
    feq fne flt fle if_feq if_fne if_flt if_fle if_fnlt if_fnle
    dadd dsub dmul ddiv dmin dmax dcopysign
    dabs dneg dceil dfloor dtrunc dnearest dsqrt
    deq dne dlt dle
    f32_from_s32 f32_from_u32 f32_from_s64 f32_from_u64
    f64_from_s32 f64_from_u32 f64_from_s64 f64_from_u64
    f32_trunc_s32 f32_trunc_u32 f32_trunc_s64 f32_trunc_u64
    f64_trunc_s32 f64_trunc_u32 f64_trunc_s64 f64_trunc_u64
    f32_saturate_s32 f32_saturate_u32 f32_saturate_s64 f32_saturate_u64
    f64_saturate_s32 f64_saturate_u32 f64_saturate_s64 f64_saturate_u64
    f32_demote f64_promote
}

/// All forms, which one each instruction has, and which instructions are a family's.
struct Forms {
    forms: [u16; FORMS_MAX],
    count: usize,
    /// [`NO_FORM`] for instructions of no family.
    of: [u8; INSTRUCTIONS.len()],
    /// A family's first instruction, and how many come after it.
    first: [u16; FAMILIES.len()],
    after: [u8; FAMILIES.len()],
    /// Instructions that lie apart from the others of their families.
    apart: [(u8, u16); APART_MAX],
    apart_count: usize,
}

const FORMS_MAX: usize = 128;
const APART_MAX: usize = 64;
const NO_FORM: u8 = u8::MAX;

/// Returns what follows a family's name and an underscore.
const fn rest_of<'n>(name: &'n [u8], family: &[u8]) -> Option<&'n [u8]> {
    let mut name = name;
    let mut family = family;
    while let [wanted, family_tail @ ..] = family {
        match name {
            [first, tail @ ..] if *first == *wanted => name = tail,
            _ => return None,
        }
        family = family_tail;
    }
    match name {
        [b'_', tail @ ..] => Some(tail),
        _ => None,
    }
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what goes wrong"
)]
const FORMS: Forms = {
    let mut all = Forms {
        forms: [0; FORMS_MAX],
        count: 0,
        of: [NO_FORM; INSTRUCTIONS.len()],
        first: [u16::MAX; FAMILIES.len()],
        after: [0; FAMILIES.len()],
        apart: [(0, 0); APART_MAX],
        apart_count: 0,
    };
    let mut ended = [false; FAMILIES.len()];
    let mut number = 0;
    let mut last = FAMILIES.len();
    while number < INSTRUCTIONS.len() {
        let name = INSTRUCTIONS[number].name.as_bytes();
        let mut family = 0;
        while family < FAMILIES.len() {
            if let Some(rest) = rest_of(name, FAMILIES[family].as_bytes())
                && let Some(form) = Form::parse(rest)
            {
                let mut at = 0;
                while at < all.count && all.forms[at] != form.0 {
                    at += 1;
                }
                if at == all.count {
                    all.forms[at] = form.0;
                    all.count += 1;
                }
                all.of[number] = at as u8;
                if all.first[family] == u16::MAX {
                    all.first[family] = number as u16;
                } else if last == family && !ended[family] {
                    // Between them may be instructions of no family.
                    all.after[family] = (number as u16 - all.first[family]) as u8;
                } else {
                    ended[family] = true;
                    all.apart[all.apart_count] = (family as u8, number as u16);
                    all.apart_count += 1;
                }
                last = family;
            }
            family += 1;
        }
        number += 1;
    }
    all
};

static OF: [u8; INSTRUCTIONS.len()] = FORMS.of;
static FIRST: [u16; FAMILIES.len()] = FORMS.first;
static AFTER: [u8; FAMILIES.len()] = FORMS.after;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static APART: [(u8, u16); FORMS.apart_count] = {
    let mut list = [(0, 0); FORMS.apart_count];
    let mut at = 0;
    while at < FORMS.apart_count {
        list[at] = FORMS.apart[at];
        at += 1;
    }
    list
};

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static LIST: [u16; FORMS.count] = {
    let mut list = [0; FORMS.count];
    let mut at = 0;
    while at < FORMS.count {
        list[at] = FORMS.forms[at];
        at += 1;
    }
    list
};

/// Returns the instruction of a family that has this form, if there is one.
#[inline(never)]
pub(crate) fn find(family: Family, form: Form) -> Option<u16> {
    let &first = FIRST.get(family as usize)?;
    let &after = AFTER.get(family as usize)?;
    let has_form = |number: u16| {
        let of = OF.get(usize::from(number)).copied().unwrap_or(NO_FORM);
        LIST.get(usize::from(of)) == Some(&form.0)
    };
    let apart = APART.iter().filter(|(it, _)| *it == family as u8);
    let last = first.wrapping_add(after.into());
    let mut all = (first..=last).chain(apart.map(|(_, number)| *number));
    all.find(|&number| has_form(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_image::opcode;

    #[test]
    fn forms_are_found_by_their_letters() {
        let form = Form::new(&[Letter::K, Letter::H]);
        assert_eq!(
            find(Family::add, form.to_slot(true)),
            Some(opcode::add_kh_d)
        );
        assert_eq!(find(Family::add, form), Some(opcode::add_kh));
        assert_eq!(find(Family::if_eq, form), Some(opcode::if_eq_kh));
        let store = Form::new(&[Letter::S, Letter::U, Letter::K]);
        assert_eq!(find(Family::store_32, store), Some(opcode::store_32_su_k));
        assert_eq!(find(Family::add, Form::new(&[Letter::B])), None);
    }

    #[test]
    fn families_all_have_members() {
        for (first, name) in FIRST.iter().zip(FAMILIES) {
            assert!(usize::from(*first) < INSTRUCTIONS.len(), "{name}");
        }
    }
}
