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
    let options = SvmOptions { c: 1e4, loss: Loss::Hinge, tolerance: 1e-9, ..Default::default() };
    let svm = LinearSvm::fit(rows.view(), &positive, None, &options).unwrap();
    // Margins of 1 at 1 and at 3: w + b = -1, 3 w + b = 1.
    assert!(svm.converged);
    assert!((svm.weights[0] - 1.0).abs() < 1e-6 && (svm.intercept + 2.0).abs() < 1e-6, "{svm:?}");
    assert_eq!(svm.decisions(rows.view())[3], svm.decision(&[4.0]));
}

#[test]
fn balance_and_weights_move_the_boundary() {
    let (rows, positive) = noisy(600, 5);
    let fit = |weights: Option<&[f64]>, balanced| {
        let options = SvmOptions { balanced, c: 0.1, tolerance: 1e-8, ..Default::default() };
        LinearSvm::fit(rows.view(), &positive, weights, &options).unwrap()
    };
    let plain = fit(None, false);
    let positives = positive.iter().filter(|&&p| p).count() as f64;
    let weights: Vec<f64> =
        positive.iter().map(|&p| 300.0 / if p { positives } else { 600.0 - positives }).collect();
    let (balanced, weighted) = (fit(None, true), fit(Some(&weights), false));
    assert!(balanced.intercept > plain.intercept);
    assert!((balanced.intercept - weighted.intercept).abs() < 1e-6);
    let none = vec![0.0; 600];
    let error = LinearSvm::fit(rows.view(), &positive, Some(&none), &SvmOptions::default());
    assert_eq!(error, Err(SvmError::OneClass { positive: 0, negative: 0 }));
}

#[test]
fn what_cannot_be_trained_says_why() {
    let (mut rows, positive) = noisy(20, 3);
    let with =
        |c| LinearSvm::fit(rows.view(), &positive, None, &SvmOptions { c, ..Default::default() });
    assert_eq!(with(0.0), Err(SvmError::BadC(0.0)));
    assert!(with(1.0).is_ok());
    let one = LinearSvm::fit(rows.view(), &[true; 20], None, &SvmOptions::default());
    assert_eq!(one, Err(SvmError::OneClass { positive: 20, negative: 0 }));
    rows[[3, 1]] = f32::NAN;
    let error = LinearSvm::fit(rows.view(), &positive, None, &SvmOptions::default());
    assert_eq!(error, Err(SvmError::NotFinite));
}

#[test]
fn c_is_chosen_whatever_the_threads() {
    let (rows, positive) = noisy(300, 40);
    let folds: Vec<usize> = (0..300).map(|i| i % 5).collect();
    let candidates = [1e-4, 1e-2, 1.0];
    let options = SvmOptions { balanced: true, ..Default::default() };
    let of = |folds: &[usize], candidates: &[f64], threads| {
        choose_c(rows.view(), &positive, None, folds, candidates, &options, threads)
    };
    let one = of(&folds, &candidates, 1).unwrap();
    assert_eq!(Ok(&one), of(&folds, &candidates, 3).as_ref());
    assert!(one.accuracy.iter().all(|a| (0.5..1.0).contains(a)), "{one:?}");
    assert_eq!(of(&folds, &[], 1), Err(SvmError::NoFold));
    assert_eq!(of(&[7; 300], &candidates, 1), Err(SvmError::NoFold));
}
