//! From per-image values to figures with intervals, by FACTS' rules: Wilson for plain
//! proportions, stratified bootstrap (image or cluster as the unit) for drops, means, RFS and
//! medians, exact McNemar beside paired accuracies.

mod accuracy;
mod board;
mod default_answer;
mod noise;
mod objects;
mod overlay;
mod saliency;

use super::{columns::Columns, options::EvaluateOptions, pipeline::Plan};
use crate::{Error, Inputs, Metric};

pub(super) use board::Board;
pub use saliency::SAME_MAP;

/// Every figure of the stage, in the order of `metrics.json`.
pub(super) fn compute(
    inputs: &Inputs,
    options: &EvaluateOptions,
    plan: &Plan<'_>,
    columns: &Columns,
) -> Result<Vec<Metric>, Error> {
    let mut board = Board::new(inputs, options);
    accuracy::compute(&mut board, columns);
    default_answer::compute(&mut board, inputs, columns);
    noise::compute(&mut board, columns, options);
    saliency::compute(&mut board, columns, options);
    objects::compute(&mut board, columns);
    overlay::compute(&mut board, inputs, options, plan)?;
    Ok(board.into_metrics())
}
