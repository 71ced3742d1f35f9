//! Classes whose answer follows the surroundings: right less often when the object is put into pictures of other classes
//! than into other pictures of its own class (ImageNet-9's background gap).
//!
//! Both sides are cut out and put into other surroundings, so that what the cut itself costs is on both.

use super::{
    super::{columns::Columns, options::EvaluateOptions},
    scopes::{Fall, percent, tested, turned},
};
use crate::{Finding, Inputs, Metric, metrics::find};

/// The condition of the gap.
const SWAP: &str = "background-swap";
const SAME: &str = "background-swap/same-class";
const OTHER: &str = "background-swap/other-class";

pub(super) fn followed(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let classes: Vec<&str> = inputs.dataset.classes.iter().map(String::as_str).collect();
    tested(metrics, "background-gap", &[SWAP.to_owned()], &classes)
        .iter()
        .filter(|fall| fall.holds(options.min_effect))
        .map(|fall| finding(inputs, columns, metrics, fall))
        .collect()
}

fn finding(inputs: &Inputs, columns: &Columns, metrics: &[Metric], fall: &Fall<'_>) -> Finding {
    let Fall { class, row, .. } = *fall;
    let points = 100.0 * row.value.unwrap_or(f64::NAN);
    let description = format!(
        "Of {n} images of '{class}' {} are right with the object put into another picture of the class, and {} with it put into a \
         picture of another class ({} as photographed). Add training images of '{class}' in other surroundings, or repair the \
         head.",
        percent(metrics, SAME, class),
        percent(metrics, OTHER, class),
        percent(metrics, "none", class),
        n = row.n,
    );
    let accuracy = |at: &str| find(metrics, "accuracy", Some(at), class);
    fall.finding(
        OTHER,
        format!("'{class}' leans on its surroundings: they are worth {points:.0} points"),
        description,
        turned(inputs, columns, class, SAME, OTHER),
        &[accuracy("none"), accuracy(SAME), accuracy(OTHER)],
    )
}
