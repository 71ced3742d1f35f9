//! Slices, gathers, paddings and resizes: each output place along an axis reads some input places.
use super::site::{Site, axis, flat, tensor};
use super::{Grads, Tensor};
use ndarray::{Axis, Dimension, IxDyn};

/// For every output place of an axis: the input places it reads, with weights.
type Reads = Vec<Vec<(usize, f32)>>;

fn one(place: usize) -> Vec<(usize, f32)> {
    vec![(place, 1.0)]
}

/// Adds every output place's gradient to the input places that it read, axis by axis.
fn add_back(
    mut grad: Tensor,
    shape: &[usize],
    axes: Vec<(usize, Reads)>,
) -> Result<Tensor, String> {
    for (place, reads) in axes {
        if grad.shape()[place] != reads.len() {
            return Err(format!(
                "axis {place} has {} places, expected {}",
                grad.shape()[place],
                reads.len()
            ));
        }
        let mut dims = grad.shape().to_vec();
        dims[place] = shape[place];
        let mut sum = Tensor::zeros(IxDyn(&dims));
        for (to, reads) in reads.iter().enumerate() {
            for &(from, weight) in reads {
                if from >= shape[place] {
                    return Err(format!("place {from} lies outside axis {place}"));
                }
                sum.index_axis_mut(Axis(place), from)
                    .scaled_add(weight, &grad.index_axis(Axis(place), to));
            }
        }
        grad = sum;
    }
    if grad.shape() == shape {
        Ok(grad)
    } else {
        Err(format!("shape {:?}, expected {shape:?}", grad.shape()))
    }
}

pub(super) fn slice(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let starts = site.list("starts", 1)?.ok_or("no starts")?;
    let ends = site.list("ends", 2)?.ok_or("no ends")?;
    let axes = site.list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = site.integers(4)?.unwrap_or_else(|| vec![1; starts.len()]);
    let mut reads = Vec::new();
    for (((start, end), place), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let place = axis(place, shape.len())?;
        let size = shape[place] as i64;
        let from_end = |v: i64| if v < 0 { v.saturating_add(size) } else { v };
        let (low, high) = if step < 0 { (-1, size - 1) } else { (0, size) };
        let (mut at, end) = (
            from_end(start).clamp(if step < 0 { -1 } else { 0 }, high),
            from_end(end).clamp(low, high),
        );
        if step == 0 {
            return Err("a step of 0".to_owned());
        }
        let mut places = Reads::new();
        while (step > 0 && at < end) || (step < 0 && at > end) {
            places.push(one(usize::try_from(at).map_err(|error| error.to_string())?));
            at += step;
        }
        reads.push((place, places));
    }
    Ok(site.only(add_back(site.grad()?.clone(), shape, reads)?))
}

pub(super) fn pad(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let pads = site.list("pads", 1)?.ok_or("no pads")?;
    let axes = match site.integers(3)? {
        Some(axes) => {
            axes.iter().map(|&place| axis(place, shape.len())).collect::<Result<Vec<_>, _>>()?
        }
        None => (0..shape.len()).collect(),
    };
    if pads.len() != 2 * axes.len() {
        return Err(format!("{} pads for {} axes", pads.len(), axes.len()));
    }
    let mode = site.node.string("mode").unwrap_or("constant");
    let mut reads = Vec::new();
    for (index, &place) in axes.iter().enumerate() {
        let (before, after) = (pads[index], pads[index + axes.len()]);
        if before == 0 && after == 0 {
            continue;
        }
        let size = shape[place] as i64;
        let places = (-before..size + after)
            .map(|at| {
                let from = match mode {
                    "constant" => at,
                    "edge" => at.clamp(0, size - 1),
                    "wrap" => at.rem_euclid(size),
                    "reflect" if at < 0 => -at,
                    "reflect" if at >= size => 2 * (size - 1) - at,
                    "reflect" => at,
                    _ => return Err(format!("mode {mode}")),
                };
                Ok(usize::try_from(from)
                    .ok()
                    .filter(|&from| from < shape[place])
                    .map_or_else(Vec::new, one))
            })
            .collect::<Result<Reads, String>>()?;
        reads.push((place, places));
    }
    Ok(site.only(add_back(site.grad()?.clone(), shape, reads)?))
}

