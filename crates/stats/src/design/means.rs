//! Means, pooled and over strata.

use super::{Design, FEW, Scope, bootstrap, linear};
use crate::Estimate;

impl Design {
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

    /// The mean of each sampling unit's values: of each cluster, or the values themselves.
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn unit_means(&self, values: &[f64]) -> Vec<f64> {
        self.check(values.len());
        let plan = self.plan(Scope::Pooled);
        let mut sums = vec![(0.0, 0.0); plan.units()];
        for (unit, value) in values.iter().enumerate() {
            let (sum, n) = &mut sums[plan.sampling_unit(unit)];
            *sum += value;
            *n += 1.0;
        }
        sums.into_iter().map(|(sum, n)| sum / n).collect()
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
}
