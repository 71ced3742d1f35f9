//! Figures of the stage.

use rightly_stats::{Estimate, slices};

use super::{
    DiscoverOptions, STAGE,
    assignment::Grouped,
    gap_test::{FEWEST, JudgedClass, MISLABELLED},
};
use crate::{Inputs, Metric, fit_confirm::FitConfirm, metrics::MEAN, prose::shortened};

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
                if let Some(anew) = judged.anew {
                    out.push(row("subgroup-gap-second-view", anew));
                }
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

/// Groups that would be findings if another network's features showed them, a sentence.
pub(super) fn edges(
    names: &[String],
    options: &DiscoverOptions,
    grouped: &[Vec<Grouped>],
    judged: &[JudgedClass],
) -> Option<String> {
    let second = options.second.as_ref()?;
    let mut edges = Vec::new();
    for (methods, class) in grouped.iter().zip(judged) {
        for (method, groups) in methods.iter().zip(&class.methods) {
            let held = groups.iter().enumerate();
            let held = held.filter(|(_, j)| j.holds_alone(options.min_effect) && j.is_an_edge());
            edges.extend(
                held.map(|(at, _)| format!("'{}' {}", names[method.class], method.name(at))),
            );
        }
    }
    (!edges.is_empty()).then(|| {
        format!(
            "No findings, since images that look like them to '{}' do not fail as they do (the edge of what the model takes for \
             the class): {}.",
            second.name(),
            shortened(&edges)
        )
    })
}

/// Sentences to follow a list of classes that are too small, where the run takes only some images of each, or deals whole
/// clusters.
pub(super) fn limited(inputs: &Inputs, parts: &FitConfirm) -> String {
    let mut out = String::new();
    if let Some(limit) = inputs.options.limit {
        out += &format!(" The run takes at most {limit} images a class.");
    }
    if inputs.options.cluster.is_some() && parts.dealt() {
        out += " Whole clusters are dealt to the two halves: a class of one cluster lies in one of them.";
    }
    out
}

/// What a run without findings means: how many tests, what they could have shown, and what was not tested and why. A
/// sentence or two each.
pub(super) fn power(
    inputs: &Inputs,
    options: &DiscoverOptions,
    parts: &FitConfirm,
    grouped: &[Vec<Grouped>],
    judged: &[JudgedClass],
    found: usize,
) -> Vec<String> {
    let tests: usize = judged.iter().map(|class| class.tests).sum();
    let mut gaps: Vec<f64> =
        judged.iter().filter_map(|class| detectable(class, options.min_effect)).collect();
    gaps.sort_by(f64::total_cmp);
    let mut out = Vec::new();
    if let Some(median) = gaps.get(gaps.len() / 2).filter(|_| tests > 0) {
        let groups = if tests == 1 { "group was" } else { "groups were" };
        let fail = if found == 1 { "fails" } else { "fail" };
        out.push(format!(
            "{tests} {groups} tested against the rest of their classes, {found} {fail}. A subgroup of a fifth of a class would be \
             seen in four of five cases where it is {:.0} points worse (median class).",
            100.0 * median
        ));
    }
    let untested = || {
        let classes = grouped.iter().zip(judged).filter(|(_, class)| class.tests == 0);
        classes.filter_map(|(methods, class)| {
            Some((&inputs.dataset.classes[methods.first()?.class], class.n))
        })
    };
    let list = |keep: &dyn Fn(usize) -> bool, counted: bool| -> Vec<String> {
        let kept = untested().filter(|(_, n)| keep(*n));
        kept.map(
            |(name, n)| if counted { format!("'{name}' has {n}") } else { format!("'{name}'") },
        )
        .collect()
    };
    let small = list(&|n| n < 2 * FEWEST, true);
    if !small.is_empty() {
        out.push(format!(
            "Not tested, since a group and the rest of its class need {FEWEST} images each among those that confirm: {}.{}",
            shortened(&small),
            limited(inputs, parts)
        ));
    }
    let unclear = list(&|n| n >= 2 * FEWEST, false);
    if !unclear.is_empty() {
        out.push(format!(
            "Not tested, since no group that fails on the images to look in has {FEWEST} images among those that confirm: {}.",
            shortened(&unclear)
        ));
    }
    out
}
