//! The layers between features and logits: read as a head, and written back with other weights.
use super::search::{any_of, data_input, is_weighted};
use crate::OnnxError;
use crate::graph::Graph;
use crate::graph::flow::Dependence;
use crate::graph::node::Node;
use ndarray::{Array2, ArrayView2};

/// Move no element of one picture's value against another.
const STILL: [&str; 8] =
    ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout", "Cast", "Transpose"];
/// Choose a token; only below the head.
const CHOOSE: [&str; 3] = ["Gather", "Slice", "Split"];
const POOLS: [&str; 3] = ["GlobalAveragePool", "ReduceMean", "AveragePool"];

/// Weight `[outputs, inputs]` and bias `[outputs]` of one linear layer.
pub type Linear = (Array2<f32>, Vec<f32>);

/// Where the head of a classifier lies in its graph: one linear layer, or two with a ReLU between them.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphHead {
    /// From the features up.
    places: Vec<Place>,
    /// Weight and bias of each.
    layers: Vec<Linear>,
}

impl GraphHead {
    /// The head as the graph has it: weight `[outputs, inputs]` and bias `[outputs]` of each layer, from the features up.
    pub fn layers(&self) -> impl Iterator<Item = (ArrayView2<'_, f32>, &[f32])> {
        self.layers.iter().map(|(weight, bias)| (weight.view(), &bias[..]))
    }

    /// Number of features.
    pub(super) fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |(weight, _)| weight.ncols())
    }

    /// Number of classes.
    pub(super) fn classes(&self) -> usize {
        self.layers.last().map_or(0, |(weight, _)| weight.nrows())
    }

    /// Values that a graph has to have, for the head to be written there.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.places.iter().flat_map(|place| {
            let sum = place.sum.iter().flat_map(|(sum, constant)| [sum, constant]);
            std::iter::once(&place.linear).chain(sum).map(String::as_str)
        })
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }
}

/// A linear layer, by what it makes: names outlast changes of the nodes' order, and are the same in the model's file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) linear: String,
    /// Which of the node's inputs is the weight: the file may compute it where a folded graph has a constant.
    pub(super) weight: usize,
    /// The sum with a constant after it, and the constant.
    pub(super) sum: Option<(String, String)>,
}

/// What has been seen since the last linear layer, on the way down from the logits.
#[derive(Default)]
struct Gap<'a> {
    sum: Option<(Node<'a>, &'a str)>,
    relu: Option<Node<'a>>,
    pool: Option<Node<'a>>,
}

