//! Convolutions, pooling, products, recurrent layers: shapes and multiplications.
use super::super::known::{Known, elements};
use super::{Call, Results, broadcast};
use crate::graph::proto::data_type;

pub(super) fn outputs(call: &Call<'_>) -> Option<Results> {
    let (value, work) = match call.op() {
        "Conv" | "DeformConv" => convolution(call, 0, 1, call.kind(0)),
        "ConvInteger" => convolution(call, 0, 1, data_type::INT32),
        "QLinearConv" => convolution(call, 0, 3, call.kind(7)),
        "ConvTranspose" => transposed(call),
        "MaxPool" | "AveragePool" | "LpPool" => pool(call),
        "GlobalAveragePool" | "GlobalMaxPool" | "GlobalLpPool" => {
            let from = call.input(0)?;
            let shape = from.shape.iter().enumerate();
            let shape = shape.map(|(at, &size)| if at < 2 { size } else { 1 }).collect();
            (Known::new(from.kind, shape).like(from), from.elements() as f64)
        }
        "MatMul" | "MatMulInteger" => {
            let kind = if call.op() == "MatMul" { call.kind(0) } else { data_type::INT32 };
            product(call.input(0)?, call.input(1)?, kind)
        }
        "QLinearMatMul" => product(call.input(0)?, call.input(3)?, call.kind(7)),
        "Gemm" => gemm(call),
        "Einsum" => einsum(call),
        "GridSample" => {
            let (from, grid) = (call.input(0)?, call.input(1)?);
            let mut shape: Vec<usize> = from.shape.iter().take(2).copied().collect();
            shape.extend(grid.shape.iter().take(grid.rank().saturating_sub(1)).skip(1));
            (Known::new(from.kind, shape).like(from).like(grid), 0.0)
        }
        "RoiAlign" | "MaxRoiPool" => {
            let (from, regions) = (call.input(0)?, call.input(1)?);
            let size = |name: &str| usize::try_from(call.int(name, 1)).unwrap_or(usize::MAX);
            let [height, width] = match call.node.ints("pooled_shape") {
                Some([height, width]) => [*height, *width].map(|v| usize::try_from(v).unwrap_or(0)),
                _ => [size("output_height"), size("output_width")],
            };
            let channels = from.shape.get(1).copied().unwrap_or(1);
            let count = regions.shape.first().copied().unwrap_or(1);
            let value = Known::new(from.kind, vec![count, channels, height, width]);
            let value = value.like(from).like(regions);
            let samples = call.int("sampling_ratio", 0).max(1) as f64;
            let work = value.elements() as f64 * samples * samples;
            (value, work)
        }
        "CausalConvWithState" => {
            let (from, weight) = (call.input(0)?, call.input(1)?);
            let all = from.elements().saturating_mul(weight.elements().max(1));
            (Known::loose(from.kind, all), all as f64)
        }
        // Where its heads are not known.
        "Attention" | "FlexAttention" | "LinearAttention" => {
            let (q, k, v) = (call.input(0)?, call.input(1)?, call.input(2)?);
            // The scores are a value of their own inside: rows of the queries by rows of the keys.
            let all = elements(&[q.elements(), k.elements().max(v.elements())]);
            let own = q.elements().saturating_mul(v.shape.last().copied().unwrap_or(1));
            (Known::loose(q.kind, own), all as f64)
        }
        _ => return None,
    };
    if call.op() == "MaxPool" {
        let places = Known { kind: data_type::INT64, ..value.clone() };
        return Some(Results { values: vec![value, places], work });
    }
    Some(Results { values: vec![value], work })
}

fn at(list: Option<&[i64]>, place: usize, default: i64) -> i64 {
    list.and_then(|list| list.get(place)).copied().unwrap_or(default)
}

/// Sizes of a window's output along each axis behind batch and channels.
fn windows(call: &Call<'_>, from: &Known, kernel: &[usize]) -> Vec<usize> {
    let (strides, pads) = (call.node.ints("strides"), call.node.ints("pads"));
    let dilations = call.node.ints("dilations");
    let auto = call.node.string("auto_pad").unwrap_or("NOTSET");
    let axes = kernel.len();
    (0..axes)
        .map(|axis| {
            let size = from.shape.get(axis + 2).copied().unwrap_or(1) as i128;
            let stride = i128::from(at(strides, axis, 1)).max(1);
            let reach = (kernel[axis] as i128 - 1) * i128::from(at(dilations, axis, 1)) + 1;
            let padded = match auto {
                "SAME_UPPER" | "SAME_LOWER" => return ((size + stride - 1) / stride) as usize,
                "VALID" => size,
                _ => size + i128::from(at(pads, axis, 0)) + i128::from(at(pads, axis + axes, 0)),
            };
            let room = padded - reach;
            let room = if call.int("ceil_mode", 0) == 1 { room + stride - 1 } else { room };
            let mut count = room.max(-stride) / stride + 1;
            // A last window that would begin behind the picture and its padding in front is left out.
            let front = i128::from(at(pads, axis, 0));
            if call.int("ceil_mode", 0) == 1 && (count - 1) * stride >= size + front {
                count -= 1;
            }
            usize::try_from(count).unwrap_or(usize::MAX)
        })
        .collect()
}

