//! Parquet tables as text, and the columns that Hugging Face's libraries write.
use super::{MAX_COLUMNS, Rows, too_many_columns};
use crate::{
    DataError,
    table::{self, Room},
};
use arrow_schema::{DataType, Schema};
use std::{collections::HashMap, path::Path};

pub(super) fn read(path: &Path) -> Result<Rows, DataError> {
    within(path, Room::of_texts(path)?)
}

fn within(path: &Path, mut room: Room<'_>) -> Result<Rows, DataError> {
    let (count, schema) = table::schema(path)?;
    if schema.fields().len() > MAX_COLUMNS {
        return Err(too_many_columns(path, schema.fields().len()));
    }
    let mut rows = Rows::default();
    let labels = class_labels(&schema);
    let mut places = Vec::new();
    let mut names_of = Vec::new();
    for (place, field) in schema.fields().iter().enumerate() {
        let name = field.name().trim();
        let kind = field.data_type();
        if !table::has_texts(kind) || (kind.is_nested() && !is_list_of_texts(kind)) {
            rows.without_text.push((name.to_owned(), described(kind)));
            continue;
        }
        if kind.is_nested() {
            rows.nested.push(name.to_owned());
        }
        let names = labels.get(name).filter(|_| kind.is_integer());
        if names.is_some() {
            rows.class_labels.push(name.to_owned());
        }
        rows.columns.push(name.to_owned());
        places.push(place);
        names_of.push(names);
    }
    room.has_cells(count, rows.columns.len())?;
    for batch in table::read_columns(path, &places)? {
        let batch = batch?;
        // Before each row has its own: a dictionary of one text can stand for any number of rows.
        let bytes = batch.columns().iter().map(table::texts_bytes).sum();
        room.has(bytes, (rows.cells.len() + batch.num_rows()) as u64)?;
        let mut columns = Vec::with_capacity(places.len());
        for (at, array) in batch.columns().iter().enumerate() {
            let name = &rows.columns[at];
            let cells = table::texts_of(array).ok_or_else(|| {
                DataError::invalid(
                    path,
                    format!(
                        "column '{name}' has a value of {} that can't be written",
                        array.data_type()
                    ),
                )
            })?;
            let cells = match names_of[at] {
                Some(names) => named(cells, names).map_err(|number| {
                    DataError::invalid(
                        path,
                        format!(
                            "column '{name}' has the class {number}, but names {} classes",
                            names.len()
                        ),
                    )
                })?,
                None => cells,
            };
            columns.push(cells.into_iter());
        }
        for _ in 0..batch.num_rows() {
            let line = rows.cells.len() as u64 + 1;
            let cells: Vec<Option<String>> = columns
                .iter_mut()
                .map(|column| column.next().flatten().filter(|cell| !cell.is_empty()))
                .collect();
            room.take_cells(&cells, line)?;
            rows.lines.push(line);
            rows.cells.push(cells);
        }
    }
    Ok(rows)
}

/// Numbers of classes as the classes' names; -1 is what Hugging Face's sets have for 'not labelled'.
fn named(cells: Vec<Option<String>>, names: &[String]) -> Result<Vec<Option<String>>, String> {
    let name = |number: String| match number.as_str() {
        "-1" => Ok(None),
        _ => match number.parse::<usize>().ok().and_then(|at| names.get(at)) {
            Some(name) => Ok(Some(name.clone())),
            None => Err(number),
        },
    };
    cells.into_iter().map(|cell| cell.map_or(Ok(None), name)).collect()
}

/// Names of the classes of each column that has them, from the metadata that Hugging Face's `datasets` writes.
fn class_labels(schema: &Schema) -> HashMap<String, Vec<String>> {
    let features = schema
        .metadata()
        .get("huggingface")
        .and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let features = features.as_ref().and_then(|value| value.pointer("/info/features")?.as_object());
    let mut labels = HashMap::new();
    for (column, feature) in features.into_iter().flatten() {
        let names = feature.get("names").and_then(|names| names.as_array());
        if let Some(names) = names.filter(|_| feature["_type"] == "ClassLabel") {
            let names: Option<Vec<String>> =
                names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            labels.extend(names.map(|names| (column.clone(), names)));
        }
    }
    labels
}

