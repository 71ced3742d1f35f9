//! The nodes that a gradient flows through, found without running anything.
use super::{Needs, Rule, rules};
use crate::engine::Value;
use crate::graph::node::Node;
use crate::graph::proto::data_type;
use crate::{Graph, OnnxError};
use std::collections::{HashMap, HashSet};

/// A node that a gradient flows through.
pub(super) struct Step {
    pub(super) node: usize,
    pub(super) needs: Needs,
    pub(super) rule: Rule,
    /// Places in [`Trace::names`].
    pub(super) inputs: Vec<Option<usize>>,
    pub(super) outputs: Vec<Option<usize>>,
    /// Inputs that get a gradient.
    pub(super) wants: Vec<bool>,
}

/// The way from an output back to a layer, by places of values.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) names: Vec<String>,
    /// Weights and other constants.
    pub(super) constants: Vec<Option<Value>>,
    /// Values that depend on the source's elements.
    pub(super) live: Vec<bool>,
    pub(super) layer: usize,
    pub(super) output: usize,
    /// In topological order.
    pub(super) steps: Vec<Step>,
}

impl Trace {
    /// `graph` begins at `source` and ends at `output`.
    ///
    /// # Errors
    /// As [`super::tape::Tape::new`].
    pub(super) fn new(
        graph: &Graph,
        source: &str,
        layer: &str,
        output: &str,
    ) -> Result<Self, OnnxError> {
        let live = live_values(graph, |name| name == source);
        let carried = carried(graph, layer, output);
        let mut trace = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut place = |name: &str, trace: &mut Self| {
            *places.entry(name.to_owned()).or_insert_with(|| {
                trace.names.push(name.to_owned());
                trace.constants.push(constant(graph, name));
                trace.live.push(live.contains(name));
                trace.names.len() - 1
            })
        };
        trace.layer = place(layer, &mut trace);
        trace.output = place(output, &mut trace);
        for node in graph.nodes() {
            let gives = node.outputs().iter().any(|name| carried.contains(name.as_str()));
            // Inner graphs (`If`, `Loop`) may read a value that is no input of the node.
            let reads = node.reads().iter().any(|name| carried.contains(*name));
            if !gives || !reads || rules::is_flat(node.op_type()) {
                continue;
            }
            let found = if node.domain().is_empty() { rules::rule(node.op_type()) } else { None };
            let Some((needs, rule)) = found else {
                return Err(unsupported(node, "the gradient of the CAM".to_owned()));
            };
            let wants = node.inputs().iter().map(|name| carried.contains(name.as_str())).collect();
            let mut list = |names: &[String]| -> Vec<Option<usize>> {
                names
                    .iter()
                    .map(|name| (!name.is_empty()).then(|| place(name, &mut trace)))
                    .collect()
            };
            let (inputs, outputs) = (list(node.inputs()), list(node.outputs()));
            trace.steps.push(Step { node: node.index(), needs, rule, inputs, outputs, wants });
        }
        if trace.steps.is_empty() && layer != output {
            return Err(graph.invalid(format!("no gradient flows from '{output}' to '{layer}'")));
        }
        Ok(trace)
    }
}

/// A node without a rule.
pub(super) fn unsupported(node: Node<'_>, what: String) -> OnnxError {
    OnnxError::Unsupported {
        what,
        op: node.op_type().to_owned(),
        node: node.name().to_owned(),
        hint: "'--cam eigen' needs no gradient".to_owned(),
    }
}

/// A weight or constant as a value of a run; integers stay integers.
fn constant(graph: &Graph, name: &str) -> Option<Value> {
    let tensor = graph.constant(name)?;
    let float = matches!(
        tensor.data_type,
        Some(data_type::FLOAT | data_type::FLOAT16 | data_type::BFLOAT16 | data_type::DOUBLE)
    );
    if float { tensor.to_f32().ok().map(Value::F32) } else { tensor.to_i64().ok().map(Value::I64) }
}

/// Values whose elements depend on the elements of the inputs that `from` picks.
pub(super) fn live_values(graph: &Graph, from: impl Fn(&str) -> bool) -> HashSet<String> {
    let mut live: HashSet<String> =
        graph.inputs().into_iter().map(|input| input.name).filter(|name| from(name)).collect();
    for node in graph.nodes() {
        if !node.is("Shape")
            && !node.is("Size")
            && node.reads().iter().any(|name| live.contains(*name))
        {
            live.extend(node.outputs().iter().filter(|name| !name.is_empty()).cloned());
        }
    }
    live
}

/// Values between the layer and the output, both included, that a gradient flows through.
fn carried(graph: &Graph, layer: &str, output: &str) -> HashSet<String> {
    let smooth = |node: &Node<'_>| !rules::is_flat(node.op_type());
    let mut above: HashSet<&str> = HashSet::from([layer]);
    for node in graph.nodes().filter(smooth) {
        if node.reads().iter().any(|name| above.contains(name)) {
            above.extend(node.outputs().iter().filter(|name| !name.is_empty()).map(String::as_str));
        }
    }
    let mut below: HashSet<&str> = HashSet::from([output]);
    for node in graph.nodes().rev().filter(smooth) {
        if node.outputs().iter().any(|name| below.contains(name.as_str())) {
            below.extend(node.reads());
        }
    }
    above.intersection(&below).map(|&name| name.to_owned()).collect()
}
