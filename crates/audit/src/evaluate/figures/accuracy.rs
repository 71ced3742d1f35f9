//! Accuracy, true-class confidence and paired drops under every condition.

use rightly_stats::{design, paired};

use super::metric_rows::{MetricRows, Over, Scope};
use crate::{
    estimates::share_kept,
    evaluate::{
        columns::{Columns, Seen},
        rows::BACKGROUNDS,
    },
};

/// Conditions in the order of the report: clean, ablations, noise, overlays.
fn conditions(columns: &Columns) -> Vec<&str> {
    let first = ["none", "gray", "gray-box", "tile", "gray-control"].into_iter().chain(BACKGROUNDS);
    let mut out: Vec<&str> = first.filter(|c| columns.seen.contains_key(*c)).collect();
    let rest = columns.seen.keys().map(String::as_str).filter(|c| !out.contains(c));
    let rest: Vec<&str> = rest.collect();
    out.extend(rest);
    out
}

pub(super) fn compute(board: &mut MetricRows<'_>, columns: &Columns) {
    let Some(clean) = columns.seen.get("none") else { return };
    for condition in conditions(columns) {
        let seen = &columns.seen[condition];
        accuracy(board, condition, seen);
        let confidence: Vec<_> = seen.iter().map(|s| s.map(|s| f64::from(s.confidence))).collect();
        board.add_mean("confidence", Some(condition), &confidence, (0.0, 1.0));
        if condition != "none" {
            drops(board, "drop", condition, clean, seen);
            kept(board, condition, clean, seen);
            let fall: Vec<_> = clean
                .iter()
                .zip(seen)
                .map(|(a, b)| Some(f64::from(a.as_ref()?.confidence - b.as_ref()?.confidence)))
                .collect();
            board.add_mean("confidence-drop", Some(condition), &fall, (-1.0, 1.0));
        }
    }
    control(board, columns, clean);
    beyond_controls(board, columns, "overlay/", "overlay-excess");
    beyond_controls(board, columns, "part-gray/", "part-excess");
}

/// Whether every image was right or wrong as a whole (no averages over several trials).
fn plain(seen: &[Option<Seen>]) -> bool {
    seen.iter().flatten().all(|s| s.correct == 0.0 || s.correct == 1.0)
}

fn accuracy(board: &mut MetricRows<'_>, condition: &str, seen: &[Option<Seen>]) {
    let trials = condition.starts_with("noise-");
    let values: Vec<Option<f64>> = seen.iter().map(|s| s.map(|s| f64::from(s.correct))).collect();
    if trials || !plain(seen) {
        board.add_mean("accuracy", Some(condition), &values, (0.0, 1.0));
        return;
    }
    board.add_share("accuracy", Some(condition), &values);
}

/// `before` minus `after`, paired over the images that have both.
pub(super) fn drops(
    board: &mut MetricRows<'_>,
    metric: &str,
    condition: &str,
    before: &[Option<Seen>],
    after: &[Option<Seen>],
) {
    let pairs: Vec<Option<(f64, f64)>> = before
        .iter()
        .zip(after)
        .map(|(b, a)| Some((f64::from(b.as_ref()?.correct), f64::from(a.as_ref()?.correct))))
        .collect();
    let binary = !condition.starts_with("noise-") && plain(before) && plain(after);
    let clustered = board.clustered();
    let usable: Vec<usize> = (0..pairs.len()).filter(|&i| pairs[i].is_some()).collect();
    board.add(metric, Some(condition), &usable, |Scope { images, design, over, .. }| {
        let pairs: Vec<(f64, f64)> = images.iter().filter_map(|&i| pairs[i]).collect();
        let differences: Vec<f64> = pairs.iter().map(|(b, a)| b - a).collect();
        let hits = |pick: fn(&(f64, f64)) -> f64| -> Vec<bool> {
            pairs.iter().map(|pair| pick(pair) == 1.0).collect()
        };
        match over {
            Over::Mean => (design.mean_of_strata_within(&differences, -1.0, 1.0), None),
            _ if binary => {
                let (before, after) = (hits(|p| p.0), hits(|p| p.1));
                let (lost, gained) = paired::discordant(&before, &after);
                // The exact test takes images as independent, which clusters deny.
                let p = (!clustered).then(|| paired::mcnemar_exact(lost, gained));
                (design.paired_drop(&before, &after), p)
            }
            _ => (design.mean_within(&differences, -1.0, 1.0), None),
        }
    });
}

/// Accuracy under a condition over accuracy as photographed, on the same images: what is left of the right answers, whatever
/// their number was. Above 1 where the condition helps; undefined where nothing was right.
fn kept(
    board: &mut MetricRows<'_>,
    condition: &str,
    clean: &[Option<Seen>],
    seen: &[Option<Seen>],
) {
    let usable: Vec<usize> =
        (0..seen.len()).filter(|&i| clean[i].is_some() && seen[i].is_some()).collect();
    board.add("kept", Some(condition), &usable, |Scope { images, design, over, .. }| {
        let right = |column: &[Option<Seen>]| -> Vec<f64> {
            images.iter().filter_map(|&i| Some(f64::from(column[i]?.correct))).collect()
        };
        let kind = match over {
            Over::Mean => design::Scope::MeanOfStrata,
            Over::Class | Over::Pooled => design::Scope::Pooled,
        };
        (share_kept(design, kind, &right(clean), &right(seen)), None)
    });
}

/// The drop when the moved mask is gray, and how much more the object's own gray costs, on the
/// same images.
fn control(board: &mut MetricRows<'_>, columns: &Columns, clean: &[Option<Seen>]) {
    let (Some(gray), Some(moved)) = (columns.seen.get("gray"), columns.seen.get("gray-control"))
    else {
        return;
    };
    drops(board, "gray-control", "gray", clean, moved);
    drops(board, "gray-excess", "gray", moved, gray);
    board.add_mean("control-overlap", Some("gray"), &columns.overlap, (0.0, 1.0));
}

/// How much more accuracy falls under each condition of a kind than under its control, on the same images: under an overlay
/// than under its shape and opacity without the pattern, with a part gray than with as much gray beside the object.
fn beyond_controls(board: &mut MetricRows<'_>, columns: &Columns, kind: &str, metric: &str) {
    for (condition, seen) in &columns.seen {
        let control = columns.seen.get(&format!("{condition}/control"));
        if let (true, Some(control)) = (condition.starts_with(kind), control) {
            drops(board, metric, condition, control, seen);
        }
    }
}
