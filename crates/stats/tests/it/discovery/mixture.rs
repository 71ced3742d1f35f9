//! Mixtures of diagonal covariance.

use ndarray::Array2;
use rightly_stats::mixture::{Evidence, Mixture, MixtureOptions, Start};
use serde::Deserialize;

use super::{close, golden, matrix, single};

#[derive(Deserialize)]
struct Golden {
    x: Vec<Vec<f64>>,
    assignment: Vec<usize>,
    plain: Plain,
    error_aware: Vec<ErrorAware>,
}

#[derive(Deserialize)]
struct Plain {
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
    iterations: usize,
    converged: bool,
    log_likelihood: f64,
    log_density: Vec<f64>,
    responsibilities: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct ErrorAware {
    gamma: f64,
    iterations: usize,
    label: Vec<Vec<f64>>,
    prediction: Vec<Vec<f64>>,
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
    label_law: Vec<Vec<f64>>,
    prediction_law: Vec<Vec<f64>>,
    log_likelihood: f64,
    responsibilities: Vec<Vec<f64>>,
    alone: Vec<Vec<f64>>,
}

fn row(values: &[f64]) -> Array2<f64> {
    matrix(&[values.to_vec()])
}

fn options(golden: &Golden) -> MixtureOptions {
    MixtureOptions {
        start: Start::Assignment(golden.assignment.clone()),
        iterations: 200,
        threads: 2,
        ..MixtureOptions::new(4)
    }
}

#[test]
fn mixture_as_scikit_learn() {
    let golden: Golden = golden(include_str!("../../golden/mixture.json"), "mixture");
    let (x, expected) = (single(&golden.x), &golden.plain);
    let mixture = Mixture::fit(x.view(), None, &options(&golden)).unwrap();
    let ended = (mixture.iterations, mixture.converged);
    assert_eq!(ended, (expected.iterations, expected.converged));
    assert!((mixture.log_likelihood - expected.log_likelihood).abs() < 1e-9);
    close("weights", &row(&mixture.weights), &row(&expected.weights), 1e-8);
    close("means", &mixture.means, &matrix(&expected.means), 1e-8);
    close("variances", &mixture.variances, &matrix(&expected.variances), 1e-8);
    let shares = mixture.responsibilities(x.view(), None);
    close("responsibilities", &shares, &matrix(&expected.responsibilities), 1e-8);
    close("densities", &row(&mixture.log_density(x.view())), &row(&expected.log_density), 1e-8);
    // A mixture that has converged stays where it is.
    let again = mixture.fit_on(x.view(), None, &options(&golden)).unwrap();
    assert!(again.converged && (again.log_likelihood - mixture.log_likelihood).abs() < 1e-2);
}

#[test]
fn error_aware_mixture_as_its_definition() {
    let golden: Golden = golden(include_str!("../../golden/mixture.json"), "mixture");
    let x = single(&golden.x);
    for case in &golden.error_aware {
        let (label, prediction) = (single(&case.label), single(&case.prediction));
        let evidence = Evidence { label: label.view(), prediction: prediction.view() };
        let options = MixtureOptions {
            gamma: case.gamma,
            iterations: case.iterations,
            tolerance: 0.0,
            ..options(&golden)
        };
        let mixture = Mixture::fit(x.view(), Some(evidence), &options).unwrap();
        assert!((mixture.log_likelihood - case.log_likelihood).abs() < 1e-8);
        close("weights", &row(&mixture.weights), &row(&case.weights), 1e-8);
        close("means", &mixture.means, &matrix(&case.means), 1e-8);
        close("variances", &mixture.variances, &matrix(&case.variances), 1e-8);
        close("label", &mixture.label, &matrix(&case.label_law), 1e-8);
        close("prediction", &mixture.prediction, &matrix(&case.prediction_law), 1e-8);
        let both = mixture.responsibilities(x.view(), Some(evidence));
        close("responsibilities", &both, &matrix(&case.responsibilities), 1e-8);
        let alone = mixture.responsibilities(x.view(), None);
        close("from the embedding alone", &alone, &matrix(&case.alone), 1e-8);
    }
}