fn convolution(call: &Call<'_>, image: usize, weight: usize, kind: i32) -> (Known, f64) {
    let (Some(from), Some(weight)) = (call.input(image), call.input(weight)) else {
        return (call.largest(), 0.0);
    };
    let kernel: Vec<usize> = weight.shape.iter().skip(2).copied().collect();
    let channels = weight.shape.first().copied().unwrap_or(1);
    let mut shape = vec![from.shape.first().copied().unwrap_or(1), channels];
    shape.extend(windows(call, from, &kernel));
    let value = Known::new(kind, shape).like(from).like(weight);
    let work = value.elements() as f64 * elements(&weight.shape) as f64 / channels.max(1) as f64;
    (value, work)
}

fn transposed(call: &Call<'_>) -> (Known, f64) {
    let (Some(from), Some(weight)) = (call.input(0), call.input(1)) else {
        return (call.largest(), 0.0);
    };
    let kernel: Vec<usize> = weight.shape.iter().skip(2).copied().collect();
    let group = usize::try_from(call.int("group", 1)).unwrap_or(1).max(1);
    let channels = weight.shape.get(1).copied().unwrap_or(1).saturating_mul(group);
    let mut shape = vec![from.shape.first().copied().unwrap_or(1), channels];
    let same = call.node.string("auto_pad").is_some_and(|auto| auto.starts_with("SAME"));
    for (axis, &size) in kernel.iter().enumerate() {
        let own = from.shape.get(axis + 2).copied().unwrap_or(1) as i128;
        let stride = i128::from(at(call.node.ints("strides"), axis, 1));
        let reach = (size as i128 - 1) * i128::from(at(call.node.ints("dilations"), axis, 1)) + 1;
        let more = i128::from(at(call.node.ints("output_padding"), axis, 0));
        let pads = call.node.ints("pads");
        let cut = i128::from(at(pads, axis, 0)) + i128::from(at(pads, axis + kernel.len(), 0));
        let whole = match call.node.ints("output_shape") {
            Some(shape) => i128::from(at(Some(shape), axis, 0)),
            None if same => own * stride,
            None => stride * (own - 1) + more + reach - cut,
        };
        shape.push(usize::try_from(whole.max(0)).unwrap_or(usize::MAX));
    }
    let value = Known::new(from.kind, shape).like(from).like(weight);
    let work = from.elements() as f64 * elements(&weight.shape) as f64
        / weight.shape.first().copied().unwrap_or(1).max(1) as f64;
    (value, work)
}

fn pool(call: &Call<'_>) -> (Known, f64) {
    let Some(from) = call.input(0) else { return (call.largest(), 0.0) };
    let kernel: Vec<usize> = call
        .node
        .ints("kernel_shape")
        .unwrap_or(&[])
        .iter()
        .map(|&size| usize::try_from(size).unwrap_or(1))
        .collect();
    let mut shape: Vec<usize> = from.shape.iter().take(2).copied().collect();
    shape.extend(windows(call, from, &kernel));
    let value = Known::new(from.kind, shape).like(from);
    let work = value.elements() as f64 * elements(&kernel) as f64;
    (value, work)
}

fn product(a: &Known, b: &Known, kind: i32) -> (Known, f64) {
    let mut rows = a.shape.clone();
    let mut columns = b.shape.clone();
    let inner = rows.pop().unwrap_or(1);
    let column = if b.rank() > 1 { columns.pop() } else { None };
    columns.pop();
    let row = if a.rank() > 1 { rows.pop() } else { None };
    let outer = broadcast(&[Some(&Known::new(kind, rows)), Some(&Known::new(kind, columns))], kind);
    let mut shape = outer.shape;
    shape.extend(row);
    shape.extend(column);
    let value = Known::new(kind, shape).like(a).like(b);
    let work = value.elements() as f64 * inner as f64;
    (value, work)
}

fn gemm(call: &Call<'_>) -> (Known, f64) {
    let (Some(a), Some(b)) = (call.input(0), call.input(1)) else { return (call.largest(), 0.0) };
    let side = |known: &Known, turned: bool, side: usize| {
        known.shape.get(if turned { 1 - side } else { side }).copied().unwrap_or(1)
    };
    let (ta, tb) = (call.int("transA", 0) != 0, call.int("transB", 0) != 0);
    let (rows, inner, columns) = (side(a, ta, 0), side(a, ta, 1), side(b, tb, 1));
    let value = Known::new(a.kind, vec![rows, columns]).like(a).like(b);
    let work = value.elements() as f64 * inner as f64;
    (value, work)
}

/// Every letter has the largest size that it stands for; the output has those behind the arrow.
fn einsum(call: &Call<'_>) -> (Known, f64) {
    let all = call.inputs.iter().flatten().fold(1_usize, |all, v| all.saturating_mul(v.elements()));
    let worst = (Known::loose(call.kind(0), all), all as f64);
    let Some(equation) = call.node.string("equation") else { return worst };
    let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let Some((left, right)) = equation.split_once("->") else { return worst };
    let mut sizes = std::collections::BTreeMap::new();
    for (term, known) in left.split(',').zip(call.inputs.iter().flatten()) {
        if term.chars().any(|c| !c.is_ascii_alphabetic()) || term.len() != known.rank() {
            return worst;
        }
        for (letter, &size) in term.chars().zip(&known.shape) {
            let entry = sizes.entry(letter).or_insert(1);
            *entry = size.max(*entry);
        }
    }
    let shape: Option<Vec<usize>> =
        right.chars().map(|letter| sizes.get(&letter).copied()).collect();
    let Some(shape) = shape else { return worst };
    let work = sizes.values().fold(1.0, |all, &size| all * size as f64);
    let known = Known::new(call.kind(0), shape);
    (call.inputs.iter().flatten().fold(known, |known, input| known.like(input)), work)
}
