//! Monte Carlo p-values.

/// One-sided Monte Carlo p-value `(b + 1) / (B + 1)`, with `b` of the `B` draws from the null law
/// at least as large as `observed` (Phipson and Smyth 2010: never 0, and valid for any `B`).
///
/// Draws within a relative 1e-9 of `observed` count as ties, since the same statistic of permuted
/// data can differ in its last bits. For a two-sided test pass absolute values. NaN where
/// `observed` is NaN; a NaN among the draws counts as at least as large (the cautious reading).
pub fn monte_carlo_p(observed: f64, null: &[f64]) -> f64 {
    if observed.is_nan() {
        return f64::NAN;
    }
    let threshold = observed - 1e-9 * observed.abs();
    let reached = null.iter().filter(|&&x| x.is_nan() || x >= threshold).count();
    (reached + 1) as f64 / (null.len() + 1) as f64
}

/// [`monte_carlo_p`] of absolute values that stops early: after `enough` draws that reach `observed`
/// the p-value is `enough / draws so far` (Besag and Clifford 1991, valid like the whole run), else
/// `(b + 1) / (B + 1)` after all `most`.
///
/// What is far from significant costs few draws, so `most` can be as large as a correction for many
/// tests needs. `enough` of at least 1; the larger, the more exact a p-value that stopped early.
pub fn sequential_p(
    observed: f64,
    most: usize,
    enough: usize,
    mut draw: impl FnMut() -> f64,
) -> f64 {
    if observed.is_nan() {
        return f64::NAN;
    }
    let threshold = observed.abs() * (1.0 - 1e-9);
    let mut reached = 0;
    for drawn in 1..=most {
        let value = draw();
        reached += usize::from(value.is_nan() || value.abs() >= threshold);
        if reached >= enough {
            return reached as f64 / drawn as f64;
        }
    }
    (reached + 1) as f64 / (most + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_ties_and_itself() {
        assert_eq!(monte_carlo_p(2.0, &[1.0, 2.0, 3.0]), 0.75);
        assert_eq!(monte_carlo_p(9.0, &[1.0; 99]), 0.01);
        assert_eq!(monte_carlo_p(0.1 + 0.2, &[0.3]), 1.0);
        assert_eq!(monte_carlo_p(9.0, &[]), 1.0);
        assert!(monte_carlo_p(f64::NAN, &[1.0]).is_nan());
    }

    #[test]
    fn a_sequence_ends_early_only_where_nothing_is_to_be_shown() {
        let mut draws = [3.0, -2.0, 0.5, 2.0].into_iter().cycle();
        assert_eq!(sequential_p(2.0, 1000, 3, || draws.next().unwrap()), 0.75);
        assert_eq!(sequential_p(-9.0, 99, 3, || 1.0), 0.01);
        assert_eq!(sequential_p(0.0, 99, 5, || 0.0), 1.0);
        assert_eq!(sequential_p(1.0, 99, 100, || f64::NAN), 1.0);
        assert!(sequential_p(f64::NAN, 99, 5, || 0.0).is_nan());
    }
}
