//! How well groups agree with subgroups that are known (the `group` column), on the confirming part.

use std::collections::{BTreeMap, BTreeSet};

use rightly_stats::{Design, Estimate, agreement::adjusted_mutual_information, jackknife};

use super::{STAGE, assignment::Grouped, material::Part};
use crate::{Error, Inputs, Metric, metrics::MEAN};

/// Images of a group that are looked at.
const TOP: usize = 10;
/// Fewest images of a known subgroup.
const FEWEST: usize = 10;
/// Bootstrap resamples of a mean of shares.
const RESAMPLES: usize = 2000;

/// Figures of one class under one method, a row a known subgroup and one for their mean; none where fewer than two
/// subgroups are known.
///
/// Groups of which nothing is claimed (the rest of a class) have a part in the last figure alone.
///
/// - `precision-at-10` of a known subgroup: the largest share of it among the ten strongest members of any group (Domino,
///   Eyuboglu et al., ICLR 2022). Its interval is that of a share of ten images, those of the group that has most of it.
/// - `direction-cosine`: the largest absolute cosine between a direction and the mean of the known subgroup less that of
///   its class (DIM). Directions were fixed on other images; its interval says how far the means are known.
/// - `adjusted-mutual-information` of groups and known subgroups.
///
/// The unit of the intervals is the image, or the cluster.
///
/// # Errors
/// The cluster column can't be read.
pub(super) fn of_class(
    inputs: &Inputs,
    confirm: &Part,
    grouped: &Grouped,
) -> Result<Vec<Metric>, Error> {
    let known: Vec<Option<&str>> =
        confirm.samples.iter().map(|&s| inputs.dataset.samples[s].group.as_deref()).collect();
    let clusters = inputs.clusters_of(&confirm.samples)?;
    let scene = Scene {
        confirm,
        grouped,
        known,
        clusters,
        class: &inputs.dataset.classes[grouped.class],
        seed: inputs.options.seed,
    };
    Ok(scene.figures())
}

/// A class with what is known of its images.
struct Scene<'a> {
    confirm: &'a Part,
    grouped: &'a Grouped,
    /// Subgroup of each image.
    known: Vec<Option<&'a str>>,
    clusters: Option<Vec<u32>>,
    class: &'a str,
    seed: u64,
}

