//! Size and place of the objects in both runs.

use maud::html;

use super::table::differences;
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
    let rows: Vec<&Difference> = view.rows.iter().filter(wanted).collect();
    if rows.is_empty() {
        return None;
    }
    let body = html! {
        p {
            @if view.paired {
                "The photographs are the same, so what differs here is what each model's crop shows of them."
            } @else {
                "Small, off-centre objects leave room for surroundings to speak, and noise of one strength does less to them: where these figures differ, so does what the others mean."
            }
        }
        (wide(differences("object-table", "Means over all images", &rows, false)))
    };
    Some(Section { id: "objects", title: "Objects", body })
}
