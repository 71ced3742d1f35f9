//! One figure a line: a bar or a dot with its interval.

use maud::{Markup, html};

use super::Scale;
use crate::{
    format::{Unit, count, interval, marked_n},
    view::Figure,
};

/// What a mark stands for; the colours are in the style sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The photograph as it is.
    Plain,
    /// The object hidden: what the surroundings give.
    Around,
    /// A control.
    Control,
    /// A quantity about objects.
    Object,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Around => "around",
            Self::Control => "control",
            Self::Object => "object",
        }
    }
}

/// One line of a chart.
pub(crate) struct Row<'a> {
    pub(crate) label: Markup,
    /// The label as text, for the tooltip.
    pub(crate) words: &'a str,
    pub(crate) figure: &'a Figure,
    pub(crate) tone: Tone,
}

fn place(scale: Scale, value: f64) -> String {
    format!("{}%", scale.at(value))
}

/// The mark of one figure on its axis, with its numbers in the title.
pub(crate) fn track(
    words: &str,
    figure: &Figure,
    unit: Unit,
    scale: Scale,
    tone: Tone,
    bar: bool,
) -> Markup {
    let title =
        format!("{words}: {} ({}, {})", unit.figure(figure), interval(figure, unit), count(figure));
    let zero = scale.at(0.0);
    html! {
        svg class={ "track " (tone.class()) } role="img" width="100%" height="22" aria-label=(title) {
            title { (title) }
            @for tick in scale.ticks() {
                line.grid x1=(place(scale, tick)) x2=(place(scale, tick)) y1="0" y2="22" {}
            }
            @if scale.low < 0.0 && scale.high > 0.0 {
                line.zero x1=(place(scale, 0.0)) x2=(place(scale, 0.0)) y1="0" y2="22" {}
            }
            @if let Some(value) = figure.value {
                @let at = scale.at(value);
                @if bar {
                    rect.bar x={ (at.min(zero)) "%" } width={ (format!("{:.2}", (at - zero).abs())) "%" } y="5" height="12" rx="2" {}
                }
                @if let Some((low, high)) = figure.interval() {
                    line.whisker x1=(place(scale, low)) x2=(place(scale, high)) y1="11" y2="11" {}
                    line.whisker x1=(place(scale, low)) x2=(place(scale, low)) y1="7" y2="15" {}
                    line.whisker x1=(place(scale, high)) x2=(place(scale, high)) y1="7" y2="15" {}
                }
                circle.dot.open[figure.interval().is_none()] cx={ (at) "%" } cy="11" r="4" {}
            }
        }
    }
}

/// A chart of several figures, with value, interval and n beside each.
pub(crate) fn rows(title: &str, lines: &[Row<'_>], unit: Unit, scale: Scale, bar: bool) -> Markup {
    html! {
        div.rows role="group" aria-label=(title) {
            @for line in lines {
                div.row {
                    div.row-label { (line.label) }
                    div.row-track { (track(line.words, line.figure, unit, scale, line.tone, bar)) }
                    div.row-value {
                        strong { (unit.figure(line.figure)) }
                        span.muted { (unit.bounds(line.figure)) " · n " (marked_n(line.figure)) }
                    }
                }
            }
            (axis(unit, scale))
        }
    }
}

/// The ticks under rows of a chart.
pub(super) fn axis(unit: Unit, scale: Scale) -> Markup {
    html! {
        div.row.axis aria-hidden="true" {
            div.row-label {}
            div.row-track {
                svg.ticks width="100%" height="18" {
                    @for tick in scale.ticks() {
                        text x=(place(scale, tick)) y="13" {
                            @if unit == Unit::Percent || unit == Unit::Points { (crate::format::number(100.0 * tick, 0)) }
                            @else { (crate::format::number(tick, 2)) }
                        }
                    }
                }
            }
            div.row-value { @if unit == Unit::Percent { "%" } @else if unit == Unit::Points { "points" } }
        }
    }
}
