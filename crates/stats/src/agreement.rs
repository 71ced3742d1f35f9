//! How well two clusterings of the same rows agree, above chance.

use std::collections::BTreeMap;

use statrs::function::gamma::ln_gamma;

/// Counts of the pairs of clusters that occur, and of the clusters of either side.
struct Table {
    cells: Vec<(usize, usize, usize)>,
    a: Vec<usize>,
    b: Vec<usize>,
    n: usize,
}

impl Table {
    fn new(a: &[usize], b: &[usize]) -> Self {
        assert_eq!(a.len(), b.len(), "two clusters for each row");
        let (a, b) = (compact(a), compact(b));
        let mut counts = BTreeMap::new();
        a.iter().zip(&b).for_each(|(&i, &j)| *counts.entry((i, j)).or_insert(0) += 1);
        let sizes = |of: &[usize]| {
            let mut sizes = vec![0; of.iter().max().map_or(0, |m| m + 1)];
            of.iter().for_each(|&i| sizes[i] += 1);
            sizes
        };
        let cells = counts.into_iter().map(|((i, j), count)| (i, j, count)).collect();
        Self { cells, a: sizes(&a), b: sizes(&b), n: a.len() }
    }

    /// Both put all rows together, or both each row alone: nothing to disagree about.
    fn trivial(&self) -> bool {
        let (a, b) = (self.a.len(), self.b.len());
        a == b && (a <= 1 || a == self.n)
    }
}

/// Names in order as 0, 1, ...
fn compact(of: &[usize]) -> Vec<usize> {
    let mut names = of.to_vec();
    names.sort_unstable();
    names.dedup();
    of.iter().map(|name| names.partition_point(|other| other < name)).collect()
}

/// Adjusted mutual information (Vinh, Epps and Bailey 2010, arithmetic mean of the entropies; scikit-learn's
/// `adjusted_mutual_info_score`): 1 where two clusterings are the same but for their names, 0 on average where they are
/// independent. 1 where both hold one cluster, or no rows. Time grows with clusters x clusters x the smaller of two.
///
/// # Panics
/// Where the slices differ in length.
pub fn adjusted_mutual_information(a: &[usize], b: &[usize]) -> f64 {
    let table = Table::new(a, b);
    if table.trivial() {
        return 1.0;
    }
    let n = table.n as f64;
    let information: f64 = table
        .cells
        .iter()
        .map(|&(i, j, count)| {
            let count = count as f64;
            count / n * (count * n / (table.a[i] as f64 * table.b[j] as f64)).ln()
        })
        .sum();
    let expected = expected_information(&table);
    let mean = (entropy(&table.a, n) + entropy(&table.b, n)) / 2.0;
    let above = mean - expected;
    // As scikit-learn: no division by what is rounding.
    let above = if above < 0.0 { above.min(-f64::EPSILON) } else { above.max(f64::EPSILON) };
    (information - expected) / above
}

fn entropy(sizes: &[usize], n: f64) -> f64 {
    sizes.iter().map(|&size| size as f64 / n).map(|p| -p * p.ln()).sum()
}

/// Mean mutual information of clusterings with these sizes that are independent.
fn expected_information(table: &Table) -> f64 {
    let n = table.n;
    let factorials: Vec<f64> = (0..=n).map(|i| ln_gamma(i as f64 + 1.0)).collect();
    let f = |i: usize| factorials[i];
    let mut expected = 0.0;
    for &a in &table.a {
        for &b in &table.b {
            let fixed = f(a) + f(b) + f(n - a) + f(n - b) - f(n);
            for both in (a + b).saturating_sub(n).max(1)..=a.min(b) {
                let p = fixed - f(both) - f(a - both) - f(b - both) - f(n + both - a - b);
                let x = both as f64;
                let n = n as f64;
                expected += x / n * (n * x / (a as f64 * b as f64)).ln() * p.exp();
            }
        }
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_matter() {
        let (a, b) = ([0, 0, 1, 1, 2, 2], [7, 7, 3, 3, 5, 5]);
        assert!((adjusted_mutual_information(&a, &b) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn one_cluster_or_no_rows_agree() {
        assert_eq!(adjusted_mutual_information(&[], &[]), 1.0);
        assert_eq!(adjusted_mutual_information(&[1], &[2]), 1.0);
        assert_eq!(adjusted_mutual_information(&[4; 5], &[9; 5]), 1.0);
        assert_eq!(adjusted_mutual_information(&[0, 1, 2], &[2, 1, 0]), 1.0);
        assert!(adjusted_mutual_information(&[0; 4], &[0, 0, 1, 1]).abs() < 1e-12);
    }
}
