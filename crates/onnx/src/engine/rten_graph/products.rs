//! Single elements that have axes of their own, and products with vectors.
//!
//! rten divides by a single element, and its optimiser takes one for a number, whatever axes it has: the axes that it
//! would give to the result are lost (`div` in `ops/binary_elementwise.rs`, `as_scalar` in `graph/node.rs`,
//! `MatMulAddFusion` and `RepeatInterleaveFusion` in `optimize/fusions.rs` of rten 0.27). Its product of a tensor of three
//! axes or more with a vector keeps an axis of size 1 (`ops/matmul.rs`).
//!
//! Where the number of axes is only known during a run, what is written is right whatever it turns out to be.
use super::emit::Emit;
use super::facts::Facts;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::{AttributeProto, TensorProto, data_type};

/// Types whose quotients are whole in the engine as well.
const WHOLE: [i32; 4] = [data_type::INT32, data_type::INT64, data_type::UINT8, data_type::INT8];

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    Ok(match node.op_type() {
        "Add" | "Sub" | "Mul" | "Div" | "Pow" => pair(node, facts, emit).is_some(),
        "MatMul" | "MatMulInteger" => product(node, facts, emit).is_some(),
        "Unsqueeze" => unsqueezed(node, facts, emit).is_some(),
        _ => false,
    })
}

/// A constant of one element, without axes, and how many it had.
fn single(facts: &Facts, name: &str) -> Option<(TensorProto, usize)> {
    let tensor = facts.tensor(name)?;
    let axes = tensor.dims.len();
    let one = axes > 0 && tensor.dims.iter().all(|&size| size == 1);
    one.then(|| (TensorProto { dims: Vec::new(), ..tensor.clone() }, axes))
}

fn pair(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (a, b, output) = (node.input(0)?, node.input(1)?, node.output(0)?);
    let op = node.op_type();
    let mut sides = [a.to_owned(), b.to_owned()];
    let mut changed = false;
    for (place, other) in [(0, 1), (1, 0)] {
        let Some((number, axes)) = single(facts, node.input(place)?) else { continue };
        if facts.tensor(node.input(other)?).is_some() {
            continue;
        }
        sides[place] = emit.constant(number);
        if facts.rank(node.input(other)?).is_none_or(|rank| rank < axes) {
            let ones = emit.ints(&vec![1; axes]);
            sides[other] = emit.node("Expand", &[node.input(other)?, &ones], Vec::new());
        }
        changed = true;
    }
    if !changed
        && matches!(op, "Div" | "Pow")
        && let Some(wider) = wider(a, b, facts, emit)
    {
        sides[0] = wider;
        changed = true;
    }
    if op == "Add" && !changed {
        for (place, other) in [(0, 1), (1, 0)] {
            let Some(apart) = apart(node.input(place)?, node.input(other)?, facts, emit) else {
                continue;
            };
            match apart {
                Apart::Bias(bias) => sides[place] = bias,
                Apart::Product(product) => sides[other] = product,
            }
            changed = true;
            break;
        }
    }
    let whole = facts.input(node, 0).is_some_and(|kind| WHOLE.contains(&kind));
    let cut = || facts.is_read_by(output, &["Floor", "Ceil", "Round", "Cast", "Mod"]);
    if op == "Div" && !whole && cut() {
        let below = below(&sides, emit);
        if several(facts, a) {
            emit.into("Div", &[&sides[0], &below], output, Vec::new());
        } else {
            first_of_two(&sides[0], &below, output, emit);
        }
        return Some(());
    }
    if !changed {
        return None;
    }
    emit.into(op, &[&sides[0], &sides[1]], output, node.proto().attribute.clone());
    Some(())
}

/// `a` with at least as many axes as `b`, where `b` may be a single element with more of them.
fn wider(a: &str, b: &str, facts: &Facts, emit: &mut Emit) -> Option<String> {
    if several(facts, b) {
        return None;
    }
    let ones = match (facts.rank(a), facts.rank(b)) {
        (Some(a), Some(b)) if a >= b => return None,
        (_, Some(0)) => return None,
        (_, Some(axes)) => emit.ints(&vec![1; axes]),
        (_, None) => {
            let axes = axes_of(b, emit);
            ones(&axes, emit)
        }
    };
    Some(emit.node("Expand", &[a, &ones], Vec::new()))
}

/// Whether a value is known not to be a single element.
fn several(facts: &Facts, value: &str) -> bool {
    facts.shape(value).is_some_and(|sizes| sizes.iter().flatten().any(|&size| size != 1))
}

/// How many axes a value has during a run, a list of one number.
fn axes_of(value: &str, emit: &mut Emit) -> String {
    let shape = emit.node("Shape", &[value], Vec::new());
    emit.node("Shape", &[&shape], Vec::new())
}

/// As many ones as a list of one number says.
fn ones(count: &str, emit: &mut Emit) -> String {
    let one = TensorProto::from_i64("", &ndarray::arr1(&[1_i64]).into_dyn());
    emit.node("ConstantOfShape", &[count], vec![AttributeProto::tensor("value", one)])
}

