//! How much of a table may be held in memory.
use crate::DataError;
use std::path::Path;

/// Most bytes of cells that are held as text.
const MOST: u64 = 4 << 30;
/// Bytes of a cell beside its text.
const CELL: u64 = size_of::<Option<String>>() as u64;

/// Bytes that are left for a table.
pub(crate) struct Room<'p> {
    path: &'p Path,
    most: u64,
    left: u64,
}

impl<'p> Room<'p> {
    /// For a table of texts: a GiB or 128 times the file (tables of images take 5 to 40 times it), and no more than 4 GiB.
    ///
    /// # Errors
    /// There is no such file.
    pub(crate) fn of_texts(path: &'p Path) -> Result<Self, DataError> {
        Ok(Self::of(path, Self::of_columns(path)?.most.min(MOST)))
    }

    /// For a table in columns: a GiB or 128 times the file.
    ///
    /// # Errors
    /// There is no such file.
    pub(crate) fn of_columns(path: &'p Path) -> Result<Self, DataError> {
        let file = path.metadata().map_err(|e| DataError::io(path, e))?.len();
        Ok(Self::of(path, file.saturating_mul(128).max(1 << 30)))
    }

    pub(crate) fn of(path: &'p Path, most: u64) -> Self {
        Self { path, most, left: most }
    }

    /// Refuses a table whose empty cells alone are too many, before any is read.
    pub(crate) fn has_cells(&self, rows: usize, columns: usize) -> Result<(), DataError> {
        let cells = (rows as u64).saturating_mul(columns as u64);
        self.has(cells.saturating_mul(CELL), rows as u64)
    }

    /// Refuses so many bytes up to a row, before they are made.
    pub(crate) fn has(&self, bytes: u64, row: u64) -> Result<(), DataError> {
        if bytes > self.left { Err(self.spent(row)) } else { Ok(()) }
    }

    /// Takes so many bytes up to a row.
    pub(crate) fn take(&mut self, bytes: u64, row: u64) -> Result<(), DataError> {
        self.left = self.left.checked_sub(bytes).ok_or_else(|| self.spent(row))?;
        Ok(())
    }

    /// Takes the bytes of a row of texts.
    pub(crate) fn take_cells(
        &mut self,
        cells: &[Option<String>],
        row: u64,
    ) -> Result<(), DataError> {
        let texts: u64 = cells.iter().flatten().map(|text| text.len() as u64).sum();
        self.take(texts + cells.len() as u64 * CELL, row)
    }

    fn spent(&self, row: u64) -> DataError {
        let most = self.most >> 20;
        DataError::invalid(
            self.path,
            format!(
                "row {row}: the table takes more memory than the {most} MiB that a table of its size may have; leave out \
                 columns, or give it in parts"
            ),
        )
    }
}
