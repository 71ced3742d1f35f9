//! Streaming writer.
use crate::{DataError, files};
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// Rows of a full row group; also bounds what the writer holds in memory.
const ROW_GROUP_ROWS: usize = 1 << 17;
/// Encoded bytes after which a row group is closed (wide list columns: features, CAMs).
const ROW_GROUP_BYTES: usize = 64 << 20;

/// Streams batches into a Parquet file that appears under its name only when finished (temporary
/// file in the same folder, synced, then renamed). Same batches, same bytes.
///
/// A writer that is dropped without [`finish`](Self::finish) leaves nothing behind; one that was
/// killed leaves `.NAME.partial`, which the next writer of the same table overwrites. Two writers
/// of one table at the same time are a mistake of the caller.
pub struct TableWriter {
    /// `None` only after `finish` took it.
    inner: Option<ArrowWriter<File>>,
    target: PathBuf,
    partial: PathBuf,
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("target", &self.target).finish_non_exhaustive()
    }
}

impl TableWriter {
    /// Starts a table; missing parent folders are made.
    ///
    /// # Errors
    /// The folder can't be written, or the schema has a type that Parquet lacks.
    pub fn create(path: &Path, schema: SchemaRef) -> Result<Self, DataError> {
        let partial = files::partial(path)?;
        let file = File::create(&partial).map_err(|e| DataError::io(&partial, e))?;
        let inner = ArrowWriter::try_new(file, schema, Some(properties()))
            .map_err(|e| failed(path, &e))
            .inspect_err(|_| drop(std::fs::remove_file(&partial)))?;
        Ok(Self { inner: Some(inner), target: path.to_owned(), partial })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// The batch's schema differs from the table's, or the disk is full.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), DataError> {
        let inner = self.inner.as_mut().expect("present until finish consumes the writer");
        if inner.in_progress_size() > ROW_GROUP_BYTES {
            inner.flush().map_err(|e| failed(&self.target, &e))?;
        }
        inner.write(batch).map_err(|e| failed(&self.target, &e))
    }

    /// Finishes, syncs to disk and renames into place.
    ///
    /// # Errors
    /// The file can't be written, synced or renamed; the old table, if any, then stays.
    pub fn finish(self) -> Result<(), DataError> {
        self.finish_after(|_| Ok(()))
    }

    /// As [`finish`](Self::finish), with a look at the whole file before it gets its name.
    ///
    /// # Errors
    /// As [`finish`](Self::finish); what `before` fails with.
    pub fn finish_after<E: From<DataError>>(
        mut self,
        before: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), E> {
        let inner = self.inner.take().expect("present until finish consumes the writer");
        let file = inner.into_inner().map_err(|e| failed(&self.target, &e))?;
        file.sync_all().map_err(|e| DataError::io(&self.partial, e))?;
        drop(file);
        before(&self.partial)?;
        Ok(files::rename(&self.partial, &self.target)?)
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        // After a rename there is nothing under this name, and the removal does nothing.
        let _ = std::fs::remove_file(&self.partial);
    }
}

/// Writes a whole table at once, as [`TableWriter`] does.
///
/// # Errors
/// As [`TableWriter`]'s functions.
pub fn write(path: &Path, batch: &RecordBatch) -> Result<(), DataError> {
    let mut writer = TableWriter::create(path, batch.schema())?;
    writer.write(batch)?;
    writer.finish()
}

/// Everything that could depend on the library's version or the clock is fixed here.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("rightly".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).expect("a valid level")))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

fn failed(path: &Path, error: &ParquetError) -> DataError {
    DataError::invalid(path, format!("can't write the table: {error}"))
}
