//! Which features matter for a class: mean activation over its images times the head's weight (Salient ImageNet,
//! Singla and Feizi, ICLR 2022; Hard ImageNet, section 3).

use ndarray::{Array2, ArrayView1};

use super::images::{Population, Row};
use crate::{
    Error,
    features::{FeatureSet, fold},
};

/// A feature of a class, and how much it matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Important {
    /// Index of the feature.
    pub feature: usize,
    /// Mean activation times weight: what the feature adds to the class's logit on average. `None` where people
    /// named the feature.
    pub importance: Option<f64>,
}

/// The `top` features with the largest mean activation times weight, the largest first; only those that speak for the
/// class (above 0). Equal ones by index.
///
/// `means` and `weights` are `[d]`.
pub fn most_important(
    means: ArrayView1<'_, f64>,
    weights: ArrayView1<'_, f32>,
    top: usize,
) -> Vec<Important> {
    let products = means.iter().zip(weights).map(|(mean, &weight)| mean * f64::from(weight));
    let mut order: Vec<(usize, f64)> = products.enumerate().filter(|(_, p)| *p > 0.0).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.truncate(top);
    order.into_iter().map(|(feature, p)| Important { feature, importance: Some(p) }).collect()
}

/// Mean features `[classes, d]` of the images that `keep` holds for (by row and features), and how many there are of each
/// class.
pub(super) fn class_means(
    set: &FeatureSet,
    population: &Population<'_>,
    classes: usize,
    threads: usize,
    keep: impl Fn(&Row, &[f32]) -> bool + Sync,
) -> Result<(Array2<f64>, Vec<usize>), Error> {
    let new = || (vec![0.0_f64; classes * set.dim], vec![0_usize; classes]);
    let (mut sums, counts) = fold(
        &set.path,
        "vector",
        threads,
        new,
        |(sums, counts), id, vector| {
            if let Some(row) = population.find(id).map(|at| &population.rows[at])
                && keep(row, vector)
            {
                counts[row.class] += 1;
                let own = &mut sums[row.class * set.dim..(row.class + 1) * set.dim];
                own.iter_mut().zip(vector).for_each(|(sum, &v)| *sum += f64::from(v));
            }
            Ok(())
        },
        |(sums, counts), (more, more_counts)| {
            sums.iter_mut().zip(more).for_each(|(a, b)| *a += b);
            counts.iter_mut().zip(more_counts).for_each(|(a, b)| *a += b);
        },
    )?;
    for (class, &count) in counts.iter().enumerate() {
        let own = &mut sums[class * set.dim..(class + 1) * set.dim];
        own.iter_mut().for_each(|sum| *sum /= count.max(1) as f64);
    }
    let means = Array2::from_shape_vec((classes, set.dim), sums)
        .map_err(|e| Error::Usage(format!("features: {e}")))?;
    Ok((means, counts))
}

/// Values of the chosen features of each image's own class, one list a row of the population (empty where the table
/// has no such image). `column` is `vector`, or `excess` of the table of shares on the object.
pub(super) fn chosen_values(
    path: &std::path::Path,
    column: &str,
    population: &Population<'_>,
    chosen: &[Vec<usize>],
    threads: usize,
) -> Result<Vec<Vec<f32>>, Error> {
    let found = fold(
        path,
        column,
        threads,
        Vec::new,
        |found: &mut Vec<(usize, Vec<f32>)>, id, vector| {
            if let Some(at) = population.find(id) {
                let features = &chosen[population.rows[at].class];
                let values: Option<Vec<f32>> =
                    features.iter().map(|&f| vector.get(f).copied()).collect();
                let short =
                    || Error::run(path, format!("'{id}' has {} features only", vector.len()));
                found.push((at, values.ok_or_else(short)?));
            }
            Ok(())
        },
        |found, more| found.extend(more),
    )?;
    let mut out = vec![Vec::new(); population.rows.len()];
    for (at, values) in found {
        out[at] = values;
    }
    Ok(out)
}

/// The product of each image's vector with the direction of its class, by row of the population; NaN where the class has
/// none or the table no such image.
pub(super) fn products(
    path: &std::path::Path,
    population: &Population<'_>,
    directions: &[Option<&[f64]>],
    threads: usize,
) -> Result<Vec<f64>, Error> {
    let mut out = vec![f64::NAN; population.rows.len()];
    if directions.iter().all(Option::is_none) {
        return Ok(out);
    }
    let found = fold(
        path,
        "vector",
        threads,
        Vec::new,
        |found: &mut Vec<(usize, f64)>, id, vector| {
            if let Some(at) = population.find(id)
                && let Some(direction) = directions[population.rows[at].class]
            {
                let product = direction.iter().zip(vector).map(|(d, &v)| d * f64::from(v)).sum();
                found.push((at, product));
            }
            Ok(())
        },
        |found, more| found.extend(more),
    )?;
    found.into_iter().for_each(|(at, value)| out[at] = value);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::aview1;

    #[test]
    fn the_largest_products_come_first_and_only_those_for_the_class() {
        let means = [1.0, 2.0, 4.0, 0.5, 0.0];
        let weights = [2.0_f32, 1.0, -3.0, 8.0, 9.0];
        let top = most_important(aview1(&means), aview1(&weights), 5);
        let found: Vec<_> = top.iter().map(|i| (i.feature, i.importance)).collect();
        assert_eq!(found, [(3, Some(4.0)), (0, Some(2.0)), (1, Some(2.0))]);
        assert_eq!(most_important(aview1(&means), aview1(&weights), 1).len(), 1);
    }
}
