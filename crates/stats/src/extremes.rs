//! Accuracy of the `k` highest minus that of the `k` lowest of a ranking, against chance.
//!
//! With the scores fixed, chance deals the outcomes anew among the ranks. For one `k` the law of the difference is
//! hypergeometric and the p-value is exact; for a list of `k` the statistic is the largest of the standardised
//! differences, and its law is drawn.

use rand::seq::SliceRandom;
use statrs::function::gamma::ln_gamma;

use crate::{permutation::sequential_p, rng::keyed};

/// Draws after which enough permutations reached the statistic for the p-value to be known well
/// (Besag and Clifford 1991: stopping at the `h`-th makes `h / draws` a valid p-value).
const ENOUGH: usize = 30;

/// The `k` that a ranking of `n` allows: at most half of it, so that the two ends share no image. 0 where `n < 2`.
pub fn allowed(k: usize, n: usize) -> usize {
    k.min(n / 2)
}

/// Accuracy of the first `k` minus that of the last `k` of outcomes ordered from the highest score to the lowest;
/// outcomes in 0..=1. `None` where `k` is 0 or above half of them.
pub fn gap(outcomes: &[f64], k: usize) -> Option<f64> {
    if k == 0 || 2 * k > outcomes.len() {
        return None;
    }
    let sum = |part: &[f64]| part.iter().sum::<f64>();
    Some((sum(&outcomes[..k]) - sum(&outcomes[outcomes.len() - k..])) / k as f64)
}

/// Two-sided p-value of the gaps of a ranking at every `k` of a list together, `None` where no `k` is allowed.
///
/// `right` is ordered from the highest score to the lowest. A `k` above half of the ranking is cut to it. One `k`: the
/// exact permutation law. Several: the maximum statistic over at most `draws` permutations, `(b + 1) / (B + 1)`, or
/// `h / B` where the `h`-th exceedance came first. Where all outcomes are the same, 1.
pub fn gap_p(right: &[bool], ks: &[usize], seed: u64, key: &str, draws: usize) -> Option<f64> {
    let n = right.len();
    let mut ks: Vec<usize> = ks.iter().map(|&k| allowed(k, n)).filter(|&k| k > 0).collect();
    ks.sort_unstable();
    ks.dedup();
    let rights = right.iter().filter(|&&r| r).count();
    match ks.as_slice() {
        [] => None,
        _ if rights == 0 || rights == n => Some(1.0),
        [k] => Some(exact(difference(right, *k), *k, n, rights)),
        ks => Some(drawn(right, ks, seed, key, draws)),
    }
}

/// Right ones among the first `k` minus those among the last.
fn difference(right: &[bool], k: usize) -> i64 {
    let count = |part: &[bool]| part.iter().filter(|&&r| r).count() as i64;
    count(&right[..k]) - count(&right[right.len() - k..])
}

/// P(|first - last| >= |observed|) where `rights` of `n` are dealt at random to two ends of `k` and the middle.
fn exact(observed: i64, k: usize, n: usize, rights: usize) -> f64 {
    let choose = |n: usize, r: usize| {
        ln_gamma(n as f64 + 1.0) - ln_gamma(r as f64 + 1.0) - ln_gamma((n - r) as f64 + 1.0)
    };
    let middle = n - 2 * k;
    let total = choose(n, rights);
    let mut p = 0.0;
    for first in 0..=k.min(rights) {
        for last in 0..=k.min(rights - first) {
            let rest = rights - first - last;
            if rest <= middle && (first as i64 - last as i64).abs() >= observed.abs() {
                p += (choose(k, first) + choose(k, last) + choose(middle, rest) - total).exp();
            }
        }
    }
    p.min(1.0)
}

fn drawn(right: &[bool], ks: &[usize], seed: u64, key: &str, draws: usize) -> f64 {
    // The deviation of a gap under chance is proportional to 1 / sqrt(k): the same factor for observed and drawn.
    let statistic = |right: &[bool]| {
        ks.iter()
            .map(|&k| difference(right, k).unsigned_abs() as f64 / (k as f64).sqrt())
            .fold(0.0, f64::max)
    };
    let mut dealt = right.to_vec();
    let mut rng = keyed(seed, "gap", key, 0);
    sequential_p(statistic(right), draws, ENOUGH, || {
        dealt.shuffle(&mut rng);
        statistic(&dealt)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_are_taken_from_both_sides() {
        let outcomes = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!(gap(&outcomes, 2), Some(1.0));
        assert_eq!(gap(&outcomes, 3), Some(2.0 / 3.0 - 1.0 / 3.0));
        assert_eq!((gap(&outcomes, 4), gap(&outcomes, 0), gap(&[], 1)), (None, None, None));
        assert_eq!((allowed(10, 15), allowed(10, 1), allowed(3, 100)), (7, 0, 3));
    }

    /// All 20 ways to deal 3 right ones to 6 ranks, k = 2: |first - last| = 2 in 2 x 2 of them.
    #[test]
    fn the_exact_law_counts_every_deal() {
        let right = [true, true, true, false, false, false];
        assert!((gap_p(&right, &[2], 0, "", 0).unwrap() - 0.2).abs() < 1e-12);
        let mut least = 0;
        for deal in 0_u32..64 {
            if deal.count_ones() == 3 {
                let right: Vec<bool> = (0..6).map(|i| deal >> i & 1 == 1).collect();
                least += usize::from(difference(&right, 2).abs() >= 2);
            }
        }
        assert_eq!(least, 4);
    }

    #[test]
    fn one_outcome_alone_says_nothing() {
        assert_eq!(gap_p(&[true; 20], &[5, 10], 0, "", 99), Some(1.0));
        assert_eq!(gap_p(&[true], &[5], 0, "", 99), None);
        // k = 50 is cut to 2, the same as k = 2: one test.
        let right = [true, true, false, false];
        assert_eq!(gap_p(&right, &[2, 50], 0, "", 99), gap_p(&right, &[2], 0, "", 0));
    }

    /// Under chance p is at most .05 in about 5 % of rankings, for one k and for a list.
    #[test]
    fn p_is_uniform_or_above_under_chance() {
        for ks in [&[10][..], &[5, 10, 20, 40]] {
            let mut low = 0;
            for trial in 0..1000 {
                let mut right: Vec<bool> = (0..90).map(|i| i % 10 < 7).collect();
                right.shuffle(&mut keyed(trial, "test", "", 1));
                low += usize::from(gap_p(&right, ks, trial, "", 499).unwrap() <= 0.05);
            }
            // five deviations of a binomial above 50
            assert!(low <= 85, "{low} of 1000 at {ks:?}");
            assert!(low >= 15, "{low} of 1000 at {ks:?}");
        }
    }

    proptest! {
        #[test]
        fn the_drawn_law_of_one_k_agrees_with_the_exact_one(
            right in proptest::collection::vec(any::<bool>(), 24..60), k in 3_usize..12,
        ) {
            let rights = right.iter().filter(|&&r| r).count();
            prop_assume!(rights > 0 && rights < right.len());
            let exact = gap_p(&right, &[k], 0, "", 0).unwrap();
            let drawn = drawn(&right, &[k], 1, "", 4000);
            // stopped at 30 exceedances p has a relative deviation of at most .19
            prop_assert!((exact - drawn).abs() < 0.95 * exact.max(0.002), "{exact} {drawn}");
        }
    }
}
