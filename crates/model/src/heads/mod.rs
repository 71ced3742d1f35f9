//! Small classifiers on stored features: softmax regression, and one hidden layer.
//!
//! Gradients are written out in closed form over matrix products. Each batch is cut into blocks of fixed size whose
//! gradients are added in order, so the number of threads has no part in the result.
mod dense;
mod rule;
mod standard;

use crate::ModelError;
use dense::Dense;
use ndarray::{Array2, ArrayView2, Axis};
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use rightly_stats::rng::keyed;
use rule::Rule;

pub use rule::{BETAS, EPSILON, Optimizer};
pub use standard::Standard;

/// Rows of one block.
const BLOCK: usize = 256;

/// Features with what they are to be told apart by.
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// `[n, d]`.
    pub values: ArrayView2<'a, f32>,
    /// Class of each row.
    pub labels: &'a [usize],
    /// Weight of each row in the loss, 0 or more; all 1 where it is `None`.
    pub weights: Option<&'a [f32]>,
    /// Number of classes.
    pub classes: usize,
}

/// How a head is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadOptions {
    /// Units of the hidden layer (ReLU); none: softmax regression.
    pub hidden: Option<usize>,
    /// Passes over the rows.
    pub epochs: usize,
    /// Rows of a step; none: all of them.
    pub batch: Option<usize>,
    /// Learning rate.
    pub rate: f32,
    /// The rule; decay is on weights and biases alike, as in PyTorch.
    pub optimizer: Optimizer,
    /// Key of the initial weights (of a hidden layer) and of the order.
    pub seed: u64,
}

/// A trained head: one or two linear layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    layers: Vec<Dense>,
}

impl Head {
    /// Trains a head and returns it with the mean loss of each epoch's steps.
    ///
    /// Softmax regression starts from zeros, as its loss has one minimum; a hidden layer starts as `torch.nn.Linear`.
    /// The loss of a step is the weighted mean of the cross-entropies of its rows.
    ///
    /// # Errors
    /// [`ModelError::Head`] where sizes do not fit, values are not finite, an option is out of its range, or the loss
    /// is not finite any more.
    pub fn train(
        data: Features<'_>,
        options: &HeadOptions,
    ) -> Result<(Self, Vec<f64>), ModelError> {
        Self::train_observed(data, options, |_, _| Ok(()))
    }

    /// [`Head::train`] that shows the head after each epoch (0-based), to record training dynamics.
    ///
    /// # Errors
    /// As [`Head::train`], and what `observe` fails with.
    pub fn train_observed(
        data: Features<'_>,
        options: &HeadOptions,
        mut observe: impl FnMut(usize, &Self) -> Result<(), ModelError>,
    ) -> Result<(Self, Vec<f64>), ModelError> {
        check(&data, options)?;
        let mut head = Self::init(data.values.ncols(), data.classes, options);
        let mut rules: Vec<Rule> = head.layers.iter().map(|layer| Rule::new(layer.len())).collect();
        let n = data.values.nrows();
        let mut order: Vec<usize> = (0..n).collect();
        let mut losses = Vec::with_capacity(options.epochs);
        for epoch in 0..options.epochs {
            if options.batch.is_some() {
                order.shuffle(&mut keyed(options.seed, "head/order", "", epoch as u64));
            }
            losses.push(head.pass(&mut rules, &data, options, &order, epoch)?);
            observe(epoch, &head)?;
        }
        Ok((head, losses))
    }

    /// One pass over the rows in this order; gives the mean loss of its steps.
    fn pass(
        &mut self,
        rules: &mut [Rule],
        data: &Features<'_>,
        options: &HeadOptions,
        order: &[usize],
        epoch: usize,
    ) -> Result<f64, ModelError> {
        let (mut total, mut steps) = (0.0, 0);
        for (step, rows) in order.chunks(options.batch.unwrap_or(order.len())).enumerate() {
            let (loss, gradients) = self.gradients(data, rows);
            if !loss.is_finite() {
                return Err(ModelError::Head(format!(
                    "the loss is {loss} in step {step} of epoch {epoch}; a lower rate may help"
                )));
            }
            for ((layer, rule), gradient) in self.layers.iter_mut().zip(&mut *rules).zip(&gradients)
            {
                rule.step(options.optimizer, layer.values_mut(), gradient, options.rate);
            }
            total += loss;
            steps += 1;
        }
        Ok(total / f64::from(steps))
    }

    fn init(inputs: usize, classes: usize, options: &HeadOptions) -> Self {
        let layers = match options.hidden {
            None => vec![Dense::zeros(inputs, classes)],
            Some(hidden) => vec![
                Dense::uniform(inputs, hidden, options.seed, "hidden"),
                Dense::uniform(hidden, classes, options.seed, "output"),
            ],
        };
        Self { layers }
    }

    /// Weight `[outputs, inputs]` and bias `[outputs]` of each layer, from the features up.
    pub fn layers(&self) -> impl Iterator<Item = (ArrayView2<'_, f32>, &[f32])> {
        self.layers.iter().map(|layer| (layer.weight(), layer.bias()))
    }

