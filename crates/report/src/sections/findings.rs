//! What is wrong, worst first.

use maud::{Markup, html};

use super::{
    Section,
    parts::{inline, photo},
    prose::Prose,
};
use crate::{
    format::{Unit, name, number},
    verdict::nothing_found,
    view::{FindingView, ReportView},
};

/// Longer lists stand whole in `findings.json`.
const SHOWN: usize = 40;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let list = &view.findings;
    let body = html! {
        @if list.is_empty() { p { (nothing_found(view)) } }
        @for finding in list.iter().take(SHOWN) { (one(finding)) }
        @if list.len() > SHOWN {
            p.muted { "The first " (SHOWN) " of " (list.len()) "; all are in findings.json." }
        }
    };
    Some(Section { id: "findings", title: "Findings", body })
}

fn kind(name: &str) -> &str {
    match name {
        "data-problem" => "data problem",
        "object-ignored" => "object ignored",
        "spurious-cue" => "spurious cue",
        "failing-subgroup" => "failing subgroup",
        "failing-class" => "failing class",
        other => other,
    }
}

/// What the effect of a finding is called, and its unit.
fn effect(kind: &str) -> (&'static str, Unit) {
    match kind {
        "object-ignored" => ("Share of clean accuracy kept", Unit::Percent),
        _ => ("Effect", Unit::Points),
    }
}

/// What was seen, the evidence for it, what to do.
fn description(text: &str) -> Markup {
    let prose = Prose::of(text);
    html! {
        p { (name(prose.first)) }
        @if !prose.evidence.is_empty() { ul { @for sentence in &prose.evidence { li { (name(sentence)) } } } }
        @if !prose.advice.is_empty() { p { strong { "What to do: " } (name(&prose.advice.join(" "))) } }
    }
}

pub(crate) fn one(finding: &FindingView) -> Markup {
    let (called, unit) = effect(&finding.kind);
    html! {
        article.finding.data[finding.kind == "data-problem"] {
            div.kind { (kind(&finding.kind)) }
            h3 { (name(&finding.title)) }
            (description(&finding.description))
            @if finding.effect.value.is_some() {
                p.muted {
                    (called) ": " (inline(&finding.effect, unit))
                    @if let Some(q) = finding.q {
                        " · corrected p\u{a0}" (if q < 0.001 { "<\u{a0}0.001".to_owned() } else { format!("=\u{a0}{}", number(q, 3)) })
                    }
                }
            }
            @if finding.photos.is_empty() && !finding.images.is_empty() {
                details {
                    summary { (crate::format::plural(finding.images.len(), "image")) }
                    p.id { @for id in finding.images.iter().take(100) { (name(id)) " " } }
                }
            }
            @if !finding.photos.is_empty() {
                div.gallery.small { @for p in &finding.photos { (photo(p)) } }
            }
            @if !finding.explains.is_empty() {
                details {
                    summary { "The same cause: " (crate::format::plural(finding.explains.len(), "more finding")) }
                    @for other in &finding.explains { (one(other)) }
                }
            }
        }
    }
}
