//! Classes that are right less than half as often as the others.
//!
//! Nothing was searched for: every class with enough images is tested, against all images of the other classes, and the
//! family of the correction is these classes. Where all images of a class are one cluster, its own error can't be
//! estimated; what is seen of these images is then said of them alone, without an interval.

use std::collections::BTreeMap;

use rightly_stats::{
    Estimate,
    multiple::benjamini_hochberg,
    proportion::{square_and_add, wilson},
    quantile::normal_cdf,
};

use super::super::{
    columns::{Columns, Seen},
    figures::MetricRows,
    options::EvaluateOptions,
};
use crate::{
    Finding, Inputs, Metric,
    findings::Kind,
    metrics::{POOLED, find},
};

/// Fewest images of a class that is tested. Fewer than elsewhere: its interval, over all images of the class, allows for it.
const FEWEST: usize = 10;
/// Corrected p-value below which a finding counts.
const Q: f64 = 0.05;
/// Share of the others' accuracy below which a class fails.
const SHARE: f64 = 0.5;
/// Most images that a finding names.
const NAMED: usize = 200;

/// A class held against the others.
struct Tried {
    class: usize,
    images: Vec<usize>,
    own: Estimate,
    others: Estimate,
    /// Lower bound of how far it lies below the share of the others' accuracy.
    margin_low: f64,
    /// `None` where its images are one cluster.
    p: Option<f64>,
}

pub(super) fn failing(
    inputs: &Inputs,
    options: &EvaluateOptions,
    columns: &Columns,
    metrics: &[Metric],
) -> Vec<Finding> {
    let Some(clean) = columns.seen.get("none") else { return Vec::new() };
    let board = MetricRows::new(inputs, options);
    let tried: Vec<Tried> =
        (0..board.classes().len()).filter_map(|class| held_against(&board, class, clean)).collect();
    let p: Vec<f64> = tried.iter().map(|t| t.p.unwrap_or(f64::NAN)).collect();
    tried
        .iter()
        .zip(benjamini_hochberg(&p))
        .filter(|(tried, q)| tried.margin_low > 0.0 && (tried.p.is_none() || *q <= Q))
        .map(|(tried, q)| finding(inputs, columns, metrics, tried, q))
        .collect()
}

fn held_against(board: &MetricRows<'_>, class: usize, clean: &[Option<Seen>]) -> Option<Tried> {
    let of = |own: bool| -> (Vec<usize>, Vec<bool>) {
        let seen = clean.iter().enumerate().filter_map(|(i, seen)| Some((i, (*seen)?)));
        seen.filter(|(i, _)| (board.class_of()[*i] == class) == own)
            .map(|(i, seen)| (i, seen.correct == 1.0))
            .unzip()
    };
    let ((images, right), (rest, right_of_rest)) = (of(true), of(false));
    if images.len() < FEWEST || rest.len() < FEWEST {
        return None;
    }
    let own = board.design(&images).proportion(&right);
    let others = board.design(&rest).proportion(&right_of_rest);
    let of_others = whole(&others)?;
    let (bounds, estimable) = match whole(&own) {
        Some(bounds) => (bounds, true),
        None => {
            let hits = right.iter().filter(|&&right| right).count();
            let (low, high) = wilson(hits, right.len())?;
            ([own.value?, low, high], false)
        }
    };
    let margin = SHARE * of_others[0] - bounds[0];
    // Other images, so the square-and-add rule holds for the bounds.
    let below = (SHARE * (of_others[0] - of_others[1])).hypot(bounds[2] - bounds[0]);
    let error = below / 1.96;
    // One-sided test of "right at least half as often as the others".
    let p = estimable.then(|| if error > 0.0 { 1.0 - normal_cdf(margin / error) } else { 1.0 });
    Some(Tried { class, images, own, others, margin_low: margin - below, p })
}

/// Value, lower and upper bound where all are there.
fn whole(e: &Estimate) -> Option<[f64; 3]> {
    Some([e.value?, e.low?, e.high?])
}

fn finding(
    inputs: &Inputs,
    columns: &Columns,
    metrics: &[Metric],
    tried: &Tried,
    q: f64,
) -> Finding {
    let class = &inputs.dataset.classes[tried.class];
    let n = tried.images.len();
    let percent = |e: &Estimate| 100.0 * e.value.unwrap_or(f64::NAN);
    let (own, others) = (percent(&tried.own), percent(&tried.others));
    let interval = whole(&tried.own).zip(whole(&tried.others));
    let [low, high] = interval.map_or([None; 2], |([o, ol, oh], [r, rl, rh])| {
        let (low, high) = square_and_add((r, (rl, rh)), (o, (ol, oh)));
        [Some(low), Some(high)]
    });
    let one = match tried.p {
        None => format!(
            " All {n} images of '{class}' belong to one cluster: whether other images of the class fail too can't be told from \
             them."
        ),
        Some(_) => String::new(),
    };
    let effect = tried.own.value.zip(tried.others.value).map(|(own, others)| others - own);
    let row = |class: &str| find(metrics, "accuracy", Some("none"), class).cloned();
    Finding {
        kind: Kind::FailingClass,
        class: Some(class.clone()),
        group: None,
        title: format!("'{class}' fails: {own:.0} % right, the other classes {others:.0} %"),
        description: format!(
            "{own:.0} % of {n} images of '{class}' are right, of the {} images of the other classes {others:.0} %.{one}{} \
             Look at its images, and add training images of it.",
            tried.others.n,
            said_instead(inputs, columns, tried),
        ),
        effect,
        low,
        high,
        n: n + tried.others.n,
        p: tried.p,
        q: tried.p.map(|_| q),
        severity: effect.map_or(0.0, |effect| effect.clamp(0.0, 1.0)),
        images: wrong(inputs, columns, &tried.images),
        evidence: [row(class), row(POOLED)].into_iter().flatten().collect(),
    }
}

/// What the model says of most of its images, and what that may mean.
fn said_instead(inputs: &Inputs, columns: &Columns, tried: &Tried) -> String {
    let right = &inputs.label_map.outputs[tried.class];
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for output in tried.images.iter().filter_map(|&i| columns.output[i]) {
        *counts.entry(output as usize).or_default() += 1;
    }
    counts.retain(|output, _| !right.contains(output));
    // The first of the commonest.
    let Some((&output, &count)) = counts.iter().rev().max_by_key(|(_, count)| **count) else {
        return String::new();
    };
    let label = &inputs.classifier.labels()[output];
    let n = tried.images.len();
    let hint = if 2 * count >= n {
        " If that is what they show, the label map or the labels are wrong."
    } else {
        ""
    };
    format!(" Its commonest wrong answer is '{label}' (output {output}, {count} of {n}).{hint}")
}

/// Images that are wrong, first those whose class the model thought least likely.
fn wrong(inputs: &Inputs, columns: &Columns, images: &[usize]) -> Vec<String> {
    let clean = &columns.seen["none"];
    let mut out: Vec<(usize, f32)> = images
        .iter()
        .filter_map(|&i| {
            clean[i].filter(|seen| seen.correct < 1.0).map(|seen| (i, seen.confidence))
        })
        .collect();
    out.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    let id = |i: usize| inputs.dataset.samples[inputs.selected[i]].id.clone();
    out.into_iter().take(NAMED).map(|(i, _)| id(i)).collect()
}
