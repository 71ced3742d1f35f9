//! What surroundings are worth: the object's own, those of its class, and those that other classes are known by.

use rightly_stats::{Estimate, paired};

use super::{accuracy::drops, board::Board};
use crate::{
    Metric,
    evaluate::{
        STAGE,
        columns::{Columns, Lent, Seen},
        rows::BACKGROUNDS,
    },
    metrics::POOLED,
};

const SAME: &str = "background-swap/same-class";
const OTHER: &str = "background-swap/other-class";

/// How much more the object alone is worth than as much of its surroundings; how much accuracy falls from surroundings of
/// the class to those of other classes, on the same images (ImageNet-9's background gap); how often objects are taken for
/// the class whose surroundings they are put into; and the gap without the surroundings of such classes.
pub(super) fn compute(board: &mut Board<'_>, columns: &Columns) {
    for condition in BACKGROUNDS {
        let control = columns.seen.get(&format!("{condition}/control"));
        if let Some((object, control)) = columns.seen.get(condition).zip(control) {
            drops(board, "background-excess", condition, object, control);
        }
    }
    let Some((same, other)) = columns.seen.get(SAME).zip(columns.seen.get(OTHER)) else { return };
    drops(board, "background-gap", "background-swap", same, other);
    let pulls = pulls(board, &columns.lent);
    let drawn = |class: usize| pulls[class].0.low.is_some_and(|low| low > 0.0);
    let neutral: Vec<Option<Seen>> = other
        .iter()
        .zip(&columns.lent)
        .map(|(seen, lent)| seen.filter(|_| lent.is_some_and(|lent| !drawn(lent.class))))
        .collect();
    drops(board, "background-gap", "background-swap/neutral", same, &neutral);
    let all: Vec<usize> = (0..columns.lent.len()).collect();
    let pooled = pull(board, &columns.lent, &all);
    let classes = board.classes();
    let names = classes.iter().map(String::as_str).chain([POOLED]);
    for (name, (e, p)) in names.zip(pulls.into_iter().chain([pooled])) {
        board.push(Metric::new(STAGE, "background-pull", Some(OTHER), name, e).with_p(p));
    }
}

/// Of each class how often objects of other classes are taken for it once they stand in its surroundings.
fn pulls(board: &Board<'_>, lent: &[Option<Lent>]) -> Vec<(Estimate, Option<f64>)> {
    let mut by_class = vec![Vec::new(); board.classes().len()];
    for (image, lent) in lent.iter().enumerate() {
        if let Some(lent) = lent {
            by_class[lent.class].push(image);
        }
    }
    by_class.iter().map(|images| pull(board, lent, images)).collect()
}

/// The share of `images` that are taken for the class whose surroundings they were lent, minus the share that are taken for
/// it in surroundings of their own class.
fn pull(
    board: &Board<'_>,
    lent: &[Option<Lent>],
    images: &[usize],
) -> (Estimate, Option<f64>) {
    let known: Vec<(usize, Lent)> =
        images.iter().filter_map(|&image| Some((image, lent[image]?))).collect();
    if known.is_empty() {
        return (Estimate::default(), None);
    }
    let side = |pick: fn(&Lent) -> bool| known.iter().map(|(_, l)| pick(l)).collect::<Vec<_>>();
    let (taken, before) = (side(|l| l.taken), side(|l| l.before));
    let design = board.design(&known.iter().map(|(image, _)| *image).collect::<Vec<_>>());
    let (more, less) = paired::discordant(&taken, &before);
    let p = (!board.clustered()).then(|| paired::mcnemar_exact(more, less));
    (design.paired_drop(&taken, &before), p)
}
