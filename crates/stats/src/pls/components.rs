//! Components one after the other, from the covariances of two standardised blocks.

use faer::{Col, Mat};

use super::{Target, singular};
use crate::{gram::Gram, linear::times};

/// A component whose covariance with Y is below this share of the first one's is rounding.
const NEGLIGIBLE: f64 = 1e-10;

/// Columns of one block with what standardises them.
pub(super) struct Columns {
    at: Vec<usize>,
    pub(super) mean: Vec<f64>,
    pub(super) scale: Vec<f64>,
    constant: Vec<bool>,
}

impl Columns {
    pub(super) fn new(gram: &Gram, at: &[usize], freedom: f64) -> Self {
        let constant: Vec<bool> = at.iter().map(|&c| gram.is_constant(c)).collect();
        let scale = at.iter().zip(&constant).map(|(&c, &constant)| {
            if constant { 1.0 } else { (gram.product(c, c) / freedom).sqrt() }
        });
        let scale = scale.collect();
        Self {
            at: at.to_vec(),
            mean: at.iter().map(|&c| gram.mean()[c]).collect(),
            scale,
            constant,
        }
    }

    /// Says how many are constant.
    pub(super) fn note(&self, name: &str, notes: &mut Vec<String>) {
        let constant = self.constant.iter().filter(|&&c| c).count();
        if constant > 0 {
            notes.push(format!("{constant} of {} columns of {name} constant", self.at.len()));
        }
    }
}

/// Covariances of two standardised blocks; 0 for a constant column.
fn covariances(gram: &Gram, rows: &Columns, columns: &Columns, freedom: f64) -> Mat<f64> {
    Mat::from_fn(rows.at.len(), columns.at.len(), |i, j| {
        if rows.constant[i] || columns.constant[j] {
            return 0.0;
        }
        gram.product(rows.at[i], columns.at[j]) / freedom / (rows.scale[i] * columns.scale[j])
    })
}

/// One vector a component.
pub(super) struct Components {
    pub(super) weights: Vec<Col<f64>>,
    pub(super) loadings: Vec<Col<f64>>,
    pub(super) y_loadings: Vec<Col<f64>>,
    /// Why there are no more.
    pub(super) ended: Option<&'static str>,
}

impl Components {
    /// At most `most` components of two blocks, the second weighted as `targets` say.
    pub(super) fn find(
        gram: &Gram,
        x: &Columns,
        y: &Columns,
        targets: &[Target],
        most: usize,
    ) -> Self {
        let freedom = gram.weight() - 1.0;
        let mut own = covariances(gram, x, x, freedom);
        let mut cross = covariances(gram, x, y, freedom);
        for (j, target) in targets.iter().enumerate() {
            cross.col_mut(j).iter_mut().for_each(|value| *value *= target.weight);
        }
        let (mut weights, mut loadings, mut y_loadings) = (Vec::new(), Vec::new(), Vec::new());
        // No singular value can be larger: the columns of both blocks have unit variance.
        let bound = targets.iter().map(|t| t.weight * t.weight).sum::<f64>() * x.at.len() as f64;
        let mut least = 1e-13 * bound.sqrt();
        let mut ended = None;
        for component in 0..most {
            let Some((w, value)) = singular::dominant(cross.as_ref()).filter(|s| s.1 > least)
            else {
                ended = Some(if component == 0 {
                    "no column of X varies with one of Y"
                } else {
                    "nothing is left that X and Y share"
                });
                break;
            };
            least = least.max(NEGLIGIBLE * value);
            let products = times(own.as_ref(), w.as_ref());
            let variance = w.transpose() * &products;
            if variance <= 1e-13 * x.at.len() as f64 {
                ended = Some("nothing is left of X");
                break;
            }
            let load = Col::from_fn(products.nrows(), |i| products[i] / variance);
            let with_y = times(cross.transpose(), w.as_ref());
            subtract_outer(&mut own, &load, &products);
            subtract_outer(&mut cross, &load, &with_y);
            y_loadings.push(Col::from_fn(with_y.nrows(), |i| with_y[i] / variance));
            weights.push(w);
            loadings.push(load);
        }
        Self { weights, loadings, y_loadings, ended }
    }
}

/// `m -= a b'`.
fn subtract_outer(m: &mut Mat<f64>, a: &Col<f64>, b: &Col<f64>) {
    for j in 0..m.ncols() {
        m.col_mut(j).iter_mut().zip(a.iter()).for_each(|(value, a)| *value -= a * b[j]);
    }
}

/// `W (P'W)^-1`, one column after the other: `P'W` is upper triangular with a diagonal of ones.
pub(super) fn rotations(weights: &[Col<f64>], loadings: &[Col<f64>]) -> Vec<Col<f64>> {
    let mut rotations: Vec<Col<f64>> = Vec::new();
    for w in weights {
        let mut rotation = w.clone();
        for (before, load) in rotations.iter().zip(loadings) {
            rotation -= (load.transpose() * w) * before;
        }
        rotations.push(rotation);
    }
    rotations
}
