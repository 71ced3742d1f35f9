//! k-means, silhouettes and the agreement of clusterings.

use rightly_stats::{
    agreement::adjusted_mutual_information,
    cluster::{KMeansOptions, kmeans_from, silhouette},
};
use serde::Deserialize;

use super::{close, golden, matrix, single};

#[derive(Deserialize)]
struct Case {
    name: String,
    x: Vec<Vec<f64>>,
    start: Vec<Vec<f64>>,
    weights: Option<Vec<f64>>,
    centroids: Vec<Vec<f64>>,
    assignment: Vec<usize>,
    inertia: f64,
    iterations: usize,
    silhouette: f64,
}

#[test]
fn kmeans_and_silhouette_as_scikit_learn() {
    let cases: Vec<Case> = golden(include_str!("../../golden/clusters.json"), "clusters");
    for case in cases {
        let x = single(&case.x);
        let options = KMeansOptions { tolerance: 0.0, threads: 2, ..KMeansOptions::new(0) };
        let start = matrix(&case.start);
        let found = kmeans_from(x.view(), case.weights.as_deref(), start.view(), &options).unwrap();
        assert_eq!(found.assignment, case.assignment, "{}", case.name);
        assert_eq!(found.iterations, case.iterations, "{}", case.name);
        assert!((found.inertia - case.inertia).abs() < 1e-9 * case.inertia, "{}", case.name);
        close(&case.name, &found.centroids, &matrix(&case.centroids), 1e-9);
        let apart = silhouette(x.view(), &found.assignment, x.nrows(), 0, 2).unwrap();
        assert!((apart - case.silhouette).abs() < 1e-9, "{}: {apart}", case.name);
    }
}

#[derive(Deserialize)]
struct Pair {
    a: Vec<usize>,
    b: Vec<usize>,
    mutual: f64,
}

#[test]
fn agreement_as_scikit_learn() {
    let cases: Vec<Pair> = golden(include_str!("../../golden/agreement.json"), "agreement");
    for (number, case) in cases.iter().enumerate() {
        let mutual = adjusted_mutual_information(&case.a, &case.b);
        assert!((mutual - case.mutual).abs() < 1e-9, "{number}: {mutual}, {}", case.mutual);
    }
}
