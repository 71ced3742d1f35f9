//! One law for the interval and the p-value of a difference.
//!
//! An interval comes from resampling or a score, a p-value from an exact or a permutation test. Both are right in large
//! samples and then agree. In small ones they part, for instance where a whole difference rests on three clusters of
//! sixteen: the spread between clusters says that it is beyond chance, turning their signs says that it is not. A reader
//! would believe the figure that suits them. So the more cautious of the two is taken for both: p is at most .05 exactly
//! where the interval leaves zero out.

use rightly_stats::{
    Estimate,
    quantile::{TAIL, normal_quantile},
};

/// The level of the intervals.
const LEVEL: f64 = 0.05;

/// The interval, widened toward zero until it says what the test says where only it leaves zero out; and the larger of the
/// test's p-value and its own. `range` is what the difference can be.
pub(super) fn agreed(e: Estimate, test: Option<f64>, range: (f64, f64)) -> (Estimate, Option<f64>) {
    let (Some(value), Some(low), Some(high), Some(own)) = (e.value, e.low, e.high, e.p_of_zero())
    else {
        return (e, test);
    };
    let Some(test) = test else { return (e, None) };
    let excludes = low > 0.0 || high < 0.0;
    if !excludes {
        return (e, Some(own.max(test)));
    }
    // An interval that ends at the value itself has no p-value of its own.
    let own = own.min(LEVEL);
    if test <= LEVEL {
        return (e, Some(own.max(test)));
    }
    // The half-width toward zero for which a normal law has this p-value.
    let toward = value.abs() * normal_quantile(1.0 - TAIL) / normal_quantile(1.0 - 0.5 * test);
    let toward = if toward.is_finite() { toward } else { f64::INFINITY };
    let e = if value > 0.0 {
        Estimate { low: Some((value - toward).max(range.0)), ..e }
    } else {
        Estimate { high: Some((value + toward).min(range.1)), ..e }
    };
    (e, Some(test))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value: Some(value), low: Some(low), high: Some(high), n: 50, clusters: None }
    }

    #[test]
    fn the_more_cautious_of_the_two_holds_for_both() {
        // 1.96 deviations at .05, .98 at .327: the half-width doubles.
        let (e, p) = agreed(estimate(0.09, 0.03, 0.15), Some(0.327), (-1.0, 1.0));
        assert_eq!(p, Some(0.327));
        assert!((e.low.unwrap() - -0.09).abs() < 1e-3, "{e:?}");
        assert_eq!(e.high, Some(0.15));
        let kept = estimate(0.09, 0.03, 0.15);
        let (e, p) = agreed(kept, Some(0.004), (-1.0, 1.0));
        assert_eq!(e, kept);
        assert!((p.unwrap() - 0.004).abs() < 1e-12);
        assert!(agreed(kept, Some(1e-9), (-1.0, 1.0)).1.unwrap() > 1e-3, "the interval's own");
        let (e, p) = agreed(estimate(0.05, -0.01, 0.11), Some(0.01), (-1.0, 1.0));
        assert_eq!(e.low, Some(-0.01));
        assert!(p.unwrap() > 0.05);
    }

    proptest! {
        #[test]
        fn p_and_interval_never_part(value in -0.9f64..0.9, down in 0.0f64..0.8, up in 0.0f64..0.8, test in 0.0f64..=1.0) {
            let (e, p) = agreed(estimate(value, value - down, value + up), Some(test), (-2.0, 2.0));
            let excludes = e.low.unwrap() > 0.0 || e.high.unwrap() < 0.0;
            prop_assert!(e.low.unwrap() <= value && value <= e.high.unwrap());
            prop_assert_eq!(excludes, p.unwrap() <= LEVEL + 1e-12, "{:?} {:?}", e, p);
        }
    }
}
