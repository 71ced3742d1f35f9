//! Score intervals of a proportion and of a paired difference of proportions.

use crate::quantile::{TAIL, normal_quantile};

/// Wilson's 95 % score interval for `hits` of `n` independent units (Wilson 1927); `None` for
/// `n == 0`.
pub fn wilson(hits: usize, n: usize) -> Option<(f64, f64)> {
    (n > 0).then(|| wilson_of_rate(hits as f64 / n as f64, n as f64))
}

/// Wilson's 95 % interval at an observed rate in 0..=1 of `n` > 0 units, where `n` may be an
/// effective, fractional number.
pub fn wilson_of_rate(rate: f64, n: f64) -> (f64, f64) {
    wilson_with(rate, n, normal_quantile(1.0 - TAIL))
}

/// Wilson's interval with another critical value than the normal's (Student's, for a rate whose
/// effective `n` was itself estimated from few clusters).
pub(crate) fn wilson_with(rate: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    // the exact bounds at the ends, which rounding would miss by a few 1e-17
    let low = if rate <= 0.0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if rate >= 1.0 { 1.0 } else { (centre + half).min(1.0) };
    (low, high)
}

/// Newcombe's 95 % interval for the difference `hits_a / n_a - hits_b / n_b` of two independent
/// proportions, made of their Wilson intervals (Newcombe 1998, method 10); `None` where either `n`
/// is 0.
pub fn newcombe(hits_a: usize, n_a: usize, hits_b: usize, n_b: usize) -> Option<(f64, f64)> {
    let (of_a, of_b) = (wilson(hits_a, n_a)?, wilson(hits_b, n_b)?);
    let (a, b) = (hits_a as f64 / n_a as f64, hits_b as f64 / n_b as f64);
    Some(square_and_add((a, of_a), (b, of_b)))
}

/// 95 % interval of the difference `a - b` of two independent figures from their own 95 %
/// intervals, each side of it made of the two half-widths that point there: Newcombe's rule for any
/// pair of intervals (Zou and Donner 2008, "MOVER"). Each figure is `(value, (low, high))`.
pub fn square_and_add(a: (f64, (f64, f64)), b: (f64, (f64, f64))) -> (f64, f64) {
    let ((a, (low_a, high_a)), (b, (low_b, high_b))) = (a, b);
    let down = (a - low_a).hypot(high_b - b);
    let up = (high_a - a).hypot(b - low_b);
    (a - b - down, a - b + up)
}

/// 95 % interval of a sum of independent figures, each times a weight, from their own 95 % intervals: the rule of
/// [`square_and_add`] for any number of terms (Zou, Huang and Zhang 2009, "A note on confidence interval estimation for a
/// linear function of binomial proportions"). Each term is `(weight, value, (low, high))`; of no term, (0, 0).
pub fn linear_of_independent(terms: &[(f64, f64, (f64, f64))]) -> (f64, f64) {
    let (mut sum, mut down, mut up) = (0.0, 0.0_f64, 0.0_f64);
    for &(weight, value, (low, high)) in terms {
        sum += weight * value;
        let (lower, upper) = if weight >= 0.0 { (low, high) } else { (high, low) };
        down += (weight * (value - lower)).powi(2);
        up += (weight * (upper - value)).powi(2);
    }
    (sum - down.sqrt(), sum + up.sqrt())
}

/// Tango's 95 % score interval for a paired difference of proportions `(b - c) / n`, with `b` and
/// `c` the discordant pairs of each direction among `n` pairs (Tango 1998, eq. 5 to 8); `None` for
/// `n == 0`.
///
/// Unlike a bootstrap it stays honest where few pairs are discordant; without any it is the
/// Wilson bound for 0 of `n` to both sides.
///
/// # Panics
/// Where `b + c > n`.
pub fn tango(b: u64, c: u64, n: u64) -> Option<(f64, f64)> {
    assert!(b + c <= n, "{b} + {c} discordant pairs among {n}");
    if n == 0 {
        return None;
    }
    let z = normal_quantile(1.0 - TAIL);
    let (b, c, n) = (b as f64, c as f64, n as f64);
    let score = |delta: f64| tango_score(b, c, n, delta);
    let point = (b - c) / n;
    // the score falls strictly as the difference rises
    let low = bisect(-1.0, point, |d| score(d) > z);
    let high = bisect(point, 1.0, |d| score(d) >= -z);
    Some((low, high))
}

