//! Rows of a table in any of the four formats, as text.
mod parquet;
mod text;

use crate::DataError;
pub(super) use parquet::{ImageColumn, image_column};
use std::{collections::HashSet, path::Path};

/// Most columns that a table may have.
const MAX_COLUMNS: usize = 1 << 16;

/// A table as text: csv, tsv, jsonl or parquet, by the ending of its name.
#[derive(Debug, Default, PartialEq)]
pub struct Rows {
    /// Column names.
    pub columns: Vec<String>,
    /// Cells of each row, `None` where empty or null.
    pub cells: Vec<Vec<Option<String>>>,
    /// Line of each row in the file (of its first line, for quoted line breaks); row number from 1
    /// for Parquet.
    pub lines: Vec<u64>,
    /// Columns that hold lists or objects; their cells are JSON.
    pub nested: Vec<String>,
    /// Columns that have no text form, and what they are.
    pub without_text: Vec<(String, String)>,
    /// Columns of numbers whose classes the file names (Hugging Face's `ClassLabel`); their cells are these names.
    pub class_labels: Vec<String>,
}

enum Format {
    Delimited(u8),
    JsonLines,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
        match ending.as_str() {
            "csv" => Some(Self::Delimited(b',')),
            "tsv" | "tab" => Some(Self::Delimited(b'\t')),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "parquet" | "pq" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Whether a file's ending says that it is a table.
pub(super) fn is_table(path: &Path) -> bool {
    Format::of(path).is_some()
}

/// Whether a file's ending says that it is a Parquet table.
pub(super) fn is_parquet(path: &Path) -> bool {
    matches!(Format::of(path), Some(Format::Parquet))
}

/// Names of a table's columns, read from its beginning (its first row, for JSON lines).
pub(super) fn column_names(path: &Path) -> Result<Vec<String>, DataError> {
    match Format::of(path) {
        Some(Format::Delimited(delimiter)) => Ok(text::delimited(path, delimiter, 0)?.columns),
        Some(Format::JsonLines) => Ok(text::json_lines(path, 1)?.columns),
        Some(Format::Parquet) => Ok(crate::table::outline(path)?.1),
        None => Err(unknown_ending(path)),
    }
}

fn unknown_ending(path: &Path) -> DataError {
    DataError::invalid(
        path,
        "the ending says no known kind of table; expected .csv, .tsv, .jsonl or .parquet",
    )
}

fn too_many_columns(path: &Path, found: usize) -> DataError {
    DataError::invalid(
        path,
        format!(
            "the table has {found} columns, the limit is {MAX_COLUMNS}; leave out what is no attribute"
        ),
    )
}

impl Rows {
    /// Reads a whole table.
    ///
    /// # Errors
    /// The file is missing, no regular file, no UTF-8, of no known ending, names a column twice, is damaged, or goes beyond the
    /// bounds: 65,536 columns, 64 MiB a row, 4 GiB of cells.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let rows = match Format::of(path) {
            Some(Format::Delimited(delimiter)) => text::delimited(path, delimiter, usize::MAX),
            Some(Format::JsonLines) => text::json_lines(path, usize::MAX),
            Some(Format::Parquet) => parquet::read(path),
            None => Err(unknown_ending(path)),
        }?;
        let mut seen = HashSet::new();
        match rows.columns.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
            Some(name) => Err(DataError::invalid(path, format!("two columns are named '{name}'"))),
            None => Ok(rows),
        }
    }
}
