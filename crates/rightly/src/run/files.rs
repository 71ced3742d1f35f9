//! Reading and writing the plain files of a run.

use std::{fs, io::Write, path::Path};

use rightly_data::Problem;
use serde::{Serialize, de::DeserializeOwned};

use crate::Error;

/// Writes `bytes` so that `path` never holds a part of them: temporary file, flush to disk, rename.
///
/// # Errors
/// Where the folder or the file can't be written.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io(folder))?;
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let mut file = fs::File::create(&part).map_err(Error::io(&part))?;
    file.write_all(bytes).map_err(Error::io(&part))?;
    file.sync_all().map_err(Error::io(&part))?;
    drop(file);
    fs::rename(&part, path).map_err(Error::io(path))
}

pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|e| Error::run(path, e.to_string()))
}

/// An array of rows, one a line, so that files of different runs can be compared line by line.
pub(crate) fn write_json_rows<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), Error> {
    let mut text = String::from("[");
    for (i, row) in rows.iter().enumerate() {
        text.push_str(if i == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(row).map_err(|e| Error::run(path, e.to_string()))?);
    }
    text.push_str(if rows.is_empty() { "]\n" } else { "\n]\n" });
    write_atomically(path, text.as_bytes())
}

pub(crate) fn read_problems(path: &Path) -> Result<Vec<Problem>, Error> {
    let mut reader = csv::Reader::from_path(path).map_err(|e| Error::run(path, e.to_string()))?;
    reader.deserialize().collect::<Result<_, _>>().map_err(|e| Error::run(path, e.to_string()))
}

pub(crate) fn write_problems(path: &Path, problems: &[Problem]) -> Result<(), Error> {
    let bad = |e: &dyn std::fmt::Display| Error::run(path, e.to_string());
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    writer.write_record(["image", "stage", "problem", "what was done"]).map_err(|e| bad(&e))?;
    for p in problems {
        writer.write_record([&p.image, &p.stage, &p.problem, &p.action]).map_err(|e| bad(&e))?;
    }
    write_atomically(path, &writer.into_inner().map_err(|e| bad(&e))?)
}
