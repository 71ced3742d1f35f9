//! What is refused when a model is read, with a sentence that says why.
use super::node::Node;
use super::proto::{GraphProto, ModelProto, TensorProto, attribute_type};
use super::{OPSETS, external};
use crate::OnnxError;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

fn invalid(path: &Path, message: impl Into<String>) -> OnnxError {
    OnnxError::Invalid { path: path.to_owned(), message: message.into() }
}

/// Version of the standard operator set.
pub(super) fn opset(model: &ModelProto) -> Option<i64> {
    model
        .opset_import
        .iter()
        .find(|set| matches!(set.domain.as_deref(), None | Some("" | "ai.onnx")))
        .and_then(|set| set.version)
}

pub(super) fn decode(bytes: &[u8], path: &Path) -> Result<ModelProto, OnnxError> {
    if bytes.is_empty() {
        return Err(invalid(
            path,
            "the file is empty; expected an ONNX model (its download may have failed)",
        ));
    }
    if bytes.starts_with(b"version https://git-lfs") {
        return Err(invalid(
            path,
            "the file is a Git LFS pointer, not the model; fetch it with 'git lfs pull'",
        ));
    }
    let model = ModelProto::decode(bytes).map_err(|error| {
        invalid(
            path,
            format!("this is no ONNX model: {error}; give the .onnx file that the exporter wrote"),
        )
    })?;
    let graph = model.graph.as_ref();
    if graph.is_none_or(|graph| graph.node.is_empty() || graph.input.is_empty()) {
        return Err(invalid(
            path,
            "this is no ONNX model: it has no graph, inputs or nodes; give the .onnx file that the exporter wrote",
        ));
    }
    Ok(model)
}

pub(super) fn check(model: &mut ModelProto, path: &Path) -> Result<(), OnnxError> {
    match opset(model) {
        Some(version) if OPSETS.contains(&version) => {}
        version => {
            let found =
                version.map_or_else(|| "none".to_owned(), |version| format!("opset {version}"));
            return Err(invalid(
                path,
                format!(
                    "operator set of the standard domain: expected opset {} to {}, found {found}; export again with \
                     opset_version=17, or convert with onnx.version_converter",
                    OPSETS.start(),
                    OPSETS.end()
                ),
            ));
        }
    }
    let Some(graph) = model.graph.as_mut() else {
        return Err(invalid(path, "the model has no graph, inputs or nodes"));
    };
    check_elements(graph).map_err(|message| invalid(path, message))?;
    check_graph(graph).map_err(|message| invalid(path, message))
}

/// As many elements as the shape says, in every tensor, and attributes of their types, in bodies too: engines trust them.
fn check_elements(graph: &GraphProto) -> Result<(), String> {
    for tensor in &graph.initializer {
        tensor.check_elements(tensor.name())?;
    }
    for sparse in &graph.sparse_initializer {
        for tensor in sparse.values.iter().chain(&sparse.indices) {
            tensor.check_elements(tensor.name())?;
        }
    }
    for (index, proto) in graph.node.iter().enumerate() {
        let node = Node::new(index, proto);
        let name = node.output(0).unwrap_or_else(|| node.name());
        check_attributes(&node)?;
        for attribute in &proto.attribute {
            let sparse = attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors);
            let sparse = sparse.flat_map(|sparse| sparse.values.iter().chain(&sparse.indices));
            for tensor in attribute.t.iter().chain(&attribute.tensors).chain(sparse) {
                tensor.check_elements(name)?;
            }
            for inner in attribute.g.iter().chain(&attribute.graphs) {
                check_elements(inner)?;
            }
        }
    }
    Ok(())
}

/// Whether the attributes that mean the same in every operator of the standard have its type: an engine that looks for
/// another one takes the default instead.
fn check_attributes(node: &Node<'_>) -> Result<(), String> {
    if !matches!(node.proto().domain.as_deref(), None | Some("" | "ai.onnx")) {
        return Ok(());
    }
    for attribute in &node.proto().attribute {
        let name = attribute.name.as_deref().unwrap_or("");
        let (expected, words) = match name {
            "strides" | "pads" | "dilations" | "kernel_shape" | "output_padding" | "axes"
            | "perm" => (attribute_type::INTS, "a list of integers"),
            "group" | "axis" | "keepdims" | "ceil_mode" | "count_include_pad" | "transA"
            | "transB" => (attribute_type::INT, "an integer"),
            "epsilon" | "momentum" => (attribute_type::FLOAT, "a number"),
            "auto_pad" => (attribute_type::STRING, "a word"),
            _ => continue,
        };
        // Files of the first exporters leave the type out.
        let of_caller = attribute.ref_attr_name.as_deref().is_some_and(|name| !name.is_empty());
        if attribute.r#type.is_some_and(|kind| kind != 0 && kind != expected) && !of_caller {
            return Err(format!(
                "{} '{}': the attribute '{name}' has another type than ONNX says; expected {words} (export the model again)",
                node.op_type(),
                node.name()
            ));
        }
    }
    Ok(())
}

