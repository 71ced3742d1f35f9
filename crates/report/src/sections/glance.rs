//! The headline figures.

use maud::html;

use super::Section;
use crate::{
    chart::{Scale, Tone, track},
    format::{Unit, count, interval},
    verdict::best,
    view::{Figure, ReportView},
};

struct Tile<'a> {
    words: String,
    figure: &'a Figure,
    unit: Unit,
    scale: Scale,
    tone: Tone,
}

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let figures = &view.figures;
    let share = |words: &str, figure: Option<&'_ Figure>, tone| {
        figure.cloned().map(|f| (words.to_owned(), f, Unit::Percent, Scale::SHARE, tone))
    };
    let around = Scale { low: -1.0, high: 1.0 };
    let rfs = figures.conditions("rfs");
    let level = rfs.iter().find(|l| **l == "linf/0.25").or(rfs.first()).copied();
    let median = figures.conditions("cam-iou-median").first().copied();
    let list = [
        share("Right, as photographed", figures.all("accuracy", Some("none")), Tone::Plain),
        share("Right, object gray", figures.all("accuracy", Some("gray")), Tone::Around),
        share("Right, object's box gray", figures.all("accuracy", Some("gray-box")), Tone::Around),
        share("Right, object tiled over", figures.all("accuracy", Some("tile")), Tone::Around),
        level.and_then(|l| Some((l, best(view, "rfs", l).cloned()?))).map(|(level, f)| {
            let words = format!("Sensitivity to the object (RFS at {level})");
            (words, f, Unit::Signed, around, Tone::Object)
        }),
        figures.all("cam-iou-median", median).filter(|_| median.is_some()).map(|f| {
            (
                "Median overlap of map and object (IoU)".to_owned(),
                f.clone(),
                Unit::Plain,
                Scale::SHARE,
                Tone::Object,
            )
        }),
        share(
            "Share of the crop that is object",
            figures.all("object-share-crop", None),
            Tone::Object,
        ),
    ];
    let list: Vec<_> = list.into_iter().flatten().collect();
    let tiles: Vec<Tile<'_>> = list
        .iter()
        .map(|(words, figure, unit, scale, tone)| Tile {
            words: words.clone(),
            figure,
            unit: *unit,
            scale: *scale,
            tone: *tone,
        })
        .collect();
    if tiles.is_empty() {
        return None;
    }
    let body = html! {
        div.tiles {
            @for tile in &tiles {
                div.tile {
                    div.tile-words { (tile.words) }
                    div.tile-value { (tile.unit.figure(tile.figure)) }
                    (track(&tile.words, tile.figure, tile.unit, tile.scale, tile.tone, false))
                    div.tile-foot { (interval(tile.figure, tile.unit)) " · " (count(tile.figure)) }
                }
            }
        }
        @if view.facts.cluster.is_some() {
            p.muted { "In tables, n stands as images / clusters." }
        }
    };
    Some(Section::new("glance", "At a glance", body))
}
