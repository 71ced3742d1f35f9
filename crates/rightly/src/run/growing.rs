//! A table that is written batch by batch.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use rightly_data::table::TableWriter;

use crate::Error;

/// A table that starts with its first batch, whose schema is the table's; without one there is no file.
pub(crate) struct GrowingTable {
    path: PathBuf,
    writer: Option<TableWriter>,
}

impl GrowingTable {
    pub(crate) fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), writer: None }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.writer.is_none() {
            self.writer = Some(TableWriter::create(&self.path, batch.schema())?);
        }
        if let Some(writer) = &mut self.writer {
            writer.write(batch)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        self.writer.map_or(Ok(()), |writer| Ok(writer.finish()?))
    }
}
