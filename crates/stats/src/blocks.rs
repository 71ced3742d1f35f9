//! Rows in single precision, taken in blocks of centred double precision.

use std::ops::Range;

use faer::{MatMut, MatRef};
use ndarray::{ArrayView2, s};
use rayon::prelude::*;

use crate::linear;

/// Most parts that rows are cut into, and fewest rows of one: the parts depend on the number of rows alone, so that sums
/// over parts, added in order, are the same for any number of threads.
const PARTS: usize = 64;
const LEAST: usize = 128;
/// Rows that are in double precision at a time.
const STEP: usize = 512;

/// `[n, d]` rows and the mean that is subtracted from them: distances of rows far from the origin keep their digits.
#[derive(Debug, Clone)]
pub(crate) struct Blocks<'a> {
    rows: ArrayView2<'a, f32>,
    mean: Vec<f64>,
}

impl<'a> Blocks<'a> {
    /// Centred on their (weighted) mean. `None` where there are no rows or no weight, a value is not finite, or a weight is
    /// not finite or negative.
    pub(crate) fn new(rows: ArrayView2<'a, f32>, weights: Option<&[f64]>) -> Option<Self> {
        assert!(weights.is_none_or(|w| w.len() == rows.nrows()), "one weight for each row");
        if weights.is_some_and(|w| w.iter().any(|w| !w.is_finite() || *w < 0.0)) {
            return None;
        }
        let whole = Self { rows, mean: vec![0.0; rows.ncols()] };
        let parts = whole.parts(|range| {
            let (mut sum, mut plain) = (vec![0.0; rows.ncols()], 0.0);
            let mut weight = 0.0;
            whole.steps(range, |at, block| {
                for (i, row) in block.chunks_exact(rows.ncols().max(1)).enumerate() {
                    let w = weights.map_or(1.0, |w| w[at.start + i]);
                    weight += w;
                    sum.iter_mut().zip(row).for_each(|(s, x)| *s += w * x);
                    plain += row.iter().sum::<f64>();
                }
            });
            (sum, weight, plain)
        });
        let mut mean = vec![0.0; rows.ncols()];
        let (mut weight, mut plain) = (0.0, 0.0);
        for (sum, part, values) in &parts {
            mean.iter_mut().zip(sum).for_each(|(m, s)| *m += s);
            weight += part;
            plain += values;
        }
        mean.iter_mut().for_each(|m| *m /= weight);
        let sound = weight > 0.0 && f64::is_finite(plain) && mean.iter().all(|m| m.is_finite());
        sound.then_some(Self { rows, mean })
    }

    /// Rows centred on a mean found before.
    pub(crate) fn around(rows: ArrayView2<'a, f32>, mean: &[f64]) -> Self {
        assert_eq!(rows.ncols(), mean.len(), "columns of the rows");
        Self { rows, mean: mean.to_vec() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.nrows()
    }

    pub(crate) fn columns(&self) -> usize {
        self.rows.ncols()
    }

    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// One centred row.
    pub(crate) fn row(&self, at: usize) -> Vec<f64> {
        let row = self.rows.row(at);
        row.iter().zip(&self.mean).map(|(&x, m)| f64::from(x) - m).collect()
    }

    /// What `work` makes of each part of the rows, in order; on the threads of the pool around.
    pub(crate) fn parts<R: Send>(&self, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
        let n = self.len();
        let size = n.div_ceil(PARTS).max(LEAST);
        let parts = n.div_ceil(size);
        (0..parts).into_par_iter().map(|i| work(i * size..((i + 1) * size).min(n))).collect()
    }

    /// Gives the rows of `range` to `work` as centred blocks, row after row, with their place.
    pub(crate) fn steps(&self, range: Range<usize>, mut work: impl FnMut(Range<usize>, &[f64])) {
        let d = self.columns();
        let mut buffer = vec![0.0; STEP.min(range.len()) * d];
        for from in range.clone().step_by(STEP) {
            let at = from..(from + STEP).min(range.end);
            let block = &mut buffer[..at.len() * d];
            let rows = self.rows.slice(s![at.clone(), ..]);
            for (row, out) in rows.outer_iter().zip(block.chunks_exact_mut(d.max(1))) {
                match row.as_slice() {
                    Some(row) => centre(row.iter(), &self.mean, out),
                    None => centre(row.iter(), &self.mean, out),
                }
            }
            work(at, block);
        }
    }
}

fn centre<'a>(row: impl Iterator<Item = &'a f32>, mean: &[f64], out: &mut [f64]) {
    for ((o, &x), m) in out.iter_mut().zip(row).zip(mean) {
        *o = f64::from(x) - m;
    }
}

/// A block, or any values row after row, as a matrix of `columns` columns.
pub(crate) fn matrix(values: &[f64], columns: usize) -> MatRef<'_, f64> {
    let rows = values.len().checked_div(columns).unwrap_or(0);
    MatRef::from_row_major_slice(values, rows, columns)
}

/// `out = a b'` of two matrices given row after row, each with rows of `columns` values.
pub(crate) fn products(out: &mut [f64], a: &[f64], b: &[f64], columns: usize) {
    let (a, b) = (matrix(a, columns), matrix(b, columns));
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.nrows());
    linear::product(out, a, b.transpose());
}

/// Squared length of each of the rows of `columns` values.
pub(crate) fn squares(values: &[f64], columns: usize) -> Vec<f64> {
    let square = |row: &[f64]| row.iter().map(|x| x * x).sum();
    values.chunks_exact(columns.max(1)).map(square).collect()
}
