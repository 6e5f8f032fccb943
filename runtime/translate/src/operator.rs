//! Operators: the instructions that differ only in what they compute.
//!
//! Four fifths of Wasm's instructions take one or two values of one type and give one of another,
//! or load or store with some width. They are numbers here, with tables that say what the types
//! are; front end and back ends look them up instead of spelling them out. The numbers are Wasm's
//! opcodes, continued where Wasm has a prefix, and dense: a back end's own table can be indexed
//! with them.

use mote_engine::ValueType::{self, F32, F64, I32, I64};

/// An operator with one or two operands and one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator(u8);

/// A load or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessOperator(u8);

/// A bulk operation on memory or tables: three `i32` operands, but a fill's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BulkOperator {
    /// `memory.init`: from a data segment.
    MemoryInit,
    /// `memory.copy`.
    MemoryCopy,
    /// `memory.fill`.
    MemoryFill,
    /// `table.init`: from an element segment.
    TableInit,
    /// `table.copy`.
    TableCopy,
    /// `table.fill`; its operands are index, value, count.
    TableFill,
}

/// What an operator takes and gives, in a byte: operand type, result type, whether it takes two.
#[derive(Clone, Copy)]
struct Shape(u8);

const fn code(value_type: ValueType) -> u8 {
    match value_type {
        I64 => 1,
        F32 => 2,
        F64 => 3,
        I32 | ValueType::FuncRef | ValueType::ExternRef => 0,
    }
}

const fn decode(code: u8) -> ValueType {
    match code & 3 {
        1 => I64,
        2 => F32,
        3 => F64,
        _ => I32,
    }
}

const fn unary(operand: ValueType, result: ValueType) -> Shape {
    Shape(code(operand) | code(result) << 2)
}

const fn binary(operand: ValueType, result: ValueType) -> Shape {
    Shape(unary(operand, result).0 | 16)
}

/// Runs of operators of one shape, in the order of their numbers: how many, and which shape.
const RUNS: [(u8, Shape); 37] = [
    (1, unary(I32, I32)),
    (10, binary(I32, I32)),
    (1, unary(I64, I32)),
    (10, binary(I64, I32)),
    (6, binary(F32, I32)),
    (6, binary(F64, I32)),
    (3, unary(I32, I32)),
    (15, binary(I32, I32)),
    (3, unary(I64, I64)),
    (15, binary(I64, I64)),
    (7, unary(F32, F32)),
    (7, binary(F32, F32)),
    (7, unary(F64, F64)),
    (7, binary(F64, F64)),
    (1, unary(I64, I32)),
    (2, unary(F32, I32)),
    (2, unary(F64, I32)),
    (2, unary(I32, I64)),
    (2, unary(F32, I64)),
    (2, unary(F64, I64)),
    (2, unary(I32, F32)),
    (2, unary(I64, F32)),
    (1, unary(F64, F32)),
    (2, unary(I32, F64)),
    (2, unary(I64, F64)),
    (1, unary(F32, F64)),
    (1, unary(F32, I32)),
    (1, unary(F64, I64)),
    (1, unary(I32, F32)),
    (1, unary(I64, F64)),
    (2, unary(I32, I32)),
    (3, unary(I64, I64)),
    (2, unary(F32, I32)),
    (2, unary(F64, I32)),
    (2, unary(F32, I64)),
    (2, unary(F64, I64)),
    // ref.is_null, whose operand is a reference: see Operator::operand.
    (1, unary(I32, I32)),
];

macro_rules! operators {
    ($kind:ident, $table:ident: $($constant:ident = $number:literal, $name:literal;)*) => {
        impl $kind {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self($number);
            )*

            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$constant),*];
        }

        const $table: &[&str] = &[$($name),*];
    };
}

