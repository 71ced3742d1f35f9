use std::sync::atomic::AtomicBool;

use ndarray::{Array2, ArrayView2};
use proptest::prelude::*;

use super::*;
use crate::rng::{keyed, standard_normal_fill};

static GO_ON: AtomicBool = AtomicBool::new(false);

fn drawn(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
    let mut values = vec![0.0; rows * columns];
    standard_normal_fill(&mut keyed(seed, "nearest", "", 0), &mut values);
    Array2::from_shape_vec((rows, columns), values).unwrap()
}

fn find(rows: &Array2<f32>, queries: ArrayView2<'_, f32>, k: usize, threads: usize) -> Nearest {
    let read = |at: usize, out: &mut [f32]| out.copy_from_slice(rows.row(at).as_slice().unwrap());
    nearest(rows.nrows(), read, queries, k, threads, &GO_ON).unwrap()
}

/// Cosines in double precision, best first.
fn naive(rows: &Array2<f32>, query: &[f32]) -> Vec<(usize, f64)> {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let cosine = |row: &[f32]| dot(row, query) / (dot(row, row) * dot(query, query)).sqrt();
    let mut all: Vec<_> =
        rows.outer_iter().map(|row| cosine(row.as_slice().unwrap())).enumerate().collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn as_a_search_of_all(n in 0_usize..400, d in 1_usize..70, q in 1_usize..8, k in 0_usize..50, seed: u64) {
        let (rows, queries) = (drawn(n, d, seed), drawn(q, d, !seed));
        let found = find(&rows, queries.view(), k, 2);
        prop_assert_eq!(found.left_out, 0);
        for (hits, query) in found.hits.iter().zip(queries.outer_iter()) {
            let all = naive(&rows, query.as_slice().unwrap());
            prop_assert_eq!(hits.len(), k.min(n));
            for (hit, (_, cosine)) in hits.iter().zip(&all) {
                // At each rank the right cosine, and of a row that has it: rows closer than rounding may change places.
                prop_assert!((f64::from(hit.cosine) - cosine).abs() < 1e-6);
                let own = all.iter().find(|(row, _)| *row == hit.row).unwrap().1;
                prop_assert!((own - cosine).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn threads_and_other_queries_change_no_bit() {
    let (rows, queries) = (drawn(5000, 100, 1), drawn(20, 100, 2));
    let one = find(&rows, queries.view(), 30, 1);
    for threads in [2, 3, 8] {
        assert_eq!(find(&rows, queries.view(), 30, threads), one);
    }
    for (at, hits) in one.hits.iter().enumerate() {
        let alone = find(&rows, queries.slice(ndarray::s![at..=at, ..]), 30, 2);
        assert_eq!(alone.hits[0], *hits, "query {at}");
    }
}

#[test]
fn ties_come_by_row() {
    let base = drawn(3, 24, 3);
    let rows = Array2::from_shape_fn((1000, 24), |(i, j)| base[[i % 3, j]]);
    let hits = &find(&rows, base.slice(ndarray::s![1..2, ..]), 400, 2).hits[0];
    let expected: Vec<usize> = (0..1000).filter(|i| i % 3 == 1).collect();
    assert_eq!(hits[..333].iter().map(|h| h.row).collect::<Vec<_>>(), expected);
    assert!(hits[333..].windows(2).all(|w| w[0].row < w[1].row), "{hits:?}");
}

#[test]
fn rows_and_queries_without_direction_are_left_out() {
    let mut rows = drawn(200, 8, 4);
    rows.row_mut(0).fill(0.0);
    rows[[70, 3]] = f32::NAN;
    rows[[71, 0]] = f32::INFINITY;
    // Too long or too short for single precision, and yet a direction.
    let long = rows.row(5).mapv(|x| x * 1e30);
    rows.row_mut(5).assign(&long);
    let short = rows.row(9).mapv(|x| x * 1e-30);
    rows.row_mut(9).assign(&short);
    let mut queries = drawn(4, 8, 5);
    queries.row_mut(1).assign(&rows.row(5));
    queries.row_mut(2).fill(0.0);
    queries[[3, 1]] = f32::NAN;
    let found = find(&rows, queries.view(), 1000, 2);
    assert_eq!(found.left_out, 3);
    assert_eq!(found.hits.iter().map(Vec::len).collect::<Vec<_>>(), [197, 197, 0, 0]);
    assert_eq!(found.hits[1][0].row, 5);
    assert!((found.hits[1][0].cosine - 1.0).abs() < 1e-6);
    assert!(found.hits[0].iter().any(|hit| hit.row == 9));
}

#[test]
fn a_stop_is_heeded() {
    let rows = drawn(100, 4, 6);
    let stop = AtomicBool::new(true);
    let read = |at: usize, out: &mut [f32]| out.copy_from_slice(rows.row(at).as_slice().unwrap());
    assert_eq!(nearest(100, read, rows.view(), 1, 1, &stop), None);
}
