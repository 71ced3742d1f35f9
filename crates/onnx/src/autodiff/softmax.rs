//! Softmax and its logarithm.
use super::site::{Site, axis, flat, reshaped, tensor};
use super::{Grads, Tensor};
use ndarray::{Axis, Zip};

/// Value and gradient with the axis that is summed over; before operator set 13 that is all axes from `axis` on.
fn lanes(site: &Site<'_>) -> Result<(Tensor, Tensor, Axis), String> {
    let (y, grad) = (site.y()?, site.grad()?);
    if site.opset >= 13 {
        let place = axis(site.int("axis", -1), y.ndim())?;
        return Ok((y.clone(), grad.clone(), Axis(place)));
    }
    let rank = y.ndim() as i64;
    let place = site.int("axis", 1);
    let place = usize::try_from(if place < 0 { place + rank } else { place })
        .ok()
        .filter(|&place| place <= y.ndim())
        .ok_or_else(|| format!("axis {place} lies outside rank {rank}"))?;
    let rows: usize = y.shape()[..place].iter().product();
    let columns: usize = y.shape()[place..].iter().product();
    let two = |value: &Tensor| tensor(&[rows, columns], flat(value)?.to_vec());
    Ok((two(y)?, two(grad)?, Axis(1)))
}

fn by_lane(
    site: &Site<'_>,
    slope: impl Fn(f32, f32, f32) -> f32,
    weight: impl Fn(f32, f32) -> f32,
) -> Result<Grads, String> {
    let (y, mut grad, place) = lanes(site)?;
    Zip::from(grad.lanes_mut(place)).and(y.lanes(place)).for_each(|mut grad, y| {
        let sum: f32 = grad.iter().zip(y).map(|(&g, &y)| weight(g, y)).sum();
        grad.zip_mut_with(&y, |g, &y| *g = slope(*g, y, sum));
    });
    Ok(site.only(reshaped(&grad, site.shape(0)?)?))
}

/// `y (grad - sum(grad y))`.
pub(super) fn softmax(site: &Site<'_>) -> Result<Grads, String> {
    by_lane(site, |g, y, sum| y * (g - sum), |g, y| g * y)
}

/// `grad - exp(y) sum(grad)`.
pub(super) fn log_softmax(site: &Site<'_>) -> Result<Grads, String> {
    by_lane(site, |g, y, sum| g - y.exp() * sum, |g, _| g)
}
