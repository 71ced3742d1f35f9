//! How well groups agree with subgroups that are known (the `group` column), on the confirming part.

use std::collections::BTreeMap;

use rightly_stats::{Design, Estimate, agreement::adjusted_mutual_information};

use super::{STAGE, grouped::Grouped, material::Part};
use crate::{Inputs, Metric, metrics::MEAN};

/// Images of a group that are looked at.
const TOP: usize = 10;
/// Fewest images of a known subgroup.
const FEWEST: usize = 10;

/// Figures of one class under one method, a row a known subgroup and one for their mean; none where fewer than two
/// subgroups are known.
///
/// Groups of which nothing is claimed (the rest of a class) have a part in the last figure alone.
///
/// - `precision-at-10` of a known subgroup: the largest share of it among the ten strongest members of any group (Domino,
///   Eyuboglu et al., ICLR 2022).
/// - `direction-cosine`: the largest absolute cosine between a direction and the mean of the known subgroup less that of
///   its class (DIM).
/// - `adjusted-mutual-information` of groups and known subgroups.
pub(super) fn of_class(inputs: &Inputs, confirm: &Part, grouped: &Grouped) -> Vec<Metric> {
    let known: Vec<Option<&str>> =
        confirm.samples.iter().map(|&s| inputs.dataset.samples[s].group.as_deref()).collect();
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    known.iter().flatten().for_each(|name| *sizes.entry(name).or_default() += 1);
    if sizes.len() < 2 {
        return Vec::new();
    }
    let class = &inputs.dataset.classes[grouped.class];
    let row = |metric: &str, group: Option<&str>, value: Option<f64>, n: usize| {
        let e = Estimate { value, n, ..Estimate::default() };
        let group = group.map(str::to_owned);
        Metric { group, ..Metric::new(STAGE, metric, Some(grouped.method.name()), class, e) }
    };
    let mut out = Vec::new();
    let (mut precisions, mut cosines) = (Vec::new(), Vec::new());
    for (name, &n) in sizes.iter().filter(|(_, n)| **n >= FEWEST) {
        let precision = (0..grouped.slices.len())
            .filter(|&group| grouped.slices[group].tested)
            .filter_map(|group| {
                let top: Vec<usize> = grouped.members(group).into_iter().take(TOP).collect();
                let hits = top.iter().filter(|&&at| known[at] == Some(name)).count();
                // A group of fewer than ten images has what it lacks wrong.
                (!top.is_empty()).then_some(hits as f64 / TOP as f64)
            })
            .fold(0.0, f64::max);
        precisions.push(precision);
        out.push(row("precision-at-10", Some(name), Some(precision), n));
        if let Some(cosine) = cosine(confirm, grouped, &known, name) {
            cosines.push(cosine);
            out.push(row("direction-cosine", Some(name), Some(cosine), n));
        }
    }
    let n = known.iter().flatten().count();
    for (metric, values) in [("precision-at-10", precisions), ("direction-cosine", cosines)] {
        if !values.is_empty() {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            out.push(row(metric, None, Some(mean), n));
        }
    }
    let names: Vec<&str> = sizes.keys().copied().collect();
    let pairs: Vec<(usize, usize)> = grouped
        .confirm
        .iter()
        .zip(&known)
        .filter_map(|(placed, known)| {
            let truth = names.binary_search(&(*known)?).ok()?;
            Some((placed.group().unwrap_or(grouped.slices.len()), truth))
        })
        .collect();
    let (found, truth): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
    let agreement = adjusted_mutual_information(&found, &truth);
    out.push(row("adjusted-mutual-information", None, Some(agreement), n));
    out
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

fn cosine(confirm: &Part, grouped: &Grouped, known: &[Option<&str>], name: &str) -> Option<f64> {
    let d = confirm.vectors.ncols();
    let (mut own, mut all) = (vec![0.0; d], vec![0.0; d]);
    let (mut n, mut total) = (0.0, 0.0);
    for (row, known) in confirm.vectors.outer_iter().zip(known) {
        total += 1.0;
        all.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        if *known == Some(name) {
            n += 1.0;
            own.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
    }
    let difference: Vec<f64> = own.iter().zip(&all).map(|(o, a)| o / n - a / total).collect();
    let length = difference.iter().map(|v| v * v).sum::<f64>().sqrt();
    let of = |direction: &[f32]| {
        let dot: f64 = direction.iter().zip(&difference).map(|(&a, b)| f64::from(a) * b).sum();
        (dot / length).abs()
    };
    let claimed = grouped.slices.iter().filter(|s| s.tested && s.direction.len() == d);
    let found = claimed.map(|s| of(&s.direction));
    found.filter(|c| c.is_finite()).reduce(f64::max)
}