impl Graph {
    /// The head that makes `logits` of the features of `layer`: `Gemm`, `MatMul` with or without a sum, or a 1 x 1
    /// convolution, once or twice with a ReLU between; flattening, pooling, dropout and the like may lie around it, and a
    /// softmax above.
    ///
    /// Features are the layer's values, and where `layer` has positions the mean over them. Whether the head of those features
    /// gives the logits is shown by a run alone.
    ///
    /// # Errors
    /// [`OnnxError::Unsupported`] names the node that keeps the logits from being such a head of the features;
    /// [`OnnxError::Invalid`] where a value is unknown or the logits don't depend on `layer`.
    pub fn head_of(&self, logits: &str, layer: &str) -> Result<GraphHead, OnnxError> {
        for name in [logits, layer] {
            if !self.has_value(name) {
                return Err(self.no_value(name));
            }
        }
        let (index, flow) = (self.index(), self.flow());
        let top = self.softmax_input(logits).unwrap_or_else(|| logits.to_owned());
        let mut name: &str = &top;
        let mut found: Vec<(Place, Array2<f32>, Vec<f32>)> = Vec::new();
        let mut gap = Gap::default();
        while found.is_empty() || name != layer {
            let node = index.maker(name).filter(|_| flow.of(name) == Dependence::Data);
            let node = node.ok_or_else(|| {
                self.invalid(format!(
                    "the logits '{logits}' do not come from the layer '{layer}' by a head alone: '{name}' was reached \
                     without meeting it; name another with --feature-layer"
                ))
            })?;
            if is_weighted(&node, &flow) {
                if let Some(pool) = gap.pool.filter(|_| !found.is_empty()) {
                    return Err(self.refused(&pool, "it pools between two linear layers"));
                }
                if found.len() == 2 {
                    return Err(self.refused(&node, "two linear layers lie above it already"));
                }
                if !found.is_empty() && gap.relu.is_none() {
                    return Err(self.refused(&node, "two linear layers follow without a ReLU"));
                }
                found.push(self.linear_place(&node, &gap)?);
                gap = Gap::default();
            } else if node.is("Add") && gap.sum.is_none() {
                let constant = node.inputs().iter().find(|n| self.weight_f32(n).is_some());
                let constant = constant.ok_or_else(|| {
                    self.refused(&node, "it adds two values that depend on the image")
                })?;
                gap.sum = Some((node, constant));
            } else if node.is("Relu") && gap.sum.is_none() && !found.is_empty() {
                gap.relu = Some(node);
            } else if any_of(&node, &["Relu", "Clip"]) && found.is_empty() {
                let hint = "it cuts the scores at zero after the linear layer, so that no head of the \
                            features makes them";
                return Err(self.refused(&node, hint));
            } else if any_of(&node, &POOLS) {
                gap.pool = Some(node);
            } else if !any_of(&node, &STILL) && (found.is_empty() || !any_of(&node, &CHOOSE)) {
                let hint = "expected a linear layer, a ReLU, pooling or flattening between features and logits";
                return Err(self.refused(&node, hint));
            }
            name = data_input(&node, &flow).unwrap_or("");
        }
        if let Some(node) = gap.relu.or(gap.sum.map(|(node, _)| node)) {
            return Err(self.refused(&node, "it changes the features before the head reads them"));
        }
        found.reverse();
        let (places, layers) =
            found.into_iter().map(|(place, weight, bias)| (place, (weight, bias))).unzip();
        Ok(GraphHead { places, layers })
    }

    fn linear_place(
        &self,
        node: &Node<'_>,
        gap: &Gap<'_>,
    ) -> Result<(Place, Array2<f32>, Vec<f32>), OnnxError> {
        let hint = "its weights are no constants of a plain linear layer or 1 x 1 convolution";
        let (weight, own) = self.weights_of(node).ok_or_else(|| self.refused(node, hint))?;
        let step = |name: &str| node.ints(name).is_some_and(|v| v.iter().any(|v| *v > 1));
        if node.is("Conv")
            && (step("strides") || node.ints("pads").is_some_and(|p| p.iter().any(|v| *v != 0)))
        {
            return Err(self.refused(node, "it pads or skips positions"));
        }
        let bias = match (&gap.sum, own) {
            (Some((sum, _)), Some(_)) => {
                return Err(self.refused(sum, "it adds a second bias to the linear layer's own"));
            }
            (Some((sum, name)), None) => {
                let bias: Vec<f32> = self.weight_f32(name).into_iter().flatten().collect();
                if bias.len() != weight.nrows() {
                    return Err(self
                        .refused(sum, "it adds another number of values than there are outputs"));
                }
                bias
            }
            (None, Some(bias)) => bias,
            (None, None) => vec![0.0; weight.nrows()],
        };
        let output = |node: &Node<'_>| node.output(0).unwrap_or("").to_owned();
        let sum = gap.sum.as_ref().map(|(sum, constant)| (output(sum), (*constant).to_owned()));
        // Only a product may have its weight on the left.
        let right = !node.is("MatMul") || self.weight_on_the_right(node);
        Ok((Place { linear: output(node), weight: usize::from(right), sum }, weight, bias))
    }

    fn refused(&self, node: &Node<'_>, hint: &str) -> OnnxError {
        OnnxError::Unsupported {
            what: format!("the head of {}", self.path().display()),
            op: node.op_type().to_owned(),
            node: node.name().to_owned(),
            hint: hint.to_owned(),
        }
    }
}
