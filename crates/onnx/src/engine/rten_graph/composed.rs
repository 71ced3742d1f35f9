//! Operators that the engine lacks, made of those it has, by the definitions of ONNX.
use super::emit::Emit;
use super::facts::Facts;
use super::unsupported;
use crate::OnnxError;
use crate::graph::node::Node;
use crate::graph::proto::AttributeProto;

pub(super) fn rewrite(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<bool, OnnxError> {
    let done = match node.op_type() {
        "LRN" => local_response(node, facts, emit)?,
        "GroupNormalization" => group_norm(node, facts, emit)?,
        "MeanVarianceNormalization" => mean_variance(node, emit),
        "Selu" => selu(node, emit),
        "Celu" => celu(node, emit),
        "ThresholdedRelu" => thresholded(node, emit),
        "Mish" => mish(node, emit),
        "Shrink" => shrink(node, emit),
        "SpaceToDepth" => space_to_depth(node, emit),
        "GlobalLpPool" => global_norm(node, facts, emit)?,
        "Pad" => pad(node, facts, emit),
        _ => None,
    };
    Ok(done.is_some())
}

fn known_rank(node: &Node<'_>, facts: &Facts) -> Result<usize, OnnxError> {
    let rank = node.input(0).and_then(|name| facts.rank(name));
    rank.ok_or_else(|| unsupported(node, "the number of axes is not known"))
}

/// Largest window over channels that is written out.
const WIDEST: i64 = 64;

/// x / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta.
fn local_response(
    node: &Node<'_>,
    facts: &Facts,
    emit: &mut Emit,
) -> Result<Option<()>, OnnxError> {
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(None) };
    let rank = known_rank(node, facts)?;
    let size = node.int("size").unwrap_or(0);
    if !(1..=WIDEST).contains(&size) || rank < 2 {
        return Err(unsupported(node, format!("a window of {size} channels")));
    }
    let squares = emit.node("Mul", &[input, input], Vec::new());
    let mut pads = vec![0; 2 * rank];
    pads[1] = (size - 1) / 2;
    pads[rank + 1] = size - 1 - pads[1];
    let (pads, axis) = (emit.ints(&pads), emit.ints(&[1]));
    let padded = emit.node("Pad", &[&squares, &pads], Vec::new());
    let mut sum: Option<String> = None;
    for at in 0..size {
        let from = emit.ints(&[at]);
        let left = size - 1 - at;
        let to = emit.ints(&[if left == 0 { i64::from(i32::MAX) } else { -left }]);
        let part = emit.node("Slice", &[&padded, &from, &to, &axis], Vec::new());
        sum = Some(match sum {
            Some(sum) => emit.node("Add", &[&sum, &part], Vec::new()),
            None => part,
        });
    }
    let sum = sum.expect("a window has a channel: by construction");
    let factor = emit.float(node.float("alpha").unwrap_or(1e-4) / size as f32);
    let scaled = emit.node("Mul", &[&sum, &factor], Vec::new());
    let bias = emit.float(node.float("bias").unwrap_or(1.0));
    let base = emit.node("Add", &[&scaled, &bias], Vec::new());
    let beta = emit.float(node.float("beta").unwrap_or(0.75));
    let power = emit.node("Pow", &[&base, &beta], Vec::new());
    emit.into("Div", &[input, &power], output, Vec::new());
    Ok(Some(()))
}

/// (x - mean) / sqrt(variance + epsilon) over axes.
fn normalised(emit: &mut Emit, input: &str, axes: &[i64], epsilon: f32) -> String {
    let over = || vec![AttributeProto::ints("axes", axes), AttributeProto::int("keepdims", 1)];
    let mean = emit.node("ReduceMean", &[input], over());
    let centred = emit.node("Sub", &[input, &mean], Vec::new());
    let squares = emit.node("Mul", &[&centred, &centred], Vec::new());
    let variance = emit.node("ReduceMean", &[&squares], over());
    let epsilon = emit.float(epsilon);
    let sum = emit.node("Add", &[&variance, &epsilon], Vec::new());
    let spread = emit.node("Sqrt", &[&sum], Vec::new());
    emit.node("Div", &[&centred, &spread], Vec::new())
}

