//! What depends on the image, and through which values everything flows.
use super::Graph;
use super::Index;
use std::collections::{BTreeSet, HashMap, HashSet};

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

impl Graph {
    /// How every value depends on the inputs.
    #[must_use]
    pub fn flow(&self) -> Flow<'_> {
        let mut flow = Flow(HashMap::new());
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
            let most = if node.is("Shape") || node.is("Size") {
                most.min(Dependence::Shape)
            } else {
                most
            };
            for name in node.outputs().iter().filter(|name| !name.is_empty()) {
                flow.0.insert(name, most);
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
        let below_layer = ancestors(&index, &flow, &[layer], None);
        // Values between the image and the outputs, each crossed by every path or not: a value separates them
        // where the outputs can't be reached from the inputs once it is taken out.
        let inputs: Vec<String> = self.inputs().into_iter().map(|input| input.name).collect();
        let reaching = ancestors(&index, &flow, outputs, None);
        if !reaching.contains(layer) {
            return None;
        }
        let mut candidates: Vec<(usize, &str)> = below_layer
            .iter()
            .map(|name| (index.maker(name).map_or(0, |node| node.index() + 1), *name))
            .collect();
        candidates.sort_by(|a, b| b.cmp(a));
        candidates
            .into_iter()
            .find(|(_, name)| {
                let left = ancestors(&index, &flow, outputs, Some(name));
                !inputs.iter().any(|input| input != name && left.contains(input.as_str()))
            })
            .map(|(_, name)| name.to_owned())
    }
}

/// Image-dependent values that `from` are computed from (themselves included), not looking below `wall`.
fn ancestors<'a>(
    index: &Index<'a>,
    flow: &Flow<'_>,
    from: &[&'a str],
    wall: Option<&str>,
) -> BTreeSet<&'a str> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = from.to_vec();
    while let Some(name) = open.pop() {
        if flow.of(name) != Dependence::Data || Some(name) == wall || !seen.insert(name) {
            continue;
        }
        if let Some(node) = index.maker(name) {
            open.extend(node.reads());
        }
    }
    seen
}

/// Values that depend on the image and that a run can hand out, in topological order.
pub(crate) fn flow_data_values(graph: &Graph) -> Vec<String> {
    let flow = graph.flow();
    graph
        .nodes()
        .flat_map(|node| node.outputs())
        .filter(|name| !name.is_empty() && flow.of(name) == Dependence::Data)
        .cloned()
        .collect()
}
