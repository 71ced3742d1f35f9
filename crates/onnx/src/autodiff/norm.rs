//! Normalisations.
use super::binary::broadcast;
use super::site::{Site, axis, flat, tensor};
use super::{Grads, Tensor};
use ndarray::{Axis, Zip};

fn only_input(site: &Site<'_>) -> Result<(), String> {
    if (1..site.inputs.len()).any(|input| site.wants(input)) {
        return Err("scale or shift that depend on the image".to_owned());
    }
    Ok(())
}

/// A vector of one element a channel, shaped to broadcast over `[N, C, ...]`.
fn channels(values: &[f32], rank: usize) -> Result<Tensor, String> {
    let mut shape = vec![1; rank];
    *shape.get_mut(1).ok_or("a value without channels")? = values.len();
    tensor(&shape, values.to_vec())
}

/// In evaluation a fixed scale: `scale / sqrt(var + epsilon)`.
pub(super) fn batch(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    if site.int("training_mode", 0) != 0 {
        return Err("training mode".to_owned());
    }
    let grad = site.grad()?;
    let epsilon = site.float("epsilon", 1e-5);
    let factors: Vec<f32> = site
        .x(1)?
        .iter()
        .zip(site.x(4)?)
        .map(|(scale, var)| scale / (var + epsilon).sqrt())
        .collect();
    Ok(site.only(grad * &channels(&factors, grad.ndim())?))
}

/// Gradient through `(x - mean) / sqrt(var + epsilon)` over runs of `length` elements; `grad` is already scaled.
fn standardised(x: &[f32], grad: &[f32], length: usize, epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    let count = length as f64;
    for (x, grad) in x.chunks(length.max(1)).zip(grad.chunks(length.max(1))) {
        if grad.iter().all(|&g| g == 0.0) {
            out.extend(std::iter::repeat_n(0.0, x.len()));
            continue;
        }
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let var = x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (var + f64::from(epsilon)).sqrt();
        let whole = grad.iter().map(|&g| f64::from(g)).sum::<f64>() / count;
        let along = x
            .iter()
            .zip(grad)
            .map(|(&v, &g)| (f64::from(v) - mean) * scale * f64::from(g))
            .sum::<f64>()
            / count;
        out.extend(x.iter().zip(grad).map(|(&v, &g)| {
            (scale * (f64::from(g) - whole - (f64::from(v) - mean) * scale * along)) as f32
        }));
    }
    out
}

pub(super) fn layer(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    let (x, grad) = (site.x(0)?, site.grad()?);
    let place = axis(site.int("axis", -1), x.ndim())?;
    let length = x.shape()[place..].iter().product();
    let scaled = grad * &broadcast(site.x(1)?, grad.shape())?;
    let out = standardised(flat(x)?, flat(&scaled)?, length, site.float("epsilon", 1e-5));
    Ok(site.only(tensor(x.shape(), out)?))
}

pub(super) fn instance(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    let (x, grad) = (site.x(0)?, site.grad()?);
    let length = x.shape().iter().skip(2).product();
    let scaled = grad * &channels(flat(site.x(1)?)?, grad.ndim())?;
    let out = standardised(flat(x)?, flat(&scaled)?, length, site.float("epsilon", 1e-5));
    Ok(site.only(tensor(x.shape(), out)?))
}

/// Scale and shift are one a group in operator set 18, one a channel from 21 on.
pub(super) fn group(site: &Site<'_>) -> Result<Grads, String> {
    only_input(site)?;
    let (x, grad) = (site.x(0)?, site.grad()?);
    let count = *x.shape().get(1).ok_or("a value without channels")?;
    let groups = usize::try_from(site.int("num_groups", 0))
        .ok()
        .filter(|&groups| groups > 0 && count.is_multiple_of(groups))
        .ok_or_else(|| format!("{count} channels in {} groups", site.int("num_groups", 0)))?;
    let wide = count / groups;
    let given = flat(site.x(1)?)?;
    let scale: Vec<f32> = if given.len() == count {
        given.to_vec()
    } else {
        given.iter().flat_map(|&s| std::iter::repeat_n(s, wide)).collect()
    };
    let scaled = grad * &channels(&scale, grad.ndim())?;
    let length = wide * x.shape().iter().skip(2).product::<usize>();
    let out = standardised(flat(x)?, flat(&scaled)?, length, site.float("epsilon", 1e-5));
    Ok(site.only(tensor(x.shape(), out)?))
}

/// `x / norm(x)` along an axis, for the norms of order 1 and 2.
pub(super) fn lp(site: &Site<'_>) -> Result<Grads, String> {
    let (x, mut grad) = (site.x(0)?, site.grad()?.clone());
    let place = Axis(axis(site.int("axis", -1), x.ndim())?);
    let order = site.int("p", 2);
    if !(1..=2).contains(&order) {
        return Err(format!("order {order}"));
    }
    Zip::from(grad.lanes_mut(place)).and(x.lanes(place)).for_each(|mut grad, x| {
        let norm = if order == 1 {
            x.iter().map(|v| v.abs()).sum::<f32>()
        } else {
            x.iter().map(|v| v * v).sum::<f32>().sqrt()
        };
        if norm == 0.0 {
            grad.fill(0.0);
            return;
        }
        let along = grad.iter().zip(x).map(|(g, v)| g * v).sum::<f32>() / norm;
        grad.zip_mut_with(&x, |g, &v| {
            let direction = if order == 1 { sign(v) } else { v / norm };
            *g = (*g - along * direction) / norm;
        });
    });
    Ok(site.only(grad))
}

/// -1, 0 or 1 (`f32::signum` has no 0).
pub(super) fn sign(x: f32) -> f32 {
    if x == 0.0 { 0.0 } else { x.signum() }
}
