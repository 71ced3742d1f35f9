//! CLIP's loss: each picture finds its text among the batch's, each text its picture.
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};

/// Added to a vector's squared length, so that a zero vector has a gradient.
const SMALL: f32 = 1e-12;

/// Rows of unit length.
fn unit(x: Tensor<2>) -> Tensor<2> {
    let length = ((x.clone() * x.clone()).sum_dim(1) + SMALL).sqrt();
    x / length
}

/// What each text of a batch aims at, `[n, n]`: equal texts share, so that rows and columns sum to 1.
pub(crate) fn targets<T: PartialEq>(texts: &[T], device: &Device) -> Tensor<2> {
    let n = texts.len();
    let mut targets = vec![0.0; n * n];
    for (row, text) in targets.chunks_exact_mut(n.max(1)).zip(texts) {
        let alike = texts.iter().filter(|other| *other == text).count() as f32;
        for (value, other) in row.iter_mut().zip(texts) {
            if other == text {
                *value = 1.0 / alike;
            }
        }
    }
    Tensor::from_data(TensorData::new(targets, [n, n]), device)
}

/// The mean of both cross-entropies, in nats; ln n where nothing is known.
///
/// `images` and `texts` `[n, d]` of any length, `scale` `[1]` the logarithm of what cosines are multiplied by, `targets`
/// of [`targets`].
pub(crate) fn contrastive(
    images: Tensor<2>,
    texts: Tensor<2>,
    scale: Tensor<1>,
    targets: Tensor<2>,
) -> Tensor<1> {
    let n = targets.dims()[0] as f32;
    let cosines = unit(images).matmul(unit(texts).transpose());
    let logits = cosines * scale.exp().reshape([1, 1]);
    let of_images = targets.clone() * log_softmax(logits.clone(), 1);
    let of_texts = targets * log_softmax(logits, 0);
    (of_images.sum() + of_texts.sum()) / (-2.0 * n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{download, gradient, upload};
    use rightly_stats::rng::{keyed, standard_normal_fill};

    const N: usize = 5;
    const D: usize = 4;

    /// The loss in double precision, written down anew.
    fn plain(values: &[f64], texts: &[&str]) -> f64 {
        let rows = |from: usize| -> Vec<Vec<f64>> {
            let rows = values[from..from + N * D].chunks_exact(D);
            rows.map(|row| {
                let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
                row.iter().map(|v| v / length).collect()
            })
            .collect()
        };
        let (images, words, scale) = (rows(0), rows(N * D), values[2 * N * D].exp());
        let logit = |i: usize, j: usize| {
            scale * images[i].iter().zip(&words[j]).map(|(a, b)| a * b).sum::<f64>()
        };
        let mut loss = 0.0;
        for i in 0..N {
            let row = (0..N).map(|j| logit(i, j).exp()).sum::<f64>().ln();
            let column = (0..N).map(|j| logit(j, i).exp()).sum::<f64>().ln();
            let alike: Vec<usize> = (0..N).filter(|&j| texts[i] == texts[j]).collect();
            for &j in &alike {
                let share = 1.0 / alike.len() as f64;
                loss += share * (row - logit(i, j) + column - logit(j, i)) / (2 * N) as f64;
            }
        }
        loss
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let texts = ["red", "blue", "red", "a mug", "a car"];
        let mut values = vec![0.0; 2 * N * D];
        standard_normal_fill(&mut keyed(1, "loss", "", 0), &mut values);
        values.push(1.2);
        let device = Device::flex();
        let leaf = |range: std::ops::Range<usize>| {
            upload(values[range].to_vec(), &device).autodiff().require_grad()
        };
        let leaves = [leaf(0..N * D), leaf(N * D..2 * N * D), leaf(2 * N * D..2 * N * D + 1)];
        let [images, words, scale] = leaves.clone();
        let loss = contrastive(
            images.reshape([N, D]),
            words.reshape([N, D]),
            scale,
            targets(&texts, &device).autodiff(),
        );
        let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        let found = f64::from(loss.clone().inner().into_scalar::<f32>());
        assert!((found - plain(&wide, &texts)).abs() < 1e-5, "{found}");
        let mut gradients = loss.backward();
        let found: Vec<f32> =
            leaves.iter().flat_map(|leaf| download(&gradient(leaf, &mut gradients))).collect();
        for (at, found) in found.iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = wide.clone();
                moved[at] += by;
                plain(&moved, &texts)
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{at}: {found} {expected}");
        }
    }

    #[test]
    fn equal_vectors_cost_the_logarithm_of_their_number() {
        let device = Device::flex();
        let one = || Tensor::<2>::ones([6, 3], &device);
        let texts: Vec<usize> = (0..6).collect();
        let loss = contrastive(one(), one(), upload(vec![2.0], &device), targets(&texts, &device));
        assert!((loss.into_scalar::<f32>() - 6.0_f32.ln()).abs() < 1e-5);
    }
}
