//! Linear support vector machines.

use rightly_stats::svm::{LinearSvm, Loss, SvmOptions};
use serde::Deserialize;

use super::{golden, single};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f64>>,
    positive: Vec<bool>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    loss: String,
    c: f64,
    balanced: bool,
    weights: Vec<f64>,
    intercept: f64,
    decisions: Vec<f64>,
}

#[test]
fn svm_as_scikit_learn() {
    let golden: Golden = golden(include_str!("../../golden/svm.json"), "svm");
    let x = single(&golden.x);
    for case in &golden.cases {
        let options = SvmOptions {
            c: case.c,
            balanced: case.balanced,
            loss: if case.loss == "hinge" { Loss::Hinge } else { Loss::SquaredHinge },
            tolerance: 1e-11,
            iterations: 200_000,
            seed: 1,
        };
        let svm = LinearSvm::fit(x.view(), &golden.positive, None, &options).unwrap();
        assert!(svm.converged, "{} {}", case.loss, case.c);
        let near = |got: f64, expected: f64| (got - expected).abs() < 1e-6;
        assert!(near(svm.intercept, case.intercept), "{} {}", svm.intercept, case.intercept);
        assert!(svm.weights.iter().zip(&case.weights).all(|(g, e)| near(*g, *e)));
        let decisions = svm.decisions(x.view());
        assert!(decisions.iter().zip(&case.decisions).all(|(g, e)| near(*g, *e)));
    }
}