    /// Logits `[n, classes]` of features `[n, d]`.
    ///
    /// # Errors
    /// [`ModelError::Head`] where d is another one than in training.
    pub fn logits(&self, features: ArrayView2<'_, f32>) -> Result<Array2<f32>, ModelError> {
        let inputs = self.layers[0].inputs();
        if features.ncols() != inputs {
            return Err(ModelError::Head(format!(
                "features of {} values, the head takes {inputs}",
                features.ncols()
            )));
        }
        let outputs = self.layers[self.layers.len() - 1].outputs();
        let mut logits = Array2::zeros((features.nrows(), outputs));
        let blocks = logits.axis_chunks_iter_mut(Axis(0), BLOCK);
        let inputs = features.axis_chunks_iter(Axis(0), BLOCK);
        let blocks: Vec<_> = blocks.zip(inputs).collect();
        blocks.into_par_iter().for_each(|(mut into, rows)| {
            let values = self.forward(rows.to_owned());
            into.assign(&values[values.len() - 1]);
        });
        Ok(logits)
    }

    /// Values before the first layer, after each ReLU, and the logits.
    fn forward(&self, rows: Array2<f32>) -> Vec<Array2<f32>> {
        let mut values = vec![rows];
        for (place, layer) in self.layers.iter().enumerate() {
            let mut next = layer.forward(&values[place]);
            if place + 1 < self.layers.len() {
                next.mapv_inplace(|value| value.max(0.0));
            }
            values.push(next);
        }
        values
    }

    /// Loss of some rows, and its gradient for each layer.
    fn gradients(&self, data: &Features<'_>, rows: &[usize]) -> (f64, Vec<Vec<f32>>) {
        let weight = |row: usize| data.weights.map_or(1.0, |weights| f64::from(weights[row]));
        let whole: f64 = rows.iter().map(|&row| weight(row)).sum();
        let parts: Vec<(f64, Vec<Vec<f32>>)> = rows
            .par_chunks(BLOCK)
            .map(|block| {
                let values = self.forward(data.values.select(Axis(0), block));
                let mut loss = 0.0;
                // A product may lie column by column.
                let mut grad = values[values.len() - 1].as_standard_layout().into_owned();
                for (mut logits, &row) in grad.rows_mut().into_iter().zip(block) {
                    let share = if whole > 0.0 { weight(row) / whole } else { 0.0 };
                    loss += share * softmax_minus_one(logits.as_slice_mut(), data.labels[row]);
                    logits.mapv_inplace(|value| value * share as f32);
                }
                let mut gradients = vec![Vec::new(); self.layers.len()];
                for place in (0..self.layers.len()).rev() {
                    let layer = &self.layers[place];
                    gradients[place] = layer.gradient(&values[place], &grad);
                    if place > 0 {
                        grad = layer.back(&grad);
                        grad.zip_mut_with(&values[place], |grad, &value| {
                            if value <= 0.0 {
                                *grad = 0.0;
                            }
                        });
                    }
                }
                (loss, gradients)
            })
            .collect();
        let mut parts = parts.into_iter();
        let Some((mut loss, mut sum)) = parts.next() else { return (0.0, Vec::new()) };
        for (part, gradients) in parts {
            loss += part;
            for (sum, gradient) in sum.iter_mut().zip(&gradients) {
                sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += value);
            }
        }
        (loss, sum)
    }
}

/// Turns logits into softmax minus one at the label: the gradient of their cross-entropy, which is returned.
fn softmax_minus_one(logits: Option<&mut [f32]>, label: usize) -> f64 {
    let Some(logits) = logits else { return f64::NAN };
    let loss = cross_entropy(logits, label);
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for value in logits.iter_mut() {
        *value = (*value - largest).exp();
        sum += *value;
    }
    logits.iter_mut().for_each(|value| *value /= sum);
    logits[label] -= 1.0;
    loss
}

/// Minus the logarithm of the softmax of `row` at `label`, in double precision.
pub fn cross_entropy(row: &[f32], label: usize) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&v| (f64::from(v) - f64::from(largest)).exp()).sum();
    sum.ln() + f64::from(largest) - f64::from(row[label])
}

fn check(data: &Features<'_>, options: &HeadOptions) -> Result<(), ModelError> {
    let bad = |message: String| Err(ModelError::Head(message));
    let (n, d) = data.values.dim();
    if n == 0 || d == 0 || data.labels.len() != n {
        return bad(format!("features [{n}, {d}] with {} labels", data.labels.len()));
    }
    if let Some(row) = data.labels.iter().position(|&label| label >= data.classes) {
        return bad(format!(
            "row {row} has label {}, expected below {}",
            data.labels[row], data.classes
        ));
    }
    if let Some(weights) = data.weights
        && (weights.len() != n || weights.iter().any(|w| !(w.is_finite() && *w >= 0.0)))
    {
        return bad(format!(
            "{} weights for {n} rows; expected one a row, 0 or more",
            weights.len()
        ));
    }
    if data.values.iter().any(|value| !value.is_finite()) {
        return bad("a feature is not finite".to_owned());
    }
    if options.batch == Some(0) || options.hidden == Some(0) {
        return Err(ModelError::Head("batch or hidden is 0, expected at least 1".to_owned()));
    }
    if !(options.rate.is_finite() && options.rate > 0.0) {
        return Err(ModelError::Head(format!(
            "rate is {}, expected a number above 0",
            options.rate
        )));
    }
    Ok(())
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
