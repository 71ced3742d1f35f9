//! Lloyd's algorithm from one start.

use ndarray::Array2;

use super::{KMeans, KMeansOptions};
use crate::blocks::{Blocks, products, squares};

/// One start and what became of it, around the mean of the rows.
pub(super) struct Run {
    centroids: Vec<f64>,
    nearest: Vec<(usize, f64)>,
    pub(super) inertia: f64,
    iterations: usize,
}

/// What one pass over the rows gives: sums and weights of the clusters, and of each row its cluster and squared distance.
struct Pass {
    sums: Vec<f64>,
    weights: Vec<f64>,
    nearest: Vec<(usize, f64)>,
    inertia: f64,
}

impl Run {
    /// From `centroids`, row after row.
    pub(super) fn new(
        rows: &Blocks<'_>,
        weights: Option<&[f64]>,
        mut centroids: Vec<f64>,
        options: &KMeansOptions,
    ) -> Self {
        let d = rows.columns();
        let tolerance = options.tolerance * variance(rows, weights);
        let mut before: Option<Vec<(usize, f64)>> = None;
        let mut iterations = 0;
        while iterations < options.iterations {
            iterations += 1;
            let mut pass = Pass::new(rows, weights, &centroids);
            pass.fill_empty(rows, weights);
            let mut moved = 0.0;
            for (k, weight) in pass.weights.iter().enumerate() {
                let own = &mut centroids[k * d..(k + 1) * d];
                for (c, sum) in own.iter_mut().zip(&pass.sums[k * d..(k + 1) * d]) {
                    // A cluster that no row could fill stays where it was.
                    let new = if *weight > 0.0 { sum / weight } else { *c };
                    moved += (new - *c) * (new - *c);
                    *c = new;
                }
            }
            let same = before.as_ref().is_some_and(|b| {
                b.iter().map(|near| near.0).eq(pass.nearest.iter().map(|near| near.0))
            });
            if same || moved <= tolerance {
                break;
            }
            before = Some(pass.nearest);
        }
        let last = Pass::new(rows, weights, &centroids);
        Self { centroids, nearest: last.nearest, inertia: last.inertia, iterations }
    }

    /// Moved back to where the rows were.
    pub(super) fn around(self, mean: &[f64]) -> KMeans {
        let d = mean.len();
        let k = self.centroids.len() / d;
        KMeans {
            centroids: Array2::from_shape_fn((k, d), |(k, j)| self.centroids[k * d + j] + mean[j]),
            assignment: self.nearest.into_iter().map(|near| near.0).collect(),
            inertia: self.inertia,
            iterations: self.iterations,
        }
    }
}

/// Mean over columns of the plain variance, as scikit-learn scales its tolerance.
fn variance(rows: &Blocks<'_>, weights: Option<&[f64]>) -> f64 {
    let parts = rows.parts(|range| {
        let mut sum = 0.0;
        rows.steps(range, |at, block| {
            for (i, square) in squares(block, rows.columns()).into_iter().enumerate() {
                sum += weights.map_or(1.0, |w| w[at.start + i]) * square;
            }
        });
        sum
    });
    let weight = weights.map_or(rows.len() as f64, |w| w.iter().sum());
    parts.iter().sum::<f64>() / weight / rows.columns() as f64
}

impl Pass {
    fn new(rows: &Blocks<'_>, weights: Option<&[f64]>, centroids: &[f64]) -> Self {
        let d = rows.columns();
        let k = centroids.len() / d;
        let lengths = squares(centroids, d);
        let parts = rows.parts(|range| {
            let mut part = Self {
                sums: vec![0.0; k * d],
                weights: vec![0.0; k],
                nearest: Vec::with_capacity(range.len()),
                inertia: 0.0,
            };
            let mut along = Vec::new();
            rows.steps(range, |at, block| {
                along.resize(at.len() * k, 0.0);
                products(&mut along, block, centroids, d);
                for (i, row) in block.chunks_exact(d).enumerate() {
                    let along = &along[i * k..(i + 1) * k];
                    let (mut best, mut least) = (0, f64::INFINITY);
                    for (c, (along, length)) in along.iter().zip(&lengths).enumerate() {
                        let distance = length - 2.0 * along;
                        if distance < least {
                            (best, least) = (c, distance);
                        }
                    }
                    let square = row.iter().map(|x| x * x).sum::<f64>();
                    let distance = (least + square).max(0.0);
                    let w = weights.map_or(1.0, |w| w[at.start + i]);
                    let sums = &mut part.sums[best * d..(best + 1) * d];
                    sums.iter_mut().zip(row).for_each(|(s, x)| *s += w * x);
                    part.weights[best] += w;
                    part.inertia += w * distance;
                    part.nearest.push((best, distance));
                }
            });
            part
        });
        let mut whole = Self {
            sums: vec![0.0; k * d],
            weights: vec![0.0; k],
            nearest: Vec::with_capacity(rows.len()),
            inertia: 0.0,
        };
        for part in parts {
            whole.sums.iter_mut().zip(&part.sums).for_each(|(a, b)| *a += b);
            whole.weights.iter_mut().zip(&part.weights).for_each(|(a, b)| *a += b);
            whole.inertia += part.inertia;
            whole.nearest.extend(part.nearest);
        }
        whole
    }

    /// Gives each cluster without weight the row that is farthest from its centroid, as scikit-learn does.
    fn fill_empty(&mut self, rows: &Blocks<'_>, weights: Option<&[f64]>) {
        let d = rows.columns();
        let empty: Vec<usize> =
            (0..self.weights.len()).filter(|&k| self.weights[k] == 0.0).collect();
        if empty.is_empty() {
            return;
        }
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let mut far: Vec<usize> =
            (0..rows.len()).filter(|&i| weight(i) > 0.0 && self.nearest[i].1 > 0.0).collect();
        far.sort_by(|&a, &b| self.nearest[b].1.total_cmp(&self.nearest[a].1));
        for (k, at) in empty.into_iter().zip(far) {
            let (from, w) = (self.nearest[at].0, weight(at));
            for (j, x) in rows.row(at).into_iter().enumerate() {
                self.sums[from * d + j] -= w * x;
                self.sums[k * d + j] = w * x;
            }
            self.weights[from] -= w;
            self.weights[k] = w;
        }
    }
}
