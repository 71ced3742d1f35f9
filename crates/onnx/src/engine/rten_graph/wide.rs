//! Integers of 64 bits in an engine that keeps them in 32.
//!
//! Every value is one of three: it is known to fit, or it is a constant that is cut to 32 bits and only read as a limit
//! or an end, or a guard beside the node that makes it stops the run. So no integer is another one in silence.
//!
//! A guard computes the same in floating point. Where that leaves 32 bits it reads a place that a list of one element
//! does not have, which is an error of the engine, by the guard's name.
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, TensorProto, data_type};

/// Lowest and highest integer of 32 bits.
pub(super) const BITS: (f64, f64) = (i32::MIN as f64, i32::MAX as f64);
/// Marks a guard in the engine's messages, between the names of node and operator.
const MARK: &str = " (beyond 32 bits, ";

/// Whether both ends lie in 32 bits.
fn fits((low, high): (f64, f64)) -> bool {
    low >= BITS.0 && high <= BITS.1
}

/// Lowest and highest element of a constant of 64 bits; `None` for another type, or no elements.
pub(super) fn ends(tensor: &TensorProto) -> Option<(f64, f64)> {
    if tensor.data_type != Some(data_type::INT64) {
        return None;
    }
    let values = tensor.to_i64().ok()?;
    let (low, high) = (values.iter().min()?, values.iter().max()?);
    Some((*low as f64, *high as f64))
}

/// Whether a constant has to be cut.
pub(super) fn is_cut(tensor: &TensorProto) -> bool {
    ends(tensor).is_some_and(|ends| !fits(ends))
}

/// Operators that hand elements on as they are.
const MOVES: [&str; 17] = [
    "Concat",
    "Expand",
    "Flatten",
    "Gather",
    "GatherElements",
    "GatherND",
    "Identity",
    "Reshape",
    "Slice",
    "Split",
    "Squeeze",
    "Tile",
    "Transpose",
    "Unsqueeze",
    "ReduceMax",
    "ReduceMin",
    "ConstantOfShape",
];

/// Takes up whether what a node makes holds cut constants.
///
/// # Errors
/// Where a cut constant is read other than as a limit or an end.
pub(super) fn note(node: &Node<'_>, facts: &mut Facts) -> Result<(), OnnxError> {
    let places = node.inputs().iter().enumerate();
    let cut: Vec<usize> =
        places.filter(|(_, name)| facts.is_cut(name)).map(|(place, _)| place).collect();
    let value = node.is("ConstantOfShape") && node.tensor("value").is_some_and(is_cut);
    let inner = node.subgraphs().flat_map(|graph| &graph.output).any(|v| facts.is_cut(v.name()));
    if cut.is_empty() && !value && !inner {
        return Ok(());
    }
    let data = cut.contains(&0) || (node.is("Concat") && !cut.is_empty()) || value;
    let end = |place: &usize| match node.op_type() {
        "Slice" => [1, 2].contains(place),
        "Clip" => *place > 0,
        // As many rounds as there are.
        "Loop" => *place == 0,
        _ => false,
    };
    let moved =
        MOVES.contains(&node.op_type()) && (node.is("Concat") || cut.iter().all(|&p| p == 0));
    let limit =
        matches!(node.op_type(), "Max" | "Min") && cut.iter().all(|&p| no_bound(node, p, facts));
    if !inner && (moved || limit || (!value && cut.iter().all(end))) {
        if moved && data {
            for name in node.outputs() {
                facts.cut(name);
            }
        }
        return Ok(());
    }
    Err(unsupported(node, "an integer of more than 32 bits"))
}

/// Whether a limit of `Max` or `Min` is none for 32 bits: then it is none when it is cut, too.
fn no_bound(node: &Node<'_>, place: usize, facts: &Facts) -> bool {
    let ends = node.input(place).and_then(|name| facts.tensor(name)).and_then(ends);
    ends.is_some_and(|(low, high)| match node.op_type() {
        "Max" => high <= BITS.1,
        _ => low >= BITS.0,
    })
}

