//! Linear support vector machines with L2 regularisation.
//!
//! Minimises `|w|^2 / 2 + sum of C_i loss(y_i (w.x_i + b))`, with the intercept regularised as one more weight, as
//! liblinear and scikit-learn's `LinearSVC` do. Columns should be of similar scale.

mod choose;
mod descent;

use ndarray::{ArrayView2, Axis};

pub use choose::{Choice, choose_c};

/// What a row on the wrong side, or too near to the boundary, costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `max(0, 1 - margin)`.
    Hinge,
    /// Its square.
    SquaredHinge,
}

/// How a machine is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SvmOptions {
    /// What losses count against the size of the weights, above 0.
    pub c: f64,
    /// What a row costs.
    pub loss: Loss,
    /// Whether both classes count alike however many rows they have: `C_i = c n / (2 n_class)`.
    pub balanced: bool,
    /// Training ends where the projected gradients of all rows are within this distance of each other.
    pub tolerance: f64,
    /// Most passes over the rows.
    pub iterations: usize,
    /// Seed of the order of rows.
    pub seed: u64,
}

impl Default for SvmOptions {
    /// `LinearSVC`'s: squared hinge, C 1, tolerance 1e-4, 1,000 passes, classes not balanced.
    fn default() -> Self {
        Self {
            c: 1.0,
            loss: Loss::SquaredHinge,
            balanced: false,
            tolerance: 1e-4,
            iterations: 1000,
            seed: 0,
        }
    }
}

/// Why there is no machine.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SvmError {
    /// All rows (or all of positive weight) are of one class.
    #[error("{positive} rows of one class and {negative} of the other: expected some of both")]
    OneClass {
        /// Rows of the positive class.
        positive: usize,
        /// Rows of the other.
        negative: usize,
    },
    /// A value or a weight that is not a finite number, or a negative weight.
    #[error("a value or weight that is not a finite number, or a negative weight")]
    NotFinite,
    /// C is not a positive number.
    #[error("C is {0}: expected a positive number")]
    BadC(f64),
    /// No fold leaves both classes to train on, or there is no candidate.
    #[error("no value of C to choose from, or no fold that leaves both classes to train on")]
    NoFold,
}

/// A trained machine.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSvm {
    /// Weights, `[d]`.
    pub weights: Vec<f64>,
    /// Intercept.
    pub intercept: f64,
    /// Passes over the rows.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

impl LinearSvm {
    /// Trains on `rows` (`[n, d]`), `positive` (`[n]`) and, where given, a weight for each row.
    ///
    /// # Errors
    /// See [`SvmError`].
    ///
    /// # Panics
    /// Where there is not one class and one weight for each row.
    pub fn fit(
        rows: ArrayView2<'_, f32>,
        positive: &[bool],
        weights: Option<&[f64]>,
        options: &SvmOptions,
    ) -> Result<Self, SvmError> {
        checked(rows, positive, weights)?;
        let rows = rows.as_standard_layout();
        let all: Vec<usize> = (0..positive.len()).collect();
        descent::train(rows.view(), positive, weights, &all, options)
    }

    /// Decision value of a row of `[d]`: above 0 on the positive side.
    ///
    /// # Panics
    /// Where the row has another length.
    pub fn decision(&self, row: &[f32]) -> f64 {
        assert_eq!(row.len(), self.weights.len(), "columns of the row");
        descent::dot(&self.weights, row) + self.intercept
    }

    /// Decision values of rows, `[n, d]` to `[n]`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn decisions(&self, rows: ArrayView2<'_, f32>) -> Vec<f64> {
        let rows = rows.as_standard_layout();
        let row = |row: ndarray::ArrayView1<'_, f32>| {
            self.decision(row.to_slice().expect("rows in standard layout"))
        };
        rows.axis_iter(Axis(0)).map(row).collect()
    }
}

fn checked(
    rows: ArrayView2<'_, f32>,
    positive: &[bool],
    weights: Option<&[f64]>,
) -> Result<(), SvmError> {
    assert_eq!(rows.nrows(), positive.len(), "one class for each row");
    assert!(weights.is_none_or(|w| w.len() == positive.len()), "one weight for each row");
    let sound = |w: &f64| w.is_finite() && *w >= 0.0;
    if rows.iter().any(|x| !x.is_finite()) || weights.is_some_and(|w| !w.iter().all(sound)) {
        return Err(SvmError::NotFinite);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
