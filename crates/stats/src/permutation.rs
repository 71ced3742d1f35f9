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
}
