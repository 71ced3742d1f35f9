//! Attributes that exporters leave out, written out, and old forms of operators in their new one.
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, NodeProto, attribute_type};

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let mut proto = node.proto().clone();
    match node.op_type() {
        "Conv" | "ConvTranspose" => proto = convolution(node, facts)?,
        "ConvInteger" => {
            proto = convolution(node, facts)?;
            padded(node, &mut proto, emit)?;
        }
        "MaxPool" | "AveragePool" => pooling(&mut proto),
        "Resize" if facts.opset == 10 => old_resize(node, facts, &mut proto)?,
        "Softmax" | "LogSoftmax" if facts.opset < 13 => {
            return Ok(old_softmax(node, facts, emit).is_some());
        }
        "Split" => split(&mut proto),
        _ => return Ok(false),
    }
    emit.keep(proto);
    Ok(true)
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

/// Spatial sizes of a convolution's weights: as the node says, or as its weights are shaped.
fn kernel_of(node: &Node<'_>, facts: &Facts) -> Option<Vec<i64>> {
    if let Some(sizes) = node.ints("kernel_shape").filter(|sizes| !sizes.is_empty()) {
        return Some(sizes.to_vec());
    }
    let shape = facts.shape(node.input(1)?)?;
    shape.get(2..)?.iter().map(|size| size.and_then(|size| i64::try_from(size).ok())).collect()
}

fn convolution(node: &Node<'_>, facts: &Facts) -> Result<NodeProto, OnnxError> {
    let Some(kernel) = kernel_of(node, facts) else {
        return Err(unsupported(node, "kernel_shape is left out and the weights are computed"));
    };
    let mut proto = node.proto().clone();
    or_ones(&mut proto, "strides", kernel.len());
    or_ones(&mut proto, "dilations", kernel.len());
    set_ints(&mut proto, "kernel_shape", kernel.clone());
    padding(&mut proto, &kernel);
    Ok(proto)
}

/// Pads before a convolution of bytes. ONNX pads with the zero point; rten pads with a byte that is moved by 128 where the
/// image's bytes are not (`ConvInteger` in `ops/conv.rs` of rten 0.27).
fn padded(node: &Node<'_>, proto: &mut NodeProto, emit: &mut Emit) -> Result<(), OnnxError> {
    if node.string("auto_pad") == Some("SAME_UPPER") {
        return Err(unsupported(node, "auto_pad of bytes"));
    }
    let pads = attribute(proto, "pads").map_or_else(Vec::new, |attribute| attribute.ints.clone());
    let Some(input) = node.input(0).filter(|_| pads.iter().any(|&pad| pad != 0)) else {
        return Ok(());
    };
    let axes = pads.len() / 2;
    let mut all = vec![0, 0];
    all.extend(&pads[..axes]);
    all.extend([0, 0]);
    all.extend(&pads[axes..]);
    let all = emit.ints(&all);
    let zero = match node.input(2) {
        Some(zero) => {
            let flat = emit.ints(&[]);
            emit.node("Reshape", &[zero, &flat], Vec::new())
        }
        None => {
            let zero = emit.int(0);
            emit.node("CastLike", &[&zero, input], Vec::new())
        }
    };
    proto.input[0] = emit.node("Pad", &[input, &all, &zero], Vec::new());
    set_ints(proto, "pads", vec![0; pads.len()]);
    Ok(())
}

pub(super) fn pooling(proto: &mut NodeProto) {
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

/// Opset 10 has no `roi` between the input and the scales, and samples from the corner: the pixel before the place where
/// an axis grows, behind it where it shrinks.
fn old_resize(node: &Node<'_>, facts: &Facts, proto: &mut NodeProto) -> Result<(), OnnxError> {
    if node.string("mode") != Some("linear") {
        let scales = node.input(1).and_then(|name| facts.floats(name));
        let scales = scales.ok_or_else(|| unsupported(node, "computed scales of opset 10"))?;
        let (grows, shrinks) =
            (scales.iter().any(|&scale| scale > 1.0), scales.iter().any(|&scale| scale < 1.0));
        if grows && shrinks {
            return Err(unsupported(
                node,
                "nearest pixels of opset 10, larger and smaller at once",
            ));
        }
        set_string(proto, "nearest_mode", if shrinks { "ceil" } else { "floor" });
    }
    if proto.input.len() == 2 {
        proto.input.insert(1, String::new());
    }
    set_string(proto, "coordinate_transformation_mode", "asymmetric");
    Ok(())
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
fn old_softmax(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (input, output) = (node.input(0)?, node.output(0)?);
    let axis = node.int("axis").unwrap_or(1);
    let mut proto = node.proto().clone();
    set_int(&mut proto, "axis", -1);
    let last = facts.rank(input).is_some_and(|rank| axis == rank as i64 - 1) || axis == -1;
    if last {
        emit.keep(proto);
        return Some(());
    }
    let shape = emit.node("Shape", &[input], Vec::new());
    let flat = emit.node("Flatten", &[input], vec![AttributeProto::int("axis", axis)]);
    let soft = emit.node(node.op_type(), &[&flat], vec![AttributeProto::int("axis", -1)]);
    emit.into("Reshape", &[&soft, &shape], output, Vec::new());
    Some(())
}
