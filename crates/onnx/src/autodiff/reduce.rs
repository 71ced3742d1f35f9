//! Reductions.
use super::site::{Site, axis, reshaped};
use super::{Grads, Tensor};
use ndarray::Zip;

/// A reduction's output-sized value spread over the input's shape.
struct Spread {
    shape: Vec<usize>,
    kept: Vec<usize>,
    /// Elements that go into one output.
    count: usize,
}

impl Spread {
    fn new(site: &Site<'_>) -> Result<Self, String> {
        let shape = site.shape(0)?.to_vec();
        // By ONNX's definition none means all of them, or nothing at all.
        let axes = site.list("axes", 1)?.unwrap_or_default();
        let all = axes.is_empty() && site.int("noop_with_empty_axes", 0) == 0;
        let axes = if all {
            (0..shape.len()).collect()
        } else {
            axes.iter().map(|&place| axis(place, shape.len())).collect::<Result<Vec<_>, _>>()?
        };
        let mut kept = shape.clone();
        for &place in &axes {
            kept[place] = 1;
        }
        let count = axes.iter().map(|&place| shape[place]).product();
        Ok(Self { shape, kept, count })
    }

    fn over(&self, value: &Tensor) -> Result<Tensor, String> {
        super::binary::broadcast(&reshaped(value, &self.kept)?, &self.shape)
    }
}

pub(super) fn sum(site: &Site<'_>) -> Result<Grads, String> {
    Ok(site.only(Spread::new(site)?.over(site.grad()?)?))
}

pub(super) fn mean(site: &Site<'_>) -> Result<Grads, String> {
    let spread = Spread::new(site)?;
    Ok(site.only(spread.over(site.grad()?)? / spread.count.max(1) as f32))
}

/// `grad * slope(x, y)`.
fn by(site: &Site<'_>, slope: impl Fn(f32, f32) -> f32) -> Result<Grads, String> {
    let spread = Spread::new(site)?;
    let mut grad = spread.over(site.grad()?)?;
    let y = spread.over(site.y()?)?;
    Zip::from(&mut grad).and(site.x(0)?).and(&y).for_each(|g, &x, &y| *g *= slope(x, y));
    Ok(site.only(grad))
}

pub(super) fn l1(site: &Site<'_>) -> Result<Grads, String> {
    by(site, |x, _| super::norm::sign(x))
}

pub(super) fn l2(site: &Site<'_>) -> Result<Grads, String> {
    by(site, |x, y| if y == 0.0 { 0.0 } else { x / y })
}

pub(super) fn sum_square(site: &Site<'_>) -> Result<Grads, String> {
    by(site, |x, _| 2.0 * x)
}

pub(super) fn log_sum_exp(site: &Site<'_>) -> Result<Grads, String> {
    by(site, |x, y| (x - y).exp())
}

/// Equal shares where the extremum is reached more than once.
pub(super) fn extremum(site: &Site<'_>) -> Result<Grads, String> {
    let spread = Spread::new(site)?;
    let mut mask = spread.over(site.y()?)?;
    Zip::from(&mut mask).and(site.x(0)?).for_each(|m, &x| *m = f32::from(u8::from(*m == x)));
    let count = spread.over(&super::binary::reduce_to(&mask, &spread.kept)?)?;
    Ok(site.only(spread.over(site.grad()?)? * &mask / &count))
}
