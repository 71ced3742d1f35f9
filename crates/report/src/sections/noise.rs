//! Relative foreground sensitivity by level of noise.

use maud::{Markup, html};

use super::{
    Section,
    parts::{UNDER, cell, wide},
};
use crate::{
    chart::{Level, Row, Scale, Series, Tone, levels, rows},
    format::{Unit, level, number},
    verdict::best,
    view::ReportView,
};

pub(super) fn section(view: &ReportView) -> Option<Section> {
    let conditions = view.figures.conditions("rfs");
    if conditions.is_empty() {
        return None;
    }
    let bounds = ["rfs", "rfs-control"].iter().flat_map(|metric| {
        conditions
            .iter()
            .filter_map(move |c| best(view, metric, c))
            .flat_map(|f| [f.value, f.low, f.high])
    });
    let scale = Scale::around(bounds.flatten(), 0.2);
    let scale = Scale { low: scale.low.min(-0.2), high: scale.high.max(0.2) };
    let scope = match best(view, "rfs", conditions[0]).and_then(|f| f.class.as_deref()) {
        Some("mean") => "accuracies averaged over classes",
        _ => "accuracies pooled over all images",
    };
    let norms: Vec<Norm<'_>> =
        ["linf", "l2"].into_iter().filter_map(|name| Norm::of(view, &conditions, name)).collect();
    let body = html! {
        p { "The same noise is laid once on the object, once on everything else. A model that looks at the object suffers more from noise on it (RFS above 0); one that looks at the surroundings suffers more from noise around it (below 0)." }
        @if norms.iter().any(Norm::is_curve) {
            div.two { @for norm in norms.iter().filter(|n| n.is_curve()) { (curve(norm, scale)) } }
        }
        @if norms.iter().any(|n| !n.is_curve()) { (single_levels(&norms, scale)) }
        p.muted { "RFS from " (scope) "; lines through the dots are 95 % intervals. Control: the image's own mask moved or mirrored onto the background, same area. RFS depends on the object's size, so the distance between the two counts, not the height of one. Near perfect accuracy RFS is unstable: read the gap in the table." }
        (wide(table(view, &conditions)))
    };
    Some(Section::new("noise", "Noise on and around the object", body))
}

/// Levels of one norm.
struct Norm<'a> {
    title: &'static str,
    /// What its sizes are.
    along: &'static str,
    object: Vec<Level<'a>>,
    control: Vec<Level<'a>>,
}

impl<'a> Norm<'a> {
    fn of(view: &'a ReportView, conditions: &[&'a str], name: &str) -> Option<Self> {
        let (title, along) = match name {
            "linf" => ("Same strength at every pixel", "deviation of the noise, of 0 to 1"),
            _ => ("Same total amount", "L2 norm of the noise"),
        };
        let levels_of = |metric: &str| -> Vec<Level<'a>> {
            conditions
                .iter()
                .filter(|c| level(c).0 == name)
                .filter_map(|c| Some(Level { size: level(c).1?, figure: best(view, metric, c)? }))
                .collect()
        };
        let (object, control) = (levels_of("rfs"), levels_of("rfs-control"));
        (!object.is_empty()).then_some(Self { title, along, object, control })
    }

    /// One level is no curve.
    fn is_curve(&self) -> bool {
        self.object.len() > 1
    }
}

const OBJECT: &str = "object";
const CONTROL: &str = "control: mask moved";

fn curve(norm: &Norm<'_>, scale: Scale) -> Markup {
    let object =
        Series { name: OBJECT, tone: Tone::Object, joined: true, levels: norm.object.clone() };
    let control =
        Series { name: CONTROL, tone: Tone::Control, joined: false, levels: norm.control.clone() };
    let all: Vec<Series<'_>> =
        [object, control].into_iter().filter(|s| !s.levels.is_empty()).collect();
    html! {
        figure.chart {
            h3 { (norm.title) }
            (levels(&format!("Relative foreground sensitivity against {}", norm.along), norm.along, &all, scale, Unit::Signed))
        }
    }
}

/// A line for the object and one for the control, of each norm with a single level.
fn single_levels(norms: &[Norm<'_>], scale: Scale) -> Markup {
    let mut lines: Vec<Row<'_>> = Vec::new();
    for norm in norms.iter().filter(|norm| !norm.is_curve()) {
        for (words, tone, of) in
            [(OBJECT, Tone::Object, &norm.object), (CONTROL, Tone::Control, &norm.control)]
        {
            lines.extend(of.iter().map(|level| Row {
                label: html! { (words) span.under { (norm.title) ": " (number(level.size, 3)) } },
                words,
                figure: level.figure,
                tone,
            }));
        }
    }
    html! {
        figure.chart {
            h3 { "Sensitivity to the object (RFS) at one level of noise" }
            (rows("Relative foreground sensitivity", &lines, Unit::Signed, scale, true))
            figcaption { "Right of 0 the object matters more, left of it the surroundings." }
        }
    }
}

fn table(view: &ReportView, conditions: &[&str]) -> Markup {
    let accuracy = |side: &str, level: &str| {
        best(view, "accuracy", &format!("noise-{side}/{level}"))
            .map_or_else(|| "–".to_owned(), |f| Unit::Percent.figure(f))
    };
    html! {
        table {
            caption { "RFS, and the plain gap: accuracy with noise around the object minus accuracy with noise on it." (UNDER) }
            thead { tr {
                th { "Level" } th.number { "Noise on object" } th.number { "Around it" }
                th.number { "RFS" } th.number { "Gap" } th.number { "Control RFS" }
            } }
            tbody { @for c in conditions {
                tr {
                    th scope="row" { (c) }
                    td.number { (accuracy("foreground", c)) }
                    td.number { (accuracy("background", c)) }
                    (cell(best(view, "rfs", c), Unit::Signed))
                    (cell(best(view, "noise-gap", c), Unit::Points))
                    (cell(best(view, "rfs-control", c), Unit::Signed))
                }
            } }
        }
    }
}