operators! { Operator, NAMES:
    I32_EQZ = 0x45, "i32.eqz";
    I32_EQ = 0x46, "i32.eq";
    I32_NE = 0x47, "i32.ne";
    I32_LT_S = 0x48, "i32.lt_s";
    I32_LT_U = 0x49, "i32.lt_u";
    I32_GT_S = 0x4a, "i32.gt_s";
    I32_GT_U = 0x4b, "i32.gt_u";
    I32_LE_S = 0x4c, "i32.le_s";
    I32_LE_U = 0x4d, "i32.le_u";
    I32_GE_S = 0x4e, "i32.ge_s";
    I32_GE_U = 0x4f, "i32.ge_u";
    I64_EQZ = 0x50, "i64.eqz";
    I64_EQ = 0x51, "i64.eq";
    I64_NE = 0x52, "i64.ne";
    I64_LT_S = 0x53, "i64.lt_s";
    I64_LT_U = 0x54, "i64.lt_u";
    I64_GT_S = 0x55, "i64.gt_s";
    I64_GT_U = 0x56, "i64.gt_u";
    I64_LE_S = 0x57, "i64.le_s";
    I64_LE_U = 0x58, "i64.le_u";
    I64_GE_S = 0x59, "i64.ge_s";
    I64_GE_U = 0x5a, "i64.ge_u";
    F32_EQ = 0x5b, "f32.eq";
    F32_NE = 0x5c, "f32.ne";
    F32_LT = 0x5d, "f32.lt";
    F32_GT = 0x5e, "f32.gt";
    F32_LE = 0x5f, "f32.le";
    F32_GE = 0x60, "f32.ge";
    F64_EQ = 0x61, "f64.eq";
    F64_NE = 0x62, "f64.ne";
    F64_LT = 0x63, "f64.lt";
    F64_GT = 0x64, "f64.gt";
    F64_LE = 0x65, "f64.le";
    F64_GE = 0x66, "f64.ge";
    I32_CLZ = 0x67, "i32.clz";
    I32_CTZ = 0x68, "i32.ctz";
    I32_POPCNT = 0x69, "i32.popcnt";
    I32_ADD = 0x6a, "i32.add";
    I32_SUB = 0x6b, "i32.sub";
    I32_MUL = 0x6c, "i32.mul";
    I32_DIV_S = 0x6d, "i32.div_s";
    I32_DIV_U = 0x6e, "i32.div_u";
    I32_REM_S = 0x6f, "i32.rem_s";
    I32_REM_U = 0x70, "i32.rem_u";
    I32_AND = 0x71, "i32.and";
    I32_OR = 0x72, "i32.or";
    I32_XOR = 0x73, "i32.xor";
    I32_SHL = 0x74, "i32.shl";
    I32_SHR_S = 0x75, "i32.shr_s";
    I32_SHR_U = 0x76, "i32.shr_u";
    I32_ROTL = 0x77, "i32.rotl";
    I32_ROTR = 0x78, "i32.rotr";
    I64_CLZ = 0x79, "i64.clz";
    I64_CTZ = 0x7a, "i64.ctz";
    I64_POPCNT = 0x7b, "i64.popcnt";
    I64_ADD = 0x7c, "i64.add";
    I64_SUB = 0x7d, "i64.sub";
    I64_MUL = 0x7e, "i64.mul";
    I64_DIV_S = 0x7f, "i64.div_s";
    I64_DIV_U = 0x80, "i64.div_u";
    I64_REM_S = 0x81, "i64.rem_s";
    I64_REM_U = 0x82, "i64.rem_u";
    I64_AND = 0x83, "i64.and";
    I64_OR = 0x84, "i64.or";
    I64_XOR = 0x85, "i64.xor";
    I64_SHL = 0x86, "i64.shl";
    I64_SHR_S = 0x87, "i64.shr_s";
    I64_SHR_U = 0x88, "i64.shr_u";
    I64_ROTL = 0x89, "i64.rotl";
    I64_ROTR = 0x8a, "i64.rotr";
    F32_ABS = 0x8b, "f32.abs";
    F32_NEG = 0x8c, "f32.neg";
    F32_CEIL = 0x8d, "f32.ceil";
    F32_FLOOR = 0x8e, "f32.floor";
    F32_TRUNC = 0x8f, "f32.trunc";
    F32_NEAREST = 0x90, "f32.nearest";
    F32_SQRT = 0x91, "f32.sqrt";
    F32_ADD = 0x92, "f32.add";
    F32_SUB = 0x93, "f32.sub";
    F32_MUL = 0x94, "f32.mul";
    F32_DIV = 0x95, "f32.div";
    F32_MIN = 0x96, "f32.min";
    F32_MAX = 0x97, "f32.max";
    F32_COPYSIGN = 0x98, "f32.copysign";
    F64_ABS = 0x99, "f64.abs";
    F64_NEG = 0x9a, "f64.neg";
    F64_CEIL = 0x9b, "f64.ceil";
    F64_FLOOR = 0x9c, "f64.floor";
    F64_TRUNC = 0x9d, "f64.trunc";
    F64_NEAREST = 0x9e, "f64.nearest";
    F64_SQRT = 0x9f, "f64.sqrt";
    F64_ADD = 0xa0, "f64.add";
    F64_SUB = 0xa1, "f64.sub";
    F64_MUL = 0xa2, "f64.mul";
    F64_DIV = 0xa3, "f64.div";
    F64_MIN = 0xa4, "f64.min";
    F64_MAX = 0xa5, "f64.max";
    F64_COPYSIGN = 0xa6, "f64.copysign";
    I32_WRAP_I64 = 0xa7, "i32.wrap_i64";
    I32_TRUNC_F32_S = 0xa8, "i32.trunc_f32_s";
    I32_TRUNC_F32_U = 0xa9, "i32.trunc_f32_u";
    I32_TRUNC_F64_S = 0xaa, "i32.trunc_f64_s";
    I32_TRUNC_F64_U = 0xab, "i32.trunc_f64_u";
    I64_EXTEND_I32_S = 0xac, "i64.extend_i32_s";
    I64_EXTEND_I32_U = 0xad, "i64.extend_i32_u";
    I64_TRUNC_F32_S = 0xae, "i64.trunc_f32_s";
    I64_TRUNC_F32_U = 0xaf, "i64.trunc_f32_u";
    I64_TRUNC_F64_S = 0xb0, "i64.trunc_f64_s";
    I64_TRUNC_F64_U = 0xb1, "i64.trunc_f64_u";
    F32_CONVERT_I32_S = 0xb2, "f32.convert_i32_s";
    F32_CONVERT_I32_U = 0xb3, "f32.convert_i32_u";
    F32_CONVERT_I64_S = 0xb4, "f32.convert_i64_s";
    F32_CONVERT_I64_U = 0xb5, "f32.convert_i64_u";
    F32_DEMOTE_F64 = 0xb6, "f32.demote_f64";
    F64_CONVERT_I32_S = 0xb7, "f64.convert_i32_s";
    F64_CONVERT_I32_U = 0xb8, "f64.convert_i32_u";
    F64_CONVERT_I64_S = 0xb9, "f64.convert_i64_s";
    F64_CONVERT_I64_U = 0xba, "f64.convert_i64_u";
    F64_PROMOTE_F32 = 0xbb, "f64.promote_f32";
    I32_REINTERPRET_F32 = 0xbc, "i32.reinterpret_f32";
    I64_REINTERPRET_F64 = 0xbd, "i64.reinterpret_f64";
    F32_REINTERPRET_I32 = 0xbe, "f32.reinterpret_i32";
    F64_REINTERPRET_I64 = 0xbf, "f64.reinterpret_i64";
    I32_EXTEND8_S = 0xc0, "i32.extend8_s";
    I32_EXTEND16_S = 0xc1, "i32.extend16_s";
    I64_EXTEND8_S = 0xc2, "i64.extend8_s";
    I64_EXTEND16_S = 0xc3, "i64.extend16_s";
    I64_EXTEND32_S = 0xc4, "i64.extend32_s";
    I32_TRUNC_SAT_F32_S = 0xc5, "i32.trunc_sat_f32_s";
    I32_TRUNC_SAT_F32_U = 0xc6, "i32.trunc_sat_f32_u";
    I32_TRUNC_SAT_F64_S = 0xc7, "i32.trunc_sat_f64_s";
    I32_TRUNC_SAT_F64_U = 0xc8, "i32.trunc_sat_f64_u";
    I64_TRUNC_SAT_F32_S = 0xc9, "i64.trunc_sat_f32_s";
    I64_TRUNC_SAT_F32_U = 0xca, "i64.trunc_sat_f32_u";
    I64_TRUNC_SAT_F64_S = 0xcb, "i64.trunc_sat_f64_s";
    I64_TRUNC_SAT_F64_U = 0xcc, "i64.trunc_sat_f64_u";
    REF_IS_NULL = 0xcd, "ref.is_null";
}

