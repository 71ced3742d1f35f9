//! Tables of text: separated cells and JSON lines.
use super::{MAX_COLUMNS, Rows, too_many_columns};
use crate::{DataError, files, table::Room};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, error::Category};
use std::{
    cell::Cell,
    collections::{BTreeSet, HashMap},
    fmt,
    io::{self, BufRead, BufReader, Read},
    path::Path,
    rc::Rc,
};

/// Most bytes of one row.
const MAX_ROW: u64 = 64 << 20;

/// Opens a text file behind its byte-order mark.
fn open_text(path: &Path) -> Result<impl BufRead + use<>, DataError> {
    let mut reader = BufReader::with_capacity(1 << 20, files::open(path)?);
    let head = reader.fill_buf().map_err(|e| DataError::io(path, e))?;
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

fn too_long(path: &Path, line: u64) -> DataError {
    DataError::invalid(
        path,
        format!(
            "line {line}: a row of more than {} MiB; a quotation mark may not be closed, or the file is no table",
            MAX_ROW >> 20
        ),
    )
}

/// Counts what was read since the last row ended, and ends the reading of a row without end.
struct WithinRow<R> {
    reader: R,
    since_row: Rc<Cell<u64>>,
}

impl<R: Read> Read for WithinRow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.since_row.set(self.since_row.get() + n as u64);
        if self.since_row.get() > MAX_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(n)
    }
}

/// The header and the first `most` rows.
pub(super) fn delimited(path: &Path, delimiter: u8, most: usize) -> Result<Rows, DataError> {
    let since_row = Rc::new(Cell::new(0));
    let bounded = WithinRow { reader: open_text(path)?, since_row: Rc::clone(&since_row) };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(bounded);
    let mut rows = Rows::default();
    let mut room = Room::of_texts(path)?;
    let mut record = csv::StringRecord::new();
    let mut next_line = 1;
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => since_row.set(0),
            Ok(false) => break,
            Err(e) => return Err(csv_error(path, e, next_line)),
        }
        next_line = reader.position().line();
        if rows.columns.is_empty() {
            if record.len() > MAX_COLUMNS {
                return Err(too_many_columns(path, record.len()));
            }
            rows.columns = record.iter().map(|name| name.trim().to_owned()).collect();
            continue;
        }
        if rows.cells.len() >= most {
            break;
        }
        let line = record.position().map_or(next_line, csv::Position::line);
        let cells: Vec<_> =
            record.iter().map(|cell| (!cell.is_empty()).then(|| cell.to_owned())).collect();
        room.take_cells(&cells, line)?;
        rows.lines.push(line);
        rows.cells.push(cells);
    }
    Ok(rows)
}

fn csv_error(path: &Path, error: csv::Error, next_line: u64) -> DataError {
    let line = error.position().map_or(next_line, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::FileTooLarge => {
            too_long(path, next_line)
        }
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

/// The first `most` rows; columns in the order in which they come up.
pub(super) fn json_lines(path: &Path, most: usize) -> Result<Rows, DataError> {
    let mut rows = Rows::default();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut nested = BTreeSet::new();
    let mut room = Room::of_texts(path)?;
    let mut reader = open_text(path)?;
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let mut bounded = (&mut reader).take(MAX_ROW + 1);
        if bounded.read_until(b'\n', &mut text).map_err(|e| DataError::io(path, e))? == 0
            || rows.cells.len() >= most
        {
            break;
        }
        if text.len() as u64 > MAX_ROW {
            return Err(too_long(path, line));
        }
        let text = std::str::from_utf8(&text).map_err(|_| not_utf8(path, line))?.trim();
        if text.is_empty() {
            continue;
        }
        let Pairs(object) = serde_json::from_str(text).map_err(|e| {
            let message = match e.classify() {
                Category::Data => format!("line {line} is no JSON object, as {{\"image\": …}}"),
                _ => format!("line {line}: {e}"),
            };
            DataError::invalid(path, message)
        })?;
        let mut cells = vec![None; rows.columns.len()];
        let mut filled = BTreeSet::new();
        for (name, value) in object {
            let name = name.trim();
            let place = *places.entry(name.to_owned()).or_insert_with(|| {
                rows.columns.push(name.to_owned());
                rows.columns.len() - 1
            });
            if place >= MAX_COLUMNS {
                return Err(too_many_columns(path, rows.columns.len()));
            }
            if value.is_array() || value.is_object() {
                nested.insert(place);
            }
            cells.resize(rows.columns.len(), None);
            if !filled.insert(place) {
                let message = format!("line {line} has the key '{name}' twice; leave one of them");
                return Err(DataError::invalid(path, message));
            }
            cells[place] = cell(value);
        }
        room.take_cells(&cells, line)?;
        rows.lines.push(line);
        rows.cells.push(cells);
    }
    // Columns that came up late are empty before.
    room.has_cells(rows.cells.len(), rows.columns.len())?;
    for cells in &mut rows.cells {
        cells.resize(rows.columns.len(), None);
    }
    rows.nested = nested.into_iter().map(|place| rows.columns[place].clone()).collect();
    Ok(rows)
}

/// A JSON object with all of its keys, in their order: serde's map keeps the last of two equal ones without a word.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

fn cell(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
