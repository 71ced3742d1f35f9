//! Slices of one class against the rest of it, on images that had no part in finding them.
//!
//! The slices, and that a slice is suspected to be *less* accurate, are fixed before; the outcomes here are looked at
//! once. Slices of one class share its images, so their tests depend on each other: the law of the largest statistic is
//! drawn over all of them together (Westfall and Young 1993, single step).

use rand::seq::SliceRandom;

use crate::{Design, Estimate, Scope, proportion::newcombe, quantile::normal_quantile, rng::keyed};

/// Fewest clusters whose outcomes can be dealt anew.
const FEW_CLUSTERS: usize = 6;
/// Draws that reach the largest statistic after which its p-value is known well enough (Besag and Clifford 1991).
const ENOUGH: usize = 50;

/// One-sided p-values that each slice is less accurate than the rest of the class, corrected for all of them.
///
/// `right` holds the outcome of each image of the class, `slices` the images of each slice (indices into `right`, no
/// order needed; slices may overlap). Outcomes are dealt anew among the images, with `clusters` among the clusters (mean
/// outcomes against the members that each cluster has); at most `draws` times, fewer where even the strongest slice is
/// far from significant. `None` for a slice without images or with all of them, and for all with fewer than
/// six clusters. Where all outcomes are the same, 1.
///
/// # Panics
/// Where an index is not below the number of images, or `clusters` has another length.
pub fn max_t(
    right: &[bool],
    slices: &[Vec<usize>],
    clusters: Option<&[u32]>,
    seed: u64,
    key: &str,
    draws: usize,
) -> Vec<Option<f64>> {
    let units = Units::new(right, slices, clusters);
    let usable: Vec<usize> = (0..slices.len())
        .filter(|&s| units.scale[s] > 0.0 && !slices[s].is_empty() && slices[s].len() < right.len())
        .collect();
    let mut out = vec![None; slices.len()];
    if usable.is_empty() || (clusters.is_some() && units.values.len() < FEW_CLUSTERS) {
        return out;
    }
    if units.spread == 0.0 {
        usable.into_iter().for_each(|s| out[s] = Some(1.0));
        return out;
    }
    let observed: Vec<f64> = usable.iter().map(|&s| units.statistic(s, &units.values)).collect();
    let largest = observed.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let reaches = |value: f64, of: f64| value >= of - 1e-9 * of.abs();
    let mut dealt = units.values.clone();
    let mut rng = keyed(seed, "slices", key, 0);
    let mut reached = vec![0_usize; usable.len()];
    let (mut drawn, mut early) = (0, 0);
    while drawn < draws && early < ENOUGH {
        dealt.shuffle(&mut rng);
        let most =
            usable.iter().map(|&s| units.statistic(s, &dealt)).fold(f64::NEG_INFINITY, f64::max);
        for (count, &of) in reached.iter_mut().zip(&observed) {
            *count += usize::from(reaches(most, of));
        }
        early += usize::from(reaches(most, largest));
        drawn += 1;
    }
    for (&s, count) in usable.iter().zip(reached) {
        out[s] = Some((count + 1) as f64 / (drawn + 1) as f64);
    }
    out
}

/// What is dealt: an image each, or a cluster each.
struct Units {
    /// Mean outcome of each unit, centred.
    values: Vec<f64>,
    /// Sum of squares of `values`.
    spread: f64,
    /// For each slice the units that hold members, with how many.
    members: Vec<Vec<(usize, f64)>>,
    /// Deviation of each slice's statistic under chance, for a spread of 1.
    scale: Vec<f64>,
}