operators! { AccessOperator, ACCESS_NAMES:
    I32_LOAD = 0x28, "i32.load";
    I64_LOAD = 0x29, "i64.load";
    F32_LOAD = 0x2a, "f32.load";
    F64_LOAD = 0x2b, "f64.load";
    I32_LOAD8_S = 0x2c, "i32.load8_s";
    I32_LOAD8_U = 0x2d, "i32.load8_u";
    I32_LOAD16_S = 0x2e, "i32.load16_s";
    I32_LOAD16_U = 0x2f, "i32.load16_u";
    I64_LOAD8_S = 0x30, "i64.load8_s";
    I64_LOAD8_U = 0x31, "i64.load8_u";
    I64_LOAD16_S = 0x32, "i64.load16_s";
    I64_LOAD16_U = 0x33, "i64.load16_u";
    I64_LOAD32_S = 0x34, "i64.load32_s";
    I64_LOAD32_U = 0x35, "i64.load32_u";
    I32_STORE = 0x36, "i32.store";
    I64_STORE = 0x37, "i64.store";
    F32_STORE = 0x38, "f32.store";
    F64_STORE = 0x39, "f64.store";
    I32_STORE8 = 0x3a, "i32.store8";
    I32_STORE16 = 0x3b, "i32.store16";
    I64_STORE8 = 0x3c, "i64.store8";
    I64_STORE16 = 0x3d, "i64.store16";
    I64_STORE32 = 0x3e, "i64.store32";
}

