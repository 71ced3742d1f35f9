//! Ratios of means, with Fieller's interval.

use super::{
    Design, Scope,
    linear::{self, Spread},
    plan::Plan,
};
use crate::Estimate;

impl Design {
    /// `mean(numerator) / mean(denominator)`, of pooled means or of unweighted means over the strata.
    ///
    /// Fieller's interval (Fieller 1954): every ratio `r` for which the mean of `numerator - r * denominator`, a plain
    /// mean, is not told from zero, its spread linearised and with a t quantile as for [`Design::mean`]. So it leaves 0 out
    /// exactly where the mean of the numerator does, and it holds where a resampled ratio does not: with few clusters and
    /// a denominator near zero. Without an interval where the denominator itself is not told from zero.
    ///
    /// # Panics
    /// Where `numerator` or `denominator` is not one value a unit.
    pub fn ratio(&self, scope: Scope, numerator: &[f64], denominator: &[f64]) -> Estimate {
        self.check(numerator.len());
        self.check(denominator.len());
        if self.is_empty() {
            return self.estimate(f64::NAN, None);
        }
        let plan = self.plan(scope);
        let both: Vec<f64> = numerator.iter().zip(denominator).map(|(n, d)| n + d).collect();
        let [over, under, sum] =
            [numerator, denominator, &both].map(|values| Part::of(&plan, scope, values));
        let value = over.mean / under.mean;
        if !plan.estimable() || !value.is_finite() {
            return self.estimate(value, None);
        }
        let t = [&over, &under, &sum].map(|part| part.spread.t()).into_iter().fold(0.0, f64::max);
        let shared = 0.5 * (sum.spread.variance - over.spread.variance - under.spread.variance);
        self.estimate(value, fieller(&over, &under, shared, t))
    }

    /// Sampling units that hold a value above 0.
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn units_with(&self, values: &[f64]) -> usize {
        self.check(values.len());
        let plan = self.plan(Scope::Pooled);
        let mut holds = vec![false; plan.units()];
        for (unit, &value) in values.iter().enumerate() {
            holds[plan.sampling_unit(unit)] |= value > 0.0;
        }
        holds.into_iter().filter(|&held| held).count()
    }

    /// Of the two outcomes that units can show (any value above 0; any value below 1), the number of sampling units that
    /// hold the rarer one. Figures whose spread hangs on fewer than about five of them have no honest interval.
    ///
    /// # Panics
    /// Where `values` is not one value a unit.
    pub fn units_of_the_rarer(&self, values: &[f64]) -> usize {
        let lacking: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
        self.units_with(values).min(self.units_with(&lacking))
    }
}

/// A mean and its spread.
struct Part {
    mean: f64,
    spread: Spread,
}

impl Part {
    fn of(plan: &Plan, scope: Scope, values: &[f64]) -> Self {
        match scope {
            Scope::Pooled => Self {
                mean: values.iter().sum::<f64>() / values.len() as f64,
                spread: linear::pooled(plan, values),
            },
            Scope::MeanOfStrata => {
                let means = linear::StratumMeans::of(plan, values);
                Self { mean: means.mean(), spread: means.spread(plan, values) }
            }
        }
    }
}

/// Roots of `(over - r under)^2 = t^2 (variance of over - r under)`.
fn fieller(over: &Part, under: &Part, shared: f64, t: f64) -> Option<(f64, f64)> {
    let square = under.mean * under.mean - t * t * under.spread.variance;
    let linear = over.mean * under.mean - t * t * shared;
    let constant = over.mean * over.mean - t * t * over.spread.variance;
    let root = linear * linear - square * constant;
    // Below zero by rounding alone.
    let root = root.max(0.0).sqrt();
    // Without a positive square the denominator is not told from zero: no bound.
    (square > 0.0).then(|| ((linear - root) / square, (linear + root) / square))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Franz 2007 ("Ratios: a short guide to confidence limits and proper use"), by hand from the same formula: means 4 and
    /// 2, variances of the means .25 and .04, covariance .02, t 2: squares 4 - .16 = 3.84, 8 - .08 = 7.92, 16 - 1 = 15.
    #[test]
    fn roots_of_the_quadratic() {
        let part = |mean, variance| Part { mean, spread: Spread::known(variance, 10.0) };
        let (low, high) = fieller(&part(4.0, 0.25), &part(2.0, 0.04), 0.02, 2.0).unwrap();
        let root = (7.92_f64 * 7.92 - 3.84 * 15.0).sqrt();
        assert!((low - (7.92 - root) / 3.84).abs() < 1e-12);
        assert!((high - (7.92 + root) / 3.84).abs() < 1e-12);
        assert!(fieller(&part(4.0, 0.25), &part(0.3, 0.04), 0.02, 2.0).is_none());
    }

    #[test]
    fn it_leaves_zero_out_where_the_numerator_does() {
        let clusters: Vec<u32> = (0..60).map(|i| i / 6).collect();
        let design = Design::new(vec![0; 60], Some(clusters), 0, 0);
        for shift in 0..40 {
            let over: Vec<f64> = (0..60)
                .map(|i| f64::from((i * 7 + i / 6 * 3) % 11) / 10.0 - 0.02 * f64::from(shift))
                .collect();
            let under: Vec<f64> =
                over.iter().enumerate().map(|(i, v)| 2.0 + v + (i % 3) as f64).collect();
            let (ratio, mean) = (design.ratio(Scope::Pooled, &over, &under), design.mean(&over));
            assert_eq!(ratio.low.unwrap() > 0.0, mean.low.unwrap() > 0.0, "{ratio:?} {mean:?}");
            assert_eq!(ratio.high.unwrap() < 0.0, mean.high.unwrap() < 0.0, "{ratio:?} {mean:?}");
        }
    }

    #[test]
    fn the_rarer_outcome_is_counted_by_sampling_unit() {
        let clusters: Vec<u32> = (0..12).map(|i| i / 3).collect();
        let design = Design::new(vec![0; 12], Some(clusters), 0, 0);
        let mut values = vec![1.0; 12];
        assert_eq!(design.units_of_the_rarer(&values), 0);
        (values[0], values[1], values[4]) = (0.0, 0.0, 1.0 / 3.0);
        assert_eq!(design.units_of_the_rarer(&values), 2);
        assert_eq!(Design::new(vec![0; 12], None, 0, 0).units_of_the_rarer(&values), 3);
    }
}
