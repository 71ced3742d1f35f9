//! Intervals from what a figure is without each of its sampling units in turn.
//!
//! For smooth figures that repeated units would bias, so that resampling is no way: the agreement of clusterings grows where
//! an image stands twice, and so does the length of a difference of means in many dimensions.

use crate::quantile::{TAIL, t_quantile};

/// The 95 % interval of a figure that is `value` on all `G` sampling units and `without[g]` without unit `g`: the delete-one
/// jackknife's standard error (Quenouille 1956, Tukey 1958) times the t quantile with `G - 1` degrees. `None` with fewer than
/// two units, or where a value is not finite.
pub fn interval(value: f64, without: &[f64]) -> Option<(f64, f64)> {
    let units = without.len() as f64;
    if without.len() < 2 || !value.is_finite() || without.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mean = without.iter().sum::<f64>() / units;
    let squares: f64 = without.iter().map(|v| (v - mean).powi(2)).sum();
    let half = t_quantile(1.0 - TAIL, units - 1.0) * ((units - 1.0) / units * squares).sqrt();
    Some((value - half, value + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a mean the jackknife's standard error is the usual one.
    #[test]
    fn of_a_mean_it_is_students() {
        let values = [3.0, 1.5, 4.0, 1.0, 5.5];
        let sum: f64 = values.iter().sum();
        let without: Vec<f64> = values.iter().map(|v| (sum - v) / 4.0).collect();
        let (low, high) = interval(sum / 5.0, &without).unwrap();
        // scipy.stats.t.interval(0.95, 4, 3.0, scipy.stats.sem([3, 1.5, 4, 1, 5.5]))
        assert!((low - 0.718_918).abs() < 1e-5 && (high - 5.281_082).abs() < 1e-5, "{low} {high}");
        assert_eq!(interval(1.0, &[1.0]), None);
        assert_eq!(interval(1.0, &[1.0, f64::NAN]), None);
    }
}
