//! Walks through the graph that the guesses are made of.
use super::super::Index;
use super::super::flow::{Dependence, Flow};
use super::super::node::Node;
use super::{Layout, Shapes};

/// Only the order or shape of the elements changes.
pub(super) const LAYOUT_OPS: [&str; 13] = [
    "Identity",
    "Reshape",
    "Transpose",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Slice",
    "Concat",
    "Pad",
    "Split",
    "Cast",
    "Gather",
    "Dropout",
];

pub(super) fn any_of(node: &Node<'_>, ops: &[&str]) -> bool {
    ops.iter().any(|op| node.is(op))
}

/// A linear map by weights: convolution, `Gemm`, or `MatMul` with one side that does not depend on the image.
pub(crate) fn is_weighted(node: &Node<'_>, flow: &Flow<'_>) -> bool {
    let data =
        |place: usize| node.input(place).is_some_and(|name| flow.of(name) == Dependence::Data);
    any_of(node, &["Conv", "Gemm", "MatMul", "QLinearConv", "QLinearMatMul"])
        && (data(0) != data(1) || node.is("Conv"))
}

/// The input that depends on the image.
pub(super) fn data_input<'a>(node: &Node<'a>, flow: &Flow<'_>) -> Option<&'a str> {
    (0..node.inputs().len())
        .filter_map(|place| node.input(place))
        .find(|name| flow.of(name) == Dependence::Data)
}

pub(super) struct Guess<'a> {
    pub(super) index: Index<'a>,
    pub(super) flow: Flow<'a>,
    pub(super) shapes: &'a Shapes,
    pub(super) logits: &'a str,
}

impl<'a> Guess<'a> {
    pub(super) fn shape(&self, name: &str) -> &'a [usize] {
        self.shapes.get(name).map_or(&[], Vec::as_slice)
    }

    /// Image-dependent ancestors of a value, itself included, by their maker's place, nearest first.
    pub(super) fn below(&self, name: &'a str) -> Vec<&'a str> {
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
    pub(super) fn back_over_layout(&self, mut name: &'a str) -> &'a str {
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
                let below: Vec<&str> =
                    data.iter().map(|name| self.back_over_slices(name)).collect();
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

    pub(super) fn back_over_slices(&self, name: &'a str) -> &'a str {
        match self.index.maker(name) {
            Some(node) if any_of(&node, &["Slice", "Split"]) => node.input(0).unwrap_or(name),
            _ => name,
        }
    }

    /// The last attention's softmax below the logits, and its place.
    pub(super) fn attention(&self, below: &[&'a str]) -> Option<Node<'a>> {
        below.iter().filter_map(|name| self.index.maker(name)).find(|node| {
            node.is("Softmax")
                && node.output(0).is_some_and(|output| {
                    self.shape(output).len() >= 3 && self.reaches_product(output, 4)
                })
        })
    }

    /// Whether a value goes into a matrix product, past up to `steps` operators that only move elements.
    pub(super) fn reaches_product(&self, value: &str, steps: usize) -> bool {
        self.index.readers(value).iter().any(|reader| {
            any_of(reader, &["MatMul", "Einsum"])
                || (steps > 0
                    && any_of(reader, &LAYOUT_OPS)
                    && reader.outputs().iter().any(|name| self.reaches_product(name, steps - 1)))
        })
    }

    /// What the query and key projections of an attention read: the block's norm.
    pub(super) fn attention_norm(&self, softmax: &Node<'a>) -> Option<&'a str> {
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

    pub(super) fn spatial_size_of_patches(&self, below: &[&'a str]) -> Option<[usize; 2]> {
        below.iter().filter_map(|name| self.index.maker(name)).find_map(|node| {
            match self.shape(node.output(0)?) {
                [1, _, h, w] if node.is("Conv") && h * w > 1 => Some([*h, *w]),
                _ => None,
            }
        })
    }

    pub(super) fn layout(&self, name: &str, below: &[&'a str]) -> Option<Layout> {
        match self.shape(name) {
            [1, c, h, w] if c * h * w > 1 => Some(self.layout_4d(name, [*c, *h, *w])),
            [1, tokens, _] => {
                let patches = self.spatial_size_of_patches(below);
                token_grid(*tokens, patches).map(|(prefix, grid)| Layout::Tokens { prefix, grid })
            }
            _ => None,
        }
    }

    pub(super) fn layout_4d(&self, name: &str, dims: [usize; 3]) -> Layout {
        let near = |node: &Node<'_>| {
            any_of(
                node,
                &[
                    "Conv",
                    "GlobalAveragePool",
                    "MaxPool",
                    "AveragePool",
                    "BatchNormalization",
                    "GlobalMaxPool",
                ],
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

    /// Back over operators of one input that only move elements.
    pub(super) fn back_over_layout_except_concat(&self, mut name: &'a str) -> &'a str {
        while let Some(node) = self.index.maker(name)
            && any_of(&node, &["Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Dropout"])
            && let Some(next) = node.input(0)
        {
            name = next;
        }
        name
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
