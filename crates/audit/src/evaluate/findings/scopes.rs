//! Paired falls of accuracy that are tested over all images and class by class.

use rightly_stats::{Estimate, multiple::benjamini_hochberg};

use super::super::columns::{Columns, Seen};
use crate::{
    Finding, Inputs, Metric,
    findings::Kind,
    metrics::{POOLED, find},
};

/// Fewest images behind a finding.
const FEWEST: usize = 20;
/// Corrected p-value below which a finding counts.
const Q: f64 = 0.05;
/// Most images that a finding names.
const NAMED: usize = 200;

/// A fall in one scope.
pub(super) struct Fall<'a> {
    /// Index of the condition among those that were asked for.
    pub(super) condition: usize,
    pub(super) class: &'a str,
    pub(super) row: &'a Metric,
    pub(super) p: f64,
    /// Corrected for every condition and scope with enough images.
    pub(super) q: f64,
}

impl Fall<'_> {
    /// The finding that it is, of one class or of all images. `images` fall, `evidence` are the rows behind it beside its own.
    pub(super) fn finding(
        &self,
        group: &str,
        title: String,
        description: String,
        images: Vec<String>,
        evidence: &[Option<&Metric>],
    ) -> Finding {
        let row = self.row;
        Finding {
            kind: Kind::SpuriousCue,
            class: (self.class != POOLED).then(|| self.class.to_owned()),
            group: Some(group.to_owned()),
            title,
            description,
            effect: row.value,
            low: row.low,
            high: row.high,
            n: row.n,
            p: Some(self.p),
            q: Some(self.q),
            severity: row.value.map_or(0.0, |value| value.clamp(0.0, 1.0)),
            images,
            evidence: evidence.iter().flatten().copied().chain([row]).cloned().collect(),
        }
    }

    pub(super) fn holds(&self, min_effect: f64) -> bool {
        self.q <= Q && self.row.low.is_some_and(|low| low >= min_effect)
    }
}

/// The rows of `metric` under each condition in each scope, with their correction. A scope that is too small is no member of
/// the family: its size decides that, not its outcome.
pub(super) fn tested<'a>(
    metrics: &'a [Metric],
    metric: &str,
    conditions: &[String],
    scopes: &[&'a str],
) -> Vec<Fall<'a>> {
    let mut out = Vec::new();
    for (condition, name) in conditions.iter().enumerate() {
        for &class in scopes {
            let Some(row) = find(metrics, metric, Some(name), class) else { continue };
            if let (true, Some(p)) = (row.n >= FEWEST, p_of(row)) {
                out.push(Fall { condition, class, row, p, q: 1.0 });
            }
        }
    }
    let q = benjamini_hochberg(&out.iter().map(|fall| fall.p).collect::<Vec<_>>());
    out.iter_mut().zip(q).for_each(|(fall, q)| fall.q = q);
    out
}

/// The exact paired test where images are independent; else where the interval would just reach no difference.
fn p_of(row: &Metric) -> Option<f64> {
    let Metric { value, low, high, n, clusters, .. } = *row;
    row.p.or_else(|| Estimate { value, low, high, n, clusters }.p_of_zero())
}

/// Images of a scope that are right under one condition and wrong under another, first those of which the model was surest
/// as photographed.
pub(super) fn turned(
    inputs: &Inputs,
    columns: &Columns,
    class: &str,
    right_under: &str,
    wrong_under: &str,
) -> Vec<String> {
    let column = |name: &str| columns.seen.get(name).map_or(&[][..], Vec::as_slice);
    let (clean, before, after) = (column("none"), column(right_under), column(wrong_under));
    let sample = |i: usize| &inputs.dataset.samples[inputs.selected[i]];
    let right = |seen: Option<Seen>| seen.is_some_and(|s| s.correct == 1.0);
    let mut out: Vec<(usize, f32)> = (0..clean.len())
        .filter(|&i| class == POOLED || inputs.dataset.classes[sample(i).class] == class)
        .filter(|&i| after[i].is_some() && right(before[i]) && !right(after[i]))
        .filter_map(|i| clean[i].map(|seen| (i, seen.confidence)))
        .collect();
    out.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    out.into_iter().take(NAMED).map(|(i, _)| sample(i).id.clone()).collect()
}

/// The accuracy of a scope under a condition, in hundredths.
pub(super) fn percent(metrics: &[Metric], condition: &str, class: &str) -> String {
    let accuracy = find(metrics, "accuracy", Some(condition), class).and_then(|m| m.value);
    accuracy.map_or("?".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}
