//! Training dynamics: the loss of each image after each epoch.
//!
//! They come from a table that the training wrote (`--dynamics FILE`, columns `id` or `image`,
//! `epoch`, `loss`) or from a list of checkpoints whose losses are measured here
//! (`--checkpoints GLOB`). Either way they end in `dynamics.parquet` of the run. Rows are matched by
//! name, never by position.

mod checkpoints;
mod stage;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use rightly_data::{Problem, table::Columns};

pub use checkpoints::{expand, measure};
pub(crate) use stage::Gather;
pub use stage::{STAGE, Source, TABLE, gather};
pub use table::read;

use crate::Error;

/// What is done about an image without usable losses.
const LEFT_OUT: &str = "left out of the training dynamics";

/// Losses of images over epochs; every image has every epoch.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dynamics {
    epochs: Vec<i64>,
    losses: BTreeMap<String, Vec<f64>>,
    /// Images that were left out, and why.
    pub problems: Vec<Problem>,
}

impl Dynamics {
    /// From single measurements `(id, epoch, loss)`. An image that lacks an epoch which others
    /// have, or whose loss is not finite, is a problem and left out.
    ///
    /// # Errors
    /// In words, where an image has two losses of one epoch, or no image is left.
    pub(crate) fn collect(
        rows: impl IntoIterator<Item = (String, i64, f64)>,
    ) -> Result<Self, String> {
        let mut cells: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
        let mut epochs = BTreeSet::new();
        for (id, epoch, loss) in rows {
            epochs.insert(epoch);
            let of_image = cells.entry(id.clone()).or_default();
            if of_image.insert(epoch, loss).is_some() {
                return Err(format!("two losses of '{id}' in epoch {epoch}"));
            }
        }
        let epochs: Vec<i64> = epochs.into_iter().collect();
        let mut dynamics = Self { epochs, ..Self::default() };
        for (id, of_image) in cells {
            let infinite = of_image.iter().find(|(_, loss)| !loss.is_finite());
            let missing = dynamics.epochs.iter().find(|epoch| !of_image.contains_key(epoch));
            let what = match (infinite, missing) {
                (Some((epoch, loss)), _) => format!("loss {loss} in epoch {epoch}"),
                (None, Some(epoch)) => format!("no loss in epoch {epoch}"),
                (None, None) => {
                    dynamics.losses.insert(id, of_image.into_values().collect());
                    continue;
                }
            };
            dynamics.problems.push(Problem {
                image: id,
                stage: STAGE.to_owned(),
                problem: what,
                action: LEFT_OUT.to_owned(),
            });
        }
        if dynamics.losses.is_empty() {
            let first = dynamics.problems.first();
            let why = first.map_or(String::new(), |p| format!("; '{}': {}", p.image, p.problem));
            return Err(format!("no image has a finite loss in every epoch{why}"));
        }
        Ok(dynamics)
    }

    /// Epochs, ascending.
    pub fn epochs(&self) -> &[i64] {
        &self.epochs
    }

    /// Losses of an image, `[epochs]`.
    pub fn losses(&self, id: &str) -> Option<&[f64]> {
        self.losses.get(id).map(Vec::as_slice)
    }

    /// Images in the order of their ids, each with its losses.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.losses.iter().map(|(id, losses)| (id.as_str(), losses.as_slice()))
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.losses.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.losses.is_empty()
    }

    /// As a table `id, epoch, loss`, by id, then by epoch.
    ///
    /// # Errors
    /// Where it is too large for one.
    pub fn table(&self) -> Result<RecordBatch, Error> {
        let rows = || {
            self.iter().flat_map(|(id, losses)| {
                self.epochs.iter().zip(losses).map(move |(&epoch, &loss)| (id, epoch, loss))
            })
        };
        Ok(Columns::new()
            .utf8("id", rows().map(|r| r.0))
            .i64("epoch", rows().map(|r| r.1))
            .f64("loss", rows().map(|r| r.2))
            .batch()?)
    }
}
