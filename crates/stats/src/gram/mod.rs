//! Centred cross products of columns from one pass over the rows, mergeable.
//!
//! Rows are taken in steps of a fixed number. A step is shifted by its first row, so that a column that never changes has
//! products of exactly 0 and a large offset costs no digits; then centred on its own mean and merged with what came before
//! by the rule of Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances",
//! 1979): `M = M_a + M_b + (w_a w_b / w) d d'`, with `d` the difference of the means. That rank-one term is one more row of
//! the step, so that one matrix product does both.

mod product;
mod step;

use std::ops::Range;

use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::threads::on_threads;
use step::{STEP, STRIDE, centre};

/// Steps that are prepared and multiplied together, so that threads seldom wait for each other.
const TOGETHER: usize = 4;

/// Weight, means and centred cross products of `p` columns, in double precision.
///
/// Weights count rows: a row of weight 2 is the same as that row twice. They should be on that scale (a mean near 1), since
/// `ddof` is subtracted from their sum. A value or weight that is not a number, or a negative weight, makes the products
/// NaN, which [`Gram::is_finite`] tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Gram {
    rows: usize,
    weight: f64,
    mean: Vec<f64>,
    /// `[p, p]`, the lower triangle.
    products: Mat<f64>,
}

impl Gram {
    /// Of `p` columns and no rows.
    pub fn new(p: usize) -> Self {
        Self { rows: 0, weight: 0.0, mean: vec![0.0; p], products: Mat::zeros(p, p) }
    }

    /// Of all `rows` (`[n, p]`) with one weight each (1 where none are given), on `threads` threads (0: those of the rayon
    /// pool around). Their number has no part in the result.
    ///
    /// # Panics
    /// Where there is not one weight for each row.
    pub fn of(rows: ArrayView2<'_, f32>, weights: Option<&[f64]>, threads: usize) -> Self {
        on_threads(threads, || {
            let mut gram = Self::new(rows.ncols());
            gram.add_f32(rows, weights);
            gram
        })
    }

    /// Adds a block of rows, `[n, p]`, in steps, on the threads of the rayon pool around. The same blocks in the same order
    /// give the same bytes; other blocks of the same rows agree to rounding.
    ///
    /// # Panics
    /// Where the block has another number of columns, or there is not one weight for each row.
    pub fn add(&mut self, rows: ArrayView2<'_, f64>, weights: Option<&[f64]>) {
        self.extend(rows, weights);
    }

    /// [`Gram::add`] of single precision; the products are of double precision all the same.
    ///
    /// # Panics
    /// As [`Gram::add`].
    pub fn add_f32(&mut self, rows: ArrayView2<'_, f32>, weights: Option<&[f64]>) {
        self.extend(rows, weights);
    }

    fn extend<T: Copy + Into<f64> + Sync>(
        &mut self,
        rows: ArrayView2<'_, T>,
        weights: Option<&[f64]>,
    ) {
        let (n, p) = rows.dim();
        assert_eq!(p, self.columns(), "columns of the block");
        assert!(weights.is_none_or(|w| w.len() == n), "one weight for each row");
        if p == 0 {
            self.rows += n;
            self.weight += weights.map_or(n as f64, |w| w.iter().sum());
            return;
        }
        // Column after column: the product reads them so fastest.
        let together = n.div_ceil(STEP).min(TOGETHER);
        let mut buffers = vec![0.0; STRIDE * p * together];
        for from in (0..n).step_by(STEP * TOGETHER) {
            let steps: Vec<Range<usize>> = (from..n)
                .step_by(STEP)
                .take(TOGETHER)
                .map(|start| start..(start + STEP).min(n))
                .collect();
            self.steps(rows, weights, &steps, &mut buffers);
        }
    }

