//! What speaks for a class where its object is gone: the sum that the head makes of its pictures with the object's box gray.
//!
//! Single features mix object and cue. A network of a few dozen features may tell a class by its street with features of
//! which each is also the bus's, so that none is judged to be off the object, although the class is lost without its street.
//! The sum over all features does not mix: what the head makes of the pictures without their objects, beyond what it makes of
//! other classes' pictures without theirs, is evidence from somewhere else.

use ndarray::{Array1, Array2, ArrayView1};
use rightly_model::heads::{Moments, Standard};
use rightly_stats::{Design, Estimate, ridge::Ridge};

use super::{
    evidence::{RESAMPLES, outside},
    images::Population,
    ranking::residuals,
};
use crate::{
    Error, Inputs,
    features::{FeatureSet, fold, rows_of},
};

/// Fewest images with a mask on which a class is judged.
const FEWEST: usize = 10;
/// Fewest clusters from which the interval of what is left is one: the jackknife of a ratio over fewer misses more often than it
/// says.
const FEWEST_CLUSTERS: usize = 5;
/// Images of a class by which whole pictures are told what is left without the object, and values of all of them together.
const TOLD: (usize, usize) = (500, 64 << 20);
/// Penalty of that regression, on standardised features.
const PENALTY: f64 = 1.0;

/// Of all classes.
pub(super) struct Bare {
    pub(super) classes: Vec<ClassBare>,
    /// What the head makes of each row's picture without its object for the row's class, NaN where it is not known.
    pub(super) evidence: Vec<f64>,
    /// Share of each row's picture outside the gray box, NaN where it is not known.
    pub(super) outside: Vec<f64>,
}

/// Of one class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClassBare {
    /// Share of the class's evidence that is left without its object, over the images that features are judged on.
    pub(super) left: Estimate,
    /// `[d]`: what each feature adds to what is left.
    adds: Vec<f64>,
}

impl ClassBare {
    #[cfg(test)]
    pub(super) fn of(left: Estimate, adds: &[f64]) -> Self {
        Self { left, adds: adds.to_vec() }
    }

    /// Share of what is left that some features carry.
    pub(super) fn carried(&self, features: impl IntoIterator<Item = usize>) -> f64 {
        let all: f64 = self.adds.iter().sum();
        features.into_iter().map(|f| self.adds[f]).sum::<f64>() / all
    }

    /// Features that add something, the one that adds most first.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.adds.len()).filter(|&f| self.adds[f] > 0.0).collect();
        order.sort_by(|&a, &b| self.adds[b].total_cmp(&self.adds[a]).then(a.cmp(&b)));
        order
    }
}

/// Weights of a class less the mean of all: what a feature does for the class against the others.
fn against_others(weights: &Array2<f32>) -> Array2<f64> {
    let weights = weights.mapv(f64::from);
    match weights.mean_axis(ndarray::Axis(0)) {
        Some(mean) => weights - mean,
        None => weights,
    }
}

fn product(weights: ArrayView1<'_, f64>, vector: &[f32]) -> f64 {
    weights.iter().zip(vector).map(|(w, &v)| w * f64::from(v)).sum()
}

