//! Suspected cues laid over every photograph.

use maud::{Markup, html};

use super::{Section, parts::inline};
use crate::{
    chart::{Row, Scale, Tone, rows},
    format::{NO_NAME, Unit, name},
    view::{Figure, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let mut conditions = view.figures.conditions("accuracy");
    conditions.retain(|c| c.starts_with("overlay/") && !c.ends_with("/control"));
    if conditions.is_empty() {
        return None;
    }
    let body = html! {
        p { "A suspected cue is laid over every photograph as the model sees it. The control has the same opacity without the pattern: only what the pattern does beyond it is the cue's." }
        @for c in conditions { (one(view, c)) }
    };
    Some(Section::new("overlay", "Suspected cues", body))
}

fn one(view: &ReportView, condition: &str) -> Markup {
    let figures = &view.figures;
    let control = format!("{condition}/control");
    let short = condition.strip_prefix("overlay/").unwrap_or(condition);
    let risen: Vec<&Figure> =
        figures.of("logit-rise", Some(condition)).filter(|f| f.value.is_some()).collect();
    let of_output = |f: &&Figure| figures.find("logit-rise", Some(&control), f.class.as_deref()?);
    let plain: Vec<Option<&Figure>> = risen.iter().map(of_output).collect();
    let bounds = risen.iter().copied().chain(plain.iter().flatten().copied());
    let scale = Scale::around(bounds.flat_map(|f| [f.value, f.low, f.high]).flatten(), 0.5);
    let mut lines = Vec::new();
    for (figure, plain) in risen.iter().zip(&plain) {
        let label = figure.class.as_deref().unwrap_or(NO_NAME);
        lines.push(Row { label: name(label), words: label, figure, tone: Tone::Around });
        if let Some(plain) = plain {
            let label = html! { span.muted { "control" } };
            lines.push(Row {
                label,
                words: "control, the same opacity without the pattern",
                figure: plain,
                tone: Tone::Control,
            });
        }
    }
    html! {
        h3 { "Overlay " (name(short)) }
        ul {
            @for (words, c) in [("Accuracy with it", condition), ("With the control", control.as_str())] {
                @if let Some(accuracy) = figures.all("accuracy", Some(c)) {
                    li { (words) ": " (inline(accuracy, Unit::Percent))
                        @if let Some(drop) = figures.all("drop", Some(c)) { "; paired drop " (inline(drop, Unit::Points)) } "." }
                }
            }
        }
        @if !lines.is_empty() {
            figure.chart {
                (rows("Outputs that rise most under the overlay", &lines, Unit::Signed, scale, true))
                figcaption { "Mean rise of the logit over the same images without the overlay, largest first, of all outputs; 95 % intervals." }
            }
        }
    }
}
