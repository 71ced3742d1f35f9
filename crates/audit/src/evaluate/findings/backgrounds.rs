//! Classes that are known by their surroundings: objects of other classes are taken for them there (*pull*), or they are
//! right less often in surroundings that are nobody's than in those of their own class (*gap*, after ImageNet-9).
//!
//! On both sides of each figure objects are cut out and put into other surroundings, so that what the cut itself costs is on
//! both. The gap leaves out the surroundings of classes that pull: an object that is lost there says nothing about its own
//! class.

use std::collections::BTreeSet;

use super::{
    super::{
        columns::{Columns, Lent},
        figures::pulls,
        options::EvaluateOptions,
    },
    scopes::{Fall, percent, tested, turned},
};
use crate::{Finding, Inputs, Metric, metrics::find};

/// The conditions of the gap and of the pull.
const NEUTRAL: &str = "background-swap/neutral";
const SAME: &str = "background-swap/same-class";
const OTHER: &str = "background-swap/other-class";
/// Most images that a finding names.
const NAMED: usize = 200;
/// Images from which a finding names only those that show it best.
const FEWEST_SHOWN: usize = 10;

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
    let (there, elsewhere) = shares(inputs, columns, class);
    let description = format!(
        "Objects of other classes were put into pictures of classes that are not theirs. In pictures of '{class}' {there} are \
         taken for '{class}', in pictures of other classes {elsewhere}. Add training images of other classes in such surroundings \
         and of '{class}' in others, or repair the head.",
    );
    let points = 100.0 * row.value.unwrap_or(f64::NAN);
    fall.finding(
        "background-swap/pull",
        format!(
            "the surroundings of '{class}' attract: other objects are taken for it {points:.0} points more often there"
        ),
        description,
        lenders(inputs, columns, class),
        &[find(metrics, "accuracy", Some("none"), class)],
    )
}

/// Of the objects of other classes that were put into pictures of the class, and of those that were put into others, how
/// many are taken for it.
fn shares(inputs: &Inputs, columns: &Columns, class: &str) -> (String, String) {
    // [elsewhere, there]: taken, all
    let mut counts = [[0_usize; 2]; 2];
    for (image, lent) in columns.lent.iter().enumerate() {
        let own = inputs.dataset.samples[inputs.selected[image]].class;
        if let Some(lent) = lent.filter(|_| inputs.dataset.classes[own] != class) {
            let side = &mut counts[usize::from(inputs.dataset.classes[lent.class] == class)];
            side[0] += usize::from(is_taken(inputs, &lent, class));
            side[1] += 1;
        }
    }
    let [elsewhere, there] = counts
        .map(|[taken, all]| format!("{:.0} % of {all}", 100.0 * taken as f64 / all.max(1) as f64));
    (there, elsewhere)
}

fn is_taken(inputs: &Inputs, lent: &Lent, class: &str) -> bool {
    let mut outputs = inputs.dataset.classes.iter().zip(&inputs.label_map.outputs);
    outputs.any(|(name, of)| name == class && of.contains(&(lent.output as usize)))
}

/// Images of the class in whose surroundings another object was taken for it.
fn lenders(inputs: &Inputs, columns: &Columns, class: &str) -> Vec<String> {
    let taken = columns.lent.iter().flatten().filter(|lent| is_taken(inputs, lent, class));
    let mut out: Vec<usize> = taken
        .filter(|lent| inputs.dataset.classes[lent.class] == class)
        .map(|lent| lent.lender)
        .collect();
    out.sort_unstable();
    out.dedup();
    let id = |place: usize| inputs.dataset.samples[inputs.selected[place]].id.clone();
    out.into_iter().take(NAMED).map(id).collect()
}

/// Images whose object was put into surroundings that attract no others.
fn in_neutral_surroundings<'a>(
    inputs: &'a Inputs,
    columns: &Columns,
    metrics: &[Metric],
) -> BTreeSet<&'a str> {
    let pulling = |class: usize| {
        let row = find(metrics, "background-pull", Some(OTHER), &inputs.dataset.classes[class]);
        pulls(row.and_then(|row| row.low))
    };
    let lent = columns.lent.iter().zip(&inputs.selected);
    lent.filter(|(lent, _)| lent.is_some_and(|lent| !pulling(lent.class)))
        .map(|(_, &at)| inputs.dataset.samples[at].id.as_str())
        .collect()
}

/// A class that is lost without its surroundings.
fn gap(inputs: &Inputs, columns: &Columns, metrics: &[Metric], fall: &Fall<'_>) -> Finding {
    let Fall { class, row, .. } = *fall;
    let points = 100.0 * row.value.unwrap_or(f64::NAN);
    let description = format!(
        "Of '{class}' {} are right as photographed, and {} with the object put into another picture of the class. On {n} of \
         these images the object was also put into a picture of another class, those of classes left out whose surroundings \
         attract other objects: {points:.0} points fewer are right there. Add training images of '{class}' in other \
         surroundings, or repair the head.",
        percent(metrics, "none", class),
        percent(metrics, SAME, class),
        n = row.n,
    );
    let accuracy = |at: &str| find(metrics, "accuracy", Some(at), class);
    let neutral = in_neutral_surroundings(inputs, columns, metrics);
    let mut lost = turned(inputs, columns, class, SAME, OTHER);
    lost.retain(|id| neutral.contains(id.as_str()));
    // An image that is wrong as photographed shows no cue: its object was right in the surroundings of another image only.
    let from_own: BTreeSet<String> =
        turned(inputs, columns, class, "none", OTHER).into_iter().collect();
    let shows = |id: &String| from_own.contains(id);
    if lost.iter().filter(|id| shows(id)).count() >= FEWEST_SHOWN {
        lost.retain(shows);
    }
    fall.finding(
        OTHER,
        format!("'{class}' leans on its surroundings: they are worth {points:.0} points"),
        description,
        lost,
        &[accuracy("none"), accuracy(SAME)],
    )
}
