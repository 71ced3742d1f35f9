//! How well clusters are apart.

use ndarray::{ArrayView2, Axis};
use rand::seq::index;

use crate::{
    blocks::{Blocks, products, squares},
    rng::keyed,
    threads::on_threads,
};

/// Mean silhouette (Rousseeuw 1987) of `rows` (`[n, d]`) under `assignment` (`[n]`), in -1..=1: of a row
/// `(b - a) / max(a, b)`, with `a` its mean distance to the others of its cluster and `b` the lowest mean distance to
/// another cluster; 0 for a row alone in its cluster.
///
/// All pairs of rows are looked at, up to `most` rows; of more rows a sample of `most` is drawn by `seed`. `None` where
/// those rows do not form at least two clusters and fewer than there are rows, or a value is not finite. The number of
/// `threads` (0: those of the rayon pool around) has no part in the result.
///
/// # Panics
/// Where there is not one cluster for each row.
pub fn silhouette(
    rows: ArrayView2<'_, f32>,
    assignment: &[usize],
    most: usize,
    seed: u64,
    threads: usize,
) -> Option<f64> {
    assert_eq!(rows.nrows(), assignment.len(), "one cluster for each row");
    if rows.nrows() <= most {
        return on_threads(threads, || mean(rows, assignment));
    }
    let mut kept =
        index::sample(&mut keyed(seed, "silhouette", "", 0), rows.nrows(), most).into_vec();
    kept.sort_unstable();
    let clusters: Vec<usize> = kept.iter().map(|&i| assignment[i]).collect();
    let rows = rows.select(Axis(0), &kept);
    on_threads(threads, || mean(rows.view(), &clusters))
}

fn mean(rows: ArrayView2<'_, f32>, assignment: &[usize]) -> Option<f64> {
    let mut names = assignment.to_vec();
    names.sort_unstable();
    names.dedup();
    let (n, k, d) = (rows.nrows(), names.len(), rows.ncols());
    if k < 2 || k >= n || d == 0 {
        return None;
    }
    let cluster: Vec<usize> =
        assignment.iter().map(|name| names.partition_point(|other| other < name)).collect();
    let mut sizes = vec![0_usize; k];
    cluster.iter().for_each(|&c| sizes[c] += 1);
    let blocks = Blocks::new(rows, None)?;
    let mut all = Vec::with_capacity(n * d);
    blocks.steps(0..n, |_, block| all.extend_from_slice(block));
    let lengths = squares(&all, d);
    let parts = blocks.parts(|range| {
        let mut sum = 0.0;
        let mut along = vec![0.0; range.len() * n];
        products(&mut along, &all[range.start * d..range.end * d], &all, d);
        for (i, along) in range.zip(along.chunks_exact(n)) {
            let mut totals = vec![0.0; k];
            for (j, along) in along.iter().enumerate() {
                if j != i {
                    let square = lengths[i] + lengths[j] - 2.0 * along;
                    totals[cluster[j]] += square.max(0.0).sqrt();
                }
            }
            sum += of_row(cluster[i], &totals, &sizes);
        }
        sum
    });
    Some(parts.iter().sum::<f64>() / n as f64)
}

/// From the sums of distances to the rows of each cluster.
fn of_row(own: usize, totals: &[f64], sizes: &[usize]) -> f64 {
    if sizes[own] < 2 {
        return 0.0;
    }
    let within = totals[own] / (sizes[own] - 1) as f64;
    let others = (0..sizes.len()).filter(|&c| c != own);
    let between = others.map(|c| totals[c] / sizes[c] as f64).fold(f64::INFINITY, f64::min);
    let larger = within.max(between);
    if larger > 0.0 { (between - within) / larger } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn apart_is_near_one_and_degenerate_is_none() {
        let rows = array![[0.0_f32], [0.1], [9.0], [9.1]];
        assert!(silhouette(rows.view(), &[5, 5, 2, 2], 100, 0, 1).unwrap() > 0.98);
        assert_eq!(silhouette(rows.view(), &[1; 4], 100, 0, 1), None);
        assert_eq!(silhouette(rows.view(), &[0, 1, 2, 3], 100, 0, 1), None);
        assert_eq!(silhouette(Array2::ones((4, 2)).view(), &[0, 0, 1, 1], 100, 0, 1), Some(0.0));
        assert_eq!(silhouette(Array2::zeros((0, 2)).view(), &[], 100, 0, 1), None);
    }

    #[test]
    fn a_sample_is_the_same_for_the_same_seed() {
        let rows = Array2::from_shape_fn((500, 3), |(i, j)| ((i * 7 + j * 13) % 31) as f32);
        let clusters: Vec<usize> = (0..500).map(|i| i % 3).collect();
        let of = |seed, threads| silhouette(rows.view(), &clusters, 200, seed, threads).unwrap();
        assert_eq!(of(1, 1), of(1, 3));
        assert_ne!(of(1, 1), of(2, 1));
    }
}
