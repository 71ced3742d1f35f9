//! Small classifiers on stored features: softmax regression, and one hidden layer.
//!
//! Gradients are written out in closed form over matrix products. Each product is cut into blocks
//! of fixed size that are computed apart, so the number of threads has no part in the result.
mod dense;
pub mod robust;
mod rule;
mod standard;
mod step;

use crate::ModelError;
use dense::Dense;
use ndarray::{Array2, ArrayView2};
use rand::seq::SliceRandom as _;
use rightly_onnx::graph::layers::GraphHead;
use rightly_stats::rng::keyed;
use serde::{Deserialize, Serialize};
use step::Mean;

pub use rule::{BETAS, EPSILON, Optimizer};
pub use standard::{Moments, Standard};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        let losses = head.fit(
            &data,
            options,
            &mut Mean(data.weights),
            &mut shuffled((0..data.labels.len()).collect(), options),
            &mut |epoch, head| observe(epoch, head).map(|()| true),
        )?;
        Ok((head, losses))
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

    /// A linear head of a weight `[classes, d]` and a bias `[classes]`.
    ///
    /// # Errors
    /// As [`Head::from_layers`].
    pub fn linear(weight: ArrayView2<'_, f32>, bias: &[f32]) -> Result<Self, ModelError> {
        Self::from_layers([(weight, bias)])
    }

    /// A head of one or more linear layers with ReLU between them, from the features up: weight `[outputs, inputs]` and bias
    /// `[outputs]` of each.
    ///
    /// # Errors
    /// [`ModelError::Head`] where there is no layer, sizes do not fit, or a weight is not finite.
    pub fn from_layers<'a>(
        layers: impl IntoIterator<Item = (ArrayView2<'a, f32>, &'a [f32])>,
    ) -> Result<Self, ModelError> {
        let mut own: Vec<Dense> = Vec::new();
        for (weight, bias) in layers {
            let below = own.last().map_or(weight.ncols(), Dense::outputs);
            if weight.is_empty() || weight.nrows() != bias.len() || weight.ncols() != below {
                return Err(ModelError::Head(format!(
                    "layer {} has a weight {:?} and a bias of {}, on {below} inputs",
                    own.len(),
                    weight.dim(),
                    bias.len()
                )));
            }
            if weight.iter().chain(bias).any(|value| !value.is_finite()) {
                return Err(ModelError::Head(format!(
                    "a weight of layer {} is not finite",
                    own.len()
                )));
            }
            own.push(Dense::of(weight, bias));
        }
        if own.is_empty() {
            return Err(ModelError::Head("the head has no layer".to_owned()));
        }
        Ok(Self { layers: own })
    }

    /// The head that a graph has at a place of its own.
    ///
    /// # Errors
    /// As [`Head::from_layers`].
    pub fn from_graph(place: &GraphHead) -> Result<Self, ModelError> {
        Self::from_layers(place.layers())
    }

    /// Number of features.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, Dense::inputs)
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.layers.last().map_or(0, Dense::outputs)
    }

    /// This head, which takes standardised features, as one that takes the features themselves: the one to write back.
    #[must_use]
    pub fn raw(&self, standard: &Standard) -> Self {
        self.first_layer(|weight, bias| standard.unfold(weight, bias))
    }

    /// The inverse of [`Head::raw`].
    #[must_use]
    pub fn standardised(&self, standard: &Standard) -> Self {
        self.first_layer(|weight, bias| standard.fold(weight, bias))
    }

    fn first_layer(
        &self,
        change: impl Fn(ArrayView2<'_, f32>, &[f32]) -> (Array2<f32>, Vec<f32>),
    ) -> Self {
        let mut layers = self.layers.clone();
        if let Some(first) = layers.first_mut() {
            let (weight, bias) = change(first.weight(), first.bias());
            *first = Dense::of(weight.view(), &bias);
        }
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
        let inputs = self.inputs();
        if features.ncols() != inputs {
            return Err(ModelError::Head(format!(
                "features of {} values, the head takes {inputs}",
                features.ncols()
            )));
        }
        let mut values: Option<Array2<f32>> = None;
        for (place, layer) in self.layers.iter().enumerate() {
            let mut next = layer.forward(values.as_ref().map_or(features, |v| v.view()));
            if place + 1 < self.layers.len() {
                next.mapv_inplace(|value| value.max(0.0));
            }
            values = Some(next);
        }
        values.ok_or_else(|| ModelError::Head("the head has no layer".to_owned()))
    }
}

/// Minus the logarithm of the softmax of `row` at `label`, in double precision.
pub fn cross_entropy(row: &[f32], label: usize) -> f64 {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&v| (f64::from(v) - f64::from(largest)).exp()).sum();
    sum.ln() + f64::from(largest) - f64::from(row[label])
}

/// The order of each epoch: shuffled anew, and shuffled on from the last one, where rows are taken in steps.
fn shuffled(rows: Vec<usize>, options: &HeadOptions) -> impl FnMut(usize) -> Vec<usize> + use<> {
    let (steps, seed) = (options.batch.is_some(), options.seed);
    let mut order = rows;
    move |epoch| {
        if steps {
            order.shuffle(&mut keyed(seed, "head/order", "", epoch as u64));
        }
        order.clone()
    }
}

/// # Errors
/// Sizes do not fit, or a value is not finite.
fn check_features(data: &Features<'_>) -> Result<(), ModelError> {
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
    Ok(())
}

fn check(data: &Features<'_>, options: &HeadOptions) -> Result<(), ModelError> {
    check_features(data)?;
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
