//! Readers: batch by batch, or a small table whole.
use super::{
    bound::{Steps, texts_bytes},
    cells,
    guarded::{guarded, next},
    outside::read_all,
    room::Room,
};
use crate::{DataError, files};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection},
    },
    file::metadata::ColumnChunkMetaData,
};
use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
};

pub(super) fn builder(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, DataError> {
    let file = files::open(path)?;
    let bytes = file.metadata().map_err(|e| DataError::io(path, e))?.len();
    let opened = guarded(path, || {
        let builder = ParquetRecordBatchReaderBuilder::try_new(file);
        Ok::<_, DataError>(builder.map_err(|e| format!("not a Parquet file that can be read: {e}")))
    })?;
    let builder = opened.map_err(|why| DataError::invalid(path, why))?;
    if builder.metadata().row_groups().iter().any(|group| group.num_rows() < 0) {
        return Err(DataError::invalid(path, "damaged: a row group has less than no rows"));
    }
    // The reader asserts this of a column instead of failing on it.
    let inside = |c: &ColumnChunkMetaData| {
        let start = c.dictionary_page_offset().unwrap_or_else(|| c.data_page_offset());
        let end = start.checked_add(c.compressed_size());
        start >= 0 && c.compressed_size() >= 0 && end.is_some_and(|end| end as u64 <= bytes)
    };
    if builder.metadata().row_groups().iter().flat_map(|g| g.columns()).all(inside) {
        Ok(builder)
    } else {
        Err(DataError::invalid(path, "damaged: a column lies outside the file"))
    }
}

/// The error of pages that can't be read.
pub(super) fn unread(path: &Path, error: impl std::fmt::Display) -> DataError {
    DataError::invalid(path, format!("can't read the table: {error}"))
}

/// Reads a table batch by batch (8,192 rows at most), in the order of the file.
///
/// # Errors
/// The file is missing or no Parquet; each item fails where its pages are damaged.
pub fn read(
    path: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    read_all(path)
}

/// Number of row groups of a table: the parts that can be read on their own.
///
/// # Errors
/// The file is missing or no Parquet.
pub fn row_groups(path: &Path) -> Result<usize, DataError> {
    Ok(builder(path)?.metadata().num_row_groups())
}

/// Reads some columns of one row group, batch by batch (256 rows at most: lists are wide).
///
/// # Errors
/// As [`read`]; a column is missing, or there is no such group.
pub fn read_group(
    path: &Path,
    group: usize,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch, DataError>> + use<>, DataError> {
    let builder = builder(path)?;
    if group >= builder.metadata().num_row_groups() {
        return Err(DataError::invalid(path, format!("there is no row group {group}")));
    }
    if let Some(name) = columns.iter().find(|c| builder.schema().column_with_name(c).is_none()) {
        return Err(cells::missing(builder.schema(), name, path));
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let file = files::open(path)?;
    let steps = Steps::of(&file, builder.metadata(), group, &mask, &BTreeSet::new())
        .map_err(|why| DataError::invalid(path, why))?;
    let mut reader = guarded(path, || {
        builder
            .with_batch_size(steps.rows.min(256))
            .with_row_groups(vec![group])
            .with_projection(mask)
            .build()
    })?;
    let path = path.to_owned();
    Ok(std::iter::from_fn(move || next(&path, &mut reader)))
}

/// What a table holds, from its footer alone: number of rows, and column names in the order of the file.
///
/// # Errors
/// The file is missing or no Parquet.
pub fn outline(path: &Path) -> Result<(usize, Vec<String>), DataError> {
    let builder = builder(path)?;
    let rows = builder.metadata().row_groups().iter().map(|g| g.num_rows() as usize).sum();
    Ok((rows, builder.schema().fields().iter().map(|f| f.name().clone()).collect()))
}

/// Reads some columns of some rows, which rise without repeats; of the file only the row groups (and pages, where it has an
/// index of them) that hold one.
///
/// # Errors
/// As [`read`]; a column is missing, there is no such row, or they do not rise.
pub fn read_rows(
    path: &Path,
    rows: &[usize],
    columns: &[&str],
) -> Result<Vec<RecordBatch>, DataError> {
    let builder = builder(path)?;
    // A field inside a column stands behind a dot: `image.bytes`.
    let has = |name: &str| builder.schema().column_with_name(name).is_some();
    let absent = |name: &&str| !has(name) && !name.split_once('.').is_some_and(|(top, _)| has(top));
    if let Some(name) = columns.iter().copied().find(absent) {
        return Err(cells::missing(builder.schema(), name, path));
    }
    if rows.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err(DataError::invalid(path, "rows to be read are to rise without repeats"));
    }
    let (mut groups, mut ranges) = (Vec::new(), Vec::new());
    // Where a group starts in the file, and where it does among those that are read.
    let (mut start, mut place, mut left) = (0, 0, rows);
    for (group, data) in builder.metadata().row_groups().iter().enumerate() {
        let end = start + data.num_rows() as usize;
        let (here, after) = left.split_at(left.partition_point(|row| *row < end));
        if !here.is_empty() {
            groups.push(group);
            ranges.extend(here.iter().map(|row| place + row - start..place + row - start + 1));
            place += end - start;
        }
        (start, left) = (end, after);
    }
    if let Some(row) = left.first() {
        return Err(DataError::invalid(path, format!("there is no row {row}; it has {start}")));
    }
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let file = files::open(path)?;
    let mut most = 1024;
    for &group in &groups {
        let steps = Steps::of(&file, builder.metadata(), group, &mask, &BTreeSet::new())
            .map_err(|why| DataError::invalid(path, why))?;
        most = most.min(steps.rows);
    }
    let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), place);
    let mut reader = guarded(path, || {
        builder
            .with_batch_size(most)
            .with_row_groups(groups)
            .with_row_selection(selection)
            .with_projection(mask)
            .build()
    })?;
    std::iter::from_fn(|| next(path, &mut reader)).collect()
}

