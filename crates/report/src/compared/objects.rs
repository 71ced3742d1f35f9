//! Size and place of the objects in both runs.

use maud::html;

use super::{
    table::differences,
    words::{self, units},
};
use crate::{
    sections::{Section, parts::wide},
    view::{ComparisonView, Difference},
};

pub(super) fn section(view: &ComparisonView) -> Option<Section> {
    let wanted = |row: &&Difference| {
        row.a.metric.starts_with("object-")
            && row.a.class.as_deref() == Some("*")
            && row.difference.value.is_some()
    };
    // Of the same photographs some figures are the same under any model.
    let alike = |row: &&Difference| view.paired && row.difference.value == Some(0.0);
    let (same, rows): (Vec<&Difference>, Vec<&Difference>) =
        view.rows.iter().filter(wanted).partition(alike);
    if rows.is_empty() && same.is_empty() {
        return None;
    }
    let named = |row: &&Difference| {
        let [unit, _] = units(&row.a.metric);
        format!("{} ({})", words::metric(&row.a.metric, None), unit.figure(&row.a))
    };
    let same: Vec<String> = same.iter().map(named).collect();
    let body = html! {
        p {
            @if view.paired {
                "The photographs are the same, so what differs here is what each model's crop shows of them."
            } @else {
                "Small, off-centre objects leave room for surroundings to speak, and noise of one strength does less to them: where these figures differ, so does what the others mean."
            }
        }
        @if !rows.is_empty() { (wide(differences("object-table", "Means over all images", &rows, false))) }
        @if !same.is_empty() { p.muted { "The same in both runs: " (same.join("; ")) "." } }
    };
    Some(Section::new("objects", "Objects", body))
}
