//! What surroundings are worth: the object's own, those of its class, and those that a class is known by.

use rightly_stats::{Estimate, slices};

use super::{accuracy::drops, board::Board};
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
pub(in crate::evaluate) const PULLS: f64 = 0.05;

/// How much more the object alone is worth than as much of its surroundings; how much accuracy falls from surroundings of
/// the class to those of other classes, on the same images (ImageNet-9's background gap); how often objects are taken for a
/// class in its surroundings; and the gap without the surroundings that pull.
pub(super) fn compute(
    board: &mut Board<'_>,
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
    let pulls: Vec<Estimate> = (0..board.classes().len())
        .map(|class| pull(board, inputs, options, columns, class))
        .collect();
    // Surroundings of which it is not known pull as far as anybody knows.
    let pulling = |class: usize| pulls[class].low.is_none_or(|low| low >= PULLS);
    let neutral: Vec<Option<Seen>> = other
        .iter()
        .zip(&columns.lent)
        .map(|(seen, lent)| seen.filter(|_| lent.is_some_and(|lent| !pulling(lent.class))))
        .collect();
    drops(board, "background-gap", "background-swap/neutral", same, &neutral);
    let classes = board.classes();
    for (name, e) in classes.iter().zip(pulls) {
        board.push(Metric::new(STAGE, "background-pull", Some(OTHER), name, e));
    }
}

/// The share of other objects that are taken for a class in its surroundings, minus the share that are taken for it in
/// those of other classes: what an object looks like once it is cut out has no part in the difference.
fn pull(
    board: &Board<'_>,
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    class: usize,
) -> Estimate {
    let outputs = &inputs.label_map.outputs[class];
    let (mut images, mut not_taken, mut there) = (Vec::new(), Vec::new(), Vec::new());
    for (image, lent) in columns.lent.iter().enumerate() {
        let Some(lent) = lent.filter(|_| board.class_of()[image] != class) else { continue };
        if lent.class == class {
            there.push(images.len());
        }
        images.push(image);
        not_taken.push(!outputs.contains(&(lent.output as usize)));
    }
    let clusters = inputs.clusters.as_ref();
    let clusters: Option<Vec<u32>> =
        clusters.map(|all| images.iter().map(|&image| all[image]).collect());
    let seed = inputs.options.seed;
    let e = slices::gap(&not_taken, &there, clusters.as_deref(), seed, options.resamples);
    if e.value.is_none() { Estimate::default() } else { e }
}
