//! Gaussian mixtures of diagonal covariance, by expectation and maximisation, and Domino's error-aware form of them.
//!
//! A component has a weight, a mean and a variance a column. The error-aware mixture (Eyuboglu et al., "Domino: Discovering
//! Systematic Errors with Cross-Modal Embeddings", ICLR 2022, section 4.2) gives each component a law of the label and one
//! of the model's prediction besides, and a row belongs to it in proportion to
//! `weight x N(embedding) x (P(label) P(prediction))^gamma`. Membership of rows whose label is not to be used comes from
//! the embedding alone.

mod pass;
mod start;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::{blocks::Blocks, cluster::ClusterError, threads::on_threads};
use pass::{Model, Sums};

/// Where the components begin: rows dealt to them.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// By k-means with one start, as scikit-learn's.
    KMeans,
    /// By the pair of label and prediction, as Domino's `confusion`: components go around the pairs that occur, those with the
    /// most rows first, and a row is shared among them by its probabilities, with noise of 1e-3. Rows of pairs beyond the
    /// number of components belong to all alike. The rows of a pair with several components are divided among them by
    /// k-means; in Domino's own code noise alone tells those components apart, and the fit ends before they have come apart.
    /// Without evidence, the same as k-means.
    Confusion,
    /// Component of each row, `[n]`, each below the number of components.
    Assignment(Vec<usize>),
}

/// How a mixture is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct MixtureOptions {
    /// Components; there are fewer where k-means finds fewer distinct rows.
    pub components: usize,
    /// How much label and prediction count beside the embedding; used with evidence only.
    pub gamma: f64,
    /// Added to each variance.
    pub floor: f64,
    /// The last iteration is that whose mean log-likelihood differs from the one before by less.
    pub tolerance: f64,
    /// Most iterations.
    pub iterations: usize,
    /// Where the components begin.
    pub start: Start,
    /// Seed of the start.
    pub seed: u64,
    /// Threads; 0: those of the rayon pool around. They have no part in the result.
    pub threads: usize,
}

impl MixtureOptions {
    /// Domino's gamma of 10 and a start by k-means; floor, tolerance and iterations are scikit-learn's.
    pub fn new(components: usize) -> Self {
        Self {
            components,
            gamma: 10.0,
            floor: 1e-6,
            tolerance: 1e-3,
            iterations: 100,
            start: Start::KMeans,
            seed: 0,
            threads: 0,
        }
    }
}

/// Label and prediction of each of `n` rows as probabilities of classes; see [`one_hot`] for those that are certain.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// `[n, C]`, at least 0.
    pub label: ArrayView2<'a, f32>,
    /// `[n, C']`, at least 0.
    pub prediction: ArrayView2<'a, f32>,
}

/// Certain classes as probabilities, `[n, classes]`.
///
/// # Panics
/// Where a class is not below their number.
pub fn one_hot(of: &[usize], classes: usize) -> Array2<f32> {
    let mut out = Array2::zeros((of.len(), classes));
    of.iter().enumerate().for_each(|(i, &class)| out[[i, class]] = 1.0);
    out
}

/// `K` components of `d` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    /// Weights, `[K]`, with sum 1.
    pub weights: Vec<f64>,
    /// Means, `[K, d]`.
    pub means: Array2<f64>,
    /// Variances, `[K, d]`, each at least the floor.
    pub variances: Array2<f64>,
    /// Law of the label in each component, `[K, C]`; `[K, 0]` without evidence.
    pub label: Array2<f64>,
    /// Law of the prediction in each component, `[K, C']`; `[K, 0]` without evidence.
    pub prediction: Array2<f64>,
    /// How much evidence counts beside the embedding.
    pub gamma: f64,
    /// Mean log-likelihood a row before the last maximisation.
    pub log_likelihood: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

impl Mixture {
    /// Fits a mixture to `rows` (`[n, d]`), error-aware with evidence.
    ///
    /// # Errors
    /// Where there are no rows, columns or components, or a number is not finite, see [`ClusterError`].
    ///
    /// # Panics
    /// Where evidence or a stated assignment has another number of rows, or an assignment reaches beyond the components.
    pub fn fit(
        rows: ArrayView2<'_, f32>,
        evidence: Option<Evidence<'_>>,
        options: &MixtureOptions,
    ) -> Result<Self, ClusterError> {
        on_threads(options.threads, || {
            let blocks = checked(rows, evidence, options.components)?;
            let dealt = start::dealt(rows, evidence, options)?;
            let sums = Sums::of_start(&blocks, evidence, &dealt);
            let model = sums.maximised(options.floor, blocks.mean());
            Ok(model.run(&blocks, evidence, options))
        })
    }

