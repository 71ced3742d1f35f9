//! Overlap of the class activation map with the object.

use rightly_stats::wilcoxon::signed_rank_below;

use super::metric_rows::{MetricRows, Over, Scope};
use crate::{
    Metric,
    evaluate::{
        STAGE,
        columns::{Columns, Saliency},
        options::{EvaluateOptions, cam_name},
    },
};

pub(super) fn compute(board: &mut MetricRows<'_>, columns: &Columns, options: &EvaluateOptions) {
    let method = cam_name(options.cam);
    if columns.class_overlap.iter().any(Option::is_some) {
        overlaps(board, method, &columns.class_overlap);
    }
    for (at, (layer, values)) in columns.saliency.iter().enumerate() {
        if values.iter().all(Option::is_none) {
            continue;
        }
        // The CAM layer's figures have the method's plain name; those of another layer name it.
        let name = if at == 0 { method.to_owned() } else { format!("{method}/{layer}") };
        let condition = Some(name.as_str());
        let of = |pick: fn(&Saliency) -> Option<f64>| -> Vec<Option<f64>> {
            values.iter().map(|seen| seen.as_ref().and_then(pick)).collect()
        };
        let (iou, density) = (of(|s| Some(s.iou)), of(|s| s.delta_density));
        board.add_mean("cam-iou", condition, &iou, (0.0, 1.0));
        medians(board, "cam-iou-median", condition, &iou);
        board.add_mean("cam-delta-density", condition, &density, (-1.0, 1.0));
        medians(board, "cam-delta-density-median", condition, &density);
        board.add_mean("cam-mass", condition, &of(|s| s.mass), (0.0, 1.0));
        board.add_mean(
            "cam-average-precision",
            condition,
            &of(|s| s.average_precision),
            (0.0, 1.0),
        );
        let pointing = of(|s| s.pointing.map(|on| f64::from(u8::from(on))));
        board.add_share("cam-pointing", condition, &pointing);
        if at > 0 {
            let first = &columns.saliency[0].1;
            let change: Vec<_> = first
                .iter()
                .zip(values)
                .map(|(a, b)| Some(b.as_ref()?.iou - a.as_ref()?.iou))
                .collect();
            board.add_mean("cam-iou-difference", condition, &change, (-1.0, 1.0));
        }
    }
}

/// Overlap from which on a map counts as the same for both classes.
pub const SAME_MAP: f64 = 0.9;

/// How far the maps of the two likeliest classes point to the same place; p of Wilcoxon's one-sided signed-rank test that they
/// do so less than a map that does not change with the class.
fn overlaps(board: &mut MetricRows<'_>, method: &str, values: &[Option<f64>]) {
    let usable: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    board.add(
        "cam-class-overlap",
        Some(method),
        &usable,
        |Scope { images, design, over, .. }| {
            let values: Vec<f64> = images.iter().filter_map(|&i| values[i]).collect();
            if *over == Over::Mean {
                return (design.mean_of_strata_within(&values, 0.0, 1.0), None);
            }
            let below: Vec<f64> = design.unit_means(&values).iter().map(|v| v - SAME_MAP).collect();
            (design.mean_within(&values, 0.0, 1.0), signed_rank_below(&below))
        },
    );
}

/// Medians of each class and of all images; a mean of medians is not a figure of the papers.
fn medians(
    board: &mut MetricRows<'_>,
    metric: &str,
    condition: Option<&str>,
    values: &[Option<f64>],
) {
    let usable: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    for Scope { name, over, images, design } in board.scopes(&usable) {
        if over == Over::Mean {
            continue;
        }
        let values: Vec<f64> = images.iter().filter_map(|&i| values[i]).collect();
        let e = design.median(&values);
        board.push(Metric::new(STAGE, metric, condition, &name, e));
    }
}
