//! Weighted medians, and Woodruff's interval.

use super::{Design, FEW, Scope, bootstrap, linear, plan::Plan};
use crate::Estimate;

impl Design {
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
        let sorted = Sorted::of(values);
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

    /// Difference `median(a) - median(b)` of two values of each unit (the same images under two
    /// models).
    ///
    /// The percentile bootstrap over units. With fewer than [`FEW`] of them (or of clusters) there
    /// is no interval: the jackknife fails on medians, and Woodruff's is for one median alone.
    ///
    /// # Panics
    /// Where `a` or `b` is not one value a unit.
    pub fn median_difference(&self, a: &[f64], b: &[f64]) -> Estimate {
        self.check(a.len());
        self.check(b.len());
        if self.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
            return self.estimate(f64::NAN, None);
        }
        let plan = self.plan(Scope::Pooled);
        let (a, b) = (Sorted::of(a), Sorted::of(b));
        let all = vec![1.0; self.len()];
        let point = a.median(&all) - b.median(&all);
        if !plan.estimable() || plan.units() < FEW {
            return self.estimate(point, None);
        }
        let f = |w: &[f64], out: &mut [f64]| out[0] = a.median(w) - b.median(w);
        self.estimate(point, bootstrap::intervals(&plan, self.seed, self.resamples, 1, f)[0])
    }
}

/// Values with their ascending order.
#[derive(Debug)]
struct Sorted<'a> {
    values: &'a [f64],
    order: Vec<u32>,
}

impl<'a> Sorted<'a> {
    /// `values` hold no NaN.
    fn of(values: &'a [f64]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        Self { values, order }
    }

    /// Weighted median: the value where the sum of weights passes one half, the mean of the two
    /// values where it meets one half between them; NaN where all weights are 0.
    fn median(&self, weights: &[f64]) -> f64 {
        let total: f64 = weights.iter().sum();
        let half = total / 2.0;
        // sums of fractional weights meet one half only up to rounding
        let tolerance = 1e-9 * total;
        let mut sum = 0.0;
        let mut met = None;
        for &i in &self.order {
            let (value, weight) = (self.values[i as usize], weights[i as usize]);
            if weight <= 0.0 {
                continue;
            }
            if let Some(below) = met {
                return 0.5 * (below + value);
            }
            sum += weight;
            if sum > half + tolerance {
                return value;
            }
            if sum >= half - tolerance {
                met = Some(value);
            }
        }
        met.unwrap_or(f64::NAN)
    }

    /// Woodruff's interval around the median `point`.
    fn woodruff(&self, plan: &Plan, point: f64) -> Option<(f64, f64)> {
        let up_to: Vec<f64> =
            self.values.iter().map(|&v| f64::from(u8::from(v <= point))).collect();
        let spread = linear::pooled(plan, &up_to);
        let (low, high) = spread.interval(0.5)?;
        if low <= 0.0 || high >= 1.0 {
            return None;
        }
        let n = self.order.len();
        let at = |index: usize| self.values[self.order[index.min(n - 1)] as usize];
        // smallest values whose share of units up to them reaches `low`, and exceeds `high`
        let below = (low * n as f64).ceil() as usize - 1;
        let above = (high * n as f64).floor() as usize;
        Some((at(below), at(above)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighted_medians() {
        let values = [3.0, 1.0, 2.0, 10.0];
        let sorted = Sorted::of(&values);
        assert_eq!(sorted.median(&[1.0; 4]), 2.5);
        assert_eq!(sorted.median(&[1.0, 1.0, 1.0, 0.0]), 2.0);
        assert_eq!(sorted.median(&[0.0, 0.0, 0.0, 2.5]), 10.0);
        assert_eq!(sorted.median(&[4.0 / 3.0, 0.0, 4.0 / 3.0, 4.0 / 3.0]), 3.0);
        assert!(sorted.median(&[0.0; 4]).is_nan());
    }
}
