//! Broadcasting arithmetic.
use super::site::{Site, reshaped};
use super::{Grads, Tensor};
use ndarray::{Axis, Zip};

/// Sums a gradient over the axes along which a value of this shape was repeated.
pub(super) fn reduce_to(grad: &Tensor, shape: &[usize]) -> Result<Tensor, String> {
    if grad.shape() == shape {
        return Ok(grad.clone());
    }
    let mut sum = grad.clone();
    while sum.ndim() > shape.len() {
        sum = sum.sum_axis(Axis(0));
    }
    for (place, &size) in shape.iter().enumerate() {
        if size == 1 && sum.shape()[place] != 1 {
            sum = sum.sum_axis(Axis(place)).insert_axis(Axis(place));
        }
    }
    if sum.shape() == shape {
        Ok(sum)
    } else {
        Err(format!("shape {shape:?} does not broadcast to {:?}", grad.shape()))
    }
}

/// A value repeated to a shape.
pub(super) fn broadcast(value: &Tensor, shape: &[usize]) -> Result<Tensor, String> {
    value
        .broadcast(shape)
        .map(|view| view.to_owned())
        .ok_or_else(|| format!("shape {:?} does not broadcast to {shape:?}", value.shape()))
}

/// Gradient of one of two inputs: `grad * slope(a, b)`, summed to the input's shape.
fn side(
    site: &Site<'_>,
    input: usize,
    slope: impl Fn(f32, f32) -> f32,
) -> Result<Option<Tensor>, String> {
    if !site.wants(input) {
        return Ok(None);
    }
    let mut grad = site.grad()?.clone();
    let shape = grad.shape().to_vec();
    let fit = |index: usize| {
        site.x(index)?
            .broadcast(shape.clone())
            .ok_or_else(|| format!("input {index} does not broadcast to {shape:?}"))
    };
    let (a, b) = (fit(0)?, fit(1)?);
    Zip::from(&mut grad).and(&a).and(&b).for_each(|g, &a, &b| {
        if *g != 0.0 {
            *g *= slope(a, b);
        }
    });
    reduce_to(&grad, site.shape(input)?).map(Some)
}

fn linear(site: &Site<'_>, signs: [f32; 2]) -> Result<Grads, String> {
    let mut grads = vec![None, None];
    for (input, sign) in signs.into_iter().enumerate() {
        if site.wants(input) {
            let grad = reduce_to(site.grad()?, site.shape(input)?)?;
            grads[input] = Some(if sign < 0.0 { -grad } else { grad });
        }
    }
    Ok(grads)
}

pub(super) fn add(site: &Site<'_>) -> Result<Grads, String> {
    linear(site, [1.0, 1.0])
}

pub(super) fn sub(site: &Site<'_>) -> Result<Grads, String> {
    linear(site, [1.0, -1.0])
}

pub(super) fn mul(site: &Site<'_>) -> Result<Grads, String> {
    let mut grads = vec![None, None];
    for (input, other) in [(0, 1), (1, 0)] {
        if site.wants(input) {
            let part = site.grad()? * site.x(other)?;
            grads[input] = Some(reduce_to(&part, site.shape(input)?)?);
        }
    }
    Ok(grads)
}

pub(super) fn div(site: &Site<'_>) -> Result<Grads, String> {
    Ok(vec![side(site, 0, |_, b| 1.0 / b)?, side(site, 1, |a, b| -a / (b * b))?])
}

/// The exponent may be a tensor of integers.
pub(super) fn pow(site: &Site<'_>) -> Result<Grads, String> {
    if let Ok(Some(exponents)) = site.integers(1) {
        let [exponent] = exponents[..] else {
            return Err("an integer exponent of more than one element".to_owned());
        };
        let exponent = i32::try_from(exponent).map_err(|error| error.to_string())?;
        let mut grads =
            super::elementwise::of_input(site, |x| exponent as f32 * x.powi(exponent - 1))?;
        grads.truncate(2);
        return Ok(grads);
    }
    let slope = |a: f32, b: f32| {
        // powf of a negative base is NaN unless the exponent is whole, which powi says exactly.
        if b.fract() == 0.0 && b.abs() < 64.0 {
            b * a.powi(b as i32 - 1)
        } else {
            b * a.powf(b - 1.0)
        }
    };
    Ok(vec![
        side(site, 0, slope)?,
        side(site, 1, |a, b| if a == 0.0 { 0.0 } else { a.powf(b) * a.ln() })?,
    ])
}

pub(super) fn prelu(site: &Site<'_>) -> Result<Grads, String> {
    Ok(vec![
        side(site, 0, |a, b| if a > 0.0 { 1.0 } else { b })?,
        side(site, 1, |a, _| if a > 0.0 { 0.0 } else { a })?,
    ])
}

/// `Min`, `Max`: equal shares to the inputs that reach the output.
pub(super) fn extremum(site: &Site<'_>) -> Result<Grads, String> {
    let (y, grad) = (site.y()?, site.grad()?);
    let masks = (0..site.inputs.len())
        .map(|input| {
            let mut mask = broadcast(site.x(input)?, y.shape())?;
            Zip::from(&mut mask).and(y).for_each(|m, &y| *m = f32::from(u8::from(*m == y)));
            Ok(mask)
        })
        .collect::<Result<Vec<Tensor>, String>>()?;
    let mut count = Tensor::zeros(y.raw_dim());
    for mask in &masks {
        count += mask;
    }
    masks
        .into_iter()
        .enumerate()
        .map(|(input, mask)| {
            if !site.wants(input) {
                return Ok(None);
            }
            reduce_to(&(mask * grad / &count), site.shape(input)?).map(Some)
        })
        .collect()
}

/// `Sum`, `Mean` of several inputs.
pub(super) fn sum(site: &Site<'_>) -> Result<Grads, String> {
    shares(site, 1.0)
}

pub(super) fn mean(site: &Site<'_>) -> Result<Grads, String> {
    shares(site, 1.0 / site.inputs.len() as f32)
}

fn shares(site: &Site<'_>, share: f32) -> Result<Grads, String> {
    (0..site.inputs.len())
        .map(|input| {
            if !site.wants(input) {
                return Ok(None);
            }
            Ok(Some(reduce_to(site.grad()?, site.shape(input)?)? * share))
        })
        .collect()
}

/// `Where(condition, a, b)`.
pub(super) fn choose(site: &Site<'_>) -> Result<Grads, String> {
    let grad = site.grad()?;
    let condition = site.integers(0)?.ok_or_else(|| "its condition is left out".to_owned())?;
    let condition: Vec<f32> = condition.iter().map(|&c| f32::from(u8::from(c != 0))).collect();
    let flat = Tensor::from_shape_vec(ndarray::IxDyn(&[condition.len()]), condition)
        .map_err(|error| error.to_string())?;
    let condition = broadcast(&reshaped(&flat, site.shape(0)?)?, grad.shape())?;
    let mut grads = vec![None, None, None];
    for (input, when) in [(1, 1.0), (2, 0.0)] {
        if site.wants(input) {
            let mut part = grad.clone();
            Zip::from(&mut part).and(&condition).for_each(|g, &c| {
                if c != when {
                    *g = 0.0;
                }
            });
            grads[input] = Some(reduce_to(&part, site.shape(input)?)?);
        }
    }
    Ok(grads)
}
