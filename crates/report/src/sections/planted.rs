//! What was planted in a made world against what was found.

use maud::{Markup, html};

use super::{
    Section,
    parts::{cells, photo, wide},
};
use crate::{
    format::{Unit, name},
    view::{PlantedRow, PlantedView, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let planted = view.planted.as_ref()?;
    let found = planted.rows.iter().filter(|r| r.found.is_some()).count();
    let body = html! {
        p {
            "This model was trained in a made world, so the truth is known: which classes have a background \
             that gives them away, and which kinds of object were rare in training. "
            @if planted.rows.is_empty() {
                "Nothing was planted here: every finding is a false alarm."
            } @else {
                "What each of them really costs the model is measured with the attributes that the audit \
                 did not see."
            }
        }
        p.lead {
            @if !planted.rows.is_empty() {
                strong { (found) " of " (planted.rows.len()) } " planted truths found, "
            }
            strong { (planted.false_alarms.len()) } " "
            (if planted.false_alarms.len() == 1 { "false alarm" } else { "false alarms" }) "."
        }
        @if !planted.rows.is_empty() { (table(planted)) }
        @if !planted.false_alarms.is_empty() {
            h3 { "False alarms" }
            ul { @for title in &planted.false_alarms { li { (name(title)) } } }
        }
        @for row in planted.rows.iter().filter(|r| !r.photos.is_empty()) {
            details open[row.open] {
                summary { (name(&what(row))) }
                div.gallery.small { @for p in &row.photos { (photo(p)) } }
            }
        }
    };
    Some(Section::new("planted", "What was planted", body))
}

fn what(row: &PlantedRow) -> String {
    match row.cue {
        true => format!("'{}' without its {}", row.class, row.value),
        false => format!("'{}' as {}", row.class, row.value),
    }
}

fn table(planted: &PlantedView) -> Markup {
    wide(html! { table.sortable id="planted-table" {
        thead { tr {
            th { "Class" } th { "Planted" } th.number { "Costs" } th.number { "95 % interval" } th.number { "n" } th { "Found" }
        } }
        tbody { @for row in &planted.rows { tr {
            th scope="row" { (name(&row.class)) }
            td.words { (if row.cue { "cue: " } else { "rare variant: " }) (name(&row.value)) }
            (cells(row.cost.value.map(|_| &row.cost), Unit::Points))
            td.words {
                @match &row.found {
                    Some(title) => { "✓ " (name(title)) }
                    None => span.muted { "missed" },
                }
            }
        } } }
    } p.muted { "Costs: accuracy of the class's other images minus that of the images that lack the cue, or that \
        show the rare variant." } })
}
