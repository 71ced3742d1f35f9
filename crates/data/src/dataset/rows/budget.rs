//! How much of a table may be held in memory.
use crate::DataError;
use std::path::Path;

/// Most bytes of cells that are held.
const MOST: u64 = 4 << 30;
/// Bytes of a cell beside its text.
const CELL: u64 = size_of::<Option<String>>() as u64;

/// Bytes that are left.
pub(super) struct Budget<'p> {
    path: &'p Path,
    left: u64,
}

impl<'p> Budget<'p> {
    pub(super) fn new(path: &'p Path) -> Self {
        Self::of(path, MOST)
    }

    pub(super) fn of(path: &'p Path, left: u64) -> Self {
        Self { path, left }
    }

    /// Refuses a table whose empty cells alone are too many, before any is read.
    pub(super) fn check(&self, rows: usize, columns: usize) -> Result<(), DataError> {
        let cells = (rows as u64).saturating_mul(columns as u64);
        if cells.saturating_mul(CELL) > self.left { Err(self.spent(rows as u64)) } else { Ok(()) }
    }

    /// Takes the bytes of a row.
    pub(super) fn take(&mut self, cells: &[Option<String>], row: u64) -> Result<(), DataError> {
        let texts: u64 = cells.iter().flatten().map(|text| text.len() as u64).sum();
        let bytes = texts + cells.len() as u64 * CELL;
        self.left = self.left.checked_sub(bytes).ok_or_else(|| self.spent(row))?;
        Ok(())
    }

    fn spent(&self, row: u64) -> DataError {
        DataError::invalid(
            self.path,
            format!(
                "row {row}: the table takes more memory than the {} GiB that a table may have; leave out columns, or give it in parts",
                MOST >> 30
            ),
        )
    }
}
