//! Size and place of the objects.

use maud::html;

use super::{
    Section,
    parts::{cells, image, wide},
};
use crate::{
    format::{Unit, name},
    view::ReportView,
};

const ROWS: [(&str, &str, Unit); 5] = [
    ("object-share", "Share of the photograph", Unit::Percent),
    ("object-share-crop", "Share of the crop that the model sees", Unit::Percent),
    ("object-share-random-crop", "Share of random resized crops, as in training", Unit::Percent),
    ("object-kept", "Share of the object that the crop keeps", Unit::Percent),
    ("object-distance", "Distance from the centre (0 centre, 1 corner)", Unit::Plain),
];

/// More classes than this are for the table `measures/mean-mask.parquet`.
const SHOWN: usize = 60;

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let figures = &view.figures;
    let rows: Vec<_> = ROWS
        .iter()
        .filter_map(|(metric, words, unit)| Some((words, figures.all(metric, None)?, *unit)))
        .collect();
    if rows.is_empty() && view.mean_masks.is_empty() {
        return None;
    }
    let body = html! {
        p { "How large the objects are and where they lie. Small, off-centre objects leave room for surroundings to speak; means over all images." }
        @if !rows.is_empty() {
            (wide(html! { table {
                thead { tr { th { "Object" } th.number { "Mean" } th.number { "95 % interval" } th.number { "n" } } }
                tbody { @for (words, figure, unit) in &rows { tr { th scope="row" { (words) } (cells(Some(figure), *unit)) } } }
            } }))
        }
        @if !view.mean_masks.is_empty() {
            h3 { "Mean mask of each class" }
            p.muted { "The crop as the model sees it; the brighter a place, the more masks cover it (pale: all, dark: none)." }
            div.gallery.masks {
                @for mask in view.mean_masks.iter().take(SHOWN) {
                    figure.mask {
                        (image(mask.picture.as_ref(), &format!("mean mask of {}", mask.class)))
                        figcaption { span.photo-class { (name(&mask.class)) } span.muted { "n " (mask.n) @if mask.n < 20 { " " span.small-n { "few" } } } }
                    }
                }
            }
            @if view.mean_masks.len() > SHOWN { p.muted { "The first " (SHOWN) " of " (view.mean_masks.len()) " classes; all are in measures/mean-mask.parquet." } }
        }
    };
    Some(Section::new("objects", "Objects", body))
}
