//! Wilcoxon's signed-rank test.

use crate::{correlation::mean_ranks, quantile::normal_cdf};

/// Fewest differences from zero for the normal law to hold.
const FEWEST: usize = 10;

/// One-sided p-value of Wilcoxon's signed-rank test that `values` lie below zero: differences of zero are left out, equal
/// sizes share their ranks, the normal law with corrections for ties and for continuity (as SciPy's `wilcoxon` with
/// `alternative='less', method='approx', correction=True`). `None` with fewer than ten values beside zero.
pub fn signed_rank_below(values: &[f64]) -> Option<f64> {
    let beside: Vec<f64> = values.iter().copied().filter(|v| *v != 0.0).collect();
    if beside.len() < FEWEST || beside.iter().any(|v| v.is_nan()) {
        return None;
    }
    let sizes: Vec<f64> = beside.iter().map(|v| v.abs()).collect();
    let ranks = mean_ranks(&sizes);
    let above: f64 = ranks.iter().zip(&beside).filter(|(_, v)| **v > 0.0).map(|(r, _)| r).sum();
    let n = beside.len() as f64;
    let mean = n * (n + 1.0) / 4.0;
    let mut sorted = sizes;
    sorted.sort_unstable_by(f64::total_cmp);
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|alike| (alike.len() as f64).powi(3) - alike.len() as f64)
        .sum();
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    // Continuity: half a rank toward the mean.
    let distance = above - mean;
    let toward = if distance == 0.0 { 0.0 } else { 0.5 * distance.signum() };
    Some(normal_cdf((distance - toward) / variance.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1.
    #[test]
    fn as_scipy() {
        let values = [-0.3, -0.25, 0.1, -0.4, -0.4, 0.05, -0.6, -0.1, 0.0, -0.2, -0.7, 0.3];
        let p = signed_rank_below(&values).unwrap();
        assert!((p - 0.022_563_658_636_312_57).abs() < 1e-11, "{p}");
        let turned: Vec<f64> = values.iter().map(|v| -v).collect();
        assert!(signed_rank_below(&turned).unwrap() > 0.97);
    }

    #[test]
    fn few_values_are_not_tested() {
        assert_eq!(signed_rank_below(&[-1.0; 9]), None);
        assert_eq!(signed_rank_below(&[0.0; 40]), None);
        assert!(signed_rank_below(&[-1.0; 10]).unwrap() < 0.01);
    }
}
