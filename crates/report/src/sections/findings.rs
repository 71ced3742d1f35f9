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
    view::{FindingView, Photo, ReportView},
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
    Some(Section::new("findings", "Findings", body))
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

/// The finding's pictures, and beside them some of the other side.
fn pictures(finding: &FindingView) -> Markup {
    let (own, others) = match finding.kind.as_str() {
        "spurious-cue" => ("with the cue", "wrong"),
        "failing-subgroup" => ("in the group", "of the rest, right"),
        _ => ("", ""),
    };
    let side = |photos: &[Photo], words: &str| {
        html! {
            @if !photos.is_empty() {
                div.side {
                    @if !words.is_empty() && !finding.others.is_empty() { p.side-words { (words) } }
                    div.side-photos { @for p in photos { (photo(p)) } }
                }
            }
        }
    };
    html! {
        @if !finding.photos.is_empty() {
            div.sides { (side(&finding.photos, own)) (side(&finding.others, others)) }
        }
    }
}

pub(crate) fn one(finding: &FindingView) -> Markup {
    let (called, unit) = effect(&finding.kind);
    let prose = Prose::of(&finding.description);
    html! {
        article.finding.data[finding.kind == "data-problem"] {
            div.kind { (kind(&finding.kind)) }
            h3 { (name(&finding.title)) }
            p { (name(prose.first)) }
            (pictures(finding))
            @if finding.effect.value.is_some() {
                p.muted {
                    (called) ": " (inline(&finding.effect, unit))
                    @if let Some(q) = finding.q {
                        " · corrected p\u{a0}" (if q < 0.001 { "<\u{a0}0.001".to_owned() } else { format!("=\u{a0}{}", number(q, 3)) })
                    }
                }
            }
            @if !prose.advice.is_empty() { p { strong { "What to do: " } (name(&prose.advice.join(" "))) } }
            @if !prose.evidence.is_empty() {
                details {
                    summary { "Details" }
                    ul { @for sentence in &prose.evidence { li { (name(sentence)) } } }
                }
            }
            @if finding.photos.is_empty() && !finding.images.is_empty() {
                details {
                    summary { (crate::format::plural(finding.images.len(), "image")) }
                    p.id { @for id in finding.images.iter().take(100) { (name(id)) " " } }
                }
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