/// Before opset 21 scale and bias are one a group, from then on one a channel.
fn group_norm(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<Option<()>, OnnxError> {
    let (Some(input), Some(scale), Some(bias), Some(output)) =
        (node.input(0), node.input(1), node.input(2), node.output(0))
    else {
        return Ok(None);
    };
    let rank = known_rank(node, facts)?;
    let groups = node.int("num_groups").unwrap_or(0);
    if groups < 1 || rank < 2 {
        return Err(unsupported(node, format!("{groups} groups of {rank} axes")));
    }
    let shape = emit.node("Shape", &[input], Vec::new());
    let grouped = emit.ints(&[0, groups, -1]);
    let grouped = emit.node("Reshape", &[input, &grouped], Vec::new());
    let epsilon = node.float("epsilon").unwrap_or(1e-5);
    let flat = normalised(emit, &grouped, &[2], epsilon);
    let by_group = facts.opset < 21;
    let (value, trailing) = if by_group {
        (flat, 1)
    } else {
        (emit.node("Reshape", &[&flat, &shape], Vec::new()), rank as i64 - 2)
    };
    let axes: Vec<i64> = (1..=trailing).collect();
    let axes = emit.ints(&axes);
    let mut spread = |name: &str| match trailing {
        0 => name.to_owned(),
        _ => emit.node("Unsqueeze", &[name, &axes], Vec::new()),
    };
    let (scale, bias) = (spread(scale), spread(bias));
    let scaled = emit.node("Mul", &[&value, &scale], Vec::new());
    if by_group {
        let sum = emit.node("Add", &[&scaled, &bias], Vec::new());
        emit.into("Reshape", &[&sum, &shape], output, Vec::new());
    } else {
        emit.into("Add", &[&scaled, &bias], output, Vec::new());
    }
    Ok(Some(()))
}

fn mean_variance(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let axes = node.ints("axes").map_or_else(|| vec![0, 2, 3], <[i64]>::to_vec);
    let over = || vec![AttributeProto::ints("axes", &axes), AttributeProto::int("keepdims", 1)];
    let input = node.input(0)?;
    let mean = emit.node("ReduceMean", &[input], over());
    let centred = emit.node("Sub", &[input, &mean], Vec::new());
    let squares = emit.node("Mul", &[&centred, &centred], Vec::new());
    let variance = emit.node("ReduceMean", &[&squares], over());
    let spread = emit.node("Sqrt", &[&variance], Vec::new());
    let epsilon = emit.float(1e-9);
    let spread = emit.node("Add", &[&spread, &epsilon], Vec::new());
    emit.into("Div", &[&centred, &spread], node.output(0)?, Vec::new());
    Some(())
}

fn selu(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let alpha = node.float("alpha").unwrap_or(1.673_263_2);
    let elu = emit.node("Elu", &[node.input(0)?], vec![AttributeProto::float("alpha", alpha)]);
    let gamma = emit.float(node.float("gamma").unwrap_or(1.050_701));
    emit.into("Mul", &[&elu, &gamma], node.output(0)?, Vec::new());
    Some(())
}

/// alpha * Elu(x / alpha); without an alpha there is no such operator.
fn celu(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let alpha = node.float("alpha").unwrap_or(1.0);
    if alpha == 0.0 {
        return None;
    }
    let (inverse, alpha) = (emit.float(1.0 / alpha), emit.float(alpha));
    let scaled = emit.node("Mul", &[node.input(0)?, &inverse], Vec::new());
    let elu = emit.node("Elu", &[&scaled], vec![AttributeProto::float("alpha", 1.0)]);
    emit.into("Mul", &[&elu, &alpha], node.output(0)?, Vec::new());
    Some(())
}

fn thresholded(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let input = node.input(0)?;
    let (alpha, zero) = (emit.float(node.float("alpha").unwrap_or(1.0)), emit.float(0.0));
    let above = emit.node("Greater", &[input, &alpha], Vec::new());
    emit.into("Where", &[&above, input, &zero], node.output(0)?, Vec::new());
    Some(())
}

/// x tanh(softplus(x)).
fn mish(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let input = node.input(0)?;
    let soft = super::exact::soft_plus(input, emit);
    let tanh = emit.node("Tanh", &[&soft], Vec::new());
    emit.into("Mul", &[input, &tanh], node.output(0)?, Vec::new());
    Some(())
}

fn shrink(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let input = node.input(0)?;
    let limit = node.float("lambd").unwrap_or(0.5);
    let bias = emit.float(node.float("bias").unwrap_or(0.0));
    let (low, high, zero) = (emit.float(-limit), emit.float(limit), emit.float(0.0));
    let below = emit.node("Less", &[input, &low], Vec::new());
    let above = emit.node("Greater", &[input, &high], Vec::new());
    let plus = emit.node("Add", &[input, &bias], Vec::new());
    let minus = emit.node("Sub", &[input, &bias], Vec::new());
    let rest = emit.node("Where", &[&above, &minus, &zero], Vec::new());
    emit.into("Where", &[&below, &plus, &rest], node.output(0)?, Vec::new());
    Some(())
}

/// Largest block that is written out, one slice a place in it.
const LARGEST_BLOCK: i64 = 8;

fn space_to_depth(node: &Node<'_>, emit: &mut Emit) -> Option<()> {
    let (input, output) = (node.input(0)?, node.output(0)?);
    let block = node.int("blocksize").filter(|block| (1..=LARGEST_BLOCK).contains(block))?;
    let (axes, steps) = (emit.ints(&[2, 3]), emit.ints(&[block, block]));
    let ends = emit.ints(&[i64::from(i32::MAX); 2]);
    let mut parts = Vec::new();
    for (row, column) in (0..block).flat_map(|row| (0..block).map(move |column| (row, column))) {
        let starts = emit.ints(&[row, column]);
        parts.push(emit.node("Slice", &[input, &starts, &ends, &axes, &steps], Vec::new()));
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    emit.into("Concat", &parts, output, vec![AttributeProto::int("axis", 1)]);
    Some(())
}

/// (sum of |x| ^ p) ^ (1 / p) over space.
fn global_norm(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Result<Option<()>, OnnxError> {
    let (Some(input), Some(output)) = (node.input(0), node.output(0)) else { return Ok(None) };
    let rank = known_rank(node, facts)? as i64;
    let p = node.int("p").unwrap_or(2);
    if p < 1 {
        return Err(unsupported(node, format!("p of {p}")));
    }
    let axes: Vec<i64> = (2..rank).collect();
    let over = vec![AttributeProto::ints("axes", &axes), AttributeProto::int("keepdims", 1)];
    let (p, root) = (emit.float(p as f32), emit.float(1.0 / p as f32));
    let size = emit.node("Abs", &[input], Vec::new());
    let power = emit.node("Pow", &[&size, &p], Vec::new());
    let sum = emit.node("ReduceSum", &[&power], over);
    emit.into("Pow", &[&sum, &root], output, Vec::new());
    Ok(Some(()))
}

/// Padding of some axes becomes padding of all.
fn pad(node: &Node<'_>, facts: &Facts, emit: &mut Emit) -> Option<()> {
    let (input, axes) = (node.input(0)?, facts.ints(node.input(3)?)?);
    let pads = facts.ints(node.input(1)?)?;
    let rank = facts.rank(input)?;
    let mut all = vec![0; 2 * rank];
    for (at, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 { axis + rank as i64 } else { axis };
        let axis = usize::try_from(axis).ok().filter(|&axis| axis < rank)?;
        all[axis] = *pads.get(at)?;
        all[rank + axis] = *pads.get(axes.len() + at)?;
    }
    let all = emit.ints(&all);
    let value = node.input(2);
    let inputs: Vec<&str> = [input, all.as_str()].into_iter().chain(value).collect();
    emit.into("Pad", &inputs, node.output(0)?, node.proto().attribute.clone());
    Some(())
}
