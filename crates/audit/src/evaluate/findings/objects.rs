//! Classes that are recognised without their object.
//!
//! With the object's box filled with gray, a class has to keep half of its clean accuracy, and has
//! to keep it because of what is left of *its* pictures: most models have an answer to any picture
//! that shows no object, and the class that happens to be that answer keeps its accuracy without
//! looking at anything. So the share of the other classes' boxed pictures that get the class's
//! answer (`default-answer` in metrics.json) is taken off before the comparison.

use rightly_stats::{Estimate, multiple::benjamini_hochberg, quantile::normal_cdf};

use super::super::{
    columns::{Columns, Seen},
    figures::MetricRows,
    options::EvaluateOptions,
};
use crate::{Finding, Inputs, Metric, findings::Kind, metrics::find};

/// Fewest images behind a finding about a class.
const FEWEST: usize = 20;
/// Corrected p-value below which a finding counts.
const Q: f64 = 0.05;
/// Share of the clean accuracy that a class keeps without its object, from which on the object
/// counts as ignored.
const KEPT: f64 = 0.5;

/// A class whose pictures were looked at.
struct Candidate<'a> {
    class: &'a str,
    images: Vec<usize>,
    /// Boxed accuracy over clean accuracy.
    kept: [f64; 3],
    /// Lower bound of what is kept beyond half and beyond the default answer.
    margin_low: f64,
    p: f64,
}

pub(super) fn ignored(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let (Some(clean), Some(boxed)) = (columns.seen.get("none"), columns.seen.get("gray-box"))
    else {
        return Vec::new();
    };
    let board = MetricRows::new(inputs, options);
    let tried: Vec<Candidate<'_>> = (0..board.classes().len())
        .filter_map(|class| candidate(&board, class, clean, boxed, metrics))
        .collect();
    let q = benjamini_hochberg(&tried.iter().map(|t| t.p).collect::<Vec<_>>());
    tried
        .into_iter()
        .zip(q)
        .filter(|(c, q)| c.kept[1] >= KEPT && c.margin_low >= 0.0 && *q <= Q)
        .map(|(candidate, q)| finding(inputs, candidate, q, boxed, metrics))
        .collect()
}

fn candidate<'a>(
    board: &MetricRows<'a>,
    class: usize,
    clean: &[Option<Seen>],
    boxed: &[Option<Seen>],
    metrics: &[Metric],
) -> Option<Candidate<'a>> {
    let name = &board.classes()[class];
    let usable =
        |&i: &usize| board.class_of()[i] == class && clean[i].is_some() && boxed[i].is_some();
    let images: Vec<usize> = (0..clean.len()).filter(usable).collect();
    if images.len() < FEWEST {
        return None;
    }
    let value = |column: &[Option<Seen>]| -> Vec<f64> {
        images
            .iter()
            .map(|&i| f64::from(column[i].expect("only usable images: by construction").correct))
            .collect()
    };
    let (before, after) = (value(clean), value(boxed));
    let sum = |w: &[f64], v: &[f64]| w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>();
    let design = board.design(&images);
    let kept = design.functional(1, |w, out| out[0] = sum(w, &after) / sum(w, &before))[0];
    let margins: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - KEPT * b).collect();
    let margin = whole(&design.mean_within(&margins, -1.0, 1.0))?;
    let default = find(metrics, "default-answer", Some("gray-box"), name)
        .and_then(|m| Some([m.value?, m.low?, m.high?]));
    let default = default.unwrap_or([0.0; 3]);
    let beyond = margin[0] - default[0];
    // The images of the two are different ones, so the square-and-add rule holds for the bounds.
    let below = (margin[0] - margin[1]).hypot(default[2] - default[0]);
    // One-sided test of "keeps no more than half beyond the default answer".
    let error = below / 1.96;
    let p = if error > 0.0 { 1.0 - normal_cdf(beyond / error) } else { 1.0 };
    Some(Candidate { class: name, images, kept: whole(&kept)?, margin_low: beyond - below, p })
}

/// Value, lower and upper bound where all are there.
fn whole(e: &Estimate) -> Option<[f64; 3]> {
    Some([e.value?, e.low?, e.high?])
}

fn finding(
    inputs: &Inputs,
    candidate: Candidate<'_>,
    q: f64,
    boxed: &[Option<Seen>],
    metrics: &[Metric],
) -> Finding {
    let Candidate { class, images, kept: [share, low, high], p, .. } = candidate;
    let row = |metric: &str, at: &str| find(metrics, metric, Some(at), class).cloned();
    let evidence: Vec<Metric> =
        [row("accuracy", "none"), row("accuracy", "gray-box"), row("default-answer", "gray-box")]
            .into_iter()
            .flatten()
            .collect();
    let percent = |at: usize| evidence.get(at).and_then(|m| m.value).map(|value| 100.0 * value);
    let shown = |at: usize| percent(at).map_or("?".to_owned(), |share| format!("{share:.0}"));
    let elsewhere = percent(2).map_or_else(String::new, |share| {
        format!(", and in {share:.0} % of the other classes' pictures boxed alike")
    });
    Finding {
        kind: Kind::ObjectIgnored,
        class: Some(class.to_owned()),
        group: None,
        title: format!("'{class}' is recognised without its object"),
        description: format!(
            "With the object's box filled with gray the class is still named in {} % of {} \
             images ({} % with the object){elsewhere}: the model reads it off the surroundings. \
             Collect pictures of it elsewhere, or repair the head.",
            shown(1),
            images.len(),
            shown(0),
        ),
        effect: Some(share),
        low: Some(low),
        high: Some(high),
        n: images.len(),
        p: Some(p),
        q: Some(q),
        severity: low.min(1.0),
        images: strongest(inputs, &images, boxed),
        evidence,
    }
}

/// Images that stay right without their object, most confident first.
fn strongest(inputs: &Inputs, images: &[usize], boxed: &[Option<Seen>]) -> Vec<String> {
    let mut right: Vec<(usize, f32)> = images
        .iter()
        .filter_map(|&i| boxed[i].filter(|s| s.correct == 1.0).map(|s| (i, s.confidence)))
        .collect();
    right.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let id = |i: usize| inputs.dataset.samples[inputs.selected[i]].id.clone();
    right.into_iter().map(|(i, _)| id(i)).collect()
}
