use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::rng::{keyed, standard_normal_fill};

/// `n` rows around `k` centres, row `i` around centre `i % k`.
fn blobs(n: usize, d: usize, k: usize) -> Array2<f32> {
    let mut values = vec![0.0; n * d];
    standard_normal_fill(&mut keyed(3, "blobs", "", 0), &mut values);
    let mut rows = Array2::from_shape_vec((n, d), values).unwrap();
    for (i, mut row) in rows.outer_iter_mut().enumerate() {
        row[i % k % d] += 30.0 * (1 + i % k / d) as f32;
    }
    rows
}

fn options(clusters: usize) -> KMeansOptions {
    KMeansOptions { threads: 1, ..KMeansOptions::new(clusters) }
}

#[test]
fn separate_clusters_are_found() {
    let rows = blobs(600, 5, 7);
    let found = kmeans(rows.view(), None, &options(7)).unwrap();
    for i in 0..600 {
        assert_eq!(found.assignment[i], found.assignment[i % 7], "{i}");
    }
    assert_eq!(found.assign(rows.view()), found.assignment);
    let distances = found.squared_distances(rows.view());
    let nearest: f64 = (0..600).map(|i| distances[[i, found.assignment[i]]]).sum();
    assert!((nearest - found.inertia).abs() < 1e-8 * found.inertia);
}

#[test]
fn neither_threads_nor_an_offset_matter() {
    let rows = blobs(1000, 6, 4);
    let one = kmeans(rows.view(), None, &options(5)).unwrap();
    for threads in [2, 3] {
        let more = kmeans(rows.view(), None, &KMeansOptions { threads, ..options(5) }).unwrap();
        assert_eq!(one, more);
    }
    let other = kmeans(rows.view(), None, &KMeansOptions { seed: 9, starts: 1, ..options(5) });
    assert_ne!(one, other.unwrap());
    // Multiples of 1/64 stay what they are at 1e4.
    let coarse = rows.mapv(|x| (x * 64.0).round() / 64.0);
    let near = kmeans(coarse.view(), None, &options(4)).unwrap();
    let far = kmeans((&coarse + 1e4).view(), None, &options(4)).unwrap();
    assert_eq!(near.assignment, far.assignment);
    assert!((near.inertia - far.inertia).abs() < 1e-9 * near.inertia);
}

#[test]
fn fewer_distinct_rows_make_fewer_clusters() {
    let rows = array![[1.0_f32, 2.0], [1.0, 2.0], [3.0, 4.0], [3.0, 4.0]];
    let found = kmeans(rows.view(), None, &options(3)).unwrap();
    assert_eq!((found.centroids.nrows(), found.inertia), (2, 0.0));
    let weighted = kmeans(rows.view(), Some(&[1.0, 1.0, 0.0, 0.0]), &options(3)).unwrap();
    assert_eq!(weighted.centroids, array![[1.0, 2.0]]);
    // Every row belongs to a cluster, also where a start leaves clusters empty.
    let from = array![[1.0, 2.0], [500.0, 500.0], [600.0, 600.0]];
    let found = kmeans_from(rows.view(), None, from.view(), &options(3)).unwrap();
    assert_eq!(found.inertia, 0.0);
    assert!(found.centroids.iter().all(|c| c.is_finite()));
}

#[test]
fn what_cannot_be_clustered_says_why() {
    let rows = blobs(5, 2, 2);
    let empty = |clusters, columns| Err(ClusterError::Empty { clusters, columns });
    assert_eq!(kmeans(rows.view(), None, &options(0)), empty(0, 2));
    assert_eq!(kmeans(Array2::zeros((5, 0)).view(), None, &options(2)), empty(2, 0));
    let unsound = Err(ClusterError::Unsound);
    assert_eq!(kmeans(Array2::zeros((0, 2)).view(), None, &options(2)), unsound);
    assert_eq!(kmeans(rows.view(), Some(&[0.0; 5]), &options(2)), unsound);
    assert_eq!(kmeans(rows.view(), Some(&[1.0, 1.0, -1.0, 1.0, 1.0]), &options(2)), unsound);
    let mut unknown = rows.clone();
    unknown[[3, 1]] = f32::INFINITY;
    assert_eq!(kmeans(unknown.view(), None, &options(2)), unsound);
    // Also where its weight is 0: its cluster could not be told.
    let without = [1.0, 1.0, 1.0, 0.0, 1.0];
    assert_eq!(kmeans(unknown.view(), Some(&without), &options(2)), unsound);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Where each start has rows: an empty cluster takes one row, which has all of its weight, or one of its copies.
    #[test]
    fn a_weight_counts_rows(mut counts in proptest::collection::vec(0_usize..4, 6..40)) {
        counts[..3].iter_mut().for_each(|count| *count += 1);
        let rows = blobs(counts.len(), 3, 3);
        let repeated: Vec<usize> = (0..counts.len()).flat_map(|i| vec![i; counts[i]]).collect();
        let weights: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        let start = rows.slice(ndarray::s![..3, ..]).mapv(f64::from);
        let weighted = kmeans_from(rows.view(), Some(&weights), start.view(), &options(3)).unwrap();
        let rows = rows.select(Axis(0), &repeated);
        let plain = kmeans_from(rows.view(), None, start.view(), &options(3)).unwrap();
        prop_assert!((weighted.inertia - plain.inertia).abs() < 1e-9 * (1.0 + plain.inertia));
    }

    #[test]
    fn every_row_is_in_the_nearest_cluster(n in 2_usize..60, k in 1_usize..8) {
        let rows = blobs(n, 4, 3);
        let found = kmeans(rows.view(), None, &options(k)).unwrap();
        prop_assert!(found.centroids.nrows() <= k.min(n));
        let distances = found.squared_distances(rows.view());
        for (row, &own) in distances.outer_iter().zip(&found.assignment) {
            prop_assert!(row.iter().all(|d| row[own] <= d + 1e-9));
        }
    }
}