/// The first operator's number.
const FIRST: u8 = Operator::I32_EQZ.0;

/// How many operators there are.
const COUNT: usize = Operator::ALL.len();

/// The operators' shapes.
static SHAPES: [Shape; COUNT] = shapes();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "evaluated by the compiler, which refuses what would panic"
)]
const fn shapes() -> [Shape; COUNT] {
    let mut shapes = [Shape(0); COUNT];
    let (mut at, mut run) = (0, 0);
    while run < RUNS.len() {
        let (mut left, shape) = RUNS[run];
        while left > 0 {
            shapes[at] = shape;
            at += 1;
            left -= 1;
        }
        run += 1;
    }
    assert!(at == COUNT, "the runs cover the operators");
    shapes
}

impl Operator {
    /// Returns the operator of an opcode without prefix.
    #[must_use]
    pub const fn from_opcode(opcode: u8) -> Option<Self> {
        match opcode {
            0x45..=0xc4 => Some(Self(opcode)),
            _ => None,
        }
    }

    /// Returns the operator of an opcode behind the prefix 0xfc: a saturating conversion.
    #[must_use]
    pub const fn from_prefixed(opcode: u32) -> Option<Self> {
        match opcode {
            #[expect(clippy::cast_possible_truncation, reason = "at most 7")]
            0..=7 => Some(Self(Self::I32_TRUNC_SAT_F32_S.0.wrapping_add(opcode as u8))),
            _ => None,
        }
    }

    /// Returns the operator's number, counted from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.wrapping_sub(FIRST) as usize
    }

    fn shape(self) -> Shape {
        SHAPES.get(self.index()).copied().unwrap_or(Shape(0))
    }

    /// Returns the type of its operands. `ref.is_null` takes either reference type, and says
    /// `i32` here: a reference is a word like any.
    #[must_use]
    pub fn operand(self) -> ValueType {
        decode(self.shape().0)
    }

    /// Returns the type of its result.
    #[must_use]
    pub fn result(self) -> ValueType {
        decode(self.shape().0 >> 2)
    }

    /// Tells whether it has two operands.
    #[must_use]
    pub fn is_binary(self) -> bool {
        self.shape().0 & 16 != 0
    }

    /// Tells whether it is a comparison or a test for zero: its result is 0 or 1.
    #[must_use]
    pub const fn is_test(self) -> bool {
        matches!(self.0, 0x45..=0x66 | 0xcd)
    }

    /// Tells whether it does nothing to words: `i32.wrap_i64` or a reinterpretation.
    #[must_use]
    pub const fn is_retyping(self) -> bool {
        matches!(self.0, 0xa7 | 0xbc..=0xbf)
    }

    /// Returns its name in the text format.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(self.index()).copied().unwrap_or("?")
    }
}

