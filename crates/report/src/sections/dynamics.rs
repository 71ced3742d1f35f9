//! How the loss went during training.

use maud::html;

use super::Section;
use crate::{
    chart::{Level, Scale, Series, Tone, levels},
    format::Unit,
    view::{Figure, ReportView},
};

/// Splits that are drawn, in this order; the names are the chart's, the tones tell them apart.
const DRAWN: [(&str, &str, Tone); 4] = [
    ("", "all images", Tone::Plain),
    ("train", "training images", Tone::Plain),
    ("val", "validation images", Tone::Around),
    ("test", "test images", Tone::Control),
];

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let rows: Vec<(&str, f64, &Figure)> = view
        .figures
        .rows()
        .iter()
        .filter(|f| f.metric == "loss")
        .filter_map(|f| {
            let (split, epoch) = f.condition.as_deref()?.rsplit_once("epoch=")?;
            Some((split.trim_end_matches('/'), epoch.parse().ok()?, f))
        })
        .collect();
    let series: Vec<Series<'_>> = DRAWN
        .into_iter()
        .map(|(split, name, tone)| Series {
            name,
            tone,
            joined: true,
            levels: rows
                .iter()
                .filter(|(of, _, _)| *of == split)
                .map(|&(_, size, figure)| Level { size, figure })
                .collect(),
        })
        .filter(|s| !s.levels.is_empty())
        .collect();
    if series.is_empty() {
        return None;
    }
    let mut others: Vec<&str> = rows
        .iter()
        .map(|(split, _, _)| *split)
        .filter(|split| DRAWN.iter().all(|(drawn, _, _)| drawn != split))
        .collect();
    others.sort_unstable();
    others.dedup();
    let highest = rows.iter().filter_map(|(_, _, f)| f.high.or(f.value));
    let scale = Scale::around(highest, 0.5);
    let counted: Vec<String> = series
        .iter()
        .filter_map(|s| Some(format!("{} {}", s.levels.first()?.figure.n, s.name)))
        .collect();
    let body = html! {
        p { "Loss of the images after each epoch, without augmentation. Images whose loss stays high while that of their class falls are the hard ones; groups of them are what hidden subgroups look like from the training's side." }
        figure.chart {
            h3 { "Mean loss by epoch" }
            (levels("Mean loss against the epoch", "epoch", &series, scale, Unit::Plain))
        }
        p.muted { "n: " (counted.join(", ")) ". Lines through the dots are 95 % intervals. The losses are in dynamics.parquet."
            @if !others.is_empty() { " Not drawn, in metrics.json: the splits " (others.join(", ")) "." }
        }
    };
    Some(Section::new("dynamics", "Training dynamics", body))
}
