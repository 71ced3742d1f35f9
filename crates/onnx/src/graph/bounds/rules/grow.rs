//! Operators that make large values of small ones, by numbers that they are given.
use super::super::Refusal;
use super::super::known::{Known, elements, place};
use super::{Call, Results, broadcast, sparse};
use crate::graph::proto::data_type;

pub(super) fn outputs(call: &Call<'_>) -> Result<Option<Results>, Refusal> {
    let value = match call.op() {
        "Constant" => constant(call),
        "ConstantOfShape" => {
            let kind = call
                .node
                .tensor("value")
                .map_or(data_type::FLOAT, |tensor| tensor.data_type.unwrap_or(data_type::FLOAT));
            let numbers = call.input(0).and_then(Known::whole);
            Known::new(kind, sizes(&numbers.ok_or_else(|| call.unknown("its shape"))?))
        }
        "Expand" => {
            let to = call.input(1).and_then(Known::whole);
            let to = Known::new(0, sizes(&to.ok_or_else(|| call.unknown("its shape"))?));
            broadcast(&[call.input(0), Some(&to)], call.kind(0))
        }
        "Tile" => tile(call)?,
        "Range" => range(call)?,
        "Pad" => pad(call)?,
        "Resize" | "Upsample" => resize(call)?,
        "OneHot" => {
            let depth = call.input(1).and_then(Known::whole);
            let depth = depth.and_then(|depth| depth.first().copied());
            let depth = sizes(&[depth.ok_or_else(|| call.unknown("its depth"))?]);
            let indices = call.largest();
            let mut shape = call.input(0).map_or(indices.shape, |known| known.shape.clone());
            let axis = place(call.int("axis", -1), shape.len() + 1).unwrap_or(shape.len());
            shape.insert(axis, depth[0]);
            let made = Known::new(call.kind(2), shape);
            call.input(0).map_or_else(|| made.clone(), |indices| made.clone().like(indices))
        }
        "RandomNormal" | "RandomUniform" => {
            let kind = call.node.int("dtype").and_then(|kind| i32::try_from(kind).ok());
            let shape = sizes(call.node.ints("shape").unwrap_or(&[]));
            Known::new(kind.unwrap_or(data_type::FLOAT), shape)
        }
        "Multinomial" => {
            let rows = call.input(0).map_or(1, |known| known.shape.first().copied().unwrap_or(1));
            let drawn = sizes(&[call.int("sample_size", 1)]);
            Known::at_most(data_type::INT64, vec![rows, drawn[0]])
        }
        "HannWindow" | "HammingWindow" | "BlackmanWindow" => {
            let size = call.input(0).and_then(Known::whole);
            let size = sizes(&size.ok_or_else(|| call.unknown("its length"))?);
            Known::new(data_type::FLOAT, vec![elements(&size)])
        }
        "AffineGrid" => {
            let size = call.input(1).and_then(Known::whole);
            let mut shape = sizes(&size.ok_or_else(|| call.unknown("its size"))?);
            // [N, C, H, W] to [N, H, W, 2].
            let axes = shape.len().saturating_sub(2);
            if shape.len() > 1 {
                shape.remove(1);
            }
            shape.push(axes);
            Known::new(call.kind(0), shape)
        }
        "CenterCropPad" => center(call)?,
        "Col2Im" => {
            let size = call.input(1).and_then(Known::whole);
            let size = sizes(&size.ok_or_else(|| call.unknown("its size"))?);
            let from = call.input(0).map_or(1, |known| {
                known.shape.iter().take(2).fold(1_usize, |a, b| a.saturating_mul(*b))
            });
            Known::loose(call.kind(0), from.saturating_mul(elements(&size)))
        }
        "DFT" => {
            let length = match call.gives(1) {
                true => call.input(1).and_then(Known::whole).and_then(|all| all.first().copied()),
                false => Some(1),
            };
            let length = sizes(&[length.ok_or_else(|| call.unknown("its length"))?])[0];
            let own = call.input(0).map_or(1, Known::elements);
            let given = call.gives(1).then_some(length);
            super::several::transform(call, given).unwrap_or_else(|| {
                Known::loose(call.kind(0), own.saturating_mul(length.max(1)).saturating_mul(2))
            })
        }
        "STFT" | "MelWeightMatrix" | "ImageDecoder" | "StringSplit" | "RegexFullMatch"
        | "TfIdfVectorizer" => return Err(call.unknown("its size")),
        "MaxUnpool" => {
            let to = match call.gives(2) {
                true => call.input(2).and_then(Known::whole).map(|to| elements(&sizes(&to))),
                false => {
                    let strides = call.node.ints("strides").unwrap_or(&[]);
                    let kernel = call.node.ints("kernel_shape").unwrap_or(&[]);
                    let factor = elements(&sizes(strides)).max(1);
                    let own = call.input(0).map_or(1, Known::elements);
                    Some(own.saturating_mul(factor).saturating_mul(elements(&sizes(kernel)).max(1)))
                }
            };
            Known::loose(call.kind(0), to.ok_or_else(|| call.unknown("its shape"))?)
        }
        _ => return Ok(None),
    };
    Ok(Some(Results { values: vec![value], work: 0.0 }))
}

