//! Columns to a record batch with little noise.
use crate::DataError;
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray,
    builder::{Float32Builder, Int64Builder, ListBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use std::sync::Arc;

/// What errors name: a batch has no file yet.
const TO_BE_WRITTEN: &str = "a table that is to be written";

/// Builds a [`RecordBatch`] column by column, in the order of the calls.
///
/// Plain columns are declared without nulls, `_opt` columns with them, so that the same calls give
/// the same schema whatever the values.
///
/// ```
/// use rightly_data::table::Columns;
/// let batch = Columns::new()
///     .utf8("id", ["a.jpg", "b.jpg"])
///     .i64("output", [3, 7])
///     .f64_opt("loss", [Some(0.5), None])
///     .list_f32("vector", [vec![0.0, 1.0], vec![2.0, 3.0]])
///     .batch()?;
/// assert_eq!((batch.num_rows(), batch.num_columns()), (2, 4));
/// # Ok::<(), rightly_data::DataError>(())
/// ```
#[derive(Debug, Default)]
pub struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }
    fn add(mut self, name: &str, kind: DataType, nullable: bool, array: ArrayRef) -> Self {
        self.fields.push(Field::new(name, kind, nullable));
        self.arrays.push(array);
        self
    }
    /// Text.
    pub fn utf8<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        let array = StringArray::from_iter_values(values);
        self.add(name, DataType::Utf8, false, Arc::new(array))
    }
    /// Text with nulls.
    pub fn utf8_opt<S: AsRef<str>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<S>>,
    ) -> Self {
        let array: StringArray = values.into_iter().collect();
        self.add(name, DataType::Utf8, true, Arc::new(array))
    }
    /// 64-bit integers.
    pub fn i64(self, name: &str, values: impl IntoIterator<Item = i64>) -> Self {
        let array = Int64Array::from_iter_values(values);
        self.add(name, DataType::Int64, false, Arc::new(array))
    }
    /// 64-bit integers with nulls.
    pub fn i64_opt(self, name: &str, values: impl IntoIterator<Item = Option<i64>>) -> Self {
        let array: Int64Array = values.into_iter().collect();
        self.add(name, DataType::Int64, true, Arc::new(array))
    }
    /// 64-bit floats.
    pub fn f64(self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let array = Float64Array::from_iter_values(values);
        self.add(name, DataType::Float64, false, Arc::new(array))
    }
    /// 64-bit floats with nulls.
    pub fn f64_opt(self, name: &str, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let array: Float64Array = values.into_iter().collect();
        self.add(name, DataType::Float64, true, Arc::new(array))
    }
    /// 32-bit floats.
    pub fn f32(self, name: &str, values: impl IntoIterator<Item = f32>) -> Self {
        let array = Float32Array::from_iter_values(values);
        self.add(name, DataType::Float32, false, Arc::new(array))
    }
    /// 32-bit floats with nulls.
    pub fn f32_opt(self, name: &str, values: impl IntoIterator<Item = Option<f32>>) -> Self {
        let array: Float32Array = values.into_iter().collect();
        self.add(name, DataType::Float32, true, Arc::new(array))
    }
    /// Booleans.
    pub fn bool(self, name: &str, values: impl IntoIterator<Item = bool>) -> Self {
        let array: BooleanArray = values.into_iter().map(Some).collect();
        self.add(name, DataType::Boolean, false, Arc::new(array))
    }
    /// Booleans with nulls.
    pub fn bool_opt(self, name: &str, values: impl IntoIterator<Item = Option<bool>>) -> Self {
        let array: BooleanArray = values.into_iter().collect();
        self.add(name, DataType::Boolean, true, Arc::new(array))
    }
    /// Lists of integers.
    pub fn list_i64<L: IntoIterator<Item = i64>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = L>,
    ) -> Self {
        let item = Arc::new(Field::new("item", DataType::Int64, false));
        let mut builder = ListBuilder::new(Int64Builder::new()).with_field(item.clone());
        for list in values {
            list.into_iter().for_each(|value| builder.values().append_value(value));
            builder.append(true);
        }
        self.add(name, DataType::List(item), false, Arc::new(builder.finish()))
    }
    /// Lists of 32-bit floats (vectors, CAM maps), without nulls inside.
    pub fn list_f32<V: AsRef<[f32]>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        self.lists(name, false, values.into_iter().map(Some))
    }
    /// Lists of 32-bit floats, where a whole list may be null.
    pub fn list_f32_opt<V: AsRef<[f32]>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<V>>,
    ) -> Self {
        self.lists(name, true, values.into_iter())
    }
    fn lists<V: AsRef<[f32]>>(
        self,
        name: &str,
        nullable: bool,
        values: impl Iterator<Item = Option<V>>,
    ) -> Self {
        let item = Arc::new(Field::new("item", DataType::Float32, false));
        let mut builder = ListBuilder::new(Float32Builder::new()).with_field(item.clone());
        for list in values {
            if let Some(list) = &list {
                builder.values().append_slice(list.as_ref());
            }
            builder.append(list.is_some());
        }
        self.add(name, DataType::List(item), nullable, Arc::new(builder.finish()))
    }
    /// The batch.
    ///
    /// # Errors
    /// Columns of different lengths, or two of the same name.
    pub fn batch(self) -> Result<RecordBatch, DataError> {
        for (i, field) in self.fields.iter().enumerate() {
            if self.fields[..i].iter().any(|f| f.name() == field.name()) {
                let name = field.name();
                return Err(DataError::invalid(
                    TO_BE_WRITTEN,
                    format!("two columns '{name}'; call the data's own column '{name}' otherwise"),
                ));
            }
        }
        let rows = self.arrays.first().map_or(0, |a| a.len());
        if let Some(i) = self.arrays.iter().position(|a| a.len() != rows) {
            let message = format!(
                "column '{}' has {} rows, '{}' has {rows}",
                self.fields[i].name(),
                self.arrays[i].len(),
                self.fields[0].name(),
            );
            return Err(DataError::invalid(TO_BE_WRITTEN, message));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(self.fields)), self.arrays, &options)
            .map_err(|e| DataError::invalid(TO_BE_WRITTEN, e.to_string()))
    }
}
