//! Where the components of a mixture begin.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use super::{Evidence, MixtureOptions, Start};
use crate::{
    cluster::{ClusterError, KMeansOptions, kmeans},
    rng::keyed,
};

/// Largest noise of a share in a start by confusion.
const NOISE: f64 = 1e-3;

/// Shares of the components in each row, `[n, K]`, each row with sum 1.
pub(super) fn dealt(
    rows: ArrayView2<'_, f32>,
    evidence: Option<Evidence<'_>>,
    options: &MixtureOptions,
) -> Result<Array2<f64>, ClusterError> {
    match (&options.start, evidence) {
        (Start::Assignment(assignment), _) => {
            assert_eq!(assignment.len(), rows.nrows(), "a component for each row");
            Ok(certain(assignment, options.components))
        }
        (Start::Confusion, Some(evidence)) => by_confusion(rows, evidence, options),
        (Start::KMeans | Start::Confusion, _) => {
            let found = kmeans(rows, None, &clusters(options.components, options.seed))?;
            Ok(certain(&found.assignment, found.centroids.nrows()))
        }
    }
}

fn certain(assignment: &[usize], components: usize) -> Array2<f64> {
    let mut shares = Array2::zeros((assignment.len(), components));
    assignment.iter().enumerate().for_each(|(i, &k)| shares[[i, k]] = 1.0);
    shares
}

fn clusters(count: usize, seed: u64) -> KMeansOptions {
    KMeansOptions { starts: 1, seed, ..KMeansOptions::new(count) }
}

fn by_confusion(
    rows: ArrayView2<'_, f32>,
    evidence: Evidence<'_>,
    options: &MixtureOptions,
) -> Result<Array2<f64>, ClusterError> {
    let order = pairs(evidence);
    let mut rng = keyed(options.seed, "mixture", "confusion", 0);
    let mut shares = Array2::from_shape_simple_fn((rows.nrows(), options.components), || {
        NOISE * rng.random::<f64>()
    });
    for (place, &(label, prediction)) in order.iter().take(options.components).enumerate() {
        let components: Vec<usize> = (place..options.components).step_by(order.len()).collect();
        let own = |row: usize| {
            f64::from(evidence.label[[row, label]])
                * f64::from(evidence.prediction[[row, prediction]])
        };
        // Copies of one component, told apart by noise alone, are where the likelihood hardly moves: the first iterations
        // would be the last.
        let divided = if components.len() == 1 {
            vec![0; rows.nrows()]
        } else {
            let clusters = clusters(components.len(), options.seed);
            let weights: Vec<f64> = (0..rows.nrows()).map(own).collect();
            kmeans(rows, Some(&weights), &clusters)?.assignment
        };
        for (row, cluster) in divided.into_iter().enumerate() {
            shares[[row, components[cluster]]] += own(row);
        }
    }
    for mut row in shares.outer_iter_mut() {
        let sum = row.sum();
        row /= sum;
    }
    Ok(shares)
}

/// Pairs of label and prediction that occur, those with the most rows first.
fn pairs(evidence: Evidence<'_>) -> Vec<(usize, usize)> {
    let rows_of = evidence.label.t().dot(&evidence.prediction);
    let mut order: Vec<((usize, usize), f32)> = rows_of
        .indexed_iter()
        .map(|(pair, &rows)| (pair, rows))
        .filter(|(_, n)| *n > 0.0)
        .collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.into_iter().map(|(pair, _)| pair).collect()
}
