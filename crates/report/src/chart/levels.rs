//! A figure against a level (of noise, of training): dots with intervals, joined by a line.

use maud::{Markup, html};

use super::{Scale, Tone};
use crate::{
    format::{Unit, count, interval, number},
    view::Figure,
};

/// A figure at one level.
#[derive(Clone, Copy)]
pub(crate) struct Level<'a> {
    /// Position along the axis: the level's own size.
    pub(crate) size: f64,
    pub(crate) figure: &'a Figure,
}

/// Figures of one kind, by level.
pub(crate) struct Series<'a> {
    pub(crate) name: &'static str,
    pub(crate) tone: Tone,
    pub(crate) joined: bool,
    pub(crate) levels: Vec<Level<'a>>,
}

const HEIGHT: f64 = 220.0;

/// Most sizes that are written along the axis.
const WRITTEN: usize = 12;

/// The chart; the axis along is the levels' sizes from 0, the axis up is `scale`. A figure with a sign
/// has two sides, which are named.
pub(crate) fn levels(
    title: &str,
    along: &str,
    series: &[Series<'_>],
    scale: Scale,
    unit: Unit,
) -> Markup {
    let sizes: Vec<f64> = series.iter().flat_map(|s| s.levels.iter().map(|l| l.size)).collect();
    let most = sizes.iter().fold(0.0_f64, |a, &b| a.max(b));
    let across = Scale { low: 0.0, high: if most > 0.0 { 1.08 * most } else { 1.0 } };
    let x = |size: f64| format!("{}%", across.at(size));
    let y = |value: f64| number(HEIGHT * (1.0 - scale.at(value) / 100.0), 1);
    let mut marked: Vec<f64> = sizes.clone();
    marked.sort_by(f64::total_cmp);
    marked.dedup();
    let every = marked.len().div_ceil(WRITTEN).max(1);
    let marked: Vec<f64> = marked.into_iter().step_by(every).collect();
    html! {
        div.plot {
            svg.levels role="img" width="100%" height="268" aria-label=(title) {
                title { (title) }
                @for tick in scale.ticks() {
                    line.grid.zero[tick.abs() < 1e-9] x1="0%" x2="100%" y1=(y(tick)) y2=(y(tick)) {}
                    text.tick x="0" dx="-8" y=(y(tick)) dy="4" text-anchor="end" { (number(tick, 2)) }
                }
                @for &size in &marked {
                    text.tick x=(x(size)) y=(HEIGHT) dy="18" text-anchor="middle" { (number(size, 3)) }
                }
                text.axis-name x="100%" y=(HEIGHT) dy="40" text-anchor="end" { (along) }
                @if unit == Unit::Signed {
                    text.side.object x="0" dx="6" y="12" { "object matters more ↑" }
                    text.side.around x="0" dx="6" y=(HEIGHT - 8.0) { "surroundings matter more ↓" }
                }
                @for one in series {
                    g class=(one.tone.class()) {
                        @if one.joined {
                            @for pair in one.levels.windows(2) {
                                @if let (Some(a), Some(b)) = (pair[0].figure.value, pair[1].figure.value) {
                                    line.joint x1=(x(pair[0].size)) y1=(y(a)) x2=(x(pair[1].size)) y2=(y(b)) {}
                                }
                            }
                        }
                        @for level in &one.levels {
                            @if let Some(value) = level.figure.value {
                                g.mark {
                                    title {
                                        (one.name) " at " (number(level.size, 3)) ": "
                                        (unit.value(value)) " (" (interval(level.figure, unit)) ", " (count(level.figure)) ")"
                                    }
                                    @if let Some((low, high)) = level.figure.interval() {
                                        line.whisker x1=(x(level.size)) x2=(x(level.size)) y1=(y(low)) y2=(y(high)) {}
                                    }
                                    circle.dot.open[level.figure.interval().is_none()] cx=(x(level.size)) cy=(y(value)) r="4.5" {}
                                    circle.hit cx=(x(level.size)) cy=(y(value)) r="14" {}
                                }
                            }
                        }
                    }
                }
            }
            div.legend {
                @for one in series { span class={ "key " (one.tone.class()) } { (one.name) } }
            }
        }
    }
}