pub(super) fn tile(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let reads = shape
        .iter()
        .enumerate()
        .filter(|&(place, &size)| site.grad().is_ok_and(|g| g.shape().get(place) != Some(&size)))
        .map(|(place, &size)| {
            let repeated = site.grad()?.shape()[place];
            Ok((place, (0..repeated).map(|to| one(to % size.max(1))).collect()))
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(site.only(add_back(site.grad()?.clone(), shape, reads)?))
}

fn place_of(index: i64, size: usize) -> Result<usize, String> {
    let place = if index < 0 { index + size as i64 } else { index };
    usize::try_from(place)
        .ok()
        .filter(|&place| place < size)
        .ok_or_else(|| format!("index {index} lies outside {size}"))
}

pub(super) fn gather(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let place = axis(site.int("axis", 0), shape.len())?;
    let indices = site.integers(1)?.ok_or("no indices")?;
    let reads = indices
        .iter()
        .map(|&index| place_of(index, shape[place]).map(one))
        .collect::<Result<Reads, _>>()?;
    // The indices' own shape stands where the axis was: one axis again.
    let mut flat_shape = shape.to_vec();
    flat_shape[place] = indices.len();
    let grad = tensor(&flat_shape, flat(site.grad()?)?.to_vec())?;
    Ok(site.only(add_back(grad, shape, vec![(place, reads)])?))
}

pub(super) fn gather_elements(site: &Site<'_>) -> Result<Grads, String> {
    let shape = site.shape(0)?;
    let place = axis(site.int("axis", 0), shape.len())?;
    let indices = site.integers(1)?.ok_or("no indices")?;
    let mut sum = Tensor::zeros(IxDyn(shape));
    for ((at, &g), index) in site.grad()?.indexed_iter().zip(indices) {
        let mut at = at.as_array_view().to_vec();
        at[place] = place_of(index, shape[place])?;
        if let Some(cell) = sum.get_mut(IxDyn(&at)) {
            *cell += g;
        }
    }
    Ok(site.only(sum))
}

/// Nearest and linear interpolation.
pub(super) fn resize(site: &Site<'_>) -> Result<Grads, String> {
    let (shape, grad) = (site.shape(0)?, site.grad()?);
    let mode = site.node.string("mode").unwrap_or("nearest");
    let old = site.opset < 11;
    let transform = site.node.string("coordinate_transformation_mode").unwrap_or(if old {
        "asymmetric"
    } else {
        "half_pixel"
    });
    let rounding = site.node.string("nearest_mode").unwrap_or(if old {
        "floor"
    } else {
        "round_prefer_floor"
    });
    if site.int("antialias", 0) != 0 {
        return Err("antialiasing".to_owned());
    }
    let mut reads = Vec::new();
    for (place, (&from, &to)) in shape.iter().zip(grad.shape()).enumerate() {
        if from == to {
            continue;
        }
        let scale = given_scale(site, place, shape.len())?.unwrap_or(to as f32 / from as f32);
        let places = (0..to)
            .map(|step| {
                let step = step as f32;
                let at = match transform {
                    "half_pixel" => (step + 0.5) / scale - 0.5,
                    "pytorch_half_pixel" if to == 1 => 0.0,
                    "pytorch_half_pixel" => (step + 0.5) / scale - 0.5,
                    "asymmetric" => step / scale,
                    "align_corners" if to == 1 => 0.0,
                    "align_corners" => step * (from - 1) as f32 / (to - 1) as f32,
                    other => return Err(format!("coordinates {other}")),
                };
                let last = (from - 1) as f32;
                match mode {
                    "nearest" => {
                        let whole = match rounding {
                            "floor" => at.floor(),
                            "ceil" => at.ceil(),
                            "round_prefer_ceil" => (at + 0.5).floor(),
                            _ => (at - 0.5).ceil(),
                        };
                        Ok(one(whole.clamp(0.0, last) as usize))
                    }
                    "linear" => {
                        let at = at.clamp(0.0, last);
                        let low = at.floor();
                        let high = (low + 1.0).min(last);
                        Ok(vec![(low as usize, 1.0 - (at - low)), (high as usize, at - low)])
                    }
                    other => Err(format!("mode {other}")),
                }
            })
            .collect::<Result<Reads, String>>()?;
        reads.push((place, places));
    }
    Ok(site.only(add_back(grad.clone(), shape, reads)?))
}

/// The scale that the node states for an axis, where it states scales.
fn given_scale(site: &Site<'_>, place: usize, rank: usize) -> Result<Option<f32>, String> {
    let input = if site.node.inputs().len() == 2 { 1 } else { 2 };
    if site.has(input) && site.shape(input)? == [rank] {
        return Ok(site.x(input)?.iter().nth(place).copied());
    }
    Ok(None)
}
