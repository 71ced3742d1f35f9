//! The percentile bootstrap over sampling units.

use rand::Rng;

use super::{expanded_tail, plan::Plan};
use crate::{quantile::sorted_quantile, rng::keyed};

/// From this share of undefined resamples on there is no interval.
const UNDEFINED: f64 = 0.05;

/// Expanded percentile intervals of `k` figures. The draw of each resample depends on the seed and
/// its own number only.
pub(super) fn intervals(
    plan: &Plan,
    seed: u64,
    resamples: usize,
    k: usize,
    f: impl Fn(&[f64], &mut [f64]),
) -> Vec<Option<(f64, f64)>> {
    let freedom: f64 = plan.groups().iter().map(|g| g.members.len() as f64 - 1.0).sum();
    let tail = expanded_tail(freedom);
    let mut of_sampling_units = vec![0.0; plan.units()];
    let mut weights = vec![0.0; plan.stratum_of().len()];
    let mut out = vec![f64::NAN; k];
    let mut figures = vec![Vec::with_capacity(resamples); k];
    for resample in 0..resamples {
        draw(plan, seed, resample as u64, &mut of_sampling_units);
        plan.spread_weights(&of_sampling_units, &mut weights);
        out.fill(f64::NAN);
        f(&weights, &mut out);
        for (figure, &value) in figures.iter_mut().zip(&out) {
            if value.is_finite() {
                figure.push(value);
            }
        }
    }
    let interval = |mut figure: Vec<f64>| {
        let undefined = (resamples - figure.len()) as f64;
        if figure.is_empty() || undefined >= UNDEFINED * resamples as f64 && undefined > 0.0 {
            return None;
        }
        figure.sort_unstable_by(f64::total_cmp);
        Some((sorted_quantile(&figure, tail), sorted_quantile(&figure, 1.0 - tail)))
    };
    figures.into_iter().map(interval).collect()
}

/// Weights of one resample: of the `m` sampling units of each sampling stratum `m - 1` are drawn
/// with replacement, each draw counting `m / (m - 1)`.
fn draw(plan: &Plan, seed: u64, resample: u64, weights: &mut [f64]) {
    let mut rng = keyed(seed, "bootstrap", "", resample);
    weights.fill(0.0);
    for group in plan.groups() {
        let m = group.members.len();
        let scale = m as f64 / (m - 1) as f64;
        for _ in 1..m {
            // multiply-shift: its bias is below m / 2^32, and the mapping can't change with a
            // version of the generator's crate
            let pick = (u64::from(rng.next_u32()) * m as u64) >> 32;
            weights[group.members[pick as usize] as usize] += scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Scope;

    #[test]
    fn weights_of_a_stratum_keep_their_sum() {
        let strata: Vec<u32> = (0..60).map(|i| i % 7).collect();
        let plan = Plan::new(&strata, None, Scope::Pooled);
        let mut w = vec![0.0; 60];
        draw(&plan, 3, 5, &mut w);
        for group in plan.groups() {
            let sum: f64 = group.members.iter().map(|&i| w[i as usize]).sum();
            assert!((sum - group.members.len() as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn few_undefined_resamples_are_dropped_many_are_not() {
        let plan = Plan::new(&[0; 40], None, Scope::Pooled);
        let undefined_below = |limit: f64| {
            intervals(&plan, 1, 1000, 1, |w, out| {
                let first = w[0] + w[1] + w[2] + w[3];
                out[0] = if first < limit { f64::NAN } else { first };
            })[0]
        };
        // 39 draws miss four given units of 40 with probability 0.9^39 = 0.016
        assert!(undefined_below(0.5).is_some());
        assert!(undefined_below(2.5).is_none());
    }

    #[test]
    fn without_resamples_there_is_no_interval() {
        let plan = Plan::new(&[0; 40], None, Scope::Pooled);
        assert_eq!(intervals(&plan, 1, 0, 1, |_, out| out[0] = 1.0), [None]);
    }
}