impl Scene<'_> {
    fn figures(&self) -> Vec<Metric> {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        self.known.iter().flatten().for_each(|name| *sizes.entry(name).or_default() += 1);
        if sizes.len() < 2 {
            return Vec::new();
        }
        let n = self.known.iter().flatten().count();
        let mut out = Vec::new();
        let large: Vec<(&str, usize)> =
            sizes.iter().filter(|(_, n)| **n >= FEWEST).map(|(name, n)| (*name, *n)).collect();
        let tops: Vec<Top> = large.iter().map(|(name, _)| self.top(name)).collect();
        for ((name, _), top) in large.iter().zip(&tops) {
            let precision = self.precision(std::slice::from_ref(top));
            out.push(self.row("precision-at-10", Some(name), precision));
        }
        if !tops.is_empty() {
            let mean = Estimate { n, ..self.precision(&tops) };
            out.push(self.row("precision-at-10", None, mean));
        }
        out.extend(self.cosines(&large, n));
        out.push(self.row("adjusted-mutual-information", None, self.agreement(&sizes, n)));
        out
    }

    fn row(&self, metric: &str, group: Option<&str>, e: Estimate) -> Metric {
        let group = group.map(str::to_owned);
        let method = Some(self.grouped.method.name());
        Metric { group, ..Metric::new(STAGE, metric, method, self.class, e) }
    }

    /// The ten of the group that has most of a subgroup (the first of equals).
    fn top(&self, name: &str) -> Top {
        let mut best = Top::default();
        for group in (0..self.grouped.slices.len()).filter(|&g| self.grouped.slices[g].tested) {
            let images: Vec<usize> = self.grouped.members(group).into_iter().take(TOP).collect();
            let hits: Vec<bool> = images.iter().map(|&at| self.known[at] == Some(name)).collect();
            let top = Top { images, hits };
            if best.images.is_empty() || top.count() > best.count() {
                best = top;
            }
        }
        best
    }

    /// Share of hits among the ten of each subgroup, the mean over subgroups.
    fn precision(&self, tops: &[Top]) -> Estimate {
        let (mut values, mut strata, mut units) = (Vec::new(), Vec::new(), Vec::new());
        for (subgroup, top) in tops.iter().enumerate() {
            for place in 0..TOP {
                // A group of fewer than ten images has what it lacks wrong, each a unit of its own.
                let lacking = u32::MAX - (TOP * subgroup + place) as u32;
                let image = top.images.get(place);
                let unit = image.map(|&at| self.clusters.as_ref().map_or(at as u32, |c| c[at]));
                values.push(f64::from(u8::from(top.hits.get(place) == Some(&true))));
                strata.push(subgroup as u32);
                units.push(unit.unwrap_or(lacking));
            }
        }
        let once = units.iter().collect::<BTreeSet<_>>().len() == units.len();
        let clusters = (self.clusters.is_some() || !once).then_some(units);
        let design = Design::new(strata, clusters, self.seed, RESAMPLES);
        let e = match tops {
            [_] => design.proportion(&values.iter().map(|&v| v == 1.0).collect::<Vec<_>>()),
            _ => design.mean_of_strata_within(&values, 0.0, 1.0),
        };
        // Units of a figure are clusters only where the data has any.
        Estimate { clusters: e.clusters.filter(|_| self.clusters.is_some()), ..e }
    }

    /// Sampling unit of each image of the part, and their number.
    fn units(&self) -> (Vec<usize>, usize) {
        let Some(clusters) = &self.clusters else {
            return ((0..self.known.len()).collect(), self.known.len());
        };
        let mut names = clusters.clone();
        names.sort_unstable();
        names.dedup();
        (clusters.iter().map(|c| names.partition_point(|n| n < c)).collect(), names.len())
    }

    fn estimate(&self, value: f64, without: &[f64], n: usize, bounds: (f64, f64)) -> Estimate {
        let interval = jackknife::interval(value, without);
        let e = Estimate {
            value: value.is_finite().then_some(value),
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
            n,
            clusters: self.clusters.as_ref().map(|_| without.len()),
        };
        e.within(bounds.0, bounds.1, without.len() as f64)
    }

    /// Cosine of each known subgroup (name and size), and their mean.
    fn cosines(&self, subgroups: &[(&str, usize)], n: usize) -> Vec<Metric> {
        let (units, count) = self.units();
        let mut out = Vec::new();
        let mut all: Vec<(f64, Vec<f64>)> = Vec::new();
        for (name, size) in subgroups {
            let (value, without) = self.cosine(name, &units, count);
            if value.is_finite() {
                let e = self.estimate(value, &without, *size, (0.0, 1.0));
                out.push(self.row("direction-cosine", Some(name), e));
                all.push((value, without));
            }
        }
        if !all.is_empty() {
            let of = all.len() as f64;
            let mean = all.iter().map(|(value, _)| value).sum::<f64>() / of;
            let without: Vec<f64> = (0..count)
                .map(|unit| all.iter().map(|(_, without)| without[unit]).sum::<f64>() / of)
                .collect();
            let e = self.estimate(mean, &without, n, (0.0, 1.0));
            out.push(self.row("direction-cosine", None, e));
        }
        out
    }

    /// The largest absolute cosine of a direction with the mean of a subgroup less that of the class, and the same without
    /// each sampling unit; NaN where there is none.
    fn cosine(&self, name: &str, units: &[usize], count: usize) -> (f64, Vec<f64>) {
        let vectors = &self.confirm.vectors;
        let d = vectors.ncols();
        let mut of_unit: Vec<Vec<usize>> = vec![Vec::new(); count];
        units.iter().enumerate().for_each(|(row, &unit)| of_unit[unit].push(row));
        let sum = |rows: &mut dyn Iterator<Item = usize>| {
            let (mut sum, mut n) = (vec![0.0; d], 0.0);
            for row in rows {
                n += 1.0;
                sum.iter_mut().zip(vectors.row(row)).for_each(|(s, &v)| *s += f64::from(v));
            }
            (sum, n)
        };
        let inside = |row: &usize| self.known[*row] == Some(name);
        let (all, total) = sum(&mut (0..vectors.nrows()));
        let (own, size) = sum(&mut (0..vectors.nrows()).filter(inside));
        let claimed = self.grouped.slices.iter().filter(|s| s.tested && s.direction.len() == d);
        let directions: Vec<&[f32]> = claimed.map(|s| s.direction.as_slice()).collect();
        let of = |rows: &[usize]| {
            let (less, less_n) = sum(&mut rows.iter().copied());
            let (less_own, less_size) = sum(&mut rows.iter().copied().filter(inside));
            let (size, total) = (size - less_size, total - less_n);
            let difference: Vec<f64> = (0..d)
                .map(|k| (own[k] - less_own[k]) / size - (all[k] - less[k]) / total)
                .collect();
            let length = difference.iter().map(|v| v * v).sum::<f64>().sqrt();
            let cosine = |direction: &&[f32]| {
                let dot: f64 =
                    direction.iter().zip(&difference).map(|(&a, b)| f64::from(a) * b).sum();
                (dot / length).abs()
            };
            let found = directions.iter().map(cosine).filter(|c| c.is_finite());
            found.reduce(f64::max).unwrap_or(f64::NAN)
        };
        (of(&[]), of_unit.iter().map(|rows| of(rows)).collect())
    }

    fn agreement(&self, sizes: &BTreeMap<&str, usize>, n: usize) -> Estimate {
        let names: Vec<&str> = sizes.keys().copied().collect();
        let (units, count) = self.units();
        // Group, subgroup, unit.
        let rows: Vec<(usize, usize, usize)> = (self.grouped.confirm.iter().zip(&self.known))
            .zip(&units)
            .filter_map(|((placed, known), &unit)| {
                let truth = names.binary_search(&(*known)?).ok()?;
                Some((placed.group().unwrap_or(self.grouped.slices.len()), truth, unit))
            })
            .collect();
        let of = |left: &dyn Fn(usize) -> bool| {
            let kept = rows.iter().filter(|row| !left(row.2));
            let (found, truth): (Vec<usize>, Vec<usize>) = kept.map(|r| (r.0, r.1)).unzip();
            adjusted_mutual_information(&found, &truth)
        };
        let value = of(&|_| false);
        let without: Vec<f64> = match self.clusters {
            Some(_) => (0..count).map(|unit| of(&|other| other == unit)).collect(),
            // Images of one group and one subgroup can't be told apart.
            None => {
                let mut seen: BTreeMap<(usize, usize), f64> = BTreeMap::new();
                rows.iter()
                    .map(|&(group, truth, unit)| {
                        *seen.entry((group, truth)).or_insert_with(|| of(&|other| other == unit))
                    })
                    .collect()
            }
        };
        self.estimate(value, &without, n, (-1.0, 1.0))
    }
}