/// The divisor, as large as the quotient: the engine multiplies by the reciprocal of a single element, and whole
/// quotients would fall below the whole number.
fn below(sides: &[String; 2], emit: &mut Emit) -> String {
    let shape = emit.node("Shape", &[&sides[0]], Vec::new());
    emit.node("Expand", &[&sides[1], &shape], Vec::new())
}

/// A quotient that may be a single element: the first of two, which are none.
fn first_of_two(above: &str, below: &str, output: &str, emit: &mut Emit) {
    let shape = emit.node("Shape", &[below], Vec::new());
    let (two, first) = (emit.ints(&[2]), emit.int(0));
    let axis = || vec![AttributeProto::int("axis", 0)];
    let twice = emit.node("Concat", &[&two, &shape], axis());
    let below = emit.node("Expand", &[below, &twice], Vec::new());
    let quotients = emit.node("Div", &[above, &below], Vec::new());
    emit.into("Gather", &[&quotients, &first], output, axis());
}

/// The side that is written otherwise.
enum Apart {
    Bias(String),
    Product(String),
}

/// Keeps a bias apart from a product of matrices that it would widen: put together, the engine reads beyond its end.
fn apart(bias: &str, product: &str, facts: &Facts, emit: &mut Emit) -> Option<Apart> {
    let right = facts.product(product)?;
    let count = match facts.shape(bias)? {
        [Some(count)] => *count,
        _ => return None,
    };
    let columns = facts.shape(right).and_then(|shape| shape.last().copied().flatten());
    if columns == Some(count) && facts.rank(right) != Some(1) {
        return None;
    }
    if facts.rank(product).is_some_and(|rank| rank >= 2) {
        let axis = emit.ints(&[0]);
        return Some(Apart::Bias(emit.node("Unsqueeze", &[bias, &axis], Vec::new())));
    }
    let one = emit.ints(&[1]);
    Some(Apart::Product(emit.node("Expand", &[product, &one], Vec::new())))
}

/// A vector on the right becomes a matrix, where the left side may have more than two axes.
fn product(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (a, b, output) = (node.input(0)?, node.input(1)?, node.output(0)?);
    let right = facts.rank(b);
    if facts.rank(a).is_some_and(|axes| axes <= 2) || right.is_some_and(|axes| axes != 1) {
        return None;
    }
    let mut inputs: Vec<String> = node.inputs().to_vec();
    if right == Some(1) {
        let (axis, last) = (emit.ints(&[1]), emit.ints(&[-1]));
        inputs[1] = emit.node("Unsqueeze", &[b, &axis], Vec::new());
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let product = emit.node(node.op_type(), &inputs, Vec::new());
        emit.into("Squeeze", &[&product, &last], output, Vec::new());
        return Some(());
    }
    // One further axis where the right side has one, which is left out of the product again; else none.
    let one = emit.ints(&[1]);
    let count = axes_of(b, emit);
    let vector = emit.node("Equal", &[&count, &one], Vec::new());
    let further = vec![AttributeProto::int("to", i64::from(data_type::INT64))];
    let further = emit.node("Cast", &[&vector], further);
    let axes = ones(&further, emit);
    let shape = emit.node("Shape", &[b], Vec::new());
    let shape = emit.node("Concat", &[&shape, &axes], vec![AttributeProto::int("axis", 0)]);
    inputs[1] = emit.node("Reshape", &[b, &shape], Vec::new());
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let product = emit.node(node.op_type(), &inputs, Vec::new());
    let (first, last, all) = (emit.ints(&[0]), emit.ints(&[-1]), emit.ints(&[i64::from(i32::MAX)]));
    let end = emit.node("Where", &[&vector, &last, &all], Vec::new());
    let shape = emit.node("Shape", &[&product], Vec::new());
    let shape = emit.node("Slice", &[&shape, &first, &end], Vec::new());
    emit.into("Reshape", &[&product, &shape], output, Vec::new());
    Some(())
}

/// `Unsqueeze` before `Expand` and `Reshape` is taken for a repetition of each element, also where the whole is
/// repeated. With a further axis in between it is not taken for anything.
fn unsqueezed(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (input, output) = (node.input(0)?, node.output(0)?);
    if !facts.is_read_by(output, &["Expand"]) {
        return None;
    }
    let axes = match node.ints("axes") {
        Some(axes) => axes.to_vec(),
        None => facts.ints(node.input(1)?)?,
    };
    let mut wider = vec![0];
    wider.extend(axes.iter().map(|&axis| if axis < 0 { axis } else { axis + 1 }));
    let (wider, first) = (emit.ints(&wider), emit.ints(&[0]));
    let unsqueezed = emit.node("Unsqueeze", &[input, &wider], Vec::new());
    emit.into("Squeeze", &[&unsqueezed, &first], output, Vec::new());
    Some(())
}
