//! `interpret/retrieved.parquet`.

use rightly_data::table::Columns;
use rightly_stats::nearest::Hit;

use super::source::PoolEntry;
use crate::{Error, Inputs, RunDir, interpret::unnamed::Subject};

/// The table.
pub(in super::super) const RETRIEVED: &str = "interpret/retrieved.parquet";

/// The pictures of the pool that are nearest to one pole of a subject.
pub(in super::super) struct Retrieved {
    /// Its place among the subjects.
    pub(super) subject: usize,
    /// 1: where the group is; -1: the other way.
    pub(super) pole: f32,
    pub(super) hits: Vec<Hit>,
    pub(super) entries: Vec<PoolEntry>,
}

/// class, group, pole (1: the class plus the group's direction; -1: minus it), rank (from 1), row (of the pool, from 0), image,
/// url, caption, cosine.
///
/// # Errors
/// The run can't be written.
pub(in super::super) fn write(
    inputs: &Inputs,
    run: &RunDir,
    subjects: &[Subject],
    retrieved: &[Retrieved],
) -> Result<(), Error> {
    let rows: Vec<(&Retrieved, usize)> =
        retrieved.iter().flat_map(|r| (0..r.hits.len()).map(move |at| (r, at))).collect();
    let subject = |r: &(&Retrieved, usize)| &subjects[r.0.subject];
    let entry = |r: &(&Retrieved, usize)| r.0.entries[r.1].clone();
    let batch = Columns::new()
        .utf8("class", rows.iter().map(|r| &inputs.dataset.classes[subject(r).class]))
        .utf8("group", rows.iter().map(|r| &subject(r).group))
        .i64("pole", rows.iter().map(|r| r.0.pole as i64))
        .i64("rank", rows.iter().map(|r| r.1 as i64 + 1))
        .i64("row", rows.iter().map(|r| r.0.hits[r.1].row as i64))
        .utf8_opt("image", rows.iter().map(|r| entry(r).image))
        .utf8_opt("url", rows.iter().map(|r| entry(r).url))
        .utf8_opt("caption", rows.iter().map(|r| entry(r).captions.into_iter().next()))
        .f64("cosine", rows.iter().map(|r| f64::from(r.0.hits[r.1].cosine)))
        .batch()?;
    run.write_table(RETRIEVED, &batch)
}
