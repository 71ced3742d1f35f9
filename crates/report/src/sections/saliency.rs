//! Activation maps against the object.

use maud::{Markup, html};

use super::{
    Section,
    parts::{image, inline},
};
use crate::{
    format::{Unit, count, interval, name, number, percent, plural},
    view::{CamCard, CamGallery, Figure, ReportView},
};

/// Overlap from which on two maps are the same.
const SAME: f64 = rightly_audit::evaluate::SAME_MAP;

/// Whether the maps change with the class that they are to explain.
fn class_sensitivity(overlap: &Figure) -> Markup {
    let figure = html! {
        "the highest tenths of the maps of the two likeliest classes share "
        (Unit::Percent.figure(overlap)) " (" (interval(overlap, Unit::Percent)) ", " (count(overlap)) ")"
    };
    let same = overlap.interval().is_some_and(|(low, _)| low >= SAME);
    html! {
        @match overlap.p {
            _ if same => p {
                strong { "These maps explain nothing of the answer: they are the same whichever class is asked for." }
                " In an image " (figure) "."
            },
            Some(p) if p <= 0.05 => p { "The maps change with the class: in an image " (figure) ", and that is below " (percent(SAME)) " by Wilcoxon's one-sided test." },
            _ => p { "That the maps change with the class is not shown: in an image " (figure) "." },
        }
    }
}

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let gallery = view.cams.as_ref()?;
    let condition = Some(gallery.method.as_str());
    let figures = &view.figures;
    let list = [
        ("Median IoU", figures.all("cam-iou-median", condition), Unit::Plain),
        ("Mean IoU", figures.all("cam-iou", condition), Unit::Plain),
        (
            "Mean of the map on the object minus off it",
            figures.all("cam-delta-density", condition),
            Unit::Signed,
        ),
        (
            "Share of the map that lies on the object",
            figures.all("cam-mass", condition),
            Unit::Percent,
        ),
        ("Highest point on the object", figures.all("cam-pointing", condition), Unit::Percent),
        (
            "Average precision as a detector of the object",
            figures.all("cam-average-precision", condition),
            Unit::Plain,
        ),
    ];
    let body = html! {
        p {
            (method(&gallery.method)) " of the " (if gallery.predicted { "predicted" } else { "true" })
            " class at layer " code { (name(&gallery.layer)) } ", "
            (plural(gallery.n, "map")) ". Overlap is the IoU of the map from one half on with the object's mask."
        }
        ul { @for (words, figure, unit) in list { @if let Some(figure) = figure { li { (words) ": " (inline(figure, unit)) } } } }
        @if gallery.flat > 0 {
            p { (plural(gallery.flat, "image")) " had a map that is the same everywhere and points nowhere; they are counted here and in no figure above." }
        }
        @if gallery.zero > 0 {
            p { (plural(gallery.zero, "image")) " had a map without positive evidence; they are counted here and in no figure above." }
        }
        @if let Some(overlap) = figures.all("cam-class-overlap", condition) { (class_sensitivity(overlap)) }
        (sensitivity(gallery))
        div.legend {
            span.key.outline { "object's outline" } span.key.half { "map from one half on" }
            span.ramp { "little evidence" span.ramp-bar {} "much" }
        }
        @for (title, cards) in &gallery.groups {
            @if !cards.is_empty() {
                h3 { (title) }
                div.gallery.cams { @for c in cards { (card(c)) } }
            }
        }
    };
    Some(Section::new("saliency", "Where the evidence lies", body))
}

fn method(name: &str) -> &str {
    match name {
        "gradcam" => "GradCAM",
        "hirescam" => "HiResCAM",
        "layercam" => "LayerCAM",
        "eigencam" => "EigenCAM",
        "scorecam" => "Score-CAM",
        other => other,
    }
}

/// The map depends on the layer: with two at hand, by how much.
fn sensitivity(gallery: &CamGallery) -> Markup {
    html! {
        @match &gallery.other_layer {
            Some((layer, mean, median)) => p { "At another layer, " code { (name(layer)) } ": median IoU " (inline(median, Unit::Plain)) ", mean " (inline(mean, Unit::Plain)) ". Where the two layers disagree, trust neither." },
            None => p.muted { "Maps depend on the layer; with one layer measured, how much is not known here." },
        }
    }
}

fn card(card: &CamCard) -> Markup {
    let alt = format!("{} ({})", card.photo.class, card.photo.id);
    html! {
        figure.cam {
            div.pair {
                (image(card.photo.picture.as_ref(), &alt))
                (image(card.map.as_ref(), &format!("activation map over {alt}")))
            }
            figcaption {
                span.photo-class { (name(&card.photo.class)) }
                @if let Some(iou) = card.iou { span { "IoU " (number(iou, 2)) } }
                @if let Some(answer) = &card.photo.answer { span.answer { "called " (name(answer)) } }
                span.id { (name(&card.photo.id)) }
            }
        }
    }
}
