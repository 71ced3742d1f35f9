//! Suspected cues that were laid over every picture, and cost accuracy.
//!
//! An overlay also hides a part of the picture. Its control does so too, with the same shape and opacity and without the
//! pattern: what counts is how much more accuracy falls under the pattern. Tested over all images and in each class; the
//! family of the correction is every overlay in every scope with enough images.

use super::{
    super::{columns::Columns, options::EvaluateOptions},
    scopes::{Fall, percent, tested, turned},
};
use crate::{
    Finding, Inputs, Metric,
    metrics::{POOLED, find},
};

/// Most classes that a sentence names.
const SPELLED: usize = 5;

pub(super) fn costly(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let names: Vec<&str> = options.overlays.iter().map(|(name, _)| name.as_str()).collect();
    let conditions: Vec<String> = names.iter().map(|name| format!("overlay/{name}")).collect();
    let classes = inputs.dataset.classes.iter().map(String::as_str);
    let scopes: Vec<&str> = std::iter::once(POOLED).chain(classes).collect();
    // Beyond the control, and below the photographs too.
    let falls = |fall: &Fall<'_>| {
        let drop = find(metrics, "drop", Some(&conditions[fall.condition]), fall.class);
        drop.and_then(|drop| drop.low).is_some_and(|low| low > 0.0)
    };
    let all = tested(metrics, "overlay-excess", &conditions, &scopes);
    let held: Vec<&Fall<'_>> =
        all.iter().filter(|fall| fall.holds(options.min_effect) && falls(fall)).collect();
    let over_all = |condition: usize| {
        held.iter().find(|fall| fall.condition == condition && fall.class == POOLED)
    };
    held.iter()
        .filter(|own| {
            // Where all classes lose, a class is worth a finding of its own only where it loses more than they do.
            own.class == POOLED
                || over_all(own.condition).is_none_or(|all| own.row.low > all.row.high)
        })
        .map(|own| finding(inputs, columns, metrics, names[own.condition], own, &held))
        .collect()
}

fn finding(
    inputs: &Inputs,
    columns: &Columns,
    metrics: &[Metric],
    name: &str,
    own: &Fall<'_>,
    held: &[&Fall<'_>],
) -> Finding {
    let class = own.class;
    let condition = format!("overlay/{name}");
    let control = format!("{condition}/control");
    let points = 100.0 * own.row.value.unwrap_or(f64::NAN);
    let of_all = class == POOLED;
    let (title, whose) = if of_all {
        (format!("the overlay '{name}' costs {points:.0} points of accuracy"), "images".to_owned())
    } else {
        (
            format!("'{class}' loses {points:.0} points under the overlay '{name}'"),
            format!("images of '{class}'"),
        )
    };
    let raised = metrics
        .iter()
        .find(|m| m.metric == "logit-rise" && m.condition.as_deref() == Some(&condition))
        .and_then(|m| m.class.as_deref())
        .map_or(String::new(), |label| format!(" It raises the output '{label}' most."));
    let most = if of_all { hit_most(own.condition, held) } else { String::new() };
    let description = format!(
        "Of {n} {whose} {} are right as photographed, {} with '{name}' laid over them, and {} with a patch of the same shape \
         and opacity without its pattern.{raised}{most} Add training images of many classes that carry it, or remove it from \
         the training images that do.",
        percent(metrics, "none", class),
        percent(metrics, &condition, class),
        percent(metrics, &control, class),
        n = own.row.n,
    );
    let row = |metric: &str, at: &str| find(metrics, metric, Some(at), class);
    own.finding(
        &condition,
        title,
        description,
        turned(inputs, columns, class, &control, &condition),
        &[
            row("accuracy", "none"),
            row("accuracy", &condition),
            row("accuracy", &control),
            row("drop", &condition),
        ],
    )
}

/// The classes in which it holds too, most costly first.
fn hit_most(condition: usize, held: &[&Fall<'_>]) -> String {
    let of_classes = held.iter().filter(|fall| fall.condition == condition && fall.class != POOLED);
    let mut classes: Vec<(&str, f64)> =
        of_classes.map(|fall| (fall.class, 100.0 * fall.row.value.unwrap_or(f64::NAN))).collect();
    classes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    if classes.is_empty() {
        return " No class alone has enough images to show it.".to_owned();
    }
    let spelled: Vec<String> = classes
        .iter()
        .take(SPELLED)
        .map(|(class, points)| format!("'{class}' ({points:.0} points)"))
        .collect();
    let more = match classes.len().saturating_sub(SPELLED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(" It holds by itself in {}{more}.", spelled.join(", "))
}
