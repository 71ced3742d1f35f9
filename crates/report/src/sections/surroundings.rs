//! Accuracy with the object kept and its surroundings changed.

use maud::{Markup, html};

use super::{
    Section,
    parts::{UNDER, cell, wide},
};
use crate::{
    chart::{Row, Scale, Tone, rows},
    format::{Unit, condition, count, interval, name},
    view::{Figure, ReportView},
};

const CONDITIONS: [&str; 4] = [
    "background-gray",
    "background-blur",
    "background-swap/same-class",
    "background-swap/other-class",
];
/// The gap without the surroundings that pull.
const NEUTRAL: &str = "background-swap/neutral";
/// Classes that are listed.
const LISTED: usize = 5;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let figures = &view.figures;
    let shown: Vec<(&str, &Figure)> = std::iter::once("none")
        .chain(CONDITIONS)
        .filter_map(|name| Some((name, figures.all("accuracy", Some(name))?)))
        .filter(|(_, figure)| figure.n > 0)
        .collect();
    if shown.len() < 2 {
        return None;
    }
    let words: Vec<String> = shown.iter().map(|(name, _)| condition(name)).collect();
    let lines: Vec<Row<'_>> = shown
        .iter()
        .zip(&words)
        .map(|((name, figure), words)| Row {
            label: html! { (words) },
            words,
            figure,
            tone: if *name == "none" { Tone::Plain } else { Tone::Object },
        })
        .collect();
    let body = html! {
        p { "Share of photographs whose class is still named when the object is kept and everything around it is changed. What is lost is what the surroundings gave, and what strange or misleading surroundings cost: compare the rows." }
        figure.chart {
            (rows("Accuracy with the surroundings changed", &lines, Unit::Percent, Scale::SHARE, true))
            figcaption { "Bars: accuracy over the images of which the change could be made; lines: 95 % intervals. With the surroundings of another image the object stands in that photograph, whose own object is tiled over." }
        }
        (wide(html! {
            table {
                caption { "The object kept, and as control a piece of its surroundings of the same shape kept instead. Relative accuracy: over that as photographed, on the same images." (UNDER) }
                thead { tr {
                    th { "Surroundings" } th.number { "Accuracy" } th.number { "Relative accuracy" } th.number { "Accuracy, control" }
                } }
                tbody { @for ((name, figure), words) in shown.iter().zip(&words).skip(1) {
                    @let control = format!("{name}/control");
                    tr {
                        th scope="row" { (words) }
                        (cell(Some(figure), Unit::Percent))
                        (cell(figures.all("kept", Some(name)), Unit::Percent))
                        (cell(figures.all("accuracy", Some(&control)), Unit::Percent))
                    }
                } }
            }
        }))
        @if let Some(gap) = figures.all("background-gap", Some(NEUTRAL)).filter(|gap| gap.value.is_some()) {
            p {
                "Right in surroundings of its class minus right in those of other classes, on the same images (classes whose surroundings attract other objects left out): "
                strong { (Unit::Points.figure(gap)) } " (" (interval(gap, Unit::Points)) ", " (count(gap)) ")."
                @if gap.interval().is_some_and(|(low, high)| low <= 0.0 && high >= 0.0) { " No difference is shown." }
                (classes(view, "background-gap", NEUTRAL, " Most in "))
            }
        }
        (pulls(view))
    };
    Some(Section::new("surroundings", "With other surroundings", body))
}

/// Classes that other objects are taken for in their surroundings.
fn pulls(view: &ReportView) -> Markup {
    let own = classes(view, "background-pull", "background-swap/other-class", "");
    html! {
        @if !own.0.is_empty() {
            p { "How much more often other objects are taken for a class in its surroundings than in those of other classes: " (own) }
        }
    }
}

/// The classes with the largest figures, those whose interval lies above zero.
fn classes(view: &ReportView, metric: &str, condition: &str, lead: &str) -> Markup {
    let of = view.figures.of(metric, Some(condition));
    let mut own: Vec<(&str, &Figure, f64)> = of
        .filter_map(|figure| Some((figure.class.as_deref()?, figure, figure.value?)))
        .filter(|(class, figure, _)| {
            !matches!(*class, "*" | "mean") && figure.interval().is_some_and(|(low, _)| low > 0.0)
        })
        .collect();
    own.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(b.0)));
    own.truncate(LISTED);
    html! {
        @if !own.is_empty() {
            (lead)
            @for (at, (class, figure, _)) in own.iter().enumerate() {
                @if at > 0 { ", " }
                (name(class)) " (" (Unit::Points.figure(figure)) ", " (interval(figure, Unit::Points)) ")"
            }
            "."
        }
    }
}
