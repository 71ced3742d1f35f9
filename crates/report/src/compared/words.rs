//! How a metric is called and written.

use rightly_audit::metrics::{MetricName, Range};

use crate::{
    format::{Unit, condition, number},
    verdict::isolated,
};

/// Units of a metric: of the figure in a run, and of a difference.
pub(super) fn units(metric: &str) -> [Unit; 2] {
    match metric.parse::<MetricName>().map(MetricName::range) {
        Ok(Range::Share | Range::Ratio) => [Unit::Percent, Unit::Points],
        Ok(Range::Coefficient) => [Unit::Signed, Unit::Signed],
        Ok(Range::Overlap | Range::Positive | Range::Number) => [Unit::Plain, Unit::Signed],
        Ok(Range::Difference) | Err(_) => [Unit::Points, Unit::Points],
    }
}

/// A metric under a condition, in words.
pub(super) fn metric(metric: &str, of: Option<&str>) -> String {
    // Runs of other versions may have other metrics.
    let plain = metric.parse::<MetricName>().map_or(metric, |known| known.words());
    match (metric, of) {
        ("gray-control" | "gray-excess" | "control-overlap", _) | (_, None) => plain.to_owned(),
        (_, Some("none")) => format!("{plain} as photographed"),
        // A name that the user gave (an overlay's) keeps its direction of writing to itself.
        (_, Some(name)) if condition(name) == name => format!("{plain}, {}", isolated(name)),
        (_, Some(name)) => format!("{plain}, {}", condition(name)),
    }
}

/// A corrected p-value.
pub(super) fn q(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(q) if q < 0.001 => "<\u{a0}0.001".to_owned(),
        Some(q) => number(q, 3),
    }
}

/// What a class of figures is over, in words.
pub(super) fn over(class: Option<&str>) -> String {
    match class {
        Some("*") => "all images".to_owned(),
        Some("mean") => "mean of classes".to_owned(),
        Some(name) => name.to_owned(),
        None => String::new(),
    }
}
