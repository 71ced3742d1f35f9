//! Columns back to Rust values, from our own tables and from those that other tools wrote.
use super::texts as text_of;
use crate::DataError;
use arrow_array::{
    Array, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{
        Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
        UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    },
};
use arrow_schema::Schema;
use std::path::Path;

pub(super) fn missing(schema: &Schema, name: &str, path: &Path) -> DataError {
    let found: Vec<_> = schema.fields().iter().map(|f| format!("'{}'", f.name())).collect();
    DataError::invalid(path, format!("no column '{name}'; it has {}", found.join(", ")))
}

fn wrong(array: &dyn Array, name: &str, path: &Path, expected: &str) -> DataError {
    DataError::invalid(
        path,
        format!("column '{name}' is {}, expected {expected}", array.data_type()),
    )
}

/// The column `name` of a batch; `path` names the table in errors.
///
/// # Errors
/// The column is missing; the message lists those found.
pub fn column<'b>(
    batch: &'b RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'b ArrayRef, DataError> {
    batch.column_by_name(name).ok_or_else(|| missing(&batch.schema(), name, path))
}

/// The column `name` as a given Arrow array type, without conversion, for hot loops.
///
/// # Errors
/// The column is missing or of another type.
pub fn column_as<'b, A: Array + 'static>(
    batch: &'b RecordBatch,
    name: &str,
    path: &Path,
) -> Result<&'b A, DataError> {
    let array = column(batch, name, path)?;
    array
        .as_any()
        .downcast_ref()
        .ok_or_else(|| wrong(array, name, path, std::any::type_name::<A>()))
}

/// Any scalar column as text; lists of text become a JSON list, as captions are given.
///
/// # Errors
/// The column is missing, or of a kind that has no plain text form (structs, binary).
pub fn texts(
    batch: &RecordBatch,
    name: &str,
    path: &Path,
) -> Result<Vec<Option<String>>, DataError> {
    let array = column(batch, name, path)?;
    text_of::as_texts(array)
        .ok_or_else(|| wrong(array, name, path, "text, numbers, booleans, times or lists of these"))
}

/// An integer or boolean column.
///
/// # Errors
/// The column is missing or of another kind.
pub fn integers(
    batch: &RecordBatch,
    name: &str,
    path: &Path,
) -> Result<Vec<Option<i64>>, DataError> {
    let array = column(batch, name, path)?;
    as_integers(array).ok_or_else(|| wrong(array, name, path, "integers"))
}

/// A column of numbers, integers included.
///
/// # Errors
/// The column is missing or of another kind.
pub fn floats(batch: &RecordBatch, name: &str, path: &Path) -> Result<Vec<Option<f64>>, DataError> {
    let array = column(batch, name, path)?;
    as_floats(array).ok_or_else(|| wrong(array, name, path, "numbers"))
}

/// A list column of numbers (plain, large or of fixed size) as `f32`; a null inside a list is an
/// error, a null list is `None`.
///
/// # Errors
/// The column is missing, of another kind, or has nulls inside its lists.
pub fn lists_f32(
    batch: &RecordBatch,
    name: &str,
    path: &Path,
) -> Result<Vec<Option<Vec<f32>>>, DataError> {
    let array = column(batch, name, path)?;
    rows_of_lists(array)
        .and_then(|rows| {
            rows.into_iter()
                .map(|row| match row {
                    Some(list) => as_f32s(&list).map(Some),
                    None => Some(None),
                })
                .collect()
        })
        .ok_or_else(|| wrong(array, name, path, "lists of numbers without nulls"))
}

fn as_f32s(list: &ArrayRef) -> Option<Vec<f32>> {
    if list.null_count() > 0 {
        return None;
    }
    if let Some(values) = list.as_primitive_opt::<Float32Type>() {
        return Some(values.values().to_vec());
    }
    as_floats(list)?.into_iter().map(|v| v.map(|v| v as f32)).collect()
}

pub(super) fn rows_of_lists(array: &ArrayRef) -> Option<Vec<Option<ArrayRef>>> {
    if let Some(lists) = array.as_list_opt::<i32>() {
        Some(lists.iter().collect())
    } else if let Some(lists) = array.as_list_opt::<i64>() {
        Some(lists.iter().collect())
    } else {
        Some(array.as_fixed_size_list_opt()?.iter().collect())
    }
}

/// Returns the values where the array is of one of these types.
macro_rules! primitives {
    ($array:expr, $convert:expr, $($kind:ident),*) => {
        $(if let Some(values) = $array.as_primitive_opt::<$kind>() {
            return Some(values.iter().map(|v| v.map($convert)).collect());
        })*
    };
}

pub(super) fn as_integers(array: &ArrayRef) -> Option<Vec<Option<i64>>> {
    if let Some(values) = array.as_any_dictionary_opt() {
        let words = as_integers(values.values())?;
        return Some(text_of::looked_up(values, &words));
    }
    if let Some(values) = array.as_boolean_opt() {
        return Some(values.iter().map(|v| v.map(i64::from)).collect());
    }
    if let Some(values) = array.as_primitive_opt::<UInt64Type>() {
        // Above the range of i64 there is no such integer.
        return values.iter().map(|v| v.map(i64::try_from).transpose().ok()).collect();
    }
    primitives!(
        array,
        Into::into,
        Int64Type,
        Int32Type,
        Int16Type,
        Int8Type,
        UInt32Type,
        UInt16Type,
        UInt8Type
    );
    None
}

fn as_floats(array: &ArrayRef) -> Option<Vec<Option<f64>>> {
    primitives!(array, Into::into, Float64Type, Float32Type, Float16Type);
    if let Some(decimals) = text_of::decimals(array) {
        // A decimal in plain digits is always a number.
        return decimals.into_iter().map(|v| v.map(|v| v.parse()).transpose().ok()).collect();
    }
    if let Some(values) = array.as_any_dictionary_opt() {
        let words = as_floats(values.values())?;
        return Some(text_of::looked_up(values, &words));
    }
    Some(as_integers(array)?.into_iter().map(|v| v.map(|v| v as f64)).collect())
}