/// A whole table in memory, with columns by name. For tables of one row an image.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// Reads every row.
    ///
    /// # Errors
    /// As [`read`]; the table takes more memory than 128 times its file (and than a GiB).
    pub fn load(path: &Path) -> Result<Self, DataError> {
        let schema = builder(path)?.schema().clone();
        let mut room = Room::of_columns(path)?;
        let (mut batches, mut rows) = (Vec::new(), 0);
        for batch in read_all(path)? {
            let batch = batch?;
            rows += batch.num_rows() as u64;
            // Whoever asks for a column of texts gets one for each row.
            let texts: u64 = batch.columns().iter().map(texts_bytes).sum();
            room.take(texts.max(batch.get_array_memory_size() as u64), rows)?;
            batches.push(batch);
        }
        Ok(Self { path: path.to_owned(), schema, batches })
    }
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
    /// Column names in the order of the file.
    pub fn columns(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|f| f.name().as_str()).collect()
    }
    /// The batches, in the order of the file.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
    fn gather<T>(
        &self,
        name: &str,
        read: impl Fn(&RecordBatch, &str, &Path) -> Result<Vec<T>, DataError>,
    ) -> Result<Vec<T>, DataError> {
        if self.schema.column_with_name(name).is_none() {
            return Err(cells::missing(&self.schema, name, &self.path));
        }
        let mut values = Vec::with_capacity(self.rows());
        for batch in &self.batches {
            values.extend(read(batch, name, &self.path)?);
        }
        Ok(values)
    }
    /// A column as text ([`texts`](super::texts)).
    ///
    /// # Errors
    /// The column is missing (the message lists those found) or of another kind.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<String>>, DataError> {
        self.gather(name, cells::texts)
    }
    /// A column of integers ([`integers`](super::integers)).
    ///
    /// # Errors
    /// As [`texts`](Self::texts).
    pub fn integers(&self, name: &str) -> Result<Vec<Option<i64>>, DataError> {
        self.gather(name, cells::integers)
    }
    /// A column of numbers ([`floats`](super::floats)).
    ///
    /// # Errors
    /// As [`texts`](Self::texts).
    pub fn floats(&self, name: &str) -> Result<Vec<Option<f64>>, DataError> {
        self.gather(name, cells::floats)
    }
    /// A column of lists of numbers ([`lists_f32`](super::lists_f32)).
    ///
    /// # Errors
    /// As [`texts`](Self::texts).
    pub fn lists_f32(&self, name: &str) -> Result<Vec<Option<Vec<f32>>>, DataError> {
        self.gather(name, cells::lists_f32)
    }
}
