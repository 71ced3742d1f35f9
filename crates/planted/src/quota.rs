//! Exact quotas: shares of a whole number of images.

/// Splits `n` by weights: the whole parts first, then one more each for the largest remainders
/// (the earlier entry where they are equal). Sums to `n` where a weight is above 0, else all are 0.
pub(super) fn apportion(n: usize, weights: &[f64]) -> Vec<usize> {
    let whole: f64 = weights.iter().sum();
    if whole <= 0.0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<f64> = weights.iter().map(|weight| n as f64 * weight / whole).collect();
    // Shares such as 0.3 are not exact in binary: 30.000000000000004 is 30.
    let mut parts: Vec<usize> = exact.iter().map(|part| (part + 1e-9).floor() as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    let rest = |i: usize| ((exact[i] - exact[i].floor()) * 1e9).round() as u64 % 1_000_000_000;
    order.sort_by_key(|&i| (std::cmp::Reverse(rest(i)), i));
    let mut left = n.saturating_sub(parts.iter().sum());
    for i in order.into_iter().filter(|&i| weights[i] > 0.0).cycle() {
        if left == 0 {
            break;
        }
        parts[i] += 1;
        left -= 1;
    }
    parts
}

/// The kinds `0..quotas.len()` in an order whose every stretch holds them nearly in proportion:
/// each place takes the kind that is furthest behind its share.
pub(super) fn interleave(quotas: &[usize]) -> Vec<usize> {
    let n: usize = quotas.iter().sum();
    let mut taken = vec![0usize; quotas.len()];
    (1..=n)
        .map(|place| {
            let behind =
                |kind: &usize| quotas[*kind] as f64 * place as f64 / n as f64 - taken[*kind] as f64;
            let open = (0..quotas.len()).filter(|&kind| taken[kind] < quotas[kind]);
            let next = open.max_by(|a, b| behind(a).total_cmp(&behind(b)).then(b.cmp(a)));
            let next = next.expect("as many places as the quotas add up to");
            taken[next] += 1;
            next
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn largest_remainders_get_what_is_left() {
        assert_eq!(apportion(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(apportion(156, &[0.47, 0.47, 0.03, 0.03]), [73, 73, 5, 5]);
        assert_eq!(apportion(100, &[0.3, 0.6, 0.1]), [30, 60, 10]);
        assert_eq!(apportion(5, &[0.0, 0.0]), [0, 0]);
        assert_eq!(apportion(1, &[0.0, 1.0]), [0, 1]);
    }

    proptest! {
        #[test]
        fn parts_sum_and_stay_within_one(n in 0usize..5000, weights in prop::collection::vec(0f64..1.0, 1..12)) {
            let whole: f64 = weights.iter().sum();
            prop_assume!(whole > 0.0);
            let parts = apportion(n, &weights);
            prop_assert_eq!(parts.iter().sum::<usize>(), n);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!((*part as f64 - n as f64 * weight / whole).abs() <= 1.0 + 1e-6);
            }
        }

        #[test]
        fn interleaving_is_exact_and_even(quotas in prop::collection::vec(0usize..60, 1..7)) {
            let n: usize = quotas.iter().sum();
            let order = interleave(&quotas);
            let count = |part: &[usize], kind: usize| part.iter().filter(|&&k| k == kind).count();
            for (kind, &quota) in quotas.iter().enumerate() {
                prop_assert_eq!(count(&order, kind), quota);
                let half = count(&order[..n / 2], kind) as f64;
                prop_assert!((half - quota as f64 * (n / 2) as f64 / n.max(1) as f64).abs() <= quotas.len() as f64);
            }
        }
    }
}
