//! Score-CAM: channels are weighted by what the model says of the picture seen through each of them.

use ndarray::Array2;

use super::{Cam, CamState};
use crate::{Classifier, ModelError};

/// The maps of some outputs, from the layer's value (`[channels, positions]` on a grid) and the model's input, `[3, H, W]`.
///
/// Each channel is brought to the size of the input and to 0..1, and the input is multiplied by it: one forward pass a
/// channel. The softmax over channels of a target's logit is the weight of the channel. The published difference to a blank
/// picture is the same number for every channel and falls out.
pub(super) fn maps(
    classifier: &Classifier,
    input: &[f32],
    value: &Array2<f32>,
    grid: [usize; 2],
    targets: &[usize],
) -> Result<Vec<Cam>, ModelError> {
    let [height, width] = classifier.input_size();
    let mut logits = Vec::with_capacity(value.nrows());
    let mut blank: Option<Vec<f32>> = None;
    for channel in value.rows() {
        let cam = scaled(channel.iter().copied(), grid);
        // The same everywhere: it lets nothing through.
        if cam.state == CamState::Zero {
            let known = match blank.take() {
                Some(known) => known,
                None => classifier.forward(&vec![0.0; input.len()], false)?.logits,
            };
            logits.push(known.clone());
            blank = Some(known);
            continue;
        }
        let map = cam.upsample(height, width);
        let seen = input.chunks_exact(map.len().max(1));
        let masked: Vec<f32> =
            seen.flat_map(|plane| plane.iter().zip(&map).map(|(v, m)| v * m)).collect();
        logits.push(classifier.forward(&masked, false)?.logits);
    }
    let outputs = classifier.outputs();
    targets
        .iter()
        .map(|&target| {
            if target >= outputs {
                let path = classifier.graph().path().to_owned();
                let message = format!("there is no output {target}; there are {outputs}");
                return Err(ModelError::Invalid { path, message });
            }
            let of: Vec<f64> = logits.iter().map(|all| f64::from(all[target])).collect();
            Ok(Cam::from_sum(&weighted(value, &softmax(&of)), grid))
        })
        .collect()
}

/// A channel from its least value to its largest as 0 to 1.
fn scaled(values: impl Iterator<Item = f32> + Clone, [height, width]: [usize; 2]) -> Cam {
    let low = values.clone().fold(f32::INFINITY, f32::min);
    let high = values.clone().fold(f32::NEG_INFINITY, f32::max);
    let finite = values.clone().all(f32::is_finite);
    let state = if finite && high > low { CamState::Usable } else { CamState::Zero };
    let range = high - low;
    let map = match state {
        CamState::Usable => values.map(|v| (v - low) / range).collect(),
        _ => vec![0.0; height * width],
    };
    Cam { height, width, map, state }
}

fn softmax(values: &[f64]) -> Vec<f64> {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = values.iter().map(|v| (v - most).exp()).collect();
    let sum: f64 = shares.iter().sum();
    shares.into_iter().map(|share| share / sum).collect()
}

/// The sum over channels, one value a position; NaN stays NaN.
fn weighted(value: &Array2<f32>, weights: &[f64]) -> Vec<f32> {
    let mut sum = vec![0.0_f64; value.ncols()];
    for (channel, weight) in value.rows().into_iter().zip(weights) {
        sum.iter_mut().zip(channel).for_each(|(sum, &v)| *sum += weight * f64::from(v));
    }
    sum.into_iter().map(|v| v as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_scaled_and_a_flat_one_lets_nothing_through() {
        let cam = scaled([2.0, 4.0, 3.0, 2.0].into_iter(), [2, 2]);
        assert_eq!((cam.state, cam.map), (CamState::Usable, vec![0.0, 1.0, 0.5, 0.0]));
        assert_eq!(scaled([2.0; 4].into_iter(), [2, 2]).state, CamState::Zero);
        assert_eq!(scaled([f32::NAN, 1.0].into_iter(), [1, 2]).state, CamState::Zero);
    }

    #[test]
    fn weights_are_shares_however_large_the_logits() {
        let shares = softmax(&[1000.0, 1000.0, 0.0]);
        assert_eq!(shares, [0.5, 0.5, 0.0]);
        assert!(softmax(&[f64::NAN, 1.0])[1].is_nan());
        let value = ndarray::array![[1.0, 2.0], [3.0, 4.0], [f32::NAN, 9.0]];
        let sum = weighted(&value, &shares);
        assert!(sum[0].is_nan() && (sum[1] - 3.0).abs() < 1e-6);
    }
}
