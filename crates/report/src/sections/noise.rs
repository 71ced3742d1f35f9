//! Relative foreground sensitivity by level of noise.

use maud::{Markup, html};

use super::{
    Section,
    parts::{cells, wide},
};
use crate::{
    chart::{Level, Scale, Series, Tone, levels},
    format::{Unit, level},
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
    let body = html! {
        p { "The same noise is laid once on the object, once on everything else. A model that looks at the object suffers more from noise on it (RFS above 0); one that looks at the surroundings suffers more from noise around it (below 0)." }
        div.two {
            (norm(view, &conditions, "linf", "Same strength at every pixel", "deviation of the noise, of 0 to 1", scale))
            (norm(view, &conditions, "l2", "Same total amount", "L2 norm of the noise", scale))
        }
        p.muted { "RFS from " (scope) "; lines through the dots are 95 % intervals. Control: the image's own mask moved or mirrored onto the background, same area. RFS depends on the object's size, so the distance between the two counts, not the height of one. Near perfect accuracy RFS is unstable: read the gap in the table." }
        (wide(table(view, &conditions)))
    };
    Some(Section { id: "noise", title: "Noise on and around the object", body })
}

fn norm(
    view: &ReportView,
    conditions: &[&str],
    norm: &str,
    title: &str,
    along: &str,
    scale: Scale,
) -> Markup {
    let series = |metric: &str| -> Vec<Level<'_>> {
        conditions
            .iter()
            .filter(|c| level(c).0 == norm)
            .filter_map(|c| Some(Level { size: level(c).1?, figure: best(view, metric, c)? }))
            .collect()
    };
    let object = Series { name: "object", tone: Tone::Object, joined: true, levels: series("rfs") };
    let control = Series {
        name: "control: mask moved",
        tone: Tone::Control,
        joined: false,
        levels: series("rfs-control"),
    };
    if object.levels.is_empty() {
        return html! {};
    }
    let all: Vec<Series<'_>> =
        [object, control].into_iter().filter(|s| !s.levels.is_empty()).collect();
    html! {
        figure.chart {
            h3 { (title) }
            (levels(&format!("Relative foreground sensitivity against {along}"), along, &all, scale, Unit::Signed))
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
            caption { "RFS, and the plain gap: accuracy with noise around the object minus accuracy with noise on it" }
            thead { tr {
                th { "Level" } th.number { "Noise on object" } th.number { "Around it" }
                th.number { "RFS" } th.number { "95 % interval" } th.number { "n" }
                th.number { "Gap" } th.number { "95 % interval" } th.number { "n" }
                th.number { "Control RFS" } th.number { "95 % interval" } th.number { "n" }
            } }
            tbody { @for c in conditions {
                tr {
                    th scope="row" { (c) }
                    td.number { (accuracy("foreground", c)) }
                    td.number { (accuracy("background", c)) }
                    (cells(best(view, "rfs", c), Unit::Signed))
                    (cells(best(view, "noise-gap", c), Unit::Points))
                    (cells(best(view, "rfs-control", c), Unit::Signed))
                }
            } }
        }
    }
}
