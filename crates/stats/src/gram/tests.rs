use ndarray::{Array2, s};
use proptest::prelude::*;

use super::*;
use crate::rng::{keyed, standard_normal_fill};

fn rows(n: usize, p: usize, key: &str) -> Array2<f32> {
    let mut values = vec![0.0; n * p];
    standard_normal_fill(&mut keyed(1, "gram", key, 0), &mut values);
    Array2::from_shape_vec((n, p), values).unwrap()
}

/// Largest difference of products, relative to the deviations.
fn apart(a: &Gram, b: &Gram) -> f64 {
    let p = a.columns();
    let scale = |i: usize| a.product(i, i).max(1e-300).sqrt();
    let pairs = (0..p).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let off = |(i, j)| ((a.product(i, j) - b.product(i, j)) / (scale(i) * scale(j))).abs();
    pairs.map(off).fold(0.0, f64::max)
}

#[test]
fn products_are_those_of_the_definition() {
    let x = rows(3000, 7, "plain");
    let gram = Gram::of(x.view(), None, 2);
    let x = x.mapv(f64::from);
    let mean = x.mean_axis(ndarray::Axis(0)).unwrap();
    let centred = &x - &mean;
    let expected = centred.t().dot(&centred);
    for ((i, j), value) in expected.indexed_iter() {
        assert!((gram.product(i, j) - value).abs() < 1e-9, "{i} {j}");
    }
    assert_eq!((gram.len(), gram.weight()), (3000, 3000.0));
    assert!((gram.covariance(1.0).unwrap()[[2, 2]] - expected[[2, 2]] / 2999.0).abs() < 1e-12);
}

#[test]
fn the_number_of_threads_has_no_part_in_the_result() {
    let x = rows(2500, 401, "threads");
    let weights: Vec<f64> = (0..2500).map(|i| f64::from(i % 5) / 2.0).collect();
    let one = Gram::of(x.view(), Some(&weights), 1);
    for threads in [2, 3, 5] {
        assert_eq!(one, Gram::of(x.view(), Some(&weights), threads));
    }
}

#[test]
fn an_offset_costs_no_digits_and_a_constant_has_no_spread() {
    let small = rows(2000, 4, "offset").mapv(f64::from);
    let mut far = small.mapv(|x| 1e6 + x * 1e-3);
    far.column_mut(3).fill(0.1);
    let (mut a, mut b) = (Gram::new(4), Gram::new(4));
    a.add(small.view(), None);
    b.add(far.view(), None);
    for (i, j) in [(0, 0), (1, 0), (2, 2), (2, 1)] {
        let off = b.product(i, j) * 1e6 - a.product(i, j);
        // 1e6 itself holds the values to 1e-10, which is 1e-7 of their spread.
        assert!(off.abs() < 1e-6 * a.product(i, i).sqrt() * a.product(j, j).sqrt(), "{off}");
    }
    assert!(b.is_constant(3) && !b.is_constant(0));
    assert_eq!((b.product(3, 3), b.product(3, 1)), (0.0, 0.0));
    let mut merged = b.clone();
    merged.merge(&b);
    assert_eq!((merged.product(3, 3), merged.mean()[3]), (0.0, 0.1));
}

#[test]
fn no_rows_no_columns_and_no_numbers() {
    let mut gram = Gram::of(Array2::zeros((0, 3)).view(), None, 1);
    assert!(gram.is_empty() && gram.is_finite());
    assert_eq!((gram.covariance(0.0), gram.weight()), (None, 0.0));
    gram.merge(&Gram::new(3));
    assert_eq!(gram, Gram::new(3));
    assert_eq!(Gram::of(Array2::zeros((5, 0)).view(), None, 1).weight(), 5.0);
    let zero = Gram::of(rows(5, 2, "zero").view(), Some(&[0.0; 5]), 1);
    assert_eq!((zero.len(), zero.product(0, 0)), (5, 0.0));
    assert!(!Gram::of(rows(2, 2, "negative").view(), Some(&[2.0, -1.0]), 1).is_finite());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn merging_any_split_is_the_whole(
        n in 2_usize..60, cuts in proptest::collection::vec(0.0_f64..1.0, 0..4), offset in -1e3_f32..1e3,
    ) {
        let x = rows(n, 5, "split") + offset;
        let weights: Vec<f64> = (0..n).map(|i| f64::from((i % 4) as u32)).collect();
        let whole = Gram::of(x.view(), Some(&weights), 1);
        let mut ends: Vec<usize> = cuts.iter().map(|c| (c * n as f64) as usize).collect();
        ends.extend([0, n]);
        ends.sort_unstable();
        let mut merged = Gram::new(5);
        for pair in ends.windows(2) {
            let part = x.slice(s![pair[0]..pair[1], ..]);
            merged.merge(&Gram::of(part, Some(&weights[pair[0]..pair[1]]), 1));
        }
        prop_assert!((merged.len(), merged.weight()) == (whole.len(), whole.weight()));
        let apart = apart(&whole, &merged);
        prop_assert!(apart < 1e-10, "{apart}");
    }

    #[test]
    fn a_weight_counts_rows(counts in proptest::collection::vec(0_usize..4, 3..40)) {
        let x = rows(counts.len(), 3, "repeated");
        let repeated: Vec<usize> = (0..counts.len()).flat_map(|i| vec![i; counts[i]]).collect();
        prop_assume!(repeated.len() > 1);
        let weights: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        let weighted = Gram::of(x.view(), Some(&weights), 1);
        let plain = Gram::of(x.select(ndarray::Axis(0), &repeated).view(), None, 1);
        prop_assert_eq!(weighted.weight(), plain.weight());
        for (i, j) in [(0, 0), (1, 0), (2, 1)] {
            prop_assert!((weighted.product(i, j) - plain.product(i, j)).abs() < 1e-10);
        }
    }
}
