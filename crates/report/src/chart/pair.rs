//! One figure of two runs a line: a dot and a square on one axis, each with its interval.

use maud::{Markup, html};

use super::{Scale, Tone, track::axis};
use crate::{
    format::{Unit, count, interval, marked_n},
    view::Figure,
};

/// One line of a chart of pairs.
pub(crate) struct Pair<'a> {
    pub(crate) label: Markup,
    /// The label as text, for the tooltip.
    pub(crate) words: &'a str,
    /// The figure in A and in B.
    pub(crate) figures: [&'a Figure; 2],
    /// B minus A.
    pub(crate) difference: &'a Figure,
}

/// What tells the runs apart beside their colour: name, tone, height of the mark.
const RUNS: [(&str, Tone, f64); 2] = [("A", Tone::Plain, 11.0), ("B", Tone::Object, 25.0)];
const HEIGHT: f64 = 36.0;

fn place(scale: Scale, value: f64) -> String {
    format!("{}%", scale.at(value))
}

/// Both marks of one line, with their numbers in the titles.
fn marks(line: &Pair<'_>, unit: Unit, scale: Scale) -> Markup {
    let title = |run: &str, figure: &Figure| {
        format!(
            "{}, {run}: {} ({}, {})",
            line.words,
            unit.figure(figure),
            interval(figure, unit),
            count(figure)
        )
    };
    let whole = format!("{}; {}", title("A", line.figures[0]), title("B", line.figures[1]));
    html! {
        svg.track role="img" width="100%" height=(HEIGHT) aria-label=(whole) {
            @for tick in scale.ticks() {
                line.grid x1=(place(scale, tick)) x2=(place(scale, tick)) y1="0" y2=(HEIGHT) {}
            }
            @if scale.low < 0.0 && scale.high > 0.0 {
                line.zero x1=(place(scale, 0.0)) x2=(place(scale, 0.0)) y1="0" y2=(HEIGHT) {}
            }
            @for ((run, tone, y), figure) in RUNS.into_iter().zip(line.figures) {
                g class={ "mark " (tone.class()) } {
                    title { (title(run, figure)) }
                    @if let Some(value) = figure.value {
                        @if let Some((low, high)) = figure.interval() {
                            line.whisker x1=(place(scale, low)) x2=(place(scale, high)) y1=(y) y2=(y) {}
                        }
                        @if run == "A" {
                            circle.dot.open[figure.interval().is_none()] cx=(place(scale, value)) cy=(y) r="4.5" {}
                        } @else {
                            rect.dot.open[figure.interval().is_none()] x=(place(scale, value)) y=(y) width="8.5" height="8.5" transform="translate(-4.25 -4.25)" {}
                        }
                        circle.hit cx=(place(scale, value)) cy=(y) r="12" {}
                    }
                }
            }
        }
    }
}

/// A chart of pairs, with both values and the difference beside each; `units` of the figures and of
/// the difference.
pub(crate) fn pairs(title: &str, lines: &[Pair<'_>], units: [Unit; 2], scale: Scale) -> Markup {
    let [unit, of_difference] = units;
    html! {
        div.rows.pairs role="group" aria-label=(title) {
            @for line in lines {
                div.row {
                    div.row-label {
                        (line.label)
                        span.sides { (unit.figure(line.figures[0])) " → " (unit.figure(line.figures[1])) }
                    }
                    div.row-track { (marks(line, unit, scale)) }
                    div.row-value {
                        strong { (of_difference.figure(line.difference)) }
                        span.muted { (of_difference.bounds(line.difference)) " · n " (marked_n(line.difference)) }
                    }
                }
            }
            (axis(unit, scale))
        }
    }
}
