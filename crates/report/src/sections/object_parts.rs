//! Accuracy with one part of the object hidden.

use maud::html;

use super::{
    Section,
    parts::{UNDER, cell, wide},
};
use crate::{
    format::{PART, Unit, name},
    view::{Figure, ReportView},
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let figures = &view.figures;
    let mut shown: Vec<(&str, &Figure, f64)> = figures
        .conditions("drop")
        .into_iter()
        .filter(|condition| condition.starts_with(PART) && !condition.ends_with("/control"))
        .filter_map(|condition| {
            let drop = figures.all("drop", Some(condition))?;
            Some((condition, drop, drop.value?))
        })
        .collect();
    if shown.is_empty() {
        return None;
    }
    shown.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.0.cmp(b.0)));
    let body = html! {
        p { "What a part of the object is worth: the drop of accuracy where it alone is gray. Beyond its control: how much more that is than the same shape gray, moved off the object." }
        (wide(html! {
            table {
                caption { "Images that show the part." (UNDER) }
                thead { tr {
                    th { "Part" } th.number { "Drop" } th.number { "Beyond its control" } th.number { "Relative accuracy" }
                } }
                tbody { @for (condition, drop, _) in &shown {
                    tr {
                        th scope="row" { (name(&condition[PART.len()..])) }
                        (cell(Some(drop), Unit::Points))
                        (cell(figures.all("part-excess", Some(condition)), Unit::Points))
                        (cell(figures.all("kept", Some(condition)), Unit::Percent))
                    }
                } }
            }
        }))
    };
    Some(Section::new("object-parts", "Without a part of the object", body))
}
