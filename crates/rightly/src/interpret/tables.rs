//! `interpret/names.parquet`.

use rightly_data::table::Columns;

use super::{naming::Named, tested::Tested};
use crate::{Error, RunDir};

/// The table.
pub(crate) const NAMES: &str = "interpret/names.parquet";

/// class, group (`METHOD/K`, or `cue`), phrase, source, score (log odds ratio inside against outside, null where a cell of the
/// table decides it; of an image-text model's scores Hedges' g), low, high (its 95 % interval), auc, auc_low, auc_high, p, q, n,
/// present (false: what is missing there), inside, outside (shares of images that have it; null of scores), title (of the best
/// phrase). Only phrases that hold; all figures are of images that had no part in choosing them.
pub(super) fn write_names(run: &RunDir, named: &[Named<'_>]) -> Result<(), Error> {
    let rows: Vec<(&Named<'_>, usize, &Tested)> = named
        .iter()
        .flat_map(|n| n.phrases.iter().enumerate().map(move |(at, phrase)| (n, at, *phrase)))
        .collect();
    let finite =
        |value: Option<[f64; 3]>, at: usize| value.map(|v| v[at]).filter(|v| v.is_finite());
    let title = |n: &Named<'_>, at: usize| if at == 0 { n.title() } else { None };
    let batch = Columns::new()
        .utf8("class", rows.iter().map(|r| r.0.class))
        .utf8("group", rows.iter().map(|r| &r.0.subject.group))
        .utf8("phrase", rows.iter().map(|r| r.2.candidate.text()))
        .utf8("source", rows.iter().map(|r| r.2.candidate.source.name()))
        .f64_opt("score", rows.iter().map(|r| finite(r.2.score, 0)))
        .f64_opt("low", rows.iter().map(|r| finite(r.2.score, 1)))
        .f64_opt("high", rows.iter().map(|r| finite(r.2.score, 2)))
        .f64_opt("auc", rows.iter().map(|r| r.2.auc.value))
        .f64_opt("auc_low", rows.iter().map(|r| r.2.auc.low))
        .f64_opt("auc_high", rows.iter().map(|r| r.2.auc.high))
        .f64("p", rows.iter().map(|r| r.2.p))
        .f64("q", rows.iter().map(|r| r.2.q))
        .i64("n", rows.iter().map(|r| r.2.auc.n as i64))
        .bool("present", rows.iter().map(|r| r.2.candidate.rises))
        .f64_opt("inside", rows.iter().map(|r| r.2.shares.map(|s| s[0])))
        .f64_opt("outside", rows.iter().map(|r| r.2.shares.map(|s| s[1])))
        .utf8_opt("title", rows.iter().map(|r| title(r.0, r.1)))
        .batch()?;
    run.write_table(NAMES, &batch)
}
