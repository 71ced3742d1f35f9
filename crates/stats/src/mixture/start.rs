//! Where the components of a mixture begin.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView1, ArrayView2};
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
        (Start::Confusion, Some(evidence)) => Ok(by_confusion(evidence, options)),
        (Start::KMeans | Start::Confusion, _) => {
            let clusters = KMeansOptions {
                starts: 1,
                seed: options.seed,
                ..KMeansOptions::new(options.components)
            };
            let found = kmeans(rows, None, &clusters)?;
            Ok(certain(&found.assignment, found.centroids.nrows()))
        }
    }
}

fn certain(assignment: &[usize], components: usize) -> Array2<f64> {
    let mut shares = Array2::zeros((assignment.len(), components));
    assignment.iter().enumerate().for_each(|(i, &k)| shares[[i, k]] = 1.0);
    shares
}

fn by_confusion(evidence: Evidence<'_>, options: &MixtureOptions) -> Array2<f64> {
    let pairs: Vec<(usize, usize)> = evidence
        .label
        .outer_iter()
        .zip(evidence.prediction.outer_iter())
        .map(|(label, prediction)| (likeliest(label), likeliest(prediction)))
        .collect();
    let mut counts = BTreeMap::new();
    pairs.iter().for_each(|&pair| *counts.entry(pair).or_insert(0_usize) += 1);
    let mut order: Vec<((usize, usize), usize)> = counts.into_iter().collect();
    order.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let place: BTreeMap<(usize, usize), usize> =
        order.iter().enumerate().map(|(at, (pair, _))| (*pair, at)).collect();
    let mut rng = keyed(options.seed, "mixture", "confusion", 0);
    let mut shares = Array2::zeros((pairs.len(), options.components));
    for (mut row, pair) in shares.outer_iter_mut().zip(&pairs) {
        for (k, share) in row.iter_mut().enumerate() {
            let own = k % order.len() == place[pair];
            *share = f64::from(u8::from(own)) + NOISE * rng.random::<f64>();
        }
        let sum = row.sum();
        row /= sum;
    }
    shares
}

/// The first of the largest.
fn likeliest(of: ArrayView1<'_, f32>) -> usize {
    let mut best = 0;
    for (class, &p) in of.iter().enumerate() {
        if p > of[best] {
            best = class;
        }
    }
    best
}
