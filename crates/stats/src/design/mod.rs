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
//! - **Clusters, means**: ratio estimator with linearised variance and a t quantile with `G - 1`
//!   degrees, for any number of clusters. Pooled figures take all `G` clusters as one sample: the
//!   strata often hold one cluster each, and what differs between them is part of the error.
//! - **Few sampling units** (fewer than [`FEW`]): the same linearised t interval for means, the
//!   delete-one jackknife variance with a t quantile for [`Design::functional`], Woodruff's
//!   interval for medians: the percentile bootstrap is too narrow there.
//! - **Means over strata**: variances add up over strata, with Satterthwaite's degrees of freedom;
//!   where a stratum has one sampling unit, the interval is not estimable. A cluster may span
//!   several strata; its shares in them then vary together.
//! - One sampling unit: the value without an interval.
//! - Undefined (NaN) resamples are dropped if fewer than 5 % are, otherwise there is no interval;
//!   a jackknife needs all of its replicates. A figure undefined on the sample has no value.

mod bootstrap;
mod linear;
mod median;
mod plan;

use crate::quantile::{TAIL, normal_quantile};
use crate::{Estimate, paired, proportion};
use plan::Plan;

/// Below this number of sampling units the small-sample rules hold.
pub const FEW: usize = 30;

/// With fewer units than this beside the commonest paired difference, [`Design::paired_drop`]
/// takes the score interval: too few discordant pairs for resampling to show their spread.
const FEW_DISCORDANT: usize = 10;

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

    /// Pooled proportion of hits: Wilson; with clusters, ratio estimator with t(G - 1).
    ///
    /// The clustered interval is Wilson's with the effective number of units that the linearised
    /// variance implies, and with the t quantile (Dean and Pagano 2015): to first order
    /// `value +- t * standard error`, but inside 0..=1 and not too narrow near its ends. Where the
    /// clusters show no spread at all (all hits, say) the effective number is that of the clusters.
    ///
    /// # Panics
    /// Where `hits` is not one value a unit.
    pub fn proportion(&self, hits: &[bool]) -> Estimate {
        self.check(hits.len());
        if self.is_empty() {
            return self.estimate(f64::NAN, None);
        }
        let n = hits.len();
        let count = hits.iter().filter(|&&h| h).count();
        let rate = count as f64 / n as f64;
        if self.clusters.is_none() {
            return self.estimate(rate, proportion::wilson(count, n));
        }
        let plan = self.plan(Scope::Pooled);
        if !plan.estimable() {
            return self.estimate(rate, None);
        }
        let values: Vec<f64> = hits.iter().map(|&h| f64::from(u8::from(h))).collect();
        let spread = linear::pooled(&plan, &values);
        let clusters = plan.units() as f64;
        let interval = if spread.variance > 0.0 {
            let effective = rate * (1.0 - rate) / spread.variance;
            proportion::wilson_with(rate, effective, spread.t())
        } else {
            proportion::wilson_of_rate(rate, clusters)
        };
        self.estimate(rate, Some(interval))
    }

    /// Pooled mean. For values of a known range see [`Design::mean_within`].
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn mean(&self, values: &[f64]) -> Estimate {
        self.check(values.len());
        let plan = self.plan(Scope::Pooled);
        let n = values.len() as f64;
        let point = values.iter().sum::<f64>() / n;
        if !plan.estimable() || !point.is_finite() {
            return self.estimate(point, None);
        }
        if self.clusters.is_some() || plan.units() < FEW {
            return self.estimate(point, linear::pooled(&plan, values).interval(point));
        }
        let mean = |w: &[f64], out: &mut [f64]| {
            out[0] = w.iter().zip(values).map(|(w, v)| w * v).sum::<f64>() / n;
        };
        self.estimate(point, bootstrap::intervals(&plan, self.seed, self.resamples, 1, mean)[0])
    }

    /// Unweighted mean over strata of the stratum means.
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn mean_of_strata(&self, values: &[f64]) -> Estimate {
        self.check(values.len());
        let plan = self.plan(Scope::MeanOfStrata);
        let means = linear::StratumMeans::of(&plan, values);
        let point = means.mean();
        if !plan.estimable() || !point.is_finite() {
            return self.estimate(point, None);
        }
        if self.clusters.is_some() || plan.units() < FEW {
            return self.estimate(point, means.spread(&plan, values).interval(point));
        }
        let share = means.unit_shares(&plan);
        let mean = |w: &[f64], out: &mut [f64]| {
            out[0] = w.iter().zip(values).zip(&share).map(|((w, v), s)| w * v * s).sum();
        };
        self.estimate(point, bootstrap::intervals(&plan, self.seed, self.resamples, 1, mean)[0])
    }

    /// [`Design::mean`] of values that can only lie in `minimum..=maximum`: see
    /// [`Estimate::within`].
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn mean_within(&self, values: &[f64], minimum: f64, maximum: f64) -> Estimate {
        self.mean(values).within(minimum, maximum, self.effective_units(Scope::Pooled))
    }

    /// [`Design::mean_of_strata`] of values that can only lie in `minimum..=maximum`: see
    /// [`Estimate::within`].
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn mean_of_strata_within(&self, values: &[f64], minimum: f64, maximum: f64) -> Estimate {
        let units = self.effective_units(Scope::MeanOfStrata);
        self.mean_of_strata(values).within(minimum, maximum, units)
    }

    /// Pooled drop of a paired accuracy, `mean(before) - mean(after)`, in -1..=1.
    ///
    /// The percentile bootstrap; with clusters the ratio estimator with t(G - 1); with fewer than
    /// [`FEW`] images, or fewer than ten that differ from the commonest outcome, Tango's score
    /// interval ([`proportion::tango`]). The p-value beside it is [`paired::mcnemar_exact`]'s.
    ///
    /// # Panics
    /// Where `before` or `after` is not one value a unit.
    pub fn paired_drop(&self, before: &[bool], after: &[bool]) -> Estimate {
        self.check(before.len());
        let (lost, gained) = paired::discordant(before, after);
        let same = self.len() as u64 - lost - gained;
        let beside = self.len() as u64 - lost.max(gained).max(same);
        if self.clusters.is_none() && (self.len() < FEW || beside < FEW_DISCORDANT as u64) {
            let n = self.len() as u64;
            let point = (lost as f64 - gained as f64) / n as f64;
            return self.estimate(point, proportion::tango(lost, gained, n));
        }
        let drop = |(&b, &a): (&bool, &bool)| f64::from(i8::from(b) - i8::from(a));
        let drops: Vec<f64> = before.iter().zip(after).map(drop).collect();
        self.mean_within(&drops, -1.0, 1.0)
    }

    /// Pooled median (the mean of the middle two where their number is even).
    ///
    /// With clusters, and with fewer than [`FEW`] images, Woodruff's interval (Woodruff 1952): the
    /// t interval of the share of units up to the median, read off at the sample's quantiles; not
    /// estimable where it leaves 0..1 (with two clusters, say).
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn median(&self, values: &[f64]) -> Estimate {
        self.check(values.len());
        if self.is_empty() || values.iter().any(|v| v.is_nan()) {
            return self.estimate(f64::NAN, None);
        }
        let plan = self.plan(Scope::Pooled);
        let sorted = median::Sorted::of(values);
        let point = sorted.median(&vec![1.0; values.len()]);
        if !plan.estimable() {
            return self.estimate(point, None);
        }
        if self.clusters.is_some() || plan.units() < FEW {
            return self.estimate(point, sorted.woodruff(&plan, point));
        }
        let median = |w: &[f64], out: &mut [f64]| out[0] = sorted.median(w);
        self.estimate(point, bootstrap::intervals(&plan, self.seed, self.resamples, 1, median)[0])
    }

    /// `k` figures at once as functions of unit weights (all 1 for the point estimate; the
    /// multiplicities of a resample otherwise). `f(weights, out)` writes `out[..k]`; NaN = undefined.
    ///
    /// Weights are not negative, may be fractions, and their sum may differ from `n`: divide by the
    /// sum of weights wherever a mean is meant. The figures must be smooth functions of means
    /// (shares, differences, ratios); for medians use [`Design::median`]. They are pooled figures;
    /// for functions of class means use [`Design::functional_of_strata`].
    pub fn functional(&self, k: usize, f: impl Fn(&[f64], &mut [f64]) + Sync) -> Vec<Estimate> {
        let plan = self.plan(Scope::Pooled);
        let few = plan.units() < FEW;
        self.functional_by(&plan, few, k, f)
    }

    /// As [`Design::functional`], for functions of unweighted means over the strata: not estimable
    /// where a stratum has one sampling unit. With clusters the jackknife holds while a stratum has
    /// fewer than [`FEW`] of them.
    pub fn functional_of_strata(
        &self,
        k: usize,
        f: impl Fn(&[f64], &mut [f64]) + Sync,
    ) -> Vec<Estimate> {
        let plan = self.plan(Scope::MeanOfStrata);
        let few = match self.clusters {
            Some(_) => plan.fewest_in_a_stratum() < FEW,
            None => plan.units() < FEW,
        };
        self.functional_by(&plan, few, k, f)
    }

    fn functional_by(
        &self,
        plan: &Plan,
        few: bool,
        k: usize,
        f: impl Fn(&[f64], &mut [f64]),
    ) -> Vec<Estimate> {
        let mut point = vec![f64::NAN; k];
        if !self.is_empty() {
            f(&vec![1.0; self.len()], &mut point);
        }
        let intervals = if !plan.estimable() {
            vec![None; k]
        } else if few {
            linear::jackknife(plan, &point, f)
        } else {
            bootstrap::intervals(plan, self.seed, self.resamples, k, f)
        };
        point.iter().zip(intervals).map(|(&p, i)| self.estimate(p, i)).collect()
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
    crate::quantile::normal_cdf(-crate::quantile::t_quantile(1.0 - TAIL, freedom))
}

/// The critical value of a 95 % interval with `freedom` degrees.
fn critical(freedom: f64) -> f64 {
    if freedom.is_infinite() {
        normal_quantile(1.0 - TAIL)
    } else {
        crate::quantile::t_quantile(1.0 - TAIL, freedom)
    }
}

#[cfg(test)]
mod tests;