/// The first load's number.
const FIRST_ACCESS: u8 = AccessOperator::I32_LOAD.0;

/// The first store's number.
const FIRST_STORE: u8 = AccessOperator::I32_STORE.0;

const fn access(value_type: ValueType, log2_bytes: u8) -> u8 {
    code(value_type) | log2_bytes << 2
}

/// The loads' and stores' value types and widths.
static ACCESSES: [u8; AccessOperator::ALL.len()] = [
    access(I32, 2),
    access(I64, 3),
    access(F32, 2),
    access(F64, 3),
    access(I32, 0),
    access(I32, 0),
    access(I32, 1),
    access(I32, 1),
    access(I64, 0),
    access(I64, 0),
    access(I64, 1),
    access(I64, 1),
    access(I64, 2),
    access(I64, 2),
    access(I32, 2),
    access(I64, 3),
    access(F32, 2),
    access(F64, 3),
    access(I32, 0),
    access(I32, 1),
    access(I64, 0),
    access(I64, 1),
    access(I64, 2),
];

impl AccessOperator {
    /// Returns the load or store of an opcode.
    #[must_use]
    pub const fn from_opcode(opcode: u8) -> Option<Self> {
        match opcode {
            0x28..=0x3e => Some(Self(opcode)),
            _ => None,
        }
    }

    /// Returns the operator's number, counted from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0.wrapping_sub(FIRST_ACCESS) as usize
    }

    fn entry(self) -> u8 {
        ACCESSES.get(self.index()).copied().unwrap_or(0)
    }

    /// Tells whether it is a store.
    #[must_use]
    pub const fn is_store(self) -> bool {
        self.0 >= FIRST_STORE
    }

    /// Returns the type of what it loads or stores.
    #[must_use]
    pub fn value_type(self) -> ValueType {
        decode(self.entry())
    }

    /// Returns the binary logarithm of the bytes that it accesses.
    #[must_use]
    pub fn log2_bytes(self) -> u8 {
        self.entry() >> 2
    }

    /// Returns its name in the text format.
    #[must_use]
    pub fn name(self) -> &'static str {
        ACCESS_NAMES.get(self.index()).copied().unwrap_or("?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_dense_and_ordered() {
        for (index, operator) in Operator::ALL.iter().enumerate() {
            assert_eq!(operator.index(), index);
        }
        for (index, operator) in AccessOperator::ALL.iter().enumerate() {
            assert_eq!(operator.index(), index);
        }
    }

    #[test]
    fn operators_have_the_types_that_their_names_say() {
        for operator in Operator::ALL {
            let (result, rest) = operator.name().split_once('.').unwrap();
            if result == "ref" {
                continue;
            }
            let expected = if operator.is_test() { "i32" } else { result };
            assert_eq!(operator.result().name(), expected, "{}", operator.name());
            let operand = ["i32", "i64", "f32", "f64"]
                .into_iter()
                .find(|name| rest.contains(&alloc::format!("_{name}")))
                .unwrap_or(result);
            assert_eq!(operator.operand().name(), operand, "{}", operator.name());
        }
    }

    #[test]
    fn accesses_have_the_widths_that_their_names_say() {
        for operator in AccessOperator::ALL {
            let (value, rest) = operator.name().split_once('.').unwrap();
            assert_eq!(operator.value_type().name(), value);
            assert_eq!(operator.is_store(), rest.starts_with("store"));
            let bits = |text: &str| {
                let digits: alloc::string::String =
                    text.chars().filter(char::is_ascii_digit).collect();
                digits.parse::<u32>().ok()
            };
            let expected = bits(rest).or(bits(value)).unwrap();
            assert_eq!(8 << operator.log2_bytes(), expected, "{}", operator.name());
        }
    }
}
