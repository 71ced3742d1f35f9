//! Partial least squares from a [`Gram`] alone: directions of X that vary together with Y.
//!
//! The components are those of NIPALS at convergence with both blocks standardised and deflated by the scores of X
//! (Wold 1975; scikit-learn's `PLSRegression(scale=True)`). Both blocks enter only through `X'X` and `X'Y`: a weight vector
//! is the dominant left singular vector of what is left of `X'Y` (Hoskuldsson, "PLS regression methods", 1988), with
//! scores `t = X w` the loadings are `p = X'X w / t't` and `q = Y'X w / t't`, and what is left is
//! `X'X - p p' t't` and `X'Y - p q' t't`. No row is looked at twice.

mod components;
mod singular;

use std::ops::Range;

use faer::Col;
use ndarray::{Array2, ArrayView2};

use crate::gram::Gram;
use components::{Columns, Components, rotations};

/// Why there are no components.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlsError {
    /// Fewer than two rows, or a sum of weights of at most 1.
    #[error("{rows} rows: expected at least two, with weights that sum to more than 1")]
    TooFew {
        /// Rows of the Gram.
        rows: usize,
    },
    /// A value, a weight of a row or a weight of a column that is not a finite number, or a negative one of the weights.
    #[error("the rows or weights hold a number that is not finite, or a negative weight")]
    NotFinite,
    /// No component asked for, or a block without columns.
    #[error("{components} components of {x} and {y} columns: expected at least one of each")]
    Empty {
        /// Components asked for.
        components: usize,
        /// Columns of X.
        x: usize,
        /// Columns of Y.
        y: usize,
    },
    /// Not one component: a block is constant, or no column of X varies with one of Y.
    #[error("no component: {0}")]
    Unrelated(String),
}

/// A column of Y and what its standardised values are multiplied by (at least 0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    /// Column of the Gram; it may be one of X's too.
    pub column: usize,
    /// 1 for an ordinary column; the larger, the more the components follow it.
    pub weight: f64,
}

/// `K` components of `d` columns of X and `q` of Y.
#[derive(Debug, Clone, PartialEq)]
pub struct Pls {
    /// Means of X, `[d]`.
    pub mean_x: Vec<f64>,
    /// Deviations of X with ddof 1, `[d]`; 1 for a constant column.
    pub scale_x: Vec<f64>,
    /// Means of Y, `[q]`.
    pub mean_y: Vec<f64>,
    /// Deviations of Y with ddof 1, `[q]`; 1 for a constant column. Weights of targets are not part of it.
    pub scale_y: Vec<f64>,
    /// Weights `w` of the deflated X, `[d, K]`, of unit length; the largest entry of each is positive.
    pub weights: Array2<f64>,
    /// Loadings `p` of X, `[d, K]`.
    pub loadings: Array2<f64>,
    /// What standardised X is multiplied by for its scores, `[d, K]`: `W (P'W)^-1`.
    pub rotations: Array2<f64>,
    /// Loadings of the standardised and weighted Y, `[q, K]`.
    pub y_loadings: Array2<f64>,
    /// What was degenerate: constant columns, fewer components than asked for.
    pub notes: Vec<String>,
}

impl Pls {
    /// Components of two ranges of columns of a Gram, which may overlap. See [`Pls::fit_weighted`].
    ///
    /// # Errors
    /// As [`Pls::fit_weighted`].
    ///
    /// # Panics
    /// Where a range reaches beyond the columns.
    pub fn fit(
        gram: &Gram,
        x: Range<usize>,
        y: Range<usize>,
        components: usize,
    ) -> Result<Self, PlsError> {
        let y: Vec<Target> = y.map(|column| Target { column, weight: 1.0 }).collect();
        Self::fit_weighted(gram, x, &y, components)
    }

