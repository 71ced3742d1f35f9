//! How the units behind a figure were sampled: strata (classes), clusters (videos), seed.
//!
//! # The rules behind an interval
//! A *sampling unit* is the image, or with clusters the whole cluster.
//!
//! - **Proportions** of independent images: Wilson, whatever the strata.
//! - **Independent images**: percentile bootstrap, images drawn anew within their stratum. Of a
//!   stratum of `m` images `m - 1` are drawn and weighted `m / (m - 1)`, which makes the variance
//!   of a mean unbiased (Rao and Wu 1988), and the percentiles are those of a t quantile with
//!   `images - strata` degrees instead of the normal's (Hesterberg 2015, "expanded percentile").
//!   Strata of one image are pooled with each other (collapsed strata; Wolter 2007, section 2.5).
//! - **Clusters, means**: ratio estimator with a t quantile with `G - 1` degrees, for any number of
//!   clusters. The variance is the jackknife's, which is the linearised one where clusters are of
//!   one size, and wider where their sizes differ. Pooled figures take all `G` clusters as one
//!   sample: the strata often hold one cluster each, and what differs between them is part of the
//!   error.
//! - **Few sampling units** (fewer than [`FEW`]): the same linearised t interval for means, the
//!   delete-one jackknife variance with a t quantile for [`Design::functional`], Woodruff's
//!   interval for medians: the percentile bootstrap is too narrow there.
//! - **Ratios of means** ([`Design::ratio`]): Fieller's interval from the same linearised spreads.
//! - **Means over strata**: variances add up over strata, with Satterthwaite's degrees of freedom;
//!   where a stratum has one sampling unit, the interval is not estimable. A cluster may span
//!   several strata; its shares in them then vary together.
//! - One sampling unit: the value without an interval.
//! - Undefined (NaN) resamples are dropped if fewer than 5 % are, otherwise there is no interval;
//!   a jackknife needs all of its replicates. A figure undefined on the sample has no value.
//!
//! How often these intervals hold the truth is measured in `tests/it/coverage/`.

mod bootstrap;
mod functional;
mod linear;
mod means;
mod median;
mod plan;
mod proportions;
mod ratio;

use crate::{
    Estimate,
    quantile::{TAIL, normal_cdf, t_quantile},
};
use plan::Plan;

/// Below this number of sampling units the small-sample rules hold.
pub const FEW: usize = 30;

/// What a figure is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All units together.
    Pooled,
    /// The unweighted mean over the strata (or a function of such means).
    MeanOfStrata,
}

/// The sampling design of `n` units (images), shared by every figure computed over them.
#[derive(Debug, Clone)]
pub struct Design {
    strata: Vec<u32>,
    clusters: Option<Vec<u32>>,
    seed: u64,
    resamples: usize,
}

impl Design {
    /// `strata[i]` is the class of unit `i`; `clusters[i]`, where given, its cluster. Both are
    /// names, in any order and with gaps. 2,000 `resamples` are usual; with none, figures that
    /// need resampling have no interval.
    ///
    /// # Panics
    /// Where `strata` and `clusters` differ in length.
    pub fn new(strata: Vec<u32>, clusters: Option<Vec<u32>>, seed: u64, resamples: usize) -> Self {
        if let Some(clusters) = &clusters {
            assert_eq!(strata.len(), clusters.len(), "one stratum and one cluster for each unit");
        }
        Self { strata, clusters, seed, resamples }
    }

    /// The design of the units `keep`, in that order.
    ///
    /// # Panics
    /// Where an index is not below [`Design::len`].
    pub fn subset(&self, keep: &[usize]) -> Self {
        let pick = |of: &[u32]| keep.iter().map(|&i| of[i]).collect::<Vec<u32>>();
        Self {
            strata: pick(&self.strata),
            clusters: self.clusters.as_deref().map(pick),
            seed: self.seed,
            resamples: self.resamples,
        }
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.strata.len()
    }

    /// Whether there are no units.
    pub fn is_empty(&self) -> bool {
        self.strata.is_empty()
    }

    /// Number of distinct clusters, where the design is clustered.
    pub fn cluster_count(&self) -> Option<usize> {
        self.clusters.as_deref().map(|c| plan::compact(c).1)
    }

    /// Number of independent units that bound what was never seen: sampling units for pooled
    /// figures, strata times the fewest sampling units of a stratum for means over strata.
    pub fn effective_units(&self, scope: Scope) -> f64 {
        let plan = self.plan(scope);
        match scope {
            Scope::Pooled => plan.units() as f64,
            Scope::MeanOfStrata => plan.strata() as f64 * plan.fewest_in_a_stratum() as f64,
        }
    }

    fn plan(&self, scope: Scope) -> Plan {
        Plan::new(&self.strata, self.clusters.as_deref(), scope)
    }

    fn check(&self, values: usize) {
        assert_eq!(values, self.len(), "one value for each unit of the design");
    }

    /// A figure that is not finite has no value, and no interval either.
    fn estimate(&self, value: f64, interval: Option<(f64, f64)>) -> Estimate {
        let value = value.is_finite().then_some(value);
        let interval =
            interval.filter(|(low, high)| value.is_some() && low.is_finite() && high.is_finite());
        Estimate {
            value,
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
            n: self.len(),
            clusters: self.cluster_count(),
        }
    }
}

/// The tail probability whose normal quantile is the t quantile with `freedom` degrees.
fn expanded_tail(freedom: f64) -> f64 {
    normal_cdf(-t_quantile(1.0 - TAIL, freedom))
}

#[cfg(test)]
mod tests;
