//! Layers that can be tapped, and guesses which of them serve for CAMs and features.
mod head;
mod repair;
mod rewrite;
mod search;
mod weights;

use super::Graph;
pub use head::LinearHead;
pub use repair::{GraphHead, Linear};
pub(crate) use search::is_weighted;
use search::{Guess, LAYOUT_OPS, any_of, data_input};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Shapes of values as a run showed them.
pub type Shapes = HashMap<String, Vec<usize>>;

/// How the positions of a layer lie in its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `[1, C, H, W]`.
    Nchw,
    /// `[1, H, W, C]`.
    Nhwc,
    /// `[1, prefix + H * W, C]`, the first `prefix` tokens (class token, registers) no positions of the image.
    Tokens {
        /// Tokens before the image's own.
        prefix: usize,
        /// `[H, W]`, row by row.
        grid: [usize; 2],
    },
}

/// A value of the graph that can be tapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Name of the value.
    pub name: String,
    /// Operator that makes it.
    pub op: String,
    /// Shape for one image.
    pub shape: Vec<usize>,
    /// How its positions lie, where it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
}

/// Whether a value has positions: 4-D with at least two sides above 1 (a pooled `[1, C, 1, 1]`, or `[1, 1, 1, C]`, has
/// none), or tokens.
#[must_use]
pub fn is_spatial(shape: &[usize]) -> bool {
    match shape {
        [_, sides @ ..] if sides.len() == 3 => sides.iter().filter(|side| **side > 1).count() > 1,
        [_, tokens, channels] => *tokens > 3 && *channels > 1,
        _ => false,
    }
}

impl Graph {
    fn guess<'a>(&'a self, logits: &'a str, shapes: &'a Shapes) -> Guess<'a> {
        Guess { index: self.index(), flow: self.flow(), shapes, logits }
    }

    /// Values that a layer can be, from the image up, with what a run showed of their shapes.
    #[must_use]
    pub fn tappable(&self, logits: &str, shapes: &Shapes) -> Vec<Layer> {
        let guess = self.guess(logits, shapes);
        let below = guess.below(logits);
        let mut names: BTreeMap<usize, &str> = BTreeMap::new();
        for (place, name) in below.iter().rev().enumerate() {
            names.insert(place, name);
        }
        names
            .into_values()
            .filter_map(|name| {
                let node = guess.index.maker(name)?;
                let shape = guess.shape(name);
                (shape.len() >= 2).then(|| Layer {
                    name: name.to_owned(),
                    op: node.op_type().to_owned(),
                    shape: shape.to_vec(),
                    layout: is_spatial(shape).then(|| guess.layout(name, &below)).flatten(),
                })
            })
            .collect()
    }

    /// How the positions of a layer lie; `None` where it has none.
    #[must_use]
    pub fn layer_layout(&self, layer: &str, logits: &str, shapes: &Shapes) -> Option<Layout> {
        let guess = self.guess(logits, shapes);
        let below = guess.below(logits);
        guess.layout(layer, &below)
    }

    /// The layer that CAMs are usually taken from.
    ///
    /// - Transformers (an attention above the last convolution): what the last attention's projections read, that is
    ///   the last block's first norm, as pytorch-grad-cam is used for ViT, DeiT and Swin.
    /// - Otherwise the last value with positions before they are pooled or flattened (the last block's output); where
    ///   no weighted layer follows (a convolution whose map is pooled gives the logits, as in SqueezeNet), what that
    ///   convolution reads.
    #[must_use]
    pub fn guess_cam_layer(&self, logits: &str, shapes: &Shapes) -> Option<Layer> {
        let guess = self.guess(logits, shapes);
        let below = guess.below(logits);
        let last_conv = below
            .iter()
            .filter_map(|name| guess.index.maker(name))
            .find(|node| node.is("Conv") && is_spatial(guess.shape(node.output(0).unwrap_or(""))));
        let attention = guess
            .attention(&below)
            .filter(|softmax| last_conv.is_none_or(|conv| conv.index() < softmax.index()));
        let name = match attention.and_then(|softmax| guess.attention_norm(&softmax)) {
            Some(norm) => norm,
            None => self.before_pooling(&guess, &below)?,
        };
        Some(Layer {
            name: name.to_owned(),
            op: guess.index.maker(name).map_or("", |node| node.op_type()).to_owned(),
            shape: guess.shape(name).to_vec(),
            layout: guess.layout(name, &below),
        })
    }

    fn before_pooling<'a>(&self, guess: &Guess<'a>, below: &[&'a str]) -> Option<&'a str> {
        // The value nearest to the logits that still has positions and through which everything flows.
        let walls = self.walls(&[guess.logits]);
        let mut nearest = walls.iter().rev().filter(|name| *name != guess.logits);
        let layer = loop {
            let next = nearest.next()?;
            let next = below.iter().find(|name| *name == next)?;
            guess.index.maker(next)?;
            if is_spatial(guess.shape(next)) {
                break guess.back_over_layout(next);
            }
        };
        let weighted_above = below
            .iter()
            .take_while(|name| **name != layer)
            .filter_map(|name| guess.index.maker(name))
            .any(|node| is_weighted(&node, &guess.flow));
        if weighted_above {
            return Some(layer);
        }
        let mut name = layer;
        loop {
            let node = guess.index.maker(name)?;
            let input = data_input(&node, &guess.flow)?;
            if is_weighted(&node, &guess.flow) {
                return Some(guess.back_over_layout_except_concat(input));
            }
            name = input;
        }
    }

    /// The layer that features are taken from: the CAM layer where only pooling and one linear layer follow (its mean
    /// over positions is then what that layer reads), else what the last linear layer reads; without a linear layer
    /// at the end (an encoder) the output itself.
    #[must_use]
    pub fn guess_feature_layer(&self, logits: &str, shapes: &Shapes) -> Option<Layer> {
        let cam = self.guess_cam_layer(logits, shapes);
        let guess = self.guess(logits, shapes);
        let below = guess.below(logits);
        let mut name = *below.first()?;
        // Down from the logits over what is no weighted layer: the bias, layout, pooling of a convolutional head.
        let linear = loop {
            let Some(node) = guess.index.maker(name) else { break None };
            if is_weighted(&node, &guess.flow) {
                break data_input(&node, &guess.flow);
            }
            let elementwise =
                ["Add", "Relu", "Clip", "GlobalAveragePool", "ReduceMean", "AveragePool"];
            if !any_of(&node, &LAYOUT_OPS) && !any_of(&node, &elementwise) {
                break None;
            }
            match data_input(&node, &guess.flow) {
                Some(next) => name = next,
                None => break None,
            }
        };
        let name = match linear {
            Some(input) => guess.back_over_layout_except_concat(input),
            None => logits,
        };
        let pooled_from = guess
            .index
            .maker(name)
            .filter(|node| any_of(node, &["GlobalAveragePool", "ReduceMean", "AveragePool"]));
        let cam_name = cam.as_ref().map(|layer| layer.name.as_str());
        let name = match pooled_from.and_then(|node| node.input(0)) {
            Some(before) if Some(before) == cam_name => before,
            _ => name,
        };
        Some(Layer {
            name: name.to_owned(),
            op: guess.index.maker(name).map_or("", |node| node.op_type()).to_owned(),
            shape: guess.shape(name).to_vec(),
            layout: is_spatial(guess.shape(name)).then(|| guess.layout(name, &below)).flatten(),
        })
    }
}
