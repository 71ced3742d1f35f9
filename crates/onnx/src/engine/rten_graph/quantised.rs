//! Quantisation by the quotient, as ONNX defines it.
//!
//! rten multiplies by the reciprocal of the scale, so that values between two steps fall to another one than with the
//! quotient, and bytes of values far outside wrap around (`ops/quantize.rs` and `quantize.rs` of rten-vecmath 0.27).
//! Its `DynamicQuantizeLinear` of nothing but zeros has the scale 0.
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, TensorProto, data_type};

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    Ok(match node.op_type() {
        "QuantizeLinear" => by_quotient(node, facts, emit)?,
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

/// Quotients within what is another byte: beyond, all are the smallest or largest one for every zero point.
fn near(emit: &mut Emit, quotient: &str) -> String {
    let (low, high) = (emit.float(-512.0), emit.float(512.0));
    emit.node("Clip", &[quotient, &low, &high], Vec::new())
}

/// Quantises quotients: by the scale 1, and within what a byte holds, where the engine does as ONNX does.
fn steps(emit: &mut Emit, quotient: &str, zero: &str, output: &str) {
    let near = near(emit, quotient);
    let one = emit.float(1.0);
    emit.into("QuantizeLinear", &[&near, &one, zero], output, Vec::new());
}

fn by_quotient(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let (Some(input), Some(scale), Some(output)) = (node.input(0), node.input(1), node.output(0))
    else {
        return Ok(false);
    };
    let kind = node.int("output_dtype").filter(|&kind| kind != 0);
    let kind = kind.map_or(data_type::UINT8, |kind| kind as i32);
    let zero = match node.input(2) {
        Some(zero) => zero.to_owned(),
        None if matches!(kind, data_type::UINT8 | data_type::INT8) => byte(emit, kind),
        None => return Ok(false),
    };
    // Before opset 13 there is one scale for all, whatever its shape.
    let single = |sizes: &[Option<usize>]| sizes.iter().all(|&size| size == Some(1));
    let one = facts.opset < 13 || facts.shape(scale).is_some_and(single);
    if !one {
        return by_channel(node, facts, emit, &zero);
    }
    let flat = emit.ints(&[]);
    let scale = emit.node("Reshape", &[scale, &flat], Vec::new());
    let zero = emit.node("Reshape", &[&zero, &flat], Vec::new());
    let shape = emit.node("Shape", &[input], Vec::new());
    let scale = emit.node("Expand", &[&scale, &shape], Vec::new());
    let quotient = emit.node("Div", &[input, &scale], Vec::new());
    steps(emit, &quotient, &zero, output);
    Ok(true)
}

/// One scale for each place of an axis; a single one does as well.
fn by_channel(
    node: &Node<'_>,
    facts: &Facts,
    emit: &mut Emit,
    zero: &str,
) -> Result<bool, OnnxError> {
    let (Some(input), Some(scale), Some(output)) = (node.input(0), node.input(1), node.output(0))
    else {
        return Ok(false);
    };
    if node.int("block_size").unwrap_or(0) != 0 || facts.rank(scale).is_some_and(|axes| axes > 1) {
        // The engine says that it has no blocks.
        return Ok(false);
    }
    let axis = node.int("axis").unwrap_or(1);
    let rank = facts.rank(input);
    let place = rank.and_then(|rank| {
        let axis = if axis < 0 { axis + rank as i64 } else { axis };
        Some((usize::try_from(axis).ok().filter(|&axis| axis < rank)?, rank))
    });
    let Some((place, rank)) = place else {
        let what = "one scale for each channel of a value whose number of axes is not known";
        return Err(unsupported(node, what));
    };
    let mut shape = vec![1; rank];
    shape[place] = -1;
    let shape = emit.ints(&shape);
    let scales = emit.node("Reshape", &[scale, &shape], Vec::new());
    let shape = emit.node("Shape", &[input], Vec::new());
    let scales = emit.node("Expand", &[&scales, &shape], Vec::new());
    let quotient = emit.node("Div", &[input, &scales], Vec::new());
    let near = near(emit, &quotient);
    let one = emit.float(1.0);
    let shape = emit.node("Shape", &[scale], Vec::new());
    let ones = emit.node("Expand", &[&one, &shape], Vec::new());
    let mut proto = node.proto().clone();
    proto.input = vec![near, ones, zero.to_owned()];
    output.clone_into(&mut proto.output[0]);
    emit.keep(proto);
    Ok(true)
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
