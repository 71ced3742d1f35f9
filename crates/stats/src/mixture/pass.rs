//! One pass over the rows: what each component expects, and the sums of which the next components are made.

use std::ops::Range;

use faer::MatMut;
use ndarray::{Array2, ArrayView2};

use super::{Evidence, Mixture};
use crate::{
    blocks::{Blocks, matrix, products},
    linear::add_product,
};

/// Least probability of a class in a component: what never occurred there counts against it, but not without end.
const LEAST: f64 = 1e-12;

/// A mixture made ready: `log N(x)` is one product of `[x, x^2]` with coefficients, plus a constant.
pub(super) struct Model {
    columns: usize,
    /// `[K, 2 d]`, row after row.
    coefficients: Vec<f64>,
    /// Log-weight and log-normaliser, `[K]`.
    constants: Vec<f64>,
    label: Laws,
    prediction: Laws,
    gamma: f64,
}

/// Laws of a class, and their logarithms, `[C, K]`.
pub(super) struct Laws {
    plain: Array2<f64>,
    logs: Array2<f64>,
}

impl Laws {
    fn new(of: &Array2<f64>) -> Self {
        Self { plain: of.t().to_owned(), logs: of.t().mapv(|p| p.max(LEAST).ln()) }
    }

    /// Adds `gamma x log P(class | component)`, given probabilities of the classes.
    fn add(&self, given: ndarray::ArrayView1<'_, f32>, gamma: f64, out: &mut [f64]) {
        let mut possible = given.iter().enumerate().filter(|(_, p)| **p > 0.0);
        let (first, second) = (possible.next(), possible.next());
        if let (Some((class, &p)), None) = (first, second) {
            let own = f64::from(p).ln();
            out.iter_mut().zip(self.logs.row(class)).for_each(|(o, log)| *o += gamma * (own + log));
            return;
        }
        let mut total = vec![0.0; out.len()];
        for (&p, law) in given.iter().zip(self.plain.outer_iter()) {
            total.iter_mut().zip(law).for_each(|(t, l)| *t += f64::from(p) * l);
        }
        out.iter_mut().zip(total).for_each(|(o, t)| *o += gamma * t.max(LEAST).ln());
    }
}

impl Model {
    /// For rows around `mean`.
    pub(super) fn new(of: &Mixture, mean: &[f64], gamma: f64) -> Self {
        let (k, d) = of.means.dim();
        let mut coefficients = Vec::with_capacity(2 * k * d);
        let mut constants = Vec::with_capacity(k);
        for component in 0..k {
            let means = of.means.row(component);
            let variances = of.variances.row(component);
            let own: Vec<f64> = means.iter().zip(mean).map(|(m, centre)| m - centre).collect();
            coefficients.extend(own.iter().zip(variances).map(|(m, v)| m / v));
            coefficients.extend(variances.iter().map(|v| -0.5 / v));
            let normaliser: f64 = own
                .iter()
                .zip(variances)
                .map(|(m, v)| (std::f64::consts::TAU * v).ln() + m * m / v)
                .sum();
            constants.push(of.weights[component].ln() - 0.5 * normaliser);
        }
        let (label, prediction) = (Laws::new(&of.label), Laws::new(&of.prediction));
        Self { columns: d, coefficients, constants, label, prediction, gamma }
    }

    /// Gives `work` the rows of a range step by step: where they are, `[x, x^2]`, the shares of the components (`[rows, K]`)
    /// and the log-likelihood of each row.
    pub(super) fn expect(
        &self,
        rows: &Blocks<'_>,
        evidence: Option<Evidence<'_>>,
        range: Range<usize>,
        mut work: impl FnMut(Range<usize>, &[f64], &[f64], &[f64]),
    ) {
        let k = self.constants.len();
        let (mut both, mut shares, mut logs) = (Vec::new(), Vec::new(), Vec::new());
        rows.steps(range, |at, block| {
            with_squares(block, self.columns, &mut both);
            shares.resize(at.len() * k, 0.0);
            products(&mut shares, &both, &self.coefficients, 2 * self.columns);
            logs.clear();
            for (i, shares) in shares.chunks_exact_mut(k).enumerate() {
                shares.iter_mut().zip(&self.constants).for_each(|(s, c)| *s += c);
                if let Some(Evidence { label, prediction }) = evidence {
                    self.label.add(label.row(at.start + i), self.gamma, shares);
                    self.prediction.add(prediction.row(at.start + i), self.gamma, shares);
                }
                logs.push(normalised(shares));
            }
            work(at, &both, &shares, &logs);
        });
    }

    /// The sums over all rows.
    pub(super) fn pass(&self, rows: &Blocks<'_>, evidence: Option<Evidence<'_>>) -> Sums {
        let k = self.constants.len();
        let parts = rows.parts(|range| {
            let mut sums = Sums::new(k, self.columns, evidence);
            self.expect(rows, evidence, range, |at, both, shares, logs| {
                sums.add(at, both, shares, evidence);
                sums.log_likelihood += logs.iter().sum::<f64>();
            });
            sums
        });
        Sums::total(parts, k, self.columns, evidence)
    }
}

