use ndarray::{Array2, array};

use super::*;
use crate::rng::{keyed, standard_normal_fill};

/// Rows whose class is told by the first column with noise in it.
fn noisy(n: usize, d: usize) -> (Array2<f32>, Vec<bool>) {
    let mut values = vec![0.0; n * d];
    standard_normal_fill(&mut keyed(5, "svm", "", 0), &mut values);
    let rows = Array2::from_shape_vec((n, d), values).unwrap();
    let positive = rows.outer_iter().map(|row| row[0] + row[d - 1] * 0.5 > 0.7).collect();
    (rows, positive)
}

#[test]
fn a_margin_is_found() {
    let rows = array![[0.0_f32], [1.0], [3.0], [4.0]];
    let positive = [false, false, true, true];
    let options = SvmOptions { c: 1e4, tolerance: 1e-9, ..Default::default() };
    let svm = LinearSvm::fit(rows.view(), &positive, &options).unwrap();
    // Margins of 1 at 1 and at 3: w + b = -1, 3 w + b = 1.
    assert!(svm.converged);
    assert!((svm.weights[0] - 1.0).abs() < 1e-6 && (svm.intercept + 2.0).abs() < 1e-6, "{svm:?}");
    assert!((svm.decision(&[4.0]) - 2.0).abs() < 1e-6);
}

#[test]
fn the_boundary_lies_between_the_classes_however_small_c_is() {
    // Far from 0, where a machine that holds its intercept small would leave all rows on one side.
    let (mut rows, _) = noisy(200, 2);
    let positive: Vec<bool> = (0..200).map(|i| i % 4 == 0).collect();
    for (mut row, &positive) in rows.outer_iter_mut().zip(&positive) {
        row[0] = 0.1 * row[0] + if positive { 7.0 } else { 5.0 };
    }
    for balanced in [false, true] {
        let options = SvmOptions { c: 1e-6, balanced, ..Default::default() };
        let svm = LinearSvm::fit(rows.view(), &positive, &options).unwrap();
        let right = |(row, &positive): (ndarray::ArrayView1<'_, f32>, &bool)| {
            (svm.decision(&row.to_vec()) > 0.0) == positive
        };
        let hits = rows.outer_iter().zip(&positive).filter(|&pair| right(pair)).count();
        // Unbalanced the intercept follows the many; libsvm's does too.
        if balanced { assert_eq!(hits, 200) } else { assert!(hits >= 150) }
    }
}

#[test]
fn what_cannot_be_trained_says_why() {
    let (mut rows, positive) = noisy(20, 3);
    let with = |c| LinearSvm::fit(rows.view(), &positive, &SvmOptions { c, ..Default::default() });
    assert_eq!(with(0.0), Err(SvmError::BadC(0.0)));
    assert!(with(1.0).is_ok());
    let one = LinearSvm::fit(rows.view(), &[true; 20], &SvmOptions::default());
    assert_eq!(one, Err(SvmError::OneClass { positive: 20, negative: 0 }));
    let many = Array2::zeros((MOST + 1, 1));
    let error = LinearSvm::fit(many.view(), &[true; MOST + 1], &SvmOptions::default());
    assert_eq!(error, Err(SvmError::TooMany(MOST + 1)));
    rows[[3, 1]] = f32::NAN;
    let error = LinearSvm::fit(rows.view(), &positive, &SvmOptions::default());
    assert_eq!(error, Err(SvmError::NotFinite));
}

#[test]
fn c_is_chosen_among_candidates() {
    let (rows, positive) = noisy(300, 40);
    let folds: Vec<usize> = (0..300).map(|i| i % 5).collect();
    let candidates = [1e-4, 1e-2, 1.0];
    let options = SvmOptions { balanced: true, ..Default::default() };
    let of = |folds: &[usize], candidates: &[f64]| {
        choose_c(rows.view(), &positive, folds, candidates, &options)
    };
    let one = of(&folds, &candidates).unwrap();
    assert!(one.accuracy.iter().all(|a| (0.5..1.0).contains(a)), "{one:?}");
    let best = one.accuracy.iter().copied().fold(0.0, f64::max);
    let at = candidates.iter().position(|&c| c == one.c).unwrap();
    assert_eq!(one.accuracy[at], best);
    assert_eq!(of(&folds, &[]), Err(SvmError::NoFold));
    assert_eq!(of(&[7; 300], &candidates), Err(SvmError::NoFold));
}
