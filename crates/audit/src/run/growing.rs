//! A table that is written batch by batch.

use arrow_array::RecordBatch;
use rightly_data::table::TableWriter;

use super::RunDir;
use crate::Error;

/// A table that starts with its first batch, whose schema is the table's; without one there is no file,
/// nor one of before.
pub(crate) struct GrowingTable {
    run: RunDir,
    relative: String,
    writer: Option<TableWriter>,
}

impl GrowingTable {
    pub(super) fn new(run: &RunDir, relative: &str) -> Self {
        Self { run: run.clone(), relative: relative.to_owned(), writer: None }
    }

    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.writer.is_none() {
            let path = self.run.path(&self.relative);
            self.writer = Some(TableWriter::create(&path, batch.schema())?);
        }
        if let Some(writer) = &mut self.writer {
            writer.write(batch)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        let Self { run, relative, writer } = self;
        match writer {
            Some(writer) => run.finish_table(&relative, writer),
            // One of an earlier call would be stale.
            None => run.remove(&relative),
        }
    }
}
