//! What methods share: spaces in which they divide a class, distances, shares, folds.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis, s};
use rand::seq::SliceRandom;
use rightly_stats::{
    gram::Gram,
    pca::Pca,
    pls::{Pls, Target},
    rng::keyed,
};

use super::Fit;

/// At most `components` components of partial least squares between features `[n, d]` and `-losses` `[n, columns]`. The
/// features themselves are among what is explained with weight `own`: 0 is not at all, 1 as published in DIM.
///
/// # Errors
/// In words: nothing varies.
pub(super) fn pls(
    features: ArrayView2<'_, f32>,
    losses: ArrayView2<'_, f64>,
    own: f64,
    components: usize,
) -> Result<Pls, String> {
    let (n, d) = features.dim();
    let columns = losses.ncols();
    let mut rows = Array2::zeros((n, d + columns));
    rows.slice_mut(s![.., ..d]).assign(&features.mapv(f64::from));
    rows.slice_mut(s![.., d..]).assign(&losses.mapv(|loss| -loss));
    let mut gram = Gram::new(d + columns);
    gram.add(rows.view(), None);
    let mut targets: Vec<Target> =
        (d..d + columns).map(|column| Target { column, weight: 1.0 }).collect();
    if own > 0.0 {
        targets.extend((0..d).map(|column| Target { column, weight: own }));
    }
    Pls::fit_weighted(&gram, 0..d, &targets, components).map_err(|error| error.to_string())
}

/// At most `components` principal components of rows `[n, d]`.
///
/// # Errors
/// In words: nothing varies, or a feature is not finite.
pub(in crate::discover) fn pca(
    rows: ArrayView2<'_, f32>,
    components: usize,
) -> Result<Pca, String> {
    match Pca::of_rows(rows, components) {
        None => Err("a feature is not a finite number".to_owned()),
        Some(pca) if pca.components() == 0 => Err("all images have the same features".to_owned()),
        Some(pca) => Ok(pca),
    }
}

/// Rows at unit length; a row of zeros stays.
pub(in crate::discover) fn unit_rows(rows: ArrayView2<'_, f32>) -> Array2<f32> {
    let mut out = rows.to_owned();
    for mut row in out.axis_iter_mut(Axis(0)) {
        let length = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            row.mapv_inplace(|v| (f64::from(v) / length) as f32);
        }
    }
    out
}

/// Length of a vector; 1 where it is 0, so that it can divide.
pub(super) fn length(vector: &[f32]) -> f64 {
    let length = vector.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
    if length > 0.0 { length } else { 1.0 }
}

/// At unit length, in single precision; empty where it has none.
pub(super) fn unit(vector: &[f64]) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Vec::new();
    }
    vector.iter().map(|v| (v / length) as f32).collect()
}

/// Values of 0 or more over their sum; all 0 where that is 0.
pub(super) fn shares(mut values: Vec<f64>) -> Vec<f64> {
    let sum: f64 = values.iter().sum();
    let scale = if sum.is_finite() && sum > 0.0 { 1.0 / sum } else { 0.0 };
    values.iter_mut().for_each(|v| *v *= scale);
    values
}

/// Shares that grow with the exponential of values: softmax.
pub(super) fn softmax(values: &[f64]) -> Vec<f64> {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    shares(values.iter().map(|v| (v - most).exp()).collect())
}

/// Index of the largest value, the first of equals; `None` where none is above 0.
pub(super) fn largest(values: &[f64]) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, &value) in values.iter().enumerate() {
        if value > 0.0 && best.is_none_or(|b| value > values[b]) {
            best = Some(at);
        }
    }
    best
}

/// From the mean of all rows towards the mean of some, unit length; empty where they are the same.
pub(super) fn direction(vectors: ArrayView2<'_, f32>, own: &[usize]) -> Vec<f32> {
    let d = vectors.ncols();
    let (mut all, mut inside) = (vec![0.0; d], vec![0.0; d]);
    let add = |sum: &mut [f64], row: usize, of: usize| {
        let share = 1.0 / of as f64;
        sum.iter_mut().zip(vectors.row(row)).for_each(|(s, &v)| *s += share * f64::from(v));
    };
    (0..vectors.nrows()).for_each(|row| add(&mut all, row, vectors.nrows()));
    own.iter().for_each(|&row| add(&mut inside, row, own.len()));
    if own.is_empty() {
        return Vec::new();
    }
    unit(&inside.iter().zip(&all).map(|(a, b)| a - b).collect::<Vec<f64>>())
}

/// Squared distances of a point to centroids.
pub(super) fn distances(centroids: &Array2<f64>, at: &[f32]) -> Vec<f64> {
    centroids
        .outer_iter()
        .map(|c| c.iter().zip(at).map(|(c, &v)| (f64::from(v) - c).powi(2)).sum())
        .collect()
}

/// How much farther away the next centroid is than that of `cluster`; negative where another one is nearer.
pub(super) fn margin(distances: &[f64], cluster: usize) -> f64 {
    let others = distances.iter().enumerate().filter(|(k, _)| *k != cluster);
    others.fold(f64::INFINITY, |least, (_, &d)| least.min(d)) - distances[cluster]
}

/// Shares of the clusters by squared distance; `spread` is the mean one of an image to its own centroid.
pub(super) fn soft(distances: &[f64], spread: f64) -> Vec<f64> {
    let scale = 2.0 * spread.max(f64::MIN_POSITIVE);
    softmax(&distances.iter().map(|d| -d / scale).collect::<Vec<f64>>())
}

/// A part of `parts` for each fitted image: whole clusters, else right and wrong images dealt evenly.
pub(super) fn folds(fit: &Fit<'_>, parts: usize) -> Vec<usize> {
    let mut out = vec![0; fit.part.len()];
    let mut deal = |key: &str, mut units: Vec<Vec<usize>>, from: usize| {
        units.shuffle(&mut keyed(fit.seed, key, fit.class, 0));
        for (at, unit) in units.iter().enumerate() {
            unit.iter().for_each(|&image| out[image] = (from + at) % parts);
        }
        units.len()
    };
    if let Some(clusters) = fit.clusters {
        let mut units = BTreeMap::<u32, Vec<usize>>::new();
        clusters.iter().enumerate().for_each(|(at, &c)| units.entry(c).or_default().push(at));
        deal("slices/folds", units.into_values().collect(), 0);
        return out;
    }
    let side = |right: bool| -> Vec<Vec<usize>> {
        let own = fit.part.outcomes.iter().enumerate().filter(|(_, o)| o.correct == right);
        own.map(|(at, _)| vec![at]).collect()
    };
    let dealt = deal("slices/folds/wrong", side(false), 0);
    deal("slices/folds/right", side(true), dealt);
    out
}