/// Sizes from numbers; a negative one counts as none.
fn sizes(numbers: &[i64]) -> Vec<usize> {
    numbers.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect()
}

fn constant(call: &Call<'_>) -> Known {
    let attribute = |name: &str| call.node.attribute(name);
    if let Some(tensor) = attribute("sparse_value").and_then(|value| value.sparse_tensor.as_ref()) {
        return sparse(tensor);
    }
    if let Some(strings) = attribute("value_strings") {
        return Known::new(data_type::STRING, vec![strings.strings.len()]);
    }
    if attribute("value_string").is_some() {
        return Known::new(data_type::STRING, vec![]);
    }
    let value = call.node.constant_value();
    value.map_or_else(|| Known::loose(data_type::FLOAT, 1), |tensor| Known::of_tensor(&tensor))
}

fn tile(call: &Call<'_>) -> Result<Known, Refusal> {
    let repeats = call.input(1).and_then(Known::whole);
    let repeats = sizes(&repeats.ok_or_else(|| call.unknown("how often its input is repeated"))?);
    let Some(from) = call.input(0) else { return Ok(call.largest()) };
    if repeats.len() != from.rank() {
        let all = from.elements().saturating_mul(elements(&repeats));
        return Ok(Known::loose(from.kind, all));
    }
    let shape = from.shape.iter().zip(&repeats).map(|(a, b)| a.saturating_mul(*b)).collect();
    Ok(Known::new(from.kind, shape).like(from))
}

fn range(call: &Call<'_>) -> Result<Known, Refusal> {
    let number = |at: usize| call.input(at)?.numbers.as_ref()?.first().copied();
    let all = number(0).zip(number(1)).zip(number(2));
    let ((start, limit), delta) = all.ok_or_else(|| call.unknown("its length"))?;
    let count = ((limit - start) / delta).ceil();
    // Steps of zero have no end.
    let count = if count.is_nan() || delta == 0.0 { usize::MAX } else { count.max(0.0) as usize };
    Ok(Known::new(call.kind(0), vec![count]))
}

fn pad(call: &Call<'_>) -> Result<Known, Refusal> {
    let from = call.input(0).cloned().unwrap_or_else(|| call.largest());
    let pads = call.whole("pads", 1).ok_or_else(|| call.unknown("its padding"))?;
    let rank = from.rank();
    let axes = match call.gives(3) {
        true => {
            let axes = call.input(3).and_then(Known::whole);
            let axes = axes.ok_or_else(|| call.unknown("its padding"))?;
            axes.into_iter().map(|axis| place(axis, rank)).collect::<Option<Vec<_>>>()
        }
        false => Some((0..rank).collect()),
    };
    let axes = axes.filter(|axes| axes.len() * 2 == pads.len());
    let Some(axes) = axes.filter(|_| from.ranked) else {
        let more =
            sizes(&pads).iter().fold(1_usize, |all, pad| all.saturating_mul(pad.saturating_add(1)));
        return Ok(Known::loose(from.kind, from.elements().saturating_mul(more)));
    };
    let mut shape = from.shape.clone();
    for (at, &axis) in axes.iter().enumerate() {
        let more = pads[at].saturating_add(pads[at + axes.len()]);
        let size = i64::try_from(shape[axis]).unwrap_or(i64::MAX).saturating_add(more);
        shape[axis] = usize::try_from(size).unwrap_or(0);
    }
    Ok(Known::new(from.kind, shape).like(&from))
}

