//! One step of a training: from some rows to the gradient of what is minimised.
use super::dense::Dense;
use super::rule::Rule;
use super::{Features, Head, HeadOptions};
use crate::ModelError;
use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2};
use rayon::prelude::*;

/// Rows that one thread takes at a time where each is worked on by itself.
const BLOCK: usize = 32;

/// How the losses of a step's rows become the one number that it minimises.
pub(super) trait Objective {
    /// Share of each row in the step's loss, given the rows' losses (nats). An objective may change its state here: it
    /// is asked once a step.
    fn shares(&mut self, rows: &[usize], losses: &[f64]) -> Vec<f64>;

    /// Adds the gradient of what is minimised beside the losses, and gives its value.
    fn penalise(&mut self, _rows: &[usize], _head: &Head, _gradients: &mut [Vec<f32>]) -> f64 {
        0.0
    }

    /// Called after each epoch.
    fn epoch_ends(&mut self) {}
}

/// The mean of the losses, weighted by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean<'a>(pub(super) Option<&'a [f32]>);

impl Mean<'_> {
    pub(super) fn weight(self, row: usize) -> f64 {
        self.0.map_or(1.0, |weights| f64::from(weights[row]))
    }
}

impl Objective for Mean<'_> {
    fn shares(&mut self, rows: &[usize], _: &[f64]) -> Vec<f64> {
        let whole: f64 = rows.iter().map(|&row| self.weight(row)).sum();
        let share = |&row| if whole > 0.0 { self.weight(row) / whole } else { 0.0 };
        rows.iter().map(share).collect()
    }
}

/// The rows of a step; no copy where they are all rows in order.
pub(super) fn gather<'a>(values: ArrayView2<'a, f32>, rows: &[usize]) -> CowArray<'a, f32, Ix2> {
    let whole = rows.len() == values.nrows() && rows.iter().enumerate().all(|(at, &row)| at == row);
    if whole && values.is_standard_layout() {
        return CowArray::from(values);
    }
    let mut out = Array2::zeros((rows.len(), values.ncols()));
    let blocks: Vec<_> = out.axis_chunks_iter_mut(Axis(0), BLOCK).zip(rows.chunks(BLOCK)).collect();
    blocks.into_par_iter().for_each(|(mut into, rows)| {
        for (mut into, &row) in into.rows_mut().into_iter().zip(rows) {
            match (into.as_slice_mut(), values.row(row).to_slice()) {
                (Some(into), Some(from)) => into.copy_from_slice(from),
                _ => into.assign(&values.row(row)),
            }
        }
    });
    CowArray::from(out)
}

/// Turns rows of logits into softmax minus one at the label, the gradient of their cross-entropies, which are returned.
pub(super) fn softmax_minus_one(
    logits: &mut Array2<f32>,
    labels: &[usize],
    rows: &[usize],
) -> Vec<f64> {
    let mut losses = vec![0.0; rows.len()];
    let blocks: Vec<_> = logits
        .axis_chunks_iter_mut(Axis(0), BLOCK)
        .zip(rows.chunks(BLOCK))
        .zip(losses.chunks_mut(BLOCK))
        .collect();
    blocks.into_par_iter().for_each(|((mut logits, rows), losses)| {
        for ((mut row, &at), loss) in logits.rows_mut().into_iter().zip(rows).zip(losses) {
            let label = labels[at];
            let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let chosen = f64::from(row[label]);
            let mut sum = 0.0_f64;
            for value in &mut row {
                *value = (*value - largest).exp();
                sum += f64::from(*value);
            }
            *loss = sum.ln() + f64::from(largest) - chosen;
            let scale = (1.0 / sum) as f32;
            row.mapv_inplace(|value| value * scale);
            row[label] -= 1.0;
        }
    });
    losses
}

