//! Shapes of what operators make, at most.
//!
//! What an operator's rule can't tell exactly it bounds from above. An operator without a rule (of another domain, or one
//! that no engine here runs) is taken to make no more than its largest input has.
mod grow;
mod layers;
mod moves;
mod several;

pub(super) use moves::slice_ranges;

use super::Refusal;
use super::known::{Known, place};
use super::numbers;
use crate::graph::node::Node;
use crate::graph::proto::{SparseTensorProto, TensorProto, data_type};

/// What a node makes.
pub(super) struct Results {
    pub(super) values: Vec<Known>,
    /// Steps beside those for each element.
    pub(super) work: f64,
}

/// A node with what is known of its inputs.
pub(super) struct Call<'a> {
    pub(super) node: &'a Node<'a>,
    pub(super) inputs: &'a [Option<&'a Known>],
    pub(super) opset: i64,
}

impl<'a> Call<'a> {
    pub(super) fn input(&self, at: usize) -> Option<&'a Known> {
        self.inputs.get(at).copied().flatten()
    }

    /// Element type of an input.
    pub(super) fn kind(&self, at: usize) -> i32 {
        self.input(at).map_or(data_type::FLOAT, |known| known.kind)
    }

    pub(super) fn op(&self) -> &'a str {
        self.node.op_type()
    }

    pub(super) fn int(&self, name: &str, default: i64) -> i64 {
        self.node.int(name).unwrap_or(default)
    }

    /// Integers of an attribute, or of an input that took its place in a later version.
    pub(super) fn whole(&self, attribute: &str, at: usize) -> Option<Vec<i64>> {
        match self.node.attribute(attribute) {
            Some(found) => Some(found.ints.clone()),
            None => self.input(at)?.whole(),
        }
    }

    /// Whether such an input is given, known or not.
    pub(super) fn gives(&self, at: usize) -> bool {
        self.node.input(at).is_some()
    }

    pub(super) fn unknown(&self, what: &'static str) -> Refusal {
        let name = self.node.output(0).unwrap_or_else(|| self.node.name()).to_owned();
        Refusal::Unknown { name, op: self.op().to_owned(), what }
    }

    /// The input with the most elements.
    pub(super) fn largest(&self) -> Known {
        let largest = self.inputs.iter().flatten().max_by_key(|known| known.elements());
        largest.map_or_else(
            || Known::loose(data_type::FLOAT, 1),
            |known| Known { exact: false, ranked: false, numbers: None, ..(*known).clone() },
        )
    }
}

/// ONNX's own domain of operators that are not yet in the standard set, under the names that they will have there.
const ONNX_PREVIEW: &str = "ai.onnx.preview";

/// What the outputs of a node are at most.
pub(super) fn outputs(
    node: &Node<'_>,
    inputs: &[Option<&Known>],
    opset: i64,
) -> Result<Results, Refusal> {
    let call = Call { node, inputs, opset };
    let mut results = if matches!(node.domain(), "" | ONNX_PREVIEW) {
        standard(&call)?
    } else {
        Results { values: vec![other(&call)], work: 0.0 }
    };
    // What no rule speaks of (a mask, statistics, a state) is no larger than the largest value of the node.
    let mut largest = results.values.iter().fold(call.largest(), |most, known| {
        if known.elements() > most.elements() { known.clone() } else { most }
    });
    largest.numbers = None;
    largest.exact = false;
    largest.ranked = false;
    results.values.resize(node.outputs().len().max(results.values.len()), largest);
    if let [first] = node.outputs()
        && !first.is_empty()
        && let Some(values) = numbers::of(&call, &results.values[0])
    {
        results.values[0].numbers = Some(values);
    }
    Ok(results)
}

/// Operators of other domains: quantised arithmetic broadcasts, everything else is taken to keep its size.
fn other(call: &Call<'_>) -> Known {
    match call.op() {
        "QLinearAdd" | "QLinearMul" => broadcast(&[call.input(0), call.input(3)], call.kind(0)),
        _ => call.largest(),
    }
}

