//! Accuracy with the object kept and its surroundings changed.

use maud::html;

use super::{
    Section,
    parts::{cells, wide},
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
/// Classes whose gap is listed.
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
        p { "Share of photographs whose class is still named when the object is kept and everything around it is changed. What is lost is what the surroundings gave." }
        figure.chart {
            (rows("Accuracy with the surroundings changed", &lines, Unit::Percent, Scale::SHARE, true))
            figcaption { "Bars: accuracy over all images; lines: 95 % intervals. Swapped: the object stands in another photograph, whose own object is tiled over." }
        }
        (wide(html! {
            table {
                caption { "The object kept, and in its place a piece of its surroundings of the same shape" }
                thead { tr {
                    th { "Surroundings" } th.number { "Accuracy" } th.number { "95 % interval" } th.number { "n" }
                    th.number { "Right answers kept" } th.number { "95 % interval" } th.number { "n" }
                    th.number { "Accuracy, piece kept" } th.number { "95 % interval" } th.number { "n" }
                } }
                tbody { @for ((name, figure), words) in shown.iter().zip(&words).skip(1) {
                    @let control = format!("{name}/control");
                    tr {
                        th scope="row" { (words) }
                        (cells(Some(figure), Unit::Percent))
                        (cells(figures.all("kept", Some(name)), Unit::Percent))
                        (cells(figures.all("accuracy", Some(&control)), Unit::Percent))
                    }
                } }
            }
        }))
        @if let Some(gap) = figures.all("background-gap", Some("background-swap")).filter(|gap| gap.value.is_some()) {
            p { "Surroundings of the class instead of those of other classes are worth " strong { (Unit::Points.figure(gap)) } " (" (interval(gap, Unit::Points)) ", " (count(gap)) ")." (classes(view)) }
        }
    };
    Some(Section { id: "surroundings", title: "With other surroundings", body })
}

/// The classes with the largest gaps, those whose interval leaves zero out.
fn classes(view: &ReportView) -> maud::Markup {
    let of = view.figures.of("background-gap", Some("background-swap"));
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
            " Most in "
            @for (at, (class, figure, _)) in own.iter().enumerate() {
                @if at > 0 { ", " }
                (name(class)) " (" (Unit::Points.figure(figure)) ", " (interval(figure, Unit::Points)) ")"
            }
            "."
        }
    }
}
