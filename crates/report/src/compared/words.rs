//! How a metric is called and written.

use crate::{
    format::{Unit, condition, number},
    verdict::isolated,
};

/// Units of a metric: of the figure in a run, and of a difference.
pub(super) fn units(metric: &str) -> [Unit; 2] {
    match metric {
        "object-distance" | "cam-iou" | "cam-iou-median" | "cam-average-precision" => {
            [Unit::Plain, Unit::Signed]
        }
        "logit-rise" | "loss" => [Unit::Plain, Unit::Signed],
        "accuracy" | "accuracy-by-rank" | "confidence" | "default-answer" | "kept" | "cam-mass"
        | "cam-pointing" | "cam-class-overlap" => [Unit::Percent, Unit::Points],
        name if name.starts_with("object-") || name.starts_with("control-") => {
            [Unit::Percent, Unit::Points]
        }
        name if name.starts_with("rfs") || name.starts_with("cam-") => [Unit::Signed, Unit::Signed],
        _ => [Unit::Points, Unit::Points],
    }
}

/// A metric under a condition, in words.
pub(super) fn metric(metric: &str, of: Option<&str>) -> String {
    let plain = match metric {
        "accuracy" => "Accuracy",
        "confidence" => "Confidence",
        "drop" => "Drop of accuracy",
        "kept" => "Share of the right answers kept",
        "background-gap" => "Surroundings of the class minus those of others",
        "background-excess" => "Object kept minus a piece of its surroundings kept",
        "overlay-excess" | "part-excess" => "Drop beyond that under its control",
        "confidence-drop" => "Drop of confidence",
        "gray-control" => "Drop, same shape gray elsewhere",
        "gray-excess" => "Gray object minus gray elsewhere",
        "control-overlap" => "Overlap of the moved mask",
        "default-answer" => "Default answer",
        "beyond-default" => "Accuracy beyond the default answer",
        "rfs" => "RFS",
        "rfs-control" => "RFS, mask moved",
        "gap" => "Accuracy, strongest cue minus weakest",
        "gap-without-object" => "The same, ranked without the object",
        "accuracy-by-rank" => "Accuracy by rank",
        "noise-gap" => "Noise gap",
        "noise-gap-control" => "Noise gap, mask moved",
        "cam-iou" => "Mean IoU of map and object",
        "cam-iou-median" => "Median IoU of map and object",
        "cam-iou-difference" => "IoU, second layer minus first",
        "cam-mass" => "Share of the map on the object",
        "cam-pointing" => "Highest point on the object",
        "cam-average-precision" => "Average precision of the map",
        "cam-class-overlap" => "Overlap of the maps of two classes",
        "cam-delta-density" => "Map on the object minus off it",
        "cam-delta-density-median" => "The same, median",
        "object-share" => "Object's share of the photograph",
        "object-share-crop" => "Object's share of the crop",
        "object-share-random-crop" => "Object's share of random crops",
        "object-kept" => "Share of the object that the crop keeps",
        "object-distance" => "Distance from the centre",
        other => other,
    };
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
