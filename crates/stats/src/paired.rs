//! Tests for paired accuracies.

use statrs::distribution::{Binomial, DiscreteCDF};

/// Exact two-sided McNemar p-value for `b` and `c` discordant pairs: twice the smaller binomial
/// tail at one half, at most 1; 1 where no pair is discordant.
///
/// It takes the pairs as independent: with clusters use the interval of
/// [`crate::Design::paired_drop`] instead.
pub fn mcnemar_exact(b: u64, c: u64) -> f64 {
    let Ok(null) = Binomial::new(0.5, b + c) else { return f64::NAN };
    (2.0 * null.cdf(b.min(c))).min(1.0)
}

/// Counts of the discordant pairs: `(before right and after wrong, before wrong and after right)`.
///
/// # Panics
/// Where the slices differ in length.
pub fn discordant(before: &[bool], after: &[bool]) -> (u64, u64) {
    assert_eq!(before.len(), after.len(), "one value before and one after for each unit");
    let count = |first: bool| {
        before.iter().zip(after).filter(|&(&x, &y)| x == first && y != first).count() as u64
    };
    (count(true), count(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_discordant_pair_is_no_evidence() {
        assert_eq!(mcnemar_exact(0, 0), 1.0);
    }

    #[test]
    fn one_sided_discordance_is_a_power_of_two() {
        assert!((mcnemar_exact(0, 10) - 2.0 * 0.5f64.powi(10)).abs() < 1e-15);
        assert_eq!(mcnemar_exact(3, 9), mcnemar_exact(9, 3));
        assert_eq!(mcnemar_exact(5, 5), 1.0);
    }

    #[test]
    fn discordant_pairs_by_direction() {
        let before = [true, true, false, true, false];
        let after = [true, false, true, false, false];
        assert_eq!(discordant(&before, &after), (2, 1));
    }
}