impl Units {
    fn new(right: &[bool], slices: &[Vec<usize>], clusters: Option<&[u32]>) -> Self {
        let unit: Vec<usize> = match clusters {
            None => (0..right.len()).collect(),
            Some(clusters) => {
                assert_eq!(clusters.len(), right.len(), "one cluster for each image");
                let mut names = clusters.to_vec();
                names.sort_unstable();
                names.dedup();
                clusters.iter().map(|c| names.partition_point(|name| name < c)).collect()
            }
        };
        let count = unit.iter().max().map_or(0, |most| most + 1);
        let (mut sums, mut sizes) = (vec![0.0; count], vec![0.0_f64; count]);
        for (&at, &hit) in unit.iter().zip(right) {
            sums[at] += f64::from(u8::from(hit));
            sizes[at] += 1.0;
        }
        let mut values: Vec<f64> = sums.iter().zip(&sizes).map(|(s, n)| s / n).collect();
        let mean = values.iter().sum::<f64>() / count.max(1) as f64;
        let all_same = values.iter().all(|v| *v == values[0]);
        values.iter_mut().for_each(|v| *v = if all_same { 0.0 } else { *v - mean });
        let spread = values.iter().map(|v| v * v).sum::<f64>();
        let (mut members, mut scale) = (Vec::new(), Vec::new());
        for slice in slices {
            let mut held = vec![0.0; count];
            slice.iter().for_each(|&image| held[unit[image]] += 1.0);
            let mean = held.iter().sum::<f64>() / count.max(1) as f64;
            let square = held.iter().map(|h| (h - mean) * (h - mean)).sum::<f64>();
            scale.push((square / (count.max(2) - 1) as f64).sqrt());
            members.push(held.into_iter().enumerate().filter(|(_, h)| *h > 0.0).collect());
        }
        Self { values, spread, members, scale }
    }

    /// How far the members' outcomes lie below the mean, in deviations of chance.
    fn statistic(&self, slice: usize, values: &[f64]) -> f64 {
        let below: f64 = self.members[slice].iter().map(|&(unit, n)| -n * values[unit]).sum();
        below / (self.scale[slice] * self.spread.sqrt())
    }
}

/// Accuracy of the rest of a class minus that of a slice (indices into `right`), with a 95 % interval: Newcombe's for
/// independent images, else by resampling clusters. `n` counts the slice's images. No value where either side is empty.
pub fn gap(
    right: &[bool],
    slice: &[usize],
    clusters: Option<&[u32]>,
    seed: u64,
    resamples: usize,
) -> Estimate {
    let mut inside = vec![false; right.len()];
    slice.iter().for_each(|&at| inside[at] = true);
    let count = |side: bool, hit_only: bool| {
        right.iter().zip(&inside).filter(|(hit, of)| **of == side && (!hit_only || **hit)).count()
    };
    let (n, rest) = (count(true, false), count(false, false));
    if n == 0 || rest == 0 {
        return Estimate { n, ..Estimate::default() };
    }
    let (hits, rest_hits) = (count(true, true), count(false, true));
    let value = rest_hits as f64 / rest as f64 - hits as f64 / n as f64;
    let Some(clusters) = clusters else {
        let interval = newcombe(rest_hits, rest, hits, n);
        return Estimate {
            value: Some(value),
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
            n,
            clusters: None,
        };
    };
    let design = Design::new(vec![0; right.len()], Some(clusters.to_vec()), seed, resamples);
    let figure = |weights: &[f64], out: &mut [f64]| {
        let mut sums = [[0.0; 2]; 2];
        for ((&hit, &of), &w) in right.iter().zip(&inside).zip(weights) {
            let sum = &mut sums[usize::from(of)];
            sum[0] += w * f64::from(u8::from(hit));
            sum[1] += w;
        }
        out[0] = sums[0][0] / sums[0][1] - sums[1][0] / sums[1][1];
    };
    let units = design.effective_units(Scope::Pooled);
    Estimate { n, ..design.functional(1, figure)[0].within(-1.0, 1.0, units) }
}

