//! One step of rows, made ready for its products.

use ndarray::ArrayView2;
use rayon::prelude::*;

/// Rows of one step: enough for the matrix product to be worth its packing, few enough for the cache.
pub(super) const STEP: usize = 512;

/// From one column of a step to the next, in values: a row more than the step, and an odd number of cache lines, so that
/// neighbouring columns do not compete for the same places in the cache.
pub(super) const STRIDE: usize = STEP + 8;

/// Columns that one thread prepares at a time.
const COLUMNS: usize = 16;

/// Rows, column after column, less their weighted mean and times the root of their weights; with their weight and mean.
pub(super) fn centre<T: Copy + Into<f64> + Sync>(
    rows: ArrayView2<'_, T>,
    weights: Option<&[f64]>,
    buffer: &mut [f64],
) -> (f64, Vec<f64>) {
    let (n, p) = rows.dim();
    let weight = weights.map_or(n as f64, |w| w.iter().sum());
    let mut mean = vec![0.0; p];
    if weight == 0.0 {
        return (weight, mean);
    }
    let roots: Option<Vec<f64>> = weights.map(|w| w.iter().map(|w| w.sqrt()).collect());
    let groups = buffer.par_chunks_mut(STRIDE * COLUMNS).zip(mean.par_chunks_mut(COLUMNS));
    groups.enumerate().for_each(|(group, (buffer, mean))| {
        let first = group * COLUMNS;
        transpose(rows, first, buffer);
        for (at, (column, mean)) in buffer.chunks_exact_mut(STRIDE).zip(mean).enumerate() {
            let column = &mut column[..n];
            let centre = sum(column, weights) / weight;
            *mean = rows[[0, first + at]].into() + centre;
            column.iter_mut().for_each(|x| *x -= centre);
            if let Some(roots) = &roots {
                column.iter_mut().zip(roots).for_each(|(x, root)| *x *= root);
            }
        }
    });
    (weight, mean)
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
