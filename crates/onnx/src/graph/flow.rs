//! What depends on the image, and through which values everything flows.
use super::Graph;
use super::node::Node;
use super::walls::below;
use std::collections::{HashMap, HashSet};

/// How a value depends on the graph's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependence {
    /// Not at all: weights and what is computed from them.
    Constant,
    /// On the inputs' shape only.
    Shape,
    /// On the inputs' elements.
    Data,
}

/// Dependence of every value.
#[derive(Debug, Clone)]
pub struct Flow<'a>(HashMap<&'a str, Dependence>);

impl Flow<'_> {
    /// Dependence of a value; unknown names count as constants.
    #[must_use]
    pub fn of(&self, value: &str) -> Dependence {
        self.0.get(value).copied().unwrap_or(Dependence::Constant)
    }
}

/// Whether the shape of what a node gives depends on the elements of the inputs: there are as many results as elements of a
/// kind, or a size, an axis or a branch is computed from them.
fn shaped_by_data(node: &Node<'_>, flow: &Flow<'_>) -> bool {
    let data = |at: usize| node.input(at).is_some_and(|name| flow.of(name) == Dependence::Data);
    match node.proto().op_type() {
        "NonZero" | "Unique" | "NonMaxSuppression" | "StringSplit" | "ImageDecoder" | "Range"
        | "Loop" | "Scan" => node.reads().into_iter().any(|name| flow.of(name) == Dependence::Data),
        "If" | "ConstantOfShape" | "HannWindow" | "HammingWindow" | "BlackmanWindow" => data(0),
        "Slice" => (1..5).any(data),
        "Resize" => data(2) || data(3),
        "Pad" => data(1) || data(3),
        "DFT" | "STFT" | "Col2Im" | "MaxUnpool" => (1..4).any(data),
        "Reshape" | "Expand" | "Tile" | "Upsample" | "TopK" | "OneHot" | "Squeeze"
        | "Unsqueeze" | "Split" | "SplitToSequence" | "Compress" | "CenterCropPad"
        | "AffineGrid" => data(1),
        name if name.starts_with("Reduce") => data(1),
        _ => false,
    }
}

impl Graph {
    /// How every value depends on the inputs.
    #[must_use]
    pub fn flow(&self) -> Flow<'_> {
        let mut flow = Flow(HashMap::new());
        let mut ragged: HashSet<&str> = HashSet::new();
        let weights: HashSet<&str> =
            self.proto().initializer.iter().map(super::TensorProto::name).collect();
        for input in &self.proto().input {
            let name = input.name.as_deref().unwrap_or("");
            if !weights.contains(name) {
                flow.0.insert(name, Dependence::Data);
            }
        }
        for node in self.nodes() {
            let most = node
                .reads()
                .into_iter()
                .map(|name| flow.of(name))
                .max()
                .unwrap_or(Dependence::Constant);
            let of_ragged = node.reads().into_iter().any(|name| ragged.contains(name));
            let asks = node.is("Shape") || node.is("Size");
            // What asks for a shape that the elements decide depends on the elements.
            let most = if asks && !of_ragged { most.min(Dependence::Shape) } else { most };
            let shaped = of_ragged || shaped_by_data(&node, &flow);
            for name in node.outputs().iter().filter(|name| !name.is_empty()) {
                flow.0.insert(name, most);
                if shaped && !asks {
                    ragged.insert(name);
                }
            }
        }
        flow
    }

    /// The nearest value through which *all* dependence of `outputs` on the pixels flows, and from which `layer` can
    /// be computed: `layer` itself where everything flows through it (the last block of a convolutional network), the
    /// block's input where `layer` lies on one branch of a block (the first norm of a transformer's block, beside the
    /// residual). Shapes of the image do not count.
    ///
    /// `None` where `layer` is no value of the graph that depends on the image, or `outputs` don't depend on it.
    #[must_use]
    pub fn cut_point(&self, layer: &str, outputs: &[&str]) -> Option<String> {
        let flow = self.flow();
        if flow.of(layer) != Dependence::Data {
            return None;
        }
        let index = self.index();
        if !below(&index, &flow, outputs).contains(layer) {
            return None;
        }
        let below_layer = below(&index, &flow, &[layer]);
        self.walls(outputs).into_iter().rev().find(|name| below_layer.contains(name.as_str()))
    }
}

/// Values that depend on the image and that a run can hand out, in topological order.
#[must_use]
pub fn flow_data_values(graph: &Graph) -> Vec<String> {
    let flow = graph.flow();
    graph
        .nodes()
        .flat_map(|node| node.outputs())
        .filter(|name| !name.is_empty() && flow.of(name) == Dependence::Data)
        .cloned()
        .collect()
}
