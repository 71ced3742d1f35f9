//! Accuracy of each class, as a table that is also the chart.

use maud::{Markup, html};

use super::{Section, parts::wide};
use crate::{
    chart::{Scale, Tone, track},
    format::{NO_NAME, Unit, marked_n, name, sorted_by},
    view::{Figure, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let clean: Vec<&Figure> = view
        .facts
        .classes
        .iter()
        .filter_map(|class| {
            view.figures.of("accuracy", Some("none")).find(|f| f.class.as_deref() == Some(class))
        })
        .collect();
    if clean.is_empty() {
        return None;
    }
    let more: Vec<(&str, &str)> = [("gray", "Gray"), ("gray-box", "Box gray"), ("tile", "Tiled")]
        .into_iter()
        .filter(|(c, _)| view.figures.all("accuracy", Some(c)).is_some())
        .collect();
    let mut sorted = clean.clone();
    // Worst first; classes without images last.
    sorted.sort_by(|a, b| {
        let key = |f: &Figure| f.value.unwrap_or(f64::INFINITY);
        key(a).total_cmp(&key(b)).then_with(|| a.class.cmp(&b.class))
    });
    let overall = [
        ("All images", view.figures.all("accuracy", Some("none"))),
        ("Mean of classes", view.figures.mean("accuracy", Some("none"))),
    ];
    let body = html! {
        p { "Worst first. " span.small-n { "few" } " marks figures from fewer than 20 images." }
        (wide(html! {
            table.sortable.filterable id="class-table" {
                thead { tr {
                    th { "Class" } th.number { "Accuracy" } th.chart-cell data-sort="no" { "0 to 100 %" } th.number data-sort="no" { "95 % interval" } th.number { "n" }
                    @for (_, words) in &more { th.number { (words) } }
                } }
                tbody { @for figure in &sorted { (row(view, figure, &more)) } }
                tfoot { @for (words, figure) in overall { @if let Some(figure) = figure { tr {
                    th scope="row" { (words) }
                    td.number { (Unit::Percent.figure(figure)) }
                    td.chart-cell { (track(words, figure, Unit::Percent, Scale::SHARE, Tone::Plain, false)) }
                    td.number.muted { (Unit::Percent.bounds(figure)) }
                    td.number { (marked_n(figure)) }
                    @for (c, _) in &more { td.number { (view.figures.find("accuracy", Some(c), figure.class.as_deref().unwrap_or(NO_NAME)).map_or_else(|| "–".to_owned(), |f| Unit::Percent.figure(f))) } }
                } } } }
            }
        }))
    };
    Some(Section::new("classes", "Accuracy by class", body))
}

fn row(view: &ReportView, figure: &Figure, more: &[(&str, &str)]) -> Markup {
    let class = figure.class.as_deref().unwrap_or(NO_NAME);
    html! {
        tr {
            th scope="row" { (name(class)) }
            td.number data-value=(sorted_by(figure.value)) { (Unit::Percent.figure(figure)) }
            td.chart-cell { (track(class, figure, Unit::Percent, Scale::SHARE, Tone::Plain, false)) }
            td.number.muted { (Unit::Percent.bounds(figure)) }
            td.number data-value=(figure.n) { (marked_n(figure)) }
            @for (c, _) in more {
                @let other = view.figures.find("accuracy", Some(c), class);
                td.number data-value=(sorted_by(other.and_then(|f| f.value))) title=[other.map(|f| format!("{}, {}", crate::format::interval(f, Unit::Percent), crate::format::count(f)))] {
                    (other.map_or_else(|| "–".to_owned(), |f| Unit::Percent.figure(f)))
                }
            }
        }
    }
}
