//! Single elements that have axes of their own, and products with vectors.
//!
//! rten divides by a single element, and its optimiser takes one for a number, whatever axes it has: the axes that it
//! would give to the result are lost (`div` in `ops/binary_elementwise.rs`, `as_scalar` in `graph/node.rs`,
//! `MatMulAddFusion` and `RepeatInterleaveFusion` in `optimize/fusions.rs` of rten 0.27). Its product of a tensor with a
//! vector keeps an axis of size 1 (`ops/matmul.rs`).
use super::emit::Emit;
use super::facts::Facts;
use crate::ModelError;
use crate::graph::node::Node;
use crate::graph::proto::TensorProto;

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, ModelError> {
    Ok(match node.op_type() {
        "Add" | "Sub" | "Mul" | "Div" | "Pow" => pair(node, facts, emit).is_some(),
        "MatMul" => product(node, facts, emit).is_some(),
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
    let more_axes = facts.rank(b).is_some_and(|axes| {
        axes > 0 && facts.tensor(b).is_none() && facts.rank(a).is_none_or(|rank| rank < axes)
    });
    if !changed && more_axes && matches!(op, "Div" | "Pow") {
        let ones = emit.ints(&vec![1; facts.rank(b)?]);
        sides[0] = emit.node("Expand", &[a, &ones], Vec::new());
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
    if op == "Div" && facts.is_read_by(output, &["Floor", "Ceil", "Round", "Cast", "Mod"]) {
        // It multiplies by the reciprocal of a single element: whole quotients would fall below the whole number.
        let shape = emit.node("Shape", &[&sides[0]], Vec::new());
        sides[1] = emit.node("Expand", &[&sides[1], &shape], Vec::new());
        changed = true;
    }
    if !changed {
        return None;
    }
    emit.into(op, &[&sides[0], &sides[1]], output, node.proto().attribute.clone());
    Some(())
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

/// A vector on either side becomes a matrix.
fn product(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (a, b, output) = (node.input(0)?, node.input(1)?, node.output(0)?);
    let (row, column) = (facts.rank(a) == Some(1), facts.rank(b) == Some(1));
    if !row && !column {
        return None;
    }
    let (mut left, mut right) = (a.to_owned(), b.to_owned());
    let mut axes = Vec::new();
    if row {
        let axis = emit.ints(&[0]);
        left = emit.node("Unsqueeze", &[a, &axis], Vec::new());
        axes.push(-2);
    }
    if column {
        let axis = emit.ints(&[1]);
        right = emit.node("Unsqueeze", &[b, &axis], Vec::new());
        axes.push(-1);
    }
    let product = emit.node("MatMul", &[&left, &right], Vec::new());
    let axes = emit.ints(&axes);
    emit.into("Squeeze", &[&product, &axes], output, Vec::new());
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