/// Lists of captions are read; those of numbers are vectors, and may be long.
fn is_list_of_texts(kind: &DataType) -> bool {
    match kind {
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            match field.data_type() {
                DataType::Dictionary(_, words) => words.is_string(),
                words => words.is_string(),
            }
        }
        _ => false,
    }
}

/// What a column without a text form is, in words.
fn described(kind: &DataType) -> String {
    match kind {
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            format!("a struct of {}", names.join(", "))
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "bytes".to_owned(),
        DataType::FixedSizeBinary(n) => format!("values of {n} bytes"),
        DataType::Map(..) => "a map".to_owned(),
        list if list.is_nested() => "lists".to_owned(),
        other => other.to_string(),
    }
}

/// A column that holds image files themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ImageColumn {
    pub(in super::super) name: String,
    /// Whether it is a struct of `bytes` and `path`, not plain bytes.
    pub(in super::super) is_struct: bool,
    pub(in super::super) has_path: bool,
}

/// The column of a Parquet table that holds image files: a struct of `bytes` (and `path`), or bytes, by the name `image` or `img`
/// or as the only one of its kind.
pub(in super::super) fn image_column(path: &Path) -> Result<Option<ImageColumn>, DataError> {
    let (_, schema) = table::schema(path)?;
    let is_bytes = |kind: &DataType| {
        matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
    };
    let columns = schema.fields().iter().filter_map(|field| match field.data_type() {
        DataType::Struct(fields) => {
            let of = |name: &str| fields.iter().find(|field| field.name() == name);
            let has_bytes = of("bytes").is_some_and(|field| is_bytes(field.data_type()));
            has_bytes.then(|| ImageColumn {
                name: field.name().clone(),
                is_struct: true,
                has_path: of("path").is_some_and(|field| table::has_texts(field.data_type())),
            })
        }
        kind if is_bytes(kind) => {
            Some(ImageColumn { name: field.name().clone(), is_struct: false, has_path: false })
        }
        _ => None,
    });
    let columns: Vec<ImageColumn> = columns.collect();
    let called = |name: &str| columns.iter().find(|column| column.name == name).cloned();
    let structs: Vec<&ImageColumn> = columns.iter().filter(|column| column.is_struct).collect();
    Ok(called("image").or_else(|| called("img")).or_else(|| match structs[..] {
        [only] => Some(only.clone()),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some kilobytes that would become gigabytes (`tests/golden/tables.py`): a text that a dictionary holds once; the same with
    /// texts beside it that stand in none; texts that share all with the one before; a page of 300 MB, also where the footer says
    /// 100 bytes; pages of gzip and Brotli that say 100 bytes themselves.
    #[test]
    fn tables_that_unpack_without_end_are_refused() {
        for (name, expected) in [
            ("bomb", "row 6000: the table takes more memory than the 64 MiB"),
            ("bomb-mixed", "the table takes more memory than the 64 MiB"),
            ("bomb-delta", "the table takes more memory than the 64 MiB"),
            ("bomb-page", "column 'image': a page of 9"),
            ("bomb-lying", "column 'image': a page of 9"),
            ("bomb-gzip", "column 'image': the page at byte 4: it says 100 bytes and becomes more"),
            (
                "bomb-brotli",
                "column 'image': the page at byte 4: it says 100 bytes and becomes more",
            ),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join(format!("tests/golden/tables/{name}.parquet"));
            assert!(path.metadata().unwrap().len() < 512 << 10);
            let said = within(&path, Room::of(&path, 64 << 20)).unwrap_err().to_string();
            assert!(said.contains(&format!("{name}.parquet: ")), "{said}");
            assert!(said.contains(expected), "{said}");
            // As a user has it.
            let said = read(&path).unwrap_err().to_string();
            assert!(said.contains(&format!("{name}.parquet: ")), "{said}");
        }
    }
}
