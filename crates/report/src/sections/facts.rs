//! What the run was made from.

use maud::html;

use super::Section;
use crate::{format::name, view::ReportView};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let facts = &view.facts;
    let body = html! {
        dl.facts {
            dt { "Model" } dd { (name(&facts.model)) }
            dt { "Data" } dd { (name(&facts.data)) ", split " (name(&facts.split)) ", " (crate::format::plural(facts.images, "image")) ", " (facts.classes.len()) " classes" }
            @if let Some(layer) = &facts.cam_layer { dt { "Layer of the maps" } dd { (name(layer)) } }
            dt { "Unit of sampling" } dd { @match &facts.cluster { Some(c) => { "clusters by " (name(c)) }, None => "the image" } }
            @for (what, value) in &facts.rows { dt { (what) } dd { (name(value)) } }
        }
        p.muted { "Every figure is in metrics.json, every image's predictions in predictions.parquet, beside this page." }
    };
    Some(Section::new("facts", "Run", body))
}
