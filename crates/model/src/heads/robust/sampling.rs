//! Orders of rows that are drawn by weight.
use crate::ModelError;
use rand::RngExt as _;
use rightly_stats::rng::keyed;

/// `n / (classes x rows of the class)` for each row, so that every class that has rows counts the same and the mean weight
/// is 1 where none is missing.
pub(super) fn class_balance(labels: &[usize], classes: usize) -> Vec<f32> {
    let mut counts = vec![0_usize; classes];
    for &label in labels {
        counts[label] += 1;
    }
    let n = labels.len() as f64;
    labels.iter().map(|&label| (n / (classes as f64 * counts[label] as f64)) as f32).collect()
}

/// Draws as many rows as there are weights, with replacement and in proportion to them, anew for each epoch (0-based).
///
/// # Errors
/// [`ModelError::Head`] where the weights do not add up to a number above 0.
pub fn draw_by_weight(
    weights: &[f64],
    seed: u64,
) -> Result<impl FnMut(usize) -> Vec<usize> + use<>, ModelError> {
    let mut sums = Vec::with_capacity(weights.len());
    let mut sum = 0.0;
    for &weight in weights {
        sum += weight;
        sums.push(sum);
    }
    if !(sum.is_finite() && sum > 0.0) {
        return Err(ModelError::Head(format!(
            "weights to draw rows by add up to {sum}, expected a number above 0"
        )));
    }
    let last = sums.len() - 1;
    Ok(move |epoch: usize| {
        let mut rng = keyed(seed, "head/draw", "", epoch as u64);
        let one = |at: f64| sums.partition_point(|&sum| sum <= at).min(last);
        (0..sums.len()).map(|_| one(rng.random::<f64>() * sum)).collect()
    })
}
