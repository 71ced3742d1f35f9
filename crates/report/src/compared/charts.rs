//! Both runs side by side: the headline figures, and accuracy and drop by class.

use maud::{Markup, html};

use super::words;
use crate::{
    chart::{Pair, Scale, pairs},
    format::{NO_NAME, Unit, name},
    sections::Section,
    view::{ComparisonView, Difference},
};

/// More classes than this are for the table.
const SHOWN: usize = 40;

/// Figures at a glance: metric, condition, class.
const HEADLINE: [(&str, Option<&str>, &str); 6] = [
    ("accuracy", Some("none"), "*"),
    ("accuracy", Some("gray"), "*"),
    ("accuracy", Some("gray-box"), "*"),
    ("accuracy", Some("tile"), "*"),
    ("accuracy", Some("gray-control"), "*"),
    ("object-share-crop", None, "*"),
];

fn legend(view: &ComparisonView) -> Markup {
    html! {
        div.legend {
            span.key.plain { "A: " (name(&view.a.name)) }
            span.key.square.object { "B: " (name(&view.b.name)) }
        }
    }
}

pub(super) fn headline(view: &ComparisonView) -> Option<Section> {
    let shown: Vec<(String, &Difference)> = HEADLINE
        .into_iter()
        .filter_map(|(metric, condition, class)| {
            Some((words::metric(metric, condition), view.find(metric, condition, class)?))
        })
        .collect();
    if shown.is_empty() {
        return None;
    }
    let lines: Vec<Pair<'_>> = shown
        .iter()
        .map(|(words, row)| Pair {
            label: html! { (words) },
            words,
            figures: [&row.a, &row.b],
            difference: &row.difference,
        })
        .collect();
    let body = html! {
        p { (view.choice) " Differences are B minus A." }
        figure.chart {
            (legend(view))
            (pairs("A and B over all images", &lines, [Unit::Percent, Unit::Points], Scale::SHARE))
            figcaption { "Lines are 95 % intervals of each run alone. " (within(view)) }
        }
    };
    Some(Section::new("glance", "Side by side", body))
}

/// Why two overlapping lines say little.
fn within(view: &ComparisonView) -> &'static str {
    if view.paired {
        "Both runs are about the same images, so the interval of the difference, at the right, is narrower than the lines suggest: read that one."
    } else {
        "Whether they differ says the interval of the difference, at the right."
    }
}

pub(super) fn classes(view: &ComparisonView) -> Option<Section> {
    let accuracy = by_class(view, "accuracy", "none");
    let hidden = ["gray-box", "gray", "tile"].into_iter().find_map(|condition| {
        Some((condition, by_class(view, "drop", condition))).filter(|(_, rows)| !rows.is_empty())
    });
    if accuracy.is_empty() && hidden.is_none() {
        return None;
    }
    let body = html! {
        p { "Largest difference first. An open mark has no interval: too few images or clusters. No correction is made here; the tables below have it." }
        (chart(view, "Accuracy as photographed", &accuracy, [Unit::Percent, Unit::Points]))
        @if let Some((condition, rows)) = &hidden {
            (chart(view, &words::metric("drop", Some(condition)), rows, [Unit::Points, Unit::Points]))
        }
    };
    Some(Section::new("classes", "By class", body))
}

/// Differences of the classes, the largest first.
fn by_class<'a>(view: &'a ComparisonView, metric: &str, condition: &str) -> Vec<&'a Difference> {
    let size = |row: &Difference| row.difference.value.map_or(-1.0, f64::abs);
    let mut rows: Vec<&Difference> = view
        .rows
        .iter()
        .filter(|row| row.a.metric == metric && row.a.condition.as_deref() == Some(condition))
        .filter(|row| !matches!(row.a.class.as_deref(), Some("*" | "mean") | None))
        .filter(|row| row.difference.value.is_some())
        .collect();
    rows.sort_by(|x, y| size(y).total_cmp(&size(x)).then_with(|| x.a.class.cmp(&y.a.class)));
    rows
}

fn chart(view: &ComparisonView, title: &str, rows: &[&Difference], units: [Unit; 2]) -> Markup {
    let bounds = rows.iter().take(SHOWN).flat_map(|row| {
        [&row.a, &row.b].into_iter().flat_map(|f| [f.value, f.low, f.high]).flatten()
    });
    let scale = match units[0] {
        Unit::Percent => Scale::SHARE,
        _ => Scale::around(bounds, 0.2),
    };
    let lines: Vec<Pair<'_>> = rows
        .iter()
        .take(SHOWN)
        .map(|row| Pair {
            label: name(row.a.class.as_deref().unwrap_or(NO_NAME)),
            words: row.a.class.as_deref().unwrap_or(NO_NAME),
            figures: [&row.a, &row.b],
            difference: &row.difference,
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            figure.chart {
                h3 { (title) }
                (legend(view))
                (pairs(title, &lines, units, scale))
                @if rows.len() > SHOWN { figcaption { "The first " (SHOWN) " of " (rows.len()) " classes; all are in metrics.json." } }
            }
        }
    }
}
