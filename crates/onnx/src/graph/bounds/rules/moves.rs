//! Operators that move, choose, join and reduce elements.
use super::super::known::{Known, elements, place};
use super::{Call, axes};
use crate::graph::proto::data_type;

pub(super) fn outputs(call: &Call<'_>) -> Option<Vec<Known>> {
    let from = call.input(0);
    let value = match call.op() {
        "Reshape" => reshape(call, from?),
        "Flatten" => {
            let from = from?;
            let axis = call.int("axis", 1);
            let axis = if axis < 0 { axis + from.rank() as i64 } else { axis };
            let (outer, inner) = from.shape.split_at((axis.max(0) as usize).min(from.rank()));
            Known::new(from.kind, vec![elements(outer), elements(inner)]).like(from)
        }
        "Transpose" => transpose(call, from?),
        "Unsqueeze" => unsqueeze(call, from?),
        "Squeeze" => squeeze(call, from?),
        "Concat" => concat(call),
        "Split" => return Some(split(call, from?)),
        "Slice" => slice(call, from?),
        "Gather" => gather(call, from?, call.input(1)?),
        "GatherElements" => Known { numbers: None, kind: from?.kind, ..call.input(1)?.clone() },
        "GatherND" => gather_nd(call, from?, call.input(1)?),
        "Compress" => Known::loose(from?.kind, from?.elements()),
        "NonZero" => Known::at_most(data_type::INT64, vec![from?.rank(), from?.elements()]),
        "Unique" => {
            let flat = |kind| Known::loose(kind, from.map_or(1, Known::elements));
            let index = data_type::INT64;
            return Some(vec![flat(call.kind(0)), flat(index), flat(index), flat(index)]);
        }
        "NonMaxSuppression" => {
            let (boxes, scores) = (from?.elements(), call.input(1)?.elements());
            Known::at_most(data_type::INT64, vec![scores.max(boxes), 3])
        }
        "TopK" => return Some(top_k(call, from?)),
        "ArgMax" | "ArgMin" => {
            let from = from?;
            let axis = from.axis(call.int("axis", 0))?;
            reduced(from, &[axis], call.int("keepdims", 1) != 0, data_type::INT64)
        }
        op if op.starts_with("Reduce") => reduce(call, from?),
        "DepthToSpace" | "SpaceToDepth" => blocks(call, from?),
        "SequenceConstruct" | "SequenceInsert" => {
            let all = call.inputs.iter().flatten().map(|known| known.elements());
            Known::loose(call.kind(0), all.fold(0, usize::saturating_add))
        }
        "ConcatFromSequence" | "SequenceAt" | "SplitToSequence" => {
            Known::loose(from?.kind, from?.elements())
        }
        _ => return None,
    };
    Some(vec![value])
}

fn reshape(call: &Call<'_>, from: &Known) -> Known {
    let loose = Known::loose(from.kind, from.elements());
    let Some(sizes) = call.whole("shape", 1) else { return loose };
    let keeps_zero = call.int("allowzero", 0) != 0;
    let mut shape = Vec::with_capacity(sizes.len());
    let mut open = None;
    for (at, &size) in sizes.iter().enumerate() {
        shape.push(match size {
            -1 => {
                open = Some(at);
                1
            }
            0 if !keeps_zero => from.shape.get(at).copied().unwrap_or(1),
            size => usize::try_from(size).unwrap_or(0),
        });
    }
    if let Some(at) = open {
        shape[at] = from.elements() / elements(&shape).max(1);
    }
    // No more elements than there were: anything else is refused by the engines.
    if elements(&shape) > from.elements() {
        return loose;
    }
    Known::new(from.kind, shape).like(from)
}

fn transpose(call: &Call<'_>, from: &Known) -> Known {
    let axes: Vec<usize> = match call.node.ints("perm") {
        Some(axes) => axes.iter().filter_map(|&axis| place(axis, from.rank())).collect(),
        None => (0..from.rank()).rev().collect(),
    };
    if axes.len() != from.rank() {
        return Known::loose(from.kind, from.elements());
    }
    let shape = axes.iter().map(|&axis| from.shape[axis]).collect();
    Known::new(from.kind, shape).like(from)
}

