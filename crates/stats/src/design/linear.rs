//! Linearised and jackknife variances with t intervals.

use super::plan::Plan;
use crate::quantile::{TAIL, t_quantile};

/// A variance and its degrees of freedom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) variance: f64,
    freedom: f64,
}

impl Spread {
    /// Joins independent variances of the sampling strata, each with its degrees of freedom
    /// (Satterthwaite 1946).
    fn joined(parts: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut variance, mut squares, mut least) = (0.0, 0.0, f64::INFINITY);
        for (v, freedom) in parts {
            variance += v;
            squares += v * v / freedom;
            least = f64::min(least, freedom);
        }
        let freedom = if squares > 0.0 { variance * variance / squares } else { least };
        Self { variance, freedom }
    }

    #[cfg(test)]
    pub(super) fn known(variance: f64, freedom: f64) -> Self {
        Self { variance, freedom }
    }

    /// The t quantile of the interval.
    pub(super) fn t(self) -> f64 {
        t_quantile(1.0 - TAIL, self.freedom)
    }

    /// `point` plus and minus the t quantile times the standard error.
    pub(super) fn interval(self, point: f64) -> Option<(f64, f64)> {
        let half = self.t() * self.variance.sqrt();
        Some((point - half, point + half))
    }
}

/// Spread of the pooled mean (a ratio of totals where the sampling units are clusters).
///
/// With clusters each residual total is divided by 1 - its share of the units, which is the
/// jackknife variance of the ratio and the plain linearised one where clusters are of one size;
/// without that factor, intervals over few clusters of unequal size are too narrow.
pub(super) fn pooled(plan: &Plan, values: &[f64]) -> Spread {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let mut influence = vec![0.0; plan.units()];
    let mut share = vec![0.0; plan.units()];
    for (unit, v) in values.iter().enumerate() {
        influence[plan.sampling_unit(unit)] += (v - mean) / n;
        share[plan.sampling_unit(unit)] += 1.0 / n;
    }
    if let ([group], true) = (plan.groups(), plan.clustered()) {
        let m = group.members.len() as f64;
        let parts = influence.iter().zip(&share).map(|(i, s)| (i / (1.0 - s)).powi(2));
        return Spread::joined([(parts.sum::<f64>() * (m - 1.0) / m, group.freedom)].into_iter());
    }
    Spread::joined(plan.groups().iter().map(|group| {
        let m = group.members.len() as f64;
        let of = |g: &u32| influence[*g as usize];
        let centre = group.members.iter().map(of).sum::<f64>() / m;
        let squares: f64 = group.members.iter().map(|g| (of(g) - centre).powi(2)).sum();
        (squares * m / (m - 1.0), group.freedom)
    }))
}

/// The mean of each stratum, and the units behind it.
#[derive(Debug)]
pub(super) struct StratumMeans {
    mean: Vec<f64>,
    count: Vec<f64>,
}

impl StratumMeans {
    pub(super) fn of(plan: &Plan, values: &[f64]) -> Self {
        let mut mean = vec![0.0; plan.strata()];
        let mut count = vec![0.0; plan.strata()];
        for (&s, v) in plan.stratum_of().iter().zip(values) {
            mean[s as usize] += v;
            count[s as usize] += 1.0;
        }
        for (mean, count) in mean.iter_mut().zip(&count) {
            *mean /= count;
        }
        Self { mean, count }
    }

    /// Unweighted mean over the strata; NaN where there are none.
    pub(super) fn mean(&self) -> f64 {
        self.mean.iter().sum::<f64>() / self.mean.len() as f64
    }

    /// The weight of each unit in [`StratumMeans::mean`].
    pub(super) fn unit_shares(&self, plan: &Plan) -> Vec<f64> {
        let strata = self.mean.len() as f64;
        plan.stratum_of().iter().map(|&s| 1.0 / (strata * self.count[s as usize])).collect()
    }

    /// Spread of [`StratumMeans::mean`].
    ///
    /// As in [`pooled`] a cluster's residual total is divided by 1 - its share of the stratum; the
    /// parts of one cluster in several strata are added before squaring, so that they may covary.
    pub(super) fn spread(&self, plan: &Plan, values: &[f64]) -> Spread {
        let parts = plan.units_by_stratum_and_sampling_unit();
        let strata = self.mean.len() as f64;
        let mut influence = vec![0.0; plan.units()];
        for units in parts {
            let s = plan.stratum_of()[units[0]] as usize;
            let m = plan.in_stratum()[s] as f64;
            let total: f64 = units.iter().map(|&unit| values[unit] - self.mean[s]).sum();
            let rest = self.count[s] - units.len() as f64;
            influence[plan.sampling_unit(units[0])] +=
                ((m - 1.0) / m).sqrt() * total / (rest * strata);
        }
        Spread::joined(plan.groups().iter().map(|group| {
            let squares = group.members.iter().map(|&g| influence[g as usize].powi(2)).sum();
            (squares, group.freedom)
        }))
    }
}

/// Delete-one jackknife intervals of the figures `f` around `point` (stratified; Wolter 2007,
/// section 4.5), `None` for a figure that some replicate leaves undefined.
pub(super) fn jackknife(
    plan: &Plan,
    point: &[f64],
    f: impl Fn(&[f64], &mut [f64]),
) -> Vec<Option<(f64, f64)>> {
    let k = point.len();
    let mut of_sampling_units = vec![1.0; plan.units()];
    let mut weights = vec![1.0; plan.stratum_of().len()];
    let mut out = vec![f64::NAN; k];
    let mut parts = vec![Vec::with_capacity(plan.groups().len()); k];
    for group in plan.groups() {
        let m = group.members.len() as f64;
        let mut squares = vec![0.0; k];
        for &left_out in &group.members {
            for &g in &group.members {
                of_sampling_units[g as usize] = m / (m - 1.0);
            }
            of_sampling_units[left_out as usize] = 0.0;
            plan.spread_weights(&of_sampling_units, &mut weights);
            out.fill(f64::NAN);
            f(&weights, &mut out);
            for ((sum, o), p) in squares.iter_mut().zip(&out).zip(point) {
                *sum += (o - p).powi(2);
            }
        }
        for &g in &group.members {
            of_sampling_units[g as usize] = 1.0;
        }
        for (parts, sum) in parts.iter_mut().zip(squares) {
            parts.push((sum * (m - 1.0) / m, group.freedom));
        }
    }
    let interval = |(parts, &p): (Vec<(f64, f64)>, &f64)| {
        let spread = Spread::joined(parts.into_iter());
        if spread.variance.is_finite() { spread.interval(p) } else { None }
    };
    parts.into_iter().zip(point).map(interval).collect()
}