    /// Fits on from this mixture. `components` and `start` of the options have no part.
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    ///
    /// # Panics
    /// Where rows or evidence have another shape than those of this mixture.
    pub fn fit_on(
        &self,
        rows: ArrayView2<'_, f32>,
        evidence: Option<Evidence<'_>>,
        options: &MixtureOptions,
    ) -> Result<Self, ClusterError> {
        on_threads(options.threads, || {
            let blocks = checked(rows, evidence, self.components())?;
            self.fits(&blocks, evidence);
            Ok(self.clone().run(&blocks, evidence, options))
        })
    }

    fn run(
        mut self,
        rows: &Blocks<'_>,
        evidence: Option<Evidence<'_>>,
        options: &MixtureOptions,
    ) -> Self {
        let gamma = options.gamma;
        let (mut before, mut iterations, mut converged) = (f64::NEG_INFINITY, 0, false);
        while iterations < options.iterations && !converged {
            iterations += 1;
            let sums = Model::new(&self, rows.mean(), gamma).pass(rows, evidence);
            let now = sums.log_likelihood / rows.len() as f64;
            self = sums.maximised(options.floor, rows.mean());
            converged = (now - before).abs() < options.tolerance;
            before = now;
        }
        Self { gamma, log_likelihood: before, iterations, converged, ..self }
    }

    /// Number of components.
    pub fn components(&self) -> usize {
        self.weights.len()
    }

    /// Share of each component in each row, `[n, d]` to `[n, K]`, each row with sum 1: with evidence as in fitting, without
    /// it from the embedding alone. On the threads of the rayon pool around, which have no part in the result.
    ///
    /// # Panics
    /// Where rows or evidence have another shape than those of this mixture.
    pub fn responsibilities(
        &self,
        rows: ArrayView2<'_, f32>,
        evidence: Option<Evidence<'_>>,
    ) -> Array2<f64> {
        let (n, k) = (rows.nrows(), self.components());
        let blocks = self.around(rows);
        self.fits(&blocks, evidence);
        let model = Model::new(self, blocks.mean(), self.gamma);
        let parts = blocks.parts(|range| {
            let mut out = Vec::with_capacity(range.len() * k);
            model.expect(&blocks, evidence, range, |_, _, shares, _| out.extend_from_slice(shares));
            out
        });
        Array2::from_shape_vec((n, k), parts.concat()).unwrap_or_else(|_| Array2::zeros((n, k)))
    }

    /// Log-density of each row under the embedding's law, `[n, d]` to `[n]`.
    ///
    /// # Panics
    /// Where the rows have another number of columns.
    pub fn log_density(&self, rows: ArrayView2<'_, f32>) -> Vec<f64> {
        let blocks = self.around(rows);
        let model = Model::new(self, blocks.mean(), self.gamma);
        let parts = blocks.parts(|range| {
            let mut out = Vec::with_capacity(range.len());
            model.expect(&blocks, None, range, |_, _, _, logs| out.extend_from_slice(logs));
            out
        });
        parts.concat()
    }

    /// Rows around the mean of the mixture, so that an offset costs no digits.
    fn around<'a>(&self, rows: ArrayView2<'a, f32>) -> Blocks<'a> {
        let mean = ArrayView1::from(&self.weights).dot(&self.means);
        Blocks::around(rows, &mean.to_vec())
    }

    fn fits(&self, rows: &Blocks<'_>, evidence: Option<Evidence<'_>>) {
        assert_eq!(rows.columns(), self.means.ncols(), "columns of the rows");
        if let Some(evidence) = evidence {
            assert_eq!(evidence.label.dim(), (rows.len(), self.label.ncols()), "labels");
            let predictions = (rows.len(), self.prediction.ncols());
            assert_eq!(evidence.prediction.dim(), predictions, "predictions");
        }
    }
}

fn checked<'a>(
    rows: ArrayView2<'a, f32>,
    evidence: Option<Evidence<'_>>,
    components: usize,
) -> Result<Blocks<'a>, ClusterError> {
    if components == 0 || rows.ncols() == 0 {
        return Err(ClusterError::Empty { clusters: components, columns: rows.ncols() });
    }
    if let Some(Evidence { label, prediction }) = evidence {
        for part in [label, prediction] {
            assert_eq!(part.len_of(Axis(0)), rows.nrows(), "evidence of each row");
            if part.iter().any(|p| !p.is_finite() || *p < 0.0) {
                return Err(ClusterError::Unsound);
            }
        }
    }
    Blocks::new(rows, None).ok_or(ClusterError::Unsound)
}

#[cfg(test)]
mod tests;
