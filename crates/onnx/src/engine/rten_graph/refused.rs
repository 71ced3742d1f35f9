//! What the engine would run with another meaning, and can't be written otherwise.
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;

/// Attributes and types that a node may not have.
pub(super) fn node(node: &Node<'_>, facts: &Facts) -> Result<(), OnnxError> {
    let what = match node.op_type() {
        // It keeps one class and batch, and boxes with exchanged corners (`ops/non_max_suppression.rs`).
        "NonMaxSuppression" => "boxes of several classes or with exchanged corners",
        // Positions from the end are off by one (`ops/sequence.rs`).
        "SequenceErase" | "SequenceInsert" => "positions in a sequence",
        "Conv" | "ConvTranspose" | "ConvInteger" | "MaxPool" | "AveragePool"
            if spatial_axes(node, facts).is_some_and(|axes| axes > 2) =>
        {
            "three axes of space"
        }
        _ if node.string("auto_pad") == Some("SAME_LOWER") && !unit_strides(node) => {
            "auto_pad SAME_LOWER with a stride"
        }
        _ => return Ok(()),
    };
    Err(unsupported(node, what))
}

fn unit_strides(node: &Node<'_>) -> bool {
    node.ints("strides").is_none_or(|strides| strides.iter().all(|&stride| stride == 1))
}

fn spatial_axes(node: &Node<'_>, facts: &Facts) -> Option<usize> {
    let kernel = node.ints("kernel_shape").map(<[i64]>::len);
    kernel.or_else(|| node.input(1).and_then(|weights| facts.rank(weights)?.checked_sub(2)))
}
