//! Accuracy, true-class confidence and paired drops under every condition.

use rightly_stats::paired;

use super::board::{Board, Over, Scope};
use crate::evaluate::columns::{Columns, Seen};

/// Conditions in the order of the report: clean, ablations, noise, overlays.
fn conditions(columns: &Columns) -> Vec<&str> {
    let first = ["none", "gray", "gray-box", "tile", "gray-control"];
    let mut out: Vec<&str> = first.into_iter().filter(|c| columns.seen.contains_key(*c)).collect();
    out.extend(columns.seen.keys().map(String::as_str).filter(|c| !first.contains(c)));
    out
}

pub(super) fn compute(board: &mut Board<'_>, columns: &Columns) {
    let Some(clean) = columns.seen.get("none") else { return };
    for condition in conditions(columns) {
        let seen = &columns.seen[condition];
        accuracy(board, condition, seen);
        let confidence: Vec<_> = seen.iter().map(|s| s.map(|s| f64::from(s.confidence))).collect();
        board.add_mean("confidence", Some(condition), &confidence, (0.0, 1.0));
        if condition != "none" {
            drops(board, "drop", condition, clean, seen);
            let fall: Vec<_> = clean
                .iter()
                .zip(seen)
                .map(|(a, b)| Some(f64::from(a.as_ref()?.confidence - b.as_ref()?.confidence)))
                .collect();
            board.add_mean("confidence-drop", Some(condition), &fall, (-1.0, 1.0));
        }
    }
    control(board, columns, clean);
}

/// Whether every image was right or wrong as a whole (no averages over several trials).
fn plain(seen: &[Option<Seen>]) -> bool {
    seen.iter().flatten().all(|s| s.correct == 0.0 || s.correct == 1.0)
}

fn accuracy(board: &mut Board<'_>, condition: &str, seen: &[Option<Seen>]) {
    let trials = condition.starts_with("noise-");
    let values: Vec<Option<f64>> = seen.iter().map(|s| s.map(|s| f64::from(s.correct))).collect();
    if trials || !plain(seen) {
        board.add_mean("accuracy", Some(condition), &values, (0.0, 1.0));
        return;
    }
    let usable: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    board.add("accuracy", Some(condition), &usable, |Scope { images, design, over, .. }| {
        let values: Vec<f64> = images.iter().filter_map(|&i| values[i]).collect();
        let e = match over {
            Over::Mean => design.mean_of_strata_within(&values, 0.0, 1.0),
            _ => design.proportion(&values.iter().map(|&v| v == 1.0).collect::<Vec<_>>()),
        };
        (e, None)
    });
}

/// `before` minus `after`, paired over the images that have both.
fn drops(
    board: &mut Board<'_>,
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

/// The drop when the moved mask is gray, and how much more the object's own gray costs, on the
/// same images.
fn control(board: &mut Board<'_>, columns: &Columns, clean: &[Option<Seen>]) {
    let (Some(gray), Some(moved)) = (columns.seen.get("gray"), columns.seen.get("gray-control"))
    else {
        return;
    };
    drops(board, "gray-control", "gray", clean, moved);
    drops(board, "gray-excess", "gray", moved, gray);
    board.add_mean("control-overlap", Some("gray"), &columns.overlap, (0.0, 1.0));
}
