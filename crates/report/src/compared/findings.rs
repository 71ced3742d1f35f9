//! What makes the differences doubtful, and what could not be compared.

use maud::html;

use crate::{
    format::name,
    sections::{Section, findings::one, problems},
    view::ComparisonView,
};

pub(super) fn section(view: &ComparisonView) -> Option<Section> {
    if view.findings.is_empty() {
        return None;
    }
    let body = html! { @for finding in &view.findings { (one(finding)) } };
    Some(Section::new("findings", "Findings", body))
}

pub(super) fn left_out(view: &ComparisonView) -> Option<Section> {
    let body = html! {
        p { (view.choice) }
        @if view.problems.is_empty() { p { "Every image and every figure is in both runs." } }
        @else { (problems::table(&view.problems)) }
        @if !view.notes.is_empty() {
            h3 { "What else differs between the runs" }
            ul.notes { @for note in &view.notes { li { (name(note)) } } }
        }
    };
    Some(Section::new("problems", "What could not be compared", body))
}
