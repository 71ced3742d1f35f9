//! Linear support vector machines.

use rightly_stats::svm::{LinearSvm, SvmOptions, choose_c};
use serde::Deserialize;

use super::{golden, single};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f64>>,
    positive: Vec<bool>,
    cases: Vec<Case>,
    choice: Choice,
}

#[derive(Deserialize)]
struct Case {
    c: f64,
    balanced: bool,
    weights: Vec<f64>,
    intercept: f64,
    decisions: Vec<f64>,
}

#[derive(Deserialize)]
struct Choice {
    folds: Vec<usize>,
    candidates: Vec<f64>,
    accuracy: Vec<f64>,
    c: f64,
}

#[test]
fn svm_as_scikit_learn() {
    let golden: Golden = golden(include_str!("../../golden/svm.json"), "svm");
    let x = single(&golden.x);
    let near = |got: f64, expected: f64| (got - expected).abs() < 1e-6;
    for case in &golden.cases {
        let options = SvmOptions {
            c: case.c,
            balanced: case.balanced,
            tolerance: 1e-10,
            ..SvmOptions::default()
        };
        let svm = LinearSvm::fit(x.view(), &golden.positive, &options).unwrap();
        assert!(svm.converged, "{} {}", case.balanced, case.c);
        assert!(near(svm.intercept, case.intercept), "{} {}", svm.intercept, case.intercept);
        assert!(svm.weights.iter().zip(&case.weights).all(|(g, e)| near(*g, *e)));
        for (row, expected) in x.outer_iter().zip(&case.decisions) {
            assert!(near(svm.decision(&row.to_vec()), *expected));
        }
    }
    let Choice { folds, candidates, accuracy, c } = golden.choice;
    let options = SvmOptions { balanced: true, tolerance: 1e-8, ..SvmOptions::default() };
    let choice = choose_c(x.view(), &golden.positive, &folds, &candidates, &options).unwrap();
    assert!(choice.accuracy.iter().zip(&accuracy).all(|(g, e)| near(*g, *e)), "{choice:?}");
    assert_eq!(choice.c, c);
    let again = SvmOptions { c, ..options };
    assert_eq!(LinearSvm::fit(x.view(), &golden.positive, &again), Ok(choice.svm));
}
