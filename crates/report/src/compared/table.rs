//! The tables of differences.

use maud::{Markup, html};

use super::words::{self, units};
use crate::{
    format::{marked_n, name, sorted_by},
    sections::{Section, parts::wide},
    view::{ComparisonView, Difference},
};

/// Longer tables stand whole in `metrics.json`.
const SHOWN: usize = 80;

/// Accuracies, confidences and drops under noise are many, and the noise figures say what they mean.
fn under_noise(row: &Difference) -> bool {
    row.a.condition.as_deref().is_some_and(|c| c.starts_with("noise-"))
}

/// Facts of pictures, which have their own section.
fn of_objects(row: &Difference) -> bool {
    row.a.metric.starts_with("object-")
}

pub(super) fn all_images(view: &ComparisonView) -> Option<Section> {
    let of_class = |class: &str| {
        let wanted = move |row: &&Difference| {
            row.a.class.as_deref() == Some(class) && !under_noise(row) && !of_objects(row)
        };
        view.rows.iter().filter(wanted).collect::<Vec<_>>()
    };
    let (all, mean) = (of_class("*"), of_class("mean"));
    if all.is_empty() && mean.is_empty() {
        return None;
    }
    let noise = view.rows.iter().any(under_noise);
    let body = html! {
        p { "Every figure that both runs have. q is the p-value of no difference, corrected for all differences of this comparison; bold where it is at most 0.05 and the interval leaves zero out." }
        (wide(differences("difference-table", "Over all images", &all, false)))
        @if !mean.is_empty() {
            details {
                summary { "Mean of the classes" }
                (wide(differences("mean-table", "Mean of the classes, each class counting alike", &mean, false)))
            }
        }
        @if noise { p.muted { "Accuracy, confidence and drop under each noise are in metrics.json." } }
    };
    Some(Section::new("differences", "Differences", body))
}

pub(super) fn by_class(view: &ComparisonView) -> Option<Section> {
    let of_class = |row: &&Difference| {
        !matches!(row.a.class.as_deref(), Some("*" | "mean") | None) && !under_noise(row)
    };
    let tested = view.rows.iter().filter(of_class).filter(|row| row.q.is_some()).count();
    let size = |row: &Difference| row.difference.value.map_or(0.0, f64::abs);
    let mut rows: Vec<&Difference> =
        view.rows.iter().filter(of_class).filter(|row| row.holds()).collect();
    if view.rows.iter().filter(of_class).count() == 0 {
        return None;
    }
    rows.sort_by(|x, y| size(y).total_cmp(&size(x)));
    let body = html! {
        @if tested == 0 {
            p { "No class has the images or clusters that a test needs; the differences are in metrics.json." }
        } @else if rows.is_empty() {
            p { "Of " (tested) " differences within single classes that could be tested, none holds after correction." }
        } @else {
            p { (rows.len()) " of " (tested) " differences within single classes hold after correction; the largest first." }
            (wide(differences("class-table", "Within single classes", &rows[..rows.len().min(SHOWN)], true)))
            @if rows.len() > SHOWN { p.muted { "The first " (SHOWN) "; all are in metrics.json." } }
        }
    };
    Some(Section::new("class-differences", "Differences within classes", body))
}

/// A table of differences, one line each.
pub(super) fn differences(
    id: &str,
    caption: &str,
    rows: &[&Difference],
    with_class: bool,
) -> Markup {
    html! {
        table.sortable.filterable id=(id) {
            caption { (caption) }
            thead { tr {
                @if with_class { th { "Class" } }
                th { "Figure" } th.number { "A" } th.number { "B" } th.number { "B − A" }
                th.number data-sort="no" { "95 % interval" } th.number { "n" } th.number { "q" }
            } }
            tbody { @for row in rows { (line(row, with_class)) } }
        }
    }
}

fn line(row: &Difference, with_class: bool) -> Markup {
    let [unit, of_difference] = units(&row.a.metric);
    let words = words::metric(&row.a.metric, row.a.condition.as_deref());
    html! {
        tr.holds[row.holds()] {
            @if with_class { th scope="row" { (name(&words::over(row.a.class.as_deref()))) } td { (words) } }
            @else { th scope="row" { (words) } }
            td.number data-value=(sorted_by(row.a.value)) { (unit.figure(&row.a)) }
            td.number data-value=(sorted_by(row.b.value)) { (unit.figure(&row.b)) }
            td.number data-value=(sorted_by(row.difference.value)) { (of_difference.figure(&row.difference)) }
            td.number.muted { (of_difference.bounds(&row.difference)) }
            td.number data-value=(row.difference.n) { (marked_n(&row.difference)) }
            td.number data-value=(sorted_by(row.q)) { (words::q(row.q)) }
        }
    }
}
