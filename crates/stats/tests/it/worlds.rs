//! Simulated worlds whose true figures are known in closed form.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub(crate) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// A standard normal difficulty that correlates by `rho` with others made from the same `shared`
/// one (itself standard normal). An outcome is a hit where its difficulty is below `cut(p)`: the
/// rate is exactly `p`.
pub(crate) fn difficulty(rng: &mut ChaCha8Rng, shared: f64, rho: f64) -> f64 {
    rho.sqrt() * shared + (1.0 - rho).sqrt() * normal(rng)
}

pub(crate) fn cut(rate: f64) -> f64 {
    rightly_stats::quantile::normal_quantile(rate)
}

/// Accuracies of an image of difficulty `image` under noise on the object and off it, each the
/// mean of three trials.
pub(crate) fn noise_trials(rng: &mut ChaCha8Rng, image: f64, (on, off): (f64, f64)) -> (f64, f64) {
    let mut mean_of_three =
        |cut: f64| (0..3).filter(|_| difficulty(rng, image, 0.7) < cut).count() as f64 / 3.0;
    (mean_of_three(on), mean_of_three(off))
}

/// Relative foreground sensitivity.
pub(crate) fn rfs(on: f64, off: f64) -> f64 {
    let mean = 0.5 * (on + off);
    let room = 2.0 * mean.min(1.0 - mean);
    if room > 0.0 { (off - on) / room } else { f64::NAN }
}

/// Clusters of 3 to 20 units: the cluster of each unit.
pub(crate) fn clusters(rng: &mut ChaCha8Rng, count: u32) -> Vec<u32> {
    (0..count)
        .flat_map(|c| {
            let size = 3 + (uniform(rng) * 18.0) as usize;
            std::iter::repeat_n(c, size)
        })
        .collect()
}
