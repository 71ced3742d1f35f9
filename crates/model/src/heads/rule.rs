//! SGD, Adam and AdamW on one vector.
use rayon::prelude::*;
use rightly_stats::linear::wide;
use serde::{Deserialize, Serialize};

/// Decay of Adam's two moments.
pub const BETAS: [f32; 2] = [0.9, 0.999];
/// What Adam adds to the root of the second moment.
pub const EPSILON: f32 = 1e-8;

/// The rule that changes weights by gradients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "name")]
pub enum Optimizer {
    /// As `torch.optim.SGD`: `g += decay w; v = momentum v + g; w -= rate v` (the first `v` is `g`).
    Sgd {
        /// Momentum, 0 to 1.
        momentum: f32,
        /// Weight decay (L2), on every tensor.
        weight_decay: f32,
    },
    /// As `torch.optim.AdamW` (betas .9 and .999, epsilon 1e-8): decay is taken from the weights, not added to gradients.
    AdamW {
        /// Weight decay, on every tensor.
        weight_decay: f32,
    },
    /// As `torch.optim.Adam` (the same betas and epsilon): decay is added to gradients (L2).
    Adam {
        /// Weight decay (L2), on every tensor.
        weight_decay: f32,
    },
}

/// Weights that one thread steps at a time; each is stepped by itself.
const PART: usize = 1 << 14;

#[derive(Debug)]
pub(super) struct Rule {
    steps: i32,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Rule {
    pub(super) fn new(len: usize) -> Self {
        Self { steps: 0, first: vec![0.0; len], second: vec![0.0; len] }
    }

    pub(super) fn step(
        &mut self,
        optimizer: Optimizer,
        weights: &mut [f32],
        gradient: &[f32],
        rate: f32,
    ) {
        self.steps = self.steps.saturating_add(1);
        let parts = weights
            .par_chunks_mut(PART)
            .zip(gradient.par_chunks(PART))
            .zip(self.first.par_chunks_mut(PART).zip(self.second.par_chunks_mut(PART)));
        match optimizer {
            Optimizer::Sgd { momentum, weight_decay } => {
                parts.for_each(|((weights, gradient), (buffer, _))| {
                    for ((weight, gradient), buffer) in weights.iter_mut().zip(gradient).zip(buffer)
                    {
                        // A buffer of zeros makes the first step's the gradient itself.
                        *buffer = momentum * *buffer + gradient + weight_decay * *weight;
                        *weight -= rate * *buffer;
                    }
                });
            }
            Optimizer::AdamW { weight_decay } | Optimizer::Adam { weight_decay } => {
                let correction = BETAS.map(|beta| 1.0 - f64::from(beta).powi(self.steps));
                let step = (f64::from(rate) / correction[0]) as f32;
                let root = (1.0 / correction[1].sqrt()) as f32;
                let coupled = matches!(optimizer, Optimizer::Adam { .. });
                let (decay, keep) =
                    if coupled { (weight_decay, 1.0) } else { (0.0, 1.0 - rate * weight_decay) };
                parts.for_each(|((weights, gradient), (first, second))| {
                    let moments = first.iter_mut().zip(second);
                    wide(
                        #[inline(always)]
                        || {
                            for ((weight, gradient), (first, second)) in
                                weights.iter_mut().zip(gradient).zip(moments)
                            {
                                let gradient = gradient + decay * *weight;
                                *first = BETAS[0] * *first + (1.0 - BETAS[0]) * gradient;
                                let square = gradient * gradient;
                                *second = BETAS[1] * *second + (1.0 - BETAS[1]) * square;
                                let denominator = second.sqrt() * root + EPSILON;
                                *weight = *weight * keep - step * *first / denominator;
                            }
                        },
                    );
                });
            }
        }
    }
}
