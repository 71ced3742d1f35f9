//! k-means by Lloyd's algorithm.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::{ClusterError, lloyd::Run, start::plus_plus};
use crate::{
    blocks::{Blocks, products, squares},
    rng::keyed,
    threads::on_threads,
};

/// How k-means is run. The defaults are scikit-learn's with ten starts.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansOptions {
    /// Most clusters.
    pub clusters: usize,
    /// Starts, of which the one with the lowest inertia is kept (the first of equal ones).
    pub starts: usize,
    /// Most iterations of one start.
    pub iterations: usize,
    /// An iteration is the last where the squared movement of all centroids is at most this many times the mean variance
    /// of a column.
    pub tolerance: f64,
    /// Seed of the starts.
    pub seed: u64,
    /// Threads; 0: those of the rayon pool around. They have no part in the result.
    pub threads: usize,
}

impl KMeansOptions {
    /// The defaults for a number of clusters.
    pub fn new(clusters: usize) -> Self {
        Self { clusters, starts: 10, iterations: 300, tolerance: 1e-4, seed: 0, threads: 0 }
    }
}

/// Clusters of `n` rows of `d` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// Centroids, `[k, d]`. Fewer than asked for where the rows have fewer distinct values.
    pub centroids: Array2<f64>,
    /// Cluster of each row, `[n]`, each below `k`: the nearest centroid, the first of equally near ones.
    pub assignment: Vec<usize>,
    /// Sum of (weighted) squared distances to the centroids.
    pub inertia: f64,
    /// Iterations of the start that was kept.
    pub iterations: usize,
}

impl KMeans {
    /// Nearest centroid of each row, `[n, d]` to `[n]`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn assign(&self, rows: ArrayView2<'_, f32>) -> Vec<usize> {
        let nearest = |row: ndarray::ArrayView1<'_, f64>| {
            let mut best = 0;
            for (k, distance) in row.iter().enumerate() {
                if *distance < row[best] {
                    best = k;
                }
            }
            best
        };
        self.squared_distances(rows).outer_iter().map(nearest).collect()
    }

    /// Squared distances of rows to centroids, `[n, d]` to `[n, k]`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn squared_distances(&self, rows: ArrayView2<'_, f32>) -> Array2<f64> {
        // Around the mean of the centroids, so that an offset of all rows costs no digits.
        let d = self.centroids.ncols();
        let k = self.centroids.nrows();
        let mean: Vec<f64> =
            self.centroids.columns().into_iter().map(|c| c.sum() / k.max(1) as f64).collect();
        let rows = Blocks::around(rows, &mean);
        let own: Vec<f64> = self.centroids.outer_iter().flat_map(|c| relative(c, &mean)).collect();
        let lengths = squares(&own, d);
        let parts = rows.parts(|range| {
            let mut out = vec![0.0; range.len() * k];
            rows.steps(range.clone(), |at, block| {
                let out = &mut out[(at.start - range.start) * k..(at.end - range.start) * k];
                products(out, block, &own, d);
                for (square, out) in squares(block, d).iter().zip(out.chunks_exact_mut(k)) {
                    out.iter_mut()
                        .zip(&lengths)
                        .for_each(|(v, length)| *v = (square + length - 2.0 * *v).max(0.0));
                }
            });
            out
        });
        Array2::from_shape_vec((rows.len(), k), parts.concat())
            .unwrap_or_else(|_| Array2::zeros((rows.len(), k)))
    }
}

fn relative(centroid: ndarray::ArrayView1<'_, f64>, mean: &[f64]) -> Vec<f64> {
    centroid.iter().zip(mean).map(|(c, m)| c - m).collect()
}

/// k-means of `rows` (`[n, d]`), each start by greedy k-means++; `weights`, where given, one for each row.
///
/// # Errors
/// Where there is nothing to cluster, see [`ClusterError`].
///
/// # Panics
/// Where there is not one weight for each row.
pub fn kmeans(
    rows: ArrayView2<'_, f32>,
    weights: Option<&[f64]>,
    options: &KMeansOptions,
) -> Result<KMeans, ClusterError> {
    on_threads(options.threads, || {
        let blocks = checked(rows, weights, options.clusters)?;
        let starts: Vec<Run> = (0..options.starts.max(1) as u64)
            .into_par_iter()
            .map(|start| {
                let mut rng = keyed(options.seed, "k-means", "", start);
                let centroids = plus_plus(&blocks, weights, options.clusters, &mut rng);
                Run::new(&blocks, weights, centroids, options)
            })
            .collect();
        let mut kept = 0;
        for (at, run) in starts.iter().enumerate() {
            if run.inertia < starts[kept].inertia {
                kept = at;
            }
        }
        let kept = starts.into_iter().nth(kept).ok_or(ClusterError::Unsound)?;
        Ok(kept.around(blocks.mean()))
    })
}

/// k-means from stated first centroids, `[k, d]`; `clusters` and `starts` of the options have no part.
///
/// # Errors
/// As [`kmeans`].
///
/// # Panics
/// Where there is not one weight for each row, or the centroids have another number of columns.
pub fn kmeans_from(
    rows: ArrayView2<'_, f32>,
    weights: Option<&[f64]>,
    start: ArrayView2<'_, f64>,
    options: &KMeansOptions,
) -> Result<KMeans, ClusterError> {
    assert_eq!(rows.ncols(), start.ncols(), "columns of the centroids");
    on_threads(options.threads, || {
        let blocks = checked(rows, weights, start.nrows())?;
        let centroids: Vec<f64> =
            start.outer_iter().flat_map(|c| relative(c, blocks.mean())).collect();
        if centroids.iter().any(|c| !c.is_finite()) {
            return Err(ClusterError::Unsound);
        }
        Ok(Run::new(&blocks, weights, centroids, options).around(blocks.mean()))
    })
}

fn checked<'a>(
    rows: ArrayView2<'a, f32>,
    weights: Option<&[f64]>,
    clusters: usize,
) -> Result<Blocks<'a>, ClusterError> {
    if clusters == 0 || rows.ncols() == 0 {
        return Err(ClusterError::Empty { clusters, columns: rows.ncols() });
    }
    Blocks::new(rows, weights).ok_or(ClusterError::Unsound)
}
