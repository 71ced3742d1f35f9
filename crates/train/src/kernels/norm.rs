//! Batch norm over channels: moments of a batch from its parts, and the sums of its gradient.
use pulp::Arch;

/// Lanes of the running sums; fixed, so that a sum does not depend on the processor's width.
const LANES: usize = 16;

/// Count, mean and sum of squared deviations of some values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

impl Moments {
    /// Of the values in rows that are read twice while they are in the cache.
    pub(super) fn of<'a>(arch: Arch, rows: impl Iterator<Item = &'a [f32]> + Clone) -> Self {
        let (mut count, mut total) = (0_usize, 0.0);
        for row in rows.clone() {
            count += row.len();
            total += f64::from(sum(arch, row, |value| value));
        }
        let mean = total / count as f64;
        let centre = mean as f32;
        let mut squares = 0.0;
        for row in rows {
            squares += f64::from(sum(arch, row, |value| (value - centre) * (value - centre)));
        }
        // The centre is the mean rounded to single precision.
        let shift = mean - f64::from(centre);
        Self { count: count as f64, mean, squares: squares - count as f64 * shift * shift }
    }

    /// Of both sets of values together (Chan, Golub and LeVeque, 1983).
    pub(super) fn and(self, other: Self) -> Self {
        if self.count == 0.0 {
            return other;
        }
        let count = self.count + other.count;
        let step = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + step * other.count / count,
            squares: self.squares + other.squares + step * step * self.count * other.count / count,
        }
    }

    /// Variance with divisor n.
    pub(super) fn variance(self) -> f64 {
        (self.squares / self.count).max(0.0)
    }
}

#[inline(always)]
fn lanes(values: &[f32], map: impl Fn(f32) -> f32) -> f32 {
    let (chunks, tail) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += map(chunk[lane]);
        }
    }
    for (sum, value) in sums.iter_mut().zip(tail) {
        *sum += map(*value);
    }
    sums.iter().sum()
}

fn sum(arch: Arch, values: &[f32], map: impl Fn(f32) -> f32) -> f32 {
    arch.dispatch(
        #[inline(always)]
        || lanes(values, &map),
    )
}

/// Sums of `g` and of `g * (z - mean) * scale` over one row, where `g` is the gradient that passes the ReLU (`out` > 0;
/// all of it without one). `kept`, if given, receives `g`.
pub(super) fn gradient_sums(
    arch: Arch,
    [grad, conv]: [&[f32]; 2],
    out: Option<&[f32]>,
    (mean, scale): (f32, f32),
    kept: Option<&mut [f32]>,
) -> [f32; 2] {
    arch.dispatch(
        #[inline(always)]
        || {
            if let Some(kept) = kept {
                masked(kept, grad, out);
                return sums(kept, conv, None, mean, scale);
            }
            sums(grad, conv, out, mean, scale)
        },
    )
}

#[inline(always)]
fn masked(kept: &mut [f32], grad: &[f32], out: Option<&[f32]>) {
    match out {
        None => kept.copy_from_slice(grad),
        Some(out) => {
            for ((kept, grad), out) in kept.iter_mut().zip(grad).zip(out) {
                *kept = if *out > 0.0 { *grad } else { 0.0 };
            }
        }
    }
}

#[inline(always)]
fn sums(grad: &[f32], conv: &[f32], out: Option<&[f32]>, mean: f32, scale: f32) -> [f32; 2] {
    let mut totals = [[0.0; LANES]; 2];
    let out = out.unwrap_or(grad);
    let all = std::ptr::eq(out, grad);
    let chunks = grad.chunks(LANES).zip(conv.chunks(LANES)).zip(out.chunks(LANES));
    for ((grad, conv), out) in chunks {
        if let (Ok(grad), Ok(conv), Ok(out)) = (
            <&[f32; LANES]>::try_from(grad),
            <&[f32; LANES]>::try_from(conv),
            <&[f32; LANES]>::try_from(out),
        ) {
            for lane in 0..LANES {
                let g = if all || out[lane] > 0.0 { grad[lane] } else { 0.0 };
                totals[0][lane] += g;
                totals[1][lane] += g * ((conv[lane] - mean) * scale);
            }
        } else {
            for (lane, ((grad, conv), out)) in grad.iter().zip(conv).zip(out).enumerate() {
                let g = if all || *out > 0.0 { *grad } else { 0.0 };
                totals[0][lane] += g;
                totals[1][lane] += g * ((conv - mean) * scale);
            }
        }
    }
    totals.map(|lanes| lanes.iter().sum())
}

/// `into = factor * (g - first - (z - mean) * second)`, `g` as in [`gradient_sums`].
pub(super) fn gradient_row(
    into: &mut [f32],
    [grad, conv]: [&[f32]; 2],
    out: Option<&[f32]>,
    [mean, factor, first, second]: [f32; 4],
) {
    let value = |grad: f32, conv: f32| factor * (grad - first - (conv - mean) * second);
    match out {
        None => {
            for ((into, grad), conv) in into.iter_mut().zip(grad).zip(conv) {
                *into = value(*grad, *conv);
            }
        }
        Some(out) => {
            for (((into, grad), conv), out) in into.iter_mut().zip(grad).zip(conv).zip(out) {
                *into = value(if *out > 0.0 { *grad } else { 0.0 }, *conv);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn moments_of_parts_are_those_of_the_whole(
            values in proptest::collection::vec(-100_f32..100.0, 2..300),
            cut in 1_usize..299,
        ) {
            let cut = cut.min(values.len() - 1);
            let arch = Arch::new();
            let whole = Moments::of(arch, [&values[..]].into_iter());
            let parts = Moments::of(arch, [&values[..cut]].into_iter())
                .and(Moments::of(arch, [&values[cut..]].into_iter()));
            let n = values.len() as f64;
            let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
            let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
            for moments in [whole, parts] {
                prop_assert!((moments.mean - mean).abs() < 1e-4);
                prop_assert!((moments.variance() - variance).abs() < 1e-2 + variance * 1e-5);
            }
        }
    }
}