impl Bare {
    /// Of pictures whose features without the object stand in `path`; `weights` are `[classes, d]`, `fit[class]` the rows
    /// that features are judged on.
    ///
    /// # Errors
    /// The features can't be read.
    pub(super) fn compute(
        inputs: &Inputs,
        set: &FeatureSet,
        path: &std::path::Path,
        population: &Population<'_>,
        weights: &Array2<f32>,
        fit: &[Vec<usize>],
        threads: usize,
    ) -> Result<Self, Error> {
        let weights = against_others(weights);
        let outside = outside(path, population)?;
        let mut own = vec![false; population.rows.len()];
        fit.iter().flatten().for_each(|&row| own[row] = outside[row].is_finite());
        let bare = Sums::over(path, "boxed", population, &weights, &own, threads)?;
        let whole = Sums::over(&set.path, "vector", population, &weights, &own, threads)?;
        let samples: Vec<usize> = population.rows.iter().map(|row| row.sample).collect();
        let clusters = inputs.clusters_of(&samples)?;
        let class = |class: usize| {
            let weight = weights.row(class);
            let (of_bare, of_whole) = (bare.others(class), whole.others(class));
            let (Some(of_bare), Some(of_whole)) = (of_bare, of_whole) else {
                return ClassBare { left: Estimate::default(), adds: vec![0.0; weights.ncols()] };
            };
            let (base, base_whole) = (weight.dot(&of_bare), weight.dot(&of_whole));
            let rows: Vec<usize> = fit[class].iter().copied().filter(|&row| own[row]).collect();
            let design = Design::new(
                vec![0; rows.len()],
                clusters.as_ref().map(|c| rows.iter().map(|&row| c[row]).collect()),
                inputs.options.seed,
                RESAMPLES,
            );
            let share = |weights: &[f64], out: &mut [f64]| {
                let (mut left, mut all) = (0.0, 0.0);
                for (&row, w) in rows.iter().zip(weights) {
                    left += w * (bare.evidence[row] - base);
                    all += w * (whole.evidence[row] - base_whole);
                }
                // A class that its pictures do not speak for has no evidence to leave.
                out[0] = if all > 0.0 { left / all } else { f64::NAN };
            };
            let left = match rows.len() {
                n if n < FEWEST => Estimate { n, ..Estimate::default() },
                _ => without_few_clusters(design.functional(1, share)[0]),
            };
            let mean = bare.means.row(class);
            let adds = (0..weights.ncols()).map(|f| weight[f] * (mean[f] - of_bare[f])).collect();
            ClassBare { left, adds }
        };
        let classes = (0..weights.nrows()).map(class).collect();
        Ok(Self { classes, evidence: bare.evidence, outside })
    }
}

/// The estimate, without an interval where its clusters are too few for one.
fn without_few_clusters(estimate: Estimate) -> Estimate {
    match estimate.clusters {
        Some(clusters) if clusters < FEWEST_CLUSTERS => {
            Estimate { low: None, high: None, ..estimate }
        }
        _ => estimate,
    }
}

/// Sums over the vectors of a table.
struct Sums {
    /// `[classes, d]` means of the rows that are asked for.
    means: Array2<f64>,
    counts: Vec<usize>,
    /// Of every row the product with its class's weights, NaN where the table has no vector of it.
    evidence: Vec<f64>,
}

impl Sums {
    fn over(
        path: &std::path::Path,
        column: &str,
        population: &Population<'_>,
        weights: &Array2<f64>,
        own: &[bool],
        threads: usize,
    ) -> Result<Self, Error> {
        let (classes, d) = weights.dim();
        type Part = (Vec<f64>, Vec<usize>, Vec<(usize, f64)>);
        let (sums, counts, found): Part = fold(
            path,
            column,
            threads,
            || (vec![0.0; classes * d], vec![0; classes], Vec::new()),
            |(sums, counts, found): &mut Part, id, vector| {
                let Some(at) = population.find(id) else { return Ok(()) };
                if vector.len() != d {
                    let message = format!("'{id}' has {} features, expected {d}", vector.len());
                    return Err(Error::run(path, message));
                }
                let class = population.rows[at].class;
                found.push((at, product(weights.row(class), vector)));
                if own[at] {
                    counts[class] += 1;
                    let sums = &mut sums[class * d..(class + 1) * d];
                    sums.iter_mut().zip(vector).for_each(|(sum, &v)| *sum += f64::from(v));
                }
                Ok(())
            },
            |(sums, counts, found), (more, more_counts, more_found)| {
                sums.iter_mut().zip(more).for_each(|(a, b)| *a += b);
                counts.iter_mut().zip(more_counts).for_each(|(a, b)| *a += b);
                found.extend(more_found);
            },
        )?;
        let mut evidence = vec![f64::NAN; population.rows.len()];
        found.into_iter().for_each(|(at, value)| evidence[at] = value);
        let of = |(class, f): (usize, usize)| sums[class * d + f] / counts[class].max(1) as f64;
        Ok(Self { means: Array2::from_shape_fn((classes, d), of), counts, evidence })
    }

