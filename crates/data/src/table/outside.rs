//! Tables that other tools wrote: what they hold, and columns in batches that memory holds.
use super::{
    reader::{builder, unread},
    texts::as_texts,
};
use crate::DataError;
use arrow_array::{ArrayRef, RecordBatch, cast::AsArray, new_empty_array};
use arrow_schema::{DataType, SchemaRef};
use parquet::{
    arrow::ProjectionMask,
    basic::Type as PhysicalType,
    file::metadata::{ColumnChunkMetaData, ParquetMetaData},
};
use std::path::Path;

/// Bytes that a batch may take where each of its values is as large as a whole column chunk: a value that a dictionary holds
/// once can stand in every row.
const BATCH_BYTES: i64 = 1 << 29;
/// Bytes that one column of a row group may have when it is unpacked.
const MAX_CHUNK: i64 = 4 << 30;

/// Texts in the lists of a row group: captions of a million images.
const MAX_TEXTS_IN_LISTS: i64 = 16 << 20;

/// Number of rows, and the columns with their types and the file's own metadata.
pub(crate) fn schema(path: &Path) -> Result<(usize, SchemaRef), DataError> {
    let builder = builder(path)?;
    let rows = builder.metadata().row_groups().iter().map(|g| g.num_rows().max(0) as usize).sum();
    Ok((rows, builder.schema().clone()))
}

/// Whether columns of a type have a text form.
pub(crate) fn has_texts(kind: &DataType) -> bool {
    as_texts(&new_empty_array(kind)).is_some()
}

/// Values as text, as [`super::texts`] gives them.
pub(crate) fn texts_of(array: &ArrayRef) -> Option<Vec<Option<String>>> {
    as_texts(array)
}

/// Some columns, by their place, in batches whose size is bounded whatever the file's compression hides.
///
/// # Errors
/// As [`super::read`]; a column that is too large when it is unpacked.
pub(crate) fn read_columns(
    path: &Path,
    places: &[usize],
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    let builder = builder(path)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), places.iter().copied());
    let rows = batch_rows(builder.metadata(), &mask)
        .map_err(|message| DataError::invalid(path, message))?;
    let reader =
        builder.with_batch_size(rows).with_projection(mask).build().map_err(|e| unread(path, e))?;
    let path = path.to_owned();
    Ok(reader.map(move |batch| batch.map_err(|e| unread(&path, e))))
}

/// Rows of a batch: so many that even values of a whole chunk's size would fit.
pub(super) fn batch_rows(
    metadata: &ParquetMetaData,
    mask: &ProjectionMask,
) -> Result<usize, String> {
    let chunks = metadata.row_groups().iter().flat_map(|group| group.columns().iter().enumerate());
    let mut rows = 8192;
    for (_, chunk) in chunks.filter(|(leaf, _)| mask.leaf_included(*leaf)) {
        // Runs of equal values take no room in the file; unpacked each takes its own.
        let width = match chunk.column_type() {
            PhysicalType::BOOLEAN | PhysicalType::BYTE_ARRAY => 1,
            PhysicalType::INT32 | PhysicalType::FLOAT => 4,
            PhysicalType::INT96 => 12,
            PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
            PhysicalType::FIXED_LEN_BYTE_ARRAY => 16,
        };
        let bytes = chunk.uncompressed_size().max(chunk.num_values().saturating_mul(width));
        if bytes > MAX_CHUNK {
            return Err(format!(
                "column '{}' takes {bytes} bytes in one row group, the limit is {MAX_CHUNK}; write it in smaller row groups",
                chunk.column_path().string()
            ));
        }
        // Of lists one row may have any number.
        let in_lists = chunk.column_descr().max_rep_level() > 0;
        if in_lists && width == 1 && chunk.num_values() > MAX_TEXTS_IN_LISTS {
            return Err(format!(
                "column '{}' has {} texts in the lists of one row group, the limit is {MAX_TEXTS_IN_LISTS}; write it in \
                 smaller row groups",
                chunk.column_path().string(),
                chunk.num_values()
            ));
        }
        // Without a dictionary the values of a chunk are no larger together than the chunk.
        if chunk.dictionary_page_offset().is_some() && width == 1 {
            rows = rows.min((BATCH_BYTES / bytes.max(1)).max(1));
        }
    }
    Ok(rows as usize)
}

/// All columns of a table from outside, in such batches.
///
/// # Errors
/// As [`super::read`]; a column that is too large when it is unpacked.
pub fn read_bounded(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    let (_, schema) = schema(path)?;
    read_columns(path, &(0..schema.fields().len()).collect::<Vec<_>>())
}

/// One leaf of a table (`image.path`) as text.
pub(crate) fn leaf_texts(path: &Path, leaf: &str) -> Result<Vec<Option<String>>, DataError> {
    let builder = builder(path)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), [leaf]);
    let rows = batch_rows(builder.metadata(), &mask)
        .map_err(|message| DataError::invalid(path, message))?;
    let reader = builder.with_batch_size(rows).with_projection(mask).build();
    let mut out = Vec::new();
    for batch in reader.map_err(|e| unread(path, e))? {
        let batch = batch.map_err(|e| unread(path, e))?;
        let texts = batch.columns().first().map(innermost).and_then(|array| as_texts(&array));
        out.extend(texts.ok_or_else(|| DataError::invalid(path, format!("'{leaf}' is no text")))?);
    }
    Ok(out)
}

/// Whether the file says that a leaf has no value at all.
pub(crate) fn is_all_null(path: &Path, leaf: &str) -> Result<bool, DataError> {
    let builder = builder(path)?;
    let chunks = builder.metadata().row_groups().iter().flat_map(|group| group.columns());
    let mut own = chunks.filter(|chunk| chunk.column_path().string() == leaf).peekable();
    let empty = |chunk: &ColumnChunkMetaData| {
        let nulls = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
        nulls.is_some_and(|nulls| nulls as i64 == chunk.num_values())
    };
    Ok(own.peek().is_some() && own.all(empty))
}

/// The column itself, or the only field of a struct of which one field was read; rows without the struct have none.
fn innermost(array: &ArrayRef) -> ArrayRef {
    match array.as_struct_opt() {
        // The reader gives the field of a struct that is null as null too.
        Some(fields) if fields.num_columns() == 1 => innermost(fields.column(0)),
        _ => ArrayRef::clone(array),
    }
}

/// Values of a column of bytes, or of a struct of one such.
pub(crate) fn bytes_of(array: &ArrayRef) -> Option<Vec<Option<Vec<u8>>>> {
    let array = innermost(array);
    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    if let Some(values) = array.as_binary_opt::<i32>() {
        return Some(values.iter().map(own).collect());
    }
    if let Some(values) = array.as_binary_opt::<i64>() {
        return Some(values.iter().map(own).collect());
    }
    Some(array.as_binary_view_opt()?.iter().map(own).collect())
}
