//! How well a score separates a group from the rest: the area under the ROC curve.

use crate::{
    Estimate,
    correlation::mean_ranks,
    quantile::{normal_cdf, normal_quantile},
};

/// Area under the ROC curve: the probability that a member's score is above that of another image, ties counted half; with
/// Newcombe's interval (2006, method 5, which stays inside 0..1 and is not empty where the two sides do not overlap).
/// `n` counts the images; no value where a side is empty.
///
/// # Panics
/// Where the slices differ in length.
pub fn auc(scores: &[f64], members: &[bool]) -> Estimate {
    assert_eq!(scores.len(), members.len(), "a score for each image");
    let n = scores.len();
    let Some(Ranked { inside, outside, rank_sum, .. }) = Ranked::of(scores, members) else {
        return Estimate { n, ..Estimate::default() };
    };
    let value = (rank_sum - inside * (inside + 1.0) / 2.0) / (inside * outside);
    let (low, high) = newcombe(value, inside, outside);
    Estimate { value: Some(value), low: Some(low), high: Some(high), n, clusters: None }
}

/// Two-sided p-value of Mann and Whitney's test with the normal law, corrected for ties and for continuity; 1 where a side is
/// empty or all scores are the same.
///
/// # Panics
/// Where the slices differ in length.
pub fn mann_whitney(scores: &[f64], members: &[bool]) -> f64 {
    assert_eq!(scores.len(), members.len(), "a score for each image");
    let Some(Ranked { inside, outside, rank_sum, ties }) = Ranked::of(scores, members) else {
        return 1.0;
    };
    let n = inside + outside;
    let u = rank_sum - inside * (inside + 1.0) / 2.0;
    let variance = inside * outside / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let distance = ((u - inside * outside / 2.0).abs() - 0.5).max(0.0);
    (2.0 * normal_cdf(-distance / variance.sqrt())).min(1.0)
}

struct Ranked {
    inside: f64,
    outside: f64,
    rank_sum: f64,
    /// Sum over groups of equal scores of their size cubed less their size.
    ties: f64,
}

impl Ranked {
    fn of(scores: &[f64], members: &[bool]) -> Option<Self> {
        let inside = members.iter().filter(|&&m| m).count();
        if inside == 0 || inside == members.len() {
            return None;
        }
        let ranks = mean_ranks(scores);
        let rank_sum = ranks.iter().zip(members).filter(|(_, m)| **m).map(|(r, _)| r).sum();
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let ties = sorted
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len() as f64).powi(3) - run.len() as f64)
            .sum();
        Some(Self {
            inside: inside as f64,
            outside: (members.len() - inside) as f64,
            rank_sum,
            ties,
        })
    }
}

/// The areas from which the one that was seen lies 1.96 deviations away, with the deviation that holds there.
fn newcombe(value: f64, inside: f64, outside: f64) -> (f64, f64) {
    let z = normal_quantile(0.975);
    let middle = (inside + outside) / 2.0 - 1.0;
    let deviation = |a: f64| {
        let spread = 1.0 + middle * ((1.0 - a) / (2.0 - a) + a / (1.0 + a));
        (a * (1.0 - a) * spread / (inside * outside)).max(0.0).sqrt()
    };
    let solve = |mut below: f64, mut above: f64, beyond: &dyn Fn(f64) -> bool| {
        for _ in 0..60 {
            let half = 0.5 * (below + above);
            if beyond(half) { below = half } else { above = half }
        }
        0.5 * (below + above)
    };
    let low = solve(0.0, value, &|a| value - a > z * deviation(a));
    let high = solve(value, 1.0, &|a| a - value < z * deviation(a));
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_separation_is_not_certainty() {
        let scores: Vec<f64> = (0..40).map(f64::from).collect();
        let members: Vec<bool> = (0..40).map(|i| i >= 30).collect();
        let area = auc(&scores, &members);
        assert_eq!(area.value, Some(1.0));
        assert!(area.low.unwrap() > 0.8 && area.low.unwrap() < 0.99, "{area:?}");
        assert!((area.high.unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn of_two_values_it_is_the_mean_of_the_two_rates() {
        // 6 of 10 members and 3 of 30 others carry the trait.
        let members: Vec<bool> = (0..40).map(|i| i < 10).collect();
        let scores: Vec<f64> =
            (0..40).map(|i| f64::from(u8::from(i < 6 || (10..13).contains(&i)))).collect();
        let area = auc(&scores, &members).value.unwrap();
        assert!((area - (0.6 + 0.9) / 2.0).abs() < 1e-12, "{area}");
        assert!(mann_whitney(&scores, &members) < 0.01);
        let turned: Vec<bool> = members.iter().map(|m| !m).collect();
        let other = auc(&scores, &turned).value.unwrap();
        assert!((area + other - 1.0).abs() < 1e-12);
    }

    #[test]
    fn an_empty_side_or_one_score_says_nothing() {
        assert_eq!(auc(&[1.0, 2.0], &[true, true]).value, None);
        assert_eq!(mann_whitney(&[1.0, 2.0], &[false, false]), 1.0);
        assert_eq!(mann_whitney(&[1.0, 1.0, 1.0], &[true, false, false]), 1.0);
        assert_eq!(auc(&[1.0, 1.0, 1.0], &[true, false, false]).value, Some(0.5));
    }
}
