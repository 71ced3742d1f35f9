//! The repaired model, held against the model as it was.

use maud::{Markup, html};

use super::{
    Section,
    parts::{UNDER, cell, ranged, wide},
    prose::Prose,
};
use crate::{
    chart::{Pair, Row, Scale, Tone, pairs, rows},
    format::{Unit, condition, interval, name, number},
    view::{Change, Figure, Levels, RepairView, RepairedModel, ReportView},
};

/// Groups that are drawn.
const DRAWN: usize = 12;
/// Measures in the table of changes, in this order: metric, its words, unit.
const MEASURES: [(&str, &str, Unit); 5] = [
    ("accuracy", "right, ", Unit::Points),
    ("rfs", "sensitivity to the object (RFS), ", Unit::Signed),
    ("noise-gap", "noise around minus noise on the object, ", Unit::Points),
    ("cam-iou", "overlap of map and object (IoU), ", Unit::Signed),
    ("cam-delta-density", "map on the object minus off it, ", Unit::Signed),
];

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let repair = view.repair.as_ref()?;
    let (main, others) = repair.repairs.split_first()?;
    let body = html! {
        (verdict(main))
        (overview(repair))
        (groups(main))
        (changes(main))
        p { "The repaired model is an ordinary model with a card beside it: " code { (main.file) } "." }
        @if !others.is_empty() {
            h3 { "Other ways to repair" }
            ul { @for other in others { li { (other.words) } } }
            (table(repair))
        }
        details {
            summary { "How the repair was made and judged" }
            ul { @for note in &repair.notes { li { (note) } } }
            p.muted { "The worst group is the one with the lowest accuracy among the groups of at least 20 images, the same named groups before and after; a lowest value is low by chance as well, before and after alike. Gains are paired: the same images, resampled together. The control is the same repair for random groups of the same sizes, dealt within each class, or with as many random images of the pool: what a new head gains by itself is in there. q: corrected for every repair that was tried." }
        }
    };
    Some(Section::new("repair", "Repair", body))
}

/// The verdict on a repair: its first sentence, and what it rests on.
fn verdict(repair: &RepairedModel) -> Markup {
    let prose = Prose::of(&repair.words);
    html! {
        p { strong { (name(prose.first)) } }
        @if !prose.evidence.is_empty() { ul { @for sentence in &prose.evidence { li { (name(sentence)) } } } }
    }
}

/// Accuracy and worst group: before, with random groups, after.
fn overview(view: &RepairView) -> Markup {
    let main = &view.repairs[0];
    let random = main.random.as_ref();
    let control = format!("with {}", main.control);
    let of = |pick: fn(&Levels) -> &Figure| -> Vec<(&str, &Figure, Tone)> {
        let mut out = vec![("before", pick(&view.before), Tone::Plain)];
        if let Some(random) = random {
            out.push((control.as_str(), pick(random), Tone::Control));
        }
        out.push(("after", pick(&main.after), Tone::Object));
        out
    };
    let chart = |title: &str, figures: Vec<(&str, &Figure, Tone)>| {
        let lines: Vec<Row<'_>> = figures
            .iter()
            .filter(|(_, figure, _)| figure.value.is_some())
            .map(|&(words, figure, tone)| Row { label: html! { (words) }, words, figure, tone })
            .collect();
        html! {
            @if !lines.is_empty() {
                figure.chart {
                    h3 { (title) }
                    (rows(title, &lines, Unit::Percent, Scale::SHARE, true))
                }
            }
        }
    };
    let known = view.before.worst_true_group.as_ref().zip(main.after.worst_true_group.as_ref());
    html! {
        (chart("Accuracy of the worst group", of(|l| &l.worst_group)))
        @if let Some((before, after)) = known {
            (chart("Accuracy of the worst known group", vec![
                ("before", before, Tone::Plain),
                ("after", after, Tone::Object),
            ]))
        }
        (chart("Accuracy over all images", of(|l| &l.accuracy)))
        p.muted {
            "Worst group: " (Unit::Points.figure(&main.gain)) " (" (interval(&main.gain, Unit::Points)) ")"
            @if main.beyond.value.is_some() {
                "; beyond " (main.control) " " (Unit::Points.figure(&main.beyond)) " (" (interval(&main.beyond, Unit::Points)) (q(&main.beyond)) ")"
            }
            ". Best class minus worst class: " (Unit::Percent.figure(&view.before.class_gap)) " before, "
            (Unit::Percent.figure(&main.after.class_gap)) " after."
        }
    }
}

fn q(figure: &Figure) -> String {
    match figure.q {
        Some(q) if q < 0.001 => ", q\u{a0}<\u{a0}0.001".to_owned(),
        Some(q) => format!(", q\u{a0}=\u{a0}{}", number(q, 3)),
        None => String::new(),
    }
}