fn unsqueeze(call: &Call<'_>, from: &Known) -> Known {
    let Some(given) = call.whole("axes", 1) else {
        return Known::loose(from.kind, from.elements());
    };
    let rank = from.rank() + given.len();
    let axes: Vec<usize> = given.iter().filter_map(|&axis| place(axis, rank)).collect();
    let mut rest = from.shape.iter();
    let shape = (0..rank)
        .map(|at| if axes.contains(&at) { 1 } else { rest.next().copied().unwrap_or(1) })
        .collect();
    Known::new(from.kind, shape).like(from)
}

fn squeeze(call: &Call<'_>, from: &Known) -> Known {
    let Some(axes) = axes(call, 1, from.rank()) else {
        return Known::loose(from.kind, from.elements());
    };
    let all = axes.is_empty();
    if all && !from.exact {
        // Which of them have length 1 only a run tells.
        return Known::loose(from.kind, from.elements());
    }
    let shape = from.shape.iter().enumerate();
    let shape = shape
        .filter(|(at, size)| if all { **size != 1 } else { !axes.contains(at) })
        .map(|(_, &size)| size);
    let shape: Vec<usize> = shape.collect();
    // An axis that is larger than 1 can't be left out.
    if elements(&shape) < from.elements() {
        return Known::loose(from.kind, from.elements());
    }
    Known::new(from.kind, shape).like(from)
}

fn concat(call: &Call<'_>) -> Known {
    let parts: Vec<&Known> = call.inputs.iter().flatten().copied().collect();
    let kind = call.kind(0);
    let total = parts.iter().map(|part| part.elements()).fold(0, usize::saturating_add);
    let Some(first) = parts.first() else { return call.largest() };
    let Some(axis) = first.axis(call.int("axis", 1)) else { return Known::loose(kind, total) };
    if parts.iter().any(|part| part.rank() != first.rank()) {
        return Known::loose(kind, total);
    }
    let mut shape = first.shape.clone();
    for part in &parts[1..] {
        for (at, size) in part.shape.iter().enumerate() {
            shape[at] =
                if at == axis { shape[at].saturating_add(*size) } else { shape[at].max(*size) };
        }
    }
    parts.iter().fold(Known::new(kind, shape), |known, part| known.like(part))
}

fn split(call: &Call<'_>, from: &Known) -> Vec<Known> {
    let count = call.node.outputs().len().max(1);
    let whole = || vec![Known { exact: false, numbers: None, ..from.clone() }; count];
    let Some(axis) = from.axis(call.int("axis", 0)) else { return whole() };
    let sizes = match call.node.attribute("split").is_some() || call.gives(1) {
        true => call.whole("split", 1),
        false => {
            let parts = call.int("num_outputs", count as i64).max(1) as usize;
            let size = from.shape[axis].div_ceil(parts);
            let left = |at: usize| from.shape[axis].saturating_sub(at * size).min(size) as i64;
            Some((0..count).map(left).collect())
        }
    };
    let Some(sizes) = sizes.filter(|sizes| sizes.len() == count) else { return whole() };
    let part = |size: i64| {
        let mut shape = from.shape.clone();
        shape[axis] = usize::try_from(size).unwrap_or(0).min(shape[axis]);
        Known::new(from.kind, shape).like(from)
    };
    sizes.into_iter().map(part).collect()
}

/// Starts, ends, axes and steps of a `Slice`, where all are known.
pub(in super::super) fn slice_ranges(
    call: &Call<'_>,
    from: &Known,
) -> Option<Vec<(usize, i64, i64, usize)>> {
    let (starts, ends) = (call.whole("starts", 1)?, call.whole("ends", 2)?);
    let given = call.node.attribute("axes").is_some() || call.gives(3);
    let axes = if given { call.whole("axes", 3)? } else { (0..starts.len() as i64).collect() };
    let steps = if call.gives(4) { call.input(4)?.whole()? } else { vec![1; starts.len()] };
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return None;
    }
    let mut ranges = Vec::new();
    for at in 0..starts.len() {
        let axis = from.axis(axes[at])?;
        let size = i64::try_from(from.shape[axis]).unwrap_or(i64::MAX);
        let step = steps[at];
        let from_end = |value: i64| if value < 0 { value.saturating_add(size) } else { value };
        let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let start = from_end(starts[at]).clamp(low.max(0), high.max(0));
        let end = from_end(ends[at]).clamp(low, high);
        let room = if step > 0 { end - start } else { start - end };
        let count = if step == 0 || room <= 0 { 0 } else { (room - 1) / step.saturating_abs() + 1 };
        ranges.push((axis, start, step, usize::try_from(count).unwrap_or(0)));
    }
    Some(ranges)
}

