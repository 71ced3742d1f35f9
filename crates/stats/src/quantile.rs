//! Quantiles of samples and of the two distributions that intervals are made with.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Probability in each tail of a two-sided 95 % interval.
pub const TAIL: f64 = 0.025;

/// From here on the t and the normal quantile agree to six digits.
const NORMAL_FROM: f64 = 1e6;

/// Quantile of the standard normal distribution; `probability` in 0..=1.
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// Distribution function of the standard normal distribution.
pub fn normal_cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

/// Quantile of Student's t with `freedom` degrees (> 0, may be fractional); NaN where `freedom`
/// is not positive.
pub fn t_quantile(probability: f64, freedom: f64) -> f64 {
    if freedom >= NORMAL_FROM {
        return normal_quantile(probability);
    }
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |t| t.inverse_cdf(probability))
}

/// Quantile of a sorted, non-empty sample, linear between order statistics (type 7 of Hyndman and
/// Fan, 1996; the default of NumPy and R).
pub fn sorted_quantile(sorted: &[f64], probability: f64) -> f64 {
    let position = probability.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_quantiles_interpolate() {
        let s = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(sorted_quantile(&s, 0.0), 1.0);
        assert_eq!(sorted_quantile(&s, 0.5), 3.0);
        assert_eq!(sorted_quantile(&s, 1.0), 8.0);
        assert!((sorted_quantile(&s, 0.9) - 6.8).abs() < 1e-12);
        assert_eq!(sorted_quantile(&[5.0], 0.3), 5.0);
    }

    #[test]
    fn t_without_freedom_is_undefined() {
        assert!(t_quantile(0.975, 0.0).is_nan());
    }
}
