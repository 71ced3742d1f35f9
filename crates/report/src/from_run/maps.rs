//! Maps in the tables of a run: values, and the rows and columns that they fill.

use std::path::Path;

use rightly_data::DataError;

/// A map at its layer's resolution.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// `[rows, columns]`.
    pub(super) values: Vec<f32>,
}

impl Map {
    /// The map of one row of the table at `path`; `None` where it has none (no values, or none at all). `whose` is what the
    /// row is about.
    ///
    /// # Errors
    /// The values do not fill the rows and columns.
    pub(super) fn of(
        path: &Path,
        whose: &str,
        size: [Option<i64>; 2],
        values: Option<Vec<f32>>,
    ) -> Result<Option<Self>, DataError> {
        let Some(values) = values.filter(|values| !values.is_empty()) else { return Ok(None) };
        let [rows, columns] = size.map(|side| side.and_then(|side| usize::try_from(side).ok()));
        let fits = |(r, c): &(usize, usize)| r.checked_mul(*c) == Some(values.len());
        let Some((rows, columns)) = rows.zip(columns).filter(fits) else {
            let side = |side: Option<i64>| side.map_or("?".to_owned(), |side| side.to_string());
            let [rows, columns] = size.map(side);
            let found = values.len();
            let message =
                format!("the map of '{whose}' holds {found} values, not {rows} x {columns}");
            return Err(DataError::invalid(path, message));
        };
        Ok(Some(Self { rows, columns, values }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_fills_its_rows_and_columns() {
        let of = |rows, columns, values: Option<Vec<f32>>| {
            Map::of(Path::new("cam.parquet"), "a.jpg", [rows, columns], values)
        };
        let map = of(Some(2), Some(3), Some(vec![0.5; 6])).unwrap().unwrap();
        assert_eq!((map.rows, map.columns, map.values.len()), (2, 3, 6));
        assert!(of(Some(2), Some(3), None).unwrap().is_none());
        assert!(of(Some(0), Some(0), Some(Vec::new())).unwrap().is_none());
        for (rows, columns) in [(Some(2), Some(2)), (None, Some(6)), (Some(-2), Some(-3))] {
            let said = of(rows, columns, Some(vec![0.5; 6])).unwrap_err().to_string();
            assert!(said.starts_with("cam.parquet: the map of 'a.jpg' holds 6 values"), "{said}");
        }
    }
}
