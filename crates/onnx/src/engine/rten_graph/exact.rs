//! Operators whose results differ from ONNX's at single values.
use super::emit::Emit;
use super::facts::Facts;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::data_type;

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let done = match node.op_type() {
        "Sign" => sign(node, emit),
        "Softplus" => softplus(node, emit),
        "IsInf" => infinite(node, emit),
        op if op.starts_with("Reduce") => reduce(node, facts, emit),
        _ => None,
    };
    Ok(done.is_some())
}

/// rten's `Softplus` is ln(1 + exp(x)), which overflows from 89 on; max(x, 0) + ln(1 + exp(-|x|)) is the same number.
fn softplus(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let soft = soft_plus(node.input(0)?, emit);
    emit.into("Identity", &[&soft], node.output(0)?, Vec::new());
    Some(())
}

/// ln(1 + exp(x)) of any x.
pub(super) fn soft_plus(input: &str, emit: &mut Emit) -> String {
    let size = emit.node("Abs", &[input], Vec::new());
    let size = emit.node("Neg", &[&size], Vec::new());
    let power = emit.node("Exp", &[&size], Vec::new());
    let one = emit.float(1.0);
    let sum = emit.node("Add", &[&power, &one], Vec::new());
    let rest = emit.node("Log", &[&sum], Vec::new());
    let positive = emit.node("Relu", &[input], Vec::new());
    emit.node("Add", &[&positive, &rest], Vec::new())
}

/// rten has no infinities of one sign only.
fn infinite(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let wanted = |name: &str| node.int(name).unwrap_or(1) != 0;
    let (positive, negative) = (wanted("detect_positive"), wanted("detect_negative"));
    let input = node.input(0)?;
    if positive && negative {
        emit.into("IsInf", &[input], node.output(0)?, Vec::new());
        return Some(());
    }
    let any = emit.node("IsInf", &[input], Vec::new());
    let zero = emit.float(0.0);
    let sign = match (positive, negative) {
        (true, _) => emit.node("Greater", &[input, &zero], Vec::new()),
        (_, true) => emit.node("Less", &[input, &zero], Vec::new()),
        // Neither: nothing is above itself.
        _ => emit.node("Greater", &[input, input], Vec::new()),
    };
    emit.into("And", &[&any, &sign], node.output(0)?, Vec::new());
    Some(())
}

/// No axes with `noop_with_empty_axes` is no reduction, which rten's optimiser forgets for `ReduceMean`
/// (`ReduceMeanAxesFusion`); the largest of no booleans is false, the smallest true.
fn reduce(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (input, output) = (node.input(0)?, node.output(0)?);
    let axes = node.input(1);
    let empty = axes.is_none_or(|name| facts.ints(name).is_some_and(|axes| axes.is_empty()));
    let noop = node.int("noop_with_empty_axes").unwrap_or(0) != 0;
    if node.is("ReduceMean") && noop && empty && node.ints("axes").is_none() {
        emit.into("Identity", &[input], output, Vec::new());
        return Some(());
    }
    let (pair, limit) = match node.op_type() {
        "ReduceMax" => ("Max", 0),
        "ReduceMin" => ("Min", 1),
        _ => return None,
    };
    if facts.input(node, 0) != Some(data_type::BOOL) {
        return None;
    }
    let inputs: Vec<&str> = node.inputs().iter().map(String::as_str).collect();
    let result = emit.node(node.op_type(), &inputs, node.proto().attribute.clone());
    let limit = emit.int(limit);
    emit.into(pair, &[&result, &limit], output, Vec::new());
    Some(())
}

/// rten's `Sign` of the float 0 is 1 (`f32::signum`), and -1 of the negative 0.
fn sign(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let (input, output) = (node.input(0)?, node.output(0)?);
    // Of the type of the value, whichever it is: the engine's own `CastLike` asks the running value.
    let zero = emit.float(0.0);
    let zero = emit.node("CastLike", &[&zero, input], Vec::new());
    let equal = emit.node("Equal", &[input, &zero], Vec::new());
    let other = emit.node("Not", &[&equal], Vec::new());
    let other = emit.node("CastLike", &[&other, input], Vec::new());
    let sign = emit.node("Sign", &[input], Vec::new());
    emit.into("Mul", &[&sign, &other], output, Vec::new());
    Some(())
}
