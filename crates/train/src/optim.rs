//! The rules that change weights by gradients, with PyTorch's meanings.
use burn::tensor::Tensor;
use rightly_model::heads::{BETAS, EPSILON, Optimizer};

/// What a rule remembers: for SGD one buffer a tensor, for Adam two. Empty before the first step.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) steps: usize,
    pub(crate) first: Vec<Tensor<1>>,
    pub(crate) second: Vec<Tensor<1>>,
}

/// Cuts gradients to a norm, as `torch.nn.utils.clip_grad_norm_`.
pub(crate) fn clip(gradients: &mut [Tensor<1>], limit: f32) {
    let squares: Vec<Tensor<1>> =
        gradients.iter().map(|gradient| (gradient.clone() * gradient.clone()).sum()).collect();
    let norm = Tensor::cat(squares, 0).sum().sqrt();
    // No value leaves the device: min(1, limit / (norm + 1e-6)).
    let factor = (norm + 1e-6).recip().mul_scalar(limit).clamp_max(1.0);
    for gradient in gradients {
        *gradient = gradient.clone() * factor.clone();
    }
}

/// One step: new weights from the old ones and their gradients.
pub(crate) fn step(
    optimizer: Optimizer,
    state: &mut State,
    weights: &mut [Tensor<1>],
    gradients: Vec<Tensor<1>>,
    rate: f32,
) {
    state.steps += 1;
    match optimizer {
        Optimizer::Sgd { momentum, weight_decay } => {
            let gradients = weights.iter().zip(gradients).map(|(weight, gradient)| {
                if weight_decay == 0.0 {
                    gradient
                } else {
                    gradient + weight.clone() * weight_decay
                }
            });
            let moved: Vec<Tensor<1>> = if momentum == 0.0 || state.first.is_empty() {
                gradients.collect()
            } else {
                let buffers = state.first.iter().zip(gradients);
                buffers.map(|(buffer, gradient)| buffer.clone() * momentum + gradient).collect()
            };
            for (weight, moved) in weights.iter_mut().zip(&moved) {
                *weight = weight.clone() - moved.clone() * rate;
            }
            if momentum != 0.0 {
                state.first = moved;
            }
        }
        Optimizer::AdamW { weight_decay } | Optimizer::Adam { weight_decay } => {
            // Adam adds its decay to gradients, AdamW takes it from the weights.
            let coupled = matches!(optimizer, Optimizer::Adam { .. });
            let (added, keep) =
                if coupled { (weight_decay, 1.0) } else { (0.0, 1.0 - rate * weight_decay) };
            if state.first.is_empty() {
                state.first = weights.iter().map(Tensor::zeros_like).collect();
                state.second = state.first.clone();
            }
            let correction =
                BETAS.map(|beta| 1.0 - f64::from(beta).powi(state.steps.min(1 << 30) as i32));
            let step = (f64::from(rate) / correction[0]) as f32;
            let root = correction[1].sqrt() as f32;
            let moments = state.first.iter_mut().zip(&mut state.second);
            for ((weight, gradient), (first, second)) in
                weights.iter_mut().zip(gradients).zip(moments)
            {
                let gradient =
                    if added == 0.0 { gradient } else { gradient + weight.clone() * added };
                *first = first.clone() * BETAS[0] + gradient.clone() * (1.0 - BETAS[0]);
                let square = gradient.clone() * gradient;
                *second = second.clone() * BETAS[1] + square * (1.0 - BETAS[1]);
                let denominator = second.clone().sqrt() / root + EPSILON;
                *weight = weight.clone() * keep - first.clone() / denominator * step;
            }
        }
    }
}
