//! Stored features as a stream: never more of them in memory than the row groups in work.

use std::{collections::HashMap, path::Path, sync::atomic::AtomicBool};

use arrow_array::{Array, Float32Array, ListArray, StringArray};
use ndarray::Array2;
use rightly_data::{
    DataError,
    table::{self, Table, column_as},
};

use super::FeatureSet;
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

/// The vectors of the images that `wanted` gives a place, in the order of the file: places, and `[n, d]`.
///
/// # Errors
/// As [`fold`]; a vector of another length than the set's.
pub(crate) fn rows_of<P: Send>(
    set: &FeatureSet,
    threads: usize,
    wanted: impl Fn(&str) -> Option<P> + Sync,
) -> Result<(Vec<P>, Array2<f32>), Error> {
    let (places, values) = fold(
        &set.path,
        "vector",
        threads,
        || (Vec::new(), Vec::new()),
        |(places, values): &mut (Vec<P>, Vec<f32>), id, vector| {
            let Some(place) = wanted(id) else { return Ok(()) };
            if vector.len() != set.dim {
                let found = format!("'{id}' has {} features, expected {}", vector.len(), set.dim);
                return Err(Error::run(&set.path, found));
            }
            places.push(place);
            values.extend_from_slice(vector);
            Ok(())
        },
        |(places, values), (more_places, more)| {
            places.extend(more_places);
            values.extend(more);
        },
    )?;
    let values = Array2::from_shape_vec((places.len(), set.dim), values)
        .map_err(|error| Error::run(&set.path, error.to_string()))?;
    Ok((places, values))
}

/// What the audited model makes of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// The output with the largest logit.
    pub(crate) output: usize,
    pub(crate) correct: bool,
    /// Cross-entropy for the true class.
    pub(crate) loss: f32,
}

/// The audited model's outcome on images, by id.
pub(crate) struct Outcomes {
    rows: HashMap<String, Outcome>,
}

impl Outcomes {
    /// Reads `features/NAME-outcomes.parquet`.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let table = Table::load(path)?;
        let ids = table.texts("id")?;
        let (output, correct) = (table.integers("output")?, table.integers("correct")?);
        let loss = table.floats("loss")?;
        let mut rows = HashMap::with_capacity(ids.len());
        for (at, id) in ids.into_iter().enumerate() {
            if let (Some(id), Some(output), Some(correct), Some(loss)) =
                (id, output[at], correct[at], loss[at])
            {
                let output = usize::try_from(output).unwrap_or(usize::MAX);
                rows.insert(id, Outcome { output, correct: correct == 1, loss: loss as f32 });
            }
        }
        Ok(Self { rows })
    }

    /// Of an image; `None` where the model was not asked.
    pub(crate) fn of(&self, id: &str) -> Option<Outcome> {
        self.rows.get(id).copied()
    }

    /// Whether the model is right on an image; `None` where it was not asked.
    pub(crate) fn correct(&self, id: &str) -> Option<bool> {
        Some(self.of(id)?.correct)
    }
}
