//! What methods share: the spaces in which they divide a class.

use ndarray::{Array2, ArrayView2, Axis, s};
use rightly_stats::{
    gram::Gram,
    pca::Pca,
    pls::{Pls, Target},
};

/// How much the features themselves are among what is explained, next to a loss of weight 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    /// 0: not at all; 1: as published.
    pub(super) weight: f64,
}

/// At most `components` components of partial least squares between features `[n, d]` and `-losses` `[n, columns]`.
///
/// # Errors
/// In words: nothing varies.
pub(super) fn pls(
    features: ArrayView2<'_, f32>,
    losses: ArrayView2<'_, f64>,
    block: Block,
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
    if block.weight > 0.0 {
        targets.extend((0..d).map(|column| Target { column, weight: block.weight }));
    }
    Pls::fit_weighted(&gram, 0..d, &targets, components).map_err(|error| error.to_string())
}

/// At most `components` principal components of rows `[n, d]`.
///
/// # Errors
/// In words: nothing varies, or a feature is not finite.
pub(super) fn pca(rows: ArrayView2<'_, f32>, components: usize) -> Result<Pca, String> {
    match Pca::of_rows(rows, components) {
        None => Err("a feature is not a finite number".to_owned()),
        Some(pca) if pca.components() == 0 => Err("all images have the same features".to_owned()),
        Some(pca) => Ok(pca),
    }
}

/// Rows at unit length; a row of zeros stays.
pub(super) fn unit_rows(rows: ArrayView2<'_, f32>) -> Array2<f32> {
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
