//! Layers that can be tapped, and guesses which of them serve for CAMs and features.
use super::Graph;
use super::flow::{Dependence, Flow};
use super::node::{Index, Node};
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

/// Only the order or shape of the elements changes.
const LAYOUT_OPS: [&str; 13] = [
    "Identity", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Slice", "Concat",
    "Pad", "Split", "Cast", "Gather", "Dropout",
];

fn any_of(node: &Node<'_>, ops: &[&str]) -> bool {
    ops.iter().any(|op| node.is(op))
}

/// A linear map by weights: convolution, `Gemm`, or `MatMul` with one side that does not depend on the image.
fn is_weighted(node: &Node<'_>, flow: &Flow<'_>) -> bool {
    let data = |place: usize| {
        node.input(place).is_some_and(|name| flow.of(name) == Dependence::Data)
    };
    any_of(node, &["Conv", "Gemm", "MatMul", "QLinearConv", "QLinearMatMul"])
        && (data(0) != data(1) || node.is("Conv"))
}

/// The input that depends on the image.
fn data_input<'a>(node: &Node<'a>, flow: &Flow<'_>) -> Option<&'a str> {
    (0..node.inputs().len())
        .filter_map(|place| node.input(place))
        .find(|name| flow.of(name) == Dependence::Data)
}

/// Positions of a 4-D or token value.
#[must_use]
pub fn is_spatial(shape: &[usize]) -> bool {
    matches!(shape, [1, _, h, w] if h * w > 1) || matches!(shape, [1, t, c] if *t > 3 && *c > 1)
}

struct Guess<'a> {
    index: Index<'a>,
    flow: Flow<'a>,
    shapes: &'a Shapes,
    logits: &'a str,
}

