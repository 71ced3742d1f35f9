//! The text tower on burn's tensors.
use crate::weights::Weight;
use burn::tensor::activation::relu;
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, TensorData};
use rightly_stats::rng::{keyed, standard_normal_fill};

/// Added to the mean square before its root.
pub(crate) const EPSILON: f32 = 1e-6;

/// Sizes of a text tower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextShape {
    /// Words, marks included.
    pub(crate) words: usize,
    /// Length of a word's vector and of a text's.
    pub(crate) dim: usize,
    /// Units of the hidden layer.
    pub(crate) hidden: usize,
}

impl TextShape {
    /// Fresh weights: words N(0, 1), layers kaiming normal (the second an eighth of it, so that a text starts as the
    /// mean of its words), biases 0.
    pub(crate) fn init(self, seed: u64) -> Vec<Weight> {
        let Self { words, dim, hidden } = self;
        let all = [
            ("words", vec![words, dim], 1.0),
            ("hidden.weight", vec![hidden, dim], (2.0 / dim as f32).sqrt()),
            ("hidden.bias", vec![hidden], 0.0),
            ("out.weight", vec![dim, hidden], (2.0 / hidden as f32).sqrt() / 8.0),
            ("out.bias", vec![dim], 0.0),
        ];
        let weight = |(name, shape, deviation): (&str, Vec<usize>, f32)| {
            let mut values = vec![0.0; shape.iter().product()];
            standard_normal_fill(&mut keyed(seed, "towers/text", name, 0), &mut values);
            values.iter_mut().for_each(|value| *value *= deviation);
            Weight { name: name.to_owned(), shape, values }
        };
        all.into_iter().map(weight).collect()
    }

    /// Shares of each word in each text, `[n, words]`.
    pub(crate) fn bags(self, texts: &[Vec<usize>], device: &Device) -> Tensor<2> {
        let mut bags = vec![0.0; texts.len() * self.words];
        for (bag, text) in bags.chunks_exact_mut(self.words).zip(texts) {
            for &id in text {
                bag[id] += 1.0 / text.len() as f32;
            }
        }
        Tensor::from_data(TensorData::new(bags, [texts.len(), self.words]), device)
    }

    /// Vectors of texts, `[n, dim]`, of [`TextShape::bags`] and the flat weights in the order of [`TextShape::init`].
    pub(crate) fn embed(self, weights: &[Tensor<1>], bags: Tensor<2>) -> Tensor<2> {
        let Self { words, dim, hidden } = self;
        let [table, inner, inner_bias, outer, outer_bias] = weights else {
            // Weights are made by `init`, so that there are five.
            return bags;
        };
        let mean = bags.matmul(table.clone().reshape([words, dim]));
        let size = (mean.clone() * mean.clone()).mean_dim(1) + EPSILON;
        let mean = mean / size.sqrt();
        let layer = |x: Tensor<2>, weight: &Tensor<1>, bias: &Tensor<1>, shape: [usize; 2]| {
            linear(x, weight.clone().reshape(shape).transpose(), Some(bias.clone()))
        };
        let inside = relu(layer(mean.clone(), inner, inner_bias, [hidden, dim]));
        mean + layer(inside, outer, outer_bias, [dim, hidden])
    }
}
