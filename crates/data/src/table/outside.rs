//! Tables that other tools wrote: what they hold, and columns in batches that memory holds.
use super::{
    bound::{Steps, cut, texts_bytes},
    guarded::{guarded, next},
    reader::builder,
    room::Room,
    texts::as_texts,
};
use crate::{DataError, files};
use arrow_array::{ArrayRef, RecordBatch, cast::AsArray, new_empty_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
            ParquetRecordBatchReaderBuilder,
        },
    },
    file::metadata::ColumnChunkMetaData,
};
use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Number of rows, and the columns with their types and the file's own metadata.
pub(crate) fn schema(path: &Path) -> Result<(usize, SchemaRef), DataError> {
    let builder = builder(path)?;
    let rows = builder.metadata().row_groups().iter().map(|g| g.num_rows() as usize).sum();
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

/// Some columns, by their place, in batches whose size is bounded whatever the file's compression hides. A column of texts
/// may be a dictionary and keys in one batch and plain in the next; [`texts_bytes`](super::texts_bytes) says what it takes.
///
/// # Errors
/// As [`super::read`]; a column that is too large when it is unpacked.
pub(crate) fn read_columns(
    path: &Path,
    places: &[usize],
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    let groups =
        Groups::open(path, |schema| ProjectionMask::roots(schema, places.iter().copied()))?;
    Ok(groups.batches())
}

/// The row groups of a table, each of which is read on its own: a dictionary is that of its row group.
struct Groups {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    mask: ProjectionMask,
    /// Columns of texts, by their place.
    texts: BTreeSet<usize>,
}

impl Groups {
    fn open(
        path: &Path,
        mask: impl FnOnce(&parquet::schema::types::SchemaDescriptor) -> ProjectionMask,
    ) -> Result<Self, DataError> {
        let builder = builder(path)?;
        let mask = mask(builder.parquet_schema());
        let options = ArrowReaderOptions::new();
        let metadata = guarded(path, || {
            ArrowReaderMetadata::try_new(Arc::clone(builder.metadata()), options)
        })?;
        let fields = metadata.schema().fields().iter().enumerate();
        let texts = fields.filter(|(_, field)| kept_as(field.data_type()).is_some());
        let texts = texts.map(|(place, _)| place).collect();
        Ok(Self { path: path.to_owned(), file: files::open(path)?, metadata, mask, texts })
    }

    /// Every row group's batches. After an error there are no more.
    fn batches(self) -> impl Iterator<Item = Result<RecordBatch, DataError>> {
        let mut group = 0;
        let mut reader: Option<ParquetRecordBatchReader> = None;
        let mut failed = false;
        std::iter::from_fn(move || {
            while !failed {
                match reader.as_mut().and_then(|reader| next(&self.path, reader)) {
                    Some(batch) => {
                        failed = batch.is_err();
                        return Some(batch);
                    }
                    None if group == self.metadata.metadata().num_row_groups() => return None,
                    None => match self.reader(group) {
                        Ok(next) => (reader, group) = (Some(next), group + 1),
                        Err(error) => {
                            failed = true;
                            return Some(Err(error));
                        }
                    },
                }
            }
            None
        })
    }

    fn reader(&self, group: usize) -> Result<ParquetRecordBatchReader, DataError> {
        let metadata = self.metadata.metadata();
        let steps = Steps::of(&self.file, metadata, group, &self.mask, &self.texts)
            .map_err(|why| DataError::invalid(&self.path, why))?;
        let file = self.file.try_clone().map_err(|e| DataError::io(&self.path, e))?;
        let (metadata, rows) = match &steps.dictionaries {
            none if none.is_empty() => (self.metadata.clone(), steps.rows),
            places => match kept_as_dictionaries(&self.metadata, places) {
                Ok(metadata) => (metadata, steps.rows),
                Err(_) => (self.metadata.clone(), steps.rows_without),
            },
        };
        guarded(&self.path, || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
                .with_row_groups(vec![group])
                .with_batch_size(rows)
                .with_projection(self.mask.clone())
                .build()
        })
    }
}

/// The type as which a column of texts is a dictionary and keys; `None` of other columns.
fn kept_as(kind: &DataType) -> Option<DataType> {
    let words = match kind {
        DataType::Utf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeUtf8 => DataType::LargeUtf8,
        DataType::Dictionary(_, words) if words.is_string() => return Some(kind.clone()),
        _ => return None,
    };
    Some(DataType::Dictionary(Box::new(DataType::Int32), Box::new(words)))
}

/// The schema in which some columns of texts are dictionaries.
fn kept_as_dictionaries(
    metadata: &ArrowReaderMetadata,
    places: &BTreeSet<usize>,
) -> Result<ArrowReaderMetadata, parquet::errors::ParquetError> {
    let fields = metadata.schema().fields().iter().enumerate().map(|(place, field)| {
        let kind = kept_as(field.data_type()).filter(|_| places.contains(&place));
        let field = Field::clone(field);
        match kind {
            Some(kind) => field.with_data_type(kind),
            None => field,
        }
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
}

/// All columns of a table from outside, in such batches, whose texts take no more than 128 MiB each.
///
/// # Errors
/// As [`super::read`]; a column that is too large when it is unpacked.
pub fn read_bounded(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    let parts = |batch: Result<RecordBatch, DataError>| match batch {
        Ok(batch) => cut(batch).into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) => vec![Err(error)],
    };
    Ok(Groups::open(path, |_| ProjectionMask::all())?.batches().flat_map(parts))
}

/// All columns, in batches as [`read_columns`] gives them.
pub(super) fn read_all(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    Ok(Groups::open(path, |_| ProjectionMask::all())?.batches())
}

/// One leaf of a table (`image.path`) as text.
pub(crate) fn leaf_texts(path: &Path, leaf: &str) -> Result<Vec<Option<String>>, DataError> {
    let groups = Groups::open(path, |schema| ProjectionMask::columns(schema, [leaf]))?;
    let (mut out, mut room) = (Vec::new(), Room::of_texts(path)?);
    for batch in groups.batches() {
        let batch = batch?;
        let no_text = || DataError::invalid(path, format!("'{leaf}' is no text"));
        let array = batch.columns().first().map(innermost).ok_or_else(no_text)?;
        let row = (out.len() + batch.num_rows()) as u64;
        room.has(texts_bytes(&array), row)?;
        let texts = as_texts(&array).ok_or_else(no_text)?;
        room.take_cells(&texts, row)?;
        out.extend(texts);
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
