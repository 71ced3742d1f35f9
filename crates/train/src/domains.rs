//! DIM's `di_soft` over a whole network: a linear layer for each group on one trunk (after Wang et al.'s
//! domain-independent training, CVPR 2020).
//!
//! The layers lie one below the other in one, of `groups x classes` outputs.
use crate::weights::Weights;
use burn::tensor::Tensor;

/// A network whose linear layer stands there `count` times.
pub(crate) fn widened(mut weights: Weights, count: usize) -> Weights {
    let head = weights.trained.len().saturating_sub(2);
    for weight in &mut weights.trained[head..] {
        weight.values = weight.values.repeat(count);
        weight.shape[0] *= count;
    }
    weights
}

/// The network whose logits are the mean of those of all groups.
pub(crate) fn mean(mut weights: Weights, count: usize) -> Weights {
    let head = weights.trained.len().saturating_sub(2);
    for weight in &mut weights.trained[head..] {
        let one = weight.values.len() / count;
        let of = |at: usize| -> f64 {
            weight.values[at..].iter().step_by(one).map(|&value| f64::from(value)).sum()
        };
        weight.values = (0..one).map(|at| (of(at) / count as f64) as f32).collect();
        weight.shape[0] /= count;
    }
    weights
}

/// Logits `[n, classes]` of an image by its shares `[n, groups]`, from those of all groups, `[n, groups x classes]`.
pub(crate) fn mixed(logits: Tensor<2>, shares: Tensor<2>) -> Tensor<2> {
    let ([n, outputs], [_, groups]) = (logits.dims(), shares.dims());
    let classes = outputs / groups;
    let weighted = logits.reshape([n, groups, classes]) * shares.reshape([n, groups, 1]);
    weighted.sum_dim(1).reshape([n, classes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn the_mean_of_equal_layers_is_the_layer() {
        let weights = Weights::init(Arch::Resnet8, 3, 1);
        let wide = widened(weights.clone(), 4);
        let shapes: Vec<&[usize]> =
            wide.trained.iter().rev().take(2).map(|w| &w.shape[..]).collect();
        assert_eq!(shapes, [&[12][..], &[12, 64]]);
        assert_eq!(mean(wide.clone(), 4), weights);
        let mut moved = wide;
        let bias = moved.trained.last_mut().unwrap();
        (0..3).for_each(|at| bias.values[3 + at] += 4.0 * at as f32);
        let (found, before) = (mean(moved, 4), weights.trained.last().unwrap());
        for (at, value) in found.trained.last().unwrap().values.iter().enumerate() {
            assert!((value - before.values[at] - at as f32).abs() < 1e-6);
        }
    }

    #[test]
    fn logits_are_mixed_by_shares() {
        let device = Device::flex();
        let tensor = |values: Vec<f32>, shape: [usize; 2]| -> Tensor<2> {
            Tensor::from_data(TensorData::new(values, shape), &device)
        };
        let logits =
            tensor(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0, 4.0, 5.0, 6.0, 0.0, 0.0, 8.0], [2, 6]);
        let shares = tensor(vec![0.25, 0.75, 1.0, 0.0], [2, 2]);
        let found: Vec<f32> = mixed(logits, shares).into_data().iter::<f32>().collect();
        assert_eq!(found, [7.75, 15.5, 23.25, 4.0, 5.0, 6.0]);
    }
}