fn q_cell(figure: &Figure) -> Markup {
    html! {
        td.number { @match figure.q {
            Some(q) if q < 0.001 => { "< 0.001" }
            Some(q) => { (number(q, 3)) }
            None => { "–" }
        } }
    }
}

/// Every group before and after, the worst first.
fn groups(repair: &RepairedModel) -> Markup {
    let labels: Vec<String> =
        repair.groups.iter().map(|g| format!("{}: {}", g.class, g.name)).collect();
    let row = |at: usize| {
        let group = &repair.groups[at];
        html! { tr {
            th scope="row" { (name(&group.class)) } td { (name(&group.name)) }
            (cell(Some(&group.before), Unit::Percent))
            (ranged(&group.after, Unit::Percent))
            (ranged(&group.gain, Unit::Points))
            (q_cell(&group.gain))
        } }
    };
    let lines: Vec<Pair<'_>> = (0..repair.groups.len())
        .filter(|&at| !repair.groups[at].before.is_small())
        .take(DRAWN)
        .map(|at| Pair {
            label: html! { (name(&labels[at])) },
            words: &labels[at],
            figures: [&repair.groups[at].before, &repair.groups[at].after],
            difference: &repair.groups[at].gain,
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            figure.chart {
                h3 { "Groups before and after" }
                (pairs("Accuracy of each group before and after", &lines, [Unit::Percent, Unit::Points], Scale::SHARE))
                figcaption { "Dot: before; square: after; lines: 95 % intervals. Groups of fewer than 20 images are in the table." }
            }
            details {
                summary { "All " (repair.groups.len()) " groups" }
                (wide(html! { table {
                    caption { "Accuracy of each group on the images that are reported on, the same before and after." (UNDER) }
                    thead { tr {
                        th { "Class" } th { "Group" }
                        th.number { "before" } th.number { "after" } th.number { "gain" } th.number { "q" }
                    } }
                    tbody { @for at in 0..repair.groups.len() { (row(at)) } }
                } }))
            }
        }
    }
}

/// What the measures of the audit say of the repaired model.
fn changes(repair: &RepairedModel) -> Markup {
    let mut lines: Vec<(String, &Change, Unit)> = Vec::new();
    for (metric, words, unit) in MEASURES {
        let own = repair.changes.iter().filter(|c| c.metric == metric);
        let own = own.filter(|c| !c.condition.starts_with("noise-"));
        lines.extend(own.map(|c| (format!("{words}{}", condition(&c.condition)), c, unit)));
    }
    let level = |unit: Unit| match unit {
        Unit::Points => Unit::Percent,
        _ => Unit::Plain,
    };
    html! {
        @if !lines.is_empty() {
            (wide(html! { table {
                caption { "The measures of this audit on the repaired model, on the same images." (UNDER) }
                thead { tr {
                    th { "Measure" } th.number { "before" } th.number { "change" } th.number { "q" }
                } }
                tbody { @for (words, change, unit) in &lines { tr {
                    th scope="row" { (words) }
                    td.number { @match &change.before {
                        Some(before) => { (level(*unit).figure(before)) }
                        None => { "–" }
                    } }
                    (cell(Some(&change.change), *unit))
                    (q_cell(&change.change))
                } } }
            } }))
            p.muted { "A model that is right for better reasons falls more where its object is hidden. q: corrected over all differences of the comparison, which stands whole in " code { "mitigate/" (repair.name) "/comparison" } "." }
        }
    }
}

/// Every repair beside the others.
fn table(view: &RepairView) -> Markup {
    wide(html! { table {
        caption { "Every repair that was tried. Under each difference: its 95 % interval." }
        thead { tr {
            th { "Repair" } th.number { "accuracy" } th.number { "worst group" }
            th.number { "gain" } th.number { "beyond the control" } th.number { "q" }
        } }
        tbody {
            tr {
                th scope="row" { "none" }
                td.number { (Unit::Percent.figure(&view.before.accuracy)) }
                td.number { (Unit::Percent.figure(&view.before.worst_group)) }
                td.number {} td.number {} td.number {}
            }
            @for repair in &view.repairs { tr {
                th scope="row" { (name(&repair.name)) @if repair.helps { " " span.answer { "helps" } } }
                td.number { (Unit::Percent.figure(&repair.after.accuracy)) }
                td.number { (Unit::Percent.figure(&repair.after.worst_group)) }
                (ranged(&repair.gain, Unit::Points))
                (ranged(&repair.beyond, Unit::Points))
                (q_cell(&repair.beyond))
            } }
        }
    } })
}