fn standard(call: &Call<'_>) -> Result<Results, Refusal> {
    let plain = |value: Known| Results { values: vec![value], work: 0.0 };
    if let Some(results) = grow::outputs(call)? {
        return Ok(results);
    }
    if let Some(results) = several::outputs(call).or_else(|| layers::outputs(call)) {
        return Ok(results);
    }
    if let Some(values) = moves::outputs(call) {
        return Ok(Results { values, work: 0.0 });
    }
    Ok(plain(match call.op() {
        "Add" | "Sub" | "Mul" | "Div" | "Pow" | "Mod" | "Min" | "Max" | "Sum" | "Mean"
        | "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "PRelu" => {
            broadcast(call.inputs, call.kind(0))
        }
        "And" | "Or" | "Xor" | "Equal" | "Less" | "Greater" | "LessOrEqual" | "GreaterOrEqual" => {
            broadcast(call.inputs, data_type::BOOL)
        }
        "Where" => broadcast(call.inputs, call.kind(1)),
        "Not" | "IsNaN" | "IsInf" => same(call, data_type::BOOL),
        "Cast" => {
            let to = call.node.int("to").and_then(|kind| i32::try_from(kind).ok());
            same(call, to.unwrap_or(data_type::FLOAT))
        }
        "Bernoulli" | "EyeLike" | "RandomNormalLike" | "RandomUniformLike" => {
            let said = call.node.int("dtype").and_then(|kind| i32::try_from(kind).ok());
            same(call, said.unwrap_or_else(|| call.kind(0)))
        }
        "CastLike" => same(call, call.kind(1)),
        "QuantizeLinear" => {
            let said = call.node.int("output_dtype").and_then(|kind| i32::try_from(kind).ok());
            let said = said.filter(|kind| *kind != 0);
            let zero = call.input(2).map(|known| known.kind);
            same(call, zero.or(said).unwrap_or(data_type::UINT8))
        }
        "DequantizeLinear" => same(call, call.kind(1)),
        "DynamicQuantizeLinear" => {
            let number = |kind| Known::new(kind, vec![]);
            let values = vec![
                same(call, data_type::UINT8),
                number(data_type::FLOAT),
                number(data_type::UINT8),
            ];
            return Ok(Results { values, work: 0.0 });
        }
        "Dropout" => {
            let values = vec![same(call, call.kind(0)), same(call, data_type::BOOL)];
            return Ok(Results { values, work: 0.0 });
        }
        "Shape" => {
            let rank = call.input(0).map_or(0, Known::rank);
            let bound = |name: &str, default: usize| {
                let at = call
                    .node
                    .int(name)
                    .map_or(default as i64, |at| if at < 0 { at + rank as i64 } else { at });
                at.clamp(0, rank as i64) as usize
            };
            let (from, to) = (bound("start", 0), bound("end", rank));
            let value = Known::new(data_type::INT64, vec![to.saturating_sub(from)]);
            // A value of another rank than is known has another shape of its shape.
            let ranked = call.input(0).is_some_and(|known| known.ranked);
            Known { exact: ranked, ..value }
        }
        "Size" | "SequenceLength" => Known::new(data_type::INT64, vec![]),
        "OptionalHasElement" => Known::new(data_type::BOOL, vec![]),
        "BitCast" => {
            let to = call.node.int("to").and_then(|kind| i32::try_from(kind).ok());
            same(call, to.unwrap_or_else(|| call.kind(0)))
        }
        _ if keeps_shape(call.op()) => same(call, call.kind(0)),
        _ => call.largest(),
    }))
}

/// Makes a value of its first input's shape and type.
fn keeps_shape(op: &str) -> bool {
    const OPS: [&str; 63] = [
        "Abs",
        "Acos",
        "Acosh",
        "Asin",
        "Asinh",
        "Atan",
        "Atanh",
        "Bernoulli",
        "BitwiseNot",
        "Ceil",
        "Celu",
        "Clip",
        "Cos",
        "Cosh",
        "CumProd",
        "CumSum",
        "Elu",
        "Erf",
        "Exp",
        "EyeLike",
        "Floor",
        "Gelu",
        "GroupNormalization",
        "HardSigmoid",
        "HardSwish",
        "Hardmax",
        "Identity",
        "InstanceNormalization",
        "LRN",
        "LeakyRelu",
        "Log",
        "LogSoftmax",
        "LpNormalization",
        "MeanVarianceNormalization",
        "Mish",
        "Neg",
        "RMSNormalization",
        "RotaryEmbedding",
        "RandomNormalLike",
        "RandomUniformLike",
        "Reciprocal",
        "Relu",
        "ReverseSequence",
        "Round",
        "Scatter",
        "ScatterElements",
        "ScatterND",
        "Selu",
        "Shrink",
        "Sigmoid",
        "Sign",
        "Sin",
        "Sinh",
        "Softmax",
        "Softplus",
        "Softsign",
        "Sqrt",
        "Swish",
        "Tan",
        "Tanh",
        "TensorScatter",
        "ThresholdedRelu",
        "Trilu",
    ];
    OPS.contains(&op)
}

fn same(call: &Call<'_>, kind: i32) -> Known {
    call.input(0)
        .map_or_else(|| call.largest(), |known| Known { kind, numbers: None, ..known.clone() })
}

/// Of several values, spread over each other's dimensions.
pub(super) fn broadcast(inputs: &[Option<&Known>], kind: i32) -> Known {
    let mut shape: Vec<usize> = Vec::new();
    let (mut exact, mut ranked) = (true, true);
    for known in inputs.iter().flatten() {
        exact &= known.exact;
        ranked &= known.ranked;
        let rank = shape.len().max(known.rank());
        let at = |shape: &[usize], place: usize| {
            (place + shape.len()).checked_sub(rank).map_or(1, |at| shape[at])
        };
        shape = (0..rank)
            .map(|place| match (at(&shape, place), at(&known.shape, place)) {
                (1, size) | (size, 1) => size,
                (a, b) => a.max(b),
            })
            .collect();
    }
    Known { exact, ranked, ..Known::new(kind, shape) }
}

/// A sparse weight as engines spread it out.
pub(super) fn sparse(tensor: &SparseTensorProto) -> Known {
    let kind = tensor.values.as_ref().and_then(|values| values.data_type);
    let shape = TensorProto { dims: tensor.dims.clone(), ..TensorProto::default() }.shape();
    let shape = shape.unwrap_or_else(|_| vec![usize::MAX]);
    Known::new(kind.unwrap_or(data_type::FLOAT), shape)
}

/// Axes of an attribute or input; `None` where they are not known.
fn axes(call: &Call<'_>, at: usize, rank: usize) -> Option<Vec<usize>> {
    let given = call.node.attribute("axes").is_some() || call.gives(at);
    if !given {
        return Some(Vec::new());
    }
    call.whole("axes", at)?.into_iter().map(|axis| place(axis, rank)).collect()
}
