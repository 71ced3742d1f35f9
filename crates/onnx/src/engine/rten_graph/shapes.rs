//! Shapes of outputs, as far as a rewrite needs them: the number of axes, and sizes where they are plain.
use super::facts::Facts;
use crate::graph::node::Node;

type Shape = Vec<Option<usize>>;

/// Operators whose output has the shape of their first input.
const SAME: [&str; 52] = [
    "Abs",
    "Acos",
    "Acosh",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BatchNormalization",
    "Cast",
    "CastLike",
    "Ceil",
    "Celu",
    "Clip",
    "Cos",
    "Cosh",
    "CumSum",
    "DequantizeLinear",
    "Dropout",
    "DynamicQuantizeLinear",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LRN",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "Mish",
    "Neg",
    "Not",
    "PRelu",
    "QuantizeLinear",
    "Reciprocal",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softmax",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Tanh",
    "Trilu",
];
/// Operators whose output has as many axes as their first input.
const SAME_RANK: [&str; 25] = [
    "AveragePool",
    "Concat",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "DepthToSpace",
    "GlobalAveragePool",
    "GlobalLpPool",
    "GlobalMaxPool",
    "LpPool",
    "MaxPool",
    "Pad",
    "Resize",
    "ReverseSequence",
    "Scatter",
    "ScatterElements",
    "ScatterND",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Tile",
    "TopK",
    "Transpose",
    "Upsample",
    "LpNormalization",
];
/// Operators over several inputs that are brought to one shape.
const BROADCAST: [&str; 19] = [
    "Add",
    "And",
    "Div",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "Max",
    "Mean",
    "Min",
    "Mod",
    "Mul",
    "Or",
    "Pow",
    "Sub",
    "Sum",
    "Where",
    "Xor",
];

/// Shape of the outputs of a node; all outputs that these operators have are of one rank.
pub(super) fn of_output(node: &Node<'_>, facts: &Facts) -> Option<Shape> {
    if !node.domain().is_empty() {
        return None;
    }
    let op = node.op_type();
    let first = || node.input(0).and_then(|name| facts.shape(name)).map(<[_]>::to_vec);
    let rank = |count: usize| Some(vec![None; count]);
    let of = |place: usize| facts.rank(node.input(place)?);
    if SAME.contains(&op) {
        return first();
    }
    if SAME_RANK.contains(&op) {
        return rank(of(0)?);
    }
    if BROADCAST.contains(&op) {
        return broadcast(node, facts);
    }
    match op {
        "Flatten" | "Gemm" | "NonZero" => rank(2),
        "Shape" | "Range" => rank(1),
        "Size" => rank(0),
        "MatMul" | "MatMulInteger" => match (of(0)?, of(1)?) {
            (1, 1) => rank(0),
            (a, 1) => rank(a.checked_sub(1)?),
            (1, b) => rank(b.checked_sub(1)?),
            (a, b) => rank(a.max(b)),
        },
        "Reshape" => reshaped(facts, node.input(1)?),
        "ConstantOfShape" => reshaped(facts, node.input(0)?),
        "Expand" => rank(of(0)?.max(axes(facts, node.input(1)?)?)),
        "Gather" => rank((of(0)? + of(1)?).checked_sub(1)?),
        "GatherElements" => rank(of(1)?),
        "Unsqueeze" => rank(of(0)? + listed(node, facts)?.len()),
        "Squeeze" => rank(of(0)?.checked_sub(listed(node, facts)?.len())?),
        _ if op.starts_with("Reduce") => reduced(node, facts, of(0)?),
        "ArgMax" | "ArgMin" => {
            rank(of(0)?.checked_sub(usize::from(node.int("keepdims") == Some(0)))?)
        }
        _ => None,
    }
}

/// Axes that a node lists in an attribute or in its second input.
fn listed(node: &Node<'_>, facts: &Facts) -> Option<Vec<i64>> {
    match node.ints("axes") {
        Some(axes) => Some(axes.to_vec()),
        None => facts.ints(node.input(1)?),
    }
}

fn reduced(node: &Node<'_>, facts: &Facts, rank: usize) -> Option<Shape> {
    if node.int("keepdims") != Some(0) {
        return Some(vec![None; rank]);
    }
    let all = node.ints("axes").is_none() && node.input(1).is_none();
    let count = if all { rank } else { listed(node, facts)?.len() };
    (count > 0 || all).then(|| vec![None; rank.saturating_sub(count)])
}

/// How many sizes a list of sizes has.
fn axes(facts: &Facts, name: &str) -> Option<usize> {
    match facts.shape(name)? {
        [size] => *size,
        _ => None,
    }
}

fn reshaped(facts: &Facts, name: &str) -> Option<Shape> {
    if let Some(sizes) = facts.ints(name) {
        return Some(
            sizes.iter().map(|&size| usize::try_from(size).ok().filter(|&s| s > 0)).collect(),
        );
    }
    Some(vec![None; axes(facts, name)?])
}

fn broadcast(node: &Node<'_>, facts: &Facts) -> Option<Shape> {
    let mut shape: Shape = Vec::new();
    for name in node.inputs() {
        let other = facts.shape(name)?;
        let mut both = vec![Some(1); shape.len().max(other.len())];
        let (a, b) = (both.len() - shape.len(), both.len() - other.len());
        for (at, size) in both.iter_mut().enumerate() {
            let one = if at < a { Some(1) } else { shape[at - a] };
            let two = if at < b { Some(1) } else { other[at - b] };
            *size = match (one, two) {
                (Some(1), size) | (size, Some(1)) => size,
                (Some(size), _) | (_, Some(size)) => Some(size),
                (None, None) => None,
            };
        }
        shape = both;
    }
    Some(shape)
}
