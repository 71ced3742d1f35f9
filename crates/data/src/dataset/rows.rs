//! Rows of a table in any of the four formats, as text.
use crate::{DataError, table};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

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
}

impl Rows {
    /// Reads a whole table.
    ///
    /// # Errors
    /// The file is missing, no UTF-8, of no known ending, names a column twice, or is damaged.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        let rows = match ending.as_deref() {
            Some("csv") => delimited(path, b','),
            Some("tsv" | "tab") => delimited(path, b'\t'),
            Some("jsonl" | "ndjson") => json_lines(path),
            Some("parquet" | "pq") => parquet(path),
            _ => Err(DataError::invalid(
                path,
                "the ending says no known kind of table; expected .csv, .tsv, .jsonl or .parquet",
            )),
        }?;
        for (i, name) in rows.columns.iter().enumerate() {
            if !name.is_empty() && rows.columns[..i].contains(name) {
                return Err(DataError::invalid(path, format!("two columns are named '{name}'")));
            }
        }
        Ok(rows)
    }
}

/// Opens a text file behind its byte-order mark.
fn open_text(path: &Path) -> Result<impl BufRead + use<>, DataError> {
    let io = |e| DataError::io(path, e);
    let mut reader = BufReader::with_capacity(1 << 20, File::open(path).map_err(io)?);
    let head = reader.fill_buf().map_err(io)?;
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(DataError::invalid(path, "the text is UTF-16; save the table as UTF-8"));
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    Ok(reader)
}

fn not_utf8(path: &Path, line: u64) -> DataError {
    DataError::invalid(path, format!("line {line} is not UTF-8; save the table as UTF-8"))
}

fn delimited(path: &Path, delimiter: u8) -> Result<Rows, DataError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(open_text(path)?);
    let mut rows = Rows::default();
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(e) => return Err(csv_error(path, e)),
        }
        if rows.columns.is_empty() {
            rows.columns = record.iter().map(|name| name.trim().to_owned()).collect();
            continue;
        }
        rows.lines.push(record.position().map_or(0, csv::Position::line));
        rows.cells
            .push(record.iter().map(|cell| (!cell.is_empty()).then(|| cell.to_owned())).collect());
    }
    Ok(rows)
}

fn csv_error(path: &Path, error: csv::Error) -> DataError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(e) => DataError::io(path, e),
        csv::ErrorKind::Utf8 { .. } => not_utf8(path, line),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => DataError::invalid(
            path,
            format!(
                "line {line} has {len} cells, the header has {expected_len}; quote cells that hold \
                 the separator"
            ),
        ),
        other => DataError::invalid(path, format!("line {line}: {other:?}")),
    }
}

fn json_lines(path: &Path) -> Result<Rows, DataError> {
    use serde_json::Value;
    let mut rows = Rows::default();
    let mut reader = open_text(path)?;
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(|e| DataError::io(path, e))? == 0 {
            break;
        }
        let text = std::str::from_utf8(&text).map_err(|_| not_utf8(path, line))?.trim();
        if text.is_empty() {
            continue;
        }
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                let message = format!("line {line} is no JSON object, as {{\"image\": …}}");
                return Err(DataError::invalid(path, message));
            }
            Err(e) => return Err(DataError::invalid(path, format!("line {line}: {e}"))),
        };
        let mut cells = vec![None; rows.columns.len()];
        for (name, value) in object {
            let cell = match value {
                Value::Null => None,
                Value::String(text) => Some(text).filter(|text| !text.is_empty()),
                other => Some(other.to_string()),
            };
            match rows.columns.iter().position(|column| *column == name) {
                Some(column) => cells[column] = cell,
                None => {
                    rows.columns.push(name);
                    cells.push(cell);
                }
            }
        }
        rows.lines.push(line);
        rows.cells.push(cells);
    }
    // Columns that came up late are empty before.
    for cells in &mut rows.cells {
        cells.resize(rows.columns.len(), None);
    }
    Ok(rows)
}

fn parquet(path: &Path) -> Result<Rows, DataError> {
    let table = table::Table::load(path)?;
    let mut rows = Rows::default();
    let mut columns = Vec::new();
    for name in table.columns() {
        // Columns without a text form (embeddings in structs, bytes) can't be attributes.
        if let Ok(cells) = table.texts(name) {
            rows.columns.push(name.to_owned());
            columns.push(cells.into_iter());
        }
    }
    for row in 0..table.rows() {
        rows.lines.push(row as u64 + 1);
        rows.cells.push(
            columns
                .iter_mut()
                .map(|column| column.next().flatten().filter(|cell| !cell.is_empty()))
                .collect(),
        );
    }
    Ok(rows)
}
