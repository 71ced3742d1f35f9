//! Columns as text: what a person would write for each value.
use super::cells::{as_integers, rows_of_lists};
use arrow_array::{
    AnyDictionaryArray, Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray,
    cast::AsArray,
    types::{
        ArrowTemporalType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
        Decimal256Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
        DurationSecondType, Float16Type, Float32Type, Float64Type, Time32MillisecondType,
        Time32SecondType, Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt64Type,
    },
};
use arrow_schema::DataType;

/// Values as text, `None` where the column has no plain text form (structs, binary). Lists become a JSON list.
///
/// Dates are `2024-02-29`, times `13:05:00.250`, moments both with a space between and `Z` where the column has a time zone
/// (Arrow keeps these in UTC), spans of time as ISO 8601 has them (`PT1.5S`).
pub(super) fn as_texts(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    let own = |v: Option<&str>| v.map(str::to_owned);
    if let Some(values) = array.as_string_opt::<i32>() {
        return Some(values.iter().map(own).collect());
    }
    if let Some(values) = array.as_string_opt::<i64>() {
        return Some(values.iter().map(own).collect());
    }
    if let Some(values) = array.as_string_view_opt() {
        return Some(values.iter().map(own).collect());
    }
    if let Some(values) = array.as_boolean_opt() {
        return Some(values.iter().map(|v| v.map(|v| v.to_string())).collect());
    }
    if let Some(values) = array.as_any_dictionary_opt() {
        // pandas categories, polars categoricals and enums
        return Some(looked_up(values, &as_texts(values.values())?));
    }
    if *array.data_type() == DataType::Null {
        return Some(vec![None; array.len()]);
    }
    if rows_of_lists(array).is_some() {
        return lists(array);
    }
    numbers(array).or_else(|| decimals(array)).or_else(|| times(array))
}

/// The entry that each key of a dictionary names.
pub(super) fn looked_up<T: Clone>(
    array: &dyn AnyDictionaryArray,
    words: &[Option<T>],
) -> Vec<Option<T>> {
    if words.is_empty() {
        return vec![None; array.len()];
    }
    let keys = array.normalized_keys();
    let rows = keys.into_iter().enumerate();
    rows.map(|(row, key)| if array.is_null(row) { None } else { words[key].clone() }).collect()
}

fn numbers(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    each::<Float64Type>(array, |values, row| Some(values.value(row).to_string()))
        .or_else(|| each::<Float32Type>(array, |values, row| Some(values.value(row).to_string())))
        .or_else(|| each::<Float16Type>(array, |v, row| Some(v.value(row).to_f32().to_string())))
        .or_else(|| each::<UInt64Type>(array, |values, row| Some(values.value(row).to_string())))
        .or_else(|| {
            let integers = as_integers(array)?;
            Some(integers.into_iter().map(|v| v.map(|v| v.to_string())).collect())
        })
}

/// Decimals in plain digits, with all that their scale has (`12.50`).
pub(super) fn decimals(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    each::<Decimal128Type>(array, |values, row| Some(values.value_as_string(row)))
        .or_else(|| each::<Decimal256Type>(array, |v, row| Some(v.value_as_string(row))))
        .or_else(|| each::<Decimal64Type>(array, |v, row| Some(v.value_as_string(row))))
        .or_else(|| each::<Decimal32Type>(array, |v, row| Some(v.value_as_string(row))))
}

fn times(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    match array.data_type() {
        DataType::Date32 => dates::<Date32Type>(array),
        DataType::Date64 => dates::<Date64Type>(array),
        DataType::Timestamp(..) => moments::<TimestampSecondType>(array)
            .or_else(|| moments::<TimestampMillisecondType>(array))
            .or_else(|| moments::<TimestampMicrosecondType>(array))
            .or_else(|| moments::<TimestampNanosecondType>(array)),
        DataType::Time32(_) | DataType::Time64(_) => clock::<Time32SecondType>(array)
            .or_else(|| clock::<Time32MillisecondType>(array))
            .or_else(|| clock::<Time64MicrosecondType>(array))
            .or_else(|| clock::<Time64NanosecondType>(array)),
        DataType::Duration(_) => spans::<DurationSecondType>(array)
            .or_else(|| spans::<DurationMillisecondType>(array))
            .or_else(|| spans::<DurationMicrosecondType>(array))
            .or_else(|| spans::<DurationNanosecondType>(array)),
        _ => None,
    }
}

fn dates<T: ArrowTemporalType>(array: &ArrayRef) -> Option<Vec<Option<String>>>
where
    i64: From<T::Native>,
{
    each::<T>(array, |values, row| values.value_as_date(row).map(|v| v.to_string()))
}

fn moments<T: ArrowTemporalType>(array: &ArrayRef) -> Option<Vec<Option<String>>>
where
    i64: From<T::Native>,
{
    let zone = if matches!(array.data_type(), DataType::Timestamp(_, Some(_))) { "Z" } else { "" };
    each::<T>(array, |values, row| values.value_as_datetime(row).map(|v| format!("{v}{zone}")))
}

fn clock<T: ArrowTemporalType>(array: &ArrayRef) -> Option<Vec<Option<String>>>
where
    i64: From<T::Native>,
{
    each::<T>(array, |values, row| values.value_as_time(row).map(|v| v.to_string()))
}

fn spans<T: ArrowTemporalType>(array: &ArrayRef) -> Option<Vec<Option<String>>>
where
    i64: From<T::Native>,
{
    each::<T>(array, |values, row| values.value_as_duration(row).map(|v| v.to_string()))
}

/// `None` where the array is of another type, or where one of its values has no text: a moment beyond all calendars.
fn each<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    text: impl Fn(&PrimitiveArray<T>, usize) -> Option<String>,
) -> Option<Vec<Option<String>>> {
    let values = array.as_primitive_opt::<T>()?;
    (0..values.len())
        .map(|row| if values.is_null(row) { Some(None) } else { text(values, row).map(Some) })
        .collect()
}

fn lists(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    rows_of_lists(array)?
        .into_iter()
        .map(|row| match row {
            None => Some(None),
            Some(list) => {
                let words: Vec<_> = as_texts(&list)?.into_iter().flatten().collect();
                serde_json::to_string(&words).ok().map(Some)
            }
        })
        .collect()
}
