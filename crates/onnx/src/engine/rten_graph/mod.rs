//! What rten wants otherwise than exporters write it, and operators that it gives another meaning than ONNX does. The
//! meaning of the graph stays the same; what can't be written otherwise is refused before a run, by the node's name.
//!
//! | module | subject |
//! |---|---|
//! | `facts` | element types, shapes and constants, as far as they are known |
//! | `refused` | attributes, types and ranks that the engine would run with another meaning |
//! | `attributes` | defaults written out, old forms of operators in their new one |
//! | `casts` | casts to booleans and to the type of another value |
//! | `exact` | operators whose results differ at single values: signs, limits, whole quotients |
//! | `numbers` | what is no number stays none |
//! | `products` | single elements with several axes, products with vectors |
//! | `quantised` | quotients in quantisation |
//! | `shapes` | shapes of outputs |
//! | `resize` | resizing that the engine lacks, as products with matrices |
//! | `ties` | the first of equal values |
//! | `wide` | integers of more than 32 bits |
//! | `composed` | operators that the engine lacks, made of those it has |
mod attributes;
mod casts;
mod composed;
mod emit;
mod exact;
mod facts;
mod numbers;
mod products;
mod quantised;
mod refused;
mod resize;
mod shapes;
mod ties;
mod wide;

use super::name_node;
use crate::OnnxError;
use crate::graph::Graph;
use crate::graph::node::Node;
use crate::graph::proto::{GraphProto, ValueInfoProto, tensor_shape_proto, type_proto};
use emit::Emit;
use facts::Facts;
pub(super) use wide::stopped;

/// Takes the place of a node where it says so.
type Rule = fn(&Node<'_>, &Facts, &mut Emit) -> Result<bool, OnnxError>;

const RULES: [Rule; 9] = [
    numbers::rewrite,
    resize::rewrite,
    attributes::rewrite,
    casts::rewrite,
    exact::rewrite,
    products::rewrite,
    quantised::rewrite,
    ties::rewrite,
    composed::rewrite,
];

pub(super) fn rewrite(graph: &Graph) -> Result<Graph, OnnxError> {
    let mut graph = graph.clone();
    let mut facts = Facts::of(&graph);
    let mut place = 0;
    rewrite_graph(graph.proto_mut(), &mut facts, &mut place)?;
    if graph.opset() == 10 {
        // `Resize` has its new form now; nothing else that this engine reads by version changed.
        graph.set_opset(11);
    }
    Ok(graph)
}

fn rewrite_graph(
    graph: &mut GraphProto,
    facts: &mut Facts,
    place: &mut usize,
) -> Result<(), OnnxError> {
    facts.enter(graph);
    let nodes = std::mem::take(&mut graph.node);
    let mut new = Vec::with_capacity(nodes.len());
    for mut proto in nodes {
        name_node(&mut proto, *place);
        *place += 1;
        for attribute in &mut proto.attribute {
            for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                rewrite_graph(inner, facts, place)?;
            }
        }
        let node = Node::new(*place, &proto);
        facts.note(&node);
        if !node.domain().is_empty() {
            new.push(proto);
            continue;
        }
        refused::node(&node, facts)?;
        wide::note(&node, facts)?;
        let guarded = wide::needs_guard(&node, facts)?;
        let mut emit = Emit::new(&node, *place);
        let mut replaced = false;
        for rule in RULES {
            if rule(&node, facts, &mut emit)? {
                replaced = true;
                break;
            }
        }
        if !replaced {
            emit.keep(proto.clone());
        }
        if guarded {
            wide::guard(&node, &mut emit);
        }
        new.append(&mut emit.nodes);
        graph.initializer.append(&mut emit.constants);
    }
    graph.node = new;
    forget_shapes(graph);
    Ok(())
}

/// Leaves out what the file says of shapes: the engine's optimiser believes it, and where exporters are wrong (the batch
/// of the export, one name for two sizes) it would compute with it. It infers shapes itself.
fn forget_shapes(graph: &mut GraphProto) {
    graph.value_info.clear();
    for output in &mut graph.output {
        if let Some(tensor) = tensor_type(output) {
            tensor.shape = None;
        }
    }
    for input in &mut graph.input {
        let shape = tensor_type(input).and_then(|tensor| tensor.shape.as_mut());
        for dim in shape.into_iter().flat_map(|shape| &mut shape.dim) {
            if matches!(dim.value, Some(tensor_shape_proto::Value::DimParam(_))) {
                dim.value = None;
            }
        }
    }
}

fn tensor_type(value: &mut ValueInfoProto) -> Option<&mut type_proto::Tensor> {
    match value.r#type.as_mut()?.value.as_mut()? {
        type_proto::Value::TensorType(tensor) => Some(tensor),
        _ => None,
    }
}

/// What this engine does not run as ONNX means it.
fn unsupported(node: &Node<'_>, what: impl Into<String>) -> OnnxError {
    OnnxError::Unsupported {
        what: format!("rten: {}", what.into()),
        op: node.op_type().to_owned(),
        node: node.name().to_owned(),
        hint: "use '--engine onnxruntime', or export the model with other operators".to_owned(),
    }
}
