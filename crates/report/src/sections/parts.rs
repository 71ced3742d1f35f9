//! What several sections share.

use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{Markup, html};

use crate::{
    format::{NBSP, Unit, count, marked_n, name, percent, sorted_by},
    view::{Figure, Photo, Picture},
};

/// A picture inside the page.
pub(crate) fn image(picture: Option<&Picture>, alt: &str) -> Markup {
    html! {
        @match picture {
            Some(p) => img src={ "data:" (p.mime) ";base64," (STANDARD.encode(&p.bytes)) }
                width=(p.width) height=(p.height) alt=(alt) loading="lazy" decoding="async";,
            None => div.missing role="img" aria-label=(alt) { "photograph not available" },
        }
    }
}

/// A photograph with its class, and the model's answer where there is one.
pub(crate) fn photo(photo: &Photo) -> Markup {
    let alt = format!("{} ({})", photo.class, photo.id);
    html! {
        figure.photo {
            (image(photo.picture.as_ref(), &alt))
            figcaption {
                span.photo-class { (name(&photo.class)) }
                @if let Some(answer) = &photo.answer { span.answer { "called " (name(answer)) } }
                @if let Some(confidence) = photo.confidence {
                    span.muted { "true class: " (percent(confidence)) }
                }
                span.id { (name(&photo.id)) }
            }
        }
    }
}

/// Value, interval and n of a figure, as three cells.
pub(crate) fn cells(figure: Option<&Figure>, unit: Unit) -> Markup {
    html! {
        @match figure {
            Some(f) => {
                td.number { (unit.figure(f)) }
                td.number.muted { (unit.bounds(f)) }
                td.number { (marked_n(f)) }
            }
            None => { td.number.muted { "–" } td {} td.number {} }
        }
    }
}

/// A figure as one cell: its value, under it the interval and the images behind it. For tables of several figures a row,
/// which would be wider than the page with three columns for each.
pub(crate) fn cell(figure: Option<&Figure>, unit: Unit) -> Markup {
    html! {
        td.number data-value=(sorted_by(figure.and_then(|f| f.value))) {
            @match figure {
                Some(f) => {
                    (unit.figure(f))
                    span.under { (unit.bounds(f)) }
                    span.under { "n" (NBSP) (marked_n(f)) }
                }
                None => span.muted { "–" },
            }
        }
    }
}

/// What stands under each value of a table of [`cell`]s, for its caption.
pub(crate) const UNDER: &str = " Under each value: its 95 % interval and the images behind it.";

/// The same without the images, where they are those of another figure of the row.
pub(crate) fn ranged(figure: &Figure, unit: Unit) -> Markup {
    html! {
        td.number data-value=(sorted_by(figure.value)) {
            (unit.figure(figure))
            span.under { (unit.bounds(figure)) }
        }
    }
}

/// A figure in the small print under a heading: value, interval, n.
pub(crate) fn inline(figure: &Figure, unit: Unit) -> String {
    format!(
        "{} ({}, {})",
        unit.figure(figure),
        crate::format::interval(figure, unit),
        count(figure)
    )
}

/// A table that may be wider than the page: it scrolls, not the page, and a shade at its edge says that it goes on.
pub(crate) fn wide(table: Markup) -> Markup {
    html! { div.wide tabindex="0" { (table) } }
}