fn check_graph(graph: &mut GraphProto) -> Result<(), String> {
    if graph.node.is_empty() {
        return Err("the graph has no nodes".to_owned());
    }
    let mut weights: HashSet<&str> = HashSet::new();
    for tensor in &graph.initializer {
        if tensor.name().is_empty() {
            return Err("an initializer has no name".to_owned());
        }
        if !weights.insert(tensor.name()) {
            return Err(format!("two initializers are named '{}'", tensor.name()));
        }
        tensor.shape()?;
    }
    let mut known: HashSet<&str> = weights.clone();
    for tensor in &graph.sparse_initializer {
        known.insert(tensor.values.as_ref().map_or("", TensorProto::name));
    }
    let mut any_input = false;
    for input in &graph.input {
        let name = input.name.as_deref().unwrap_or("");
        if name.is_empty() {
            return Err("a graph input has no name".to_owned());
        }
        any_input |= !weights.contains(name);
        known.insert(name);
    }
    if !any_input {
        return Err("the graph has no inputs: every one of them is a stored weight".to_owned());
    }
    if graph.output.is_empty() {
        return Err("the graph has no outputs".to_owned());
    }
    let mut made: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, proto) in graph.node.iter().enumerate() {
        let node = Node::new(index, proto);
        if node.op_type().is_empty() {
            return Err(format!("node {index} ('{}') has no operator", node.name()));
        }
        for name in node.outputs().iter().filter(|name| !name.is_empty()) {
            if known.contains(name.as_str()) || made.insert(name, index).is_some() {
                return Err(format!(
                    "value '{name}' is made twice, the second time by {} '{}'",
                    node.op_type(),
                    node.name()
                ));
            }
        }
    }
    let mut sorted = true;
    for (index, proto) in graph.node.iter().enumerate() {
        let node = Node::new(index, proto);
        for name in node.reads() {
            match made.get(name) {
                Some(&maker) => sorted &= maker < index,
                None if known.contains(name) => {}
                None => {
                    return Err(format!(
                        "{} '{}' reads '{name}', which no node makes and which is no input or weight",
                        node.op_type(),
                        node.name()
                    ));
                }
            }
        }
    }
    for output in &graph.output {
        let name = output.name.as_deref().unwrap_or("");
        if !made.contains_key(name) && !known.contains(name) {
            return Err(format!("no node makes the output '{name}'"));
        }
    }
    if !sorted {
        sort(graph)?;
    }
    Ok(())
}

/// Topological order, the lowest place first among nodes that are ready.
fn sort(graph: &mut GraphProto) -> Result<(), String> {
    let order = {
        let index = super::Index::new(graph);
        let count = graph.node.len();
        let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
        let mut wakes: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (place, proto) in graph.node.iter().enumerate() {
            for name in Node::new(place, proto).reads() {
                if let Some(maker) = index.maker(name)
                    && waits[place].insert(maker.index())
                {
                    wakes[maker.index()].push(place);
                }
            }
        }
        let mut ready: BTreeSet<usize> = (0..count).filter(|&i| waits[i].is_empty()).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(place) = ready.pop_first() {
            order.push(place);
            for &next in &wakes[place] {
                waits[next].remove(&place);
                if waits[next].is_empty() {
                    ready.insert(next);
                }
            }
        }
        if order.len() != count {
            let stuck = waits.iter().position(|w| !w.is_empty()).unwrap_or(0);
            let node = index.node(stuck);
            return Err(format!(
                "the graph runs in a circle through {} '{}'",
                node.op_type(),
                node.name()
            ));
        }
        order
    };
    let mut nodes: Vec<Option<_>> = std::mem::take(&mut graph.node).into_iter().map(Some).collect();
    graph.node = order.into_iter().filter_map(|i| nodes[i].take()).collect();
    Ok(())
}

/// Every tensor of a model, inner graphs included.
pub(super) fn each_tensor(
    graph: &mut GraphProto,
    visit: &mut dyn FnMut(&mut TensorProto) -> Result<(), OnnxError>,
) -> Result<(), OnnxError> {
    for tensor in &mut graph.initializer {
        visit(tensor)?;
    }
    for sparse in &mut graph.sparse_initializer {
        for tensor in sparse.values.iter_mut().chain(&mut sparse.indices) {
            visit(tensor)?;
        }
    }
    for node in &mut graph.node {
        for attribute in &mut node.attribute {
            for tensor in attribute.t.iter_mut().chain(&mut attribute.tensors) {
                visit(tensor)?;
            }
            for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                each_tensor(inner, visit)?;
            }
        }
    }
    Ok(())
}

/// Whether a tensor's elements lie in another file.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location == Some(external::EXTERNAL)
}
