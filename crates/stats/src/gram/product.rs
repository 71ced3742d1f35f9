//! `Z' Z` added to a lower triangle, on several threads.
//!
//! The triangle is cut in halves down to a fixed size, and each part is one product over all rows: every entry is summed in
//! the same order whatever the number of threads, and no thread needs a triangle of its own.

use std::ops::Range;

use faer::{MatMut, MatRef, reborrow::ReborrowMut};

use crate::linear::{add_product, add_square};

/// Parts up to this many columns are not cut further.
const TILE: usize = 288;

/// Adds `z' z` of each of `steps` (`[n, p]`) to the lower triangle of `out` (`[p, p]`).
pub(super) fn add(out: MatMut<'_, f64>, steps: &[MatRef<'_, f64>]) {
    let p = out.nrows();
    triangle(out, steps, 0..p);
}

/// The part of some columns with themselves.
fn triangle(mut out: MatMut<'_, f64>, steps: &[MatRef<'_, f64>], columns: Range<usize>) {
    if columns.len() <= TILE {
        for step in steps {
            add_square(out.rb_mut(), step.subcols(columns.start, columns.len()));
        }
        return;
    }
    let half = columns.len() / 2;
    let (first, second) = halves(&columns);
    let (upper, _, lower, rest) = out.split_at_mut(half, half);
    rayon::join(
        || rectangle(lower, steps, second.clone(), first.clone()),
        || {
            rayon::join(
                || triangle(upper, steps, first.clone()),
                || triangle(rest, steps, second.clone()),
            )
        },
    );
}

/// The part of some columns with others.
fn rectangle(
    mut out: MatMut<'_, f64>,
    steps: &[MatRef<'_, f64>],
    a: Range<usize>,
    b: Range<usize>,
) {
    if a.len().max(b.len()) <= TILE {
        for step in steps {
            let (a, b) = (step.subcols(a.start, a.len()), step.subcols(b.start, b.len()));
            add_product(out.rb_mut(), a.transpose(), b);
        }
    } else if a.len() >= b.len() {
        let (top, bottom) = out.split_at_row_mut(a.len() / 2);
        let (first, second) = halves(&a);
        rayon::join(
            || rectangle(top, steps, first, b.clone()),
            || rectangle(bottom, steps, second, b.clone()),
        );
    } else {
        let (left, right) = out.split_at_col_mut(b.len() / 2);
        let (first, second) = halves(&b);
        rayon::join(
            || rectangle(left, steps, a.clone(), first),
            || rectangle(right, steps, a.clone(), second),
        );
    }
}

fn halves(range: &Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = range.start + range.len() / 2;
    (range.start..middle, middle..range.end)
}
