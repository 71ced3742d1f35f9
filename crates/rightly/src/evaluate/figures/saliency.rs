//! Overlap of the class activation map with the object.

use super::board::{Board, Over, Scope};
use crate::{
    Metric,
    evaluate::{
        STAGE,
        columns::Columns,
        options::{EvaluateOptions, cam_name},
    },
};

pub(super) fn compute(board: &mut Board<'_>, columns: &Columns, options: &EvaluateOptions) {
    let method = cam_name(options.cam);
    for (at, (layer, values)) in columns.saliency.iter().enumerate() {
        if values.iter().all(Option::is_none) {
            continue;
        }
        // The CAM layer's figures have the method's plain name; those of another layer name it.
        let name = if at == 0 { method.to_owned() } else { format!("{method}/{layer}") };
        let condition = Some(name.as_str());
        let iou: Vec<_> = values.iter().map(|s| s.map(|(iou, _)| iou)).collect();
        let density: Vec<_> = values.iter().map(|s| s.and_then(|(_, d)| d)).collect();
        board.add_mean("cam-iou", condition, &iou, (0.0, 1.0));
        medians(board, "cam-iou-median", condition, &iou);
        board.add_mean("cam-delta-density", condition, &density, (-1.0, 1.0));
        medians(board, "cam-delta-density-median", condition, &density);
        if at > 0 {
            let first = &columns.saliency[0].1;
            let change: Vec<_> = first
                .iter()
                .zip(values)
                .map(|(a, b)| Some(b.as_ref()?.0 - a.as_ref()?.0))
                .collect();
            board.add_mean("cam-iou-difference", condition, &change, (-1.0, 1.0));
        }
    }
}

/// Medians of each class and of all images; a mean of medians is not a figure of the papers.
fn medians(board: &mut Board<'_>, metric: &str, condition: Option<&str>, values: &[Option<f64>]) {
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
