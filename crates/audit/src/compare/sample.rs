//! Images that one row is about, with how they were sampled.

use std::collections::BTreeMap;

use rightly_stats::{Design, Estimate, design};

use super::column::{Shape, Value};
use crate::estimates::{FEW_RIGHT, share_kept, with_honest_bounds};

/// What a row is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// One class, or all images together.
    Pooled,
    /// The unweighted mean of the classes.
    Classes,
}

/// The images of a row.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) over: Over,
    /// Class of each image.
    pub(super) class: Vec<usize>,
    /// Cluster of each image, where there are clusters.
    pub(super) cluster: Option<Vec<u32>>,
    pub(super) design: Design,
}

impl Sample {
    pub(super) fn new(
        over: Over,
        class: Vec<usize>,
        cluster: Option<Vec<u32>>,
        seed: u64,
        resamples: usize,
    ) -> Self {
        let strata = class.iter().map(|&c| c as u32).collect();
        let design = Design::new(strata, cluster.clone(), seed, resamples);
        Self { over, class, cluster, design }
    }

    pub(super) fn len(&self) -> usize {
        self.class.len()
    }

    /// Sampling unit of each image, numbered from 0, and their number.
    pub(super) fn units(&self) -> (Vec<usize>, usize) {
        match &self.cluster {
            None => ((0..self.len()).collect(), self.len()),
            Some(clusters) => {
                let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
                let units = clusters
                    .iter()
                    .map(|c| {
                        let next = numbers.len();
                        *numbers.entry(*c).or_insert(next)
                    })
                    .collect();
                (units, numbers.len())
            }
        }
    }

    /// Share of each image in the figure under `weights`; they add up to 1.
    pub(super) fn shares(&self, weights: &[f64]) -> Vec<f64> {
        if self.over == Over::Pooled {
            let total: f64 = weights.iter().sum();
            return weights.iter().map(|w| w / total).collect();
        }
        let classes = self.class.iter().max().map_or(0, |most| most + 1);
        let mut totals = vec![0.0; classes];
        self.class.iter().zip(weights).for_each(|(&c, w)| totals[c] += w);
        let seen = totals.iter().filter(|&&t| t > 0.0).count() as f64;
        let share = |(&c, &w): (&usize, &f64)| if w > 0.0 { w / (totals[c] * seen) } else { 0.0 };
        self.class.iter().zip(weights).map(share).collect()
    }

    /// Whether the rules for small samples hold.
    pub(super) fn is_small(&self) -> bool {
        self.design.is_small(self.scope())
    }

    /// Whether too few units are right under a condition to show their spread.
    pub(super) fn is_sparse(&self, values: &[Value]) -> bool {
        let after: Vec<f64> = values.iter().map(|v| v[1]).collect();
        self.design.units_with(&after) < FEW_RIGHT
    }

    fn scope(&self) -> design::Scope {
        match self.over {
            Over::Pooled => design::Scope::Pooled,
            Over::Classes => design::Scope::MeanOfStrata,
        }
    }

    /// Independent units that bound what was never seen.
    pub(super) fn effective_units(&self) -> f64 {
        self.design.effective_units(self.scope())
    }

    /// A function of shares, with its interval by the design.
    pub(super) fn functional(&self, f: impl Fn(&[f64]) -> f64 + Sync) -> Estimate {
        let figure = |weights: &[f64], out: &mut [f64]| out[0] = f(&self.shares(weights));
        let estimates = match self.over {
            Over::Pooled => self.design.functional(1, figure),
            Over::Classes => self.design.functional_of_strata(1, figure),
        };
        *estimates.first().expect("one figure was asked for: by construction")
    }

    /// The mean of values in `low..=high`.
    pub(super) fn mean(&self, values: &[f64], low: f64, high: f64) -> Estimate {
        match self.over {
            Over::Pooled => self.design.mean_within(values, low, high),
            Over::Classes => self.design.mean_of_strata_within(values, low, high),
        }
    }

    /// The figure of one run over these images.
    pub(super) fn figure(&self, shape: Shape, values: &[Value]) -> Estimate {
        let first = || values.iter().map(|v| v[0]).collect::<Vec<f64>>();
        let second = || values.iter().map(|v| v[1]).collect::<Vec<f64>>();
        let (low, high) = shape.range();
        match shape {
            Shape::Mean { .. } if low == 0.0 && self.over == Over::Pooled && binary(values) => {
                self.design.proportion(&hits(values))
            }
            Shape::Mean { .. } => self.mean(&first(), low, high),
            Shape::Median => self.design.median(&first()),
            Shape::Kept => share_kept(&self.design, self.scope(), &first(), &second()),
            Shape::Rfs => {
                let e = self.functional(|shares| shape.figure(values, shares));
                let e = e.within(low, high, self.effective_units());
                with_honest_bounds(e, &self.design, self.scope(), &first(), &second())
            }
        }
    }
}

/// Whether every value is 0 or 1.
pub(super) fn binary(values: &[Value]) -> bool {
    values.iter().all(|v| v[0] == 0.0 || v[0] == 1.0)
}

pub(super) fn hits(values: &[Value]) -> Vec<bool> {
    values.iter().map(|v| v[0] == 1.0).collect()
}
