//! The dominant left singular vector of a matrix.
//!
//! Lanczos on `S S'` or `S'S`, whichever is smaller, with full reorthogonalisation (Golub and Van Loan, "Matrix
//! Computations", 4th edition, sections 10.1 and 10.3). The power method of NIPALS needs thousands of steps where the two
//! largest singular values are close; this needs tens.

use faer::{Col, ColRef, Mat, MatRef};
use rayon::prelude::*;

use crate::{
    linear::{eigen, times},
    rng::{keyed, standard_normal_fill},
};

/// Most steps; the vector so far is then a mixture of singular vectors whose values agree in most digits.
const STEPS: usize = 600;
/// Fewest steps from one look at convergence to the next; later a quarter of the steps so far, since a look takes longer.
const LOOK: usize = 4;
/// Residual, relative to the eigenvalue, of a vector that has converged.
const RESIDUAL: f64 = 1e-13;

/// Columns that one thread looks at together: few enough to stay in the cache for both products with them.
const PANEL: usize = 64;

/// `m (m' v)`, in one pass over the columns; panels are added in order.
fn twice(m: MatRef<'_, f64>, v: ColRef<'_, f64>) -> Col<f64> {
    let panels: Vec<Col<f64>> = (0..m.ncols().div_ceil(PANEL))
        .into_par_iter()
        .map(|at| {
            let from = at * PANEL;
            let panel = m.subcols(from, PANEL.min(m.ncols() - from));
            times(panel, times(panel.transpose(), v).as_ref())
        })
        .collect();
    let mut out = Col::zeros(m.nrows());
    panels.iter().for_each(|panel| out += panel);
    out
}

/// The left singular vector of the largest singular value of `s`, with its largest entry positive, and that value. `None`
/// where the matrix is zero or not finite.
pub(super) fn dominant(s: MatRef<'_, f64>) -> Option<(Col<f64>, f64)> {
    let small_left = s.nrows() <= s.ncols();
    let turned;
    let wide = if small_left {
        s
    } else {
        turned = s.transpose().to_owned();
        turned.as_ref()
    };
    // A drawn start is orthogonal to no singular vector, unlike a column of `s`.
    let mut drawn = vec![0f32; wide.ncols()];
    standard_normal_fill(&mut keyed(0, "singular", "", 0), &mut drawn);
    let start = times(wide, Col::from_fn(wide.ncols(), |i| f64::from(drawn[i])).as_ref());
    let vector = eigenvector(|v| twice(wide, v), start)?;
    let image = times(wide.transpose(), vector.as_ref());
    let value = image.norm_l2();
    if value == 0.0 || !value.is_finite() {
        return None;
    }
    let mut left = if small_left { vector } else { faer::Scale(1.0 / value) * image };
    let largest = left.iter().fold(0.0_f64, |a, &b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        left = -left;
    }
    Some((left, value))
}

/// Unit eigenvector of the largest eigenvalue of a positive semidefinite operator.
fn eigenvector(
    operator: impl Fn(ColRef<'_, f64>) -> Col<f64>,
    start: Col<f64>,
) -> Option<Col<f64>> {
    let size = start.nrows();
    let most = size.min(STEPS);
    let length = start.norm_l2();
    if length == 0.0 || !length.is_finite() {
        return None;
    }
    let mut basis = Mat::<f64>::zeros(size, most);
    basis.col_mut(0).copy_from(faer::Scale(1.0 / length) * start);
    let (mut diagonal, mut beside, mut look) = (Vec::new(), Vec::new(), LOOK);
    for step in 1..=most {
        let known = basis.subcols(0, step);
        let mut next = operator(basis.col(step - 1));
        diagonal.push(basis.col(step - 1).transpose() * &next);
        // Twice is enough (Parlett 1980).
        for _ in 0..2 {
            let along = times(known.transpose(), next.as_ref());
            next -= times(known, along.as_ref());
        }
        let left = next.norm_l2();
        let largest = diagonal.iter().fold(0.0, |a: f64, &b| a.max(b));
        let ended = step == most || left <= f64::EPSILON * largest;
        if ended || step == look {
            look += LOOK.max(step / 4);
            let (value, vector) = top(&diagonal, &beside)?;
            if ended || left * vector[step - 1].abs() <= RESIDUAL * value {
                let found = times(known, vector.as_ref());
                let length = found.norm_l2();
                return (length > 0.0).then(|| faer::Scale(1.0 / length) * found);
            }
        }
        beside.push(left);
        basis.col_mut(step).copy_from(faer::Scale(1.0 / left) * next);
    }
    None
}

/// Largest eigenvalue of a tridiagonal matrix and its unit vector.
fn top(diagonal: &[f64], beside: &[f64]) -> Option<(f64, Col<f64>)> {
    let n = diagonal.len();
    let matrix = Mat::from_fn(n, n, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let (values, vectors) = eigen(&matrix)?;
    Some((values[n - 1], vectors.col(n - 1).to_owned()))
}
