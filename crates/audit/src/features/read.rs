//! Stored features as a stream: never more of them in memory than the row groups in work.

use std::{collections::HashMap, path::Path, sync::atomic::AtomicBool};

use arrow_array::{Array, Float32Array, ListArray, StringArray};
use ndarray::Array2;
use rightly_data::{
    DataError,
    table::{self, Table, column_as},
};
use serde::{Deserialize, Serialize};

use super::FeatureSet;
use crate::{Error, workers};

/// Wrong answers of an image that are kept.
const WRONG_ANSWERS: usize = 8;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The output with the largest logit.
    pub output: usize,
    /// Whether that output counts as right.
    pub correct: bool,
    /// Cross-entropy for the true class.
    pub loss: f32,
    /// The likeliest wrong answers.
    pub wrong: WrongAnswers,
}

/// The likeliest outputs that are wrong for an image, with their probabilities, likeliest first; empty where only the answer
/// is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WrongAnswers(Vec<(u32, f32)>);

impl WrongAnswers {
    /// Of probabilities by output, where `right` are the outputs that count as right; those of probability 0 are left out.
    pub fn of(probabilities: &[f64], right: &[usize]) -> Self {
        let wrong = |&(output, p): &(usize, &f64)| *p > 0.0 && !right.contains(&output);
        let mut all: Vec<(usize, &f64)> = probabilities.iter().enumerate().filter(wrong).collect();
        all.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(&b.0)));
        all.truncate(WRONG_ANSWERS);
        Self(all.into_iter().map(|(output, &p)| (output as u32, p as f32)).collect())
    }

    /// From two lists of the same length.
    fn of_lists(outputs: &[f32], probabilities: &[f32]) -> Self {
        Self(outputs.iter().zip(probabilities).map(|(&o, &p)| (o as u32, p)).collect())
    }

    /// Output and probability, likeliest first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        self.0.iter().map(|&(output, p)| (output as usize, p))
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
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
        let none = || vec![None; ids.len()];
        let known = table.columns().contains(&"wrong_outputs");
        let lists = |name: &str| if known { table.lists_f32(name) } else { Ok(none()) };
        let (outputs, shares) = (lists("wrong_outputs")?, lists("wrong_probabilities")?);
        let mut rows = HashMap::with_capacity(ids.len());
        for (at, id) in ids.into_iter().enumerate() {
            if let (Some(id), Some(output), Some(correct), Some(loss)) =
                (id, output[at], correct[at], loss[at])
            {
                let output = usize::try_from(output).map_err(|_| {
                    Error::run(path, format!("'{id}': there is no output {output}"))
                })?;
                let wrong = match (&outputs[at], &shares[at]) {
                    (Some(outputs), Some(shares)) => WrongAnswers::of_lists(outputs, shares),
                    _ => WrongAnswers::default(),
                };
                let correct = correct == 1;
                rows.insert(id, Outcome { output, correct, loss: loss as f32, wrong });
            }
        }
        Ok(Self { rows })
    }

    /// Of an image; `None` where the model was not asked.
    pub(crate) fn of(&self, id: &str) -> Option<&Outcome> {
        self.rows.get(id)
    }

    /// Whether the model is right on an image; `None` where it was not asked.
    pub(crate) fn correct(&self, id: &str) -> Option<bool> {
        Some(self.of(id)?.correct)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_wrong_outputs_are_kept() {
        let probabilities = [0.05, 0.4, 0.0, 0.3, 0.05, 0.2];
        let wrong: Vec<(usize, f32)> = WrongAnswers::of(&probabilities, &[1, 5]).iter().collect();
        assert_eq!(wrong, [(3, 0.3), (0, 0.05), (4, 0.05)], "equals by index, none of 0");
        let many = vec![1.0 / 20.0; 20];
        let kept: Vec<usize> = WrongAnswers::of(&many, &[0]).iter().map(|(o, _)| o).collect();
        assert_eq!(kept, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(WrongAnswers::of(&[1.0, 0.0], &[0]).is_empty());
    }
}
