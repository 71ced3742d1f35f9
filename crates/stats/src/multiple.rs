//! Corrections for many tests.
//!
//! A NaN stands for a test that could not be made: it stays NaN and does not count in the family.

/// Benjamini-Hochberg adjusted p-values (Benjamini and Hochberg 1995, the step-up procedure), in
/// the order given; each at most 1.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let m = order.len() as f64;
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least = 1.0_f64;
    for (rank, &i) in order.iter().enumerate().rev() {
        // the quotient first: it is exactly 1 for the largest, which must not round below itself
        least = least.min(p[i] * (m / (rank + 1) as f64));
        adjusted[i] = least;
    }
    adjusted
}

/// Holm adjusted p-values (Holm 1979, the step-down procedure), in the order given; each at most 1.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut most = 0.0_f64;
    for (rank, &i) in order.iter().enumerate() {
        most = most.max(p[i] * (order.len() - rank) as f64).min(1.0);
        adjusted[i] = most;
    }
    adjusted
}

/// Indices of the defined values, smallest first, ties in the order given.
fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&i| !p[i].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

/// Corrected p-values of families of tests, where the p-values within a family are already corrected for each other.
///
/// A family is represented by its smallest p-value and corrected for the number of families (Benjamini-Hochberg); the
/// other members are held to the level that this leaves their family (Benjamini and Bogomolov 2014): `q <= a` exactly
/// where the family is selected at `a` and `p <= a R / m`, with `R` of `m` families selected. NaN, and families of nothing
/// else, have no part and stay NaN.
pub fn families(p: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let smallest: Vec<f64> =
        p.iter().map(|own| own.iter().copied().fold(f64::NAN, f64::min)).collect();
    let chosen = benjamini_hochberg(&smallest);
    let m = smallest.iter().filter(|p| !p.is_nan()).count() as f64;
    let member = |p: f64, q: f64, selected: f64| {
        if p.is_nan() { p } else { (p * m / selected).max(q).min(1.0) }
    };
    p.iter()
        .zip(&chosen)
        .map(|(own, &q)| {
            // Families that are selected wherever this one is.
            let selected = chosen.iter().filter(|other| **other <= q).count() as f64;
            own.iter().map(|&p| member(p, q, selected)).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_stands_for_its_smallest_p_value() {
        let p =
            vec![vec![0.01, 0.02, f64::NAN], vec![0.5], vec![0.04, 0.9], vec![f64::NAN], vec![]];
        let q = families(&p);
        // Three families: .01 x 3, .04 x 3 / 2, .5.
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(near(q[0][0], 0.03) && near(q[0][1], 0.06) && q[0][2].is_nan());
        assert!(near(q[1][0], 0.5) && near(q[2][0], 0.06) && q[2][1] == 1.0);
        assert!(q[3][0].is_nan() && q[4].is_empty());
    }
    use proptest::prelude::*;

    #[test]
    fn undefined_tests_do_not_count() {
        assert_eq!(holm(&[0.02, f64::NAN, 0.5])[0], 0.04);
        assert!(holm(&[0.02, f64::NAN])[1].is_nan());
        assert_eq!(benjamini_hochberg(&[0.02, f64::NAN, 0.5])[0], 0.04);
        assert!(benjamini_hochberg(&[]).is_empty());
    }

    #[test]
    fn the_largest_value_does_not_round_below_itself() {
        for i in 1..200 {
            let mut p = vec![0.0; i];
            p.push(0.1 + f64::from(i as u32) / 300.0);
            assert_eq!(benjamini_hochberg(&p)[i], p[i]);
        }
    }

    proptest! {
        #[test]
        fn corrections_are_ordered(p in proptest::collection::vec(0.0..=1.0f64, 1..40)) {
            let (q, h) = (benjamini_hochberg(&p), holm(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= q[i] && q[i] <= h[i] + 1e-15 && h[i] <= 1.0);
                for j in 0..p.len() {
                    if p[i] <= p[j] {
                        prop_assert!(q[i] <= q[j] && h[i] <= h[j]);
                    }
                }
            }
        }
    }
}
