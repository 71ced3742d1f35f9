//! Figures of the stage.

use rightly_stats::{Estimate, multiple::benjamini_hochberg};

use super::{
    Repair, STAGE,
    grouping::Grouping,
    judged::{Difference, Judges, Right},
    verdict::Verdict,
};
use crate::{Metric, metrics::POOLED};

/// The condition of the model as it was.
pub(super) const BEFORE: &str = "before";
/// The condition of the control of the first repair that weighs groups.
const RANDOM: &str = "after/random-groups";

/// A repair on the images that are reported on.
pub(super) struct Outcome {
    pub(super) repair: Repair,
    pub(super) after: Right,
    /// Mean over the draws of random groups; empty without any.
    pub(super) control: Right,
}

/// The condition of a repair.
pub(super) fn after(repair: Repair) -> String {
    format!("after/{repair}")
}

/// The condition of a control: random groups of the first repair that weighs groups (of the others with its name), or random
/// images.
#[must_use]
pub fn control_condition(repairs: &[Repair], repair: Repair) -> String {
    let first = repairs.iter().find(|other| !other.adds_images());
    match repair.adds_images() {
        true => "after/random-images".to_owned(),
        false if first == Some(&repair) => RANDOM.to_owned(),
        false => format!("{RANDOM}/{repair}"),
    }
}

/// Every figure, and the verdict on each repair.
pub(super) fn compute(
    names: &[String],
    grouping: &Grouping,
    judges: &Judges,
    before: &Right,
    outcomes: &[Outcome],
    max_cost: f64,
) -> (Vec<Metric>, Vec<Verdict>) {
    let repairs: Vec<Repair> = outcomes.iter().map(|outcome| outcome.repair).collect();
    let mut out = levels(names, grouping, judges, before, BEFORE);
    for outcome in outcomes {
        out.extend(levels(names, grouping, judges, &outcome.after, &after(outcome.repair)));
        if !outcome.control.is_empty() {
            let condition = control_condition(&repairs, outcome.repair);
            // Random images serve every repair that adds some.
            if !out.iter().any(|row| row.condition.as_deref() == Some(&condition)) {
                out.extend(levels(names, grouping, judges, &outcome.control, &condition));
            }
        }
    }
    let differences: Vec<[Difference; 3]> = outcomes
        .iter()
        .map(|outcome| {
            let beyond = match outcome.control.is_empty() {
                true => Difference::default(),
                false => judges.gain(&outcome.control, &outcome.after),
            };
            [
                judges.gain(before, &outcome.after),
                beyond,
                judges.cost(before, &outcome.after, &judges.all()),
            ]
        })
        .collect();
    // Every repair that was tried counts: gains and gains beyond random groups are one family.
    let p: Vec<f64> =
        differences.iter().flat_map(|d| [d[0], d[1]]).map(|d| d.p.unwrap_or(f64::NAN)).collect();
    let q = benjamini_hochberg(&p);
    let mut verdicts = Vec::new();
    for (at, (outcome, differences)) in outcomes.iter().zip(differences).enumerate() {
        let condition = after(outcome.repair);
        let [gain, beyond, cost] = differences;
        let q = [q[2 * at], q[2 * at + 1]].map(|q| q.is_finite().then_some(q));
        let row = |metric: &str, of: Difference, q: Option<f64>| Metric {
            p: of.p,
            q,
            ..Metric::new(STAGE, metric, Some(&condition), POOLED, of.estimate)
        };
        let gain = row("gain", gain, q[0]);
        let beyond = row("gain-beyond-random", beyond, q[1]);
        let cost = row("cost", cost, None);
        verdicts.push(Verdict::new(outcome.repair, &gain, &beyond, &cost, max_cost));
        out.extend([gain, beyond, cost]);
    }
    out.extend(of_groups(names, grouping, judges, before, outcomes));
    (out, verdicts)
}

/// What each group gains, paired; q over the groups of every repair.
fn of_groups(
    names: &[String],
    grouping: &Grouping,
    judges: &Judges,
    before: &Right,
    outcomes: &[Outcome],
) -> Vec<Metric> {
    let mut out = Vec::new();
    for outcome in outcomes {
        let condition = after(outcome.repair);
        for (group, rows) in &judges.groups {
            let group = &grouping.groups[*group];
            let gain = judges.cost(&outcome.after, before, rows);
            let class = &names[group.class];
            out.push(Metric {
                p: gain.p,
                group: group.name.clone(),
                ..Metric::new(STAGE, "subgroup-gain", Some(&condition), class, gain.estimate)
            });
        }
    }
    let p: Vec<f64> = out.iter().map(|row| row.p.unwrap_or(f64::NAN)).collect();
    for (row, q) in out.iter_mut().zip(benjamini_hochberg(&p)) {
        row.q = q.is_finite().then_some(q);
    }
    out
}

/// Accuracies under one condition.
fn levels(
    names: &[String],
    grouping: &Grouping,
    judges: &Judges,
    right: &Right,
    condition: &str,
) -> Vec<Metric> {
    let row = |metric: &str, class: &str, estimate: Estimate| {
        Metric::new(STAGE, metric, Some(condition), class, estimate)
    };
    let mut out = vec![row("accuracy", POOLED, judges.accuracy(right))];
    for (class, rows) in &judges.classes {
        out.push(row("accuracy", &names[*class], judges.accuracy_of(right, rows)));
    }
    let worst = judges.worst(right, &judges.large());
    out.push(row("worst-group-accuracy", POOLED, worst));
    let known = judges.large_known();
    if !known.is_empty() {
        out.push(row("worst-true-group-accuracy", POOLED, judges.worst(right, &known)));
    }
    out.push(row("class-gap", POOLED, judges.class_gap(right)));
    for (group, rows) in &judges.groups {
        let group = &grouping.groups[*group];
        let estimate = judges.accuracy_of(right, rows);
        let metric = row("subgroup-accuracy", &names[group.class], estimate);
        out.push(Metric { group: group.name.clone(), ..metric });
    }
    out
}
