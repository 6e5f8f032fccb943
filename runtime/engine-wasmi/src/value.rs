//! Values between wasmi's types and the words of [`Values`](mote_engine::Values).

use alloc::vec::Vec;
use mote_engine::{Value, ValueType};
use wasmi::{ExternRef, F32, F64, Func, Nullable, Store, Val, ValType};

/// Returns the type, or nothing for a vector.
pub(crate) fn value_type(value_type: ValType) -> Option<ValueType> {
    match value_type {
        ValType::I32 => Some(ValueType::I32),
        ValType::I64 => Some(ValueType::I64),
        ValType::F32 => Some(ValueType::F32),
        ValType::F64 => Some(ValueType::F64),
        ValType::FuncRef => Some(ValueType::FuncRef),
        ValType::ExternRef => Some(ValueType::ExternRef),
        ValType::V128 => None,
    }
}

/// Returns the bytes of types, or nothing where one is a vector.
pub(crate) fn type_bytes(types: &[ValType]) -> Option<Vec<u8>> {
    types
        .iter()
        .map(|&own| value_type(own).map(ValueType::byte))
        .collect()
}

/// Returns a value that wasmi puts a result of this type into.
pub(crate) fn zero_of(byte: u8) -> Val {
    match ValueType::from_byte(byte) {
        Some(ValueType::I64) => Val::I64(0),
        Some(ValueType::F32) => Val::F32(F32::from_bits(0)),
        Some(ValueType::F64) => Val::F64(F64::from_bits(0)),
        Some(ValueType::FuncRef) => Val::FuncRef(Nullable::Null),
        Some(ValueType::ExternRef) => Val::ExternRef(Nullable::Null),
        Some(ValueType::I32) | None => Val::I32(0),
    }
}

/// The functions that references were made of, by the number that stands for each outside.
pub(crate) type Functions = Vec<Func>;

/// Returns wasmi's form of a value, or nothing where a function reference is not one of this
/// engine's.
pub(crate) fn to_wasmi<T>(
    value: Value,
    store: &mut Store<T>,
    functions: &Functions,
) -> Option<Val> {
    Some(match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
        Value::F32(bits) => Val::F32(F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(bits)),
        Value::FuncRef(None) => Val::FuncRef(Nullable::Null),
        Value::FuncRef(Some(number)) => Val::FuncRef(Nullable::Val(
            *functions.get(usize::try_from(number).ok()?)?,
        )),
        Value::ExternRef(None) => Val::ExternRef(Nullable::Null),
        Value::ExternRef(Some(number)) => {
            Val::ExternRef(Nullable::Val(ExternRef::new(store, number)))
        }
    })
}

/// Appends a value's words. A function reference gets the number of its place in `functions`.
pub(crate) fn push_words<T>(
    words: &mut Vec<u32>,
    value: &Val,
    store: &Store<T>,
    functions: &mut Functions,
) -> Option<()> {
    let value = match value {
        Val::I32(value) => Value::I32(*value),
        Val::I64(value) => Value::I64(*value),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::FuncRef(Nullable::Null) => Value::FuncRef(None),
        Val::FuncRef(Nullable::Val(function)) => {
            let number = u32::try_from(functions.len()).ok()?;
            functions.push(*function);
            Value::FuncRef(Some(number))
        }
        Val::ExternRef(Nullable::Null) => Value::ExternRef(None),
        Val::ExternRef(Nullable::Val(reference)) => {
            Value::ExternRef(Some(*reference.data(store).downcast_ref::<u32>()?))
        }
        Val::V128(_) => return None,
    };
    words.extend(
        value
            .to_words()
            .into_iter()
            .take(value.value_type().words()),
    );
    Some(())
}
