//! The page of a comparison of two runs.

mod charts;
mod correlation;
mod facts;
mod findings;
mod objects;
mod table;
mod verdict;
mod words;

use maud::{Markup, html};

use crate::{
    format::{name, plural},
    page::document,
    sections::Section,
    view::{ComparedSide, ComparisonView},
};

/// From what to know first to what to look up.
const ORDER: [fn(&ComparisonView) -> Option<Section>; 9] = [
    findings::section,
    charts::headline,
    charts::classes,
    table::all_images,
    table::by_class,
    objects::section,
    correlation::section,
    findings::left_out,
    facts::section,
];

/// The report of a comparison as one HTML file without references to anything outside it.
pub fn render_comparison(view: &ComparisonView) -> String {
    let mut sections: Vec<Section> = ORDER.iter().filter_map(|section| section(view)).collect();
    // How the figures are made stands before what they were made from.
    let at = sections.len().saturating_sub(1);
    sections.insert(at, facts::method(view));
    let title = format!("{} against {} · rightly", view.a.name, view.b.name);
    document(&title, &hero(view), &sections)
}

fn hero(view: &ComparisonView) -> Markup {
    let verdict = verdict::verdict(view);
    let side = |letter: &str, side: &ComparedSide| {
        html! {
            strong { (letter) } " " (name(&side.model)) " on " (name(&side.data)) ", " (plural(side.images, "image"))
        }
    };
    html! {
        header class={ "hero " (verdict.tone) } {
            div.inner {
                p.brand { strong { "rightly" } span { "right for the right reasons?" } }
                p.subject { (side("A", &view.a)) " · " (side("B", &view.b)) }
                h1 { (verdict.judgement) }
                div.lead { @for sentence in &verdict.sentences { p { (sentence) } } }
                @if !view.findings.is_empty() {
                    p.flag { a href="#findings" { (plural(view.findings.len(), "finding")) ", worst first" } }
                }
            }
        }
    }
}