/// Each row followed by its squares.
fn with_squares(block: &[f64], columns: usize, both: &mut Vec<f64>) {
    both.clear();
    for row in block.chunks_exact(columns) {
        both.extend_from_slice(row);
        both.extend(row.iter().map(|x| x * x));
    }
}

/// Log-likelihoods to shares with sum 1; the logarithm of their sum.
fn normalised(logs: &mut [f64]) -> f64 {
    let largest = logs.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    let mut sum = 0.0;
    for log in logs.iter_mut() {
        *log = (*log - largest).exp();
        sum += *log;
    }
    logs.iter_mut().for_each(|share| *share /= sum);
    largest + sum.ln()
}

/// Sums over rows, weighted by the shares of `K` components.
pub(super) struct Sums {
    columns: usize,
    counts: Vec<f64>,
    /// Of `[x, x^2]`, `[K, 2 d]`, row after row.
    both: Vec<f64>,
    label: Array2<f64>,
    prediction: Array2<f64>,
    pub(super) log_likelihood: f64,
}

impl Sums {
    fn new(k: usize, columns: usize, evidence: Option<Evidence<'_>>) -> Self {
        let classes = |of: ArrayView2<'_, f32>| of.ncols();
        let (labels, predictions) =
            evidence.map_or((0, 0), |e| (classes(e.label), classes(e.prediction)));
        Self {
            columns,
            counts: vec![0.0; k],
            both: vec![0.0; 2 * k * columns],
            label: Array2::zeros((k, labels)),
            prediction: Array2::zeros((k, predictions)),
            log_likelihood: 0.0,
        }
    }

    /// Of shares (`[n, K]`) stated for all rows.
    pub(super) fn of_start(
        rows: &Blocks<'_>,
        evidence: Option<Evidence<'_>>,
        dealt: &Array2<f64>,
    ) -> Self {
        let (k, d) = (dealt.ncols(), rows.columns());
        let parts = rows.parts(|range| {
            let mut sums = Self::new(k, d, evidence);
            let mut both = Vec::new();
            rows.steps(range, |at, block| {
                with_squares(block, d, &mut both);
                let shares: Vec<f64> =
                    dealt.slice(ndarray::s![at.clone(), ..]).iter().copied().collect();
                sums.add(at, &both, &shares, evidence);
            });
            sums
        });
        Self::total(parts, k, d, evidence)
    }

    fn add(
        &mut self,
        at: Range<usize>,
        both: &[f64],
        shares: &[f64],
        evidence: Option<Evidence<'_>>,
    ) {
        let k = self.counts.len();
        let width = 2 * self.columns;
        let out = MatMut::from_row_major_slice_mut(&mut self.both, k, width);
        let (shares_of, both) = (matrix(shares, k), matrix(both, width));
        add_product(out, shares_of.transpose(), both);
        for shares in shares.chunks_exact(k) {
            self.counts.iter_mut().zip(shares).for_each(|(count, share)| *count += share);
        }
        if let Some(Evidence { label, prediction }) = evidence {
            for (sums, given) in [(&mut self.label, label), (&mut self.prediction, prediction)] {
                for (i, shares) in at.clone().zip(shares.chunks_exact(k)) {
                    for (class, &p) in given.row(i).iter().enumerate().filter(|(_, p)| **p > 0.0) {
                        let column = sums.column_mut(class);
                        column.into_iter().zip(shares).for_each(|(s, r)| *s += f64::from(p) * r);
                    }
                }
            }
        }
    }

    fn total(parts: Vec<Self>, k: usize, columns: usize, evidence: Option<Evidence<'_>>) -> Self {
        let mut whole = Self::new(k, columns, evidence);
        for part in parts {
            whole.counts.iter_mut().zip(&part.counts).for_each(|(a, b)| *a += b);
            whole.both.iter_mut().zip(&part.both).for_each(|(a, b)| *a += b);
            whole.label += &part.label;
            whole.prediction += &part.prediction;
            whole.log_likelihood += part.log_likelihood;
        }
        whole
    }

    /// The components that these sums make likeliest, of rows around `mean`.
    pub(super) fn maximised(self, floor: f64, mean: &[f64]) -> Mixture {
        let (k, d) = (self.counts.len(), self.columns);
        // As scikit-learn: a component without rows divides by no zero.
        let counts: Vec<f64> = self.counts.iter().map(|c| c + 10.0 * f64::EPSILON).collect();
        let total: f64 = counts.iter().sum();
        let of =
            |component: usize, at: usize| self.both[component * 2 * d + at] / counts[component];
        let variance = |(c, j): (usize, usize)| {
            let own = of(c, j);
            (of(c, d + j) - own * own).max(0.0) + floor
        };
        let laws = |sums: &Array2<f64>| {
            let counts = ndarray::ArrayView1::from(&counts).insert_axis(ndarray::Axis(1));
            sums / &counts
        };
        Mixture {
            weights: counts.iter().map(|c| c / total).collect(),
            means: Array2::from_shape_fn((k, d), |(c, j)| of(c, j) + mean[j]),
            variances: Array2::from_shape_fn((k, d), variance),
            label: laws(&self.label),
            prediction: laws(&self.prediction),
            gamma: 1.0,
            log_likelihood: f64::NAN,
            iterations: 0,
            converged: false,
        }
    }
}
