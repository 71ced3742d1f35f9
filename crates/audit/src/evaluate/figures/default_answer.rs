//! What the model answers when a picture shows no object.

use super::metric_rows::MetricRows;
use crate::{Inputs, Metric, evaluate::STAGE, evaluate::columns::Columns};

/// For each class, the share of the *other* classes' pictures that get one of its outputs once
/// their object's box is filled with gray: `default-answer` under `gray-box`.
pub(super) fn compute(board: &mut MetricRows<'_>, inputs: &Inputs, columns: &Columns) {
    if board.classes().len() < 2 || columns.boxed_output.iter().all(Option::is_none) {
        return;
    }
    for (class, name) in board.classes().iter().enumerate() {
        let outputs = &inputs.label_map.outputs[class];
        let (images, said): (Vec<usize>, Vec<bool>) = (0..columns.boxed_output.len())
            .filter(|&i| board.class_of()[i] != class)
            .filter_map(|i| Some((i, outputs.contains(&(columns.boxed_output[i]? as usize)))))
            .unzip();
        let e = board.design(&images).proportion(&said);
        board.push(Metric::new(STAGE, "default-answer", Some("gray-box"), name, e));
    }
}
