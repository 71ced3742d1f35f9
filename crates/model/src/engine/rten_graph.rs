//! What rten wants otherwise than exporters write it: defaults written out, old operator forms in their new one,
//! evaluation semantics. The meaning of the graph stays the same.
use super::rten_ties;
use crate::ModelError;
use crate::graph::Graph;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, NodeProto, attribute_type};
use std::collections::HashMap;

pub(super) fn rewrite(graph: &Graph) -> Result<Graph, ModelError> {
    let mut graph = graph.clone();
    let opset = graph.opset();
    let ranks = ranks(&graph);
    let kernels = kernel_sizes(&graph);
    let nodes = std::mem::take(&mut graph.proto_mut().node);
    let mut new = Vec::with_capacity(nodes.len());
    let mut constants = Vec::new();
    for (index, mut proto) in nodes.into_iter().enumerate() {
        name_node(&mut proto, index);
        if matches!(proto.domain.as_deref(), None | Some("" | "ai.onnx")) {
            refuse(&Node::new(index, &proto))?;
            match proto.op_type.as_deref().unwrap_or("") {
                "Conv" | "ConvTranspose" | "ConvInteger" => convolution(&mut proto, &kernels),
                "MaxPool" | "AveragePool" => pooling(&mut proto),
                "Resize" if opset == 10 => old_resize(&mut proto),
                "Softmax" | "LogSoftmax" if opset < 13 => {
                    let rank = ranks.get(&proto.input[0]).copied();
                    new.extend(old_softmax(proto, rank, index));
                    continue;
                }
                "Split" => split(&mut proto),
                "ArgMax" | "ArgMin" => {
                    if let Some((nodes, weights)) = rten_ties::of_equals(&proto, index) {
                        new.extend(nodes);
                        constants.extend(weights);
                        continue;
                    }
                }
                _ => {}
            }
        }
        new.push(proto);
    }
    graph.proto_mut().node = new;
    graph.proto_mut().initializer.extend(constants);
    if opset == 10 {
        // `Resize` has its new form now; nothing else that this engine reads by version changed.
        graph.set_opset(11);
    }
    Ok(graph)
}

/// A name, so that the engine's messages can point at the node.
fn name_node(proto: &mut NodeProto, index: usize) {
    if proto.name.as_deref().unwrap_or("").is_empty() {
        let output = proto.output.first().map_or("", String::as_str);
        proto.name = Some(format!("{output} (node {index})"));
    }
}

/// What rten would run with another meaning.
fn refuse(node: &Node<'_>) -> Result<(), ModelError> {
    let what = if node.is("Resize") && node.string("mode") == Some("cubic") {
        "rten: cubic interpolation"
    } else if node.string("auto_pad") == Some("SAME_LOWER") && !unit_strides(node) {
        "rten: auto_pad SAME_LOWER with a stride"
    } else {
        return Ok(());
    };
    Err(ModelError::Unsupported {
        what: what.to_owned(),
        op: node.op_type().to_owned(),
        node: node.name().to_owned(),
        hint: "use '--engine onnxruntime'".to_owned(),
    })
}

fn unit_strides(node: &Node<'_>) -> bool {
    node.ints("strides").is_none_or(|strides| strides.iter().all(|&stride| stride == 1))
}

fn attribute<'a>(proto: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    proto.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

fn set_ints(proto: &mut NodeProto, name: &str, ints: Vec<i64>) {
    proto.attribute.retain(|attribute| attribute.name.as_deref() != Some(name));
    proto.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INTS),
        ints,
        ..AttributeProto::default()
    });
}

fn set_int(proto: &mut NodeProto, name: &str, i: i64) {
    proto.attribute.retain(|attribute| attribute.name.as_deref() != Some(name));
    proto.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::INT),
        i: Some(i),
        ..AttributeProto::default()
    });
}

fn set_string(proto: &mut NodeProto, name: &str, text: &str) {
    proto.attribute.retain(|attribute| attribute.name.as_deref() != Some(name));
    proto.attribute.push(AttributeProto {
        name: Some(name.to_owned()),
        r#type: Some(attribute_type::STRING),
        s: Some(text.as_bytes().to_vec()),
        ..AttributeProto::default()
    });
}

fn or_ones(proto: &mut NodeProto, name: &str, count: usize) {
    if attribute(proto, name).is_none_or(|attribute| attribute.ints.is_empty()) {
        set_ints(proto, name, vec![1; count]);
    }
}

/// Spatial sizes of the weights of convolutions: of weights and of dequantised weights.
fn kernel_sizes(graph: &Graph) -> HashMap<String, Vec<i64>> {
    let mut sizes = HashMap::new();
    let mut note = |name: &str, dims: &[i64]| {
        if dims.len() > 2 {
            sizes.insert(name.to_owned(), dims[2..].to_vec());
        }
    };
    for tensor in &graph.proto().initializer {
        note(tensor.name(), &tensor.dims);
    }
    for node in graph.nodes() {
        if let (Some(tensor), Some(name)) = (node.constant_value(), node.output(0)) {
            note(name, &tensor.dims);
        }
    }
    for node in graph.nodes() {
        let keeps_shape =
            ["DequantizeLinear", "Cast", "Identity", "QuantizeLinear"].iter().any(|op| node.is(op));
        if keeps_shape
            && let (Some(from), Some(to)) = (node.input(0), node.output(0))
            && let Some(size) = sizes.get(from).cloned()
        {
            sizes.insert(to.to_owned(), size);
        }
    }
    sizes
}

