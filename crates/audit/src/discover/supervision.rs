//! Where the classifier has trouble: a loss of each image at each moment that is known.
//!
//! Training dynamics of the run (`dynamics.parquet`) where they cover the fitting part; else the audited model's own loss
//! and the dynamics of a linear probe on the features, trained here, each image measured by a probe that has not seen it.

use std::collections::HashMap;

use super::{material::Members, probe_losses};
use crate::{
    Context, Error, Inputs,
    dynamics::{self, Dynamics},
    features::{FeatureSet, Outcomes},
};

/// Share of the fitting part that dynamics have to cover.
const COVERED: f64 = 0.5;

/// Losses of the images of the fitting part.
#[derive(Debug, Clone)]
pub(super) struct Supervision {
    /// By sample, `[columns]`, all finite.
    losses: HashMap<usize, Vec<f64>>,
    /// Number of columns.
    pub(super) columns: usize,
    /// What they are, a sentence.
    pub(super) words: String,
}

impl Supervision {
    /// The best that is there.
    ///
    /// # Errors
    /// The dynamics of the run or the features can't be read.
    pub(super) fn find(
        inputs: &Inputs,
        &Context { run, threads, .. }: &Context<'_>,
        set: &FeatureSet,
        outcomes: &Outcomes,
        members: &[Members],
    ) -> Result<Self, Error> {
        let fitted: Vec<usize> = members.iter().flat_map(|m| m.fit.iter().copied()).collect();
        let mut why = String::new();
        if let Some(path) = run.file_of(dynamics::STAGE, dynamics::TABLE)? {
            let dynamics = dynamics::read(&path, &inputs.dataset)?;
            let known = Self::of_dynamics(inputs, &dynamics, &fitted);
            if known.losses.len() as f64 >= COVERED * fitted.len() as f64 {
                return Ok(known);
            }
            why = format!(
                " (dynamics.parquet has only {} of the {} images)",
                known.losses.len(),
                fitted.len()
            );
        }
        let mut probed = probe_losses::dynamics(inputs, set, members, threads)?;
        for sample in &fitted {
            if let Some(losses) = probed.get_mut(sample) {
                let own = outcomes.of(&inputs.dataset.samples[*sample].id);
                losses.push(own.map_or(f64::NAN, |o| f64::from(o.loss)));
            }
        }
        probed.retain(|_, losses| losses.iter().all(|l| l.is_finite()));
        Ok(Self {
            losses: probed,
            columns: probe_losses::EPOCHS + 1,
            words: format!(
                "Supervision: the model's own loss, and the loss after each of {} epochs of a linear probe on the features, \
                 each image measured by a probe that has not seen it{why}. Dynamics of the model's own training \
                 (--dynamics, --checkpoints) tell more.",
                probe_losses::EPOCHS
            ),
        })
    }

    fn of_dynamics(inputs: &Inputs, dynamics: &Dynamics, fitted: &[usize]) -> Self {
        let of =
            |&at: &usize| Some((at, dynamics.losses(&inputs.dataset.samples[at].id)?.to_vec()));
        let losses: HashMap<usize, Vec<f64>> = fitted.iter().filter_map(of).collect();
        let columns = dynamics.epochs().len();
        let left_out = fitted.len() - losses.len();
        let rest = match left_out {
            0 => String::new(),
            n => format!("; {n} images without losses take no part in the fit"),
        };
        let plural = if columns == 1 { "" } else { "s" };
        Self {
            losses,
            columns,
            words: format!("Supervision: losses of {columns} epoch{plural} of training{rest}."),
        }
    }

    /// Losses of an image.
    pub(super) fn of(&self, sample: usize) -> Option<&[f64]> {
        self.losses.get(&sample).map(Vec::as_slice)
    }
}
