//! Figures of the stage.

use rightly_stats::{Estimate, multiple::benjamini_hochberg};

use super::{
    Repair, STAGE,
    evaluation::{Difference, FEWEST, Judges, Right},
    group_names::GroupNames,
    grouping::Grouping,
    verdict::{Evidence, Followed, Verdict},
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

/// Every figure, and the verdict on each repair; with the names of the classes and what their groups are called.
pub(super) fn compute(
    (names, spoken): (&[String], &GroupNames),
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
    let differences: Vec<[Difference; 4]> = outcomes
        .iter()
        .map(|outcome| {
            let (beyond, cost_beyond) = match outcome.control.is_empty() {
                true => (Difference::default(), Difference::default()),
                false => (
                    judges.gain(&outcome.control, &outcome.after),
                    judges.mean_cost(&outcome.control, &outcome.after),
                ),
            };
            [
                judges.gain(before, &outcome.after),
                beyond,
                judges.cost(before, &outcome.after, &judges.all()),
                cost_beyond,
            ]
        })
        .collect();
    let parts = gains_of_parts(names, grouping, judges, before, outcomes);
    // Every repair that was tried counts: gains and gains beyond random groups are one family.
    let p: Vec<f64> =
        differences.iter().flat_map(|d| [d[0], d[1]]).map(|d| d.p.unwrap_or(f64::NAN)).collect();
    let q = benjamini_hochberg(&p);
    let mut verdicts = Vec::new();
    for (at, (outcome, differences)) in outcomes.iter().zip(differences).enumerate() {
        let condition = after(outcome.repair);
        let [gain, beyond, cost, cost_beyond] = differences;
        let q = [q[2 * at], q[2 * at + 1]].map(|q| q.is_finite().then_some(q));
        let row = |metric: &str, of: Difference, q: Option<f64>| Metric {
            p: of.p,
            q,
            ..Metric::new(STAGE, metric, Some(&condition), POOLED, of.estimate)
        };
        let gain = row("gain", gain, q[0]);
        let beyond = row("gain-beyond-random", beyond, q[1]);
        let cost = row("cost", cost, None);
        let cost_beyond = row("cost-beyond-random", cost_beyond, None);
        let follow = Follow { names, spoken, grouping, judges, before, outcome };
        let evidence = Evidence {
            gain: &gain,
            beyond: &beyond,
            cost: &cost,
            cost_beyond: &cost_beyond,
            worst: follow.worst(),
            losers: follow.losers(&parts[at], max_cost),
        };
        verdicts.push(Verdict::new(outcome.repair, &evidence, max_cost));
        out.extend([gain, beyond, cost, cost_beyond]);
    }
    out.extend(parts.into_iter().flatten().map(|part| part.row));
    (out, verdicts)
}

/// A class or a named group.
#[derive(Clone, Copy)]
enum Of {
    Class(usize),
    /// By its index into the groups.
    Group(usize),
}

/// What a class or a group gains.
struct Part<'a> {
    of: Of,
    rows: &'a [usize],
    row: Metric,
}

/// One repair, class by class and group by group.
struct Follow<'a> {
    names: &'a [String],
    spoken: &'a GroupNames,
    grouping: &'a Grouping,
    judges: &'a Judges,
    before: &'a Right,
    outcome: &'a Outcome,
}

/// Corrected p-value up to which a loss is one.
const Q: f64 = 0.05;

impl Follow<'_> {
    fn followed(&self, of: Of, rows: &[usize]) -> Option<Followed> {
        let accuracy = |right: &Right| self.judges.accuracy_of(right, rows).value;
        let name = match of {
            Of::Class(class) => format!("'{}'", self.names[class]),
            Of::Group(group) => {
                let group = &self.grouping.groups[group];
                self.spoken.spoken(&self.names[group.class], group)
            }
        };
        let control = &self.outcome.control;
        Some(Followed {
            name,
            whole_class: matches!(of, Of::Class(_)),
            before: accuracy(self.before)?,
            after: accuracy(&self.outcome.after)?,
            control: if control.is_empty() { None } else { accuracy(control) },
        })
    }

    /// The group that was worst before, the first of equal ones.
    fn worst(&self) -> Option<Followed> {
        let large = self.judges.groups.iter().filter(|(_, rows)| rows.len() >= FEWEST);
        let followed = large.filter_map(|(group, rows)| self.followed(Of::Group(*group), rows));
        followed.min_by(|a, b| a.before.total_cmp(&b.before))
    }

    /// Classes and groups that lose more than `max_cost` by their intervals, the largest loss first.
    fn losers(&self, parts: &[Part<'_>], max_cost: f64) -> Vec<Followed> {
        let lost = |row: &Metric| {
            row.q.is_some_and(|q| q <= Q) && row.high.is_some_and(|high| high < -max_cost)
        };
        let lost = parts.iter().filter(|part| lost(&part.row));
        let mut out: Vec<Followed> =
            lost.filter_map(|part| self.followed(part.of, part.rows)).collect();
        out.sort_by(|a, b| (a.after - a.before).total_cmp(&(b.after - b.before)));
        out
    }
}

/// What each class and each group gains, paired, for each repair; q over the classes and groups of all repairs.
fn gains_of_parts<'a>(
    names: &[String],
    grouping: &Grouping,
    judges: &'a Judges,
    before: &Right,
    outcomes: &[Outcome],
) -> Vec<Vec<Part<'a>>> {
    let part = |outcome: &Outcome, of: Of, rows: &'a [usize]| {
        let (metric, class, name) = match of {
            Of::Class(class) => ("class-gain", class, None),
            Of::Group(group) => {
                let group = &grouping.groups[group];
                ("subgroup-gain", group.class, group.name.clone())
            }
        };
        let gain = judges.cost(&outcome.after, before, rows);
        let condition = after(outcome.repair);
        let row = Metric::new(STAGE, metric, Some(&condition), &names[class], gain.estimate);
        Part { of, rows, row: Metric { p: gain.p, group: name, ..row } }
    };
    let mut out: Vec<Vec<Part<'_>>> = outcomes
        .iter()
        .map(|outcome| {
            let classes = judges.classes.iter().map(|(class, rows)| (Of::Class(*class), rows));
            let groups = judges.groups.iter().map(|(group, rows)| (Of::Group(*group), rows));
            classes.chain(groups).map(|(of, rows)| part(outcome, of, rows)).collect()
        })
        .collect();
    let p: Vec<f64> = out.iter().flatten().map(|part| part.row.p.unwrap_or(f64::NAN)).collect();
    for (part, q) in out.iter_mut().flatten().zip(benjamini_hochberg(&p)) {
        part.row.q = q.is_finite().then_some(q);
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