impl Head {
    /// Trains from these weights, each epoch in the order that `order` gives for it (a row may come several times, or
    /// not at all); gives the mean loss of each epoch's steps.
    pub(super) fn fit(
        &mut self,
        data: &Features<'_>,
        options: &HeadOptions,
        objective: &mut dyn Objective,
        order: &mut dyn FnMut(usize) -> Vec<usize>,
        observe: &mut dyn FnMut(usize, &Self) -> Result<bool, ModelError>,
    ) -> Result<Vec<f64>, ModelError> {
        let mut rules: Vec<Rule> = self.layers.iter().map(|layer| Rule::new(layer.len())).collect();
        let mut losses = Vec::with_capacity(options.epochs);
        for epoch in 0..options.epochs {
            let order = order(epoch);
            losses.push(self.pass(&mut rules, data, options, objective, &order, epoch)?);
            objective.epoch_ends();
            if !observe(epoch, self)? {
                break;
            }
        }
        Ok(losses)
    }

    /// One pass over the rows in this order; gives the mean loss of its steps.
    pub(super) fn pass(
        &mut self,
        rules: &mut [Rule],
        data: &Features<'_>,
        options: &HeadOptions,
        objective: &mut dyn Objective,
        order: &[usize],
        epoch: usize,
    ) -> Result<f64, ModelError> {
        let (mut total, mut steps) = (0.0, 0);
        let batch = options.batch.unwrap_or(order.len()).max(1);
        for (step, rows) in order.chunks(batch).enumerate() {
            let (loss, gradients) = self.gradients(data, rows, objective);
            step_is_finite(loss, step, epoch)?;
            for ((layer, rule), gradient) in self.layers.iter_mut().zip(&mut *rules).zip(&gradients)
            {
                rule.step(options.optimizer, layer.values_mut(), gradient, options.rate);
            }
            total += loss;
            steps += 1;
        }
        Ok(if steps == 0 { 0.0 } else { total / f64::from(steps) })
    }

    /// Loss of some rows, and its gradient for each layer.
    pub(super) fn gradients(
        &self,
        data: &Features<'_>,
        rows: &[usize],
        objective: &mut dyn Objective,
    ) -> (f64, Vec<Vec<f32>>) {
        let input = gather(data.values, rows);
        // After each ReLU, then the logits.
        let mut values: Vec<Array2<f32>> = Vec::with_capacity(self.layers.len());
        for (place, layer) in self.layers.iter().enumerate() {
            let next = layer.forward(values.last().map_or(input.view(), |v| v.view()));
            values.push(next);
            if place + 1 < self.layers.len() {
                values[place].mapv_inplace(|value| value.max(0.0));
            }
        }
        let Some(mut grad) = values.pop() else { return (0.0, Vec::new()) };
        let losses = softmax_minus_one(&mut grad, data.labels, rows);
        let shares = objective.shares(rows, &losses);
        let mut loss: f64 =
            shares.iter().zip(&losses).map(|(share, loss)| weighted(*share, *loss)).sum();
        for (mut row, &share) in grad.rows_mut().into_iter().zip(&shares) {
            row.mapv_inplace(|value| value * share as f32);
        }
        let mut gradients = vec![Vec::new(); self.layers.len()];
        for place in (0..self.layers.len()).rev() {
            let layer: &Dense = &self.layers[place];
            let below = if place == 0 { input.view() } else { values[place - 1].view() };
            gradients[place] = layer.gradient(below, &grad);
            if place > 0 {
                grad = layer.back(&grad);
                grad.zip_mut_with(&values[place - 1], |grad, &value| {
                    if value <= 0.0 {
                        *grad = 0.0;
                    }
                });
            }
        }
        loss += objective.penalise(rows, self, &mut gradients);
        (loss, gradients)
    }
}

/// Nothing where the share is 0, even of a loss that is not finite.
pub(super) fn weighted(share: f64, loss: f64) -> f64 {
    if share == 0.0 { 0.0 } else { share * loss }
}

/// # Errors
/// The loss of this step is not finite.
pub(super) fn step_is_finite(loss: f64, step: usize, epoch: usize) -> Result<(), ModelError> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(ModelError::Head(format!(
        "the loss is {loss} in step {step} of epoch {epoch}; a lower rate may help"
    )))
}
