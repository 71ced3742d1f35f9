//! Classes that are known by their surroundings: objects of other classes are taken for them there (*pull*), or they are
//! right less often in surroundings that are nobody's than in those of their own class (*gap*, after ImageNet-9).
//!
//! On both sides of each figure the object is cut out and put into other surroundings, so that what the cut itself costs is on
//! both. The gap leaves out the surroundings of classes that pull: an object that is lost there says nothing about its own
//! class.

use super::{
    super::{columns::Columns, options::EvaluateOptions},
    scopes::{Fall, percent, tested, turned},
};
use crate::{Finding, Inputs, Metric, metrics::find};

/// The conditions of the gap and of the pull.
const NEUTRAL: &str = "background-swap/neutral";
const SAME: &str = "background-swap/same-class";
const OTHER: &str = "background-swap/other-class";
/// Most images that a finding names.
const NAMED: usize = 200;

pub(super) fn followed(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let classes: Vec<&str> = inputs.dataset.classes.iter().map(String::as_str).collect();
    let held = |metric: &str, condition: &str| {
        let falls = tested(metrics, metric, &[condition.to_owned()], &classes);
        falls.into_iter().filter(|fall| fall.holds(options.min_effect)).collect::<Vec<_>>()
    };
    let pulled = held("background-pull", OTHER);
    let pulled = pulled.iter().map(|fall| pull(inputs, columns, metrics, fall));
    let lost = held("background-gap", NEUTRAL);
    pulled.chain(lost.iter().map(|fall| gap(inputs, columns, metrics, fall))).collect()
}

/// A class that others are taken for in its surroundings. Its images are those that lent them.
fn pull(inputs: &Inputs, columns: &Columns, metrics: &[Metric], fall: &Fall<'_>) -> Finding {
    let Fall { class, row, .. } = *fall;
    let share = |taken: usize| format!("{:.0} %", 100.0 * taken as f64 / row.n as f64);
    let lent = || {
        let of = |class: usize| inputs.dataset.classes[class].as_str();
        columns.lent.iter().flatten().filter(move |lent| of(lent.class) == fall.class)
    };
    let description = format!(
        "{} objects of other classes were put into pictures of '{class}': {} of them are taken for '{class}' there, and {} in \
         pictures of their own class. Add training images of other classes in such surroundings and of '{class}' in others, or \
         repair the head.",
        row.n,
        share(lent().filter(|lent| lent.taken).count()),
        share(lent().filter(|lent| lent.before).count()),
    );
    let points = 100.0 * row.value.unwrap_or(f64::NAN);
    fall.finding(
        "background-swap/pull",
        format!(
            "'{class}' is known by its surroundings: {points:.0} % more of other objects are taken for it there"
        ),
        description,
        lenders(inputs, columns, class),
        &[find(metrics, "accuracy", Some("none"), class)],
    )
}

/// Images of the class in whose surroundings another object was taken for it.
fn lenders(inputs: &Inputs, columns: &Columns, class: &str) -> Vec<String> {
    let taken = columns.lent.iter().flatten().filter(|lent| lent.taken);
    let mut out: Vec<usize> = taken
        .map(|lent| lent.lender)
        .filter(|&lender| inputs.dataset.classes[inputs.dataset.samples[lender].class] == class)
        .collect();
    out.sort_unstable();
    out.dedup();
    out.into_iter().take(NAMED).map(|at| inputs.dataset.samples[at].id.clone()).collect()
}

/// A class that is lost without its surroundings.
fn gap(inputs: &Inputs, columns: &Columns, metrics: &[Metric], fall: &Fall<'_>) -> Finding {
    let Fall { class, row, .. } = *fall;
    let points = 100.0 * row.value.unwrap_or(f64::NAN);
    let description = format!(
        "Of '{class}' {} are right as photographed, and {} with the object put into another picture of the class. In pictures of \
         other classes, those left out in whose surroundings any object is taken for their class, {points:.0} points fewer are \
         right than on the same {n} images in pictures of their class. Add training images of '{class}' in other surroundings, \
         or repair the head.",
        percent(metrics, "none", class),
        percent(metrics, SAME, class),
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
