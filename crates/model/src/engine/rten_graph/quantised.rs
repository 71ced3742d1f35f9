//! Quantisation by the quotient, as ONNX defines it.
//!
//! rten multiplies by the reciprocal of the scale, so that values between two steps fall to another one than with the
//! quotient, and bytes of values far outside wrap around (`ops/quantize.rs` and `quantize.rs` of rten-vecmath 0.27).
//! Its `DynamicQuantizeLinear` of nothing but zeros has the scale 0.
use super::emit::Emit;
use super::facts::Facts;
use crate::ModelError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, TensorProto, data_type};

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, ModelError> {
    Ok(match node.op_type() {
        "QuantizeLinear" => by_quotient(node, facts, emit).is_some(),
        "DynamicQuantizeLinear" => by_range(node, emit).is_some(),
        _ => false,
    })
}

/// A constant byte.
fn byte(emit: &mut Emit, kind: i32) -> String {
    emit.constant(TensorProto {
        data_type: Some(kind),
        raw_data: Some(vec![0]),
        ..TensorProto::default()
    })
}

/// Quantises quotients: by the scale 1, and within what a byte holds, where the engine does as ONNX does.
fn steps(emit: &mut Emit, quotient: &str, zero: &str, output: &str) {
    // Beyond these all values are the smallest or largest byte for every zero point.
    let (low, high) = (emit.float(-512.0), emit.float(512.0));
    let near = emit.node("Clip", &[quotient, &low, &high], Vec::new());
    let one = emit.float(1.0);
    emit.into("QuantizeLinear", &[&near, &one, zero], output, Vec::new());
}

fn by_quotient(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (input, scale, output) = (node.input(0)?, node.input(1)?, node.output(0)?);
    let kind = node.int("output_dtype").filter(|&kind| kind != 0);
    let kind = kind.map_or(data_type::UINT8, |kind| kind as i32);
    let zero = match node.input(2) {
        Some(zero) => zero.to_owned(),
        None if matches!(kind, data_type::UINT8 | data_type::INT8) => byte(emit, kind),
        None => return None,
    };
    let one = facts.shape(scale)?.iter().all(|size| *size == Some(1));
    if !one {
        // One scale a channel: the attribute says the axis.
        let mut proto = node.proto().clone();
        proto.input.truncate(2);
        proto.input.push(zero);
        emit.keep(proto);
        return Some(());
    }
    let flat = emit.ints(&[]);
    let scale = emit.node("Reshape", &[scale, &flat], Vec::new());
    let zero = emit.node("Reshape", &[&zero, &flat], Vec::new());
    let shape = emit.node("Shape", &[input], Vec::new());
    let scale = emit.node("Expand", &[&scale, &shape], Vec::new());
    let quotient = emit.node("Div", &[input, &scale], Vec::new());
    steps(emit, &quotient, &zero, output);
    Some(())
}

/// The operator's definition, with the scale 1 where there is nothing but zeros.
fn by_range(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let input = node.input(0)?;
    let keep = || vec![AttributeProto::int("keepdims", 0)];
    let (nothing, most, unit) = (emit.float(0.0), emit.float(255.0), emit.float(1.0));
    let low = emit.node("ReduceMin", &[input], keep());
    let low = emit.node("Min", &[&low, &nothing], Vec::new());
    let high = emit.node("ReduceMax", &[input], keep());
    let high = emit.node("Max", &[&high, &nothing], Vec::new());
    let range = emit.node("Sub", &[&high, &low], Vec::new());
    // Two elements, so that the quotient is one.
    let two = emit.ints(&[2]);
    let ranges = emit.node("Expand", &[&range, &two], Vec::new());
    let mosts = emit.node("Expand", &[&most, &two], Vec::new());
    let scales = emit.node("Div", &[&ranges, &mosts], Vec::new());
    let first = emit.int(0);
    let scale = emit.node("Gather", &[&scales, &first], vec![AttributeProto::int("axis", 0)]);
    let flat = emit.node("Equal", &[&range, &nothing], Vec::new());
    let scale_out = node.output(1).map(str::to_owned);
    let scale = match scale_out {
        Some(name) => {
            emit.into("Where", &[&flat, &unit, &scale], &name, Vec::new());
            name
        }
        None => emit.node("Where", &[&flat, &unit, &scale], Vec::new()),
    };
    let lows = emit.node("Expand", &[&low, &two], Vec::new());
    let scales = emit.node("Expand", &[&scale, &two], Vec::new());
    let offsets = emit.node("Div", &[&lows, &scales], Vec::new());
    let offset = emit.node("Gather", &[&offsets, &first], vec![AttributeProto::int("axis", 0)]);
    let zero = emit.node("Sub", &[&nothing, &offset], Vec::new());
    let zero = emit.node("Clip", &[&zero, &nothing, &most], Vec::new());
    let zero = emit.node("Round", &[&zero], Vec::new());
    let bytes = vec![AttributeProto::int("to", i64::from(data_type::UINT8))];
    let zero = match node.output(2) {
        Some(name) => {
            emit.into("Cast", &[&zero], name, bytes);
            name.to_owned()
        }
        None => emit.node("Cast", &[&zero], bytes),
    };
    let shape = emit.node("Shape", &[input], Vec::new());
    let scales = emit.node("Expand", &[&scale, &shape], Vec::new());
    let quotient = emit.node("Div", &[input, &scales], Vec::new());
    steps(emit, &quotient, &zero, node.output(0)?);
    Some(())
}
