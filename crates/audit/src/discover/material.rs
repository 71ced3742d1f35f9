//! What is known of the images of a class: vectors, outcomes of the audited model, supervision.

use std::collections::{HashMap, HashSet};

use ndarray::{Array2, ArrayView1, Axis, s};
use rightly_model::heads::{Moments, Standard};

use super::supervision::Supervision;
use crate::{
    Error, Inputs,
    features::{FeatureSet, Outcome, Outcomes, fold, rows_of},
    fit_confirm::FitConfirm,
};

/// Values of vectors that are held at once; more classes are read in several passes over the file.
const HELD: usize = 64 << 20;

/// Images of one class in one part, in the order of the dataset.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) samples: Vec<usize>,
    /// `[n, d]`.
    pub(super) vectors: Array2<f32>,
    pub(super) outcomes: Vec<Outcome>,
}

impl Part {
    /// Number of images.
    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether the model is right on each.
    pub(super) fn right(&self) -> Vec<bool> {
        self.outcomes.iter().map(|o| o.correct).collect()
    }

    /// Share of right answers, NaN without images.
    pub(super) fn accuracy(&self) -> f64 {
        self.outcomes.iter().filter(|o| o.correct).count() as f64 / self.len() as f64
    }

    /// The images that have losses, with these, `[n, columns]`.
    pub(super) fn with_losses(&self, supervision: &Supervision) -> (Self, Array2<f64>) {
        let known: Vec<usize> =
            (0..self.len()).filter(|&at| supervision.of(self.samples[at]).is_some()).collect();
        let mut losses = Array2::zeros((known.len(), supervision.columns));
        for (mut row, &at) in losses.rows_mut().into_iter().zip(&known) {
            if let Some(own) = supervision.of(self.samples[at]) {
                row.assign(&ArrayView1::from(own));
            }
        }
        let part = Self {
            samples: known.iter().map(|&at| self.samples[at]).collect(),
            vectors: self.vectors.select(Axis(0), &known),
            outcomes: known.iter().map(|&at| self.outcomes[at].clone()).collect(),
        };
        (part, losses)
    }
}

/// A class.
#[derive(Debug, Clone)]
pub(super) struct Material {
    pub(super) class: usize,
    pub(super) fit: Part,
    pub(super) confirm: Part,
}

impl Material {
    /// Both parts as one.
    pub(super) fn together(&self) -> Part {
        let (a, b) = (&self.fit, &self.confirm);
        let mut vectors = Array2::zeros((a.len() + b.len(), a.vectors.ncols()));
        vectors.slice_mut(s![..a.len(), ..]).assign(&a.vectors);
        vectors.slice_mut(s![a.len().., ..]).assign(&b.vectors);
        Part {
            samples: [a.samples.clone(), b.samples.clone()].concat(),
            vectors,
            outcomes: [a.outcomes.clone(), b.outcomes.clone()].concat(),
        }
    }
}

/// Images of a class that have an outcome: samples to fit on, samples to confirm on.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    pub(super) fit: Vec<usize>,
    pub(super) confirm: Vec<usize>,
}

impl Members {
    /// Of each class of the dataset.
    pub(super) fn by_class(inputs: &Inputs, parts: &FitConfirm, outcomes: &Outcomes) -> Vec<Self> {
        let mut out = vec![Self::default(); inputs.dataset.classes.len()];
        let known = |at: &&usize| outcomes.of(&inputs.dataset.samples[**at].id).is_some();
        for &at in parts.fit.iter().filter(known) {
            out[inputs.dataset.samples[at].class].fit.push(at);
        }
        for &at in parts.confirm.iter().filter(known) {
            out[inputs.dataset.samples[at].class].confirm.push(at);
        }
        out
    }

    /// All of them to fit on.
    pub(super) fn together(&self) -> Self {
        let mut fit = [self.fit.clone(), self.confirm.clone()].concat();
        fit.sort_unstable();
        Self { fit, confirm: Vec::new() }
    }

    fn len(&self) -> usize {
        self.fit.len() + self.confirm.len()
    }
}

/// Classes in groups whose vectors fit into memory together.
pub(super) fn batches(members: &[Members], dim: usize) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut held = usize::MAX;
    for (class, own) in members.iter().enumerate() {
        let size = own.len() * dim;
        if out.is_empty() || held.saturating_add(size) > HELD {
            out.push(Vec::new());
            held = 0;
        }
        held += size;
        if let Some(last) = out.last_mut() {
            last.push(class);
        }
    }
    out
}

/// Where a vector goes: class of the batch, whether it confirms, row.
type Place = (usize, bool, usize);

/// Reads the vectors of some classes in one pass over the features.
///
/// # Errors
/// The file can't be read, or an image of these classes is missing in it.
pub(super) fn read(
    inputs: &Inputs,
    set: &FeatureSet,
    outcomes: &Outcomes,
    classes: &[usize],
    members: &[Members],
    threads: usize,
) -> Result<Vec<Material>, Error> {
    let mut place: HashMap<&str, Place> = HashMap::new();
    let mut out = Vec::with_capacity(classes.len());
    for (at, &class) in classes.iter().enumerate() {
        let own = &members[class];
        for (samples, confirms) in [(&own.fit, false), (&own.confirm, true)] {
            for (row, &sample) in samples.iter().enumerate() {
                place.insert(inputs.dataset.samples[sample].id.as_str(), (at, confirms, row));
            }
        }
        let part = |samples: &Vec<usize>| Part {
            samples: samples.clone(),
            vectors: Array2::zeros((samples.len(), set.dim)),
            outcomes: samples
                .iter()
                .filter_map(|&s| outcomes.of(&inputs.dataset.samples[s].id).cloned())
                .collect(),
        };
        out.push(Material { class, fit: part(&own.fit), confirm: part(&own.confirm) });
    }
    let (found, vectors) = rows_of(set, threads, |id| place.get(id).copied())?;
    if found.len() != place.len() {
        return Err(Error::run(
            &set.path,
            "images are missing; remove the folder features/ of the run and run again",
        ));
    }
    for ((at, confirms, row), vector) in found.into_iter().zip(vectors.outer_iter()) {
        let part = if confirms { &mut out[at].confirm } else { &mut out[at].fit };
        part.vectors.row_mut(row).assign(&vector);
    }
    Ok(out)
}

/// Mean and deviation of the features of all images that are fitted on, in one pass over the file.
///
/// # Errors
/// As [`fold`].
pub(super) fn standard(
    inputs: &Inputs,
    set: &FeatureSet,
    members: &[Members],
    threads: usize,
) -> Result<Standard, Error> {
    let fitted = members.iter().flat_map(|m| &m.fit);
    let fitted: HashSet<&str> = fitted.map(|&at| inputs.dataset.samples[at].id.as_str()).collect();
    let moments = fold(
        &set.path,
        "vector",
        threads,
        || Moments::new(set.dim),
        |moments: &mut Moments, id, vector| {
            if fitted.contains(id) {
                moments.push(vector);
            }
            Ok(())
        },
        |whole, part| whole.merge(&part),
    )?;
    Ok(Standard::of_moments(&moments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_together_as_long_as_they_fit() {
        let own = |n: usize| Members { fit: (0..n).collect(), confirm: Vec::new() };
        let dim = HELD / 10;
        let members = [own(4), own(6), own(1), own(30), own(2), own(0)];
        assert_eq!(batches(&members, dim), [vec![0, 1], vec![2], vec![3], vec![4, 5]]);
        assert!(batches(&[], dim).is_empty());
    }
}