/// The ten strongest members of a group, fewer where it has fewer, and which of them are of a subgroup.
#[derive(Default)]
struct Top {
    /// Positions in the confirming part.
    images: Vec<usize>,
    hits: Vec<bool>,
}

impl Top {
    fn count(&self) -> usize {
        self.hits.iter().filter(|&&hit| hit).count()
    }
}

/// Metric and method.
type Kind<'a> = (&'a str, Option<&'a str>);

/// Means over the classes, by metric and method, of the rows that stand for a class; the unit of the interval is the class.
pub(super) fn means(metrics: &[Metric], seed: u64, resamples: usize) -> Vec<Metric> {
    let mut values: BTreeMap<Kind<'_>, (Vec<f64>, usize)> = BTreeMap::new();
    for m in metrics.iter().filter(|m| m.group.is_none()) {
        if let Some(value) = m.value {
            let of = values.entry((&m.metric, m.condition.as_deref())).or_default();
            of.0.push(value);
            of.1 += m.n;
        }
    }
    let mean = |((metric, condition), (values, n)): (Kind<'_>, (Vec<f64>, usize))| {
        let e = Design::new(vec![0; values.len()], None, seed, resamples).mean(&values);
        Metric::new(STAGE, metric, condition, MEAN, Estimate { n, ..e })
    };
    values.into_iter().map(mean).collect()
}