    /// Components of X, a range of columns of a Gram, and Y, any of its columns with weights. X may be part of Y (an
    /// autoencoding block) without being in the Gram twice.
    ///
    /// There are fewer components than asked for where no more can be told from rounding, with a note; a constant column
    /// has scale 1 and weight 0, with a note. Nothing returned is NaN. On the threads of the rayon pool around, which have
    /// no part in the result.
    ///
    /// # Errors
    /// Where not one component is defined, see [`PlsError`].
    ///
    /// # Panics
    /// Where a column is not one of the Gram's.
    pub fn fit_weighted(
        gram: &Gram,
        x: Range<usize>,
        y: &[Target],
        components: usize,
    ) -> Result<Self, PlsError> {
        let (d, q) = (x.len(), y.len());
        if components == 0 || d == 0 || q == 0 {
            return Err(PlsError::Empty { components, x: d, y: q });
        }
        let freedom = gram.weight() - 1.0;
        if gram.len() < 2 || freedom <= 0.0 {
            return Err(PlsError::TooFew { rows: gram.len() });
        }
        let sound = |target: &Target| target.weight.is_finite() && target.weight >= 0.0;
        if !gram.is_finite() || !y.iter().all(sound) {
            return Err(PlsError::NotFinite);
        }
        let x: Vec<usize> = x.collect();
        let targets: Vec<usize> = y.iter().map(|target| target.column).collect();
        let (x_columns, y_columns) =
            (Columns::new(gram, &x, freedom), Columns::new(gram, &targets, freedom));
        let mut notes = Vec::new();
        x_columns.note("X", &mut notes);
        y_columns.note("Y", &mut notes);
        // Inside the pool once, not for each of many small products.
        let found = rayon::scope(|_| Components::find(gram, &x_columns, &y_columns, y, components));
        if let Some(why) = found.ended {
            if found.weights.is_empty() {
                return Err(PlsError::Unrelated(why.to_owned()));
            }
            notes
                .push(format!("{} components instead of {components}: {why}", found.weights.len()));
        }
        let rotations = rotations(&found.weights, &found.loadings);
        Ok(Self {
            mean_x: x_columns.mean,
            scale_x: x_columns.scale,
            mean_y: y_columns.mean,
            scale_y: y_columns.scale,
            weights: columns(&found.weights, d),
            loadings: columns(&found.loadings, d),
            rotations: columns(&rotations, d),
            y_loadings: columns(&found.y_loadings, q),
            notes,
        })
    }

    /// Number of components, at most as many as asked for.
    pub fn components(&self) -> usize {
        self.weights.ncols()
    }

    /// Scores of one row of X, `[d]` to `[K]`, as scikit-learn's `transform`.
    ///
    /// # Panics
    /// Where the row has another length.
    pub fn scores(&self, row: &[f32]) -> Vec<f64> {
        assert_eq!(row.len(), self.mean_x.len(), "columns of the row");
        let mut scores = vec![0.0; self.components()];
        self.add_scores(row.iter().copied(), &mut scores);
        scores
    }

    /// Scores of rows of X, `[n, d]` to `[n, K]`.
    ///
    /// # Panics
    /// Where the rows have another length.
    pub fn scores_of(&self, rows: ArrayView2<'_, f32>) -> Array2<f64> {
        assert_eq!(rows.ncols(), self.mean_x.len(), "columns of the rows");
        let mut scores = Array2::zeros((rows.nrows(), self.components()));
        for (row, mut out) in rows.outer_iter().zip(scores.outer_iter_mut()) {
            self.add_scores(
                row.iter().copied(),
                out.as_slice_mut().expect("a row of a new matrix"),
            );
        }
        scores
    }

    fn add_scores(&self, row: impl Iterator<Item = f32>, out: &mut [f64]) {
        let scaled = row.zip(self.mean_x.iter().zip(&self.scale_x));
        for ((x, (mean, scale)), rotation) in scaled.zip(self.rotations.outer_iter()) {
            let x = (f64::from(x) - mean) / scale;
            out.iter_mut().zip(rotation).for_each(|(o, r)| *o += x * r);
        }
    }

    /// Direction of each component in the space of X, `[K, d]`, of unit length: rotation over deviation, since the score
    /// of a row is the inner product of the two with the row less its mean.
    pub fn directions(&self) -> Array2<f64> {
        let mut directions = self.rotations.t().to_owned();
        for mut direction in directions.outer_iter_mut() {
            direction.iter_mut().zip(&self.scale_x).for_each(|(v, scale)| *v /= scale);
            let length = direction.dot(&direction).sqrt();
            if length > 0.0 {
                direction /= length;
            }
        }
        directions
    }
}

fn columns(of: &[Col<f64>], rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, of.len()), |(i, k)| of[k][i])
}

#[cfg(test)]
mod tests;
