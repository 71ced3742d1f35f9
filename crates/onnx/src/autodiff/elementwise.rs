//! Functions of one value.
use super::site::Site;
use super::{Grads, Tensor};
use ndarray::Zip;

/// `grad * slope(x)`.
pub(super) fn of_input(site: &Site<'_>, slope: impl Fn(f32) -> f32) -> Result<Grads, String> {
    chain(site, site.x(0)?, slope)
}

/// `grad * slope(y)`, where the slope is known from the function's value.
pub(super) fn of_output(site: &Site<'_>, slope: impl Fn(f32) -> f32) -> Result<Grads, String> {
    chain(site, site.y()?, slope)
}

fn chain(site: &Site<'_>, value: &Tensor, slope: impl Fn(f32) -> f32) -> Result<Grads, String> {
    let mut grad = site.grad()?.clone();
    if grad.shape() != value.shape() {
        return Err(format!("shapes {:?} and {:?} differ", grad.shape(), value.shape()));
    }
    // A zero gradient stays zero, whatever the slope (ReLU's far side, infinite slopes at a border).
    Zip::from(&mut grad).and(value).for_each(|g, &v| {
        if *g != 0.0 {
            *g *= slope(v);
        }
    });
    Ok(site.only(grad))
}

pub(super) fn neg(site: &Site<'_>) -> Result<Grads, String> {
    Ok(site.only(site.grad()?.mapv(|g| -g)))
}

pub(super) fn leaky_relu(site: &Site<'_>) -> Result<Grads, String> {
    let alpha = site.float("alpha", 0.01);
    of_input(site, |x| if x > 0.0 { 1.0 } else { alpha })
}

pub(super) fn elu(site: &Site<'_>) -> Result<Grads, String> {
    let alpha = site.float("alpha", 1.0);
    of_input(site, |x| if x > 0.0 { 1.0 } else { alpha * x.exp() })
}

pub(super) fn celu(site: &Site<'_>) -> Result<Grads, String> {
    let alpha = site.float("alpha", 1.0);
    of_input(site, |x| if x > 0.0 { 1.0 } else { (x / alpha).exp() })
}

pub(super) fn selu(site: &Site<'_>) -> Result<Grads, String> {
    let alpha = site.float("alpha", 1.673_263_2);
    let gamma = site.float("gamma", 1.050_701);
    of_input(site, |x| gamma * if x > 0.0 { 1.0 } else { alpha * x.exp() })
}

pub(super) fn hard_sigmoid(site: &Site<'_>) -> Result<Grads, String> {
    let alpha = site.float("alpha", 0.2);
    of_output(site, |y| if y > 0.0 && y < 1.0 { alpha } else { 0.0 })
}

/// `x * max(0, min(1, x / 6 + 1 / 2))`.
pub(super) fn hard_swish(x: f32) -> f32 {
    if x <= -3.0 {
        0.0
    } else if x < 3.0 {
        x / 3.0 + 0.5
    } else {
        1.0
    }
}

/// Slope of the error function.
pub(super) fn erf(x: f32) -> f32 {
    std::f32::consts::FRAC_2_SQRT_PI * (-x * x).exp()
}

pub(super) fn softplus(x: f32) -> f32 {
    sigmoid(x)
}

pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// `x * tanh(softplus(x))`.
pub(super) fn mish(x: f32) -> f32 {
    let tanh = (x.exp().ln_1p()).min(f32::MAX).tanh();
    tanh + x * (1.0 - tanh * tanh) * sigmoid(x)
}

pub(super) fn gelu(site: &Site<'_>) -> Result<Grads, String> {
    if site.node.string("approximate") == Some("tanh") {
        let (a, b) = (0.797_884_6_f32, 0.044_715_f32);
        return of_input(site, |x| {
            let tanh = (a * (x + b * x * x * x)).tanh();
            0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * a * (1.0 + 3.0 * b * x * x)
        });
    }
    of_input(site, |x| {
        let density = (-0.5 * x * x).exp()
            * (0.5 * std::f32::consts::FRAC_2_SQRT_PI)
            * std::f32::consts::FRAC_1_SQRT_2;
        normal_cdf(x) + x * density
    })
}

/// Standard normal distribution function: `erfc` by the series of W. J. Cody's kind is not in std, so the integral is
/// taken by the continued fraction in the tails and the Taylor series in the middle, in f64.
fn normal_cdf(x: f32) -> f32 {
    let x = f64::from(x);
    let magnitude = x.abs();
    if magnitude > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let upper = if magnitude < 3.0 {
        // 1/2 + density * (x + x^3/3 + x^5/15 + ...), Abramowitz and Stegun 26.2.11.
        let (mut term, mut sum, mut odd) = (magnitude, magnitude, 1.0);
        while term > sum * 1e-12 {
            odd += 2.0;
            term *= magnitude * magnitude / odd;
            sum += term;
        }
        0.5 + density * sum
    } else {
        // 1 - density / (x + 1/(x + 2/(x + ...))), Abramowitz and Stegun 26.2.14.
        let fraction = (1..=40).rev().fold(magnitude, |below, k| magnitude + f64::from(k) / below);
        1.0 - density / fraction
    };
    (if x > 0.0 { upper } else { 1.0 - upper }) as f32
}

/// Limits are attributes before operator set 11 and inputs after. At a limit the slope is 0, as ReLU6's.
pub(super) fn clip(site: &Site<'_>) -> Result<Grads, String> {
    let limit = |name: &str, input: usize, open: f32| -> Result<f32, String> {
        if let Some(value) = site.node.float(name) {
            return Ok(value);
        }
        if !site.has(input) {
            return Ok(open);
        }
        site.x(input)?.first().copied().ok_or_else(|| format!("input {input} is empty"))
    };
    let low = limit("min", 1, f32::NEG_INFINITY)?;
    let high = limit("max", 2, f32::INFINITY)?;
    of_input(site, |x| if x > low && x < high { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::normal_cdf;

    #[test]
    fn the_normal_distribution_function_has_its_known_values() {
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_8),
            (-1.959_964, 0.025),
            (3.0, 0.998_650_1),
            (-4.0, 3.167_124e-5),
            (20.0, 1.0),
        ] {
            assert!((normal_cdf(x) - expected).abs() < 1e-7, "{x}: {}", normal_cdf(x));
        }
    }
}
