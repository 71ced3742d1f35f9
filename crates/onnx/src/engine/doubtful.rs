//! What ONNX defines in one way and all engines compute in another: refused for every engine.
use crate::OnnxError;
use crate::graph::Graph;
use crate::graph::node::Node;

/// Refuses a graph with such a node.
pub(super) fn check(engine: &'static str, graph: &Graph) -> Result<(), OnnxError> {
    let corners = |node: &Node<'_>| {
        let mode = "coordinate_transformation_mode";
        node.is("Resize")
            && node.string("mode").is_some_and(|mode| mode != "nearest")
            && node.string(mode) == Some("align_corners")
            && node.input(2).is_some_and(|scales| !whole(graph, scales))
    };
    // ONNX Runtime 1.32 puts the values at their places in another size.
    let unpool = |node: &Node<'_>| node.is("MaxUnpool") && node.input(2).is_some();
    if let Some(node) = graph.nodes().find(unpool) {
        return Err(OnnxError::Unsupported {
            what: format!("{engine}: output_shape"),
            op: node.op_type().to_owned(),
            node: node.name().to_owned(),
            hint: "export the model without it".to_owned(),
        });
    }
    let Some(node) = graph.nodes().find(corners) else { return Ok(()) };
    Err(OnnxError::Unsupported {
        // ONNX aligns the corners of a size that is no whole number; ONNX Runtime and rten those of the whole output.
        what: format!("{engine}: align_corners with scales that are computed or no whole numbers"),
        op: node.op_type().to_owned(),
        node: node.name().to_owned(),
        hint: "export the model with the sizes of the output instead of scales".to_owned(),
    })
}

/// Whether scales are constants and whole numbers (none at all where sizes are given).
fn whole(graph: &Graph, scales: &str) -> bool {
    graph.constant_f32(scales).is_some_and(|scales| scales.iter().all(|scale| scale.fract() == 0.0))
}
