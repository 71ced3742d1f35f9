//! From per-image values to figures with intervals, by FACTS' rules: Wilson for plain
//! proportions, stratified bootstrap (image or cluster as the unit) for drops, means, RFS and
//! medians, exact McNemar beside paired accuracies.

mod accuracy;
mod default_answer;
mod metric_rows;
mod near_copies;
mod noise;
mod objects;
mod overlay;
mod saliency;
mod surroundings;

use super::{columns::Columns, options::EvaluateOptions, pipeline::Plan};
use crate::{Error, Inputs, Metric};

pub(super) use metric_rows::MetricRows;
pub use saliency::SAME_MAP;
pub(super) use surroundings::pulls;

/// Every figure of the stage, in the order of `metrics.json`, and what has to be known of them, a sentence each.
pub(super) fn compute(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    columns: &Columns,
) -> Result<(Vec<Metric>, Vec<String>), Error> {
    let mut board = MetricRows::new(inputs, options);
    accuracy::compute(&mut board, columns);
    surroundings::compute(&mut board, inputs, options, columns);
    default_answer::compute(&mut board, inputs, columns);
    noise::compute(&mut board, columns, options);
    saliency::compute(&mut board, columns, options);
    objects::compute(&mut board, columns);
    overlay::compute(&mut board, inputs, options, plan)?;
    let notes = near_copies::compute(&mut board, inputs, columns).into_iter().collect();
    Ok((board.into_metrics(), notes))
}
