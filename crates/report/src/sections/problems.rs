//! What could not be used.

use maud::{Markup, html};

use super::{Section, parts::wide};
use crate::{
    format::{name, plural},
    view::{ProblemRow, ReportView},
};

/// Longer lists stand whole in `problems.csv`.
const SHOWN: usize = 100;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let body = html! {
        (table(&view.problems))
        @if !view.notes.is_empty() {
            h3 { "What was understood, and what was not measured" }
            ul.notes { @for note in &view.notes { li { (name(note)) } } }
        }
        @if let Some(reason) = &view.without_photographs { p { "Photographs are missing from this report: " (name(reason)) } }
    };
    Some(Section { id: "problems", title: "What could not be used", body })
}

/// The rows of `problems.csv`, or that there are none.
pub(crate) fn table(rows: &[ProblemRow]) -> Markup {
    html! {
        @if rows.is_empty() { p { "Everything could be used." } }
        @else {
            p { (plural(rows.len(), "entry").replace("entrys", "entries")) "; each names what was done about it." }
            (wide(html! { table.sortable.filterable id="problem-table" {
                thead { tr { th { "Image or file" } th { "Stage" } th { "Problem" } th { "What was done" } } }
                tbody { @for row in rows.iter().take(SHOWN) {
                    tr { td.id { (name(&row.image)) } td { (row.stage) } td { (name(&row.problem)) } td { (name(&row.action)) } }
                } }
            } }))
            @if rows.len() > SHOWN { p.muted { "The first " (SHOWN) "; all are in problems.csv." } }
        }
    }
}
