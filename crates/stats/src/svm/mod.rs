//! Linear support vector machines with L2 regularisation.
//!
//! Minimises `|w|^2 / 2 + sum of C_i max(0, 1 - y_i (w.x_i + b))`: the intercept is free, as in libsvm and in scikit-learn's
//! `SVC(kernel="linear")`. (liblinear's machines, scikit-learn's `LinearSVC`, hold the intercept small as well; where C is
//! small that puts the boundary at 0 instead of between the classes.) Where every intercept of a range is optimal, the middle
//! of the range is taken. Columns should be of similar scale.

mod choose;
mod pairs;

use ndarray::{Array2, ArrayView2, Axis};

pub use choose::{Choice, choose_c};

/// Most rows of a machine: the products of all pairs of rows are held in memory.
pub const MOST: usize = 4096;

/// How a machine is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SvmOptions {
    /// What losses count against the size of the weights, above 0.
    pub c: f64,
    /// Whether both classes count alike however many rows they have: `C_i = c n / (2 n_class)`.
    pub balanced: bool,
    /// Training ends where no pair of rows violates the conditions of the optimum by more than this.
    pub tolerance: f64,
    /// Most steps, each of which moves a pair of rows.
    pub steps: usize,
}

impl Default for SvmOptions {
    /// `SVC`'s: C 1, tolerance 1e-3, classes not balanced; at most a million steps.
    fn default() -> Self {
        Self { c: 1.0, balanced: false, tolerance: 1e-3, steps: 1_000_000 }
    }
}

/// Why there is no machine.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SvmError {
    /// All rows are of one class.
    #[error("{positive} rows of one class and {negative} of the other: expected some of both")]
    OneClass {
        /// Rows of the positive class.
        positive: usize,
        /// Rows of the other.
        negative: usize,
    },
    /// More rows than [`MOST`].
    #[error("{0} rows: expected at most {MOST}")]
    TooMany(usize),
    /// A value that is not a finite number.
    #[error("a value that is not a finite number")]
    NotFinite,
    /// C is not a positive number.
    #[error("C is {0}: expected a positive number")]
    BadC(f64),
    /// No fold leaves both classes to train on and to measure, or there is no candidate.
    #[error("no value of C to choose from, or no fold that leaves both classes on either side")]
    NoFold,
}

/// A trained machine.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearSvm {
    /// Weights, `[d]`.
    pub weights: Vec<f64>,
    /// Intercept.
    pub intercept: f64,
    /// Steps that were made.
    pub steps: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

impl LinearSvm {
    /// Trains on `rows` (`[n, d]`) and `positive` (`[n]`).
    ///
    /// # Errors
    /// See [`SvmError`].
    ///
    /// # Panics
    /// Where there is not one class for each row.
    pub fn fit(
        rows: ArrayView2<'_, f32>,
        positive: &[bool],
        options: &SvmOptions,
    ) -> Result<Self, SvmError> {
        let rows = Rows::new(rows, positive)?;
        rows.train(&(0..positive.len()).collect::<Vec<_>>(), options)
    }

    /// Decision value of a row of `[d]`: above 0 on the positive side.
    ///
    /// # Panics
    /// Where the row has another length.
    pub fn decision(&self, row: &[f32]) -> f64 {
        assert_eq!(row.len(), self.weights.len(), "columns of the row");
        let sum: f64 = self.weights.iter().zip(row).map(|(w, &x)| w * f64::from(x)).sum();
        sum + self.intercept
    }
}

/// Rows with the products of all pairs of them, which serve every machine on some of them.
struct Rows<'a> {
    values: Array2<f64>,
    /// `[n, n]`.
    products: Array2<f64>,
    positive: &'a [bool],
}

impl<'a> Rows<'a> {
    fn new(rows: ArrayView2<'_, f32>, positive: &'a [bool]) -> Result<Self, SvmError> {
        assert_eq!(rows.nrows(), positive.len(), "one class for each row");
        if rows.nrows() > MOST {
            return Err(SvmError::TooMany(rows.nrows()));
        }
        if rows.iter().any(|x| !x.is_finite()) {
            return Err(SvmError::NotFinite);
        }
        let values = rows.mapv(f64::from);
        Ok(Self { products: values.dot(&values.t()), values, positive })
    }

    /// A machine on the rows `of`.
    fn train(&self, of: &[usize], options: &SvmOptions) -> Result<LinearSvm, SvmError> {
        if !(options.c > 0.0 && options.c.is_finite()) {
            return Err(SvmError::BadC(options.c));
        }
        let positives = of.iter().filter(|&&i| self.positive[i]).count();
        let negatives = of.len() - positives;
        if positives == 0 || negatives == 0 {
            return Err(SvmError::OneClass { positive: positives, negative: negatives });
        }
        let most = |&i: &usize| {
            let class = if self.positive[i] { positives } else { negatives };
            let share = if options.balanced { of.len() as f64 / (2 * class) as f64 } else { 1.0 };
            options.c * share
        };
        let problem = pairs::Problem {
            products: self.products.view(),
            of,
            signs: of.iter().map(|&i| if self.positive[i] { 1.0 } else { -1.0 }).collect(),
            most: of.iter().map(most).collect(),
        };
        let solved = problem.solve(options.tolerance, options.steps);
        let mut weights = vec![0.0; self.values.len_of(Axis(1))];
        for ((&row, sign), alpha) in of.iter().zip(&problem.signs).zip(&solved.alphas) {
            let share = sign * alpha;
            weights.iter_mut().zip(self.values.row(row)).for_each(|(w, x)| *w += share * x);
        }
        let (intercept, steps) = (solved.intercept, solved.steps);
        Ok(LinearSvm { weights, intercept, steps, converged: solved.converged })
    }
}

#[cfg(test)]
mod tests;