fn resize(call: &Call<'_>) -> Result<Known, Refusal> {
    let from = call.input(0).cloned().unwrap_or_else(|| call.largest());
    let rank = from.rank();
    // Opset 10 and before: the scales come second, or are an attribute.
    let (scales_at, sizes_at) =
        if call.op() == "Upsample" || call.opset < 11 { (1, 9) } else { (2, 3) };
    let empty = |at: usize| call.input(at).is_none_or(|known| known.exact && known.elements() == 0);
    let axes: Vec<usize> = match call.node.ints("axes") {
        Some(axes) => axes.iter().filter_map(|&axis| place(axis, rank)).collect(),
        None => (0..rank).collect(),
    };
    let mut shape = from.shape.clone();
    if !empty(sizes_at) {
        let to = call.input(sizes_at).and_then(Known::whole);
        let to = sizes(&to.ok_or_else(|| call.unknown("its size"))?);
        if to.len() != axes.len() {
            return Ok(Known::loose(from.kind, from.elements().saturating_mul(elements(&to))));
        }
        for (&axis, &size) in axes.iter().zip(&to) {
            shape[axis] = size;
        }
        let policy = call.node.string("keep_aspect_ratio_policy").unwrap_or("stretch");
        let known = Known::new(from.kind, shape.clone()).like(&from);
        if policy == "stretch" {
            return Ok(known);
        }
        // "not larger" stays within, "not smaller" has the same ratio on every axis.
        let ratio =
            axes.iter().zip(&to).map(|(&axis, &size)| size as f64 / from.shape[axis].max(1) as f64);
        let ratio = ratio.fold(0.0, f64::max);
        for &axis in &axes {
            shape[axis] = shape[axis].max((from.shape[axis] as f64 * ratio).ceil() as usize);
        }
        return Ok(Known::at_most(from.kind, shape));
    }
    let scales = match call.node.floats("scales") {
        Some(scales) => Some(scales.iter().map(|&scale| f64::from(scale)).collect()),
        None => call.input(scales_at).and_then(|known| known.numbers.clone()),
    };
    let scales = scales.ok_or_else(|| call.unknown("its scale"))?;
    if scales.len() != axes.len() {
        let factor: f64 = scales.iter().map(|scale| scale.max(1.0)).product();
        let all = from.elements() as f64 * factor;
        return Ok(Known::loose(from.kind, all as usize));
    }
    for (&axis, scale) in axes.iter().zip(&scales) {
        shape[axis] = (shape[axis] as f64 * scale).floor().max(0.0) as usize;
    }
    Ok(Known::new(from.kind, shape).like(&from))
}

fn center(call: &Call<'_>) -> Result<Known, Refusal> {
    let from = call.input(0).cloned().unwrap_or_else(|| call.largest());
    let to = call.input(1).and_then(Known::whole);
    let to = sizes(&to.ok_or_else(|| call.unknown("its shape"))?);
    let axes: Vec<usize> = match call.node.ints("axes") {
        Some(axes) => axes.iter().filter_map(|&axis| place(axis, from.rank())).collect(),
        None => (0..from.rank()).collect(),
    };
    let mut shape = from.shape.clone();
    for (&axis, &size) in axes.iter().zip(&to) {
        shape[axis] = size;
    }
    Ok(Known::new(from.kind, shape).like(&from))
}
