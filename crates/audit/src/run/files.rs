//! Reading and writing the plain files of a run.

use std::{fs, path::Path};

use rightly_data::{Problem, files::write_whole, spreadsheet};
use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// blake3 of a file, hex.
pub(crate) fn hash_file(path: &Path) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut file = fs::File::open(path).map_err(Error::io(path))?;
    std::io::copy(&mut file, &mut hasher).map_err(Error::io(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|e| Error::run(path, e.to_string()))
}

/// An array of rows, one a line, so that files of different runs can be compared line by line.
pub(crate) fn json_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<String, Error> {
    let mut text = String::from("[");
    for (i, row) in rows.iter().enumerate() {
        text.push_str(if i == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(row).map_err(|e| Error::run(path, e.to_string()))?);
    }
    text.push_str(if rows.is_empty() { "]\n" } else { "\n]\n" });
    Ok(text)
}

/// As [`json_rows`], into a file that is none of a run's.
pub(crate) fn write_json_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), Error> {
    Ok(write_whole(path, json_rows(path, rows)?.as_bytes())?)
}

pub(crate) fn read_problems(path: &Path) -> Result<Vec<Problem>, Error> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| Error::run(path, e.to_string()))?;
    let rows = reader.deserialize().map(|row: Result<Problem, _>| {
        let as_written = |cell: String| spreadsheet::original(&cell).to_owned();
        row.map(|row| Problem {
            image: as_written(row.image),
            stage: as_written(row.stage),
            problem: as_written(row.problem),
            action: as_written(row.action),
        })
    });
    rows.collect::<Result<_, _>>().map_err(|e| Error::run(path, e.to_string()))
}

pub(super) fn problem_rows(path: &Path, problems: &[Problem]) -> Result<Vec<u8>, Error> {
    let bad = |e: &dyn std::fmt::Display| Error::run(path, e.to_string());
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["image", "stage", "problem", "what was done"]).map_err(|e| bad(&e))?;
    for p in problems {
        let cells = [&p.image, &p.stage, &p.problem, &p.action].map(|text| spreadsheet::cell(text));
        writer.write_record(cells.iter().map(|cell| cell.as_bytes())).map_err(|e| bad(&e))?;
    }
    writer.into_inner().map_err(|e| bad(&e))
}