/// Lowest and highest integer that a node may make of integers of 32 bits; what is not known is any of 32 bits.
pub(super) fn range(node: &Node<'_>, facts: &Facts) -> (f64, f64) {
    let of = |place: usize| node.input(place).map_or(BITS, |name| facts.ends(name));
    let all = || {
        let from = usize::from(node.is("Where"));
        let ends = (from..node.inputs().len()).map(of);
        ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or(BITS)
    };
    let corners = |a: (f64, f64), b: (f64, f64), f: fn(f64, f64) -> f64| {
        let all = [f(a.0, b.0), f(a.0, b.1), f(a.1, b.0), f(a.1, b.1)];
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        (low, all.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let size = || node.input(0).and_then(|name| facts.shape(name)).and_then(count);
    match node.op_type() {
        "Add" => (of(0).0 + of(1).0, of(0).1 + of(1).1),
        "Sub" => (of(0).0 - of(1).1, of(0).1 - of(1).0),
        "Mul" => corners(of(0), of(1), |a, b| a * b),
        "Neg" => (-of(0).1, -of(0).0),
        "Abs" => (0.0, of(0).0.abs().max(of(0).1.abs())),
        "Div" if of(1).0 >= 0.0 => corners(of(0), (1.0, 2.0), |a, b| a / b),
        "Div" => corners(of(0), (-1.0, 1.0), |a, b| a * b),
        "Sum" => {
            let parts = (0..node.inputs().len()).map(of);
            parts.fold((0.0, 0.0), |all, part| (all.0 + part.0, all.1 + part.1))
        }
        "Pow" => {
            let (base, most) = (of(0).0.abs().max(of(0).1.abs()), of(1).1);
            let high = base.max(1.0).powf(most.max(0.0));
            (-high, high)
        }
        "ReduceSum" | "ReduceL1" | "CumSum" => {
            let (largest, count) =
                (of(0).0.abs().max(of(0).1.abs()), size().unwrap_or(f64::INFINITY));
            let most = if largest == 0.0 { 0.0 } else { largest * count };
            (if of(0).0 >= 0.0 { 0.0 } else { -most }, most)
        }
        "ReduceProd" | "ReduceSumSquare" => (f64::NEG_INFINITY, f64::INFINITY),
        "Shape" | "Size" | "ArgMax" | "ArgMin" | "NonZero" | "NonMaxSuppression" => (0.0, BITS.1),
        "Mod" if of(1).0 > 0.0 => (-of(1).1, of(1).1),
        "Cast" => match facts.input(node, 0) {
            Some(data_type::BOOL) => (0.0, 1.0),
            Some(data_type::UINT8) => (0.0, 255.0),
            Some(data_type::INT8) => (-128.0, 127.0),
            Some(data_type::INT32 | data_type::INT64) => of(0),
            _ => (f64::NEG_INFINITY, f64::INFINITY),
        },
        "Concat" | "Max" | "Min" | "Where" => all(),
        op if MOVES.contains(&op) && op != "ConstantOfShape" => of(0),
        _ => BITS,
    }
}

fn count(shape: &[Option<usize>]) -> Option<f64> {
    shape.iter().map(|size| size.map(|size| size as f64)).product()
}

/// Operators that may make an integer beyond 32 bits of others within.
const GROWS: [&str; 13] = [
    "Abs",
    "Add",
    "Cast",
    "CumSum",
    "Div",
    "Mul",
    "Neg",
    "Pow",
    "ReduceL1",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Sub",
];

/// Whether a node's output needs a guard.
///
/// # Errors
/// Where it is known to leave 32 bits, or no guard is written for it.
pub(super) fn needs_guard(node: &Node<'_>, facts: &Facts) -> Result<bool, OnnxError> {
    let kind = node.output(0).and_then(|name| facts.kind(name));
    if kind != Some(data_type::INT64) {
        return Ok(false);
    }
    if let Some(numbers) = node.output(0).and_then(|name| facts.numbers(name)) {
        let wide = |v: &&i64| !fits((**v as f64, **v as f64));
        return match numbers.iter().find(wide) {
            Some(value) if GROWS.contains(&node.op_type()) || node.is("Sum") => {
                Err(unsupported(node, format!("the integer {value}, of more than 32 bits")))
            }
            _ => Ok(false),
        };
    }
    if node.op_type().starts_with("Scatter")
        && node.string("reduction").is_some_and(|how| matches!(how, "add" | "mul"))
    {
        return Err(unsupported(node, "sums of integers of 64 bits, of which it keeps 32"));
    }
    let grows = GROWS.contains(&node.op_type()) || node.is("Sum");
    Ok(grows && !fits(range(node, facts)))
}

/// Writes a guard in front of what stands for the node, or behind it where it is a cast: the engine's own sums may
/// refuse to be too large, without a name.
pub(super) fn guard(node: &Node<'_>, emit: &mut Emit) {
    let mut own = std::mem::take(&mut emit.nodes);
    let nothing = nothing(node, emit);
    let made = emit.fresh();
    let rename = |name: &mut String, from: &str| {
        let same = name == from;
        if same {
            made.clone_into(name);
        }
        same
    };
    if node.is("Cast") {
        let Some(output) = node.output(0) else { return };
        own.iter_mut().flat_map(|node| &mut node.output).for_each(|name| {
            rename(name, output);
        });
        own.append(&mut emit.nodes);
        emit.nodes = own;
        emit.into("Add", &[&made, &nothing], output, Vec::new());
        return;
    }
    // A side that was written as a constant is not read any more.
    let sides = if ONE_SIDED.contains(&node.op_type()) { 1 } else { node.inputs().len() };
    let read = node.inputs()[..sides].iter().find(|side| {
        let names = own.iter_mut().flat_map(|node| &mut node.input);
        // All of them are renamed, not the first one alone.
        names.filter_map(|name| rename(name, side).then_some(())).count() > 0
    });
    if let Some(read) = read {
        emit.into("Add", &[read, &nothing], &made, Vec::new());
    }
    emit.nodes.append(&mut own);
}

/// Operators of this kind whose second input says axes, or that have none.
const ONE_SIDED: [&str; 8] =
    ["Abs", "Cast", "CumSum", "Neg", "ReduceL1", "ReduceProd", "ReduceSum", "ReduceSumSquare"];

/// The integer 0; a run stops there where the node's result leaves 32 bits.
fn nothing(node: &Node<'_>, emit: &mut Emit) -> String {
    let to = |kind: i32| vec![AttributeProto::int("to", i64::from(kind))];
    let inputs = node.inputs();
    let sides = if ONE_SIDED.contains(&node.op_type()) { 1 } else { inputs.len() };
    let mut sizes: Vec<String> = Vec::new();
    for (at, name) in inputs.iter().enumerate() {
        sizes.push(if at < sides {
            let value = emit.node("Cast", &[name], to(data_type::FLOAT));
            emit.node("Abs", &[&value], Vec::new())
        } else {
            name.clone()
        });
    }
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
    let attributes = node.proto().attribute.clone();
    // The sizes alone: no sign makes the result larger. What rounding may hide stays below the limit.
    let (twin, limit) = match node.op_type() {
        "Cast" | "Neg" | "Abs" | "Div" => (sizes[0].to_owned(), 2_147_483_500.0),
        "Sub" => (emit.node("Add", &sizes, Vec::new()), 2_147_479_000.0),
        op @ ("Add" | "Mul" | "Sum") => (emit.node(op, &sizes, Vec::new()), 2_147_479_000.0),
        "Pow" => (emit.node("Pow", &sizes, Vec::new()), 2.147e9),
        op => (emit.node(op, &sizes, attributes), 2.1e9),
    };
    let limit = emit.float(limit);
    let beyond = emit.node("Greater", &[&twin, &limit], Vec::new());
    let beyond = emit.node("Cast", &[&beyond], to(data_type::INT32));
    let keep = vec![AttributeProto::int("keepdims", 0)];
    let count = emit.node("ReduceSum", &[&beyond], keep);
    let list = emit.ints(&[0]);
    let place = vec![AttributeProto::int("axis", 0)];
    let nothing = emit.node("Gather", &[&list, &count], place);
    if let Some(gather) = emit.nodes.last_mut() {
        gather.name = Some(format!("{}{MARK}{})", node.name(), node.op_type()));
    }
    nothing
}

/// What a run says where a guard stopped it.
pub(in super::super) fn stopped(message: &str) -> Option<OnnxError> {
    let (before, rest) = message.split_once(MARK)?;
    let (_, node) = before.rsplit_once("operator \"")?;
    let (op, _) = rest.split_once(')')?;
    Some(OnnxError::Unsupported {
        what: "rten: an integer of more than 32 bits came out of it".to_owned(),
        op: op.to_owned(),
        node: node.to_owned(),
        hint: "use '--engine onnxruntime', or export the model with other operators".to_owned(),
    })
}
