//! What surroundings are worth: the object's own, those of its class, and those that a class is known by.

use std::collections::BTreeSet;

use rightly_stats::{Estimate, slices};

use super::{accuracy::drops, metric_rows::MetricRows};
use crate::{
    Inputs, Metric,
    evaluate::{
        EvaluateOptions, STAGE,
        columns::{Columns, Seen},
        rows::BACKGROUNDS,
    },
};

const SAME: &str = "background-swap/same-class";
const OTHER: &str = "background-swap/other-class";
/// Pull (its lower bound) from which a class's surroundings say nothing about other classes.
const PULLS: f64 = 0.05;
/// Fewest clusters of lenders from which a pull has an interval.
const FEWEST: usize = 5;

/// Whether surroundings with this lower bound of their pull say nothing about other classes. Those of which it is not known
/// pull as far as anybody knows.
pub(in crate::evaluate) fn pulls(low: Option<f64>) -> bool {
    low.is_none_or(|low| low >= PULLS)
}

/// How much more the object alone is worth than as much of its surroundings; how much accuracy falls from surroundings of
/// the class to those of other classes, on the same images (ImageNet-9's background gap); how often objects are taken for a
/// class in its surroundings; and the gap without the surroundings that pull.
pub(super) fn compute(
    board: &mut MetricRows<'_>,
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
) {
    for condition in BACKGROUNDS {
        let control = columns.seen.get(&format!("{condition}/control"));
        if let Some((object, control)) = columns.seen.get(condition).zip(control) {
            drops(board, "background-excess", condition, object, control);
        }
    }
    let Some((same, other)) = columns.seen.get(SAME).zip(columns.seen.get(OTHER)) else { return };
    drops(board, "background-gap", "background-swap", same, other);
    let all: Vec<Estimate> = (0..board.classes().len())
        .map(|class| pull(board, inputs, options, columns, class))
        .collect();
    let neutral: Vec<Option<Seen>> = other
        .iter()
        .zip(&columns.lent)
        .map(|(seen, lent)| seen.filter(|_| lent.is_some_and(|lent| !pulls(all[lent.class].low))))
        .collect();
    drops(board, "background-gap", "background-swap/neutral", same, &neutral);
    let classes = board.classes();
    for (name, e) in classes.iter().zip(all) {
        board.push(Metric::new(STAGE, "background-pull", Some(OTHER), name, e));
    }
}

/// The share of other objects that are taken for a class in its surroundings, minus the share that are taken for it in
/// those of other classes: what an object looks like once it is cut out has no part in the difference.
fn pull(
    board: &MetricRows<'_>,
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    class: usize,
) -> Estimate {
    let outputs = &inputs.label_map.outputs[class];
    let (mut lenders, mut not_taken, mut there) = (Vec::new(), Vec::new(), Vec::new());
    for (image, lent) in columns.lent.iter().enumerate() {
        let Some(lent) = lent.filter(|_| board.class_of()[image] != class) else { continue };
        if lent.class == class {
            there.push(lenders.len());
        }
        lenders.push(lent.lender);
        not_taken.push(!outputs.contains(&(lent.output as usize)));
    }
    // The surroundings are what is sampled: those of one video are one.
    let clusters = inputs.clusters.as_ref();
    let clusters: Option<Vec<u32>> =
        clusters.map(|all| lenders.iter().map(|&lender| all[lender]).collect());
    let few = clusters
        .as_ref()
        .is_some_and(|of| there.iter().map(|&at| of[at]).collect::<BTreeSet<u32>>().len() < FEWEST);
    let seed = inputs.options.seed;
    let e = slices::gap(&not_taken, &there, clusters.as_deref(), seed, options.resamples);
    match e.value {
        None => Estimate::default(),
        Some(_) if few => Estimate { low: None, high: None, ..e },
        Some(_) => e,
    }
}
