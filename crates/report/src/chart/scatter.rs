//! Images on a plane: a dot where the model is right, a cross where it is wrong, coloured by group.

use maud::{Markup, html};

use super::Scale;
use crate::format::number;

/// One image.
pub(crate) struct Mark {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Which colour, counted from 0; `None` or beyond [`COLOURS`] are gray.
    pub(crate) colour: Option<usize>,
    pub(crate) right: bool,
}

/// Colours besides gray.
pub(crate) const COLOURS: usize = 5;

const HEIGHT: f64 = 340.0;

/// The chart; `names` are those of the colours in use.
pub(crate) fn scatter(title: &str, marks: &[Mark], names: &[String]) -> Markup {
    let across = bounds(marks.iter().map(|m| m.x));
    let up = bounds(marks.iter().map(|m| m.y));
    let tone = |colour: Option<usize>| match colour {
        Some(at) if at < COLOURS => format!("tone-{}", at + 1),
        _ => "tone-rest".to_owned(),
    };
    // Gray below, so that the groups that matter are seen.
    let mut order: Vec<&Mark> =
        marks.iter().filter(|m| m.x.is_finite() && m.y.is_finite()).collect();
    order.sort_by_key(|m| (m.colour.is_some_and(|c| c < COLOURS), !m.right));
    html! {
        div.plot.map {
            svg.scatter role="img" width="100%" height=(HEIGHT) aria-label=(title) {
                title { (title) }
                @for mark in order {
                    @let x = format!("{}%", 2.0 + 0.96 * across.at(mark.x));
                    @let y = number((HEIGHT - 12.0) * (1.0 - up.at(mark.y) / 100.0) + 6.0, 1);
                    svg class={ "point " (tone(mark.colour)) } x=(x) y=(y) overflow="visible" {
                        @if mark.right { circle r="3" {} } @else { path d="M-3.5-3.5 3.5 3.5M-3.5 3.5 3.5-3.5" {} }
                    }
                }
            }
            div.legend {
                @for (at, name) in names.iter().enumerate() { span class={ "key " (tone(Some(at))) } { (name) } }
                span.key.tone-rest { "other images of the class" }
                span.crossed { "wrong" }
            }
        }
    }
}

/// An axis around most of the values: the outermost hundredth is drawn at the edge.
fn bounds(values: impl Iterator<Item = f64>) -> Scale {
    let mut sorted: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 100;
    match (sorted.get(cut), sorted.get(sorted.len().saturating_sub(1 + cut))) {
        (Some(&low), Some(&high)) if high > low => Scale { low, high },
        (Some(&low), _) => Scale { low: low - 1.0, high: low + 1.0 },
        _ => Scale::SHARE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_on_the_chart() {
        let mark = |x: f64, colour, right| Mark { x, y: x, colour, right };
        let marks =
            [mark(0.0, Some(0), true), mark(1.0, Some(9), false), mark(f64::NAN, None, true)];
        let page = scatter("Map", &marks, &["group 1".to_owned()]).into_string();
        assert!(page.contains("tone-1") && page.contains("tone-rest") && page.contains("group 1"));
        assert!(!page.contains("NaN"), "{page}");
        assert_eq!(scatter("Map", &[], &[]).into_string().matches("<circle").count(), 0);
    }
}
