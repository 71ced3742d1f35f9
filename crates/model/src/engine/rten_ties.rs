//! `ArgMax` and `ArgMin` of equal values.
//!
//! ONNX takes the first of equal values unless `select_last_index` is set; rten takes the last, and refuses that
//! attribute. CLIP's text tower finds the end of a text so, and its padding is the same token: with the last one taken
//! every text's vector would be that of the last position, without an error.
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, NodeProto, TensorProto};
use ndarray::{arr0, arr1};

/// Nodes and constants with the meaning of ONNX. Over the reversed axis the last of equal values is the first of the
/// axis itself, counted from its end. `None` where the node is no such operator.
pub(super) fn of_equals(
    proto: &NodeProto,
    place: usize,
) -> Option<(Vec<NodeProto>, Vec<TensorProto>)> {
    let node = Node::new(place, proto);
    if !node.is("ArgMax") && !node.is("ArgMin") {
        return None;
    }
    let mut arg = proto.clone();
    arg.attribute.retain(|attribute| attribute.name() != "select_last_index");
    if node.int("select_last_index").unwrap_or(0) != 0 {
        return Some((vec![arg], Vec::new()));
    }
    let (input, output) = (node.input(0)?, node.output(0)?);
    let axis = node.int("axis").unwrap_or(0);
    let name = |part: &str| format!("rightly.ties{place}.{part}");
    let [from, to, axes, back, at, one] = ["from", "to", "axes", "back", "at", "one"].map(name);
    let list = |name: &str, value: i64| TensorProto::from_i64(name, &arr1(&[value]).into_dyn());
    let single = |name: &str, value: i64| TensorProto::from_i64(name, &arr0(value).into_dyn());
    let constants = vec![
        list(&from, -1),
        // Before the first place, in the 32 bits that the engine counts with.
        list(&to, i64::from(i32::MIN)),
        list(&axes, axis),
        list(&back, -1),
        single(&at, axis),
        single(&one, 1),
    ];
    let [reversed, last, shape, size, top] = ["reversed", "last", "shape", "size", "top"].map(name);
    arg.input = vec![reversed.clone()];
    arg.output = vec![last.clone()];
    let gather = vec![AttributeProto::int("axis", 0)];
    let nodes = vec![
        NodeProto::of("Slice", &[input, &from, &to, &axes, &back], &reversed, Vec::new()),
        arg,
        NodeProto::of("Shape", &[input], &shape, Vec::new()),
        NodeProto::of("Gather", &[&shape, &at], &size, gather),
        NodeProto::of("Sub", &[&size, &one], &top, Vec::new()),
        NodeProto::of("Sub", &[&top, &last], output, Vec::new()),
    ];
    Some((nodes, constants))
}