/// The smallest gap that a slice of `n` images in a class of `n + rest` would show as a finding in four of five cases:
/// significant among `tests` slices at 5 % (one-sided, Bonferroni) and with the lower end of its interval at or above
/// `at_least`. `accuracy` is the class's. `None` where either side is empty.
pub fn smallest_gap(
    n: usize,
    rest: usize,
    accuracy: f64,
    tests: usize,
    at_least: f64,
) -> Option<f64> {
    if n == 0 || rest == 0 {
        return None;
    }
    // Two of each outcome added (Agresti and Caffo 2000): a class without errors is not known to have none.
    let total = (n + rest) as f64;
    let rate = (accuracy * total + 2.0) / (total + 4.0);
    let error = (rate * (1.0 - rate) * (1.0 / n as f64 + 1.0 / rest as f64)).sqrt();
    let power = normal_quantile(0.8);
    let significant = (normal_quantile(1.0 - 0.05 / tests.max(1) as f64) + power) * error;
    let bounded = at_least + (normal_quantile(0.975) + power) * error;
    Some(significant.max(bounded).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn p_of(right: &[bool], slices: &[Vec<usize>], clusters: Option<&[u32]>) -> Vec<Option<f64>> {
        max_t(right, slices, clusters, 0, "", 1999)
    }

    /// 4 of 12 wrong, all in a slice of 4: one deal of 495.
    #[test]
    fn one_slice_has_the_exact_law() {
        let right: Vec<bool> = (0..12).map(|at| at >= 4).collect();
        let p = max_t(&right, &[(0..4).collect()], None, 0, "", 200_000)[0].unwrap();
        assert!((p - 1.0 / 495.0).abs() < 3e-4, "{p}");
        let other = p_of(&right, &[(4..8).collect()], None)[0].unwrap();
        assert!(other > 0.9, "better than the rest is no evidence: {other}");
    }

    #[test]
    fn what_cannot_be_tested_has_no_p_value() {
        let right = [true, false, true, false];
        let slices = [vec![], vec![0, 1, 2, 3], vec![0]];
        let p = p_of(&right, &slices, None);
        assert!(p[0].is_none() && p[1].is_none() && p[2].is_some());
        assert_eq!(p_of(&[true; 4], &slices, None), [None, None, Some(1.0)]);
        assert_eq!(p_of(&right, &slices, Some(&[0, 0, 1, 1]))[2], None, "two clusters");
        assert!(p_of(&[], &[vec![]], None)[0].is_none());
    }

    /// Under the null the smallest of ten p-values is below .05 in about one of twenty cases.
    #[test]
    fn ten_slices_together_are_a_five_percent_test() {
        let mut rng = keyed(3, "test", "", 0);
        let slices: Vec<Vec<usize>> =
            (0..10).map(|s| (0..100).filter(|i| i % 10 == s).collect()).collect();
        let clusters: Vec<u32> = (0..100).map(|i| i / 5).collect();
        for clusters in [None, Some(clusters.as_slice())] {
            let alarms = (0..400_usize)
                .filter(|&trial| {
                    let base: Vec<f64> = (0..20).map(|_| rng.random_range(0.5..1.0)).collect();
                    let right: Vec<bool> = (0..100)
                        .map(|i| {
                            let rate = if clusters.is_some() { base[i / 5] } else { 0.75 };
                            rng.random_bool(rate)
                        })
                        .collect();
                    let p = max_t(&right, &slices, clusters, 0, &trial.to_string(), 400);
                    p.iter().flatten().any(|p| *p <= 0.05)
                })
                .count();
            // Binomial(400, .05): 9 to 33 in 99.9 %; discrete outcomes make it smaller.
            assert!((4..=33).contains(&alarms), "{alarms}");
        }
    }

    #[test]
    fn gaps_have_newcombes_interval_or_the_clusters() {
        let right: Vec<bool> = (0..60).map(|i| i % 3 != 0).collect();
        let slice: Vec<usize> = (0..60).filter(|i| i % 6 == 0).collect();
        let e = gap(&right, &slice, None, 0, 500);
        assert_eq!((e.value, e.n), (Some(0.8), 10));
        assert_eq!(e.low.zip(e.high), newcombe(40, 50, 0, 10));
        let clusters: Vec<u32> = (0..60).map(|i| i / 6).collect();
        let clustered = gap(&right, &slice, Some(&clusters), 0, 500);
        assert_eq!((clustered.value, clustered.n), (Some(0.8), 10));
        assert!(clustered.clusters == Some(10));
        assert_eq!(gap(&right, &[], None, 0, 0).value, None);
    }

    #[test]
    fn what_could_have_been_seen_shrinks_with_n() {
        let small = smallest_gap(20, 80, 0.8, 10, 0.05).unwrap();
        let large = smallest_gap(200, 800, 0.8, 10, 0.05).unwrap();
        assert!(0.3 < small && small < 0.5 && 0.1 < large && large < 0.2, "{small} {large}");
        assert!(smallest_gap(0, 5, 0.5, 1, 0.0).is_none());
        assert!(smallest_gap(10, 90, 1.0, 1, 0.05).unwrap() > 0.05);
    }
}
