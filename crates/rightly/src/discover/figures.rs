//! Figures of the stage.

use rightly_stats::{Estimate, slices};

use super::{
    DiscoverOptions, STAGE,
    grouped::Grouped,
    judged::{JudgedClass, MISLABELLED},
};
use crate::{Metric, metrics::MEAN};

/// Share of a class that the size of gap which could have been seen is stated for.
const SHARE: f64 = 0.2;

/// Accuracy and gap of every group, and the size of gap that could have been seen in each class.
pub(super) fn compute(
    names: &[String],
    options: &DiscoverOptions,
    grouped: &[Vec<Grouped>],
    judged: &[JudgedClass],
) -> Vec<Metric> {
    let mut out = Vec::new();
    for (methods, class) in grouped.iter().zip(judged) {
        for (method, groups) in methods.iter().zip(&class.methods) {
            for (group, judged) in groups.iter().enumerate() {
                let name = &names[method.class];
                let row = |metric: &str, estimate: Estimate| Metric {
                    group: Some(method.name(group)),
                    ..Metric::new(STAGE, metric, Some(method.method.name()), name, estimate)
                };
                out.push(row("subgroup-accuracy", judged.accuracy));
                let gap = row("subgroup-gap", judged.gap);
                out.push(Metric { p: judged.p, q: judged.q, ..gap });
            }
        }
    }
    let seen: Vec<(usize, f64, usize)> = grouped
        .iter()
        .zip(judged)
        .filter_map(|(methods, class)| {
            let of = methods.first()?.class;
            Some((of, detectable(class, options.min_effect)?, class.n))
        })
        .collect();
    let condition = format!("share={SHARE}");
    for &(class, value, n) in &seen {
        let e = Estimate { value: Some(value), n, ..Estimate::default() };
        out.push(Metric::new(STAGE, "detectable-gap", Some(&condition), &names[class], e));
    }
    if !seen.is_empty() {
        let value = seen.iter().map(|s| s.1).sum::<f64>() / seen.len() as f64;
        let n = seen.iter().map(|s| s.2).sum();
        let e = Estimate { value: Some(value), n, ..Estimate::default() };
        out.push(Metric::new(STAGE, "detectable-gap", Some(&condition), MEAN, e));
    }
    out
}

/// The smallest gap of a fifth of the class that four of five such confirmations would show.
pub(super) fn detectable(class: &JudgedClass, min_effect: f64) -> Option<f64> {
    let n = (SHARE * class.n as f64).round() as usize;
    // What labels may explain comes on top.
    let explained = MISLABELLED * class.n as f64 / n.max(1) as f64;
    slices::smallest_gap(n, class.n - n, class.accuracy, class.tests, min_effect + explained)
}

/// What a run without findings means, a sentence; of how many tests, and what they could have shown.
pub(super) fn power(
    options: &DiscoverOptions,
    judged: &[JudgedClass],
    found: usize,
) -> Option<String> {
    let tests: usize = judged.iter().map(|class| class.tests).sum();
    let mut gaps: Vec<f64> =
        judged.iter().filter_map(|class| detectable(class, options.min_effect)).collect();
    gaps.sort_by(f64::total_cmp);
    let median = *gaps.get(gaps.len() / 2)?;
    let groups = if tests == 1 { "group was" } else { "groups were" };
    Some(format!(
        "{tests} {groups} held against the rest of their classes, {found} held. A subgroup of a fifth of a class would be \
         seen in four of five cases where it is {:.0} points worse (median class).",
        100.0 * median
    ))
}