fn convolution(proto: &mut NodeProto, kernels: &HashMap<String, Vec<i64>>) {
    let kernel = attribute(proto, "kernel_shape")
        .map(|attribute| attribute.ints.clone())
        .filter(|ints| !ints.is_empty())
        .or_else(|| proto.input.get(1).and_then(|name| kernels.get(name)).cloned());
    let Some(kernel) = kernel else { return };
    or_ones(proto, "strides", kernel.len());
    or_ones(proto, "dilations", kernel.len());
    set_ints(proto, "kernel_shape", kernel.clone());
    padding(proto, &kernel);
}

fn pooling(proto: &mut NodeProto) {
    let kernel = attribute(proto, "kernel_shape").map(|attribute| attribute.ints.clone());
    let Some(kernel) = kernel else { return };
    or_ones(proto, "strides", kernel.len());
    padding(proto, &kernel);
}

fn padding(proto: &mut NodeProto, kernel: &[i64]) {
    let auto = Node::new(0, proto).string("auto_pad").map(str::to_owned);
    match auto.as_deref() {
        Some("SAME_LOWER") => {
            let dilations = attribute(proto, "dilations").map(|attribute| attribute.ints.clone());
            let total = |axis: usize| {
                let dilation = dilations.as_ref().and_then(|d| d.get(axis)).copied();
                (kernel[axis] - 1) * dilation.unwrap_or(1)
            };
            // With unit strides the padding does not depend on the size of the image: the odd one goes in front.
            let mut pads: Vec<i64> =
                (0..kernel.len()).map(|axis| total(axis) - total(axis) / 2).collect();
            pads.extend((0..kernel.len()).map(|axis| total(axis) / 2));
            set_string(proto, "auto_pad", "NOTSET");
            set_ints(proto, "pads", pads);
        }
        Some("SAME_UPPER") => {}
        _ => {
            if attribute(proto, "pads").is_none_or(|attribute| attribute.ints.is_empty()) {
                set_ints(proto, "pads", vec![0; 2 * kernel.len()]);
            }
        }
    }
}

/// Opset 10 has no `roi` between the input and the scales, and samples from the corner.
fn old_resize(proto: &mut NodeProto) {
    if proto.input.len() == 2 {
        proto.input.insert(1, String::new());
    }
    set_string(proto, "coordinate_transformation_mode", "asymmetric");
    set_string(proto, "nearest_mode", "floor");
}

/// Before opset 18 a `Split` without sizes is even over its outputs.
fn split(proto: &mut NodeProto) {
    let sizes = proto.input.get(1).is_some_and(|name| !name.is_empty())
        || attribute(proto, "split").is_some();
    if !sizes && attribute(proto, "num_outputs").is_none() {
        set_int(proto, "num_outputs", proto.output.len() as i64);
    }
}

/// Before opset 13 softmax ran over all axes from `axis` (default 1) on.
fn old_softmax(mut proto: NodeProto, rank: Option<usize>, index: usize) -> Vec<NodeProto> {
    let axis = attribute(&proto, "axis").and_then(|a| a.i).unwrap_or(1);
    let last = rank.is_some_and(|rank| axis == rank as i64 - 1) || axis == -1;
    if last {
        set_int(&mut proto, "axis", -1);
        return vec![proto];
    }
    let [shape, flat, soft] =
        ["shape", "flat", "soft"].map(|part| format!("rightly.softmax{index}.{part}"));
    let (input, output) = (proto.input[0].clone(), proto.output[0].clone());
    let make = |op: &str, name: &str, inputs: &[&String], output: &String| NodeProto {
        op_type: Some(op.to_owned()),
        name: Some(format!("{} {name}", proto.name.as_deref().unwrap_or(""))),
        input: inputs.iter().map(|&name| name.clone()).collect(),
        output: vec![output.clone()],
        ..NodeProto::default()
    };
    let shape_node = make("Shape", "shape", &[&input], &shape);
    let mut flatten = make("Flatten", "flatten", &[&input], &flat);
    set_int(&mut flatten, "axis", axis);
    let reshape = make("Reshape", "reshape", &[&soft, &shape], &output);
    set_int(&mut proto, "axis", -1);
    proto.input[0] = flat;
    proto.output[0] = soft;
    vec![shape_node, flatten, proto, reshape]
}

/// Declared ranks.
fn ranks(graph: &Graph) -> HashMap<String, usize> {
    let proto = graph.proto();
    [&proto.input, &proto.output, &proto.value_info]
        .into_iter()
        .flatten()
        .map(crate::graph::node::ValueSpec::from_proto)
        .filter_map(|spec| spec.shape.map(|shape| (spec.name, shape.len())))
        .collect()
}
