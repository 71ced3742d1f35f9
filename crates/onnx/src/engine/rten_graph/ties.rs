//! `ArgMax` and `ArgMin` of equal values.
//!
//! ONNX takes the first of equal values unless `select_last_index` is set; rten takes the last, and refuses that
//! attribute. CLIP's text tower finds the end of a text so, and its padding is the same token: with the last one taken
//! every text's vector would be that of the last position, without an error.
use super::emit::Emit;
use super::facts::Facts;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::AttributeProto;

/// Over the reversed axis the last of equal values is the first of the axis itself, counted from its end.
pub(super) fn rewrite(node: &Node<'_>, _facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(false) };
    if !node.is("ArgMax") && !node.is("ArgMin") {
        return Ok(false);
    }
    let mut attributes = node.proto().attribute.clone();
    attributes.retain(|attribute| attribute.name() != "select_last_index");
    if node.int("select_last_index").unwrap_or(0) != 0 {
        emit.into(node.op_type(), &[input], output, attributes);
        return Ok(true);
    }
    let axis = node.int("axis").unwrap_or(0);
    let from = emit.ints(&[-1]);
    // Before the first place, in the 32 bits that the engine counts with.
    let to = emit.ints(&[i64::from(i32::MIN)]);
    let axes = emit.ints(&[axis]);
    let back = emit.ints(&[-1]);
    let reversed = emit.node("Slice", &[input, &from, &to, &axes, &back], Vec::new());
    let last = emit.node(node.op_type(), &[&reversed], attributes);
    let shape = emit.node("Shape", &[input], Vec::new());
    let (at, one) = (emit.int(axis), emit.int(1));
    let size = emit.node("Gather", &[&shape, &at], vec![AttributeProto::int("axis", 0)]);
    let top = emit.node("Sub", &[&size, &one], Vec::new());
    emit.into("Sub", &[&top, &last], output, Vec::new());
    Ok(true)
}
