//! What is no number (NaN) stays none.
//!
//! rten's `Relu`, `Clip` and `MaxPool` make a number of it (`ops/unary_elementwise.rs` and `ops/pooling.rs` of rten 0.27):
//! an answer to nothing would look like any other. `Max` and `Min` keep it, at the price of a slower pass over the value.
//! So they take their place where a value may be no number: behind a quotient by what may be zero, a logarithm or a root of what may be negative,
//! a weight that is none itself. What is computed of pixels and finite weights by sums and products alone is a number
//! unless it leaves the range of single precision on the way, at 3e38.
use super::emit::Emit;
use super::facts::Facts;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, GraphProto, TensorProto, data_type};
use crate::graph::{Graph, Ranges};
use std::collections::HashSet;

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(false) };
    let hides = matches!(node.op_type(), "Relu" | "Clip" | "MaxPool");
    if !hides || facts.is_number(input) || is_whole(node, facts) {
        return Ok(false);
    }
    if node.is("MaxPool") {
        return Ok(largest(node, input, output, emit));
    }
    if node.is("Relu") {
        let zero = emit.float(0.0);
        emit.into("Max", &[input, &zero], output, Vec::new());
        return Ok(true);
    }
    let flat = emit.ints(&[]);
    let limit = |place: usize, name: &str, emit: &mut Emit| match node.input(place) {
        Some(limit) => emit.node("Reshape", &[limit, &flat], Vec::new()),
        // A limit that is left out is the largest number that there is, so that infinity becomes that.
        None => {
            let most = if name == "min" { f32::MIN } else { f32::MAX };
            emit.float(node.float(name).unwrap_or(most))
        }
    };
    let (low, high) = (limit(1, "min", emit), limit(2, "max", emit));
    let above = emit.node("Max", &[input, &low], Vec::new());
    emit.into("Min", &[&above, &high], output, Vec::new());
    Ok(true)
}

/// The largest of each window, none where one of the window is none.
fn largest(node: &Node<'_>, input: &str, output: &str, emit: &mut Emit) -> bool {
    if node.output(1).is_some() {
        // The engine says that it has no places.
        return false;
    }
    let mut proto = node.proto().clone();
    super::attributes::pooling(&mut proto);
    let attributes = || proto.attribute.clone();
    let none = emit.node("IsNaN", &[input], Vec::new());
    let to = vec![AttributeProto::int("to", i64::from(data_type::FLOAT))];
    let none = emit.node("Cast", &[&none], to);
    let none = emit.node("MaxPool", &[&none], attributes());
    let zero = emit.float(0.0);
    let none = emit.node("Greater", &[&none, &zero], Vec::new());
    let value = emit.node("MaxPool", &[input], attributes());
    let nan = emit.float(f32::NAN);
    emit.into("Where", &[&none, &nan, &value], output, Vec::new());
    true
}

fn is_whole(node: &Node<'_>, facts: &Facts) -> bool {
    let floats = [data_type::FLOAT, data_type::DOUBLE, data_type::FLOAT16, data_type::BFLOAT16];
    facts.input(node, 0).is_some_and(|kind| !floats.contains(&kind))
}

/// Values of a graph (its inner graphs left out) that are numbers for sure, as far as sums and products don't overflow.
pub(super) fn of(graph: &Graph) -> HashSet<String> {
    let proto = graph.proto();
    let mut numbers: HashSet<String> = HashSet::new();
    let weights = proto.initializer.iter().filter(|tensor| is_finite(tensor));
    numbers.extend(weights.map(|tensor| tensor.name().to_owned()));
    if graph.has_finite_inputs() {
        let given = proto.input.iter().map(|input| input.name());
        numbers.extend(given.filter(|name| !is_weight(proto, name)).map(str::to_owned));
    }
    let ranges = graph.ranges();
    for node in graph.nodes() {
        let sure = match node.constant_value() {
            Some(tensor) => is_finite(&tensor),
            None => {
                node.reads().iter().all(|name| numbers.contains(*name))
                    && node.subgraphs().next().is_none()
                    && keeps(&node, &ranges)
            }
        };
        // Counts, places and truths are numbers whatever they come from.
        if sure || WHOLE.contains(&node.op_type()) {
            numbers.extend(node.outputs().iter().cloned());
        }
    }
    numbers
}

fn is_weight(graph: &GraphProto, name: &str) -> bool {
    graph.initializer.iter().any(|tensor| tensor.name() == name)
}

const WHOLE: [&str; 17] = [
    "And",
    "ArgMax",
    "ArgMin",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "IsInf",
    "IsNaN",
    "Less",
    "LessOrEqual",
    "NonZero",
    "Not",
    "Or",
    "QuantizeLinear",
    "Shape",
    "Size",
    "Xor",
];

/// Whether a node makes numbers of numbers.
fn keeps(node: &Node<'_>, ranges: &Ranges<'_>) -> bool {
    let of = |place: usize| node.input(place).map(|name| ranges.of(name));
    let apart = |place: usize| of(place).is_some_and(|r| r.low > 0.0 || r.high < 0.0);
    let from = |place: usize, low: f64| of(place).is_some_and(|r| r.low >= low);
    match node.op_type() {
        "Div" | "Mod" => apart(1),
        "Reciprocal" => apart(0),
        "Log" => of(0).is_some_and(|r| r.low > 0.0),
        "Sqrt" => from(0, 0.0),
        "Asin" | "Acos" | "Acosh" | "Atanh" => false,
        // Beyond, it is infinite.
        "Exp" => of(0).is_some_and(|r| r.high <= 88.0),
        "Pow" => of(1).is_some_and(|power| {
            let whole = power.low == power.high && power.low.fract() == 0.0;
            (whole || from(0, 0.0)) && (power.low >= 0.0 || apart(0))
        }),
        "BatchNormalization" => {
            // ONNX's own default.
            let epsilon = f64::from(node.float("epsilon").unwrap_or(1e-5));
            of(4).is_some_and(|r| r.low + epsilon > 0.0)
        }
        "LpNormalization" | "RandomNormal" | "RandomUniform" => false,
        _ => node.domain().is_empty(),
    }
}

/// Whether all elements are finite; integers are.
fn is_finite(tensor: &TensorProto) -> bool {
    if let (Some(data_type::FLOAT), Some(raw)) = (tensor.data_type, &tensor.raw_data) {
        let finite =
            |bytes: &[u8]| bytes.try_into().is_ok_and(|b| f32::from_le_bytes(b).is_finite());
        return raw.chunks_exact(4).all(finite);
    }
    match tensor.data_type {
        Some(data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16) => {
            tensor.to_f32().is_ok_and(|values| values.iter().all(|value| value.is_finite()))
        }
        _ => true,
    }
}
