//! Rank correlation.

use crate::{
    Estimate,
    quantile::{TAIL, normal_quantile},
};

/// Ranks from 1, ties by the mean of the ranks that they share.
pub fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tied in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (tied.len() as f64 + 1.0) / 2.0;
        tied.iter().for_each(|&at| ranks[at] = rank);
        start += tied.len();
    }
    ranks
}

/// Spearman's rank correlation of `n` independent pairs, with the interval of Bonett and Wright (2000): Fisher's
/// transformation with standard error `sqrt((1 + r^2 / 2) / (n - 3))`. Without a value where one side is constant,
/// without an interval below 4 pairs.
///
/// # Panics
/// Where the slices differ in length.
pub fn spearman(x: &[f64], y: &[f64]) -> Estimate {
    assert_eq!(x.len(), y.len(), "pairs");
    let n = x.len();
    let mut estimate = Estimate { n, ..Estimate::default() };
    let centred = |values: &[f64]| -> Vec<f64> {
        let middle = (n as f64 + 1.0) / 2.0;
        mean_ranks(values).into_iter().map(|rank| rank - middle).collect()
    };
    let (x, y) = (centred(x), centred(y));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let r = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
    if !r.is_finite() {
        return estimate;
    }
    let r = r.clamp(-1.0, 1.0);
    estimate.value = Some(r);
    if n >= 4 {
        let half = normal_quantile(1.0 - TAIL) * ((1.0 + r * r / 2.0) / (n as f64 - 3.0)).sqrt();
        estimate.low = Some((r.atanh() - half).tanh());
        estimate.high = Some((r.atanh() + half).tanh());
    }
    estimate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_a_rank() {
        assert_eq!(mean_ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    /// `scipy.stats.spearmanr`, SciPy 1.17.1.
    #[test]
    fn agrees_with_scipy() {
        let r = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 1.0, 4.0, 3.0, 5.0]);
        assert!((r.value.unwrap() - 0.8).abs() < 1e-12);
        let tied = spearman(&[0.0, 0.0, 1.0, 1.0], &[1.0, 1.5, 2.0, 2.0]);
        assert!((tied.value.unwrap() - 0.942_809_041_582_063_5).abs() < 1e-12, "{tied:?}");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]).value, None);
        let perfect = spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!((perfect.value, perfect.high), (Some(1.0), Some(1.0)));
    }
}
