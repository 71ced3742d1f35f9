//! Centred cross products of columns from one pass over the rows, mergeable.
//!
//! Rows are taken in steps of [`STEP`]. A step is shifted by its first row, so that a column that never changes has
//! products of exactly 0 and a large offset costs no digits; then centred on its own mean and merged with what came before
//! by the rule of Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for computing sample variances",
//! 1979): `M = M_a + M_b + (w_a w_b / w) d d'`, with `d` the difference of the means. That rank-one term is one more row of
//! the step, so that one matrix product does both.

mod product;

use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use crate::threads::on_threads;

/// Rows of one step: enough for the matrix product to be worth its packing, few enough for the cache.
const STEP: usize = 512;

/// From one column of a step to the next, in values: a row more than the step, and an odd number of cache lines, so that
/// neighbouring columns do not compete for the same places in the cache.
const STRIDE: usize = STEP + 8;

/// Columns that one thread prepares at a time.
const COLUMNS: usize = 16;

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
        // Column after column: the product reads them so fastest.
        let mut buffer = vec![0.0; STRIDE * p];
        for from in (0..n).step_by(STEP) {
            let to = (from + STEP).min(n);
            let step = rows.slice(ndarray::s![from..to, ..]);
            self.step(step, weights.map(|w| &w[from..to]), &mut buffer);
        }
    }

    fn step<T: Copy + Into<f64> + Sync>(
        &mut self,
        rows: ArrayView2<'_, T>,
        weights: Option<&[f64]>,
        buffer: &mut [f64],
    ) {
        let (n, p) = rows.dim();
        self.rows += n;
        let weight = weights.map_or(n as f64, |w| w.iter().sum());
        if weight == 0.0 || p == 0 {
            self.weight += weight;
            return;
        }
        let roots: Option<Vec<f64>> = weights.map(|w| w.iter().map(|w| w.sqrt()).collect());
        let mut mean = vec![0.0; p];
        let groups = buffer.par_chunks_mut(STRIDE * COLUMNS).zip(mean.par_chunks_mut(COLUMNS));
        groups.enumerate().for_each(|(group, (buffer, mean))| {
            transpose(rows, group * COLUMNS, buffer);
            for (at, (column, mean)) in buffer.chunks_exact_mut(STRIDE).zip(mean).enumerate() {
                let column = &mut column[..n];
                let centre = sum(column, weights) / weight;
                match &roots {
                    None => column.iter_mut().for_each(|x| *x -= centre),
                    Some(roots) => {
                        column
                            .iter_mut()
                            .zip(roots)
                            .for_each(|(x, root)| *x = root * (*x - centre));
                    }
                }
                *mean = rows[[0, group * COLUMNS + at]].into() + centre;
            }
        });
        let mut row = vec![0.0; p];
        self.move_mean(&mean, weight, &mut row);
        buffer.chunks_exact_mut(STRIDE).zip(row).for_each(|(column, value)| column[n] = value);
        let centred = MatRef::from_column_major_slice_with_stride(buffer, n + 1, p, STRIDE);
        product::add(self.products.as_mut(), centred);
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

    /// The lower triangle row by row, `p (p + 1) / 2` products: with [`Gram::len`], [`Gram::weight`] and [`Gram::mean`] all
    /// that a table needs to hold.
    pub fn packed(&self) -> Vec<f64> {
        (0..self.columns()).flat_map(|i| (0..=i).map(move |j| self.products[(i, j)])).collect()
    }

    /// What [`Gram::packed`] was taken of; `None` where the number of products does not fit that of the means.
    pub fn from_packed(rows: usize, weight: f64, mean: Vec<f64>, packed: &[f64]) -> Option<Self> {
        let p = mean.len();
        if packed.len() != p * (p + 1) / 2 {
            return None;
        }
        let at = |i: usize, j: usize| if j > i { 0.0 } else { packed[i * (i + 1) / 2 + j] };
        Some(Self { rows, weight, mean, products: Mat::from_fn(p, p, at) })
    }
}

/// Columns from `first` on, one after the other, each less its value in the first row.
fn transpose<T: Copy + Into<f64>>(rows: ArrayView2<'_, T>, first: usize, out: &mut [f64]) {
    let width = out.len() / STRIDE;
    let shift: Vec<f64> = rows.row(0).iter().skip(first).map(|&x| x.into()).collect();
    for (at, row) in rows.outer_iter().enumerate() {
        let mut put = |column: usize, x: T| out[column * STRIDE + at] = x.into() - shift[column];
        match row.as_slice() {
            Some(row) => {
                row[first..first + width].iter().enumerate().for_each(|(j, &x)| put(j, x));
            }
            // Rows whose values lie apart in memory are rare and slower.
            None => row.iter().skip(first).take(width).enumerate().for_each(|(j, &x)| put(j, x)),
        }
    }
}

/// Weighted sum. In eight sums, so that the processor need not wait for one.
fn sum(values: &[f64], weights: Option<&[f64]>) -> f64 {
    let mut sums = [0.0; 8];
    let mut add = |lane: &[f64], weights: Option<&[f64]>| match weights {
        None => sums.iter_mut().zip(lane).for_each(|(sum, x)| *sum += x),
        Some(w) => sums.iter_mut().zip(lane.iter().zip(w)).for_each(|(sum, (x, w))| *sum += w * x),
    };
    match weights {
        None => values.chunks(8).for_each(|lane| add(lane, None)),
        Some(w) => values.chunks(8).zip(w.chunks(8)).for_each(|(lane, w)| add(lane, Some(w))),
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests;
