//! What stands above and below a feature layer: the linear layer that reads it, and the map that it pools.
use super::search::{Guess, LAYOUT_OPS, any_of, data_input, is_weighted};
use super::{Graph, Layout, Shapes, is_spatial};
use ndarray::Array2;

const POOLS: [&str; 3] = ["GlobalAveragePool", "ReduceMean", "AveragePool"];

/// The linear layer between pooled features and logits.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearHead {
    /// `[outputs, d]`.
    pub weight: Array2<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Whether the logits are exactly `weight . features + bias`: false where a ReLU lies between (SqueezeNet's
    /// convolutional head, whose scores are cut at zero and then pooled).
    pub exact: bool,
}

impl Graph {
    /// The linear layer that makes `logits` (`[1, outputs]`) of the features of `layer` (pooled to `d` values), where
    /// only pooling and layout lie between `layer` and it, and only a bias, a ReLU, pooling and layout above.
    #[must_use]
    pub fn linear_head(
        &self,
        layer: &str,
        d: usize,
        logits: &str,
        shapes: &Shapes,
    ) -> Option<LinearHead> {
        let guess = self.guess(logits, shapes);
        let mut name = *guess.below(logits).first()?;
        let mut bias: Option<Vec<f32>> = None;
        let mut exact = true;
        let node = loop {
            let node = guess.index.maker(name)?;
            if is_weighted(&node, &guess.flow) {
                break node;
            }
            if node.is("Add") {
                let constant = node.inputs().iter().find_map(|input| self.constant_f32(input))?;
                if bias.replace(constant.into_iter().collect()).is_some() {
                    return None;
                }
            } else if any_of(&node, &["Relu", "Clip"]) {
                exact = false;
            } else if !any_of(&node, &LAYOUT_OPS) && !any_of(&node, &POOLS) {
                return None;
            }
            name = data_input(&node, &guess.flow)?;
        };
        let input = data_input(&node, &guess.flow)?;
        if !guess.leads_down_to(input, layer) {
            return None;
        }
        let (weight, own_bias) = self.weights_of(&node)?;
        let outputs = weight.nrows();
        if weight.ncols() != d {
            return None;
        }
        let bias = match (bias, own_bias) {
            (Some(_), Some(_)) => return None,
            (Some(bias), None) | (None, Some(bias)) => bias,
            (None, None) => vec![0.0; outputs],
        };
        (bias.len() == outputs).then_some(LinearHead { weight, bias, exact })
    }

    /// The value whose positions a feature layer pools: the layer itself where it has positions, else the nearest
    /// value below it with `d` channels and positions, past pooling, layout and a norm over channels.
    #[must_use]
    pub fn feature_map(
        &self,
        layer: &str,
        d: usize,
        top: &str,
        shapes: &Shapes,
    ) -> Option<(String, Layout)> {
        let guess = self.guess(top, shapes);
        let below = guess.below(top);
        let mut name = *below.iter().find(|name| **name == layer)?;
        loop {
            if is_spatial(guess.shape(name))
                && let Some(layout) = guess.layout(name, &below)
            {
                return (channels(guess.shape(name), layout) == Some(d))
                    .then(|| (name.to_owned(), layout));
            }
            let node = guess.index.maker(name)?;
            if !any_of(&node, &LAYOUT_OPS)
                && !any_of(&node, &POOLS)
                && !node.is("LayerNormalization")
            {
                return None;
            }
            name = data_input(&node, &guess.flow)?;
        }
    }
}

impl<'a> Guess<'a> {
    /// Whether `from` is `layer` with nothing but pooling and layout in between.
    fn leads_down_to(&self, from: &'a str, layer: &str) -> bool {
        let mut name = from;
        loop {
            if name == layer {
                return true;
            }
            let Some(node) = self.index.maker(name) else { return false };
            if !any_of(&node, &LAYOUT_OPS) && !any_of(&node, &POOLS) {
                return false;
            }
            match data_input(&node, &self.flow) {
                Some(next) => name = next,
                None => return false,
            }
        }
    }
}

/// Channels of a layer's value.
fn channels(shape: &[usize], layout: Layout) -> Option<usize> {
    match (layout, shape) {
        (Layout::Nchw, [_, c, _, _])
        | (Layout::Nhwc, [_, _, _, c])
        | (Layout::Tokens { .. }, [_, _, c]) => Some(*c),
        _ => None,
    }
}