/// Score statistic of the hypothesis that the difference is `delta`, its variance taken at the
/// maximum of the likelihood under that hypothesis.
fn tango_score(b: f64, c: f64, n: f64, delta: f64) -> f64 {
    let linear = (2.0 * n - b + c) * delta - b - c;
    let constant = -c * delta * (1.0 - delta);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    let q = (root - linear) / (4.0 * n);
    let variance = n * (2.0 * q + delta * (1.0 - delta));
    let distance = b - c - n * delta;
    if variance > 0.0 {
        distance / variance.sqrt()
    } else if distance == 0.0 {
        0.0
    } else {
        distance.signum() * f64::INFINITY
    }
}

/// The point where `holds` turns from true to false between `low` and `high`.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    // 60 halvings take an interval of length 2 below the spacing of doubles near 1
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_observed_gives_nothing() {
        assert_eq!(wilson(0, 0), None);
        assert_eq!(tango(0, 0, 0), None);
    }

    /// Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/10.
    #[test]
    fn newcombe_agrees_with_the_published_examples() {
        for ((a, n_a, b, n_b), expected) in [
            ((56, 70, 48, 80), (0.0524, 0.3339)),
            ((9, 10, 3, 10), (0.1705, 0.8090)),
            ((10, 10, 0, 10), (0.6075, 1.0)),
        ] {
            let (low, high) = newcombe(a, n_a, b, n_b).unwrap();
            assert!((low - expected.0).abs() < 5e-5 && (high - expected.1).abs() < 5e-5);
        }
        assert_eq!(newcombe(0, 0, 1, 2), None);
        assert_eq!(newcombe(1, 2, 0, 0), None);
    }

    #[test]
    fn a_sum_of_two_is_newcombe_and_more_terms_widen_it() {
        let term = |weight, hits, n| (weight, hits as f64 / n as f64, wilson(hits, n).unwrap());
        let (low, high) = linear_of_independent(&[term(1.0, 56, 70), term(-1.0, 48, 80)]);
        let of_two = newcombe(56, 70, 48, 80).unwrap();
        assert!((low - of_two.0).abs() < 1e-12 && (high - of_two.1).abs() < 1e-12);
        let three = [term(1.0, 56, 70), term(-1.0, 48, 80), term(0.5, 3, 10)];
        let (l, h) = linear_of_independent(&three);
        assert!(h - l > high - low && l < 0.35 && h > 0.35);
        assert_eq!(linear_of_independent(&[]), (0.0, 0.0));
    }

    #[test]
    fn ends_are_exact() {
        assert_eq!(wilson(0, 10).unwrap().0, 0.0);
        assert_eq!(wilson(10, 10).unwrap().1, 1.0);
    }

    #[test]
    fn tango_without_discordance_is_wilson_at_zero() {
        let (low, high) = tango(0, 0, 40).unwrap();
        let bound = wilson(0, 40).unwrap().1;
        assert!((high - bound).abs() < 1e-12 && (low + bound).abs() < 1e-12);
    }

    #[test]
    fn tango_reaches_the_ends() {
        let (low, high) = tango(12, 0, 12).unwrap();
        assert!(low > 0.5 && (high - 1.0).abs() < 1e-12, "{low} {high}");
    }

    proptest! {
        #[test]
        fn tango_holds_its_point_and_mirrors(b in 0u64..30, c in 0u64..30, rest in 1u64..50) {
            let n = b + c + rest;
            let (low, high) = tango(b, c, n).unwrap();
            let point = (b as f64 - c as f64) / n as f64;
            prop_assert!(-1.0 <= low && low < point && point < high && high <= 1.0);
            let (l, h) = tango(c, b, n).unwrap();
            prop_assert!((l + high).abs() < 1e-9 && (h + low).abs() < 1e-9);
        }
    }
}