fn slice(call: &Call<'_>, from: &Known) -> Known {
    let Some(ranges) = slice_ranges(call, from).filter(|_| from.exact) else {
        return Known { exact: false, numbers: None, ..from.clone() };
    };
    let mut shape = from.shape.clone();
    for (axis, _, _, count) in ranges {
        shape[axis] = count;
    }
    Known::new(from.kind, shape)
}

fn gather(call: &Call<'_>, from: &Known, indices: &Known) -> Known {
    let Some(axis) = from.axis(call.int("axis", 0)) else {
        return Known::loose(from.kind, from.elements().saturating_mul(indices.elements()));
    };
    let mut shape = from.shape[..axis].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&from.shape[axis + 1..]);
    Known::new(from.kind, shape).like(from).like(indices)
}

fn gather_nd(call: &Call<'_>, from: &Known, indices: &Known) -> Known {
    let batch = call.int("batch_dims", 0).max(0) as usize;
    let width = indices.shape.last().copied().unwrap_or(1);
    let outer = indices.rank().saturating_sub(1);
    let mut shape = indices.shape[..outer].to_vec();
    shape.extend(from.shape.iter().skip(batch.saturating_add(width)));
    let known = Known::new(from.kind, shape).like(from).like(indices);
    // How many axes are left depends on the size of the last one of the indices.
    Known { ranked: known.ranked && indices.exact, ..known }
}

fn top_k(call: &Call<'_>, from: &Known) -> Vec<Known> {
    let count = match call.node.int("k") {
        Some(count) => Some(count),
        None => call.input(1).and_then(Known::whole).and_then(|all| all.first().copied()),
    };
    let mut shape = from.shape.clone();
    if let Some(axis) = from.axis(call.int("axis", -1))
        && let Some(count) = count.and_then(|count| usize::try_from(count).ok())
    {
        shape[axis] = shape[axis].min(count);
    }
    let exact = count.is_some() && from.exact;
    let of = |kind| Known { exact, ..Known::new(kind, shape.clone()).like(from) };
    vec![of(from.kind), of(data_type::INT64)]
}

fn reduced(from: &Known, axes: &[usize], keep: bool, kind: i32) -> Known {
    let sides = from.shape.iter().enumerate();
    let shape = sides
        .filter(|(at, _)| keep || !axes.contains(at))
        .map(|(at, &size)| if axes.contains(&at) { 1 } else { size })
        .collect();
    Known::new(kind, shape).like(from)
}

fn reduce(call: &Call<'_>, from: &Known) -> Known {
    let Some(axes) = axes(call, 1, from.rank()) else {
        // An axis of no length becomes one of length 1.
        let shape = from.shape.iter().map(|&size| size.max(1)).collect();
        let ranked = from.ranked && call.int("keepdims", 1) != 0;
        return Known { exact: false, ranked, numbers: None, shape, ..from.clone() };
    };
    if axes.is_empty() && call.int("noop_with_empty_axes", 0) != 0 {
        return Known { numbers: None, ..from.clone() };
    }
    let axes = if axes.is_empty() { (0..from.rank()).collect() } else { axes };
    reduced(from, &axes, call.int("keepdims", 1) != 0, from.kind)
}

fn blocks(call: &Call<'_>, from: &Known) -> Known {
    let side = usize::try_from(call.int("blocksize", 1)).unwrap_or(1).max(1);
    let [n, c, h, w] = *from.shape.as_slice() else {
        return Known::loose(from.kind, from.elements());
    };
    let area = side.saturating_mul(side);
    let shape = if call.op() == "DepthToSpace" {
        vec![n, c / area, h.saturating_mul(side), w.saturating_mul(side)]
    } else {
        vec![n, c.saturating_mul(area), h / side, w / side]
    };
    Known::new(from.kind, shape).like(from)
}
