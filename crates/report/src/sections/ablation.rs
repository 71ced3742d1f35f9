//! Accuracy with the object hidden.

use maud::html;

use super::{
    Section,
    parts::{UNDER, cell, wide},
};
use crate::{
    chart::{Row, Scale, Tone, rows},
    format::{Unit, condition, number},
    view::{Figure, Figures, ReportView},
};

const CONDITIONS: [(&str, Tone); 5] = [
    ("none", Tone::Plain),
    ("gray", Tone::Around),
    ("gray-box", Tone::Around),
    ("tile", Tone::Around),
    ("gray-control", Tone::Control),
];

/// The drop of a condition; that of the moved mask stands under its own name.
fn drop<'a>(figures: &'a Figures, condition: &str) -> Option<&'a Figure> {
    match condition {
        "gray-control" => figures
            .all("gray-control", Some("gray"))
            .or_else(|| figures.all("drop", Some("gray-control"))),
        other => figures.all("drop", Some(other)),
    }
}

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let figures = &view.figures;
    let shown: Vec<_> = CONDITIONS
        .iter()
        .filter_map(|&(name, tone)| Some((name, tone, figures.all("accuracy", Some(name))?)))
        .collect();
    if shown.len() < 2 {
        return None;
    }
    let words: Vec<String> = shown.iter().map(|(name, _, _)| condition(name)).collect();
    let lines: Vec<Row<'_>> = shown
        .iter()
        .zip(&words)
        .map(|((_, tone, figure), words)| Row {
            label: html! { (words) },
            words,
            figure,
            tone: *tone,
        })
        .collect();
    let body = html! {
        p { "Share of photographs whose class is still named when the object is hidden. What is left is what the surroundings and the object's silhouette give." }
        figure.chart {
            (rows("Accuracy with the object hidden", &lines, Unit::Percent, Scale::SHARE, true))
            figcaption { "Bars: accuracy over all images; lines: 95 % intervals. The control grays the same shape, moved off the object." }
        }
        (wide(html! {
            table {
                caption { "Paired drops: the same images with and without the object. Relative accuracy: over that as photographed." (UNDER) }
                thead { tr {
                    th { "Condition" } th.number { "Accuracy" } th.number { "Drop" } th.number { "p" } th.number { "Relative accuracy" }
                } }
                tbody { @for ((name, _, figure), words) in shown.iter().zip(&words) {
                    @let drop = drop(figures, name);
                    tr {
                        th scope="row" { (words) }
                        (cell(Some(figure), Unit::Percent))
                        (cell(drop, Unit::Points))
                        td.number { @match drop.and_then(|d| d.p) {
                            Some(p) if p < 0.001 => "< 0.001",
                            Some(p) => (number(p, 3)),
                            None => "–",
                        } }
                        (cell(figures.all("kept", Some(name)), Unit::Percent))
                    }
                } }
            }
        }))
        p.muted { "Drop = accuracy as photographed minus accuracy under the condition, in percentage points. n is smaller where an image can't serve: no mask, an object that the crop removes, no free tile. p: exact McNemar test; none for clustered images." }
        @if let Some(excess) = figures.all("gray-excess", Some("gray")) {
            p { "Graying the object costs " strong { (Unit::Points.figure(excess)) } " more than graying the same shape elsewhere (" (crate::format::interval(excess, Unit::Points)) ", " (crate::format::count(excess)) ")." }
        }
    };
    Some(Section::new("ablation", "Without the object", body))
}
