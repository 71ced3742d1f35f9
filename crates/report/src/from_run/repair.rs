//! What the stage `mitigate` left.

use rightly_audit::{
    Metric, RunDir,
    metrics::{MEAN, POOLED},
    mitigate::{Repair, STAGE, Verdict, control_condition, verdicts},
};

use super::{figure, names::Names};
use crate::{
    ReportError,
    format::subgroup,
    view::{Change, Figure, Levels, RepairView, RepairedGroup, RepairedModel},
};

pub(super) fn repair(
    run: &RunDir,
    metrics: &[Metric],
    names: &Names,
) -> Result<Option<RepairView>, ReportError> {
    let Some(record) = run.stage(STAGE)? else { return Ok(None) };
    let rows: Vec<&Metric> = metrics.iter().filter(|m| m.stage == STAGE).collect();
    let verdicts = verdicts(run)?;
    let repairs: Vec<Repair> =
        verdicts.iter().map(|verdict| verdict.repair.parse()).collect::<Result<_, _>>()?;
    let made: Vec<RepairedModel> = verdicts
        .iter()
        .zip(&repairs)
        .map(|(verdict, &repair)| {
            one(&rows, metrics, names, &control_condition(&repairs, repair), verdict)
        })
        .collect();
    // The repairs have verdicts of their own.
    let said: Vec<&String> = verdicts.iter().map(|verdict| &verdict.words).collect();
    let notes = record.notes.into_iter().filter(|note| !said.contains(&note)).collect();
    let before = levels(&rows, "before");
    Ok((!made.is_empty()).then_some(RepairView { before, repairs: made, notes }))
}

fn one(
    rows: &[&Metric],
    all: &[Metric],
    names: &Names,
    random: &str,
    verdict: &Verdict,
) -> RepairedModel {
    let name = verdict.repair.as_str();
    let condition = format!("after/{name}");
    let of = |metric: &str| find(rows, metric, &condition).unwrap_or_else(Figure::absent);
    let mut groups: Vec<RepairedGroup> = rows
        .iter()
        .filter(|m| m.metric == "subgroup-accuracy" && m.condition.as_deref() == Some("before"))
        .filter_map(|before| {
            let same = |metric: &str| {
                let own = rows.iter().find(|m| {
                    (&m.class, &m.group) == (&before.class, &before.group)
                        && m.metric == metric
                        && m.condition.as_deref() == Some(&condition)
                });
                own.map(|m| figure(m))
            };
            let after = same("subgroup-accuracy")?;
            let gain = same("subgroup-gain").unwrap_or_else(Figure::absent);
            let (class, group) = (before.class.clone()?, before.group.clone()?);
            let name = called(names, &class, &group);
            Some(RepairedGroup { class, name, before: figure(before), after, gain })
        })
        .collect();
    groups.sort_by(|a, b| {
        let value = |g: &RepairedGroup| g.before.value.unwrap_or(f64::INFINITY);
        value(a).total_cmp(&value(b))
    });
    RepairedModel {
        name: name.to_owned(),
        helps: verdict.helps(),
        words: verdict.words.clone(),
        file: format!("{STAGE}/{name}/repaired.onnx"),
        after: levels(rows, &condition),
        control: random.strip_prefix("after/").unwrap_or(random).replace('-', " "),
        random: find(rows, "accuracy", random).map(|_| levels(rows, random)),
        gain: of("gain"),
        beyond: of("gain-beyond-random"),
        cost: of("cost"),
        groups,
        changes: changes(rows, all, &condition),
    }
}

/// The title of a subgroup, with its number where another one of the class has the same title; else its number, or the known
/// value.
fn called(names: &Names, class: &str, group: &str) -> String {
    let number = subgroup(group);
    let own = names.get(&(class.to_owned(), group.to_owned())).map(|n| n.title.as_str());
    let Some(title) = own.filter(|title| !title.is_empty()) else { return number };
    let same = names.iter().filter(|((of, _), name)| of == class && name.title == title).count();
    if same > 1 { format!("{title} ({number})") } else { title.to_owned() }
}

fn find(rows: &[&Metric], metric: &str, condition: &str) -> Option<Figure> {
    rows.iter().find(|m| m.is(metric, Some(condition), POOLED)).map(|m| figure(m))
}

fn levels(rows: &[&Metric], condition: &str) -> Levels {
    let of = |metric: &str| find(rows, metric, condition);
    Levels {
        accuracy: of("accuracy").unwrap_or_else(Figure::absent),
        worst_group: of("worst-group-accuracy").unwrap_or_else(Figure::absent),
        worst_true_group: of("worst-true-group-accuracy"),
        class_gap: of("class-gap").unwrap_or_else(Figure::absent),
    }
}

/// Changes of what the audit measured, over all images where it has that figure, else over the classes.
fn changes(rows: &[&Metric], all: &[Metric], condition: &str) -> Vec<Change> {
    let mut out: Vec<Change> = Vec::new();
    for class in [POOLED, MEAN] {
        for row in rows.iter().filter(|m| m.class.as_deref() == Some(class)) {
            let under = row.condition.as_deref().and_then(|c| c.strip_prefix(condition));
            let (Some(metric), Some(under)) =
                (row.metric.strip_suffix("-change"), under.and_then(|u| u.strip_prefix('/')))
            else {
                continue;
            };
            if out.iter().any(|c| c.metric == metric && c.condition == under) {
                continue;
            }
            let before = all.iter().find(|m| {
                m.stage == rightly_audit::evaluate::STAGE && m.is(metric, Some(under), class)
            });
            out.push(Change {
                metric: metric.to_owned(),
                condition: under.to_owned(),
                before: before.map(figure),
                change: figure(row),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::NameView;

    #[test]
    fn two_subgroups_of_one_title_are_told_apart() {
        let named = |group: &str, title: &str| {
            let name = NameView { title: title.to_owned(), phrases: Vec::new() };
            (("bus".to_owned(), group.to_owned()), name)
        };
        let names: Names = [
            named("slices/1", "red buses"),
            named("slices/2", "red buses"),
            named("slices/3", "buses on snow"),
            named("slices/4", ""),
        ]
        .into();
        for (group, expected) in [
            ("slices/1", "red buses (subgroup 1)"),
            ("slices/2", "red buses (subgroup 2)"),
            ("slices/3", "buses on snow"),
            ("slices/4", "subgroup 4"),
            ("slices/5", "subgroup 5"),
            ("night", "night"),
        ] {
            assert_eq!(called(&names, "bus", group), expected);
        }
    }
}
