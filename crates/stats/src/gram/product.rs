//! `Z' Z` added to a lower triangle, on several threads.
//!
//! The triangle is cut in halves down to a fixed size, and each part is one product over all rows: every entry is summed in
//! the same order whatever the number of threads, and no thread needs a triangle of its own.

use faer::{
    Accum, MatMut, MatRef, Par,
    linalg::matmul::{
        matmul,
        triangular::{self, BlockStructure},
    },
};

/// Parts up to this many columns are not cut further.
const TILE: usize = 288;

/// Adds `z' z` of `z` (`[n, p]`) to the lower triangle of `out` (`[p, p]`).
pub(super) fn add(out: MatMut<'_, f64>, z: MatRef<'_, f64>) {
    let p = out.nrows();
    if p <= TILE {
        let whole = BlockStructure::Rectangular;
        let lower = BlockStructure::TriangularLower;
        triangular::matmul(out, lower, Accum::Add, z.transpose(), whole, z, whole, 1.0, Par::Seq);
        return;
    }
    let half = p / 2;
    let (left, right) = z.split_at_col(half);
    let (upper, _, lower, rest) = out.split_at_mut(half, half);
    rayon::join(
        || rectangle(lower, right, left),
        || rayon::join(|| add(upper, left), || add(rest, right)),
    );
}

/// `out += a' b`.
fn rectangle(out: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    if out.nrows().max(out.ncols()) <= TILE {
        matmul(out, Accum::Add, a.transpose(), b, 1.0, Par::Seq);
    } else if out.nrows() >= out.ncols() {
        let half = out.nrows() / 2;
        let (top, bottom) = out.split_at_row_mut(half);
        let (first, second) = a.split_at_col(half);
        rayon::join(|| rectangle(top, first, b), || rectangle(bottom, second, b));
    } else {
        let half = out.ncols() / 2;
        let (left, right) = out.split_at_col_mut(half);
        let (first, second) = b.split_at_col(half);
        rayon::join(|| rectangle(left, a, first), || rectangle(right, a, second));
    }
}
