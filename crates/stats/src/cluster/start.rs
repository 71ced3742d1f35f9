//! Where k-means begins.

use rand::{Rng, RngExt};

use crate::blocks::{Blocks, products, squares};

/// At most `clusters` rows as first centroids, row after row, by greedy k-means++ (Arthur and Vassilvitskii 2007; of
/// `2 + ln k` candidates the one that lowers the sum of squares most, as scikit-learn's). Fewer where there are fewer
/// distinct rows of positive weight.
pub(super) fn plus_plus(
    rows: &Blocks<'_>,
    weights: Option<&[f64]>,
    clusters: usize,
    rng: &mut impl Rng,
) -> Vec<f64> {
    let n = rows.len();
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let trials = 2 + (clusters as f64).ln() as usize;
    let plain: Vec<f64> = (0..n).map(weight).collect();
    let Some(first) = drawn(&plain, rng) else {
        return Vec::new();
    };
    let mut centroids = rows.row(first);
    let mut nearest = distances(rows, &centroids, 1).concat();
    for _ in 1..clusters {
        let potential: Vec<f64> = nearest.iter().zip(&plain).map(|(d, w)| d * w).collect();
        let mut candidates = Vec::new();
        for _ in 0..trials {
            match drawn(&potential, rng) {
                Some(row) => candidates.extend(rows.row(row)),
                // All rows are centroids already.
                None => return centroids,
            }
        }
        let parts = distances(rows, &candidates, trials);
        let all = parts.concat();
        let left = |trial: usize| {
            let near = all.iter().skip(trial).step_by(trials).zip(&nearest);
            near.zip(&plain).map(|((new, old), w)| w * new.min(*old)).sum::<f64>()
        };
        let left: Vec<f64> = (0..trials).map(left).collect();
        let best = (0..trials).fold(0, |best, t| if left[t] < left[best] { t } else { best });
        let d = rows.columns();
        centroids.extend_from_slice(&candidates[best * d..(best + 1) * d]);
        let new = all.iter().skip(best).step_by(trials);
        nearest.iter_mut().zip(new).for_each(|(old, new)| *old = old.min(*new));
    }
    centroids
}

/// Squared distances to a few points, one vector a part of the rows, row after row. What is rounding is 0, so that copies
/// of a point are not drawn again.
fn distances(rows: &Blocks<'_>, points: &[f64], count: usize) -> Vec<Vec<f64>> {
    let d = rows.columns();
    let lengths = squares(points, d);
    rows.parts(|range| {
        let mut out = vec![0.0; range.len() * count];
        rows.steps(range.clone(), |at, block| {
            let out = &mut out[(at.start - range.start) * count..(at.end - range.start) * count];
            products(out, block, points, d);
            for (own, out) in squares(block, d).iter().zip(out.chunks_exact_mut(count)) {
                for (value, length) in out.iter_mut().zip(&lengths) {
                    let square = own + length - 2.0 * *value;
                    *value = if square > 1e-14 * (own + length) { square } else { 0.0 };
                }
            }
        });
        out
    })
}

/// An index drawn in proportion to what stands there; `None` where the sum is 0.
fn drawn(potential: &[f64], rng: &mut impl Rng) -> Option<usize> {
    let total: f64 = potential.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = total * rng.random::<f64>();
    let mut last = None;
    for (at, value) in potential.iter().enumerate().filter(|(_, value)| **value > 0.0) {
        last = Some(at);
        left -= value;
        if left < 0.0 {
            break;
        }
    }
    last
}
