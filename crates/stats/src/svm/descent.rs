//! Dual coordinate descent (Hsieh, Chang, Lin, Keerthi and Sundararajan, "A Dual Coordinate Descent Method for Large-scale
//! Linear SVM", ICML 2008, algorithm 3, with shrinking), as in liblinear.

use ndarray::ArrayView2;
use rand::RngExt;

use super::{LinearSvm, Loss, SvmError, SvmOptions};
use crate::rng::keyed;

/// Projected gradients below this change nothing.
const NOTHING: f64 = 1e-12;

/// Inner product of weights and a row. In eight sums, so that the processor need not wait for one.
pub(super) fn dot(weights: &[f64], row: &[f32]) -> f64 {
    let mut sums = [0.0; 8];
    let (w, x) = (weights.chunks_exact(8), row.chunks_exact(8));
    let rest: f64 = w.remainder().iter().zip(x.remainder()).map(|(w, &x)| w * f64::from(x)).sum();
    for (w, x) in w.zip(x) {
        for ((sum, w), &x) in sums.iter_mut().zip(w).zip(x) {
            *sum += w * f64::from(x);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Trains on the rows `of`; `rows` in standard layout.
pub(super) fn train(
    rows: ArrayView2<'_, f32>,
    positive: &[bool],
    weights: Option<&[f64]>,
    of: &[usize],
    options: &SvmOptions,
) -> Result<LinearSvm, SvmError> {
    if !(options.c > 0.0 && options.c.is_finite()) {
        return Err(SvmError::BadC(options.c));
    }
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let of: Vec<usize> = of.iter().copied().filter(|&i| weight(i) > 0.0).collect();
    let positives = of.iter().filter(|&&i| positive[i]).count();
    let negatives = of.len() - positives;
    if positives == 0 || negatives == 0 {
        return Err(SvmError::OneClass { positive: positives, negative: negatives });
    }
    let share =
        |class: usize| if options.balanced { of.len() as f64 / (2 * class) as f64 } else { 1.0 };
    let (for_positive, for_negative) = (share(positives), share(negatives));
    let duals: Vec<Dual<'_>> = of
        .iter()
        .filter_map(|&i| {
            let class = if positive[i] { for_positive } else { for_negative };
            let c = options.c * weight(i) * class;
            let row = rows.row(i).to_slice()?;
            let (diagonal, most) = match options.loss {
                Loss::Hinge => (0.0, c),
                Loss::SquaredHinge => (0.5 / c, f64::INFINITY),
            };
            let square: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            let sign = if positive[i] { 1.0 } else { -1.0 };
            // The intercept is a weight whose column is 1.
            Some(Dual { row, sign, diagonal, most, curvature: diagonal + square + 1.0, alpha: 0.0 })
        })
        .collect();
    Ok(descend(duals, rows.ncols(), options))
}

/// One row and its dual variable.
struct Dual<'a> {
    row: &'a [f32],
    sign: f64,
    diagonal: f64,
    most: f64,
    curvature: f64,
    alpha: f64,
}

fn descend(mut duals: Vec<Dual<'_>>, d: usize, options: &SvmOptions) -> LinearSvm {
    let n = duals.len();
    let mut svm =
        LinearSvm { weights: vec![0.0; d], intercept: 0.0, iterations: 0, converged: false };
    let mut rng = keyed(options.seed, "svm", "", 0);
    let mut order: Vec<usize> = (0..n).collect();
    let mut active = n;
    let (mut high, mut low) = (f64::INFINITY, f64::NEG_INFINITY);
    while svm.iterations < options.iterations {
        for i in 0..active {
            let j = rng.random_range(i..active);
            order.swap(i, j);
        }
        let (mut new_high, mut new_low) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut at = 0;
        while at < active {
            let dual = &mut duals[order[at]];
            let value = dot(&svm.weights, dual.row) + svm.intercept;
            let gradient = dual.sign * value - 1.0 + dual.alpha * dual.diagonal;
            let (at_zero, at_most) = (dual.alpha == 0.0, dual.alpha == dual.most);
            // A variable at its bound that pulls beyond it harder than any did in the last pass is left out.
            if (at_zero && gradient > high) || (at_most && gradient < low) {
                active -= 1;
                order.swap(at, active);
                continue;
            }
            at += 1;
            let projected = match () {
                () if at_zero => gradient.min(0.0),
                () if at_most => gradient.max(0.0),
                () => gradient,
            };
            new_high = new_high.max(projected);
            new_low = new_low.min(projected);
            if projected.abs() > NOTHING {
                let alpha = (dual.alpha - gradient / dual.curvature).clamp(0.0, dual.most);
                let step = (alpha - dual.alpha) * dual.sign;
                dual.alpha = alpha;
                svm.intercept += step;
                for (w, &x) in svm.weights.iter_mut().zip(dual.row) {
                    *w += step * f64::from(x);
                }
            }
        }
        svm.iterations += 1;
        if active == 0 || new_high - new_low <= options.tolerance {
            if active == n {
                svm.converged = true;
                break;
            }
            // What was left out may matter again.
            active = n;
            (high, low) = (f64::INFINITY, f64::NEG_INFINITY);
            continue;
        }
        high = if new_high > 0.0 { new_high } else { f64::INFINITY };
        low = if new_low < 0.0 { new_low } else { f64::NEG_INFINITY };
    }
    svm
}