    fn steps<T: Copy + Into<f64> + Sync>(
        &mut self,
        rows: ArrayView2<'_, T>,
        weights: Option<&[f64]>,
        steps: &[Range<usize>],
        buffers: &mut [f64],
    ) {
        let p = self.columns();
        let means: Vec<(f64, Vec<f64>)> = steps
            .par_iter()
            .zip(buffers.par_chunks_mut(STRIDE * p))
            .map(|(step, buffer)| {
                let rows = rows.slice(ndarray::s![step.clone(), ..]);
                centre(rows, weights.map(|w| &w[step.clone()]), buffer)
            })
            .collect();
        let mut row = vec![0.0; p];
        let mut centred = Vec::with_capacity(steps.len());
        for ((step, buffer), (weight, mean)) in
            steps.iter().zip(buffers.chunks_exact_mut(STRIDE * p)).zip(means)
        {
            let n = step.len();
            self.rows += n;
            if weight == 0.0 {
                continue;
            }
            self.move_mean(&mean, weight, &mut row);
            let columns = buffer.chunks_exact_mut(STRIDE).zip(&row);
            columns.for_each(|(column, value)| column[n] = *value);
            centred.push(MatRef::from_column_major_slice_with_stride(buffer, n + 1, p, STRIDE));
        }
        product::add(self.products.as_mut(), &centred);
    }

    /// Moves the mean by rows of another `mean` and `weight`; `row` becomes the row whose products make up for it.
    fn move_mean(&mut self, mean: &[f64], weight: f64, row: &mut [f64]) {
        let total = self.weight + weight;
        let root = (self.weight / total * weight).sqrt();
        for ((own, other), row) in self.mean.iter_mut().zip(mean).zip(row) {
            let delta = if self.weight == 0.0 { 0.0 } else { other - *own };
            *row = root * delta;
            *own = if self.weight == 0.0 { *other } else { *own + delta * (weight / total) };
        }
        self.weight = total;
    }

    /// Adds what another holds, as if its rows had followed. The same parts in the same order give the same bytes.
    ///
    /// # Panics
    /// Where the other has another number of columns.
    pub fn merge(&mut self, other: &Self) {
        let p = self.columns();
        assert_eq!(p, other.columns(), "columns of the other");
        self.rows += other.rows;
        if other.weight == 0.0 {
            return;
        }
        let mut row = vec![0.0; p];
        self.move_mean(&other.mean, other.weight, &mut row);
        for j in 0..p {
            for i in j..p {
                self.products[(i, j)] += other.products[(i, j)] + row[i] * row[j];
            }
        }
    }

    /// Number of columns, `p`.
    pub fn columns(&self) -> usize {
        self.mean.len()
    }

    /// Number of rows, whatever their weights.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Sum of the weights.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Weighted mean of each column, `[p]`; 0 without rows.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// One centred product, `sum of w (x_i - mean_i) (x_j - mean_j)`.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        self.products[(i.max(j), i.min(j))]
    }

    /// All centred products, `[p, p]`, symmetric.
    pub fn products(&self) -> Array2<f64> {
        let p = self.columns();
        Array2::from_shape_fn((p, p), |(i, j)| self.product(i, j))
    }

    /// Products over weight minus `ddof`, `[p, p]`; `None` where that is not above 0.
    pub fn covariance(&self, ddof: f64) -> Option<Array2<f64>> {
        let freedom = self.weight - ddof;
        (freedom > 0.0).then(|| self.products() / freedom)
    }

    /// Whether all means and products are finite numbers.
    pub fn is_finite(&self) -> bool {
        let p = self.columns();
        self.weight.is_finite()
            && self.mean.iter().all(|m| m.is_finite())
            && (0..p).all(|j| (j..p).all(|i| self.products[(i, j)].is_finite()))
    }

    /// Whether a column never changes, as far as double precision can tell: its deviation is below 1e-13 of its mean.
    pub fn is_constant(&self, column: usize) -> bool {
        let least = 1e-13 * self.mean[column].abs();
        self.product(column, column) <= self.weight * least * least
    }
}

#[cfg(test)]
mod tests;
