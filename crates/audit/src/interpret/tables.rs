//! `interpret/names.parquet`.

use rightly_data::table::Columns;

use super::{naming::Named, phrase_test::Tested};
use crate::{Error, RunDir};

/// The table.
pub(crate) const NAMES: &str = "interpret/names.parquet";

/// class, group (`METHOD/K`, or `cue`), phrase, source, score (log odds ratio inside against outside, null where a cell of the
/// table decides it; of an image-text model's scores Hedges' g), low, high (its 95 % interval), auc, auc_low, auc_high, p, q, n,
/// present (false: what is missing there), inside, outside (shares of images that have it; null of scores), title (of the best
/// phrase), role (of the title's phrase: `name`, `most` or `near`), share, share_low, share_high, share_n (of the group's images
/// of which it is known, those that have it), accuracy, accuracy_n, rest, rest_n (of all images of the class with it and
/// without it), gap, gap_low, gap_high (of the two). Only phrases that hold; all figures are of images that had no part in
/// choosing them.
pub(super) fn write_names(run: &RunDir, named: &[Named<'_>]) -> Result<(), Error> {
    let rows: Vec<(&Named<'_>, usize, &Tested)> = named
        .iter()
        .flat_map(|n| n.phrases.iter().enumerate().map(move |(at, phrase)| (n, at, *phrase)))
        .collect();
    let finite =
        |value: Option<[f64; 3]>, at: usize| value.map(|v| v[at]).filter(|v| v.is_finite());
    let title = |n: &Named<'_>, at: usize| if at == 0 { n.title() } else { None };
    let role = |n: &Named<'_>, at: usize| n.role.filter(|_| at == 0).map(super::role::Role::name);
    let share = |t: &Tested| (t.share.n > 0).then_some(t.share);
    let count = |e: Option<rightly_stats::Estimate>| e.map(|e| e.n as i64);
    let with = |t: &Tested| t.contrast.map(|c| c.with);
    let rest = |t: &Tested| t.contrast.map(|c| c.without);
    let gap = |t: &Tested| t.contrast.map(|c| c.gap);
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
        .utf8_opt("role", rows.iter().map(|r| role(r.0, r.1)))
        .f64_opt("share", rows.iter().map(|r| share(r.2)?.value))
        .f64_opt("share_low", rows.iter().map(|r| share(r.2)?.low))
        .f64_opt("share_high", rows.iter().map(|r| share(r.2)?.high))
        .i64_opt("share_n", rows.iter().map(|r| count(share(r.2))))
        .f64_opt("accuracy", rows.iter().map(|r| with(r.2)?.value))
        .i64_opt("accuracy_n", rows.iter().map(|r| count(with(r.2))))
        .f64_opt("rest", rows.iter().map(|r| rest(r.2)?.value))
        .i64_opt("rest_n", rows.iter().map(|r| count(rest(r.2))))
        .f64_opt("gap", rows.iter().map(|r| gap(r.2)?.value))
        .f64_opt("gap_low", rows.iter().map(|r| gap(r.2)?.low))
        .f64_opt("gap_high", rows.iter().map(|r| gap(r.2)?.high))
        .batch()?;
    run.write_table(NAMES, &batch)
}
