//! Partial least squares and principal components.

use ndarray::{Array2, Axis, concatenate};
use rightly_stats::{
    gram::Gram,
    pca::Pca,
    pls::{Pls, Target},
};
use serde::Deserialize;

use super::{close, golden, matrix, single};

#[derive(Deserialize)]
struct PlsCase {
    name: String,
    x: Vec<Vec<f64>>,
    y: Vec<Vec<f64>>,
    components: usize,
    weights: Option<Vec<f64>>,
    targets: Option<Vec<f64>>,
    x_weights: Vec<Vec<f64>>,
    x_loadings: Vec<Vec<f64>>,
    x_rotations: Vec<Vec<f64>>,
    y_loadings: Vec<Vec<f64>>,
    scores: Vec<Vec<f64>>,
}

/// Turns the columns of `got` whose sign is the other one.
fn signed(got: &Array2<f64>, signs: &[f64]) -> Array2<f64> {
    let mut got = got.clone();
    for (mut column, sign) in got.columns_mut().into_iter().zip(signs) {
        column *= *sign;
    }
    got
}

#[test]
fn pls_as_scikit_learn() {
    let cases: Vec<PlsCase> = golden(include_str!("../../golden/pls.json"), "pls");
    assert!(cases.len() >= 10);
    for case in cases {
        let (x, y) = (single(&case.x), single(&case.y));
        let (d, q) = (x.ncols(), y.ncols());
        let rows = concatenate![Axis(1), x, y];
        let gram = Gram::of(rows.view(), case.weights.as_deref(), 2);
        // Y is [y | x]; the Gram holds [x | y].
        let pls = match &case.targets {
            None => Pls::fit(&gram, 0..d, d..d + q, case.components),
            Some(weights) => {
                let columns = (d..d + q).chain(0..d).zip(weights);
                let targets: Vec<Target> =
                    columns.map(|(column, &weight)| Target { column, weight }).collect();
                Pls::fit_weighted(&gram, 0..d, &targets, case.components)
            }
        };
        let pls = pls.unwrap();
        let expected = matrix(&case.x_weights);
        assert_eq!(pls.components(), expected.ncols(), "{}: {:?}", case.name, pls.notes);
        let fewer = pls.notes.iter().any(|note| note.contains("instead of"));
        assert_eq!(fewer, pls.components() < case.components, "{}", case.name);
        let signs: Vec<f64> = (0..pls.components())
            .map(|k| pls.weights.column(k).dot(&expected.column(k)).signum())
            .collect();
        let check = |what: &str, got: &Array2<f64>, expected: &[Vec<f64>]| {
            close(&format!("{}: {what}", case.name), &signed(got, &signs), &matrix(expected), 1e-6);
        };
        check("weights", &pls.weights, &case.x_weights);
        check("loadings", &pls.loadings, &case.x_loadings);
        check("rotations", &pls.rotations, &case.x_rotations);
        check("y_loadings", &pls.y_loadings, &case.y_loadings);
        check("scores", &pls.scores_of(x.view()), &case.scores);
    }
}

#[derive(Deserialize)]
struct PcaCase {
    x: Vec<Vec<f64>>,
    vectors: Vec<Vec<f64>>,
    values: Vec<f64>,
    shares: Vec<f64>,
    scores: Vec<Vec<f64>>,
    white: Vec<Vec<f64>>,
}

#[test]
fn pca_as_scikit_learn() {
    let case: PcaCase = golden(include_str!("../../golden/pca.json"), "pca");
    let x = single(&case.x);
    let pca = Pca::fit(&Gram::of(x.view(), None, 2), 0..x.ncols(), 4).unwrap();
    close("vectors", &pca.vectors, &matrix(&case.vectors), 1e-9);
    close("scores", &pca.scores_of(x.view(), false), &matrix(&case.scores), 1e-9);
    close("white", &pca.scores_of(x.view(), true), &matrix(&case.white), 1e-9);
    for (k, value) in pca.values.iter().enumerate() {
        assert!((value - case.values[k]).abs() < 1e-9 * value);
        assert!((value / pca.total - case.shares[k]).abs() < 1e-9);
    }
}
