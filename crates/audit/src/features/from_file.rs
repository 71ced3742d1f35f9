//! Vectors that the user brings (`--features`).

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use rightly_data::{DataError, Dataset, npy::Matrix, table};

use crate::{Error, inputs::Names};

/// A file of vectors.
pub struct Given {
    pub(super) path: PathBuf,
    /// By id.
    pub vectors: HashMap<String, Vec<f32>>,
}

/// Reads `.npy` `[n, d]`, a row for each image in the order of the data's table; or Parquet with `id` or `image` and one
/// column of lists. Rows of images that the data does not have are ignored.
///
/// # Errors
/// The file can't be read, has another number of rows (`.npy`), vectors of different lengths, two for one image, or none
/// for any image of the data.
pub fn read(path: &Path, dataset: &Dataset) -> Result<Given, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let is_npy = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
    let vectors = if is_npy { matrix(path, dataset)? } else { lists(path, dataset)? };
    let dim = vectors.values().next().map_or(0, Vec::len);
    if dim < 2 {
        return Err(invalid(match vectors.len() {
            0 => "no row belongs to an image of the data".to_owned(),
            _ => format!("vectors of {dim} values, expected several features an image"),
        }));
    }
    Ok(Given { path: path.to_owned(), vectors })
}

fn matrix(path: &Path, dataset: &Dataset) -> Result<HashMap<String, Vec<f32>>, Error> {
    let matrix = Matrix::read(path)?;
    if matrix.rows != dataset.samples.len() {
        return Err(Error::Data(DataError::invalid(
            path,
            format!(
                "the array has {} rows, the data {} images; a row for each image in the table's order is expected (or \
                 Parquet with a column 'id')",
                matrix.rows,
                dataset.samples.len()
            ),
        )));
    }
    let rows = matrix.values.chunks_exact(matrix.columns.max(1));
    Ok(dataset.samples.iter().map(|s| s.id.clone()).zip(rows.map(<[f32]>::to_vec)).collect())
}

fn lists(path: &Path, dataset: &Dataset) -> Result<HashMap<String, Vec<f32>>, Error> {
    let invalid = |message: String| Error::Data(DataError::invalid(path, message));
    let names = Names::new(dataset, path);
    let mut out: HashMap<String, Vec<f32>> = HashMap::new();
    let mut row = 0;
    for batch in table::read_bounded(path)? {
        let batch = batch?;
        let schema = batch.schema();
        let has = |name: &str| schema.column_with_name(name).is_some();
        let name = if has("id") { "id" } else { "image" };
        let ids = table::texts(&batch, name, path)?;
        let mut columns =
            schema.fields().iter().filter(|f| f.data_type().is_nested()).map(|f| f.name().as_str());
        let (Some(column), None) = (columns.next(), columns.next()) else {
            let found: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(invalid(format!(
                "expected one column of lists, found {}",
                found.join(", ")
            )));
        };
        for (id, vector) in ids.into_iter().zip(table::lists_f32(&batch, column, path)?) {
            row += 1;
            let (Some(id), Some(vector)) = (id, vector) else { continue };
            let Some(id) = names.id(&id) else { continue };
            if let Some(first) = out.values().next()
                && first.len() != vector.len()
            {
                return Err(invalid(format!(
                    "row {row} ('{id}') has {} values, others {}",
                    vector.len(),
                    first.len()
                )));
            }
            if out.insert(id.to_owned(), vector).is_some() {
                return Err(invalid(format!("row {row}: '{id}' has two vectors")));
            }
        }
    }
    Ok(out)
}
