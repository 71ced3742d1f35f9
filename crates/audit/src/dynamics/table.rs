//! Dynamics from a table that the training wrote.

use std::path::Path;

use rightly_data::{DataError, Dataset, dataset::TextTable};

use super::Dynamics;
use crate::{Error, inputs::Names};

/// Reads a table (csv, tsv, jsonl, parquet) with the columns `id` or `image`, `epoch` and `loss`.
///
/// `id` is the dataset's id of an image; `image` may also be its path, absolute or relative to the
/// table. Images of the table that the dataset does not have are ignored; dynamics without any of
/// the dataset's images are an error.
///
/// # Errors
/// A column is missing, a cell is no number, an image has two losses of one epoch, nothing matches.
pub fn read(path: &Path, dataset: &Dataset) -> Result<Dynamics, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let table = TextTable::read(path)?;
    let find = |name: &str| table.columns.iter().position(|c| c == name);
    let (Some(name), Some(epoch), Some(loss)) =
        (find("id").or_else(|| find("image")), find("epoch"), find("loss"))
    else {
        return Err(invalid(format!(
            "expected the columns id (or image), epoch and loss; found {}",
            table.columns.join(", ")
        )));
    };
    let names = Names::new(dataset, path);
    let mut rows = Vec::with_capacity(table.cells.len());
    let mut first_stranger = None;
    for (cells, line) in table.cells.iter().zip(&table.lines) {
        let cell = |column: usize| cells.get(column).and_then(Option::as_deref).unwrap_or("");
        let number = |column: usize| -> Result<f64, Error> {
            let text = cell(column);
            let parsed = if text.is_empty() { Ok(f64::NAN) } else { text.trim().parse() };
            parsed.map_err(|_| {
                let column = &table.columns[column];
                invalid(format!("line {line}: {column} is '{text}', expected a number"))
            })
        };
        let at = number(epoch)?;
        if at.fract() != 0.0 || at.abs() > 1e9 {
            return Err(invalid(format!(
                "line {line}: epoch is '{}', expected a whole number",
                cell(epoch)
            )));
        }
        match names.id(cell(name)) {
            Some(id) => rows.push((id.to_owned(), at as i64, number(loss)?)),
            None => {
                first_stranger.get_or_insert_with(|| cell(name).to_owned());
            }
        }
    }
    if rows.is_empty() {
        let example = dataset.samples.first().map_or("", |s| s.id.as_str());
        return Err(invalid(match first_stranger {
            Some(stranger) => format!(
                "no row belongs to an image of the data: the table has '{stranger}', the data \
                 '{example}'"
            ),
            None => "the table has no rows".to_owned(),
        }));
    }
    Dynamics::collect(rows).map_err(invalid)
}
