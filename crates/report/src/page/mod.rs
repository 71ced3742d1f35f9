//! The page around the sections.

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use rightly_audit::Verdict;
use sha2::{Digest as _, Sha256};

use crate::{
    format::{name, number, percent, plural},
    sections::{self, Section, parts::image},
    verdict::{near_copies, verdict},
    view::ReportView,
};

const STYLE: &str = include_str!("style.css");
/// Most steps of the first screen.
const STEPS: usize = 4;
const SCRIPT: &str = include_str!("script.js");

/// Nothing is ever fetched, and no script or style runs but the page's own, whatever a class is called.
pub(crate) fn policy(style: &str, script: Option<&str>) -> String {
    let own = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    let script = script.map_or_else(|| "'none'".to_owned(), own);
    format!(
        "default-src 'none'; img-src data:; style-src {}; script-src {script}; base-uri 'none'; form-action 'none'",
        own(style)
    )
}

/// The whole report as one HTML file without references to anything outside it.
pub fn render(view: &ReportView) -> String {
    let title = format!("{} on {} · rightly", view.facts.model, view.facts.data);
    document(&title, &hero(view), &sections::all(view))
}

/// The page around any sections.
pub(crate) fn document(title: &str, hero: &Markup, sections: &[Section]) -> String {
    let style = format!("{STYLE}.ramp-bar{{{}}}\n", crate::picture::ramp());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(policy(&style, Some(SCRIPT)));
                meta name="generator" content="rightly";
                title { (title) }
                style { (PreEscaped(&style)) }
            }
            body {
                a.skip href="#main" { "To the report" }
                (hero)
                div.frame {
                    nav.contents aria-label="Contents" {
                        ol { @for s in sections { li { a href={ "#" (s.id) } { (s.title) } } } }
                    }
                    main id="main" {
                        @for s in sections {
                            section id=(s.id) {
                                @match &s.line {
                                    Some(line) => details.folded {
                                        summary { h2 { (s.title) } span.line { (name(line)) } }
                                        (s.body)
                                    },
                                    None => { h2 { (s.title) } (s.body) }
                                }
                            }
                        }
                    }
                }
                footer { "Made by rightly. This page is one file and works offline." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string();
    without_controls(page)
}

/// HTML has no control characters; those of names are shown as what they are.
pub(crate) fn without_controls(page: String) -> String {
    let control = |c: char| c.is_control() && c != '\n';
    if !page.contains(control) {
        return page;
    }
    let shown = |c: char| if control(c) { c.escape_default().to_string() } else { c.to_string() };
    page.chars().map(shown).collect()
}

/// A few images that show the verdict.
fn strip(view: &ReportView) -> Markup {
    html! {
        @if !view.strip.is_empty() {
            div.strip {
                @for row in &view.strip {
                    div.strip-row {
                        p.strip-title { (name(&row.title)) }
                        div.panels {
                            @for panel in &row.panels {
                                figure {
                                    (image(panel.picture.as_ref(), &format!("{} ({}), {}", row.class, row.id, panel.words)))
                                    figcaption {
                                        (panel.words)
                                        @if let (Some(answer), Some(right)) = (&panel.answer, panel.right) {
                                            span.said.right[right].wrong[!right] {
                                                @if right { "right" } @else { "called " (name(answer)) }
                                                @if let Some(confidence) = panel.confidence {
                                                    span.muted { "probability of " (name(&row.class)) ": " (percent(confidence)) }
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The headline figures in a line.
fn headlines(answer: &Verdict) -> Markup {
    html! {
        @if !answer.figures.is_empty() {
            p.headlines {
                "Right: "
                @for (at, figure) in answer.figures.iter().enumerate() {
                    @if let Some(value) = figure.value {
                        @if at > 0 { " · " }
                        (name(&figure.name)) " " strong { (percent(value)) }
                        @if let (Some(low), Some(high)) = (figure.low, figure.high) {
                            span.muted { " [" (number(100.0 * low, 0)) ", " (number(100.0 * high, 0)) "]" }
                        }
                    }
                }
            }
        }
    }
}

/// What to do, and what was left out.
fn to_do(view: &ReportView) -> Markup {
    let Some(answer) = &view.answer else { return html! {} };
    html! {
        @if !answer.next.is_empty() {
            div.to-do {
                h2 { "What to do" }
                ol {
                    @for step in answer.next.iter().take(STEPS) {
                        li {
                            (name(&step.what))
                            @if let Some(command) = &step.command { " " code { (name(command)) } }
                        }
                    }
                }
            }
        }
        @if !answer.left_out.is_empty() {
            p.left-out {
                "Left out: "
                @for (at, left) in answer.left_out.iter().enumerate() {
                    @if at > 0 { "; " }
                    (name(&left.stage)) " (" (name(&left.why)) ")"
                }
                "."
            }
        }
    }
}

fn hero(view: &ReportView) -> Markup {
    let verdict = verdict(view);
    let facts = &view.facts;
    html! {
        header class={ "hero " (verdict.tone) } {
            div.inner {
                p.brand { strong { "rightly" } span { "right for the right reasons?" } }
                p.subject { (name(&facts.model)) " on " (name(&facts.data)) " · " (plural(facts.images, "image")) ", " (facts.classes.len()) " classes" }
                h1 { (verdict.judgement) }
                @if let Some(answer) = &view.answer { (headlines(answer)) }
                @if let Some(caveat) = near_copies(view) { p.flag.caveat { (caveat) } }
                (strip(view))
                (to_do(view))
                @if !verdict.sentences.is_empty() {
                    details.lead {
                        summary { "The figures behind it" }
                        @for sentence in &verdict.sentences { p { (sentence) } }
                    }
                }
                @if facts.quick {
                    p.flag { "A quick look: fewer noise levels and trials than the papers' method." }
                }
                @if !view.findings.is_empty() {
                    p.flag { a href="#findings" { (plural(view.findings.len(), "finding")) ", worst first" } }
                }
            }
        }
    }
}