    /// Mean of the other classes' means, `[d]`; `None` where this class or every other has no images.
    fn others(&self, class: usize) -> Option<Array1<f64>> {
        let others: Vec<usize> =
            (0..self.counts.len()).filter(|&c| c != class && self.counts[c] > 0).collect();
        if others.is_empty() || self.counts[class] == 0 {
            return None;
        }
        self.means.select(ndarray::Axis(0), &others).mean_axis(ndarray::Axis(0))
    }
}

/// What whole pictures tell of what is left without the object, of some classes: a direction in the features' space each,
/// whose product with an image's features grows with it. A ridge regression on the images of all classes, so that it can't
/// tell one from another by the object: what the head makes of the picture without its object, beyond what the size of the
/// gray box explains, from the features of the picture as it is. Outcomes have no part in it.
///
/// # Errors
/// The features can't be read.
pub(super) fn told(
    set: &FeatureSet,
    path: &std::path::Path,
    population: &Population<'_>,
    weights: &Array2<f32>,
    classes: &[usize],
    outside: &[f64],
    threads: usize,
) -> Result<Vec<Option<Vec<f64>>>, Error> {
    if classes.is_empty() {
        return Ok(Vec::new());
    }
    let weights = against_others(weights);
    let most = TOLD.0.min((TOLD.1 / (weights.nrows() * set.dim).max(1)).max(2));
    let mut taken = vec![0; weights.nrows()];
    let wanted: Vec<bool> = (population.rows.iter().zip(outside))
        .map(|(row, outside)| {
            let known = row.fit && outside.is_finite();
            taken[row.class] += usize::from(known);
            known && taken[row.class] <= most
        })
        .collect();
    let (rows, mut values) =
        rows_of(set, threads, |id| population.find(id).filter(|&at| wanted[at]))?;
    let mut moments = Moments::new(set.dim);
    values.rows().into_iter().for_each(|row| {
        moments.push(row.to_slice().expect("rows of a matrix in standard order: by construction"));
    });
    let standard = Standard::of_moments(&moments);
    standard.apply(values.view_mut());
    let found = fold(
        path,
        "boxed",
        threads,
        Vec::new,
        |found: &mut Vec<(usize, Vec<f64>)>, id, vector| {
            if let Some(at) = population.find(id).filter(|&at| wanted[at]) {
                let of = |&class: &usize| product(weights.row(class), vector);
                found.push((at, classes.iter().map(of).collect()));
            }
            Ok(())
        },
        |found, more| found.extend(more),
    )?;
    let mut evidence: Vec<Vec<f64>> = vec![Vec::new(); population.rows.len()];
    found.into_iter().for_each(|(at, values)| evidence[at] = values);
    let kept: Vec<usize> = (0..rows.len()).filter(|&r| !evidence[rows[r]].is_empty()).collect();
    let values = values.select(ndarray::Axis(0), &kept).mapv(f64::from);
    let rows: Vec<usize> = kept.iter().map(|&r| rows[r]).collect();
    let size: Vec<f64> = rows.iter().map(|&row| outside[row]).collect();
    let mut targets = Array2::zeros((rows.len(), classes.len()));
    for (k, mut column) in targets.columns_mut().into_iter().enumerate() {
        let of: Vec<f64> = rows.iter().map(|&row| evidence[row][k]).collect();
        column.assign(&Array1::from(residuals(&of, &size)));
    }
    let ridge = Ridge::fit(values.view(), targets.view(), PENALTY);
    let direction = |k: usize| {
        let ridge = ridge.as_ref()?;
        let column = ridge.weights.column(k);
        let own: Vec<f64> = column.iter().zip(standard.scale()).map(|(w, s)| w * s).collect();
        own.iter().any(|w| *w != 0.0).then_some(own)
    };
    Ok((0..classes.len()).map(direction).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_needs_five_clusters() {
        let of = |clusters: Option<usize>| {
            let (value, low, high) = (Some(0.4), Some(0.3), Some(0.5));
            without_few_clusters(Estimate { value, low, high, n: 40, clusters })
        };
        for clusters in [None, Some(5), Some(16)] {
            assert_eq!((of(clusters).low, of(clusters).high), (Some(0.3), Some(0.5)));
        }
        for clusters in 1..FEWEST_CLUSTERS {
            let few = of(Some(clusters));
            assert_eq!((few.value, few.low, few.high), (Some(0.4), None, None));
        }
    }
}