impl<'a> Guess<'a> {
    fn shape(&self, name: &str) -> &'a [usize] {
        self.shapes.get(name).map_or(&[], Vec::as_slice)
    }

    /// Image-dependent ancestors of a value, itself included, by their maker's place, nearest first.
    fn below(&self, name: &'a str) -> Vec<&'a str> {
        let mut seen = std::collections::BTreeMap::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            if self.flow.of(name) != Dependence::Data {
                continue;
            }
            let place = self.index.maker(name).map_or(0, |node| node.index() + 1);
            if seen.insert((place, name), ()).is_none()
                && let Some(node) = self.index.maker(name)
            {
                open.extend(node.reads());
            }
        }
        seen.into_keys().rev().map(|(_, name)| name).collect()
    }

    /// Back over operators that only move elements, while one image-dependent value goes in.
    fn back_over_layout(&self, mut name: &'a str) -> &'a str {
        while let Some(node) = self.index.maker(name)
            && any_of(&node, &LAYOUT_OPS)
        {
            let mut data: Vec<&str> = node
                .reads()
                .into_iter()
                .filter(|name| self.flow.of(name) == Dependence::Data)
                .collect();
            // A roll slices one value twice and joins the parts.
            if data.len() > 1 {
                let below: Vec<&str> = data.iter().map(|name| self.back_over_slices(name)).collect();
                if below.iter().any(|name| *name != below[0]) {
                    break;
                }
                data = below;
            }
            let Some(&next) = data.first() else { break };
            name = next;
        }
        name
    }

    fn back_over_slices(&self, name: &'a str) -> &'a str {
        match self.index.maker(name) {
            Some(node) if any_of(&node, &["Slice", "Split"]) => node.input(0).unwrap_or(name),
            _ => name,
        }
    }

    /// The last attention's softmax below the logits, and its place.
    fn attention(&self, below: &[&'a str]) -> Option<Node<'a>> {
        below.iter().filter_map(|name| self.index.maker(name)).find(|node| {
            node.is("Softmax")
                && node.output(0).is_some_and(|output| {
                    self.shape(output).len() >= 3
                        && self.index.readers(output).iter().any(|reader| {
                            reader.is("MatMul") || any_of(reader, &LAYOUT_OPS)
                        })
                })
        })
    }

    /// What the query and key projections of an attention read: the block's norm.
    fn attention_norm(&self, softmax: &Node<'a>) -> Option<&'a str> {
        let mut open = vec![softmax.input(0)?];
        let mut seen = std::collections::HashSet::new();
        let mut found: Vec<&str> = Vec::new();
        while let Some(name) = open.pop() {
            if self.flow.of(name) != Dependence::Data || !seen.insert(name) {
                continue;
            }
            let Some(node) = self.index.maker(name) else { continue };
            if is_weighted(&node, &self.flow) {
                let input = data_input(&node, &self.flow)?;
                found.push(self.back_over_layout(input));
            } else {
                open.extend(node.reads());
            }
        }
        found.into_iter().max_by_key(|name| {
            let positions: usize = self.shape(name).iter().rev().skip(1).product();
            (positions, self.index.maker(name).map_or(0, |node| node.index()))
        })
    }

    fn spatial_size_of_patches(&self, below: &[&'a str]) -> Option<[usize; 2]> {
        below.iter().filter_map(|name| self.index.maker(name)).find_map(|node| {
            match self.shape(node.output(0)?) {
                [1, _, h, w] if node.is("Conv") && h * w > 1 => Some([*h, *w]),
                _ => None,
            }
        })
    }

    fn layout(&self, name: &str, below: &[&'a str]) -> Option<Layout> {
        match self.shape(name) {
            [1, c, h, w] if c * h * w > 1 => Some(self.layout_4d(name, [*c, *h, *w])),
            [1, tokens, _] => {
                let patches = self.spatial_size_of_patches(below);
                token_grid(*tokens, patches)
                    .map(|(prefix, grid)| Layout::Tokens { prefix, grid })
            }
            _ => None,
        }
    }

    fn layout_4d(&self, name: &str, dims: [usize; 3]) -> Layout {
        let near = |node: &Node<'_>| {
            any_of(
                node,
                &["Conv", "GlobalAveragePool", "MaxPool", "AveragePool", "BatchNormalization", "GlobalMaxPool"],
            )
        };
        // Elementwise operators keep the layout: look for one that tells it, a few steps either way.
        let mut back = name;
        for _ in 0..12 {
            let Some(node) = self.index.maker(back) else { break };
            if near(&node) {
                return Layout::Nchw;
            }
            if node.is("LayerNormalization") && node.int("axis").unwrap_or(-1) == -1 {
                return Layout::Nhwc;
            }
            if node.is("Transpose") {
                match node.ints("perm") {
                    Some([0, 2, 3, 1]) => return Layout::Nhwc,
                    Some([0, 3, 1, 2]) => return Layout::Nchw,
                    _ => break,
                }
            }
            if node.is("MatMul") {
                return Layout::Nhwc;
            }
            match data_input(&node, &self.flow) {
                Some(next) => back = next,
                None => break,
            }
        }
        for reader in self.index.readers(name) {
            if near(&reader) {
                return Layout::Nchw;
            }
            if reader.is("LayerNormalization") && reader.int("axis").unwrap_or(-1) == -1 {
                return Layout::Nhwc;
            }
        }
        if dims[0] == dims[1] && dims[1] != dims[2] { Layout::Nhwc } else { Layout::Nchw }
    }
}

/// Tokens before the image's own, and the grid of those.
fn token_grid(tokens: usize, patches: Option<[usize; 2]>) -> Option<(usize, [usize; 2])> {
    if let Some([h, w]) = patches {
        // Later stages of a pyramid merge 2 x 2 patches.
        for step in 0..5 {
            let grid = [h.div_ceil(1 << step), w.div_ceil(1 << step)];
            let count = grid[0] * grid[1];
            if count <= tokens && tokens - count <= 8 && count > 1 {
                return Some((tokens - count, grid));
            }
        }
    }
    [0, 1, 2, 5].into_iter().find_map(|prefix| {
        let count = tokens.checked_sub(prefix)?;
        let side = count.isqrt();
        (side * side == count && side > 1).then_some((prefix, [side, side]))
    })
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
        let attention = guess.attention(&below).filter(|softmax| {
            last_conv.is_none_or(|conv| conv.index() < softmax.index())
        });
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
        let mut wall = guess.logits.to_owned();
        let layer = loop {
            let next = below
                .iter()
                .skip_while(|name| **name != wall)
                .skip(1)
                .find(|name| self.cut_point(name, &[guess.logits]).as_deref() == Some(**name))?;
            guess.index.maker(next)?;
            if is_spatial(guess.shape(next)) {
                break guess.back_over_layout(next);
            }
            wall = (*next).to_owned();
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
            let elementwise = ["Add", "Relu", "Clip", "GlobalAveragePool", "ReduceMean", "AveragePool"];
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
        let pooled_from = guess.index.maker(name).filter(|node| {
            any_of(node, &["GlobalAveragePool", "ReduceMean", "AveragePool"])
        });
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

impl<'a> Guess<'a> {
    /// Back over operators of one input that only move elements.
    fn back_over_layout_except_concat(&self, mut name: &'a str) -> &'a str {
        while let Some(node) = self.index.maker(name)
            && any_of(&node, &["Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Dropout"])
            && let Some(next) = node.input(0)
        {
            name = next;
        }
        name
    }
}
