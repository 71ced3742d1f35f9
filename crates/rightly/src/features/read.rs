//! Stored features as a stream: never more of them in memory than the row groups in work.

use std::{collections::HashMap, path::Path, sync::atomic::AtomicBool};

use arrow_array::{Array, Float32Array, ListArray, StringArray};
use rightly_data::{
    DataError,
    table::{self, Table, column_as},
};

use crate::{Error, workers};

/// Folds over the rows of a table `id, COLUMN [d]` (null lists left out): one accumulator a row group, merged in the order
/// of the file, so that the number of threads has no part in the result. No more accumulators than threads are held.
///
/// # Errors
/// The table can't be read or has other columns; whatever `each` fails with.
pub fn fold<A: Send>(
    path: &Path,
    column: &str,
    threads: usize,
    new: impl Fn() -> A + Sync,
    each: impl Fn(&mut A, &str, &[f32]) -> Result<(), Error> + Sync,
    mut merge: impl FnMut(&mut A, A),
) -> Result<A, Error> {
    let groups = table::row_groups(path)?;
    let never = AtomicBool::new(false);
    let read = |group: usize| -> Result<A, Error> {
        let mut part = new();
        for batch in table::read_group(path, group, &["id", column])? {
            let batch = batch?;
            let ids: &StringArray = column_as(&batch, "id", path)?;
            let lists: &ListArray = column_as(&batch, column, path)?;
            let values: &Float32Array =
                lists.values().as_any().downcast_ref().ok_or_else(|| {
                    DataError::invalid(path, format!("column '{column}' holds no 32-bit floats"))
                })?;
            let values = values.values();
            let offsets = lists.value_offsets();
            for (row, span) in offsets.windows(2).enumerate() {
                if lists.is_null(row) {
                    continue;
                }
                each(&mut part, ids.value(row), &values[span[0] as usize..span[1] as usize])?;
            }
        }
        Ok(part)
    };
    let mut whole = new();
    let step = threads.max(1);
    for first in (0..groups).step_by(step) {
        let parts =
            workers::ordered(step.min(groups - first), threads, &never, |at| read(first + at))?;
        parts.into_iter().for_each(|part| merge(&mut whole, part));
    }
    Ok(whole)
}

/// The audited model's outcome on images, by id.
pub(crate) struct Outcomes {
    correct: HashMap<String, bool>,
}

impl Outcomes {
    /// Reads `features/NAME-outcomes.parquet`.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let table = Table::load(path)?;
        let rows = table.texts("id")?.into_iter().zip(table.integers("correct")?);
        let correct = rows.filter_map(|(id, correct)| Some((id?, correct? == 1))).collect();
        Ok(Self { correct })
    }

    /// Whether the model is right on an image; `None` where it was not asked.
    pub(crate) fn correct(&self, id: &str) -> Option<bool> {
        self.correct.get(id).copied()
    }
}
